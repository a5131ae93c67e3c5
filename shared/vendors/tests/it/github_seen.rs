//! What did not change is not read twice.

use domain::PullRequestNumber;
use vendors::github::FileContent;

use crate::{
    github_app::{Answers, Rest, client, reads, rest},
    github_pull_request::{name, pull_request, repository},
    script::{Script, now},
};

const ETAG: (&str, &str) = ("etag", "W/\"644b5b0155e6404a9cc4bd9d8b1ae730\"");

fn file(script: &Script, rest: &Rest) -> FileContent {
    let read = client(script, rest);
    now(read.file(repository(&name()), ".github/slipway.yml", "trunk")).expect("a file")
}

#[test]
fn what_github_says_is_still_the_same_is_taken_from_the_store() {
    let rest = rest();
    let page = pull_request().to_string();
    let content =
        r#"{"type":"file","size":11,"sha":"c","encoding":"base64","content":"dmVyc2lvbjogMQo=\n"}"#;
    let script = Script::default()
        .installed()
        .token("ghs_0123456789")
        .then(200, &[ETAG], &page)
        .then(200, &[ETAG], content)
        .then(304, &[ETAG], "")
        .then(304, &[ETAG], "");
    let pull_request = reads(&script, &rest);
    let configuration = file(&script, &rest);
    assert!(matches!(configuration, FileContent::Found { .. }));
    assert_eq!(reads(&script, &rest), pull_request);
    assert_eq!(file(&script, &rest), configuration);
    let asked = script.asked();
    let conditions: Vec<&str> = asked
        .lines()
        .filter(|line| line.starts_with("if-none-match"))
        .collect();
    let condition = r#"if-none-match: "W/\"644b5b0155e6404a9cc4bd9d8b1ae730\"""#;
    assert_eq!(conditions, [condition, condition]);
}

#[test]
fn what_changed_is_read_whole() {
    let rest = rest();
    let mut changed = pull_request();
    changed["title"] = "Another title".into();
    let script = Script::default()
        .installed()
        .token("ghs_0123456789")
        .then(200, &[ETAG], &pull_request().to_string())
        .then(200, &[("etag", "\"two\"")], &changed.to_string())
        .then(304, &[], "");
    reads(&script, &rest);
    assert_eq!(reads(&script, &rest), r#"Some("Another title")"#);
    assert_eq!(reads(&script, &rest), r#"Some("Another title")"#);
    assert!(script.asked().contains(r#"if-none-match: "\"two\"""#));
}

#[test]
fn so_many_readings_are_kept_and_no_more() {
    let rest = rest();
    let mut script = Script::default().installed().token("ghs_0123456789");
    for number in 0..100 {
        let mut page = pull_request();
        page["number"] = number.into();
        script = script.then(200, &[ETAG], &page.to_string());
    }
    for number in 0..100 {
        let github = client(&script, &rest);
        now(github.pull_request(repository(&name()), PullRequestNumber(number))).unwrap();
    }
    let keys = rest.store.all_keys();
    let seen = keys.iter().filter(|key| key.contains("/seen/")).count();
    assert_eq!(seen, 16, "one for each slot: {keys:?}");
}

#[test]
fn a_304_that_was_not_asked_for_is_no_answer() {
    let rest = rest();
    let script = Script::default()
        .installed()
        .token("ghs_0123456789")
        .then(304, &[], "");
    insta::assert_snapshot!(reads(&script, &rest), @"
    retry: reading pull request acme/shop#7: GitHub answered 304 with something else than expected (not
        modified, of which nothing is known)
    ");
}
