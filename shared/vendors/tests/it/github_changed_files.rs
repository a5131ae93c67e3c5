//! Which files a pull request changes.

use std::ops::ControlFlow;

use domain::{CommitSha, PullRequestNumber};
use serde_json::{Value, json};
use vendors::{CallError, github::CHANGED_FILES_MAX};

use crate::{
    github_pull_request::{client, name, repository},
    script::{Script, now, told},
};

fn sha(digit: &str) -> CommitSha {
    digit.repeat(40).parse().expect("a commit")
}

fn file(path: &str, status: &str, commit: &str) -> Value {
    let contents = format!("https://api.github.com/repos/acme/shop/contents/{path}?ref={commit}");
    json!({"filename": path, "status": status, "contents_url": contents, "patch": "@@"})
}

/// The paths until the one that is enough, and whether there may be more files than were listed.
fn changed(script: &Script, enough: &str) -> Result<(Vec<String>, bool), CallError> {
    let mut seen = Vec::new();
    let take = |file: &vendors::github::ChangedFile| {
        seen.extend(file.paths().map(str::to_owned));
        match file.path == enough {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    let (name, number) = (name(), PullRequestNumber(7));
    let client = client(script);
    let incomplete = now(client.changed_files(repository(&name), number, &sha("a"), take))?;
    Ok((seen, incomplete))
}

const NEXT: &str =
    r#"<https://api.github.com/repositories/1296269/pulls/7/files?page=2>; rel="next""#;

#[test]
fn all_pages_are_read_and_a_renamed_file_counts_with_both_its_names() {
    let head = sha("a");
    let mut renamed = file("web/new.rs", "renamed", head.as_str());
    renamed["previous_filename"] = "api/old.rs".into();
    // Of what was removed GitHub names the commit that still had it.
    let removed = file("docs/gone.md", "removed", sha("0").as_str());
    let script = Script::default()
        .then(200, &[("link", NEXT)], &json!([removed]).to_string())
        .then(200, &[], &json!([renamed]).to_string());
    let read = changed(&script, "").unwrap();
    let expected = ["docs/gone.md", "web/new.rs", "api/old.rs"].map(str::to_owned);
    assert_eq!(read, (expected.to_vec(), false));
    insta::assert_snapshot!(script.lines().join("\n"), @"
    GET https://api.github.com/repos/acme/shop/pulls/7/files?per_page=100
    GET https://api.github.com/repositories/1296269/pulls/7/files?page=2
    ");
}

#[test]
fn no_page_is_read_beyond_what_is_enough() {
    let list = json!([
        file("a", "added", sha("a").as_str()),
        file("b", "added", "")
    ]);
    let script = Script::default().then(200, &[("link", NEXT)], &list.to_string());
    assert_eq!(
        changed(&script, "a").unwrap(),
        (vec!["a".to_owned()], false)
    );
    assert_eq!(script.lines().len(), 1);
}

#[test]
fn as_many_files_as_github_lists_may_not_be_all() {
    let page = |count: usize| {
        let files = (0..count).map(|number| file(&number.to_string(), "added", sha("a").as_str()));
        Value::Array(files.collect()).to_string()
    };
    let lists = |last: usize, further: &[(&str, &str)]| {
        let pages = CHANGED_FILES_MAX / 100;
        let script = (1..pages).fold(Script::default(), |script, _| {
            script.then(200, &[("link", NEXT)], &page(100))
        });
        script.then(200, further, &page(last))
    };
    for (script, incomplete) in [
        (lists(99, &[]), false),
        (lists(100, &[]), true),
        (lists(100, &[("link", NEXT)]), true),
    ] {
        assert_eq!(changed(&script, "").unwrap().1, incomplete);
    }
}

#[test]
fn the_files_of_another_head_commit_are_not_taken_for_those_of_this_one() {
    let list = json!([file("a", "modified", sha("b").as_str())]).to_string();
    insta::assert_snapshot!(told(changed(&Script::one(200, &list), "")), @"
    retry: listing the files of acme/shop#7: GitHub's API shows the files of another head commit
    ");
    let nothing = changed(&Script::one(200, "[]"), "").unwrap();
    assert_eq!(nothing, (Vec::new(), false));
}
