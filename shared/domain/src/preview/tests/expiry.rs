//! Previews that end when nothing happens for long.

use super::*;

fn kept_for_72_hours() -> Story {
    let mut story = Story::opened();
    story.configuration = format!("{CONFIGURATION}      ttl: 72h\n");
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    assert!(story.present, "{}", story.comment);
    story
}

/// Lets hours pass, and does what is to be done in the meantime.
fn wait(story: &mut Story, hours: u64) {
    let end = story.now.after(Duration::from_secs(hours * 3_600));
    while let Step::Wait { until } = story.preview.plan(story.now) {
        if until > end {
            break;
        }
        story.now = until;
        story.go_far();
    }
    story.now = end;
    story.go_far();
}

#[test]
fn a_preview_that_nobody_uses_is_announced_to_end_and_then_removed() {
    let mut story = kept_for_72_hours();
    insta::assert_snapshot!(story.comment, @"
    <!-- slipway:preview repository=1 pr=7 -->
    ### Preview

    | Service | Status | URL | Commit | Updated |
    | --- | --- | --- | --- | --- |
    | web | ✅ Ready | <https://pr-7.example.com> | `aaaaaaa` | 1970-01-01 00:16 UTC |

    `web` is kept until 1970-01-04T00:16:41Z, 3d after the last activity.

    **Next:** a push deploys the next commit, and closing the pull request removes everything.

    <details><summary>What happened</summary>

    - 1970-01-01T00:16:40Z: `aaaaaaa` became the head commit
    - 1970-01-01T00:16:40Z: `web`: deployed what run 10 (attempt 1) of `CI` built
    - 1970-01-01T00:16:41Z: `web`: ready, 1 s after the push

    </details>
    ");
    wait(&mut story, 55);
    assert!(story.present);
    insta::assert_snapshot!(story.comment, @"
    <!-- slipway:preview repository=1 pr=7 -->
    ### Preview

    | Service | Status | URL | Commit | Updated |
    | --- | --- | --- | --- | --- |
    | web | ✅ Ready | <https://pr-7.example.com> | `aaaaaaa` | 1970-01-01 00:16 UTC |

    ⚠️ `web` will be removed at 1970-01-04T00:16:41Z, 3d after the last activity. A push, a label or another title keeps it.

    **Next:** a push deploys the next commit, and closing the pull request removes everything.

    <details><summary>What happened</summary>

    - 1970-01-01T00:16:40Z: `aaaaaaa` became the head commit
    - 1970-01-01T00:16:40Z: `web`: deployed what run 10 (attempt 1) of `CI` built
    - 1970-01-01T00:16:41Z: `web`: ready, 1 s after the push

    </details>
    ");
    wait(&mut story, 18);
    assert!(!story.present);
    insta::assert_snapshot!(story.comment, @"
    <!-- slipway:preview repository=1 pr=7 -->
    ### Preview

    No preview of `web`: nothing happened for 3d. A push, a label or another title brings it back.

    <details><summary>What happened</summary>

    - 1970-01-01T00:16:40Z: `aaaaaaa` became the head commit
    - 1970-01-04T00:16:51Z: `web`: removed, and Coolify said twice that nothing is there

    </details>
    ");
    let deployments = story.deployments;
    wait(&mut story, 24 * 30);
    assert_eq!(story.deployments, deployments, "it stays away");
}

#[test]
fn what_people_do_keeps_it_and_brings_it_back() {
    let mut story = kept_for_72_hours();
    wait(&mut story, 60);
    story.change(|pull_request| pull_request.labels = vec!["reviewed".into()]);
    story.deliver();
    story.go_far();
    assert!(!story.comment.contains("⚠️"), "{}", story.comment);
    wait(&mut story, 60);
    assert!(story.present, "counted from the label: {}", story.comment);
    wait(&mut story, 20);
    assert!(!story.present, "{}", story.comment);
    story.change(|pull_request| pull_request.title = "Add a better cart".into());
    story.deliver();
    story.go_far();
    assert!(story.present, "it is back: {}", story.comment);
}

#[test]
fn a_comment_keeps_nothing_alive() {
    let mut story = kept_for_72_hours();
    wait(&mut story, 60);
    // Somebody comments, perhaps Slipway itself: only the time of the last change moves.
    story.change(|_| {});
    story.deliver();
    story.go_far();
    wait(&mut story, 13);
    assert!(!story.present, "{}", story.comment);
}

#[test]
fn where_nothing_is_there_nothing_ends() {
    let mut story = Story::opened();
    story.configuration = format!("{CONFIGURATION}      ttl: 72h\n");
    story.go_far();
    wait(&mut story, 100);
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    assert!(
        story.present,
        "a build that took long is not too late: {}",
        story.comment
    );
}

#[test]
fn what_a_deployment_left_behind_ends_too_when_the_next_one_never_comes() {
    let mut story = kept_for_72_hours();
    story.change(|pull_request| pull_request.head_commit = commit('b'));
    story.deliver();
    story.build(11, 'b', RunProgress::Succeeded);
    story.go_with(|_, action| {
        let Action::Target {
            application,
            action: TargetAction::Start { attempt, .. },
        } = action
        else {
            return None;
        };
        Some(Fact::Target {
            application: application.clone(),
            fact: TargetFact::StartFailed {
                attempt: *attempt,
                trouble: Trouble {
                    reason: "Coolify does not want to".into(),
                    reaction: crate::preview::Reaction::GiveUp,
                },
            },
        })
    });
    assert!(
        story.present,
        "the old one is still there: {}",
        story.comment
    );
    wait(&mut story, 73);
    assert!(!story.present, "{}", story.comment);
}
