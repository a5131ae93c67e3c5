//! Check runs with buttons, and what goes of deployments and environments.

use serde_json::{Value, json};
use world::{Answer, Vendor, answer_differences};

use crate::{apps, asking};

/// The answer's body, after it was held against GitHub's document.
#[track_caller]
fn fitting(method: &str, path: &str, answer: &Answer) -> Value {
    let body = answer.json();
    let differences = answer_differences(Vendor::GitHub, method, path, answer.status, &body);
    assert!(differences.is_empty(), "{method} {path}: {differences:#?}");
    body
}

#[tokio::test]
async fn a_check_run_is_made_changed_and_its_button_pressed() {
    let story = apps::installed().await;
    let app = story.with_token(&json!({})).await;
    let shop = story.world.github().repository("acme/shop");
    let head = shop.push("main", "Add a cart");
    let path = "/repos/acme/shop/check-runs";
    let button = json!({"label": "Redeploy", "description": "Once more", "identifier": "redeploy"});
    let output = json!({"title": "Deploying", "summary": "It will be there soon."});
    let wish = json!({"name": "Preview", "head_sha": head, "external_id": "ours", "status": "in_progress",
        "output": output, "actions": [button]});
    let made = app.post(path, &wish).await;
    assert_eq!(made.status, 201);
    let made = fitting("POST", path, &made);
    let one = format!("{path}/{}", made["id"]);
    let long =
        json!({"actions": [{"label": "x".repeat(21), "description": "x", "identifier": "x"}]});
    assert_eq!(app.call("PATCH", &one, Some(&long)).await.status, 422);
    let done = json!({"conclusion": "success", "details_url": "https://7.example.com"});
    let answer = app.call("PATCH", &one, Some(&done)).await;
    let body = fitting("PATCH", &one, &answer);
    assert_eq!(
        (&body["status"], &body["output"]["title"]),
        (&json!("completed"), &json!("Deploying")),
        "only what is sent changes"
    );
    let again = json!({"status": "in_progress"});
    let answer = app.call("PATCH", &one, Some(&again)).await;
    assert_eq!(fitting("PATCH", &one, &answer)["conclusion"], Value::Null);
    let person = asking::github(&story.world);
    assert_eq!(person.call("PATCH", &one, Some(&done)).await.status, 403);

    let check = shop.check_runs(&head).remove(0);
    assert_eq!(check.buttons, ["redeploy"]);
    shop.press(check.id, "redeploy", "grace");
    let told = story.world.github().webhooks().all();
    let told = told.last().expect("a delivery");
    assert_eq!(told.event, "check_run");
    let payload: Value = serde_json::from_slice(&told.body).expect("JSON");
    assert_eq!(payload["requested_action"]["identifier"], "redeploy");
    assert_eq!(payload["sender"]["login"], "grace");
    assert_eq!(payload["check_run"]["external_id"], "ours");
}

#[tokio::test]
async fn only_inactive_deployments_are_deleted_and_their_environment_stays() {
    let world = asking::world().await;
    let shop = world.github().repository("acme/shop");
    let head = shop.push("main", "Add a cart");
    let github = asking::github(&world);
    let path = "/repos/acme/shop/deployments";
    let wish = json!({"ref": head, "auto_merge": false, "required_contexts": [], "environment": "preview-pr-7"});
    let mut made = Vec::new();
    for _ in 0..2 {
        let answer = github.post(path, &wish).await;
        made.push(format!("{path}/{}", fitting("POST", path, &answer)["id"]));
    }
    let refused = github.call("DELETE", &made[0], None).await;
    assert_eq!(refused.status, 422, "it is active: {}", refused.text());
    let inactive = json!({"state": "inactive"});
    github
        .post(&format!("{}/statuses", made[0]), &inactive)
        .await;
    assert_eq!(github.call("DELETE", &made[0], None).await.status, 204);
    assert_eq!(github.call("DELETE", &made[0], None).await.status, 404);
    // The last one goes whatever it is.
    assert_eq!(github.call("DELETE", &made[1], None).await.status, 204);
    assert!(shop.has_environment("preview-pr-7"));
    let environment = "/repos/acme/shop/environments/preview-pr-7";
    assert_eq!(github.call("DELETE", environment, None).await.status, 204);
    assert!(!shop.has_environment("preview-pr-7"));
}

#[tokio::test]
async fn an_apps_token_without_the_right_to_administer_deletes_no_environment() {
    let story = apps::installed().await;
    let app = story.with_token(&json!({})).await;
    let environment = "/repos/acme/shop/environments/preview-pr-7";
    let answer = app.call("DELETE", environment, None).await;
    assert_eq!(answer.status, 403);
    let needed = answer.header("x-accepted-github-permissions");
    assert_eq!(needed, Some("administration=write"));
}
