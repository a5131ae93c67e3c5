//! A virtual cluster of the platform API, which tells nothing but that it took the image.

use super::*;
use crate::preview::Reaction;

const BESIDE: &str = "\
version: 1
build: { workflow: CI }
services:
  web:
    preview:
      coolify: { application: web-app, tag: 'pr-{number}' }
      vcluster: { tag: 'pr-{number}-{short_commit}' }
      url: https://pr-{number}.example.com
";

fn story(configuration: &str) -> Story {
    let mut story = Story::opened();
    story.configuration = configuration.to_owned();
    story
}

fn alone() -> Story {
    story(&BESIDE.replace(
        "      coolify: { application: web-app, tag: 'pr-{number}' }\n",
        "",
    ))
}

/// What is learnt of a request for a deployment whose answer is lost.
fn unanswered(action: &Action) -> Option<Fact> {
    let Action::Target {
        application,
        action: TargetAction::Start { attempt, .. },
    } = action
    else {
        return None;
    };
    Some(Fact::Target {
        application: application.clone(),
        fact: TargetFact::StartUnanswered {
            attempt: *attempt,
            trouble: trouble("the answer was lost"),
        },
    })
}

#[test]
fn a_service_on_two_targets_has_a_row_for_each_in_one_comment() {
    let mut story = story(BESIDE);
    story.build(10, 'a', RunProgress::Succeeded);
    insta::assert_snapshot!(story.go_far(), @"
    read the pull request
    read the configuration
    start aaaaaaa as pr-7 (attempt 1)
    start aaaaaaa as pr-7-aaaaaaa (attempt 1)
    comment: 🚀 Deploying
    probe https://pr-7.example.com/
    poll d1
    probe https://pr-7.example.com/
    comment: ✅ Ready
    settled
    ");
    insta::assert_snapshot!(story.comment, @"
    <!-- slipway:preview repository=1 pr=7 -->
    ### Preview

    | Service | Status | URL | Commit | Updated |
    | --- | --- | --- | --- | --- |
    | web | ✅ Ready | <https://pr-7.example.com> | `aaaaaaa` | 1970-01-01 00:16 UTC |
    | web (vcluster) | ✅ Ready | <https://pr-7.example.com> | `aaaaaaa` | 1970-01-01 00:16 UTC |

    **Next:** a push deploys the next commit, and closing the pull request removes everything.

    <details><summary>What happened</summary>

    - 1970-01-01T00:16:40Z: `aaaaaaa` became the head commit
    - 1970-01-01T00:16:40Z: `web`: deployed what run 10 (attempt 1) of `CI` built
    - 1970-01-01T00:16:40Z: `web`: deployed what run 10 (attempt 1) of `CI` built
    - 1970-01-01T00:16:40Z: `web`: ready, 0 s after the push
    - 1970-01-01T00:16:41Z: `web`: ready, 1 s after the push

    </details>
    ");
}

#[test]
fn an_image_that_was_taken_is_probed_and_another_commit_follows_it() {
    let mut story = alone();
    story.build(10, 'a', RunProgress::Succeeded);
    insta::assert_snapshot!(story.go_far(), @"
    read the pull request
    read the configuration
    start aaaaaaa as pr-7-aaaaaaa (attempt 1)
    comment: 🔍 Started, checking its health
    probe https://pr-7.example.com/
    comment: ✅ Ready
    settled
    ");
    story.change(|pull_request| pull_request.head_commit = commit('b'));
    story.deliver();
    story.build(11, 'b', RunProgress::Succeeded);
    insta::assert_snapshot!(story.go_far(), @"
    read the pull request
    read the configuration
    start bbbbbbb as pr-7-bbbbbbb (attempt 2)
    probe https://pr-7.example.com/
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
}

#[test]
fn a_lost_answer_leads_to_another_request_when_the_first_one_has_arrived_or_never_will() {
    let mut story = alone();
    story.build(10, 'a', RunProgress::Succeeded);
    let mut starts = Vec::new();
    let lose = |starts: &mut Vec<Timestamp>, story: &mut Story| {
        story.go_with(|story, action| {
            let unanswered = unanswered(action)?;
            starts.push(story.now);
            (starts.len() == 1).then_some(unanswered)
        })
    };
    lose(&mut starts, &mut story);
    assert!(story.preview.is_deployed(), "it may be there");
    while starts.len() < 2 {
        let Step::Wait { until } = story.preview.plan(story.now) else {
            panic!("it is tried again");
        };
        story.now = until;
        lose(&mut starts, &mut story);
    }
    story.go_far();
    assert!(starts[1].since(starts[0]).as_secs() >= 30, "{starts:?}");
    assert!(story.comment.contains("✅ Ready"), "{}", story.comment);
}

#[test]
fn a_removal_after_a_lost_answer_waits_for_what_may_still_arrive() {
    let mut story = alone();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_with(|_, action| unanswered(action));
    story.change(|pull_request| pull_request.state = PullRequestState::Merged);
    story.deliver();
    let begun = story.now;
    story.go_far();
    assert!(!story.preview.is_deployed());
    assert!(
        story.now.since(begun).as_secs() >= 30,
        "both looks came before it could arrive"
    );
}

#[test]
fn a_number_that_another_repository_has_is_left_alone_whatever_was_asked_for_before() {
    let mut story = alone();
    story.build(10, 'a', RunProgress::Succeeded);
    let mut starts = 0;
    while starts < 2 {
        story.go_with(|_, action| {
            let unanswered = unanswered(action)?;
            starts += 1;
            let Fact::Target {
                application,
                fact: TargetFact::StartUnanswered { attempt, .. },
            } = &unanswered
            else {
                return None;
            };
            let of_another = TargetFact::OfAnother {
                attempt: *attempt,
                trouble: Trouble {
                    reason: "Platform API answered 409".into(),
                    reaction: Reaction::GiveUp,
                },
            };
            Some(match starts {
                1 => unanswered,
                _ => Fact::Target {
                    application: application.clone(),
                    fact: of_another,
                },
            })
        });
        if let Step::Wait { until } = story.preview.plan(story.now) {
            story.now = until;
        }
    }
    assert!(!story.preview.is_deployed());
    story.change(|pull_request| pull_request.state = PullRequestState::Merged);
    story.deliver();
    let done = story.go_far();
    assert!(!done.lines().any(|line| line.trim() == "remove"), "{done}");
}
