use domain::CommitSha;
use serde_json::{Value, json};

use super::*;

fn payload() -> Value {
    json!({
        "action": "synchronize",
        "number": 7,
        "pull_request": {
            "updated_at": "2026-11-21T10:31:07Z",
            "state": "open",
            "title": "Fix the \"login\"",
            "user": { "login": "octocat", "id": 1 },
            "draft": false,
            "merged": false,
            "labels": [{ "name": "preview" }, { "name": "bug" }],
            "head": { "ref": "fix-login", "sha": "6dcb09b5b57875f334f61aebed695e2e4193db5e", "repo": { "id": 42 } },
            "base": { "ref": "main", "sha": "0000000000000000000000000000000000000000", "repo": { "id": 42 } }
        },
        "repository": { "id": 42, "full_name": "acme/shop", "default_branch": "main", "private": true }
    })
}

/// The payload with `value` at `pointer`; taken out if it is none.
fn with(pointer: &str, value: Option<Value>) -> Value {
    let mut payload = payload();
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let parent = payload
        .pointer_mut(parent)
        .unwrap()
        .as_object_mut()
        .unwrap();
    match value {
        Some(value) => parent.insert(field.to_owned(), value),
        None => parent.remove(field),
    };
    payload
}

fn parse(payload: &Value) -> Result<PullRequestEvent, Malformed> {
    pull_request_event(payload.to_string().as_bytes())
}

#[test]
fn a_delivery_becomes_a_sighting_of_the_pull_request() {
    insta::assert_debug_snapshot!(parse(&payload()).unwrap(), @r#"
    PullRequestEvent {
        action: Synchronize,
        repository: RepositoryId(
            42,
        ),
        number: PullRequestNumber(
            7,
        ),
        pull_request: PullRequest {
            updated_at: 2026-11-21T10:31:07Z,
            state: Open,
            title: "Fix the \"login\"",
            author: "octocat",
            draft: false,
            labels: [
                "preview",
                "bug",
            ],
            head_branch: "fix-login",
            head_commit: 6dcb09b,
            head_repository: Some(
                RepositoryId(
                    42,
                ),
            ),
            base_branch: "main",
            repository: acme/shop,
            default_branch: "main",
            archived: false,
        },
        label_added: None,
        label_removed: None,
    }
    "#);
}

#[test]
fn a_label_is_told_with_who_put_it_on_and_for_which_commit() {
    let mut payload = with("/label", Some(json!({ "id": 5, "name": "preview" })));
    payload["action"] = json!("labeled");
    payload["sender"] = json!({ "login": "grace", "id": 9, "type": "User" });
    let event = parse(&payload).unwrap();
    assert!(!event.is_of_fork());
    insta::assert_debug_snapshot!(event.label_added, @r#"
    Some(
        LabelAdded {
            label: "preview",
            account: 9,
            login: "grace",
            commit: 6dcb09b,
            as_of: 2026-11-21T10:31:07Z,
        },
    )
    "#);
    payload["sender"] = json!({ "login": "grace" });
    assert_eq!(
        parse(&payload).unwrap().label_added,
        None,
        "nobody is named"
    );
    payload["sender"] = json!({ "login": "grace", "id": 9 });
    payload["action"] = json!("unlabeled");
    assert_eq!(parse(&payload).unwrap().label_added, None);
}

#[test]
fn a_head_elsewhere_is_a_forks() {
    for repository in [json!({ "id": 43 }), Value::Null] {
        let event = parse(&with("/pull_request/head/repo", Some(repository))).unwrap();
        assert!(event.is_of_fork());
    }
}

#[test]
fn merged_is_told_from_closed() {
    let state = |merged: Option<Value>| {
        let mut payload = with("/pull_request/merged", merged);
        payload["pull_request"]["state"] = json!("closed");
        parse(&payload).unwrap().pull_request.state
    };
    assert_eq!(state(Some(json!(true))), PullRequestState::Merged);
    assert_eq!(state(Some(json!(false))), PullRequestState::Closed);
    assert_eq!(state(Some(Value::Null)), PullRequestState::Closed);
    assert_eq!(state(None), PullRequestState::Closed);
}

#[test]
fn the_repository_of_a_fork_that_was_deleted_is_unknown() {
    let event = parse(&with("/pull_request/head/repo", Some(Value::Null))).unwrap();
    assert_eq!(event.pull_request.head_repository, None);
}

#[test]
fn an_author_who_is_gone_is_shown_as_github_does() {
    let event = parse(&with("/pull_request/user", Some(Value::Null))).unwrap();
    assert_eq!(event.pull_request.author, "ghost");
}

#[test]
fn fields_that_nothing_needs_may_be_missing_or_anything() {
    for (pointer, value) in [
        ("/pull_request/draft", None),
        ("/pull_request/labels", None),
        ("/pull_request/base/sha", Some(json!(5))),
        ("/pull_request/base/repo", None),
        ("/repository/private", Some(json!("perhaps"))),
        ("/sender", Some(json!([[[]]]))),
    ] {
        parse(&with(pointer, value)).unwrap_or_else(|error| panic!("{pointer}: {error}"));
    }
}

#[test]
fn a_needed_field_that_is_wrong_is_named_with_what_was_expected() {
    let reasons: Vec<String> = [
        ("/pull_request/head/sha", Some(json!("xyz"))),
        ("/pull_request/head/sha", None),
        ("/pull_request/head", Some(json!([]))),
        ("/pull_request/updated_at", Some(json!("yesterday"))),
        ("/pull_request/state", Some(json!("ajar"))),
        ("/pull_request/labels", Some(json!([{ "name": 1 }]))),
        ("/number", Some(json!("7"))),
        ("/repository/full_name", Some(json!("acme/../shop"))),
        ("/action", Some(json!("assigned"))),
    ]
    .into_iter()
    .map(|(pointer, value)| {
        let payload = with(pointer, value);
        let reason = parse(&payload).unwrap_err();
        let over_many_lines = serde_json::to_vec_pretty(&payload).unwrap();
        assert_eq!(pull_request_event(&over_many_lines).unwrap_err(), reason);
        reason.to_string()
    })
    .collect();
    insta::assert_snapshot!(reasons.join("\n"), @r#"
    pull_request.head.sha: found "xyz", expected a commit SHA (40 or 64 lower-case hexadecimal digits)
    pull_request.head.sha: missing
    pull_request.head: found an array, expected an object
    pull_request.updated_at: found "yesterday", expected an RFC 3339 time such as 2026-11-21T10:31:07Z
    pull_request.state: unknown variant `ajar`, expected `open` or `closed`
    pull_request.labels[0].name: found integer `1`, expected a string
    number: found string "7", expected a whole number from 0
    repository.full_name: found "acme/../shop", expected a repository name (owner/name)
    action: found "assigned", expected one that concerns previews
    "#);
}

#[test]
fn an_edit_counts_when_the_base_or_the_title_changed() {
    let edited = |changes: Value| {
        let mut payload = with("/changes", Some(changes));
        payload["action"] = json!("edited");
        parse(&payload).map(|event| event.action).ok()
    };
    assert_eq!(
        edited(json!({ "base": { "ref": { "from": "main" } } })),
        Some(PullRequestAction::Edited)
    );
    assert_eq!(
        edited(json!({ "title": { "from": "Old" } })),
        Some(PullRequestAction::Edited)
    );
    assert_eq!(edited(json!({ "body": { "from": "Old" } })), None);
    assert_eq!(edited(json!({})), None);
}

#[test]
fn escapes_in_text_are_read() {
    let payload = payload().to_string().replace("octocat", "\\u006fctocat");
    let event = pull_request_event(payload.as_bytes()).unwrap();
    assert_eq!(event.pull_request.author, "octocat");
    assert_eq!(
        event.pull_request.head_commit,
        "6dcb09b5b57875f334f61aebed695e2e4193db5e"
            .parse::<CommitSha>()
            .unwrap()
    );
}
