//! Pushes, closes and reopenings that come while something is in hand.

use super::*;

fn deploying() -> Story {
    let mut story = Story::opened();
    story.build(10, 'a', RunProgress::Succeeded);
    story.progress = DeploymentProgress::Running;
    story.go();
    story
}

#[test]
fn a_running_deployment_of_an_older_commit_is_awaited_not_reported_and_followed_by_the_newest() {
    let mut story = deploying();
    story.change(|pull_request| pull_request.head_commit = commit('b'));
    story.deliver();
    story.build(11, 'b', RunProgress::Succeeded);
    insta::assert_snapshot!(story.go(), @"
    read the pull request
    read the configuration
    wait 1 s
    ");
    story.change(|pull_request| pull_request.head_commit = commit('c'));
    story.deliver();
    story.build(12, 'c', RunProgress::Succeeded);
    story.progress = DeploymentProgress::Finished;
    insta::assert_snapshot!(story.go_far(), @"
    read the pull request
    read the configuration
    poll d1
    start ccccccc as pr-7 (attempt 2)
    comment: 🚀 Deploying
    poll d2
    probe https://pr-7.example.com/health
    comment: ✅ Ready
    settled
    ");
    assert!(
        story.comment.contains("Ready") && story.comment.contains("`ccccccc`"),
        "{}",
        story.comment
    );
}

#[test]
fn closing_removes_at_once_what_is_being_deployed() {
    let mut story = deploying();
    story.change(|pull_request| pull_request.state = PullRequestState::Closed);
    story.deliver();
    insta::assert_snapshot!(story.go_far(), @"
    read the pull request
    remove
    comment: 🧹 Removal pending since 1970-01-01T00:16:40Z
    remove
    remove
    comment: 🧹 The pull request was closed: its preview was removed.
    ");
    assert!(!story.present, "Coolify must hold nothing any more");
}

#[test]
fn a_late_delivery_of_the_close_of_a_reopened_pull_request_removes_nothing() {
    let mut story = deploying();
    story.progress = DeploymentProgress::Finished;
    story.go_far();
    let mut closed = story.pull_request.clone();
    closed.updated_at = closed.updated_at.after(Duration::from_secs(1));
    closed.state = PullRequestState::Closed;
    story.change(|_| {});
    story.change(|_| {});
    story.record(&Fact::PullRequestDelivered {
        pull_request: closed,
    });
    let done = story.go_far();
    assert!(
        !done.contains("remove"),
        "GitHub says that it is open: {done}"
    );
    assert!(story.present);
}

#[test]
fn a_pull_request_that_is_reopened_during_the_removal_gets_its_preview_back_afterwards() {
    let mut story = deploying();
    story.change(|pull_request| pull_request.state = PullRequestState::Closed);
    story.deliver();
    story.go();
    story.change(|pull_request| pull_request.state = PullRequestState::Open);
    story.deliver();
    story.progress = DeploymentProgress::Finished;
    insta::assert_snapshot!(story.go_far(), @"
    read the pull request
    read the configuration
    comment: 🧹 Removal pending since 1970-01-01T00:16:40Z
    remove
    remove
    start aaaaaaa as pr-7 (attempt 2)
    comment: 🚀 Deploying
    poll d2
    probe https://pr-7.example.com/health
    comment: ✅ Ready
    settled
    ");
    assert!(story.comment.contains("Ready"), "{}", story.comment);
}

#[test]
fn another_success_of_the_same_commit_deploys_nothing_twice_but_mends_a_failure() {
    let mut story = Story::opened();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story.build(11, 'a', RunProgress::Succeeded);
    insta::assert_snapshot!(story.go_far(), @"settled");

    let mut failed = Story::opened();
    failed.build(10, 'a', RunProgress::Succeeded);
    failed.progress = DeploymentProgress::Failed;
    insta::assert_snapshot!(failed.go_far(), @"
    read the pull request
    read the configuration
    start aaaaaaa as pr-7 (attempt 1)
    comment: 🚀 Deploying
    poll d1
    comment: ❌ Failed: `Coolify reports that the deployment failed`
    settled
    ");
    failed.progress = DeploymentProgress::Finished;
    let mut again = run(10, 'a', RunProgress::Succeeded);
    again.attempt = 2;
    let repository = failed.pull_request.repository.clone();
    failed.record(&Fact::RunDelivered {
        repository,
        run: again,
    });
    insta::assert_snapshot!(failed.go_far(), @"
    start aaaaaaa as pr-7 (attempt 2)
    poll d2
    probe https://pr-7.example.com/health
    comment: ✅ Ready
    settled
    ");
}

#[test]
fn a_deployment_that_never_ends_is_cancelled_after_an_hour_and_lets_a_newer_commit_pass() {
    let mut story = deploying();
    story.change(|pull_request| pull_request.head_commit = commit('b'));
    story.deliver();
    story.build(11, 'b', RunProgress::Succeeded);
    let mut done = story.go();
    let begun = story.now;
    while !done.contains("cancel") {
        assert!(
            story.now.since(begun) < Duration::from_secs(4_000),
            "polled for ever: {done}"
        );
        done = story.wait_and_go();
    }
    assert!(
        story.now.since(begun) >= Duration::from_secs(3_500),
        "a deployment was given up too early"
    );
    story.progress = DeploymentProgress::Finished;
    insta::assert_snapshot!(format!("{done}\n{}", story.go_far()), @"
    cancel d1
    read the pull request
    start bbbbbbb as pr-7 (attempt 2)
    comment: 🚀 Deploying
    wait 1 s
    poll d2
    probe https://pr-7.example.com/health
    comment: ✅ Ready
    settled
    ");
}

#[test]
fn a_deployment_that_stands_in_the_way_for_an_hour_is_told_and_waits_for_a_person() {
    let mut story = Story::opened();
    story.build(10, 'a', RunProgress::Succeeded);
    let in_the_way = |_: &mut Story, action: &Action| match action {
        Action::Target {
            application,
            action: TargetAction::Start { attempt, .. },
        } => Some(Fact::Target {
            application: application.clone(),
            fact: TargetFact::InTheWay { attempt: *attempt },
        }),
        Action::Target {
            application,
            action: TargetAction::Look { attempt, .. },
        } => Some(Fact::Target {
            application: application.clone(),
            fact: TargetFact::Looked {
                attempt: *attempt,
                found: None,
                busy: true,
            },
        }),
        Action::Target { .. }
        | Action::PublishComment { .. }
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
    };
    let begun = story.now;
    story.go_with(in_the_way);
    while story.now.since(begun) < Duration::from_secs(3_700) {
        let Step::Wait { until } = story.preview.plan(story.now) else {
            break;
        };
        story.now = until;
        story.go_with(in_the_way);
    }
    assert!(
        story
            .comment
            .contains("stood in Coolify's queue for an hour"),
        "{}",
        story.comment
    );
}

#[test]
fn the_build_is_known_among_many_runs_of_other_workflows() {
    let mut story = Story::opened();
    story.go();
    story.build(10, 'a', RunProgress::Succeeded);
    for id in 11..60 {
        let mut other = run(id, 'a', RunProgress::Succeeded);
        other.name = "Lint".into();
        other.path = ".github/workflows/lint.yml".into();
        let repository = story.pull_request.repository.clone();
        story.record(&Fact::RunDelivered {
            repository,
            run: other,
        });
    }
    let done = story.go_far();
    assert!(done.contains("start aaaaaaa"), "{done}");
}
