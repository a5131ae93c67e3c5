//! What a preview makes of commands.

use super::*;
use crate::preview::{CommandOutcome, CommandWish, Commanded, Place};

/// A command that was decided on, written so many seconds after the pull request was opened.
fn commanded(seconds: i64, command: &str, wish: Option<CommandWish>) -> Fact {
    Fact::Commanded(Box::new(Commanded {
        at: Place {
            written_at: Timestamp::from_milliseconds(1_000 + seconds * 1_000),
            comment: u64::try_from(seconds).unwrap(),
        },
        account: 9,
        login: "grace".into(),
        command: command.into(),
        outcome: CommandOutcome::Done,
        answer: "so be it".into(),
        wish,
        pull_request: None,
    }))
}

fn labelled() -> Story {
    let mut story = Story::opened();
    story.configuration =
        CONFIGURATION.replace("      url:", "      when: { label: preview }\n      url:");
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    assert_eq!(story.deployments, 0, "the label is missing");
    story
}

#[test]
fn a_preview_is_summoned_without_its_label_and_stays_with_the_next_push() {
    let mut story = labelled();
    story.record(&commanded(
        1,
        "/preview",
        Some(CommandWish::Deploy(commit('a'))),
    ));
    let done = story.go_far();
    assert!(done.contains("start aaaaaaa"), "{done}");
    insta::assert_snapshot!(story.comment, @"
    <!-- slipway:preview repository=1 pr=7 -->
    ### Preview

    | Service | Status | URL | Commit | Updated |
    | --- | --- | --- | --- | --- |
    | web | ✅ Ready | <https://pr-7.example.com> | `aaaaaaa` | 1970-01-01 00:16 UTC |

    Last command: `/preview` by `grace`: ✅ so be it

    **Next:** a push deploys the next commit, and closing the pull request removes everything.

    <details><summary>What happened</summary>

    - 1970-01-01T00:16:40Z: `aaaaaaa` became the head commit
    - 1970-01-01T00:16:40Z: `web`: deployed what run 10 (attempt 1) of `CI` built
    - 1970-01-01T00:16:41Z: `web`: ready, 1 s after the push

    </details>
    ");
    story.change(|shown| shown.head_commit = commit('b'));
    story.deliver();
    story.build(11, 'b', RunProgress::Succeeded);
    let done = story.go_far();
    assert!(done.contains("start bbbbbbb"), "{done}");
}

#[test]
fn a_preview_that_was_removed_by_a_command_stays_away_until_the_next_word() {
    let mut story = Story::opened();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story.record(&commanded(1, "/preview remove", Some(CommandWish::Remove)));
    let done = story.go_far();
    assert!(done.contains("remove"), "{done}");
    assert!(
        story
            .comment
            .contains("No preview of `web`: `grace` asked for its removal."),
        "{}",
        story.comment
    );
    story.change(|shown| shown.head_commit = commit('b'));
    story.deliver();
    story.build(11, 'b', RunProgress::Succeeded);
    assert!(!story.go_far().contains("start"));
    story.record(&commanded(
        2,
        "/preview",
        Some(CommandWish::Deploy(commit('b'))),
    ));
    let done = story.go_far();
    assert!(done.contains("start bbbbbbb"), "{done}");
}

#[test]
fn of_two_words_the_later_one_counts_in_whatever_order_they_come() {
    let summon = commanded(1, "/preview", Some(CommandWish::Deploy(commit('a'))));
    let dismiss = commanded(2, "/preview remove", Some(CommandWish::Remove));
    for facts in [[&summon, &dismiss], [&dismiss, &summon]] {
        let mut story = labelled();
        for fact in facts {
            story.record(fact);
            story.record(fact);
        }
        let done = story.go_far();
        assert!(!done.contains("start"), "{done}");
        assert!(
            story.comment.contains("Last command: `/preview remove`"),
            "{}",
            story.comment
        );
    }
}

#[test]
fn what_is_there_is_deployed_anew_once_for_each_word() {
    let mut story = Story::opened();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    assert_eq!(story.deployments, 1);
    let again = commanded(1, "/redeploy", Some(CommandWish::Redeploy(commit('a'))));
    story.record(&again);
    story.go_far();
    assert_eq!(story.deployments, 2);
    story.record(&again);
    story.go_far();
    assert_eq!(story.deployments, 2, "the same word again is nothing new");
    story.record(&commanded(
        2,
        "/redeploy",
        Some(CommandWish::Redeploy(commit('b'))),
    ));
    story.go_far();
    assert_eq!(story.deployments, 2, "another commit is not there");
}

#[test]
fn a_preview_is_kept_for_longer_and_brought_back_by_it() {
    let mut story = Story::opened();
    story.configuration = CONFIGURATION.replace("      url:", "      ttl: 2d\n      url:");
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    let until = story.now.after(Duration::from_secs(7 * 86_400));
    story.record(&commanded(
        1,
        "/preview keep 7d",
        Some(CommandWish::Keep(until)),
    ));
    story.go_far();
    let kept = format!("`web` is kept until {until}, as somebody asked.");
    assert!(story.comment.contains(&kept), "{}", story.comment);
    story.now = until.before(Duration::from_secs(60));
    assert!(!story.go_far().contains("remove"));
    story.now = until.after(Duration::from_secs(60));
    let done = story.go_far();
    assert!(done.contains("remove"), "{done}");
    let longer = story.now.after(Duration::from_secs(86_400));
    story.record(&commanded(
        2,
        "/preview keep 1d",
        Some(CommandWish::Keep(longer)),
    ));
    let done = story.go_far();
    assert!(done.contains("start aaaaaaa"), "{done}");
}

#[test]
fn a_command_approves_one_commit_of_a_fork() {
    let mut story = Story::opened();
    story.configuration =
        CONFIGURATION.replace("      url:", "      when: { forks: label }\n      url:");
    story.change(|shown| shown.head_repository = Some(FORK));
    story.deliver();
    let foreign = |id, head| WorkflowRun {
        head_repository: Some(FORK),
        ..run(id, head, RunProgress::Succeeded)
    };
    story.runs = vec![foreign(10, 'a'), foreign(11, 'b')];
    assert!(!story.go_far().contains("start"));
    story.record(&commanded(
        1,
        "/preview",
        Some(CommandWish::Deploy(commit('a'))),
    ));
    let done = story.go_far();
    assert!(done.contains("start aaaaaaa"), "{done}");
    story.change(|shown| shown.head_commit = commit('b'));
    story.deliver();
    let done = story.go_far();
    assert!(
        !done.contains("start") && !done.contains("remove"),
        "the push voids it, and what was approved stays: {done}"
    );
}

#[test]
fn who_has_no_right_is_told_once_and_the_text_cannot_break_out() {
    let mut story = Story::opened();
    let denied = |seconds, account, command: &str| {
        let Fact::Commanded(told) = commanded(seconds, command, None) else {
            panic!("it is one");
        };
        Fact::Commanded(Box::new(Commanded {
            account,
            login: "eve`|@all".into(),
            outcome: CommandOutcome::Denied,
            answer: "no".into(),
            ..*told
        }))
    };
    story.record(&denied(1, 66, "/preview"));
    story.go_far();
    let first = story.comment.clone();
    insta::assert_snapshot!(first.lines().last().unwrap_or_default(), @"Last command: `/preview` by `eve'¦@all`: 🔒 no");
    assert!(story.preview.has_denied(66));
    story.record(&denied(2, 66, "/redeploy"));
    story.go_far();
    assert_eq!(story.comment, first, "it is said once");
    story.record(&denied(3, 67, "/`<b>"));
    story.go_far();
    insta::assert_snapshot!(story.comment.lines().last().unwrap_or_default(), @"Last command: `/'<b>` by `eve'¦@all`: 🔒 no");
}
