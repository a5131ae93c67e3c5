//! Pushes, how commits stand to each other, deployments and their statuses.

use serde_json::{Value, json};
use world::{Answer, Vendor, World, answer_differences, payload_differences};

use crate::asking;

/// The answer's body, after it was held against GitHub's document.
#[track_caller]
fn fitting(method: &str, path: &str, answer: &Answer) -> Value {
    let body = answer.json();
    let path = path.split('?').next().unwrap();
    let differences = answer_differences(Vendor::GitHub, method, path, answer.status, &body);
    assert!(differences.is_empty(), "{method} {path}: {differences:#?}");
    body
}

async fn status(world: &World, base: &str, head: &str) -> String {
    let path = format!("/repos/acme/shop/compare/{base}...{head}?per_page=1&page=2");
    let answer = asking::github(world).get(&path).await;
    let body = fitting("GET", &path, &answer);
    body["status"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn pushes_are_told_and_their_commits_stand_to_each_other_as_they_were_pushed() {
    let world = asking::world().await;
    let shop = world.github().repository("acme/shop");
    let first = shop.push("main", "Add a cart");
    let second = shop.push("main", "Fill the cart");
    let beside = shop.force_push("main", &first, "Paint the cart");
    shop.tag("v1", &second);
    let told: Vec<Value> = world
        .github()
        .webhooks()
        .all()
        .iter()
        .map(|delivery| {
            assert_eq!(delivery.event, "push");
            let payload: Value = serde_json::from_slice(&delivery.body).unwrap();
            let differences = payload_differences("push$event", &payload);
            assert!(differences.is_empty(), "{differences:#?}");
            json!([payload["ref"], payload["forced"], payload["created"]])
        })
        .collect();
    assert_eq!(
        told,
        [
            json!(["refs/heads/main", false, false]),
            json!(["refs/heads/main", false, false]),
            json!(["refs/heads/main", true, false]),
            json!(["refs/tags/v1", false, true]),
        ]
    );
    assert_eq!(status(&world, &first, &second).await, "ahead");
    assert_eq!(status(&world, &second, &first).await, "behind");
    assert_eq!(status(&world, &second, &second).await, "identical");
    assert_eq!(status(&world, &second, &beside).await, "diverged");
    for (reference, expected) in [
        ("heads%2Fmain", &beside),
        ("tags%2Fv1", &second),
        (first.as_str(), &first),
    ] {
        let path = format!("/repos/acme/shop/commits/{reference}");
        let answer = asking::github(&world).get(&path).await;
        let body = fitting("GET", &path, &answer);
        assert_eq!(body["sha"], **expected, "{reference}");
    }
    let gone = asking::github(&world)
        .get("/repos/acme/shop/commits/heads%2Fgone")
        .await;
    assert_eq!(gone.status, 422);
}

#[tokio::test]
async fn a_deployment_is_made_only_by_who_says_what_is_not_to_happen() {
    let world = asking::world().await;
    let shop = world.github().repository("acme/shop");
    let first = shop.push("main", "Add a cart");
    shop.push("main", "Fill the cart");
    let github = asking::github(&world);
    let path = "/repos/acme/shop/deployments";
    let make = async |body: &Value| github.post(path, body).await;
    let merged = make(&json!({"ref": first})).await;
    assert_eq!(
        merged.status, 202,
        "GitHub merges the default branch instead"
    );
    let waits = make(&json!({"ref": first, "auto_merge": false})).await;
    assert_eq!(waits.status, 409, "GitHub waits for all statuses");
    let made = make(&json!({
        "ref": first, "auto_merge": false, "required_contexts": [], "environment": "production", "payload": {"mark": 7},
    }))
    .await;
    assert_eq!(made.status, 201);
    let deployment = fitting("POST", path, &made);
    assert_eq!(
        (&deployment["sha"], &deployment["payload"]["mark"]),
        (&json!(first), &json!(7))
    );
    let listed = format!("{path}?sha={first}&environment=production");
    let answer = github.get(&listed).await;
    assert_eq!(
        fitting("GET", &listed, &answer).as_array().unwrap().len(),
        1
    );

    let statuses = format!("{path}/{}/statuses", deployment["id"]);
    let long = json!({"state": "success", "description": "x".repeat(141)});
    assert_eq!(github.post(&statuses, &long).await.status, 422);
    let set = json!({"state": "success", "description": "live", "environment_url": "https://shop.example.com"});
    let answer = github.post(&statuses, &set).await;
    assert_eq!(answer.status, 201);
    fitting("POST", &statuses, &answer);
    let answer = github.get(&statuses).await;
    assert_eq!(fitting("GET", &statuses, &answer)[0]["description"], "live");
    let seen = shop.deployments_to("production");
    assert_eq!(seen[0].says(), "success: live");
}
