//! The one comment on a pull request.

use domain::PullRequestNumber;
use serde_json::{Value, json};
use vendors::{
    CallError,
    github::{Comment, Update},
};

use crate::{
    github_pull_request::{client, name, repository},
    script::{Script, now, timed_out, told},
};

const MARKER: &str = "<!-- slipway:preview -->";
const OWN: u64 = 583_231;

fn comment(id: u64, author: u64, body: &str, created_at: &str) -> Value {
    json!({
        "id": id, "node_id": "MDEyOklzc3VlQ29tbWVudDE=", "url": "https://api.github.com/x",
        "html_url": format!("https://github.com/acme/shop/pull/7#issuecomment-{id}"), "body": body,
        "user": {"login": "octocat", "id": author, "type": "User"}, "created_at": created_at, "updated_at": created_at,
        "issue_url": "https://api.github.com/repos/acme/shop/issues/7", "author_association": "COLLABORATOR",
        "performed_via_github_app": null
    })
}

fn own_comments(script: &Script) -> Result<Vec<Comment>, CallError> {
    now(client(script).own_comments(repository(&name()), PullRequestNumber(7), MARKER, OWN))
}

fn create(script: &Script) -> Result<Comment, CallError> {
    now(client(script).create_comment(
        repository(&name()),
        PullRequestNumber(7),
        "Waiting for the build\n<!-- slipway:preview -->",
    ))
}

fn update(script: &Script) -> Result<Update, CallError> {
    now(client(script).update_comment(repository(&name()), 33, "Ready"))
}

fn delete(script: &Script) -> Result<(), CallError> {
    now(client(script).delete_comment(repository(&name()), 33))
}

#[test]
fn own_comments_are_found_on_all_pages_by_marker_and_author_oldest_first() {
    let marked = format!("hello {MARKER}");
    let page = "https://api.github.com/repositories/1296269/issues/7/comments?per_page=20&page=2";
    let next = format!(r#"<{page}>; rel="next", <{page}>; rel="last""#);
    let mut ghost = comment(4, 0, &marked, "2026-11-21T10:00:00Z");
    ghost["user"] = Value::Null;
    let mut empty = comment(5, OWN, "", "2026-11-21T10:00:00Z");
    empty["body"] = Value::Null;
    let first = json!([
        comment(1, 99, &marked, "2026-11-21T10:00:00Z"),
        comment(2, OWN, "thanks!", "2026-11-21T10:01:00Z"),
        comment(9, OWN, &marked, "2026-11-21T10:09:00Z"),
        ghost,
        empty,
    ]);
    let second = json!([
        comment(9, OWN, &marked, "2026-11-21T10:09:00Z"),
        comment(3, OWN, &marked, "2026-11-21T10:02:00Z")
    ]);
    let script = Script::default()
        .then(200, &[("link", &next)], &first.to_string())
        .then(200, &[], &second.to_string());
    let found = own_comments(&script).unwrap();
    let ids: Vec<u64> = found.iter().map(|comment| comment.id).collect();
    assert_eq!(
        ids,
        [3, 9],
        "somebody else's, the unmarked, the ghost's and the doubled one do not count"
    );
    insta::assert_debug_snapshot!(found.first(), @r#"
Some(
    Comment {
        id: 3,
        author: Some(
            583231,
        ),
        body: "hello <!-- slipway:preview -->",
        created_at: 2026-11-21T10:02:00Z,
        html_url: "https://github.com/acme/shop/pull/7#issuecomment-3",
    },
)
"#);
    insta::assert_snapshot!(script.lines().join("\n"), @"
GET https://api.github.com/repos/acme/shop/issues/7/comments?per_page=20
GET https://api.github.com/repositories/1296269/issues/7/comments?per_page=20&page=2
");
}

#[test]
fn a_next_page_on_another_host_is_refused_and_the_token_stays() {
    let script = Script::default().then(
        200,
        &[("link", r#"<https://evil.example/x>; rel="next""#)],
        "[]",
    );
    insta::assert_snapshot!(told(own_comments(&script)), @"
refused: reading the comments of acme/shop#7: GitHub's next page is on another host. The variable
    github_api_url must be the API's own address
");
    assert_eq!(
        script.lines().len(),
        1,
        "nothing may be sent to the other host"
    );
}

#[test]
fn a_page_that_fails_fails_the_whole_list() {
    let next = r#"<https://api.github.com/x?page=2>; rel="next""#;
    let script = Script::default()
        .then(200, &[("link", next)], "[]")
        .then(502, &[], "Bad Gateway");
    insta::assert_snapshot!(told(own_comments(&script)), @r#"
retry: reading the comments of acme/shop#7: GitHub answered 502 "Bad Gateway"
"#);
}

#[test]
fn a_comment_is_created() {
    let script = Script::one(
        201,
        &comment(33, OWN, "Waiting", "2026-11-21T10:31:07Z").to_string(),
    );
    let created = create(&script).unwrap();
    assert_eq!((created.id, created.author), (33, Some(OWN)));
    insta::assert_snapshot!(script.asked(), @r#"
POST https://api.github.com/repos/acme/shop/issues/7/comments
accept: "application/vnd.github+json"
authorization: Sensitive
user-agent: "slipway/0.0.0"
x-github-api-version: "2022-11-28"
content-type: "application/json"
time limit: 30 s
{"body":"Waiting for the build\n<!-- slipway:preview -->"}
"#);
}

#[test]
fn a_proxys_page_is_no_edit() {
    let other = comment(34, OWN, "Ready", "2026-11-21T10:31:07Z").to_string();
    for answer in ["<html>Welcome</html>", "{}", other.as_str()] {
        let edited = update(&Script::one(200, answer));
        assert!(
            matches!(edited, Err(CallError::Retry { .. })),
            "{answer}: {edited:?}"
        );
    }
}

#[test]
fn a_comment_is_changed_or_gone() {
    let script = Script::one(
        200,
        &comment(33, OWN, "Ready", "2026-11-21T10:31:07Z").to_string(),
    );
    assert_eq!(update(&script).unwrap(), Update::Updated);
    insta::assert_snapshot!(script.asked(), @r#"
PATCH https://api.github.com/repos/acme/shop/issues/comments/33
accept: "application/vnd.github+json"
authorization: Sensitive
user-agent: "slipway/0.0.0"
x-github-api-version: "2022-11-28"
content-type: "application/json"
time limit: 30 s
{"body":"Ready"}
"#);
    assert_eq!(
        update(&Script::one(404, r#"{"message":"Not Found"}"#)).unwrap(),
        Update::Gone
    );
    let told = [
        told(update(&Script::one(404, "no such site"))),
        told(update(&Script::default().then_fails(timed_out()))),
        told(update(&Script::one(
            403,
            r#"{"message":"Unable to update comment because issue is locked."}"#,
        ))),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
retry: editing comment 33 of acme/shop: GitHub answered 404 "no such site". That is not GitHub's way
    to say so: a proxy in front of it answered
retry: editing comment 33 of acme/shop: no answer from https://vendor.example:443 within 30 s
refused: editing comment 33 of acme/shop: GitHub answered 403 "Unable to update comment because
    issue is locked.". A person with write access must unlock the conversation
"#);
}

#[test]
fn a_comment_is_deleted_once_and_one_that_is_gone_is_fine() {
    let script = Script::one(204, "");
    delete(&script).unwrap();
    insta::assert_snapshot!(script.asked(), @r#"
DELETE https://api.github.com/repos/acme/shop/issues/comments/33
accept: "application/vnd.github+json"
authorization: Sensitive
user-agent: "slipway/0.0.0"
x-github-api-version: "2022-11-28"
time limit: 30 s
"#);
    delete(&Script::one(404, r#"{"message":"Not Found"}"#)).unwrap();
    let lost = delete(&Script::default().then_fails(timed_out())).unwrap_err();
    assert!(
        matches!(lost, CallError::Retry { .. }),
        "a repeat is harmless: {lost:?}"
    );
}
