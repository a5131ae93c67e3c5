//! Lost answers, crashes, and answers that are not what they seem.

use super::*;

fn built() -> Story {
    let mut story = Story::opened();
    story.build(10, 'a', RunProgress::Succeeded);
    story
}

/// Answers the first `Start` with `fact`, and nothing else differently.
fn first_start_is(
    fact: impl Fn(u32) -> TargetFact,
) -> impl FnMut(&mut Story, &Action) -> Option<Fact> {
    move |_, action| match action {
        Action::Target {
            action: TargetAction::Start { attempt: 1, .. },
            application,
        } => Some(Fact::Target {
            application: application.clone(),
            fact: fact(1),
        }),
        Action::Target { .. }
        | Action::ReadPullRequest { .. }
        | Action::ReadConfiguration { .. }
        | Action::ReadPermission { .. }
        | Action::JudgeRequest { .. }
        | Action::PublishReport(_)
        | Action::SweepDeployments { .. }
        | Action::DeleteImage { .. }
        | Action::NoteExpiry { .. }
        | Action::Admission { .. }
        | Action::ReadFiles { .. }
        | Action::ReadRuns { .. }
        | Action::PublishComment { .. } => None,
    }
}

#[test]
fn a_deployment_whose_answer_was_lost_is_looked_for_twice_before_another_is_asked_for() {
    let mut story = built();
    let done = story.go_with(first_start_is(|attempt| TargetFact::StartUncertain {
        attempt,
    }));
    insta::assert_snapshot!(done, @"
    read the pull request
    read the configuration
    start aaaaaaa as pr-7 (attempt 1)
    comment: 🚀 Deploying: Coolify's answer was lost, looking whether it has the deployment
    look for attempt 1
    wait 30 s
    ");
    insta::assert_snapshot!(story.go_far(), @"
    look for attempt 1
    start aaaaaaa as pr-7 (attempt 2)
    comment: 🚀 Deploying
    poll d1
    probe https://pr-7.example.com/health
    comment: ✅ Ready
    settled
    ");
}

#[test]
fn a_deployment_whose_answer_was_lost_is_followed_when_it_is_found() {
    let mut story = built();
    let done = story.go_with(|_, action| match action {
        Action::Target {
            action: TargetAction::Start { attempt, .. },
            application,
        } => Some(Fact::Target {
            application: application.clone(),
            fact: TargetFact::StartUncertain { attempt: *attempt },
        }),
        Action::Target {
            action: TargetAction::Look { attempt, .. },
            application,
        } => Some(Fact::Target {
            application: application.clone(),
            fact: TargetFact::Looked {
                attempt: *attempt,
                found: Some("d9".parse().unwrap()),
                busy: true,
            },
        }),
        Action::Target { .. }
        | Action::ReadPullRequest { .. }
        | Action::ReadConfiguration { .. }
        | Action::ReadPermission { .. }
        | Action::JudgeRequest { .. }
        | Action::PublishReport(_)
        | Action::SweepDeployments { .. }
        | Action::DeleteImage { .. }
        | Action::NoteExpiry { .. }
        | Action::Admission { .. }
        | Action::ReadFiles { .. }
        | Action::ReadRuns { .. }
        | Action::PublishComment { .. } => None,
    });
    insta::assert_snapshot!(done, @"
    read the pull request
    read the configuration
    start aaaaaaa as pr-7 (attempt 1)
    comment: 🚀 Deploying: Coolify's answer was lost, looking whether it has the deployment
    look for attempt 1
    wait 1 s
    ");
}

#[test]
fn an_identical_deployment_in_hand_is_awaited_and_ours_follows_it() {
    let mut story = built();
    story.go_with(first_start_is(|attempt| TargetFact::InTheWay { attempt }));
    assert!(
        story.comment.contains("Waiting for another deployment"),
        "{}",
        story.comment
    );
    insta::assert_snapshot!(story.go_far(), @"
    look for attempt 1
    start aaaaaaa as pr-7 (attempt 2)
    comment: 🚀 Deploying
    poll d1
    probe https://pr-7.example.com/health
    comment: ✅ Ready
    settled
    ");
}

#[test]
fn after_a_crash_an_attempt_that_was_never_made_is_made_anew_and_only_then() {
    let mut story = built();
    // The runner saved its intent and died.
    let Some(start) = (0..20).find_map(|_| match story.preview.plan(story.now) {
        Step::Act(
            action @ Action::Target {
                action: TargetAction::Start { .. },
                ..
            },
        ) => Some(action),
        Step::Act(action) => {
            let fact = story.answer(&action);
            story.record(&fact);
            None
        }
        Step::Wait { .. } | Step::Settled | Step::Forget => panic!("nothing is started"),
    }) else {
        panic!("nothing is started")
    };
    story.record(&entity::Action::intent(&start).unwrap());
    let done = story.go_with(|_, action| match action {
        Action::Target {
            action: TargetAction::ResolveStart { attempt },
            application,
        } => Some(Fact::Target {
            application: application.clone(),
            fact: TargetFact::StartVoided { attempt: *attempt },
        }),
        Action::Target { .. }
        | Action::ReadPullRequest { .. }
        | Action::ReadConfiguration { .. }
        | Action::ReadPermission { .. }
        | Action::JudgeRequest { .. }
        | Action::PublishReport(_)
        | Action::SweepDeployments { .. }
        | Action::DeleteImage { .. }
        | Action::NoteExpiry { .. }
        | Action::Admission { .. }
        | Action::ReadFiles { .. }
        | Action::ReadRuns { .. }
        | Action::PublishComment { .. } => None,
    });
    insta::assert_snapshot!(done, @"
    resolve attempt 1
    start aaaaaaa as pr-7 (attempt 2)
    comment: 🚀 Deploying
    wait 1 s
    ");
    assert_eq!(story.deployments, 1);
}

#[test]
fn finished_is_not_healthy() {
    let mut story = built();
    story.healthy = false;
    let done = story.go_far();
    insta::assert_snapshot!(done, @"
    read the pull request
    read the configuration
    start aaaaaaa as pr-7 (attempt 1)
    comment: 🚀 Deploying
    poll d1
    probe https://pr-7.example.com/health
    comment: 🔍 Started, checking its health
    probe https://pr-7.example.com/health
    probe https://pr-7.example.com/health
    comment: ❌ Not healthy: `503 Service Unavailable`
    ");
    assert!(
        story
            .comment
            .contains("Not healthy: `503 Service Unavailable`"),
        "{}",
        story.comment
    );
    // It was only slow.
    story.healthy = true;
    story.go_far();
    story.wait_and_go();
    assert!(story.comment.contains("✅ Ready"), "{}", story.comment);
}

#[test]
fn a_deployment_that_coolify_told_of_but_does_not_know_is_looked_for() {
    let mut story = built();
    story.progress = DeploymentProgress::Unknown;
    let done = story.go_far();
    assert_eq!(
        done.matches("start aaaaaaa").count(),
        20,
        "it is not asked for the same thing for ever"
    );
    insta::assert_snapshot!(done.lines().last().unwrap_or_default(), @"settled");
    insta::assert_snapshot!(done.lines().take(14).collect::<Vec<_>>().join("\n"), @"
    read the pull request
    read the configuration
    start aaaaaaa as pr-7 (attempt 1)
    comment: 🚀 Deploying
    poll d1
    poll d1
    poll d1
    comment: 🚀 Deploying: Coolify's answer was lost, looking whether it has the deployment
    look for attempt 1
    look for attempt 1
    read the pull request
    start aaaaaaa as pr-7 (attempt 2)
    comment: 🚀 Deploying
    poll d2
    ");
}

#[test]
fn a_removal_after_an_uncertain_start_waits_for_what_may_still_arrive() {
    let mut story = built();
    story.go_with(first_start_is(|attempt| TargetFact::StartUncertain {
        attempt,
    }));
    story.change(|pull_request| pull_request.state = PullRequestState::Closed);
    story.deliver();
    insta::assert_snapshot!(story.go(), @"
    read the pull request
    remove
    wait 2 s
    ");
    insta::assert_snapshot!(story.go_far(), @"
    comment: 🧹 Removal pending since 1970-01-01T00:16:40Z
    remove
    comment: 🧹 The pull request was closed: its preview was removed.
    ");
}

#[test]
fn the_answer_of_a_runner_that_lost_its_lease_brings_the_removal_back() {
    let mut story = built();
    story.go_with(first_start_is(|attempt| TargetFact::StartUncertain {
        attempt,
    }));
    story.change(|pull_request| pull_request.state = PullRequestState::Closed);
    story.deliver();
    story.go_far();
    story.present = true;
    story.record_of_target(TargetFact::Queued {
        attempt: 1,
        deployment: "d9".parse().unwrap(),
    });
    let done = story.go_far();
    assert!(
        done.contains("remove"),
        "what was queued must go too: {done}"
    );
    assert!(!story.present);
}

#[test]
fn trouble_delays_what_it_concerns_and_nothing_else() {
    let mut story = built();
    let done = story.go_with(|_, action| match action {
        Action::PublishComment { .. } => Some(Fact::CommentNotPublished {
            trouble: trouble("423 Locked"),
        }),
        Action::Target { .. }
        | Action::ReadPullRequest { .. }
        | Action::ReadConfiguration { .. }
        | Action::ReadPermission { .. }
        | Action::JudgeRequest { .. }
        | Action::PublishReport(_)
        | Action::SweepDeployments { .. }
        | Action::DeleteImage { .. }
        | Action::NoteExpiry { .. }
        | Action::Admission { .. }
        | Action::ReadFiles { .. }
        | Action::ReadRuns { .. } => None,
    });
    insta::assert_snapshot!(done, @"
    read the pull request
    read the configuration
    start aaaaaaa as pr-7 (attempt 1)
    comment: 🚀 Deploying
    wait 1 s
    ");
}
