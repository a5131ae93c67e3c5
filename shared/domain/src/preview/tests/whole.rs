//! From opening to merge with vendors that work.

use std::time::Duration;

use super::*;

#[test]
fn a_pull_request_waits_for_its_build_is_deployed_probed_and_removed_when_merged() {
    let mut story = Story::opened();
    insta::assert_snapshot!(story.go(), @"
    read the pull request
    read the configuration
    comment: ⏳ Waiting for `CI` to run
    read the runs of aaaaaaa
    wait 15 s
    ");
    story.build(10, 'a', RunProgress::Running);
    insta::assert_snapshot!(story.wait_and_go(), @"
    comment: ⏳ Building: [`CI`](<https://github.com/acme/shop/actions/runs/10>)
    wait 13 s
    ");
    story.build(10, 'a', RunProgress::Succeeded);
    insta::assert_snapshot!(story.go_far(), @"
    start aaaaaaa as pr-7 (attempt 1)
    poll d1
    probe https://pr-7.example.com/health
    comment: ✅ Ready
    settled
    ");
    story.change(|pull_request| pull_request.state = PullRequestState::Merged);
    story.deliver();
    insta::assert_snapshot!(story.go_far(), @"
    read the pull request
    remove
    comment: 🧹 Removal pending since 1970-01-01T00:16:44Z
    remove
    remove
    comment: 🧹 The pull request was merged: its preview was removed.
    ");
    assert!(!story.present, "Coolify must hold nothing any more");
    story.now = story.now.after(Duration::from_secs(3 * 86_400));
    // Its image is seen to before, which is nobody's matter without a registry.
    insta::assert_snapshot!(story.go(), @"
    read the pull request
    forget
    ");
}

#[test]
fn a_run_alone_leads_to_the_preview_when_the_delivery_of_the_pull_request_was_lost() {
    let mut story = Story::opened();
    story.preview = Preview::new(story.preview.id);
    story.build(10, 'a', RunProgress::Succeeded);
    insta::assert_snapshot!(story.go_far(), @"
    read the pull request
    read the configuration
    comment: ⏳ Waiting for `CI` to run
    read the runs of aaaaaaa
    start aaaaaaa as pr-7 (attempt 1)
    poll d1
    probe https://pr-7.example.com/health
    comment: ✅ Ready
    settled
    ");
}

#[test]
fn a_lost_delivery_of_the_build_is_made_up_for_by_asking() {
    let mut story = Story::opened();
    story.go();
    story.runs.push(run(10, 'a', RunProgress::Succeeded));
    let done = story.go_far();
    assert!(done.contains("start aaaaaaa as pr-7 (attempt 1)"), "{done}");
}

#[test]
fn a_repository_without_configuration_is_left_alone() {
    let mut story = Story::opened();
    let done = story.go_with(|_, action| match action {
        Action::ReadConfiguration {
            commit, changes, ..
        } => Some(Fact::ConfigurationRead {
            commit: commit.clone(),
            changes: *changes,
            reading: Reading::Missing,
        }),
        Action::ReadPullRequest { .. }
        | Action::ReadPermission { .. }
        | Action::JudgeRequest { .. }
        | Action::PublishReport(_)
        | Action::SweepDeployments { .. }
        | Action::DeleteImage { .. }
        | Action::NoteExpiry { .. }
        | Action::Admission { .. }
        | Action::ReadFiles { .. }
        | Action::ReadRuns { .. }
        | Action::Target { .. }
        | Action::PublishComment { .. } => None,
    });
    insta::assert_snapshot!(done, @"
    read the pull request
    read the configuration
    settled
    ");
}

#[test]
fn a_pull_request_that_was_closed_before_its_first_delivery_came_is_forgotten_too() {
    let mut story = Story::opened();
    story.change(|pull_request| pull_request.state = PullRequestState::Closed);
    insta::assert_snapshot!(story.go(), @"
    read the pull request
    wait 259200 s
    ");
    insta::assert_snapshot!(story.wait_and_go(), @"forget");
}

#[test]
fn a_reading_that_is_told_after_the_next_change_of_the_configuration_is_not_gone_by() {
    let mut story = Story::opened();
    story.go();
    let late = Fact::ConfigurationRead {
        commit: commit('a'),
        changes: 0,
        reading: Reading::Missing,
    };
    story.record(&Fact::ConfigurationChanged);
    story.record(&late);
    insta::assert_snapshot!(story.go(), @"
    read the configuration
    wait 15 s
    ");
    story.record(&late);
    insta::assert_snapshot!(story.go(), @"wait 15 s");
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    assert!(story.present, "{}", story.comment);
}
