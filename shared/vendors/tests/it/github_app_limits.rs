//! The limits of an installation hold for everybody, and content is created at the pace that GitHub allows.

use domain::{InstallationId, PullRequestNumber};
use vendors::github::{Budget, rate_limit_of};

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
    now(client(&script, &rest).forget_installation(InstallationId(5))).expect("the store works");
    let keys = rest.store.all_keys();
    assert!(!keys.iter().any(|key| key.contains("limit")), "{keys:?}");
}

/// What is stored of the budget of the installation 5.
fn budget(rest: &Rest) -> Option<Budget> {
    let limit = now(rate_limit_of(&*rest.store, InstallationId(5))).expect("the store works");
    limit.and_then(|limit| limit.budget)
}

#[test]
fn what_is_left_is_noted_when_a_tenth_is_used_up_and_in_each_hour_anew() {
    let rest = rest();
    let page = crate::github_pull_request::pull_request().to_string();
    let mut script = Script::default().installed().token("ghs_first_0123");
    // Answers overtake each other, those of the next hour too.
    let (this, next) = (1_795_257_967, 1_795_261_567);
    let answers = [
        (4_998, this),
        (4_501, this),
        (4_499, this),
        (4_502, this + 1),
        (4_001, this - 1),
        (3_100, this),
        (4_990, next),
        (2_000, this),
        (4_980, next),
    ];
    for (remaining, reset) in answers {
        let (remaining, reset) = (remaining.to_string(), reset.to_string());
        let headers = [
            ("x-ratelimit-limit", "5000"),
            ("x-ratelimit-remaining", remaining.as_str()),
            ("x-ratelimit-reset", reset.as_str()),
            ("x-ratelimit-resource", "core"),
        ];
        script = script.then(200, &headers, &page);
    }
    let noted: Vec<String> = answers
        .iter()
        .map(|(remaining, _)| {
            assert!(reads(&script, &rest).starts_with("Some"));
            let noted = budget(&rest).expect("a budget");
            format!("{remaining}: {} of {}", noted.remaining, noted.limit)
        })
        .collect();
    insta::assert_snapshot!(noted.join("\n"), @"
    4998: 4998 of 5000
    4501: 4998 of 5000
    4499: 4499 of 5000
    4502: 4499 of 5000
    4001: 4499 of 5000
    3100: 3100 of 5000
    4990: 4990 of 5000
    2000: 4990 of 5000
    4980: 4990 of 5000
    ");
    let noted = budget(&rest).expect("a budget");
    assert_eq!(noted.remaining(noted.reset), 5_000, "the hour is over");
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

#[test]
fn no_more_comments_are_created_in_an_hour_than_github_allows() {
    let rest = rest();
    let mut script = Script::default().installed().token("ghs_first_0123");
    for _ in 0..500 {
        script = script.then(201, &[], COMMENT);
    }
    for number in 1..=500 {
        assert_eq!(comments(&script, &rest), "1", "the comment {number}");
        if number % 80 == 0 {
            rest.clock.pass(60);
        }
    }
    insta::assert_snapshot!(comments(&script, &rest), @"
    paused for 1373 s: commenting on acme/shop#7: GitHub takes only so many new comments and the like in
        a minute and an hour
    ");
    assert_eq!(script.lines().len(), 502, "the one too many is not made");
}
