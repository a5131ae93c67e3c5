//! People who authorize the App: their tokens, and what they may see.

use std::time::Duration;

use domain::{Timestamp, preview::Permission};
use ports::HttpError;
use serde_json::json;
use vendors::{
    CallError,
    github::{Authorization, Grant},
};

use crate::script::{Script, Still, now};

const GRANT: Grant<'_> = Grant {
    code: "c0de-0123456789",
    verifier: "verifier-0123456789",
    redirect_uri: "https://slipway.example.com/back?a=b&c",
};

fn github(script: &Script) -> Authorization<&Script, Still> {
    Authorization {
        http: script,
        clock: Still(Timestamp::from_milliseconds(1_795_257_000_000)),
        github_url: "https://github.com".to_owned(),
        github_api_url: "https://api.github.com".to_owned(),
        client_id: "Iv23".to_owned(),
        client_secret: "client-secret".to_owned(),
    }
}

#[test]
fn a_code_is_exchanged_with_its_verifier_and_the_refresh_token_is_dropped() {
    let answer = json!({
        "access_token": "ghu_1", "expires_in": 28_800, "refresh_token": "ghr_1", "refresh_token_expires_in": 15_897_600,
        "scope": "", "token_type": "bearer",
    });
    let script = Script::one(200, &answer.to_string());
    let token = now(github(&script).exchange(GRANT)).unwrap();
    assert_eq!(token.secret, "ghu_1");
    assert_eq!(token.lasts, Some(Duration::from_secs(28_800)));
    insta::assert_snapshot!(script.asked(), @r#"
    POST https://github.com/login/oauth/access_token
    accept: "application/json"
    content-type: "application/x-www-form-urlencoded"
    user-agent: "slipway/0.0.0"
    time limit: 10 s
    client_id=Iv23&client_secret=client-secret&code=c0de-0123456789&code_verifier=verifier-0123456789&redirect_uri=https%3A%2F%2Fslipway.example.com%2Fback%3Fa%3Db%26c
    "#);
}

#[test]
fn what_github_refuses_it_tells_with_200_and_no_secret_is_told_on() {
    let told =
        |status: u16, body: &str| match now(github(&Script::one(status, body)).exchange(GRANT)) {
            Ok(_) => panic!("{body} is no token"),
            Err(error) => format!("{error:?}"),
        };
    insta::assert_snapshot!([
        told(200, r#"{"error":"bad_verification_code","error_description":"The code c0de-0123456789 is incorrect or expired."}"#),
        told(200, r#"{"error":"incorrect_client_credentials"}"#),
        told(200, r#"{"access_token":"ghu_ with a blank"}"#),
        told(200, "access_token=ghu_1"),
        told(404, r#"{"error":"Not Found"}"#),
        told(503, "client-secret"),
    ].join("\n"), @r#"
    Refused { reason: "exchanging GitHub's code for a person's token: GitHub answered \"bad_verification_code: The code [secret] is incorrect or expired.\"" }
    Refused { reason: "exchanging GitHub's code for a person's token: GitHub answered \"incorrect_client_credentials:\"" }
    Unknown { reason: "exchanging GitHub's code for a person's token: GitHub answered 200 with something else than expected (no access_token and no error)" }
    Unknown { reason: "exchanging GitHub's code for a person's token: GitHub answered 200 with something else than expected (no access_token and no error)" }
    Retry { reason: "exchanging GitHub's code for a person's token: GitHub answered 404 \"{\"error\":\"Not Found\"}\". That is not GitHub's way to say so: a proxy in front of it answered", after: None }
    Unknown { reason: "exchanging GitHub's code for a person's token: GitHub answered 503 \"[secret]\"" }
    "#);
}

#[test]
fn what_a_person_may_see_is_read_page_by_page() {
    let many: Vec<_> = (0..100)
        .map(|id| json!({ "id": id, "permissions": { "pull": true } }))
        .collect();
    let last = json!([
        { "id": 200, "permissions": { "admin": true, "push": true, "pull": true } },
        { "id": 201, "permissions": { "maintain": true, "pull": true } },
        { "id": 202, "permissions": { "push": true, "pull": true } },
        { "id": 203, "permissions": { "triage": true } },
        { "id": 204, "permissions": { "pull": false } },
        { "id": 205 },
    ]);
    let installations =
        json!([{ "id": 1 }, { "id": 2, "suspended_at": "2026-01-01T00:00:00Z" }, { "id": 3 }]);
    let script = Script::one(200, &json!({ "installations": installations }).to_string())
        .then(200, &[], &json!({ "repositories": many }).to_string())
        .then(200, &[], &json!({ "repositories": last }).to_string())
        .then(404, &[], r#"{"message":"Not Found"}"#);
    let access = now(github(&script).access("ghu_1"))
        .unwrap()
        .expect("a good token");
    let of = |id| access.repositories.get(&domain::RepositoryId(id)).copied();
    assert_eq!(access.repositories.len(), 104);
    assert_eq!(of(0), Some(Permission::Read));
    assert_eq!(
        [of(200), of(201), of(202), of(203), of(204), of(205)],
        [
            Some(Permission::Admin),
            Some(Permission::Write),
            Some(Permission::Write),
            Some(Permission::Read),
            None,
            None
        ]
    );
    insta::assert_snapshot!(script.lines().join("\n"), @"
    GET https://api.github.com/user/installations?per_page=100&page=1
    GET https://api.github.com/user/installations/1/repositories?per_page=100&page=1
    GET https://api.github.com/user/installations/1/repositories?per_page=100&page=2
    GET https://api.github.com/user/installations/3/repositories?per_page=100&page=1
    ");
}

#[test]
fn a_token_that_has_ended_is_no_error_and_a_limit_or_an_outage_is_no_answer() {
    let asked = |script: Script| now(github(&script).access("ghu_1"));
    let ended = asked(Script::one(401, r#"{"message":"Bad credentials"}"#));
    assert_eq!(ended, Ok(None));
    let limits = [
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "9999999999"),
    ];
    let limited = Script::default().then(403, &limits, r#"{"message":"API rate limit exceeded"}"#);
    assert!(matches!(asked(limited), Err(CallError::Retry { .. })));
    let down = asked(Script::one(502, "<html>"));
    assert!(matches!(down, Err(CallError::Retry { .. })));
    let lost = HttpError::TimedOut {
        host: "https://api.github.com".to_owned(),
        seconds: 10,
    };
    let nothing = asked(Script::default().then_fails(lost));
    assert!(matches!(nothing, Err(CallError::Retry { .. })));
}

#[test]
fn a_token_is_ended_with_the_apps_own_credentials_and_one_that_is_gone_is_no_error() {
    let script = Script::one(204, "");
    now(github(&script).revoke("ghu_0123456789")).unwrap();
    insta::assert_snapshot!(script.asked(), @r#"
    DELETE https://api.github.com/applications/Iv23/token
    authorization: Sensitive
    accept: "application/vnd.github+json"
    user-agent: "slipway/0.0.0"
    x-github-api-version: "2022-11-28"
    content-type: "application/json"
    time limit: 10 s
    {"access_token":"ghu_0123456789"}
    "#);
    assert_eq!(now(github(&Script::one(422, "{}")).revoke("ghu_1")), Ok(()));
    let refused =
        now(github(&Script::one(401, r#"{"message":"Bad credentials"}"#)).revoke("ghu_1"));
    assert!(refused.is_err());
}
