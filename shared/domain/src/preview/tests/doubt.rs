//! A list of open pull requests disagrees with what a preview knows: the preview looks for itself.

use super::*;

fn doubted() -> Fact {
    Fact::PullRequestDoubted {
        repository: "acme/shop".parse().unwrap(),
    }
}

/// A preview that is up, an hour later.
fn ready() -> Story {
    let mut story = Story::opened();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    assert!(story.present);
    story.now = story.now.after(Duration::from_secs(3_600));
    story
}

#[test]
fn a_pull_request_that_was_closed_without_a_delivery_loses_its_preview() {
    let mut story = ready();
    story.change(|pull_request| pull_request.state = PullRequestState::Closed);
    assert_eq!(story.go(), "settled", "nobody told it");
    story.record(&doubted());
    insta::assert_snapshot!(story.go_far(), @"
    read the pull request
    remove
    comment: 🧹 Removal pending since 1970-01-01T01:16:42Z
    remove
    remove
    comment: 🧹 The pull request was closed: its preview was removed.
    ");
    assert!(!story.present);
}

#[test]
fn a_preview_whose_pull_request_is_open_after_all_stays_and_nothing_is_done_but_a_look() {
    let mut story = ready();
    story.record(&doubted());
    assert_eq!(story.go(), "read the pull request\nsettled");
    assert!(story.present);
}

#[test]
fn a_pull_request_that_cannot_be_read_loses_nothing() {
    let mut story = ready();
    story.record(&doubted());
    for _ in 0..30 {
        let done = story.go_with(|_, action| match action {
            Action::ReadPullRequest { .. } => Some(Fact::PullRequestNotRead {
                trouble: trouble("GitHub shows no pull request acme/shop#7 to this token"),
            }),
            Action::Target { .. }
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
        assert!(!done.contains("remove"), "{done}");
        let Step::Wait { until } = story.preview.plan(story.now) else {
            panic!("it must be looked at again");
        };
        story.now = until;
    }
    assert!(story.present);
    assert_eq!(story.go(), "read the pull request\nsettled");
}

#[test]
fn a_pull_request_of_which_no_delivery_ever_told_gets_its_preview() {
    let mut story = Story::opened();
    story.preview = Preview::new(story.preview.id);
    story.runs.push(run(10, 'a', RunProgress::Succeeded));
    story.record(&doubted());
    story.go_far();
    assert!(story.present);
    assert!(story.comment.contains("✅ Ready"), "{}", story.comment);
}

#[test]
fn a_push_of_which_no_delivery_told_is_deployed() {
    let mut story = ready();
    story.change(|pull_request| pull_request.head_commit = commit('b'));
    story.runs.push(run(11, 'b', RunProgress::Succeeded));
    story.record(&doubted());
    insta::assert_snapshot!(story.go_far(), @"
    read the pull request
    read the configuration
    comment: ⏳ Waiting for `CI` to run
    read the runs of bbbbbbb
    start bbbbbbb as pr-7 (attempt 2)
    poll d2
    probe https://pr-7.example.com/health
    comment: ✅ Ready
    settled
    ");
}

#[test]
fn a_doubt_does_not_cut_short_the_pause_after_two_sightings_of_one_second() {
    let mut story = ready();
    let later = PullRequest {
        title: "Another title".into(),
        ..story.pull_request.clone()
    };
    story.record(&Fact::PullRequestDelivered {
        pull_request: later,
    });
    let until = story.preview.sighting.as_ref().unwrap().doubted_until;
    assert!(until.is_some());
    story.record(&doubted());
    assert_eq!(
        story.preview.sighting.as_ref().unwrap().doubted_until,
        until
    );
}
