//! What a merged pull request became.

use domain::{CommitSha, PullRequestNumber};
use serde_json::{Value, json};
use vendors::CallError;

use crate::{
    github_pull_request::{client, name, pull_request, repository},
    script::{Script, now, told},
};

const MERGED: &str = "0c1d7e4b8a6035c1d7e4b8a60359f2c1d7e4b89f";

/// Pull request 7 with these fields.
fn with(fields: &Value) -> String {
    let mut shown = pull_request();
    for (name, value) in fields.as_object().into_iter().flatten() {
        shown[name] = value.clone();
    }
    shown.to_string()
}

fn read(script: &Script) -> Result<Option<CommitSha>, CallError> {
    now(client(script).merge_commit(repository(&name()), PullRequestNumber(7)))
}

#[test]
fn a_merged_pull_request_became_a_commit_and_one_that_is_not_became_none() {
    let merged = json!({ "state": "closed", "merged": true, "merge_commit_sha": MERGED });
    let script = Script::one(200, &with(&merged));
    let commit = read(&script).unwrap();
    assert_eq!(
        commit.map(|commit| commit.to_string()).as_deref(),
        Some(MERGED)
    );
    let asked = script.asked();
    assert!(
        asked.starts_with("GET https://api.github.com/repos/acme/shop/pulls/7"),
        "{asked}"
    );
    // While it is open GitHub names the commit of a merge that it only tried.
    let open = json!({ "state": "open", "merged": false, "merge_commit_sha": MERGED });
    for fields in [open, json!({ "state": "closed", "merge_commit_sha": null })] {
        assert_eq!(
            read(&Script::one(200, &with(&fields))).unwrap(),
            None,
            "{fields}"
        );
    }
}

#[test]
fn another_pull_request_and_a_failure_are_no_answer() {
    let another = with(&json!({ "number": 8, "merged": true, "merge_commit_sha": MERGED }));
    let found = [
        (200, another.as_str()),
        (404, r#"{"message":"Not Found"}"#),
        (502, ""),
    ]
    .map(|(status, body)| told(read(&Script::one(status, body))));
    insta::assert_snapshot!(found.join("\n"), @r#"
    retry: reading what pull request acme/shop#7 became: GitHub answered 200 with something else than
        expected (another pull request)
    refused: reading what pull request acme/shop#7 became: GitHub answered 404 "Not Found". The
        repository must exist, and the token in github_token have access to it
    retry: reading what pull request acme/shop#7 became: GitHub answered 502
    "#);
}
