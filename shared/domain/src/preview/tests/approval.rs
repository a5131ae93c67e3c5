//! Pull requests of forks whose commits somebody with write permission must approve.

use super::*;
use crate::preview::LabelAdded;

/// A fork's pull request in a repository whose configuration says `forks: label`; everything it pushes is built.
fn forked() -> Story {
    let mut story = Story::opened();
    story.configuration = format!("{CONFIGURATION}      when: {{ forks: label }}\n");
    story.change(|pull_request| pull_request.head_repository = Some(FORK));
    story.deliver();
    build(&mut story, 10, 'a');
    story
}

/// The head commit is built. No delivery tells of a fork's run whose it is.
fn build(story: &mut Story, id: u64, head: char) {
    story.runs.push(WorkflowRun {
        head_repository: Some(FORK),
        ..run(id, head, RunProgress::Succeeded)
    });
}

fn added(story: &Story, login: &str) -> LabelAdded {
    LabelAdded {
        label: "preview".into(),
        account: 9,
        login: login.into(),
        commit: story.pull_request.head_commit.clone(),
        as_of: story.pull_request.updated_at,
    }
}

/// Somebody puts the label on, and a delivery tells of it.
fn label(story: &mut Story, login: &str) -> LabelAdded {
    story.change(|pull_request| pull_request.labels = vec!["preview".into()]);
    let added = added(story, login);
    story.deliver();
    story.record(&Fact::LabelAdded(added.clone()));
    added
}

fn unlabel(story: &mut Story) {
    story.change(|pull_request| pull_request.labels.clear());
    story.deliver();
}

fn push(story: &mut Story, head: char) {
    story.change(|pull_request| pull_request.head_commit = commit(head));
    story.deliver();
}

#[test]
fn a_fork_waits_visibly_until_somebody_with_write_permission_puts_the_label_on() {
    let mut story = forked();
    insta::assert_snapshot!(story.go_far(), @"
    read the pull request
    read the configuration
    comment: ⏳ `aaaaaaa` comes from a fork: waiting until somebody with write permission puts the label `preview` on
    settled
    ");
    insta::assert_snapshot!(story.comment, @"
    <!-- slipway:preview repository=1 pr=7 -->
    ### Preview

    | Service | Status | URL | Commit | Updated |
    | --- | --- | --- | --- | --- |
    | web | ⏳ `aaaaaaa` comes from a fork: waiting until somebody with write permission puts the label `preview` on | – | – | 1970-01-01 00:16 UTC |
    ");
    label(&mut story, "grace");
    insta::assert_snapshot!(story.go_far(), @"
    read the pull request
    ask about grace
    read the runs of aaaaaaa
    start aaaaaaa as pr-7 (attempt 1)
    poll d1
    probe https://pr-7.example.com/health
    comment: ✅ Ready
    settled
    ");
    insta::assert_snapshot!(story.comment, @"
    <!-- slipway:preview repository=1 pr=7 -->
    ### Preview

    | Service | Status | URL | Commit | Updated |
    | --- | --- | --- | --- | --- |
    | web | ✅ Ready | <https://pr-7.example.com> | `aaaaaaa` | 1970-01-01 00:16 UTC |

    `aaaaaaa` was approved by `grace`. The next push needs another approval.

    **Next:** a push deploys the next commit, and closing the pull request removes everything.

    <details><summary>What happened</summary>

    - 1970-01-01T00:16:40Z: `aaaaaaa` became the head commit
    - 1970-01-01T00:16:40Z: `web`: deployed what run 10 (attempt 1) of `CI` built
    - 1970-01-01T00:16:41Z: `web`: ready, 1 s after the push

    </details>
    ");
}

#[test]
fn the_label_of_somebody_without_write_permission_approves_nothing() {
    let mut story = forked();
    story.go_far();
    label(&mut story, "mallory");
    story.go_far();
    assert_eq!(story.deployments, 0);
    insta::assert_snapshot!(story.comment, @"
    <!-- slipway:preview repository=1 pr=7 -->
    ### Preview

    | Service | Status | URL | Commit | Updated |
    | --- | --- | --- | --- | --- |
    | web | ⏳ `aaaaaaa` comes from a fork: waiting until somebody with write permission takes the label `preview` off and puts it on again; `mallory` put it on, but has no write permission | – | – | 1970-01-01 00:16 UTC |
    ");
    // A person who may do it has to do it: the label is on already.
    unlabel(&mut story);
    label(&mut story, "grace");
    story.go_far();
    assert_eq!(story.deployments, 1);
}

#[test]
fn a_push_voids_the_approval_and_keeps_what_was_approved() {
    let mut story = forked();
    label(&mut story, "grace");
    story.go_far();
    push(&mut story, 'b');
    build(&mut story, 11, 'b');
    story.go_far();
    assert_eq!(story.deployments, 1, "b was not approved");
    assert!(story.present, "a was");
    insta::assert_snapshot!(story.comment, @"
    <!-- slipway:preview repository=1 pr=7 -->
    ### Preview

    | Service | Status | URL | Commit | Updated |
    | --- | --- | --- | --- | --- |
    | web | ⏳ `bbbbbbb` comes from a fork: waiting until somebody with write permission takes the label `preview` off and puts it on again | <https://pr-7.example.com> | `aaaaaaa` | 1970-01-01 00:16 UTC |

    <details><summary>What happened</summary>

    - 1970-01-01T00:16:41Z: `web`: `aaaaaaa` was ready
    - 1970-01-01T00:16:42Z: `bbbbbbb` became the head commit

    </details>
    ");
    // The branch set back to what runs is no new deployment, and no approval for a newer build of it.
    push(&mut story, 'a');
    build(&mut story, 12, 'a');
    story.go_far();
    assert_eq!(story.deployments, 1);
    assert!(story.comment.contains("Ready"), "{}", story.comment);
    unlabel(&mut story);
    story.go_far();
    label(&mut story, "grace");
    story.go_far();
    assert_eq!(story.deployments, 2, "{}", story.comment);
}

#[test]
fn taking_the_label_off_removes_and_no_old_approval_comes_back_with_it() {
    let mut story = forked();
    label(&mut story, "grace");
    story.go_far();
    unlabel(&mut story);
    story.go_far();
    assert!(!story.present, "{}", story.comment);
    assert!(
        story.comment.contains("puts the label `preview` on"),
        "{}",
        story.comment
    );
    label(&mut story, "mallory");
    story.go_far();
    assert_eq!(story.deployments, 1, "{}", story.comment);
}

#[test]
fn an_approval_that_is_told_late_counts_only_if_nothing_voided_it() {
    for pushed in [false, true] {
        let mut story = forked();
        story.go_far();
        story.change(|pull_request| pull_request.labels = vec!["preview".into()]);
        let late = added(&story, "grace");
        if pushed {
            push(&mut story, 'b');
            build(&mut story, 11, 'b');
        }
        story.go_far();
        story.record(&Fact::LabelAdded(late));
        story.deliver();
        story.go_far();
        assert_eq!(story.deployments, u32::from(!pushed), "{}", story.comment);
    }
    // Taken off and put on again by somebody else, before the first is told.
    let mut story = forked();
    story.go_far();
    story.change(|pull_request| pull_request.labels = vec!["preview".into()]);
    let late = added(&story, "grace");
    unlabel(&mut story);
    label(&mut story, "mallory");
    story.record(&Fact::LabelAdded(late));
    story.go_far();
    assert_eq!(story.deployments, 0, "{}", story.comment);
}

#[test]
fn while_github_cannot_be_asked_nothing_is_approved_and_people_read_why() {
    let mut story = forked();
    story.go_far();
    label(&mut story, "grace");
    for _ in 0..4 {
        story.go_with(|_, action| {
            let asks = matches!(action, Action::ReadPermission { .. });
            asks.then(|| Fact::PermissionNotRead {
                trouble: trouble("GitHub answered 502"),
            })
        });
        story.now = story.now.after(Duration::from_secs(20));
    }
    assert_eq!(story.deployments, 0);
    assert!(
        story.comment.contains("Asking GitHub whether `grace` may approve `aaaaaaa` (trying again: `GitHub answered 502`)"),
        "{}",
        story.comment
    );
    story.go_far();
    assert!(story.comment.contains("Ready"), "{}", story.comment);
}

#[test]
fn the_label_of_the_configuration_is_the_one_that_approves() {
    let mut story = forked();
    story.configuration = story
        .configuration
        .replace("forks: label", "forks: label, label: safe");
    push(&mut story, 'b');
    build(&mut story, 11, 'b');
    label(&mut story, "grace");
    story.go_far();
    assert_eq!(story.deployments, 0);
    assert!(
        story.comment.contains("puts the label `safe` on"),
        "{}",
        story.comment
    );
}
