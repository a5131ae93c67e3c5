//! The App loses its access to the repository: the preview goes without a look at the pull request, and comes back.

use super::*;
use crate::installation::Loss;

fn ready() -> Story {
    let mut story = Story::opened();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    assert!(story.present);
    story.done.clear();
    story
}

fn told(story: &mut Story, lost: Option<Loss>) {
    let as_of = story.now;
    story.record(&Fact::Access { lost, as_of });
}

#[test]
fn what_is_deployed_is_removed_without_asking_github_for_anything() {
    let mut story = ready();
    story.now = story.now.after(Duration::from_secs(3_600));
    told(&mut story, Some(Loss::Uninstalled));
    story.go_far();
    assert!(!story.present);
    let asked_github =
        |done: &&String| done.contains("read") || done.contains("comment") || done.contains("runs");
    assert_eq!(
        story.done.iter().filter(asked_github).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "{:?}",
        story.done
    );
    assert!(!story.preview.is_deployed());
}

#[test]
fn it_is_deployed_again_when_the_repository_is_reached_again() {
    let mut story = ready();
    told(&mut story, Some(Loss::Suspended));
    story.go_far();
    assert!(!story.present);
    // An older word comes late.
    let before = story.preview.clone();
    story.record(&Fact::Access {
        lost: None,
        as_of: Timestamp::from_milliseconds(1),
    });
    assert_eq!(story.preview, before);
    let deployments = story.deployments;
    story.now = story.now.after(Duration::from_secs(60));
    told(&mut story, None);
    story.go_far();
    assert!(story.present);
    assert_eq!(story.deployments, deployments + 1);
    assert!(story.comment.contains("Ready"), "{}", story.comment);
}

#[test]
fn a_preview_of_which_nothing_is_left_is_forgotten_after_some_days() {
    let mut story = ready();
    told(&mut story, Some(Loss::Removed));
    story.go_far();
    let days = story.now.after(Duration::from_secs(4 * 86_400));
    assert_eq!(story.preview.plan(days), Step::Forget);
}

#[test]
fn an_archived_repository_gets_nothing_new_and_loses_nothing() {
    let mut story = ready();
    story.pull_request.archived = true;
    story.change(|pull_request| pull_request.head_commit = commit('b'));
    story.deliver();
    story.build(11, 'b', RunProgress::Succeeded);
    let deployments = story.deployments;
    let comment = story.comment.clone();
    story.go_far();
    assert!(story.present);
    assert_eq!(story.deployments, deployments);
    assert_eq!(story.comment, comment, "GitHub takes no comment there");
    story.change(|pull_request| pull_request.archived = false);
    story.deliver();
    story.go_far();
    assert_eq!(story.deployments, deployments + 1);
}
