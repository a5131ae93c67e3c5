//! What every call to Coolify has in common: rights, limits, configuration, and what is never shown.

use vendors::{
    CallError,
    coolify::{Client, DeployOutcome},
};

use crate::script::{Script, TOKEN, not_allowed, now, told};

fn deploy_at(script: &Script, url: &str, token: &str) -> Result<DeployOutcome, CallError> {
    let application = "a8k4".parse().expect("a uuid");
    let tag = "pr-7".parse().expect("a tag");
    now(Client::new(script, url, token).deploy(&application, domain::PullRequestNumber(7), &tag))
}

fn deploy(script: &Script) -> Result<DeployOutcome, CallError> {
    deploy_at(script, "https://coolify.example", TOKEN)
}

#[test]
fn a_refusal_says_what_would_be_right() {
    let answers = [
        (401, r#"{"message":"Unauthenticated."}"#),
        (
            400,
            r#"{"message":"Invalid token.","docs":"https://coolify.io/docs/api-reference/authorization"}"#,
        ),
        (403, r#"{"success":true,"message":"API is disabled."}"#),
        (
            403,
            r#"{"success":true,"message":"You are not allowed to access the API."}"#,
        ),
        (403, r#"{"message":"Missing required permissions: deploy"}"#),
        (403, r#"{"message":"Missing required team role."}"#),
        (
            403,
            r#"{"message":"This action is unauthorized.","error":"Unauthorized"}"#,
        ),
        (404, r#"{"message":"No resources found."}"#),
        (
            405,
            r#"{"message":"This endpoint has changed to a POST request."}"#,
        ),
        (
            422,
            r#"{"message":"Validation failed.","errors":{"pull_request_id":["must be an integer"]}}"#,
        ),
    ];
    let told: Vec<String> = answers
        .iter()
        .map(|(status, body)| told(deploy(&Script::one(*status, body))))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
refused: deploying tag pr-7 to Coolify application a8k4 for pull request 7: Coolify answered 401
    "Unauthenticated.". The variable coolify_token must hold an API token of Coolify's that is still
    valid, as <id>|<secret>
refused: deploying tag pr-7 to Coolify application a8k4 for pull request 7: Coolify answered 400
    "Invalid token.". The variable coolify_token must hold an API token of Coolify's that is still
    valid, as <id>|<secret>
refused: deploying tag pr-7 to Coolify application a8k4 for pull request 7: Coolify answered 403
    "API is disabled.". An administrator must switch the API on in Coolify's settings
refused: deploying tag pr-7 to Coolify application a8k4 for pull request 7: Coolify answered 403
    "You are not allowed to access the API.". Slipway's address must be on the list of allowed IP
    addresses in Coolify's settings
refused: deploying tag pr-7 to Coolify application a8k4 for pull request 7: Coolify answered 403
    "Missing required permissions: deploy". The token in the variable coolify_token needs the
    abilities read, write and deploy
refused: deploying tag pr-7 to Coolify application a8k4 for pull request 7: Coolify answered 403
    "Missing required team role.". The token must belong to an administrator or owner of the team
refused: deploying tag pr-7 to Coolify application a8k4 for pull request 7: Coolify answered 403
    "This action is unauthorized."
refused: deploying tag pr-7 to Coolify application a8k4 for pull request 7: Coolify answered 404 "No
    resources found.". The application's uuid must be one of the token's own team; a name does not
    do
refused: deploying tag pr-7 to Coolify application a8k4 for pull request 7: Coolify answered 405
    "This endpoint has changed to a POST request.". Slipway needs Coolify 4.0.0 or newer, and in
    coolify_url its address without /api/v1
refused: deploying tag pr-7 to Coolify application a8k4 for pull request 7: Coolify answered 422
    "Validation failed. {"pull_request_id":["must be an integer"]}"
"#);
}

#[test]
fn a_redirect_is_not_followed_since_the_token_would_go_along() {
    let https = Script::default().then(
        301,
        &[("location", "https://coolify.example/api/v1/deploy")],
        "",
    );
    let login = Script::default().then(302, &[("location", "/login")], "");
    let told = [
        told(deploy_at(&https, "http://coolify.example", TOKEN)),
        told(deploy(&login)),
    ];
    insta::assert_snapshot!(told.join("\n"), @"
refused: deploying tag pr-7 to Coolify application a8k4 for pull request 7: Coolify answered 301. It
    points to https://coolify.example: if that is right, the variable coolify_url should say so
refused: deploying tag pr-7 to Coolify application a8k4 for pull request 7: Coolify answered 302.
    Requests are not followed elsewhere: the variable coolify_url should be the final address
");
    assert_eq!(
        (https.lines().len(), login.lines().len()),
        (1, 1),
        "one request each"
    );
}

#[test]
fn a_host_that_slipway_may_not_reach_is_for_a_person_to_allow() {
    let script = Script::default().then_fails(not_allowed("https://coolify.example:443"));
    insta::assert_snapshot!(told(deploy(&script)), @"
refused: deploying tag pr-7 to Coolify application a8k4 for pull request 7: the request to
    https://coolify.example:443 is not allowed: not in allowed_outbound_hosts. The variable
    coolify_url must name a host that Slipway may reach
");
}

#[test]
fn an_instance_that_is_not_configured_is_not_asked() {
    let script = Script::default();
    let told = [
        told(deploy_at(&script, "http://unset.invalid", TOKEN)),
        told(deploy_at(&script, "https://coolify.example", "")),
        told(deploy_at(&script, "coolify.example", TOKEN)),
    ];
    insta::assert_snapshot!(told.join("\n"), @"
refused: deploying tag pr-7 to Coolify application a8k4 for pull request 7: Coolify is not
    configured: set the variable coolify_url
refused: deploying tag pr-7 to Coolify application a8k4 for pull request 7: Coolify is not
    configured: set the variable coolify_token
refused: deploying tag pr-7 to Coolify application a8k4 for pull request 7: Coolify is not
    configured: expected an absolute http or https URL without user, query and fragment in the
    variable coolify_url
");
    assert!(script.lines().is_empty(), "nothing may be sent");
}

#[test]
fn a_token_that_the_vendor_echoes_is_not_shown_even_where_the_text_is_cut() {
    let echo = format!(
        "{} the token {TOKEN} (s3cr3t-0123456789) is wrong",
        "x".repeat(284)
    );
    for body in [serde_json::json!({"message": echo}).to_string(), echo] {
        let told = told(deploy(&Script::one(401, &body)));
        assert!(!told.contains("s3cr"), "{told}");
        assert!(told.contains("[secr"), "the place must show: {told}");
    }
    let entry = serde_json::json!({"deployments": [{"message": format!("no: {TOKEN}"), "resource_uuid": "a8k4"}]});
    let told = told(deploy(&Script::one(200, &entry.to_string())));
    assert!(
        told.contains("[secret]") && !told.contains("s3cr"),
        "{told}"
    );
}

#[test]
fn a_long_page_with_terminal_escapes_becomes_one_short_line() {
    let page = format!("<html>\u{1b}[31m\r\n{}", "<p>error</p>\n".repeat(5_000));
    let error = deploy(&Script::one(503, &page)).unwrap_err();
    let reason = error.reason();
    assert!(reason.len() < 600, "{} bytes", reason.len());
    assert!(!reason.contains(char::is_control), "{reason:?}");
}
