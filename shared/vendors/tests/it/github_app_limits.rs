//! The limits of an installation hold for everybody, and content is created at the pace that GitHub allows.

use domain::PullRequestNumber;

use crate::{
    github_app::{Answers, Rest, client, reads, rest},
    github_pull_request::{name, repository},
    script::{Script, now, told},
};

fn comments(script: &Script, rest: &Rest) -> String {
    let comment = client(script, rest);
    let created = now(comment.create_comment(repository(&name()), PullRequestNumber(7), "Hello"));
    told(created.map(|comment| comment.id))
}

const COMMENT: &str = r#"{"id":1,"body":"Hello","user":{"id":777},"created_at":"2026-11-21T10:31:07Z","html_url":"https://github.com/x"}"#;

#[test]
fn a_limit_that_was_hit_is_not_run_into_again_by_anybody() {
    let rest = rest();
    let last = [
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "1795257967"),
        ("x-ratelimit-resource", "core"),
    ];
    let page = crate::github_pull_request::pull_request().to_string();
    let script = Script::default()
        .installed()
        .token("ghs_first_0123")
        .then(200, &last, &page)
        .pull_request();
    assert!(
        reads(&script, &rest).starts_with("Some"),
        "the last one counts"
    );
    insta::assert_snapshot!(reads(&script, &rest), @"
    paused for 901 s: reading pull request acme/shop#7: GitHub's rate limit was reached, until
        2026-11-21T10:46:08Z
    ");
    assert_eq!(script.lines().len(), 3, "GitHub is not asked");
    rest.clock.pass(902);
    assert!(
        reads(&script, &rest).starts_with("Some"),
        "the limit is over"
    );
    let keys = rest.store.all_keys();
    assert!(!keys.iter().any(|key| key.contains("limit")), "{keys:?}");
}

#[test]
fn a_secondary_limit_holds_for_everybody_too() {
    let rest = rest();
    let script = Script::default().installed().token("ghs_first_0123").then(
        403,
        &[("retry-after", "60")],
        r#"{"message":"You have exceeded a secondary rate limit."}"#,
    );
    insta::assert_snapshot!(reads(&script, &rest), @r#"
    retry after 60 s: reading pull request acme/shop#7: GitHub answered 403 "You have exceeded a
        secondary rate limit."
    "#);
    insta::assert_snapshot!(comments(&script, &rest), @"
    paused for 60 s: commenting on acme/shop#7: GitHub's rate limit was reached, until
        2026-11-21T10:32:07Z
    ");
    assert_eq!(script.lines().len(), 3, "GitHub is not asked");
}

#[test]
fn an_answer_about_another_limit_than_that_of_most_calls_is_none() {
    let rest = rest();
    let search = [
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "1795257967"),
        ("x-ratelimit-resource", "search"),
    ];
    let page = crate::github_pull_request::pull_request().to_string();
    let script = Script::default()
        .installed()
        .token("ghs_first_0123")
        .then(200, &search, &page)
        .pull_request();
    reads(&script, &rest);
    assert!(reads(&script, &rest).starts_with("Some"));
}

#[test]
fn comments_are_created_at_the_pace_that_github_allows() {
    let rest = rest();
    let mut script = Script::default().installed().token("ghs_first_0123");
    for _ in 0..81 {
        script = script.then(201, &[], COMMENT);
    }
    for _ in 0..80 {
        assert_eq!(comments(&script, &rest), "1");
    }
    insta::assert_snapshot!(comments(&script, &rest), @"
    paused for 53 s: commenting on acme/shop#7: GitHub takes only so many new comments and the like in a
        minute and an hour
    ");
    assert_eq!(script.lines().len(), 82, "the one too many is not made");
    rest.clock.pass(60);
    assert_eq!(comments(&script, &rest), "1", "the next minute");
    for _ in 0..3 {
        rest.clock.pass(7_200);
        comments(
            &Script::default()
                .token("ghs_later_0123")
                .then(201, &[], COMMENT),
            &rest,
        );
    }
    let keys = rest.store.all_keys();
    let counters: Vec<&String> = keys.iter().filter(|key| key.contains("/pace/5/")).collect();
    assert!(
        counters.len() <= 4,
        "past windows are deleted: {counters:?}"
    );
}
