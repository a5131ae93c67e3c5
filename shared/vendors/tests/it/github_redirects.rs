//! Renamed repositories: GitHub redirects, and the token goes to GitHub alone.

use domain::PullRequestNumber;

use crate::{
    github_pull_request::{client, name, pull_request, read, repository},
    script::{Script, now, told},
};

const MOVED: &str = r#"{"message":"Moved Permanently","url":"https://api.github.com/repositories/1296269/pulls/7"}"#;

#[test]
fn a_renamed_repository_is_followed_and_its_present_name_is_told() {
    let mut body = pull_request();
    body["base"]["repo"]["full_name"] = "acme/store".into();
    let script = Script::default()
        .then(
            301,
            &[(
                "location",
                "https://api.github.com/repositories/1296269/pulls/7",
            )],
            MOVED,
        )
        .then(200, &[], &body.to_string());
    let read = read(&script).unwrap().unwrap();
    assert_eq!(read.repository.as_str(), "acme/store");
    insta::assert_snapshot!(script.asked(), @r#"
GET https://api.github.com/repos/acme/shop/pulls/7
accept: "application/vnd.github+json"
authorization: Sensitive
user-agent: "slipway/0.0.0"
x-github-api-version: "2022-11-28"
time limit: 30 s
---
GET https://api.github.com/repositories/1296269/pulls/7
accept: "application/vnd.github+json"
authorization: Sensitive
user-agent: "slipway/0.0.0"
x-github-api-version: "2022-11-28"
time limit: 30 s
"#);
}

#[test]
fn a_write_is_repeated_as_it_was_at_the_new_place() {
    let comment = r#"{"id":1,"body":"hello","user":{"id":5},"created_at":"2026-11-21T10:31:07Z","html_url":""}"#;
    let script = Script::default()
        .then(
            307,
            &[("location", "/repositories/1296269/issues/7/comments")],
            MOVED,
        )
        .then(201, &[], comment);
    now(client(&script).create_comment(repository(&name()), PullRequestNumber(7), "hello"))
        .unwrap();
    insta::assert_snapshot!(script.asked(), @r#"
POST https://api.github.com/repos/acme/shop/issues/7/comments
accept: "application/vnd.github+json"
authorization: Sensitive
user-agent: "slipway/0.0.0"
x-github-api-version: "2022-11-28"
content-type: "application/json"
time limit: 30 s
{"body":"hello"}
---
POST https://api.github.com/repositories/1296269/issues/7/comments
accept: "application/vnd.github+json"
authorization: Sensitive
user-agent: "slipway/0.0.0"
x-github-api-version: "2022-11-28"
content-type: "application/json"
time limit: 30 s
{"body":"hello"}
"#);
}

#[test]
fn a_redirect_to_another_host_is_refused_and_the_token_stays() {
    for location in [
        "https://evil.example/x",
        "http://api.github.com/x",
        "https://api.github.com:8443/x",
        "//evil.example/x",
    ] {
        let script = Script::default().then(301, &[("location", location)], MOVED);
        let told = told(read(&script));
        assert!(told.starts_with("refused: "), "{location}: {told}");
        assert_eq!(script.lines().len(), 1, "nothing may be sent to {location}");
    }
    let without = Script::one(301, MOVED);
    insta::assert_snapshot!(told(read(&without)), @r#"
refused: reading pull request acme/shop#7: GitHub answered 301 "Moved Permanently". Requests are not
    followed elsewhere: the variable github_api_url should be the final address
"#);
}

#[test]
fn redirects_in_a_loop_come_to_an_end() {
    let mut script = Script::default();
    for _ in 0..4 {
        script = script.then(302, &[("location", "/repos/acme/shop/pulls/7")], "");
    }
    insta::assert_snapshot!(told(read(&script)), @"
refused: reading pull request acme/shop#7: GitHub redirects in a loop. The repository's present name
    would be right
");
}
