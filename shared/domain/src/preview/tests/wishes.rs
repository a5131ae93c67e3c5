//! Which pull requests get a preview.

use super::*;

/// What is done about a built pull request with these words in the `when` of its service.
fn with_when(when: &str, change: impl FnOnce(&mut PullRequest)) -> (Story, String) {
    let mut story = Story::opened();
    story.configuration = CONFIGURATION.replace(
        "      url:",
        &format!("      when: {{ {when} }}\n      url:"),
    );
    story.change(change);
    story.deliver();
    let head_repository = story.pull_request.head_repository;
    story.runs.push(WorkflowRun {
        head_repository,
        ..run(10, 'a', RunProgress::Succeeded)
    });
    let done = story.go_far();
    (story, done)
}

#[test]
fn a_fork_is_never_trusted_unless_always() {
    let fork = |pull_request: &mut PullRequest| pull_request.head_repository = Some(FORK);
    for (when, deployed) in [
        ("drafts: true", false),
        ("forks: never", false),
        ("forks: label", false),
        ("forks: always", true),
    ] {
        let (_, done) = with_when(when, fork);
        assert_eq!(done.contains("start"), deployed, "{when}: {done}");
    }
    let (_, done) = with_when("drafts: true", |pull_request| {
        pull_request.head_repository = None
    });
    assert!(
        !done.contains("start"),
        "a head whose repository is gone counts as a fork: {done}"
    );
}

#[test]
fn a_run_of_a_fork_does_not_build_for_the_repository() {
    let mut story = Story::opened();
    let repository = story.pull_request.repository.clone();
    let foreign = WorkflowRun {
        head_repository: Some(FORK),
        ..run(10, 'a', RunProgress::Succeeded)
    };
    story.record(&Fact::RunDelivered {
        repository,
        run: foreign.clone(),
    });
    story.runs.push(foreign);
    let done = story.go();
    assert!(!done.contains("start"), "{done}");
}

#[test]
fn drafts_and_labels_decide_and_a_change_takes_the_preview_away_again() {
    let draft = |pull_request: &mut PullRequest| pull_request.draft = true;
    assert!(with_when("drafts: true", draft).1.contains("start"));
    assert!(!with_when("drafts: false", draft).1.contains("start"));
    assert!(!with_when("label: preview", |_| {}).1.contains("start"));

    let (mut story, done) = with_when("label: preview", |pull_request| {
        pull_request.labels.push("preview".into())
    });
    assert!(done.contains("start"), "{done}");
    story.change(|pull_request| pull_request.labels.clear());
    story.deliver();
    let done = story.go_far();
    assert!(done.contains("remove") && !story.present, "{done}");
    assert!(
        story.comment.contains("the label `preview` is missing"),
        "{}",
        story.comment
    );
}

#[test]
fn a_title_can_ask_for_no_preview() {
    let (_, done) = with_when("drafts: true", |pull_request| {
        pull_request.title = "Docs [skip preview]".into()
    });
    assert!(!done.contains("start"), "{done}");
}

#[test]
fn the_last_valid_configuration_stays_in_force_when_the_file_becomes_invalid() {
    let mut story = Story::opened();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story.configuration = "version: 3".into();
    story.change(|pull_request| pull_request.head_commit = commit('b'));
    story.deliver();
    story.build(11, 'b', RunProgress::Succeeded);
    let done = story.go_far();
    assert!(done.contains("start bbbbbbb"), "{done}");
    assert!(
        story
            .comment
            .contains("`.github/slipway.yml` on the default branch"),
        "{}",
        story.comment
    );
}

#[test]
fn a_service_that_leaves_the_configuration_loses_its_preview() {
    let mut story = Story::opened();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story.configuration = CONFIGURATION.replace("web-app", "other-app");
    story.change(|pull_request| pull_request.head_commit = commit('b'));
    story.deliver();
    let done = story.go_far();
    assert!(done.contains("remove"), "{done}");
}

#[test]
fn a_configuration_that_was_mended_while_the_pull_request_was_closed_is_read_when_it_is_reopened() {
    for told_by_a_delivery in [true, false] {
        let mut story = Story::opened();
        story.configuration = "version: 3".into();
        story.build(10, 'a', RunProgress::Succeeded);
        let done = story.go_far();
        assert!(!done.contains("start"), "{done}");
        story.change(|pull_request| pull_request.state = PullRequestState::Closed);
        story.deliver();
        story.go_far();
        // Whoever reads the configuration tells the previews of open pull requests alone.
        story.configuration = CONFIGURATION.into();
        story.change(|pull_request| pull_request.state = PullRequestState::Open);
        if told_by_a_delivery {
            story.deliver();
        } else {
            let repository = story.pull_request.repository.clone();
            story.record(&Fact::PullRequestDoubted { repository });
        }
        let done = story.go_far();
        assert!(
            done.contains("start aaaaaaa as pr-7"),
            "told by a delivery: {told_by_a_delivery}\n{done}"
        );
    }
}

#[test]
fn a_rule_that_came_while_the_pull_request_was_closed_holds_when_it_is_reopened() {
    let mut story = Story::opened();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story.change(|pull_request| pull_request.state = PullRequestState::Closed);
    story.deliver();
    story.go_far();
    story.configuration = CONFIGURATION.replace("url:", "when: { base: [release] }\n      url:");
    story.change(|pull_request| pull_request.state = PullRequestState::Open);
    story.deliver();
    let done = story.go_far();
    assert!(!done.contains("start") && !story.present, "{done}");
}

#[test]
fn only_pull_requests_into_the_named_branches_get_a_preview() {
    for (base, deployed) in [
        ("main", true),
        ("release/2", true),
        ("release/2/hotfix", false),
    ] {
        let (_, done) = with_when("base: [main, 'release/*']", |pull_request| {
            pull_request.base_branch = base.into();
        });
        assert_eq!(done.contains("start"), deployed, "{base}: {done}");
    }
    // Retargeted: what is there goes.
    let (mut story, _) = with_when("base: [main]", |_| {});
    story.change(|pull_request| pull_request.base_branch = "stack/first".into());
    story.deliver();
    story.go_far();
    assert!(!story.present, "{}", story.comment);
    assert!(
        story
            .comment
            .contains("pull requests into `stack/first` get none"),
        "{}",
        story.comment
    );
}

#[test]
fn a_commit_that_says_so_is_not_deployed_and_what_is_there_stays() {
    let mut story = Story::opened();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story.change(|pull_request| pull_request.head_commit = commit('b'));
    story.deliver();
    story.runs.push(WorkflowRun {
        skips_preview: true,
        ..run(11, 'b', RunProgress::Succeeded)
    });
    story.go_far();
    assert_eq!((story.deployments, story.present), (1, true));
    insta::assert_snapshot!(story.comment, @"
    <!-- slipway:preview repository=1 pr=7 -->
    ### Preview

    | Service | Status | URL | Commit | Updated |
    | --- | --- | --- | --- | --- |
    | web | ⏭️ `bbbbbbb` says `[skip preview]` | <https://pr-7.example.com> | `aaaaaaa` | 1970-01-01 00:16 UTC |

    **Next:** a push deploys the next commit, and closing the pull request removes everything.

    <details><summary>What happened</summary>

    - 1970-01-01T00:16:41Z: `web`: `aaaaaaa` was ready
    - 1970-01-01T00:16:42Z: `bbbbbbb` became the head commit

    </details>
    ");
    story.change(|pull_request| pull_request.head_commit = commit('c'));
    story.deliver();
    story.build(12, 'c', RunProgress::Succeeded);
    story.go_far();
    assert_eq!(story.deployments, 2, "the next one is deployed");
}

#[test]
fn two_workflows_of_one_name_prove_nothing_until_the_configuration_names_a_file() {
    let mut story = Story::opened();
    for (id, file) in [(10, "ci.yml"), (11, "other.yml")] {
        let mut run = run(id, 'a', RunProgress::Succeeded);
        run.path = format!(".github/workflows/{file}");
        story.runs.push(run.clone());
        let repository = story.pull_request.repository.clone();
        story.record(&Fact::RunDelivered { repository, run });
    }
    let done = story.go();
    assert!(!done.contains("start"), "{done}");
    assert!(
        story.comment.contains(
            "❌ The workflows `.github/workflows/ci.yml` and `.github/workflows/other.yml` are both called `CI`"
        ),
        "{}",
        story.comment
    );
    story.configuration = story
        .configuration
        .replace("workflow: CI", "workflow: ci.yml");
    story.record(&Fact::ConfigurationChanged);
    let done = story.go();
    assert!(done.contains("start aaaaaaa"), "{done}");
}
