//! GitHub's limits, told from a lack of rights.

use domain::PullRequestNumber;
use vendors::CallError;

use crate::{
    github_pull_request::{client, name, read, repository},
    script::{Script, broken, no_connection, not_allowed, now, timed_out, told},
};

const PRIMARY: &str = r#"{"message":"API rate limit exceeded for user ID 583231."}"#;
const SECONDARY: &str =
    r#"{"message":"You have exceeded a secondary rate limit. Please wait a few minutes."}"#;

#[test]
fn a_limit_says_when_to_try_again_in_githubs_order() {
    // Now is 1795257067.
    let spent = ("x-ratelimit-remaining", "0");
    let left = ("x-ratelimit-remaining", "4711");
    let reset = ("x-ratelimit-reset", "1795257967");
    let cases = [
        Script::default().then(403, &[spent, reset], PRIMARY),
        Script::default().then(429, &[spent, reset], PRIMARY),
        Script::default().then(403, &[("retry-after", "30"), spent, reset], SECONDARY),
        Script::default().then(403, &[left, reset], SECONDARY),
        Script::default().then(429, &[], ""),
        Script::default().then(
            403,
            &[],
            r#"{"message":"You have triggered an abuse detection mechanism."}"#,
        ),
        Script::default().then(403, &[spent, ("x-ratelimit-reset", "1795250000")], PRIMARY),
        Script::default().then(403, &[spent], PRIMARY),
        Script::default().then(
            403,
            &[spent, ("x-ratelimit-reset", "99999999999999")],
            PRIMARY,
        ),
    ];
    let told: Vec<String> = cases.iter().map(|script| told(read(script))).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
retry after 901 s: reading pull request acme/shop#7: GitHub answered 403 "API rate limit exceeded
    for user ID 583231."
retry after 901 s: reading pull request acme/shop#7: GitHub answered 429 "API rate limit exceeded
    for user ID 583231."
retry after 30 s: reading pull request acme/shop#7: GitHub answered 403 "You have exceeded a
    secondary rate limit. Please wait a few minutes."
retry after 60 s: reading pull request acme/shop#7: GitHub answered 403 "You have exceeded a
    secondary rate limit. Please wait a few minutes."
retry after 60 s: reading pull request acme/shop#7: GitHub answered 429
retry after 60 s: reading pull request acme/shop#7: GitHub answered 403 "You have triggered an abuse
    detection mechanism."
retry after 1 s: reading pull request acme/shop#7: GitHub answered 403 "API rate limit exceeded for
    user ID 583231."
retry after 60 s: reading pull request acme/shop#7: GitHub answered 403 "API rate limit exceeded for
    user ID 583231."
retry after 3600 s: reading pull request acme/shop#7: GitHub answered 403 "API rate limit exceeded
    for user ID 583231."
"#);
}

#[test]
fn a_lack_of_rights_is_for_a_person_to_mend() {
    let left = ("x-ratelimit-remaining", "4711");
    let not_accessible = r#"{"message":"Resource not accessible by personal access token"}"#;
    let cases = [
        Script::one(401, r#"{"message":"Bad credentials"}"#),
        Script::default().then(
            403,
            &[
                left,
                (
                    "x-accepted-github-permissions",
                    "issues=write; pull_requests=write",
                ),
            ],
            not_accessible,
        ),
        Script::default().then(
            403,
            &[
                left,
                ("x-accepted-github-permissions", "[click](https://evil)"),
            ],
            not_accessible,
        ),
        Script::default().then(
            403,
            &[left],
            r#"{"message":"Unable to create comment because issue is locked."}"#,
        ),
        Script::one(410, r#"{"message":"Issues are disabled for this repo"}"#),
        Script::one(
            422,
            r#"{"message":"Validation Failed","errors":[{"resource":"IssueComment","code":"unprocessable","field":"data"}]}"#,
        ),
        Script::one(404, r#"{"message":"Not Found"}"#),
    ];
    let told: Vec<String> = cases.iter().map(|script| told(comment(script))).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
refused: commenting on acme/shop#7: GitHub answered 401 "Bad credentials". The variable github_token
    must hold a token that is still valid
refused: commenting on acme/shop#7: GitHub answered 403 "Resource not accessible by personal access
    token". The token in github_token needs the permission issues=write; pull_requests=write
refused: commenting on acme/shop#7: GitHub answered 403 "Resource not accessible by personal access
    token". The token in github_token needs to read contents and actions, and to write pull requests
refused: commenting on acme/shop#7: GitHub answered 403 "Unable to create comment because issue is
    locked.". A person with write access must unlock the conversation
refused: commenting on acme/shop#7: GitHub answered 410 "Issues are disabled for this repo". Issues,
    and with them comments, may be switched off in the repository
refused: commenting on acme/shop#7: GitHub answered 422 "Validation Failed
    [{"code":"unprocessable","field":"data","resource":"IssueComment"}]"
refused: commenting on acme/shop#7: GitHub answered 404 "Not Found". The repository must exist, and
    the token in github_token have access to it
"#);
}

#[test]
fn a_limit_on_a_write_means_that_nothing_was_written_and_a_lost_answer_does_not() {
    let limited = Script::default().then(403, &[("retry-after", "60")], SECONDARY);
    assert!(matches!(
        comment(&limited),
        Err(CallError::Retry { after: Some(_), .. })
    ));
    for script in [
        Script::one(502, "Bad Gateway"),
        Script::one(500, r#"{"message":"Server Error"}"#),
        Script::one(201, "{"),
        Script::default().then_fails(timed_out()),
        Script::default().then_fails(broken()),
    ] {
        let error = comment(&script).unwrap_err();
        assert!(matches!(error, CallError::Unknown { .. }), "{error:?}");
    }
    let error = comment(&Script::default().then_fails(no_connection())).unwrap_err();
    assert!(
        matches!(error, CallError::Retry { after: None, .. }),
        "{error:?}"
    );
}

#[test]
fn a_read_is_repeated_whatever_happened_to_it() {
    let cases = [
        Script::default().then_fails(timed_out()),
        Script::default().then_fails(broken()),
        Script::default().then_fails(no_connection()),
        Script::one(502, "<html><h1>502 Bad Gateway</h1>"),
        Script::default().then(
            503,
            &[("retry-after", "120")],
            r#"{"message":"Service Unavailable"}"#,
        ),
        Script::one(204, ""),
    ];
    let told: Vec<String> = cases.iter().map(|script| told(read(script))).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
retry: reading pull request acme/shop#7: no answer from https://vendor.example:443 within 30 s
retry: reading pull request acme/shop#7: the answer from https://vendor.example:443 broke off:
    connection reset
retry: reading pull request acme/shop#7: no connection to https://vendor.example:443: connection
    refused
retry: reading pull request acme/shop#7: GitHub answered 502 "<html><h1>502 Bad Gateway</h1>"
retry after 120 s: reading pull request acme/shop#7: GitHub answered 503 "Service Unavailable"
retry: reading pull request acme/shop#7: GitHub answered 204
"#);
}

#[test]
fn a_host_that_slipway_may_not_reach_is_named_with_its_variable() {
    let script = Script::default().then_fails(not_allowed("https://api.github.com:443"));
    insta::assert_snapshot!(told(read(&script)), @"
refused: reading pull request acme/shop#7: the request to https://api.github.com:443 is not allowed:
    not in allowed_outbound_hosts. The variable github_api_url must name a host that Slipway may
    reach
");
}

fn comment(script: &Script) -> Result<vendors::github::Comment, CallError> {
    now(client(script).create_comment(repository(&name()), PullRequestNumber(7), "hello"))
}
