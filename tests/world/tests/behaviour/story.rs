//! A whole pull request's life, told with the story verbs and a client that does what Slipway does.

use serde_json::json;
use world::{DeploymentStatus, Effect, Vendor};

use crate::asking;

/// A deployment's status, asked three times.
async fn three_looks(coolify: &asking::Caller, deployment: &str) -> Vec<String> {
    let mut seen = Vec::new();
    for _ in 0..3 {
        let looked = coolify
            .get(&format!("/deployments/{deployment}"))
            .await
            .json();
        seen.push(looked["status"].as_str().unwrap().to_owned());
    }
    seen
}

#[tokio::test]
async fn a_pull_request_gets_a_preview_and_leaves_nothing_behind() {
    let world = asking::world().await;
    let repository = world.github().repository("acme/shop");
    repository.write_file(".github/slipway.yml", "version: 1\n");
    let application = world.coolify().application("a1b2c3");
    application.image("ghcr.io/acme/shop-web");
    let coolify = asking::coolify(&world);

    let pull = repository.open_pull_request("Add cart", "feature/cart");
    repository.run("CI").for_pull_request(&pull).succeed();
    assert_eq!(
        world.preview_of(&pull).await.unwrap().status,
        404,
        "nothing runs before the first deployment"
    );

    let deploy = format!(
        "/deploy?uuid=a1b2c3&pull_request_id={}&docker_tag=pr-{}",
        pull.number(),
        pull.number()
    );
    let answer = coolify.post(&deploy, &json!({})).await.json();
    let uuid = answer["deployments"][0]["deployment_uuid"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        three_looks(&coolify, &uuid).await,
        ["queued", "in_progress", "finished"]
    );
    assert_eq!(
        application.deployments()[0].status,
        DeploymentStatus::Finished
    );

    assert_eq!(
        world.preview_of(&pull).await.unwrap().status,
        502,
        "finished is not healthy"
    );
    let seen = world.preview_of(&pull).await.unwrap();
    assert_eq!(
        (seen.status, seen.image.as_deref()),
        (200, Some("ghcr.io/acme/shop-web:pr-1"))
    );

    pull.merge();
    assert!(
        !world.untidy().is_empty(),
        "a preview of a merged pull request is a finding"
    );
    let path = format!("/applications/a1b2c3/previews/{}", pull.number());
    assert_eq!(coolify.call("DELETE", &path, None).await.status, 200);
    assert_eq!(world.preview_of(&pull).await.unwrap().status, 404);

    let application = "a1b2c3".to_owned();
    let deployed = Effect::DeployRequested {
        application: application.clone(),
        deployment: uuid.clone(),
        pull_request: 1,
        tag: Some("pr-1".to_owned()),
    };
    assert_eq!(
        world.effects(),
        [
            deployed,
            Effect::PreviewRemoved {
                application,
                pull_request: 1
            }
        ]
    );
    world.assert_clean();
}

#[tokio::test]
async fn each_kind_of_untidiness_is_found() {
    let world = asking::world().await;
    let repository = world.github().repository("acme/shop");
    let pull = repository.open_pull_request("Add cart", "feature/cart");
    pull.comment_by("slipway-bot", "<!-- slipway:preview 1 --> one");
    world.assert_clean();
    pull.comment_by("slipway-bot", "<!-- slipway:preview 1 --> two");
    pull.comment_by("mallory", "<!-- slipway:preview 1 --> not ours");
    asking::github(&world)
        .without("authorization")
        .get("/repos/acme/shop")
        .await;
    asking::github(&world)
        .get("/repos/acme/shop/pulls?sate=open")
        .await;
    world.coolify().application("a1b2c3");
    asking::coolify(&world)
        .post(
            "/deploy?uuid=a1b2c3&pull_request_id=77&docker_tag=x",
            &json!({}),
        )
        .await;

    let findings = world.untidy().join("\n");
    for expected in [
        "carries no credentials (GitHub GET /repos/acme/shop -> 200)",
        "query parameter `sate` is unknown",
        "has 2 Slipway comments by slipway-bot",
        "has a preview on record of a1b2c3 for pull request 77",
        "for pull request 77, which is not open, is queued",
    ] {
        assert!(
            findings.contains(expected),
            "`{expected}` is missing in:\n{findings}"
        );
    }
    assert!(
        !findings.contains("mallory"),
        "a copied marker of somebody else is not Slipway's:\n{findings}"
    );
    let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.assert_clean()))
        .unwrap_err();
    assert!(
        told.downcast_ref::<String>()
            .unwrap()
            .contains("what was asked of it:")
    );
}

#[tokio::test]
async fn waiting_for_a_condition_ends_with_it_or_tells_the_journal() {
    let world = asking::world().await;
    let repository = world.github().repository("acme/shop");
    let pull = repository.open_pull_request("Add cart", "feature/cart");
    let (waited, ()) = tokio::join!(
        world.until("a comment", std::time::Duration::from_secs(10), |_| !pull
            .comments()
            .is_empty()),
        async {
            pull.comment_by("somebody", "hello");
        }
    );
    waited.unwrap();
    asking::github(&world).get("/user").await;
    let error = world
        .until("a miracle", std::time::Duration::from_millis(20), |_| false)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("a miracle") && error.contains("GitHub GET /user -> 200"),
        "{error}"
    );
    assert_eq!(
        world
            .journal()
            .iter()
            .filter(|entry| entry.vendor == Vendor::GitHub)
            .count(),
        1
    );
}

#[tokio::test]
async fn a_preview_is_justified_only_by_the_repository_that_its_application_belongs_to() {
    let world = asking::world().await;
    let (shop, blog) = (
        world.github().repository("acme/shop"),
        world.github().repository("acme/blog"),
    );
    shop.open_pull_request("Add cart", "feature/cart").close();
    blog.open_pull_request("Add post", "post");
    let application = world.coolify().application("a1b2c3");
    asking::coolify(&world)
        .post(
            "/deploy?uuid=a1b2c3&pull_request_id=1&docker_tag=x",
            &json!({}),
        )
        .await;
    world.assert_clean();
    application.belongs_to(&shop);
    assert_eq!(world.untidy().len(), 2, "{:?}", world.untidy());
    application.belongs_to(&blog);
    world.assert_clean();
}
