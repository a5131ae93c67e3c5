//! What an environment says to a job on GitHub that would deploy a commit there.

use super::*;
use crate::release::{Gate, Intervention, Wish};

fn gate(story: &Story, head: char) -> String {
    match story.line.gate(&commit(head), 4_711, story.now) {
        Gate::Open(reason) => format!("{head} open: {reason}"),
        Gate::Waits(reason) => format!("{head} waits: {reason}"),
        Gate::Closed(reason) => format!("{head} closed: {reason}"),
        Gate::Unknown(reason) => format!("{head} unknown: {reason}"),
    }
}

const GUARDED: &str = "branch: main
    approvals: 1
    argocd: { application: shop, update: kustomize-image }";

#[test]
fn a_job_waits_for_what_a_release_of_the_commit_waits_for() {
    let mut story = Story::new(GUARDED);
    let unknown = gate(&story, '1');
    story.push('1');
    let unbuilt = gate(&story, '1');
    story.build('1');
    story.go();
    let unapproved = gate(&story, '1');
    story.record(&Fact::Approved {
        commit: commit('1'),
        by: "ada".into(),
        account: Some(account("ada")),
        of: None,
    });
    let ready = gate(&story, '1');
    story.go();
    let live = gate(&story, '1');
    let told = [unknown, unbuilt, unapproved, ready, live];
    insta::assert_snapshot!(told.join("\n"), @"
    1 unknown: it is not known there: the branch main brings commits
    1 waits: waiting for CI to run
    1 waits: 0 of 1 approvals
    1 open: its rules are fulfilled
    1 open: it is live there
    ");
}

#[test]
fn what_was_passed_over_or_taken_back_is_closed_for_ever() {
    let mut story = Story::new(PRODUCTION);
    story.release('1');
    story.release('2');
    story.argo.sick.insert(image('3'));
    story.release('3');
    let told = ['1', '2', '3'].map(|head| gate(&story, head));
    insta::assert_snapshot!(told.join("\n"), @"
    1 waits: held by Slipway: 3333333 failed: the application is degraded; it was taken back
    2 waits: held by Slipway: 3333333 failed: the application is degraded; it was taken back
    3 waits: held by Slipway: 3333333 failed: the application is degraded; it was taken back
    ");
    let lift = Intervention::of(Wish::LiftHold, &crate::release::Particulars::default());
    story.record(&lift.unwrap().fact(&speaker("ada")));
    let told = ['1', '2', '3'].map(|head| gate(&story, head));
    insta::assert_snapshot!(told.join("\n"), @"
    1 closed: it was live, and something else went there since
    2 open: it is live there
    3 closed: rolled-back: the application is degraded
    ");
}

#[test]
fn a_lock_keeps_every_job_waiting_and_says_whose_it_is() {
    let mut story = Story::new(PRODUCTION);
    story.release('1');
    story.record(&Fact::Locked {
        by: "ada".into(),
        reason: "counting coins".into(),
    });
    assert_eq!(gate(&story, '1'), "1 waits: locked by ada: counting coins");
}

#[test]
fn a_job_of_the_run_that_builds_the_image_would_wait_for_itself() {
    let mut story = Story::new(PRODUCTION);
    story.push('1');
    let run = run(4_711, '1', RunProgress::Running);
    story.record(&Fact::RunSeen { run });
    assert_eq!(
        gate(&story, '1'),
        "1 closed: this very run builds its image: deploy by another workflow"
    );
}

#[test]
fn an_environment_that_is_named_no_more_lets_nothing_through() {
    let mut story = Story::new(PRODUCTION);
    story.release('1');
    story.now = story.now.after(Duration::from_secs(1));
    story.record(&Fact::Configured {
        repository: None,
        terms: None,
        as_of: story.now,
    });
    assert_eq!(
        gate(&story, '1'),
        "1 closed: the configuration names the environment no longer"
    );
}
