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
