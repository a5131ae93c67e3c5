//! What got lost between a question and its answer, and what is asked again because of it.

use super::*;
use crate::preview::Reaction;

#[test]
fn a_comment_of_which_nobody_knows_what_it_says_is_written_again() {
    let mut story = Story::opened();
    story.go();
    let said = story.comment.clone();
    story.now = story.now.after(Duration::from_secs(10));
    // The edit arrives at GitHub, and its answer gets lost; then the build is run again, and all is as it was before.
    story.build(10, 'a', RunProgress::Failed);
    story.go_with(|story, action| match action {
        Action::PublishComment { body, .. } => {
            story.comment.clone_from(body);
            Some(Fact::CommentNotPublished {
                trouble: trouble("no answer"),
            })
        }
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
    assert_ne!(story.comment, said);
    story.preview.builds.runs.clear();
    story.now = story.now.after(Duration::from_secs(10));
    story.go();
    assert_eq!(story.comment, said);
}

#[test]
fn a_deployment_from_before_a_removal_is_not_taken_for_a_later_one() {
    let mut story = Story::opened();
    story.build(10, 'a', RunProgress::Succeeded);
    story.progress = DeploymentProgress::Running;
    story.go();
    story.change(|pull_request| pull_request.state = PullRequestState::Closed);
    story.deliver();
    story.go_far();
    story.change(|pull_request| pull_request.state = PullRequestState::Open);
    story.deliver();
    let mut known = None;
    story.go_with(|_, action| match action {
        Action::Target {
            application,
            action: TargetAction::Start { attempt, .. },
        } => Some(Fact::Target {
            application: application.clone(),
            fact: TargetFact::StartUncertain { attempt: *attempt },
        }),
        Action::Target {
            action: TargetAction::Look { known: of, .. },
            ..
        } => {
            known.clone_from(of);
            None
        }
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
    assert_eq!(known, Some("d1".parse().unwrap()));
}

#[test]
fn a_build_that_failed_is_asked_for_again_since_a_fork_names_no_pull_request_when_it_is_run_again()
{
    let mut story = Story::opened();
    story.runs.push(run(10, 'a', RunProgress::Failed));
    story.go();
    story.runs = vec![WorkflowRun {
        attempt: 2,
        ..run(10, 'a', RunProgress::Succeeded)
    }];
    let done = story.go_far();
    assert!(done.contains("start aaaaaaa as pr-7"), "{done}");
}

#[test]
fn a_removal_waits_for_coolifys_own_wish_and_for_no_pause_of_ours() {
    let limited = |after_milliseconds| TargetFact::Troubled {
        trouble: Trouble {
            reason: "busy".into(),
            reaction: Reaction::Retry { after_milliseconds },
        },
    };
    let mut story = Story::opened();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    for _ in 0..8 {
        story.record_of_target(limited(None));
    }
    story.record_of_target(limited(Some(40_000)));
    story.change(|pull_request| pull_request.state = PullRequestState::Closed);
    story.deliver();
    let at_once = story.go();
    story.now = story.now.after(Duration::from_secs(39));
    let before = story.go();
    assert!(!(at_once + &before).contains("remove"), "{before}");
    story.now = story.now.after(Duration::from_secs(1));
    let then = story.go();
    assert!(then.contains("remove"), "{then}");
}
