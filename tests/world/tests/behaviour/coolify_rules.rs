//! Coolify's rules around previews: removals that come in two parts, tokens, limits, methods.

use serde_json::json;
use world::{Effect, Pace, Vendor, World, answer_differences};

use crate::asking::{self, Caller};

async fn with_a_preview() -> (World, Caller) {
    let world = asking::world().await;
    world.coolify().application("a1b2c3");
    world.coolify().pace(Pace::ByHand);
    let coolify = asking::coolify(&world);
    deploy(&world, &coolify, "v1").await;
    (world, coolify)
}

async fn deploy(world: &World, coolify: &Caller, tag: &str) {
    coolify
        .post(
            &format!("/deploy?uuid=a1b2c3&pull_request_id=5&docker_tag={tag}"),
            &json!({}),
        )
        .await;
    world.coolify().step();
    world.coolify().step();
}

#[tokio::test]
async fn removing_a_preview_knows_two_404s_and_a_422() {
    let (world, coolify) = with_a_preview().await;
    let remove = async |path: &str| {
        let answer = coolify.call("DELETE", path, None).await;
        (
            answer.status,
            answer.json()["message"].as_str().unwrap().to_owned(),
        )
    };
    assert_eq!(
        remove("/applications/nope/previews/5").await,
        (404, "Application not found.".to_owned())
    );
    assert_eq!(
        remove("/applications/a1b2c3/previews/6").await,
        (404, "Preview not found.".to_owned())
    );
    assert_eq!(
        remove("/applications/a1b2c3/previews/x").await,
        (422, "Invalid pull_request_id.".to_owned())
    );
    assert_eq!(
        remove("/applications/a1b2c3/previews/5").await,
        (200, "Preview deletion request queued.".to_owned())
    );
    assert_eq!(
        remove("/applications/a1b2c3/previews/5").await,
        (404, "Preview not found.".to_owned()),
        "already gone"
    );
    assert_eq!(
        remove("/applications/pr-5-shop").await,
        (404, "Application not found".to_owned()),
        "without the dot"
    );
    assert_eq!(world.coolify().application("a1b2c3").container(5), None);
    assert_eq!(
        world.effects().last(),
        Some(&Effect::PreviewRemoved {
            application: "a1b2c3".into(),
            pull_request: 5
        })
    );
}

#[tokio::test]
async fn removing_a_preview_cancels_its_deployments() {
    let (world, coolify) = with_a_preview().await;
    coolify
        .post(
            "/deploy?uuid=a1b2c3&pull_request_id=5&docker_tag=v2",
            &json!({}),
        )
        .await;
    coolify
        .call("DELETE", "/applications/a1b2c3/previews/5", None)
        .await;
    let statuses: Vec<&str> = world
        .coolify()
        .deployments()
        .iter()
        .map(|found| found.status.as_str())
        .collect();
    assert_eq!(statuses, ["finished", "cancelled-by-user"]);
}

#[tokio::test]
async fn the_late_clean_up_kills_a_preview_that_was_deployed_again_meanwhile() {
    let (world, coolify) = with_a_preview().await;
    coolify
        .call("DELETE", "/applications/a1b2c3/previews/5", None)
        .await;
    deploy(&world, &coolify, "v2").await;
    let application = world.coolify().application("a1b2c3");
    assert_eq!(application.container(5).unwrap().tag, "v2");
    assert_eq!(world.coolify().run_removals(), 1);
    assert_eq!(
        application.container(5),
        None,
        "killed by the clean-up of the old one"
    );
    assert!(application.has_preview(5), "its record stays");
    assert_eq!(world.coolify().run_removals(), 0);
}

#[tokio::test]
async fn with_its_server_out_of_reach_coolify_says_200_and_leaves_the_container() {
    let (world, coolify) = with_a_preview().await;
    world.coolify().reach_server(false);
    assert_eq!(
        coolify
            .call("DELETE", "/applications/a1b2c3/previews/5", None)
            .await
            .status,
        200
    );
    let again = coolify
        .call("DELETE", "/applications/a1b2c3/previews/5", None)
        .await;
    assert_eq!(again.json()["message"], "Preview not found.");
    world.coolify().reach_server(true);
    assert_eq!(world.coolify().run_removals(), 0, "nothing was queued");
    assert!(world.coolify().application("a1b2c3").container(5).is_some());
    assert!(
        world
            .untidy()
            .iter()
            .any(|finding| finding.contains("runs a container of a1b2c3 for pull request 5"))
    );
}

#[tokio::test]
async fn tokens_need_the_right_ability_and_the_api_can_be_closed() {
    let (world, coolify) = with_a_preview().await;
    let said = |answer: world::Answer| (answer.status, answer.json());
    let nobody = Caller {
        base: coolify.base.clone(),
        headers: Vec::new(),
    };
    assert_eq!(
        said(nobody.get("/version").await),
        (401, json!({"message": "Unauthenticated."}))
    );
    let wrong = asking::coolify_as(&world, "9|nope");
    assert_eq!(
        said(wrong.get("/version").await),
        (401, json!({"message": "Invalid token."}))
    );
    let reader = asking::coolify_as(&world, &world.coolify().token_with(&["read"]));
    assert_eq!(reader.get("/version").await.text(), "4.3.10");
    let refused = |ability: &str| {
        (
            403,
            json!({"message": format!("Missing required permissions: {ability}")}),
        )
    };
    assert_eq!(
        said(reader.post("/deploy?uuid=a1b2c3", &json!({})).await),
        refused("deploy")
    );
    let deployer = asking::coolify_as(&world, &world.coolify().token_with(&["deploy"]));
    assert_eq!(
        said(
            deployer
                .call("DELETE", "/applications/a1b2c3/previews/5", None)
                .await
        ),
        refused("write")
    );
    assert_eq!(said(deployer.get("/deployments").await), refused("read"));
    let root = asking::coolify_as(&world, &world.coolify().token_with(&["root"]));
    assert_eq!(
        root.get("/applications/a1b2c3").await.json()["uuid"],
        "a1b2c3"
    );

    world.coolify().allow_address(false);
    let closed = json!({"success": true, "message": "You are not allowed to access the API."});
    assert_eq!(said(coolify.get("/version").await), (403, closed));
    world.coolify().enable_api(false);
    assert_eq!(
        said(coolify.get("/version").await),
        (403, json!({"success": true, "message": "API is disabled."}))
    );
    assert_eq!(nobody.get("/health").await.text(), "OK");
    world.coolify().revoke_token(&world.options().coolify_token);
    assert_eq!(coolify.get("/version").await.status, 401);
}

#[tokio::test]
async fn limits_are_told_with_retry_after() {
    let (world, coolify) = with_a_preview().await;
    world.coolify().rate_limit(Some(2));
    assert_eq!(
        coolify
            .get("/version")
            .await
            .header("x-ratelimit-remaining"),
        Some("1")
    );
    assert_eq!(coolify.get("/version").await.status, 200);
    let limited = coolify.get("/version").await;
    assert_eq!(
        (limited.status, &limited.json()["message"]),
        (429, &json!("Too Many Attempts."))
    );
    let wait: u64 = limited.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    world.advance(std::time::Duration::from_secs(61));
    assert_eq!(coolify.get("/version").await.status, 200, "another minute");
    world.coolify().rate_limit(None);

    world.coolify().queue_limit(1);
    coolify
        .post(
            "/deploy?uuid=a1b2c3&pull_request_id=6&docker_tag=v1",
            &json!({}),
        )
        .await;
    let full = coolify
        .post(
            "/deploy?uuid=a1b2c3&pull_request_id=7&docker_tag=v1",
            &json!({}),
        )
        .await;
    assert_eq!((full.status, full.header("retry-after")), (429, Some("60")));
    assert!(
        full.text().contains("Deployment queue is full."),
        "{}",
        full.text()
    );
}

#[tokio::test]
async fn deploying_with_get_is_405() {
    let (_world, coolify) = with_a_preview().await;
    let answer = coolify.get("/deploy?uuid=a1b2c3").await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
    assert_eq!(
        answer.json(),
        json!({"message": "This endpoint has changed to a POST request."})
    );
}

#[tokio::test]
async fn answers_fit_coolifys_document_where_that_is_right() {
    let (_world, coolify) = with_a_preview().await;
    let differences = async |method: &str, path: &str| {
        let answer = coolify.call(method, path, None).await;
        let path = format!("/api/v1{}", path.split('?').next().unwrap_or_default());
        answer_differences(
            Vendor::Coolify,
            method,
            &path,
            answer.status,
            &answer.json(),
        )
    };
    let none: [&str; 0] = [];
    assert_eq!(
        differences(
            "POST",
            "/deploy?uuid=a1b2c3&pull_request_id=6&docker_tag=v1"
        )
        .await,
        none
    );
    assert_eq!(differences("GET", "/version").await, none);
    assert_eq!(
        differences("DELETE", "/applications/a1b2c3/previews/5").await,
        none
    );
    assert_eq!(
        differences("DELETE", "/applications/a1b2c3/previews/5").await,
        none
    );
    // Where the document is wrong (VENDORS 1.4, 1.5), the world answers as the product does.
    let build_pack = "$.build_pack: is \"dockerimage\", must be one of \
                      [\"nixpacks\",\"railpack\",\"static\",\"dockerfile\",\"dockercompose\"]";
    assert_eq!(
        differences("GET", "/applications/a1b2c3").await,
        [build_pack]
    );
    assert_eq!(
        differences("GET", "/deployments/applications/a1b2c3").await,
        ["$: is an object, must be array"]
    );
}
