//! Coolify's deploy endpoint, whose 200 is often no success, and the deployments that follow.

use serde_json::{Value, json};
use world::{DeploymentStatus, Effect, Pace, World};

use crate::asking::{self, Caller};

async fn deploy(coolify: &Caller, number: u64, tag: &str) -> Value {
    let answer = coolify
        .post(
            &format!("/deploy?uuid=a1b2c3&pull_request_id={number}&docker_tag={tag}"),
            &json!({}),
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["deployments"][0].clone()
}

fn uuid(entry: &Value) -> String {
    entry["deployment_uuid"].as_str().unwrap().to_owned()
}

async fn by_hand() -> (World, Caller) {
    let world = asking::world().await;
    world.coolify().application("a1b2c3");
    world.coolify().pace(Pace::ByHand);
    let coolify = asking::coolify(&world);
    (world, coolify)
}

#[tokio::test]
async fn parameters_that_do_not_go_together_are_400_and_unknown_applications_404() {
    let (world, coolify) = by_hand().await;
    for (query, message) in [
        (
            "uuid=a1b2c3&tag=x",
            "You can only use uuid or tag, not both.",
        ),
        (
            "tag=x&pull_request_id=1",
            "You can only use tag or pr, not both.",
        ),
        (
            "uuid=a1b2c3&docker_tag=pr-1",
            "docker_tag requires pull_request_id.",
        ),
        ("force=true", "You must provide uuid or tag."),
    ] {
        let answer = coolify.post(&format!("/deploy?{query}"), &json!({})).await;
        assert_eq!(
            (answer.status, answer.json()),
            (400, json!({"message": message})),
            "{query}"
        );
    }
    let unknown = coolify
        .post(
            "/deploy?uuid=nope&pull_request_id=1&docker_tag=x",
            &json!({}),
        )
        .await;
    assert_eq!(
        (unknown.status, unknown.json()),
        (404, json!({"message": "No resources found."}))
    );
    let partly = coolify
        .post(
            "/deploy?uuid=nope,a1b2c3&pull_request_id=1&docker_tag=x",
            &json!({}),
        )
        .await
        .json();
    assert_eq!(
        partly["deployments"].as_array().unwrap().len(),
        1,
        "unknown ones in a list are skipped silently"
    );
    assert_eq!(world.deploys().len(), 1);
}

#[tokio::test]
async fn a_200_without_a_deployment_uuid_is_a_refusal() {
    let (world, coolify) = by_hand().await;
    let answer = coolify.post("/deploy?uuid=a1b2c3&pr=5", &json!({})).await;
    let entry = json!({"message": "Pull request 5 not found for this resource.", "resource_uuid": "a1b2c3"});
    let expected = json!({"deployments": [entry]});
    assert_eq!((answer.status, answer.json()), (200, expected));
    world.coolify().application("a1b2c3").built_from_git();
    let refused = deploy(&coolify, 5, "pr-5").await;
    assert_eq!(
        refused["message"],
        "docker_tag can only be used with Docker Image applications."
    );
    assert_eq!(refused.get("deployment_uuid"), None);
    assert!(
        world
            .effects()
            .iter()
            .all(|effect| matches!(effect, Effect::DeployRefused { .. })),
        "{:?}",
        world.effects()
    );
    assert!(world.coolify().deployments().is_empty());
}

#[tokio::test]
async fn without_a_tag_an_existing_preview_is_deployed_with_its_stored_one() {
    let (world, coolify) = by_hand().await;
    deploy(&coolify, 5, "v1").await;
    world.coolify().step();
    world.coolify().step();
    coolify
        .post("/deploy", &json!({"uuid": "a1b2c3", "pr": 5}))
        .await;
    let tags: Vec<Option<String>> = world
        .coolify()
        .deployments()
        .into_iter()
        .map(|found| found.tag)
        .collect();
    assert_eq!(tags, [Some("v1".to_owned()), Some("v1".to_owned())]);
}

#[tokio::test]
async fn a_body_of_the_old_webhook_form_deploys_the_base_application() {
    let (world, coolify) = by_hand().await;
    let body = json!({"image": "ghcr.io/acme/shop:pr-5", "pr_number": 5, "branch": "feature"});
    let answer = coolify.post("/deploy?uuid=a1b2c3&force=false", &body).await;
    assert_eq!(answer.status, 200);
    assert_eq!(world.coolify().deployments()[0].pull_request, 0);
    assert!(!world.coolify().application("a1b2c3").has_preview(5));
}

#[tokio::test]
async fn the_same_deployment_again_is_answered_with_a_phantom() {
    let (world, coolify) = by_hand().await;
    let real = uuid(&deploy(&coolify, 5, "v1").await);
    let again = deploy(&coolify, 5, "v1").await;
    assert_eq!(
        again["message"],
        "Deployment already queued for this commit."
    );
    let phantom = uuid(&again);
    assert_ne!(phantom, real);
    let missing = coolify.get(&format!("/deployments/{phantom}")).await;
    assert_eq!(
        (missing.status, missing.json()),
        (404, json!({"message": "Deployment not found."}))
    );
    let listed = coolify.get("/deployments/applications/a1b2c3").await.json();
    assert_eq!(
        (
            &listed["count"],
            &listed["deployments"][0]["deployment_uuid"]
        ),
        (&json!(1), &json!(real))
    );

    let forced = coolify
        .post(
            "/deploy?uuid=a1b2c3&pull_request_id=5&docker_tag=v1&force=true",
            &json!({}),
        )
        .await
        .json();
    assert_eq!(
        coolify
            .get(&format!("/deployments/{}", uuid(&forced["deployments"][0])))
            .await
            .status,
        200
    );
    assert_eq!(world.deploys().len(), 2);
    assert!(world.effects().contains(&Effect::PhantomAnswered {
        application: "a1b2c3".into(),
        pull_request: 5
    }));
}

#[tokio::test]
async fn one_deployment_at_a_time_runs_for_a_preview_and_two_on_the_server() {
    let (world, coolify) = by_hand().await;
    for (number, tag) in [(5, "v1"), (5, "v2"), (6, "v1"), (7, "v1")] {
        deploy(&coolify, number, tag).await;
    }
    let statuses = || {
        world
            .coolify()
            .deployments()
            .iter()
            .map(|found| found.status.as_str())
            .collect::<Vec<_>>()
    };
    world.coolify().step();
    assert_eq!(
        statuses(),
        ["in_progress", "queued", "in_progress", "queued"]
    );
    world.coolify().step();
    assert_eq!(
        statuses(),
        ["finished", "in_progress", "finished", "in_progress"]
    );
    world.coolify().step();
    assert_eq!(statuses(), ["finished"; 4]);
    assert_eq!(
        world
            .coolify()
            .application("a1b2c3")
            .container(5)
            .unwrap()
            .tag,
        "v2"
    );
}

#[tokio::test]
async fn a_bad_or_missing_image_fails_later_and_leaves_the_old_preview_running() {
    let (world, coolify) = by_hand().await;
    deploy(&coolify, 5, "v1").await;
    world.coolify().step();
    world.coolify().step();
    world.coolify().lacks_image("v2");
    for tag in ["v2", "not%20a%20tag"] {
        let uuid = uuid(&deploy(&coolify, 5, tag).await);
        world.coolify().step();
        world.coolify().step();
        assert_eq!(
            coolify.get(&format!("/deployments/{uuid}")).await.json()["status"],
            "failed"
        );
    }
    assert_eq!(
        world
            .coolify()
            .application("a1b2c3")
            .container(5)
            .unwrap()
            .tag,
        "v1"
    );
}

#[tokio::test]
async fn a_preview_is_down_while_it_is_deployed_again_and_may_never_get_healthy() {
    let (world, coolify) = by_hand().await;
    world.coolify().probes_until_healthy(2);
    let url = world.preview_url_template().replace("{number}", "5");
    let look = async || world.look_at(&url).await.unwrap();
    deploy(&coolify, 5, "v1").await;
    assert_eq!(look().await.status, 404);
    world.coolify().step();
    assert_eq!(look().await.status, 502, "being deployed");
    world.coolify().step();
    assert_eq!(
        [
            look().await.status,
            look().await.status,
            look().await.status
        ],
        [502, 502, 200]
    );
    world.coolify().sick_image("v2");
    deploy(&coolify, 5, "v2").await;
    assert_eq!(
        look().await.tag.as_deref(),
        Some("v1"),
        "queued changes nothing"
    );
    world.coolify().step();
    assert_eq!(
        look().await.status,
        502,
        "the old container is stopped first"
    );
    world.coolify().step();
    assert_eq!(
        world.coolify().deployments()[1].status,
        DeploymentStatus::Finished
    );
    assert_eq!(
        [
            look().await.status,
            look().await.status,
            look().await.status
        ],
        [502; 3],
        "finished and never healthy"
    );
    world.coolify().application("a1b2c3").recover(5);
    assert_eq!(
        look().await.image.as_deref(),
        Some("ghcr.io/acme/a1b2c3:v2")
    );
    let of_application = world
        .preview_url_template_of("a1b2c3")
        .replace("{number}", "5");
    assert_eq!(
        world
            .look_at(&format!("{of_application}/health"))
            .await
            .unwrap()
            .status,
        200
    );
}

#[tokio::test]
async fn deployments_are_told_as_coolify_does_and_can_be_cancelled() {
    let (world, coolify) = by_hand().await;
    let first = uuid(&deploy(&coolify, 5, "v1").await);
    deploy(&coolify, 6, "v1").await;
    let path = format!("/deployments/{first}");
    let one = coolify.get(&path).await.json();
    for (field, value) in [
        ("pull_request_id", json!(5)),
        ("docker_registry_image_tag", json!("v1")),
        ("commit", json!("HEAD")),
    ] {
        assert_eq!(one[field], value, "{field}");
    }
    assert_eq!(one.get("logs"), None, "only with read:sensitive");
    let active = coolify.get("/deployments").await.json();
    assert!(
        active.is_object() && active["0"].is_object() && active["1"].is_object(),
        "numeric keys instead of an array: {active}"
    );

    let cancelled = coolify.post(&format!("{path}/cancel"), &json!({})).await;
    assert_eq!(
        (cancelled.status, &cancelled.json()["status"]),
        (200, &json!("cancelled-by-user"))
    );
    let again = coolify.call("POST", &format!("{path}/cancel"), None).await;
    assert_eq!(
        (again.status, again.json()["message"].as_str()),
        (
            400,
            Some("Deployment cannot be cancelled. Current status: cancelled-by-user")
        )
    );
    assert!(coolify.get("/deployments").await.json().is_array());
    assert!(
        world
            .coolify()
            .start(&world.coolify().deployments()[1].uuid)
    );
    assert!(world.coolify().fail(&world.coolify().deployments()[1].uuid));
    let newest = coolify
        .get("/deployments/applications/a1b2c3?take=1")
        .await
        .json();
    assert_eq!(
        (&newest["count"], &newest["deployments"][0]["status"]),
        (&json!(2), &json!("failed"))
    );
    assert_eq!(
        coolify
            .get("/deployments/applications/a1b2c3?skip=2")
            .await
            .json()["deployments"],
        json!([])
    );
    assert_eq!(
        coolify.get("/deployments/applications/nope").await.status,
        404
    );
}
