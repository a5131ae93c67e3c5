//! Images of pull requests: which tags are deleted, when, and what is told of it.

use super::*;
use crate::preview::Reaction;

/// A deployed preview with this template of tags, in a world whose registry does this.
fn deployed(template: &str, registry: ImageOutcome) -> Story {
    let mut story = Story::opened();
    story.configuration = CONFIGURATION.replace("pr-{number}'", &format!("{template}'"));
    story.registry = Some(registry);
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story
}

/// Closes the pull request, and lets a day pass.
fn close(story: &mut Story) -> String {
    let done = only_close(story);
    story.now = story.now.after(Duration::from_secs(24 * 3_600));
    format!("{done}\n{}", story.go_far())
}

fn only_close(story: &mut Story) -> String {
    story.change(|pull_request| pull_request.state = PullRequestState::Closed);
    story.deliver();
    story.go_far()
}

fn reopen(story: &mut Story) -> String {
    story.change(|pull_request| pull_request.state = PullRequestState::Open);
    story.deliver();
    story.go_far()
}

/// The registry's refusal, if this is a deletion.
fn refused(action: &Action) -> Option<Fact> {
    let Action::DeleteImage { image, tag, .. } = action else {
        return None;
    };
    Some(Fact::ImageNotDeleted {
        image: image.clone(),
        tag: tag.clone(),
        trouble: Trouble {
            reason: "the token may not".into(),
            reaction: Reaction::GiveUp,
        },
    })
}

fn deletions(done: &str) -> Vec<&str> {
    done.lines()
        .filter(|line| line.starts_with("delete ghcr") || line.starts_with("delete harbor"))
        .collect()
}

#[test]
fn the_tag_is_deleted_once_the_removal_is_confirmed_and_the_comment_says_so() {
    let mut story = deployed("pr-{number}", ImageOutcome::Deleted);
    let done = close(&mut story);
    insta::assert_snapshot!(done, @"
    read the pull request
    remove
    comment: 🧹 Removal pending since 1970-01-01T00:16:42Z
    remove
    remove
    comment: 🧹 The pull request was closed: its preview was removed.
    read the pull request
    delete ghcr.io/acme/shop:pr-7
    comment: 🧹 The pull request was closed: its preview was removed.
    ");
    insta::assert_snapshot!(story.comment.lines().skip(2).collect::<Vec<_>>().join("\n"), @"

    🧹 The pull request was closed: its preview was removed.

    Its image `ghcr.io/acme/shop:pr-7` was deleted from the registry.

    <details><summary>What happened</summary>

    - 1970-01-01T00:16:40Z: `aaaaaaa` became the head commit
    - 1970-01-01T00:16:42Z: closed
    - 1970-01-01T00:16:52Z: `web`: removed, and Coolify said twice that nothing is there

    </details>
    ");
    let told = story
        .preview
        .rulings()
        .last()
        .map(|ruling| ruling.reason.as_str());
    assert_eq!(told, Some("ghcr.io/acme/shop:pr-7 was deleted"));
}

#[test]
fn only_tags_that_name_the_pull_request_are_deleted() {
    for template in [
        "pr-{number}",
        "PR{number}-{short_commit}",
        "web-pr-{number}",
        "{short_commit}-preview.{number}",
    ] {
        let done = close(&mut deployed(template, ImageOutcome::Deleted));
        assert_eq!(deletions(&done).len(), 1, "{template}: {done}");
    }
    // A commit's may be what production runs; a number's may be a release.
    for template in [
        "{commit}",
        "sha-{short_commit}",
        "v{number}",
        "{number}",
        "express-{number}",
    ] {
        let done = close(&mut deployed(template, ImageOutcome::Deleted));
        assert_eq!(deletions(&done), Vec::<&str>::new(), "{template}: {done}");
    }
}

#[test]
fn an_image_of_another_owner_at_ghcr_is_left_and_one_of_another_registry_is_tried() {
    for (image, expected) in [
        ("ghcr.io/acme/web", vec!["delete ghcr.io/acme/web:pr-7"]),
        ("ghcr.io/others/web", vec![]),
        (
            "harbor.example.com/acme/web",
            vec!["delete harbor.example.com/acme/web:pr-7"],
        ),
    ] {
        let mut story = Story::opened();
        story.configuration =
            CONFIGURATION.replace("  web:\n", &format!("  web:\n    image: {image}\n"));
        story.registry = Some(ImageOutcome::Deleted);
        story.build(10, 'a', RunProgress::Succeeded);
        story.go_far();
        let done = close(&mut story);
        assert_eq!(deletions(&done), expected, "{image}: {done}");
    }
}

#[test]
fn every_tag_that_was_deployed_is_deleted() {
    let mut story = deployed("pr-{number}-{short_commit}", ImageOutcome::Deleted);
    story.change(|pull_request| pull_request.head_commit = commit('b'));
    story.deliver();
    story.build(11, 'b', RunProgress::Succeeded);
    story.go_far();
    let done = close(&mut story);
    assert_eq!(
        deletions(&done),
        [
            "delete ghcr.io/acme/shop:pr-7-aaaaaaa",
            "delete ghcr.io/acme/shop:pr-7-bbbbbbb"
        ]
    );
}

#[test]
fn nothing_is_deleted_while_the_pull_request_is_open() {
    let mut story = deployed("pr-{number}", ImageOutcome::Deleted);
    story.change(|pull_request| pull_request.title = "No [skip preview]".into());
    story.deliver();
    let done = story.go_far();
    assert!(done.contains("remove"), "{done}");
    assert_eq!(deletions(&done), Vec::<&str>::new(), "{done}");
}

#[test]
fn a_pull_request_that_is_reopened_waits_for_another_build() {
    let mut story = deployed("pr-{number}", ImageOutcome::Deleted);
    close(&mut story);
    let done = reopen(&mut story);
    assert!(!done.contains("start"), "{done}");
    story.build(12, 'a', RunProgress::Succeeded);
    let done = story.go_far();
    assert!(done.contains("start aaaaaaa as pr-7"), "{done}");
    let done = close(&mut story);
    assert_eq!(deletions(&done).len(), 1, "{done}");
}

#[test]
fn nothing_is_deleted_within_a_day_and_not_at_all_if_it_is_reopened_by_then() {
    let mut story = deployed("pr-{number}", ImageOutcome::Deleted);
    let mut done = only_close(&mut story);
    story.now = story.now.after(Duration::from_secs(23 * 3_600));
    done.push_str(&story.go_far());
    assert!(done.contains("remove"), "{done}");
    let done = done + &reopen(&mut story);
    assert!(done.contains("start aaaaaaa as pr-7"), "{done}");
    // Another day counts from the newest end.
    story.now = story.now.after(Duration::from_secs(2 * 3_600));
    let done = done + &only_close(&mut story);
    assert_eq!(deletions(&done), Vec::<&str>::new(), "{done}");
    story.now = story.now.after(Duration::from_secs(24 * 3_600));
    assert_eq!(deletions(&story.go_far()).len(), 1);
}

#[test]
fn no_run_that_was_there_before_the_deletion_counts_as_having_the_image() {
    for outcome in [ImageOutcome::Deleted, ImageOutcome::NotThere] {
        let mut story = deployed("pr-{number}", outcome);
        story.build(9, 'a', RunProgress::Succeeded);
        story.build(12, 'a', RunProgress::Failed);
        story.go_far();
        close(&mut story);
        let mut done = reopen(&mut story);
        // Runs that nobody told of before, for this commit and as old.
        story.build(8, 'a', RunProgress::Succeeded);
        done.push_str(&story.go_far());
        story.build(11, 'a', RunProgress::Succeeded);
        done.push_str(&story.go_far());
        assert!(!done.contains("start"), "{done}");
        let mut again = run(9, 'a', RunProgress::Succeeded);
        again.attempt += 1;
        story.runs.retain(|known| known.id != again.id);
        story.runs.push(again.clone());
        let repository = story.pull_request.repository.clone();
        story.record(&Fact::RunDelivered {
            repository,
            run: again,
        });
        let done = story.go_far();
        assert!(done.contains("start aaaaaaa as pr-7"), "{done}");
    }
}

#[test]
fn a_refusal_of_one_image_holds_up_no_other() {
    let mut story = deployed("pr-{number}-{short_commit}", ImageOutcome::Deleted);
    story.change(|pull_request| pull_request.head_commit = commit('b'));
    story.deliver();
    story.build(11, 'b', RunProgress::Succeeded);
    story.go_far();
    only_close(&mut story);
    story.now = story.now.after(Duration::from_secs(24 * 3_600));
    let of_the_first = |fact: &Fact| matches!(fact, Fact::ImageNotDeleted { tag, .. } if tag.as_str() == "pr-7-aaaaaaa");
    let done = story.go_with(|_, action| refused(action).filter(of_the_first));
    assert_eq!(
        deletions(&done),
        [
            "delete ghcr.io/acme/shop:pr-7-aaaaaaa",
            "delete ghcr.io/acme/shop:pr-7-bbbbbbb"
        ]
    );
    for told in [
        "Its image `ghcr.io/acme/shop:pr-7-bbbbbbb` was deleted",
        "❌ Its image could not be deleted from the registry: `the token may not`",
    ] {
        assert!(story.comment.contains(told), "{}", story.comment);
    }
}

#[test]
fn an_image_that_bears_other_tags_stays_and_that_is_told() {
    let others = vec!["latest".to_owned(), "v1".to_owned()];
    let mut story = deployed("pr-{number}", ImageOutcome::Shared { others });
    close(&mut story);
    let told = story.comment.lines().last().unwrap();
    insta::assert_snapshot!(told, @"</details>");
}

#[test]
fn a_refusal_is_told_and_not_tried_again() {
    let mut story = deployed("pr-{number}", ImageOutcome::Deleted);
    story.change(|pull_request| pull_request.state = PullRequestState::Merged);
    story.deliver();
    let mut tries = 0;
    for _ in 0..8 {
        story.go_with(|_, action| {
            let refusal = refused(action);
            tries += usize::from(refusal.is_some());
            refusal
        });
        if let Step::Wait { until } = story.preview.plan(story.now) {
            story.now = until;
        }
    }
    assert_eq!(tries, 1);
    assert!(
        story
            .comment
            .contains("❌ Its image could not be deleted from the registry: `the token may not`"),
        "{}",
        story.comment
    );
    assert!(
        story
            .preview
            .given_up()
            .iter()
            .any(|given_up| given_up.what == "deleting the image")
    );
}

#[test]
fn a_registry_that_fails_holds_up_neither_the_comment_nor_the_end() {
    let mut story = deployed("pr-{number}", ImageOutcome::Deleted);
    story.change(|pull_request| pull_request.state = PullRequestState::Closed);
    story.deliver();
    let mut failures = 0;
    while failures < 3 {
        story.go_with(|_, action| {
            let Action::DeleteImage { image, tag, .. } = action else {
                return None;
            };
            failures += 1;
            Some(Fact::ImageNotDeleted {
                image: image.clone(),
                tag: tag.clone(),
                trouble: trouble("the registry is down"),
            })
        });
        if let Step::Wait { until } = story.preview.plan(story.now) {
            story.now = until;
        }
    }
    assert!(
        story.comment.contains("its preview was removed"),
        "{}",
        story.comment
    );
    let done = story.go_far();
    assert_eq!(deletions(&done).len(), 1, "{done}");
    assert!(
        story.comment.contains("was deleted from the registry"),
        "{}",
        story.comment
    );
}
