//! `superseded: cancel`: a release in hand gives way to a newer one, and what Argo CD does for it is stopped first.

use super::*;
use crate::preview::Reaction;

/// A story in which the operation of 1 is under way.
fn under_way(more: &str) -> Story {
    let mut story = Story::new(&format!("{PRODUCTION}{more}"));
    story.argo.ends = argocd::Phase::Running;
    story.release('1');
    story
}

const CANCEL: &str = "\nsuperseded: cancel";

#[test]
fn what_argo_cd_does_for_it_is_stopped_before_the_newer_one_begins() {
    let mut story = under_way(CANCEL);
    story.push('2');
    story.build('2');
    story.argo.ends = argocd::Phase::Succeeded;
    insta::assert_snapshot!(story.go(), @"
    compare 1 2
    check 2
    give way to 2
    stop
    tell queued: 1111111 goes first
    tell in_progress: giving way: 2222222 goes instead
    begin 2
    set the image ghcr.io/acme/shop:2222222222222222222222222222222222222222
    sync
    probe https://shop.example.com/health: 200 OK
    tell inactive: cancelled: 2222222 goes instead
    tell success: released and found healthy
    ");
    assert_eq!(story.live(), Some('2'));
    assert_eq!(
        story.end_of('1').unwrap(),
        (Phase::Cancelled, "2222222 goes instead".into())
    );
    assert_eq!(story.given, [('1', false), ('2', false)]);
}

#[test]
fn while_it_stops_people_see_for_which_one() {
    let mut story = under_way(CANCEL);
    story.argo.ignores_stops = true;
    story.push('2');
    story.build('2');
    story.go_until(Duration::from_secs(20));
    let running = story.overview().running.unwrap();
    assert_eq!(
        (running.phase, running.reason.as_str()),
        (Phase::Syncing, "giving way: 2222222 goes instead")
    );
    assert_eq!(story.waiting(), "2 queued: 1111111 goes first");
    // What does not stop is waited for as anybody's operation is.
    story.argo.is_busy = true;
    story.go_until(Duration::from_secs(180));
    let (phase, reason) = story.end_of('1').unwrap();
    assert_eq!(phase, Phase::Cancelled);
    assert_eq!(
        reason,
        "2222222 goes instead, but Argo CD does not stop what it does for it"
    );
    let running = story.overview().running.unwrap();
    assert_eq!(digit(&running.commit), '2');
    assert_eq!(
        running.reason,
        "releasing: Argo CD is at another operation of the application"
    );
}

#[test]
fn where_releases_queue_nothing_is_stopped() {
    let mut story = under_way("");
    story.push('2');
    story.build('2');
    let done = story.go_until(Duration::from_secs(120));
    assert!(
        !done.contains("stop") && !done.contains("give way"),
        "{done}"
    );
    assert_eq!(story.waiting(), "2 queued: 1111111 goes first");
}

#[test]
fn only_one_that_may_go_has_it_give_way() {
    let mut story = under_way(CANCEL);
    story.push('2');
    assert!(!story.go().contains("give way"), "it is not built");
    story.record(&Fact::Locked {
        by: "ada".into(),
        reason: "counting coins".into(),
    });
    story.build('2');
    assert!(!story.go().contains("give way"), "it is locked");
    story.record(&Fact::Unlocked { by: "ada".into() });
    assert!(story.go().contains("give way to 2"));
}

#[test]
fn a_way_back_is_never_stopped() {
    let mut story = Story::new(&format!("{PRODUCTION}{CANCEL}"));
    story.release('1');
    story.release('2');
    story.argo.ends = argocd::Phase::Running;
    story.record(&Fact::RollbackAsked {
        back: 1,
        by: "ada".into(),
        reason: "it smells".into(),
    });
    story.go_until(Duration::from_secs(30));
    let done = story.release('3');
    assert!(
        !done.contains("stop") && !done.contains("give way"),
        "{done}"
    );
    story.argo.ends = argocd::Phase::Succeeded;
    story.argo.end(story.now);
    story.go();
    // A way back holds the environment.
    story.record(&Fact::HoldLifted { by: "ada".into() });
    story.go();
    assert_eq!(
        story.given,
        [('1', false), ('2', false), ('1', true), ('3', false)]
    );
}

#[test]
fn what_somebody_else_began_goes_on() {
    let mut story = under_way(CANCEL);
    // The operation of 1 is over, and a person syncs.
    story.argo.operate_by("grace", story.now);
    story.push('2');
    story.build('2');
    story.argo.is_busy = true;
    let done = story.go_until(Duration::from_secs(60));
    assert!(!done.contains("stop"), "{done}");
    assert_eq!(story.end_of('1').unwrap().0, Phase::Cancelled);
    assert_eq!(
        story.overview().running.unwrap().reason,
        "releasing: Argo CD is at another operation of the application"
    );
}

#[test]
fn what_argo_cd_began_by_itself_for_the_release_is_stopped_too() {
    let mut story = Story::new(&format!("{PRODUCTION}{CANCEL}"));
    story.argo.by_itself = true;
    story.argo.ends = argocd::Phase::Running;
    story.release('1');
    story.push('2');
    story.build('2');
    story.argo.ends = argocd::Phase::Succeeded;
    let done = story.go();
    assert!(done.contains("give way to 2\nstop\n"), "{done}");
    assert_eq!(story.live(), Some('2'));
}

#[test]
fn an_operation_that_is_asked_for_and_not_taken_up_is_stopped_when_it_is() {
    let mut story = Story::new(&format!("{PRODUCTION}{CANCEL}"));
    story.argo.is_away = true;
    story.argo.ends = argocd::Phase::Running;
    story.release('1');
    story.push('2');
    story.build('2');
    story.go_until(Duration::from_secs(20));
    assert!(story.overview().running.is_some(), "it may still begin");
    story.argo.is_away = false;
    story.argo.take_up(story.now);
    story.argo.ends = argocd::Phase::Succeeded;
    story.go();
    assert_eq!(story.live(), Some('2'));
    assert_eq!(story.argo.live, image('2'));
}

#[test]
fn whoever_goes_on_after_a_crash_looks_again_before_anything_is_stopped() {
    let mut story = under_way(CANCEL);
    story.push('2');
    story.build('2');
    // Killed right after Argo CD was seen to be at it.
    loop {
        let Step::Act(action) = story.line.plan(story.now) else {
            panic!("nothing to be done");
        };
        let is_stop = |action: &Action| {
            matches!(
                action,
                Action::Step {
                    step: StepAction::Stop,
                    ..
                }
            )
        };
        if is_stop(&action) {
            break;
        }
        story.act(&action);
    }
    story.now = story.now.after(Duration::from_secs(60));
    // By now its operation is over, and a person syncs.
    story.argo.operate_by("grace", story.now);
    story.argo.is_busy = true;
    let done = story.go_until(Duration::from_secs(30));
    assert!(!done.contains("stop"), "{done}");
}

#[test]
fn what_may_not_be_stopped_is_told_and_harms_nobody() {
    let mut story = under_way(CANCEL);
    story.push('2');
    story.build('2');
    while !story.done.iter().any(|done| done.starts_with("give way")) {
        let Step::Act(action) = story.line.plan(story.now) else {
            panic!("nothing to be done");
        };
        story.act(&action);
    }
    story.trouble = Some(Trouble {
        reason: "Argo CD answered 403".into(),
        reaction: Reaction::GiveUp,
    });
    let Step::Act(action) = story.line.plan(story.now) else {
        panic!("nothing to be done");
    };
    story.act(&action);
    assert_eq!(
        story.end_of('1').unwrap(),
        (
            Phase::Cancelled,
            "2222222 goes instead, but what Argo CD does for it could not be stopped: Argo CD answered 403".into()
        )
    );
    assert!(story.line.given_up().is_empty(), "nothing failed");
}

#[test]
fn what_is_only_probed_is_replaced_at_once() {
    let mut story = Story::new(&format!("{PRODUCTION}{CANCEL}"));
    story.answers = false;
    story.push('1');
    story.build('1');
    story.go_until(Duration::from_secs(5));
    assert_eq!(story.overview().running.unwrap().phase, Phase::Verifying);
    story.answers = true;
    story.push('2');
    story.build('2');
    let done = story.go_until(Duration::from_secs(5));
    assert!(!done.contains("stop"), "{done}");
    assert_eq!(
        story.end_of('1').unwrap(),
        (Phase::Cancelled, "2222222 goes instead".into())
    );
}

/// 1 and 2 were live, and the operation of 3 is under way.
fn third_under_way() -> Story {
    let mut story = Story::new(PRODUCTION);
    story.release('1');
    story.release('2');
    story.argo.ends = argocd::Phase::Running;
    story.release('3');
    story
}

fn take_back(story: &mut Story) {
    story.record(&Fact::RollbackAsked {
        back: 1,
        by: "ada".into(),
        reason: "coins are free".into(),
    });
}

#[test]
fn a_way_back_that_a_person_asks_for_does_not_wait_for_the_release_in_hand() {
    let mut story = third_under_way();
    take_back(&mut story);
    story.argo.ends = argocd::Phase::Succeeded;
    let done = story.go();
    assert!(done.contains("give way to 2\nstop\n"), "{done}");
    assert_eq!(
        story.given,
        [('1', false), ('2', false), ('3', false), ('2', true)]
    );
    assert_eq!(
        story.end_of('3').unwrap(),
        (
            Phase::Cancelled,
            "the environment goes back to 2222222: ada asked for it".into()
        )
    );
    assert_eq!(story.live(), Some('2'));
    assert!(story.overview().hold.is_some(), "it is held");
    // Nothing of what was stopped begins again by itself.
    story.record(&Fact::HoldLifted { by: "ada".into() });
    story.go_until(Duration::from_secs(3_600));
    assert_eq!(story.live(), Some('2'));
}

/// 1 was live with auto-sync on, and what Argo CD began for 2 was stopped before it changed anything, for a way back.
fn stopped_before_anything_changed() -> Story {
    let mut story = Story::new(PRODUCTION);
    story.argo.by_itself = true;
    story.release('1');
    story.now = story.now.after(Duration::from_secs(60));
    story.argo.ends = argocd::Phase::Running;
    story.release('2');
    take_back(&mut story);
    story
}

#[test]
fn a_way_back_is_over_when_the_cluster_is_what_it_was_and_argo_cd_begins_nothing_by_itself() {
    let mut story = stopped_before_anything_changed();
    story.go();
    assert_eq!(story.argo.live, image('1'));
    assert_eq!(story.live(), Some('1'), "{:?}", story.overview().running);
    let last = story.argo.operation.as_ref().map(|last| last.phase);
    assert_eq!(
        last,
        Some(argocd::Phase::Failed),
        "the last operation is the one that was stopped"
    );
}

#[test]
fn an_operation_for_the_release_that_failed_counts_though_the_cluster_is_what_it_should_be() {
    let mut story = Story::new(PRODUCTION);
    story.argo.by_itself = true;
    story.release('1');
    story.now = story.now.after(Duration::from_secs(60));
    story.argo.ends = argocd::Phase::Running;
    story.release('2');
    // Everything was applied, and then a hook failed.
    story.argo.live.clone_from(&story.argo.spec);
    story.argo.ends = argocd::Phase::Failed;
    story.argo.end(story.now);
    story.argo.ends = argocd::Phase::Succeeded;
    story.go();
    assert_eq!(story.end_of('2').unwrap().0, Phase::RolledBack);
    assert_eq!(story.live(), Some('1'));
}

#[test]
fn what_is_in_place_and_was_never_compared_since_the_change_is_waited_for() {
    let mut story = stopped_before_anything_changed();
    // Argo CD looked before the operation came to its end, and not since.
    story.argo.looked_at = Some(story.now);
    story.now = story.now.after(Duration::from_secs(1));
    story.go_until(Duration::from_secs(60));
    let running = story.overview().running.expect("it is not over");
    assert!(running.is_rollback, "{running:?}");
    story.argo.looked_at = None;
    story.go();
    assert_eq!(story.live(), Some('1'));
}

#[test]
fn for_a_way_back_too_only_what_is_done_for_the_release_is_stopped() {
    let mut story = third_under_way();
    story.argo.operate_by("grace", story.now);
    story.argo.is_busy = true;
    take_back(&mut story);
    let done = story.go();
    assert!(!done.contains("stop"), "{done}");
    let running = story.overview().running.unwrap();
    assert!(running.is_rollback, "it waits for what grace began");
}

#[test]
fn a_way_back_that_is_asked_for_twice_is_taken_once_and_not_taken_back() {
    let mut story = third_under_way();
    take_back(&mut story);
    story.go_until(Duration::from_secs(30));
    take_back(&mut story);
    story.argo.ends = argocd::Phase::Succeeded;
    story.argo.end(story.now);
    story.go();
    assert_eq!(
        story.given,
        [('1', false), ('2', false), ('3', false), ('2', true)]
    );
}

#[test]
fn a_release_that_is_only_probed_is_taken_back_at_once() {
    let mut story = Story::new(PRODUCTION);
    story.release('1');
    story.answers = false;
    story.push('2');
    story.build('2');
    story.go_until(Duration::from_secs(5));
    assert_eq!(story.overview().running.unwrap().phase, Phase::Verifying);
    take_back(&mut story);
    let done = story.go_until(Duration::from_secs(5));
    assert!(done.contains("begin 1") && !done.contains("stop"), "{done}");
    assert_eq!(story.end_of('2').unwrap().0, Phase::Cancelled);
}

#[test]
fn what_gave_way_to_a_commit_that_the_branch_lost_is_released_after_all() {
    let mut story = under_way(CANCEL);
    story.push('2');
    story.build('2');
    story.argo.ignores_stops = true;
    story.go_until(Duration::from_secs(20));
    story.record(&Fact::Locked {
        by: "ada".into(),
        reason: "counting coins".into(),
    });
    story.argo.ignores_stops = false;
    story.argo.ends = argocd::Phase::Succeeded;
    story.go();
    assert_eq!(story.end_of('1').unwrap().1, "2222222 goes instead");
    // Somebody takes 2 off the branch, and nobody tells.
    story.head = '1';
    story.now = story.now.after(Duration::from_secs(600));
    story.record(&Fact::Unlocked { by: "ada".into() });
    story.go();
    assert_eq!(
        story.end_of('2').unwrap(),
        (
            Phase::Cancelled,
            "it is no longer in the branch main".into()
        )
    );
    assert_eq!(story.live(), Some('1'));
}
