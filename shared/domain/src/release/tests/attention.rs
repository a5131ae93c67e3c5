//! How much attention an environment asks of people.

use super::{
    approvals::{GUARDED, approve},
    promotion::{live_in_staging, story as promoted},
    *,
};
use crate::directory::Attention;

#[test]
fn an_environment_needs_a_person_while_a_commit_waits_for_approval_and_is_quiet_once_it_is_live() {
    let mut story = Story::new(GUARDED);
    let nothing = "nothing is to be released";
    assert_eq!(story.line.attention(), Attention::Quiet, "{nothing}");
    story.push('1');
    assert_eq!(story.line.attention(), Attention::InHand, "it is built");
    story.build('1');
    story.go();
    assert_eq!(story.line.attention(), Attention::Needed);
    approve(&mut story, '1', "ada");
    assert_eq!(story.line.attention(), Attention::Needed, "one is missing");
    approve(&mut story, '1', "bob");
    assert_eq!(story.line.attention(), Attention::InHand, "it may go");
    story.go();
    assert_eq!(story.live(), Some('1'));
    assert_eq!(story.line.attention(), Attention::Quiet);
}

/// Nothing is stored at the moment when the time is over.
#[test]
fn what_will_wait_for_approval_once_it_was_live_elsewhere_for_long_enough_needs_a_person_before() {
    let mut story = promoted(
        "branch: main
        after: [staging]
        soak: 30m
        approvals: 1
        argocd: { application: shop, update: kustomize-image }",
    );
    story.release('1');
    let elsewhere = "it is not live in staging";
    assert_eq!(story.line.attention(), Attention::InHand, "{elsewhere}");
    live_in_staging(&mut story, '1');
    story.go();
    assert!(
        story.waiting().starts_with("1 queued"),
        "{}",
        story.waiting()
    );
    assert_eq!(story.line.attention(), Attention::Needed);
}

#[test]
fn an_environment_that_is_held_after_a_way_back_needs_a_person_until_the_hold_is_lifted() {
    let mut story = Story::new(PRODUCTION);
    story.release('1');
    story.argo.sick.insert(image('2'));
    story.release('2');
    assert_eq!(story.end_of('2').unwrap().0, Phase::RolledBack);
    assert_eq!(story.line.attention(), Attention::Needed);
    story.record(&Fact::HoldLifted { by: "ada".into() });
    assert_eq!(story.line.attention(), Attention::Quiet);
}

#[test]
fn a_phase_is_looked_for_wherever_an_environment_in_it_may_be() {
    let mut story = Story::new(GUARDED);
    for _ in 0..2 {
        story.release('1');
        for release in story.line.releases(story.now) {
            let phase = release.shown.phase;
            let asked = story.line.attention();
            assert!(phase.attention().contains(&asked), "{phase} and {asked:?}");
        }
        approve(&mut story, '1', "ada");
        approve(&mut story, '1', "bob");
    }
}
