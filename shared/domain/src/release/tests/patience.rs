//! What is waited out: a controller that is away, looks that are refused, health that was bad before.

use super::*;
use crate::preview::Reaction;

fn after_a_good_one(production: &str) -> Story {
    let mut story = Story::new(production);
    story.release('1');
    assert_eq!(story.live(), Some('1'));
    story
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

#[test]
fn an_operation_that_argo_cd_never_takes_up_says_nothing_of_what_was_to_be_released() {
    // A sync shows nothing of the image, so its operation is all that tells.
    let mut story =
        after_a_good_one("branch: main\nargocd: { application: shop }\nrollback: automatic");
    story.argo.is_away = true;
    story.push('2');
    story.build('2');
    story.go_until(minutes(15));
    let (phase, reason) = story.end_of('2').unwrap();
    assert_eq!(phase, Phase::Failed, "{reason}");
    assert!(
        reason.contains("says nothing of what was released"),
        "{reason}"
    );
    assert!(story.overview().hold.is_none());
}

#[test]
fn a_controller_that_comes_back_late_leaves_the_rollout_all_its_time() {
    let mut story = after_a_good_one(PRODUCTION);
    story.argo.is_away = true;
    story.push('2');
    story.build('2');
    story.go_until(minutes(9));
    story.argo.stuck = true;
    story.argo.take_up(story.now);
    story.go_until(minutes(5));
    assert!(story.overview().running.is_some(), "still in time");
    story.argo.stuck = false;
    story.go();
    assert_eq!(story.live(), Some('2'));
}

#[test]
fn time_in_which_nobody_could_look_is_not_time_that_the_rollout_took() {
    let mut story = after_a_good_one(PRODUCTION);
    story.argo.stuck = true;
    story.push('2');
    story.build('2');
    story.go_until(minutes(1));
    // Argo CD, or Slipway itself, is away for longer than the rollout may take.
    story.now = story.now.after(minutes(30));
    story.go_until(minutes(1));
    assert!(
        story.overview().running.is_some(),
        "{:?}",
        story.end_of('2')
    );
    story.argo.stuck = false;
    story.go();
    assert_eq!(story.live(), Some('2'));
}

#[test]
fn an_operation_that_ends_well_while_it_is_stopped_is_a_good_release() {
    let mut story = after_a_good_one(PRODUCTION);
    story.argo.ends = argocd::Phase::Running;
    story.push('2');
    story.build('2');
    story.argo.ignores_stops = true;
    let done = story.go_until(Duration::from_secs(11 * 60));
    assert!(done.contains("stop"), "{done}");
    assert!(story.overview().running.is_some());
    story.argo.ends = argocd::Phase::Succeeded;
    story.argo.end(story.now);
    story.go();
    assert_eq!(story.live(), Some('2'));
    assert_eq!(story.given, [('1', false), ('2', false)]);
}

#[test]
fn a_look_that_is_refused_while_argo_cd_rolls_out_is_made_again() {
    let mut story = after_a_good_one(PRODUCTION);
    story.argo.stuck = true;
    story.release('2');
    story.trouble = Some(Trouble {
        reason: "Argo CD answered 401 \"token expired\"".into(),
        reaction: Reaction::GiveUp,
    });
    story.go_until(minutes(3));
    let running = story.overview().running.unwrap();
    assert_eq!(
        running.reason,
        "rolling out: Argo CD answered 401 \"token expired\""
    );
    story.trouble = None;
    story.argo.stuck = false;
    story.go_until(minutes(10));
    assert_eq!(story.live(), Some('2'));
}

#[test]
fn looks_that_stay_refused_end_the_release_and_say_nothing_of_it() {
    let mut story = after_a_good_one(PRODUCTION);
    story.argo.stuck = true;
    story.release('2');
    story.trouble = Some(Trouble {
        reason: "Argo CD answered 401 \"token expired\"".into(),
        reaction: Reaction::GiveUp,
    });
    story.go_until(minutes(30));
    let (phase, reason) = story.end_of('2').unwrap();
    assert_eq!(phase, Phase::Failed, "{reason}");
    assert!(story.overview().hold.is_none(), "{reason}");
}

#[test]
fn what_was_degraded_before_is_no_proof_against_what_was_released() {
    let mut story = after_a_good_one(PRODUCTION);
    // A resource of its own that is degraded whatever runs.
    for head in ['1', '2'] {
        story.argo.sick.insert(image(head));
    }
    story.push('2');
    story.build('2');
    story.go_until(minutes(2));
    assert!(
        story.overview().running.is_some(),
        "{:?}",
        story.end_of('2')
    );
    story.go_until(minutes(15));
    let (phase, reason) = story.end_of('2').unwrap();
    assert_eq!(phase, Phase::Failed, "{reason}");
    assert!(reason.contains("it was degraded before, too"), "{reason}");
    assert_eq!(story.given, [('1', false), ('2', false)]);
    assert!(story.overview().hold.is_none());
}

#[test]
fn an_operation_of_somebody_else_is_never_stopped() {
    let mut story = after_a_good_one(PRODUCTION);
    story.argo.stuck = true;
    story.push('2');
    story.build('2');
    story.go_until(minutes(9));
    // Another environment's release of the same application is under way when the time is up.
    story.argo.ends = argocd::Phase::Running;
    story
        .argo
        .operate("release/1/api/production:rollback-7", story.now);
    let done = story.go_until(minutes(12));
    assert!(!done.contains("stop"), "{done}");
    assert_eq!(story.end_of('2').unwrap().0, Phase::Failed);
    assert!(story.overview().hold.is_none());
}

#[test]
fn a_parameter_that_the_chart_does_not_read_is_no_release() {
    let helm =
        "branch: main\nargocd: { application: shop, update: helm-parameter }\nrollback: automatic";
    let mut story = Story::new(helm);
    story.argo.is_helm = true;
    story.release('1');
    assert_eq!(story.live(), Some('1'));

    let mut story = Story::new(helm);
    story.argo.is_helm = true;
    story.argo.reads_parameter = false;
    story.push('1');
    story.build('1');
    story.go_until(minutes(15));
    assert_eq!(story.live(), None);
    let (phase, reason) = story.end_of('1').unwrap();
    assert_eq!(phase, Phase::Failed, "{reason}");
    assert!(reason.contains("runs no image with the tag"), "{reason}");
}

#[test]
fn an_operation_that_hangs_in_the_way_is_told_to_people() {
    let mut story = after_a_good_one(PRODUCTION);
    story.argo.is_busy = true;
    story.push('2');
    story.build('2');
    story.go_until(minutes(5));
    assert_eq!(story.line.given_up(), []);
    story.go_until(minutes(6));
    let told: Vec<String> = story
        .line
        .given_up()
        .into_iter()
        .map(|it| format!("{}: {}", it.what, it.reason))
        .collect();
    assert_eq!(
        told,
        ["the release of 2222222 in time: Argo CD is at another operation of the application"]
    );
    story.argo.is_busy = false;
    story.go();
    assert_eq!(story.live(), Some('2'));
    assert_eq!(story.line.given_up(), []);
}

#[test]
fn an_operation_whose_answer_was_lost_is_looked_for_and_not_asked_for_again() {
    let sync = "branch: main\nargocd: { application: shop }\nrollback: automatic";
    let mut story = Story::new(sync);
    for head in ['1', '2'] {
        story.argo.spec = image(head);
        story.argo.loses_answer = true;
        let done = story.release(head);
        assert_eq!(done.matches("sync").count(), 1, "{done}");
        assert_eq!(story.live(), Some(head));
    }
    story.record(&Fact::RollbackAsked {
        back: 1,
        by: "ada".into(),
        reason: "it smells".into(),
    });
    story.argo.loses_answer = true;
    let done = story.go();
    assert_eq!(done.matches("roll back to").count(), 1, "{done}");
    assert_eq!(story.live(), Some('1'));
}

#[test]
fn an_operation_that_never_reached_argo_cd_is_asked_for_again() {
    let mut story = after_a_good_one(PRODUCTION);
    story.push('2');
    story.build('2');
    for _ in 0..100 {
        let Step::Act(action) = story.line.plan(story.now) else {
            panic!("it is to be synced first");
        };
        if let Action::Step { key, step, .. } = &action
            && matches!(step, StepAction::Operate { .. })
        {
            let trouble = Trouble {
                reason: "the connection broke".into(),
                reaction: Reaction::Look,
            };
            let step = StepFact::Troubled { trouble };
            story.record(&Fact::Step {
                key: key.clone(),
                step,
            });
            break;
        }
        story.act(&action);
    }
    story.go();
    assert_eq!(story.live(), Some('2'));
}
