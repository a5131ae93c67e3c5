//! Deployments and their statuses.

use domain::CommitSha;
use serde_json::json;
use vendors::github::{Deletion, Deployment, Status};

use crate::{
    github_pull_request::{client, name, repository},
    script::{Script, now, timed_out, told},
};

/// What was asked, with a line for each field of the body, and the commit as `<sha>`.
fn asked(script: &Script) -> String {
    let asked = script.asked().replace(commit().as_str(), "<sha>");
    asked.replace(",\"", ",\n\"")
}

fn commit() -> CommitSha {
    "a".repeat(40).parse().expect("a commit")
}

fn deployment(commit: &CommitSha) -> Deployment<'_> {
    Deployment {
        commit,
        environment: "production",
        mark: "release/1/web/production:7",
        description: "web",
        transient: false,
        production: true,
    }
}

fn status() -> Status<'static> {
    Status {
        state: "success",
        description: "released and found healthy",
        environment_url: Some("https://shop.example.com"),
        log_url: None,
    }
}

#[test]
fn a_deployment_merges_nothing_and_waits_for_no_status_of_the_commit() {
    let script = Script::one(201, r#"{"id":42,"payload":{}}"#);
    let commit = commit();
    let made = now(client(&script).create_deployment(repository(&name()), deployment(&commit)));
    assert_eq!(told(made), "42");
    insta::assert_snapshot!(asked(&script), @r#"
    POST https://api.github.com/repos/acme/shop/deployments
    accept: "application/vnd.github+json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    x-github-api-version: "2022-11-28"
    content-type: "application/json"
    time limit: 30 s
    {"ref":"<sha>",
    "environment":"production",
    "description":"web",
    "payload":{"slipway":"release/1/web/production:7"},
    "transient_environment":false,
    "production_environment":true,
    "auto_merge":false,
    "required_contexts":[]}
    "#);
}

#[test]
fn a_deployment_is_found_again_by_its_mark_in_whatever_form_github_shows_it() {
    let page = json!([
        {"id": 9, "payload": {"slipway": "another"}},
        {"id": 8, "payload": r#"{"slipway":"release/1/web/production:7"}"#},
        {"id": 6, "payload": {"slipway": "release/1/web/production:7"}},
        {"id": 5, "payload": ""},
        {"id": 4, "payload": 7},
    ]);
    let script = Script::one(200, &page.to_string());
    let commit = commit();
    let found = now(client(&script).find_deployment(repository(&name()), deployment(&commit)));
    assert_eq!(
        told(found),
        "Some(6)",
        "the oldest of two that were made at once"
    );
    let lines = script.lines().join("\n");
    insta::assert_snapshot!(
        lines.replace(commit.as_str(), "<sha>"),
        @"GET https://api.github.com/repos/acme/shop/deployments?sha=<sha>&environment=production&per_page=100"
    );
    let script = Script::one(200, "[]");
    let none = now(client(&script).find_deployment(repository(&name()), deployment(&commit)));
    assert_eq!(told(none), "None");
}

#[test]
fn what_did_not_work_is_told_by_what_to_do_next() {
    let commit = commit();
    let make = |script: &Script| {
        told(now(
            client(script).create_deployment(repository(&name()), deployment(&commit))
        ))
    };
    let answers = [
        // GitHub merged the default branch instead (VENDORS 4.5): never asked for.
        make(&Script::one(
            202,
            r#"{"message":"Auto-merged main into x on deployment."}"#,
        )),
        make(&Script::one(
            409,
            r#"{"message":"Conflict: Commit status checks failed."}"#,
        )),
        make(&Script::one(422, r#"{"message":"No ref found for: x"}"#)),
        make(&Script::one(
            403,
            r#"{"message":"Resource not accessible by integration"}"#,
        )),
        make(&Script::default().then_fails(timed_out())),
    ];
    insta::assert_snapshot!(answers.join("\n"), @r#"
    unknown: making a deployment of acme/shop to production: GitHub answered 202 "Auto-merged main into
        x on deployment."
    refused: making a deployment of acme/shop to production: GitHub answered 409 "Conflict: Commit
        status checks failed."
    refused: making a deployment of acme/shop to production: GitHub answered 422 "No ref found for: x"
    refused: making a deployment of acme/shop to production: GitHub answered 403 "Resource not
        accessible by integration". The token in github_token needs to read contents and actions, and to
        write pull requests
    unknown: making a deployment of acme/shop to production: no answer from https://vendor.example:443
        within 30 s
    "#);
}

#[test]
fn a_status_is_set_and_may_be_set_again() {
    let script = Script::one(201, r#"{"id":1}"#);
    let set = now(client(&script).set_deployment_status(repository(&name()), 42, status()));
    assert_eq!(told(set), "true");
    insta::assert_snapshot!(asked(&script), @r#"
    POST https://api.github.com/repos/acme/shop/deployments/42/statuses
    accept: "application/vnd.github+json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    x-github-api-version: "2022-11-28"
    content-type: "application/json"
    time limit: 30 s
    {"state":"success",
    "description":"released and found healthy",
    "environment_url":"https://shop.example.com",
    "auto_inactive":true}
    "#);
    let script = Script::one(404, r#"{"message":"Not Found"}"#);
    let gone = now(client(&script).set_deployment_status(repository(&name()), 42, status()));
    assert_eq!(told(gone), "false");
    let script = Script::default().then_fails(timed_out());
    let lost = now(client(&script).set_deployment_status(repository(&name()), 42, status()));
    assert!(told(lost).starts_with("retry"), "a second one is harmless");
}

#[test]
fn our_deployments_to_an_environment_are_listed_by_the_beginning_of_their_marks() {
    let page = json!([
        {"id": 9, "payload": {"slipway": "preview/1/7:b"}},
        {"id": 8, "payload": {"slipway": "preview/1/70:a"}},
        {"id": 6, "payload": r#"{"slipway":"preview/1/7:a"}"#},
        {"id": 5, "payload": {}},
    ]);
    let script = Script::one(200, &page.to_string());
    let found = now(client(&script).marked_deployments(
        repository(&name()),
        "preview-pr-7",
        "preview/1/7:",
    ));
    assert_eq!(found.unwrap(), [6, 9]);
    assert!(
        script.asked().starts_with(
            "GET https://api.github.com/repos/acme/shop/deployments?environment=preview-pr-7&per_page=100"
        ),
        "{}",
        script.asked()
    );
}

#[test]
fn only_what_is_inactive_is_deleted_and_what_is_gone_is_fine() {
    let active = r#"{"message":"We cannot delete an active deployment unless it is the only deployment in a given environment."}"#;
    for (status, body, expected) in [
        (204, "", Deletion::Gone),
        (404, r#"{"message":"Not Found"}"#, Deletion::Gone),
        (422, active, Deletion::Active),
    ] {
        let script = Script::one(status, body);
        let deleted = now(client(&script).delete_deployment(repository(&name()), 42));
        assert_eq!(deleted.unwrap(), expected, "{status}");
    }
    let script = Script::one(503, "");
    now(client(&script).delete_deployment(repository(&name()), 42)).unwrap_err();
}

#[test]
fn an_environment_is_deleted_if_the_token_may() {
    let refused = r#"{"message":"Must have admin rights to Repository."}"#;
    for (status, body, expected) in [
        (204, "", true),
        (404, r#"{"message":"Not Found"}"#, true),
        (403, refused, false),
    ] {
        let script = Script::one(status, body);
        let gone = now(client(&script).delete_environment(repository(&name()), "preview-pr-7"));
        assert_eq!(gone.unwrap(), expected, "{status}");
    }
}
