//! Deploying a preview: 200 is not success.

use vendors::CallError;
use vendors::coolify::{Client, DeployOutcome, DeployRefusal};

use crate::script::{Script, TOKEN, broken, no_connection, now, timed_out, told};

const URL: &str = "https://coolify.example";
const APPLICATION: &str = "a8k4o0wcgkk4ks0w8s4g0s8k";

fn deploy(script: &Script) -> Result<DeployOutcome, CallError> {
    deploy_number(script, 7)
}

fn deploy_number(script: &Script, number: u64) -> Result<DeployOutcome, CallError> {
    let client = Client::new(script, URL, TOKEN);
    let application = APPLICATION.parse().expect("a uuid");
    let tag = "pr-7".parse().expect("a tag");
    now(client.deploy(&application, domain::PullRequestNumber(number), &tag))
}

/// The answer of Coolify to a deploy by uuid, with one entry.
fn entry(message: &str, deployment: Option<&str>) -> Script {
    let mut entry = serde_json::json!({"message": message, "resource_uuid": APPLICATION});
    if let Some(uuid) = deployment {
        entry["deployment_uuid"] = uuid.into();
    }
    Script::one(
        200,
        &serde_json::json!({"deployments": [entry]}).to_string(),
    )
}

#[test]
fn the_application_the_pull_request_and_the_tag_are_posted_and_nothing_is_forced() {
    let script = entry(
        "Application web deployment queued.",
        Some("dk8s0o4kcg0k8sw4w0kc8o0g"),
    );
    let outcome = deploy(&script).unwrap();
    assert_eq!(
        outcome,
        DeployOutcome::Queued("dk8s0o4kcg0k8sw4w0kc8o0g".parse().unwrap())
    );
    insta::assert_snapshot!(script.asked(), @r#"
POST https://coolify.example/api/v1/deploy
accept: "application/json"
authorization: Sensitive
user-agent: "slipway/0.0.0"
content-type: "application/json"
time limit: 30 s
{"uuid":"a8k4o0wcgkk4ks0w8s4g0s8k","pull_request_id":7,"docker_tag":"pr-7"}
"#);
}

#[test]
fn the_uuid_of_a_deployment_that_was_queued_before_is_a_phantom_and_is_dropped() {
    let script = entry(
        "Deployment already queued for this commit.",
        Some("ph4nt0m4kcg0k8sw4w0kc8o0"),
    );
    assert_eq!(deploy(&script).unwrap(), DeployOutcome::AlreadyQueued);
}

#[test]
fn a_200_without_a_deployment_uuid_is_a_refusal_with_its_own_meaning() {
    for (message, refusal) in [
        (
            "Pull request 7 not found for this resource.",
            DeployRefusal::NoSuchPreview,
        ),
        (
            "Unauthorized to deploy this application.",
            DeployRefusal::NotAuthorized,
        ),
        (
            "docker_tag can only be used with Docker Image applications.",
            DeployRefusal::NotADockerImage,
        ),
        (
            "Server is\nnot reachable.",
            DeployRefusal::Other("Server is not reachable".to_owned()),
        ),
    ] {
        let outcome = deploy(&entry(message, None)).unwrap();
        assert_eq!(
            outcome,
            DeployOutcome::Refused(refusal.clone()),
            "{message}"
        );
        let trouble = domain::preview::Trouble::from(refusal);
        assert_eq!(trouble.reaction, domain::preview::Reaction::GiveUp);
        assert!(trouble.reason.contains("Coolify"), "{}", trouble.reason);
    }
}

#[test]
fn a_success_that_does_not_name_our_deployment_is_looked_into() {
    let bodies = [
        r#"{"deployments":[{"message":"Application api deployment queued.","resource_uuid":"other","deployment_uuid":"d1"}]}"#,
        r#"{"deployments":[]}"#,
        r#"{"message":["Application web deployment queued."],"details":[]}"#,
        r#"{"deployments":[{"message":"queued","resource_uuid":"a8k4o0wcgkk4ks0w8s4g0s8k","deployment_uuid":"../x"}]}"#,
        "<html>Coolify is being updated</html>",
        "",
    ];
    let told: Vec<String> = bodies
        .iter()
        .map(|body| told(deploy(&Script::one(200, body))))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
unknown: deploying tag pr-7 to Coolify application a8k4o0wcgkk4ks0w8s4g0s8k for pull request 7:
    Coolify answered 200 with something else than expected (no entry for this application)
unknown: deploying tag pr-7 to Coolify application a8k4o0wcgkk4ks0w8s4g0s8k for pull request 7:
    Coolify answered 200 with something else than expected (no entry for this application)
unknown: deploying tag pr-7 to Coolify application a8k4o0wcgkk4ks0w8s4g0s8k for pull request 7:
    Coolify answered 200 with something else than expected (missing field `deployments` at line 1
    column 63)
unknown: deploying tag pr-7 to Coolify application a8k4o0wcgkk4ks0w8s4g0s8k for pull request 7:
    Coolify's answer has a deployment_uuid: "../x" is not a Coolify uuid (1 to 64 letters, digits
    and hyphens)
unknown: deploying tag pr-7 to Coolify application a8k4o0wcgkk4ks0w8s4g0s8k for pull request 7:
    Coolify answered 200 with something else than expected (expected value at line 1 column 1)
unknown: deploying tag pr-7 to Coolify application a8k4o0wcgkk4ks0w8s4g0s8k for pull request 7:
    Coolify answered 200 with something else than expected (EOF while parsing a value at line 1
    column 0)
"#);
}

#[test]
fn the_base_application_is_never_deployed_in_place_of_a_preview() {
    let script = Script::default();
    insta::assert_snapshot!(told(deploy_number(&script, 0)), @"
refused: deploying tag pr-7 to Coolify application a8k4o0wcgkk4ks0w8s4g0s8k for pull request 0: 0 is
    no pull request. Numbers of pull requests start at 1
");
    assert!(script.lines().is_empty(), "nothing may be sent");
}

#[test]
fn a_full_queue_and_the_throttle_say_when_to_try_again() {
    let full = r#"{"message":"Deployment queue is full. Please wait for existing deployments to complete."}"#;
    let queue = Script::default().then(429, &[("retry-after", "60")], full);
    let throttle = Script::default().then(
        429,
        &[("Retry-After", "17"), ("X-RateLimit-Limit", "200")],
        r#"{"message":"Too Many Attempts."}"#,
    );
    let unsaid = Script::default().then(429, &[("retry-after", "soon")], "");
    let absurd = Script::default().then(429, &[("retry-after", "99999999")], "");
    let told: Vec<String> = [queue, throttle, unsaid, absurd]
        .iter()
        .map(|script| told(deploy(script)))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    QueueFull(Some(60s))
    retry after 17 s: deploying tag pr-7 to Coolify application a8k4o0wcgkk4ks0w8s4g0s8k for pull
        request 7: Coolify answered 429 "Too Many Attempts."
    retry: deploying tag pr-7 to Coolify application a8k4o0wcgkk4ks0w8s4g0s8k for pull request 7:
        Coolify answered 429
    retry after 3600 s: deploying tag pr-7 to Coolify application a8k4o0wcgkk4ks0w8s4g0s8k for pull
        request 7: Coolify answered 429
    "#);
}

#[test]
fn whether_a_lost_deploy_happened_is_unknown_unless_it_certainly_did_not() {
    let cases = [
        Script::default().then_fails(timed_out()),
        Script::default().then_fails(broken()),
        Script::one(500, r#"{"message":"Server Error"}"#),
        Script::one(502, "Bad Gateway"),
        Script::one(504, "Gateway Timeout"),
        Script::default().then_fails(no_connection()),
        // What Coolify's proxy answers while Coolify itself is down.
        Script::one(404, "404 page not found\n"),
    ];
    let told: Vec<String> = cases.iter().map(|script| told(deploy(script))).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
unknown: deploying tag pr-7 to Coolify application a8k4o0wcgkk4ks0w8s4g0s8k for pull request 7: no
    answer from https://vendor.example:443 within 30 s
unknown: deploying tag pr-7 to Coolify application a8k4o0wcgkk4ks0w8s4g0s8k for pull request 7: the
    answer from https://vendor.example:443 broke off: connection reset
unknown: deploying tag pr-7 to Coolify application a8k4o0wcgkk4ks0w8s4g0s8k for pull request 7:
    Coolify answered 500 "Server Error"
unknown: deploying tag pr-7 to Coolify application a8k4o0wcgkk4ks0w8s4g0s8k for pull request 7:
    Coolify answered 502 "Bad Gateway"
unknown: deploying tag pr-7 to Coolify application a8k4o0wcgkk4ks0w8s4g0s8k for pull request 7:
    Coolify answered 504 "Gateway Timeout"
retry: deploying tag pr-7 to Coolify application a8k4o0wcgkk4ks0w8s4g0s8k for pull request 7: no
    connection to https://vendor.example:443: connection refused
retry: deploying tag pr-7 to Coolify application a8k4o0wcgkk4ks0w8s4g0s8k for pull request 7:
    Coolify answered 404 "404 page not found". That is not Coolify's way to say so: a proxy in front
    of it answered
"#);
}
