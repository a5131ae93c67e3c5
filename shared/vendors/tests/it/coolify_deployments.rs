//! Deployments as Coolify shows them.

use domain::{ApplicationUuid, DeploymentUuid, PullRequestNumber};
use serde_json::{Value, json};
use vendors::coolify::{Client, DeploymentStatus};

use crate::script::{Script, TOKEN, broken, now, timed_out, told};

const URL: &str = "https://coolify.example/";

fn application() -> ApplicationUuid {
    "a8k4o0wcgkk4ks0w8s4g0s8k".parse().expect("a uuid")
}

fn uuid(text: &str) -> DeploymentUuid {
    text.parse().expect("a uuid")
}

/// A deployment with all the fields that Coolify 4.3.10 shows to a token without read:sensitive.
fn deployment(uuid: &str, status: &str, pull_request: u64) -> Value {
    json!({
        "id": 4711, "application_id": "12", "application_name": "web", "deployment_uuid": uuid,
        "deployment_url": format!("/project/p1/environment/e1/application/a1/deployment/{uuid}"),
        "pull_request_id": pull_request, "docker_registry_image_tag": "pr-7", "commit": "HEAD", "force_rebuild": false,
        "status": status, "is_webhook": false, "is_api": true, "restart_only": false, "rollback": false, "git_type": null,
        "server_id": 0, "server_name": "localhost", "destination_id": "0", "only_this_server": false, "commit_message": null,
        "current_process_id": null, "build_server_id": null, "horizon_job_id": "9f", "finished_at": "2026-11-21 10:32:00",
        "created_at": "2026-11-21T10:31:07.000000Z", "updated_at": "2026-11-21T10:31:08.000000Z"
    })
}

#[test]
fn a_deployment_shows_how_far_it_is_and_where_its_logs_are() {
    let script = Script::one(200, &deployment("d1", "in_progress", 7).to_string());
    let shown = now(Client::new(&script, URL, TOKEN).deployment(&uuid("d1"))).unwrap();
    insta::assert_debug_snapshot!(shown, @r#"
Some(
    Deployment {
        uuid: d1,
        status: InProgress,
        pull_request: Some(
            PullRequestNumber(
                7,
            ),
        ),
        tag: Some(
            "pr-7",
        ),
        commit: Some(
            "HEAD",
        ),
        created_at: Some(
            2026-11-21T10:31:07Z,
        ),
        url: Some(
            "https://coolify.example/project/p1/environment/e1/application/a1/deployment/d1",
        ),
    },
)
"#);
    insta::assert_snapshot!(script.asked(), @r#"
GET https://coolify.example/api/v1/deployments/d1
accept: "application/json"
authorization: Sensitive
user-agent: "slipway/0.0.0"
time limit: 30 s
"#);
}

#[test]
fn every_status_of_coolifys_is_told_apart_and_a_new_one_is_neither_finished_nor_failed() {
    for (status, expected, under_way) in [
        ("queued", DeploymentStatus::Queued, true),
        ("in_progress", DeploymentStatus::InProgress, true),
        ("finished", DeploymentStatus::Finished, false),
        ("failed", DeploymentStatus::Failed, false),
        ("cancelled-by-user", DeploymentStatus::Cancelled, false),
        ("timed-out", DeploymentStatus::Unrecognised, true),
    ] {
        let script = Script::one(200, &deployment("d1", status, 7).to_string());
        let shown = now(Client::new(&script, URL, TOKEN).deployment(&uuid("d1")))
            .unwrap()
            .unwrap();
        assert_eq!(shown.status, expected, "{status}");
        assert_eq!(shown.status.is_under_way(), under_way, "{status}");
    }
}

#[test]
fn a_phantom_deployment_is_none_and_only_coolifys_own_words_say_so() {
    let phantom = Script::one(404, r#"{"message":"Deployment not found."}"#);
    assert_eq!(
        now(Client::new(&phantom, URL, TOKEN).deployment(&uuid("d1"))).unwrap(),
        None
    );
    let others = [
        Script::one(404, "404 page not found\n"),
        Script::one(
            404,
            r#"{"message":"Not found.","docs":"https://coolify.io/docs"}"#,
        ),
        Script::one(200, &deployment("d2", "finished", 7).to_string()),
        Script::one(200, r#"{"deployment_uuid":"d1"}"#),
        Script::one(500, r#"{"message":"Server Error"}"#),
        Script::default().then_fails(timed_out()),
    ];
    let told: Vec<String> = others
        .iter()
        .map(|script| told(now(Client::new(script, URL, TOKEN).deployment(&uuid("d1")))))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
retry: reading Coolify deployment d1: Coolify answered 404 "404 page not found". That is not
    Coolify's way to say so: a proxy in front of it answered
refused: reading Coolify deployment d1: Coolify answered 404 "Not found.". Slipway needs Coolify
    4.0.0 or newer, and in coolify_url its address without /api/v1
retry: reading Coolify deployment d1: Coolify answered 200 with something else than expected
    (another deployment)
retry: reading Coolify deployment d1: Coolify answered 200 with something else than expected
    (missing field `status` at line 1 column 24)
retry: reading Coolify deployment d1: Coolify answered 500 "Server Error"
retry: reading Coolify deployment d1: no answer from https://vendor.example:443 within 30 s
"#);
}

#[test]
fn the_base_applications_deployments_have_no_pull_request_and_odd_pages_are_left_out() {
    let mut base = deployment("d1", "finished", 0);
    base["deployment_url"] = "/project/) [click](javascript:alert(1)".into();
    base["docker_registry_image_tag"] = Value::Null;
    let script = Script::one(200, &base.to_string());
    let shown = now(Client::new(&script, URL, TOKEN).deployment(&uuid("d1")))
        .unwrap()
        .unwrap();
    assert_eq!(
        (shown.pull_request, shown.url, shown.tag),
        (None, None, None)
    );
}

#[test]
fn the_list_of_an_application_is_in_pages_and_one_seen_twice_counts_once() {
    let first: Vec<Value> = (0..20)
        .map(|n| deployment(&format!("d{n}"), "finished", n))
        .collect();
    // One was queued between the two requests: d19 moved on to the second page.
    let second = [
        deployment("d19", "finished", 19),
        deployment("d20", "failed", 20),
    ];
    let script = Script::default()
        .then(
            200,
            &[],
            &json!({"count": 21, "deployments": first}).to_string(),
        )
        .then(
            200,
            &[],
            &json!({"count": 22, "deployments": second}).to_string(),
        );
    let list = now(Client::new(&script, URL, TOKEN).deployments(&application())).unwrap();
    assert_eq!(list.len(), 21);
    assert_eq!(
        list.last().map(|last| last.pull_request),
        Some(Some(PullRequestNumber(20)))
    );
    insta::assert_snapshot!(script.lines().join("\n"), @"
GET https://coolify.example/api/v1/deployments/applications/a8k4o0wcgkk4ks0w8s4g0s8k?skip=0&take=20
GET https://coolify.example/api/v1/deployments/applications/a8k4o0wcgkk4ks0w8s4g0s8k?skip=20&take=20
");
}

#[test]
fn no_more_than_the_newest_sixty_are_read() {
    let page = |start: u64| {
        let list: Vec<Value> = (start..start + 20)
            .map(|n| deployment(&format!("d{n}"), "finished", n))
            .collect();
        json!({"count": 5000, "deployments": list}).to_string()
    };
    let script = Script::default()
        .then(200, &[], &page(0))
        .then(200, &[], &page(20))
        .then(200, &[], &page(40));
    let list = now(Client::new(&script, URL, TOKEN).deployments(&application())).unwrap();
    assert_eq!(list.len(), 60, "three pages, and no request for a fourth");
}

#[test]
fn a_list_that_php_wrote_as_an_object_with_numbers_for_keys_is_a_list() {
    let object = json!({"count": 2, "deployments": {"1": deployment("d1", "queued", 7), "0": deployment("d0", "finished", 7)}});
    let script = Script::one(200, &object.to_string());
    let list = now(Client::new(&script, URL, TOKEN).deployments(&application())).unwrap();
    assert_eq!(list.len(), 2);
}

#[test]
fn a_list_that_cannot_be_read_is_asked_for_again_and_an_unknown_application_is_not() {
    let cases = [
        Script::one(404, r#"{"message":"Application not found"}"#),
        Script::one(200, "[]"),
        Script::one(200, "<html>"),
        Script::default().then_fails(broken()),
    ];
    let told: Vec<String> = cases
        .iter()
        .map(|script| {
            told(now(
                Client::new(script, URL, TOKEN).deployments(&application())
            ))
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
refused: reading the deployments of Coolify application a8k4o0wcgkk4ks0w8s4g0s8k: Coolify answered
    404 "Application not found". The application's uuid must be one of the token's own team; a name
    does not do
retry: reading the deployments of Coolify application a8k4o0wcgkk4ks0w8s4g0s8k: Coolify answered 200
    with something else than expected (invalid length 0, expected struct WireList with 1 element at
    line 1 column 2)
retry: reading the deployments of Coolify application a8k4o0wcgkk4ks0w8s4g0s8k: Coolify answered 200
    with something else than expected (expected value at line 1 column 1)
retry: reading the deployments of Coolify application a8k4o0wcgkk4ks0w8s4g0s8k: the answer from
    https://vendor.example:443 broke off: connection reset
"#);
}
