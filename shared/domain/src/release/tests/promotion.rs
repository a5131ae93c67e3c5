//! From environment to environment.

use super::*;
use crate::release::Tested;

const AFTER: &str = "branch: main
    after: [staging]
    soak: 30m
    argocd: { application: shop, update: kustomize-image }";

fn with_staging(production: &str) -> String {
    format!("{production}\nargocd: {{ application: shop, update: kustomize-image }}")
}

pub(super) fn story(production: &str) -> Story {
    let text = format!(
        "{}      staging: {{ branch: staging, argocd: {{ application: shop-staging }} }}\n",
        configuration(production)
    );
    let mut story = Story::new(PRODUCTION);
    story.record(&Fact::Configured {
        repository: None,
        terms: Some(Box::new(terms(&text))),
        as_of: story.now,
    });
    story
}

pub(super) fn live_in_staging(story: &mut Story, head: char) {
    live_in(story, "staging", head);
}

fn live_in(story: &mut Story, environment: &str, head: char) {
    story.record(&Fact::UpstreamLive {
        environment: environment.parse().unwrap(),
        live: Some(Upstream {
            commit: commit(head),
            title: format!("Change {head}"),
            since: story.now,
            tested: Tested::default(),
        }),
        as_of: story.now,
    });
}

#[test]
fn a_commit_waits_until_it_was_live_upstream_for_long_enough() {
    let mut story = story(AFTER);
    story.release('1');
    assert_eq!(story.waiting(), "1 queued: it is not live in staging");
    live_in_staging(&mut story, '1');
    story.go();
    assert_eq!(story.live(), None, "not for long enough");
    story.go_until(Duration::from_secs(1_800));
    assert_eq!(story.live(), Some('1'));
}

#[test]
fn a_newer_commit_that_is_not_live_upstream_does_not_supersede_one_that_is() {
    let mut story = story(&AFTER.replace("soak: 30m", "soak: 1s"));
    story.push('1');
    story.build('1');
    story.push('2');
    story.build('2');
    live_in_staging(&mut story, '1');
    story.go();
    assert_eq!(story.live(), Some('1'));
    assert_eq!(story.waiting(), "2 queued: it is not live in staging");
}

#[test]
fn an_environment_without_a_branch_gets_what_is_live_upstream() {
    let mut story = story(&with_staging("after: [staging]"));
    story.runs.push(run(1, '1', RunProgress::Succeeded));
    live_in_staging(&mut story, '1');
    story.go();
    assert_eq!(story.live(), Some('1'));
}

#[test]
fn a_promotion_that_failed_is_tried_again_by_a_persons_word() {
    let mut story = story(&with_staging("after: [staging]"));
    story.runs.push(run(1, '1', RunProgress::Succeeded));
    live_in_staging(&mut story, '1');
    story.trouble = Some(Trouble {
        reason: "Argo CD answered 401".into(),
        reaction: crate::preview::Reaction::GiveUp,
    });
    story.go();
    assert_eq!(story.end_of('1').unwrap().0, Phase::Failed);
    story.trouble = None;
    story.record(&Fact::RetryAsked);
    story.go();
    assert_eq!(story.live(), Some('1'));
}

#[test]
fn environments_downstream_are_told_what_is_live_and_approvals_are_waited_for() {
    let text = format!(
        "{}      later: {{ after: [production], argocd: {{ application: later }} }}\n",
        configuration(PRODUCTION)
    );
    let mut story = Story::new(PRODUCTION);
    story.record(&Fact::Configured {
        repository: None,
        terms: Some(Box::new(terms(&text))),
        as_of: story.now,
    });
    let done = story.release('1');
    assert!(done.contains("pass later Some('1')"), "{done}");

    let mut approved = Story::new(&format!("{PRODUCTION}\napprovals: 1"));
    approved.release('1');
    assert_eq!(
        approved.waiting(),
        "1 waiting-for-approval: 0 of 1 approvals"
    );
}

#[test]
fn what_the_environment_before_left_again_does_not_wait_for_ever() {
    let mut story = story(&with_staging("after: [staging]\n    approvals: 1"));
    story.runs.push(run(1, '1', RunProgress::Succeeded));
    live_in_staging(&mut story, '1');
    story.go();
    // Another history was forced onto the branch, and went to staging.
    story.now = story.now.after(Duration::from_secs(60));
    story.parents.insert('7', Some('0'));
    story.runs.push(run(7, '7', RunProgress::Succeeded));
    live_in_staging(&mut story, '7');
    story.go();
    assert_eq!(
        story.end_of('1').unwrap(),
        (Phase::Superseded, "staging runs 7777777 by now".into())
    );
    assert_eq!(story.waiting(), "7 waiting-for-approval: 0 of 1 approvals");
    // Staging goes back to it.
    story.now = story.now.after(Duration::from_secs(60));
    live_in_staging(&mut story, '1');
    story.go();
    assert_eq!(story.waiting(), "1 waiting-for-approval: 0 of 1 approvals");
}

#[test]
fn what_never_came_to_the_environment_before_ends_when_the_branch_lost_it() {
    let mut story = story(AFTER);
    story.release('2');
    assert_eq!(story.waiting(), "2 queued: it is not live in staging");
    story.head = '1';
    story.go_until(Duration::from_secs(7_200));
    assert_eq!(
        story.end_of('2').unwrap(),
        (
            Phase::Cancelled,
            "it is no longer in the branch main".into()
        )
    );
}

#[test]
fn what_runs_in_one_environment_before_this_is_kept_when_another_one_moves_on() {
    let text = with_staging("after: [staging, qa]");
    let text = format!(
        "{}      staging: {{ branch: staging, argocd: {{ application: shop-staging }} }}\n      qa: {{ branch: qa, argocd: {{ application: shop-qa }} }}\n",
        configuration(&text)
    );
    let mut story = Story::new(PRODUCTION);
    story.record(&Fact::Configured {
        repository: None,
        terms: Some(Box::new(terms(&text))),
        as_of: story.now,
    });
    live_in(&mut story, "staging", '1');
    live_in(&mut story, "qa", '1');
    live_in(&mut story, "staging", '2');
    let waits = |story: &Story, head: &str| story.waiting().lines().any(|it| it.starts_with(head));
    assert!(waits(&story, "1"), "qa runs 1: {}", story.waiting());
    live_in(&mut story, "qa", '2');
    assert!(!waits(&story, "1"), "nothing runs 1: {}", story.waiting());
    assert!(waits(&story, "2"), "both run 2: {}", story.waiting());
}
