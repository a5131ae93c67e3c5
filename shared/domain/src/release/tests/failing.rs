//! What becomes of releases that fail.

use super::*;
use crate::preview::Reaction;

fn after_a_good_one() -> Story {
    let mut story = Story::new(PRODUCTION);
    story.release('1');
    story
}

#[test]
fn a_degraded_release_is_taken_back_and_the_environment_is_held_until_a_person_lifts_it() {
    let mut story = after_a_good_one();
    story.argo.sick.insert(image('2'));
    insta::assert_snapshot!(story.release('2'), @"
    compare 1 2
    check 2
    begin 2
    set the image ghcr.io/acme/shop:2222222222222222222222222222222222222222
    sync
    tell in_progress: rolling out: the application is degraded
    begin 1
    set the image ghcr.io/acme/shop:1111111111111111111111111111111111111111
    sync
    probe https://shop.example.com/health: 200 OK
    tell failure: rolled-back: the application is degraded
    tell success: went back to 1111111: 2222222 failed: the application is degraded
    ");
    assert_eq!(story.live(), Some('1'));
    assert_eq!(story.argo.live, image('1'));
    assert_eq!(story.end_of('2').unwrap().0, Phase::RolledBack);
    story.release('3');
    assert_eq!(story.live(), Some('1'), "held");
    assert_eq!(
        story.waiting(),
        "3 queued: held by Slipway: 2222222 failed: the application is degraded; it was taken back"
    );
    story.record(&Fact::HoldLifted { by: "ada".into() });
    story.go();
    assert_eq!(story.live(), Some('3'));
}

#[test]
fn a_url_that_does_not_answer_well_is_a_failure_of_what_was_released() {
    let mut story = after_a_good_one();
    story.answers = false;
    story.push('2');
    story.build('2');
    story.go_until(Duration::from_secs(30));
    let (phase, reason) = story.end_of('2').unwrap();
    assert!(
        matches!(phase, Phase::RollingBack | Phase::RolledBack),
        "{phase}: {reason}"
    );
    assert_eq!(
        reason,
        "https://shop.example.com answers 502 Bad Gateway, 3 times in a row"
    );
    // The URL does not answer after the way back either: that is not taken back again.
    story.go_until(Duration::from_secs(120));
    assert_eq!(story.end_of('2').unwrap().0, Phase::Failed);
    assert_eq!(story.given, [('1', false), ('2', false), ('1', true)]);
    assert!(story.overview().hold.is_some());
    assert_eq!(story.live(), None, "what was gone back to is not healthy");
}

#[test]
fn a_hook_that_fails_takes_it_back_and_an_operation_that_cannot_begin_does_not() {
    for (ends, taken_back) in [(argocd::Phase::Failed, true), (argocd::Phase::Error, false)] {
        let mut story = after_a_good_one();
        story.argo.ends = ends;
        story.push('2');
        story.build('2');
        story.go_until(Duration::from_secs(4));
        let (_, reason) = story.end_of('2').unwrap();
        assert_eq!(
            story.given.contains(&('1', true)),
            taken_back,
            "{ends:?}: {reason}"
        );
    }
}

#[test]
fn what_argo_cd_refuses_is_no_failure_of_what_was_to_be_released() {
    let mut story = after_a_good_one();
    story.trouble = Some(Trouble {
        reason: "Argo CD answered 403 \"permission denied\"".into(),
        reaction: Reaction::GiveUp,
    });
    story.release('2');
    let (phase, reason) = story.end_of('2').unwrap();
    assert_eq!(phase, Phase::Failed);
    assert_eq!(
        reason,
        "Argo CD answered 403 \"permission denied\". It is not taken back by itself: that says nothing of what was released"
    );
    assert!(story.overview().hold.is_none());
    story.trouble = None;
    story.release('3');
    assert_eq!(story.live(), Some('3'), "the next one goes");
}

#[test]
fn an_argo_cd_that_does_not_answer_is_waited_for() {
    let mut story = after_a_good_one();
    story.trouble = Some(Trouble::retry("Argo CD answered 503"));
    story.push('2');
    story.build('2');
    story.go_until(Duration::from_secs(7_200));
    let running = story.overview().running.unwrap();
    assert_eq!(running.reason, "releasing: Argo CD answered 503");
    story.trouble = None;
    story.go_until(Duration::from_secs(7_200));
    assert_eq!(story.live(), Some('2'));
}

#[test]
fn nothing_goes_back_to_nothing() {
    let mut story = Story::new(PRODUCTION);
    story.argo.sick.insert(image('1'));
    story.release('1');
    let (phase, reason) = story.end_of('1').unwrap();
    assert_eq!(phase, Phase::Failed);
    assert_eq!(
        reason,
        "the application is degraded. It is not taken back by itself: nothing was found healthy here before"
    );
    story.release('2');
    assert_eq!(story.live(), Some('2'), "forward is open");
}

#[test]
fn a_rollout_that_does_not_end_in_time_is_stopped_first_and_then_taken_back() {
    let mut story = after_a_good_one();
    story.argo.stuck = true;
    story.push('2');
    story.build('2');
    story.go_until(Duration::from_secs(595));
    assert_eq!(story.given, [('1', false), ('2', false)]);
    story.argo.stuck = false;
    story.argo.sick.insert(image('2'));
    story.go_until(Duration::from_secs(120));
    assert_eq!(story.live(), Some('1'));

    let mut story = after_a_good_one();
    story.argo.ends = argocd::Phase::Running;
    story.push('2');
    story.build('2');
    let done = story.go_until(Duration::from_secs(700));
    assert!(done.contains("stop"), "{done}");
}

#[test]
fn a_failure_is_only_told_where_that_is_wanted() {
    let mut story = Story::new(&PRODUCTION.replace("automatic", "manual"));
    story.release('1');
    story.argo.sick.insert(image('2'));
    story.release('2');
    assert_eq!(
        story.end_of('2').unwrap(),
        (Phase::Failed, "the application is degraded".into())
    );
    assert_eq!(story.given, [('1', false), ('2', false)]);
    assert_eq!(story.live(), None, "what runs is not known to be good");
    assert!(
        story
            .line
            .given_up()
            .iter()
            .any(|given_up| given_up.what.contains("2222222"))
    );
}

#[test]
fn an_older_commit_does_not_slip_in_after_a_newer_one_failed() {
    let mut story = Story::new(&PRODUCTION.replace("automatic", "manual"));
    story.release('1');
    story.argo.sick.insert(image('3'));
    story.release('3');
    story.release('2');
    assert_eq!(story.end_of('2').unwrap().0, Phase::Superseded);
    assert_eq!(story.given, [('1', false), ('3', false)]);
}

#[test]
fn a_new_build_of_what_failed_is_released_again() {
    let mut story = Story::new(&PRODUCTION.replace("automatic", "manual"));
    story.argo.sick.insert(image('1'));
    story.release('1');
    story.argo.sick.clear();
    let mut rerun = run(u64::from(u32::from('1')), '1', RunProgress::Succeeded);
    rerun.attempt = 2;
    story.runs = vec![rerun.clone()];
    story.record(&Fact::RunSeen { run: rerun });
    story.go();
    assert_eq!(story.live(), Some('1'));
}

#[test]
fn people_go_back_as_far_as_they_say_and_automation_waits_behind_a_lock() {
    let mut story = after_a_good_one();
    story.release('2');
    story.release('3');
    story.record(&Fact::RollbackAsked {
        back: 2,
        by: "ada".into(),
        reason: "coins are free".into(),
    });
    story.go();
    assert_eq!(story.live(), Some('1'));
    let hold = story.overview().hold.unwrap();
    assert_eq!(
        hold.reason,
        "it was taken back: ada asked for it: coins are free"
    );
    story.record(&Fact::HoldLifted { by: "ada".into() });
    story.record(&Fact::Locked {
        by: "ada".into(),
        reason: "counting coins".into(),
    });
    story.release('4');
    assert_eq!(story.waiting(), "4 queued: locked by ada: counting coins");
    story.record(&Fact::Unlocked { by: "ada".into() });
    story.go();
    assert_eq!(story.live(), Some('4'));
}

#[test]
fn a_hold_that_was_lifted_before_it_went_back_holds_what_comes_after() {
    let mut story = after_a_good_one();
    story.release('2');
    story.record(&Fact::RollbackAsked {
        back: 1,
        by: "ada".into(),
        reason: "coins are free".into(),
    });
    story.record(&Fact::HoldLifted { by: "ada".into() });
    story.go();
    assert_eq!(story.live(), Some('1'));
    story.release('3');
    assert_eq!(
        story.waiting(),
        "3 queued: held by Slipway: it was taken back: ada asked for it: coins are free"
    );
}

#[test]
fn a_sync_goes_back_by_argo_cds_own_history_unless_argo_cd_would_undo_it() {
    let sync = "branch: main\nargocd: { application: shop }\nrollback: automatic";
    let mut story = Story::new(sync);
    story.argo.spec = image('1');
    story.release('1');
    story.argo.spec = image('2');
    story.argo.sick.insert(image('2'));
    let done = story.release('2');
    assert!(done.contains("roll back to 1"), "{done}");
    assert_eq!(story.live(), Some('1'));
}

#[test]
fn after_a_way_back_that_failed_a_person_goes_back_to_the_same_release_again() {
    let mut story = after_a_good_one();
    story.release('2');
    story.answers = false;
    story.push('3');
    story.build('3');
    story.go_until(Duration::from_secs(240));
    assert_eq!(
        story.given,
        [('1', false), ('2', false), ('3', false), ('2', true)]
    );
    assert_eq!(story.live(), None);
    story.answers = true;
    story.record(&Fact::RollbackAsked {
        back: 1,
        by: "ada".into(),
        reason: "the probe was wrong".into(),
    });
    story.go();
    assert_eq!(story.live(), Some('2'), "not one further back");
}

#[test]
fn a_persons_way_back_is_not_replaced_by_the_automatic_one() {
    let mut story = after_a_good_one();
    story.release('2');
    story.argo.stuck = true;
    story.release('3');
    story.record(&Fact::RollbackAsked {
        back: 2,
        by: "ada".into(),
        reason: "coins are free".into(),
    });
    story.argo.stuck = false;
    story.argo.sick.insert(image('3'));
    story.go_until(Duration::from_secs(120));
    assert_eq!(story.live(), Some('1'));
    assert_eq!(
        story.given,
        [('1', false), ('2', false), ('3', false), ('1', true)]
    );
    assert_eq!(story.end_of('3').unwrap().0, Phase::Cancelled);
}

#[test]
fn a_way_back_that_there_is_not_is_told_and_holds_nothing() {
    let mut story = after_a_good_one();
    story.record(&Fact::RollbackAsked {
        back: 3,
        by: "ada".into(),
        reason: "coins are free".into(),
    });
    story.go();
    let overview = story.overview();
    assert!(overview.hold.is_none());
    assert_eq!(
        overview.trouble.unwrap(),
        "not taken back, though ada asked for it: only 1 release is known to have been healthy, and none is 3 back"
    );
    story.release('2');
    assert_eq!(story.overview().trouble, None, "that was then");
}
