//! What was decided on a preview, and why.

use super::*;
use crate::preview::comment;

/// The decisions, a line each.
fn rulings(story: &Story) -> String {
    let told = story.preview.rulings().iter().map(|ruling| {
        let (service, verdict) = (&ruling.service, ruling.verdict.name());
        format!(
            "{service}: {verdict}, by {}: {} ({})",
            ruling.rule, ruling.reason, ruling.cause
        )
    });
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_decision_is_told_with_its_rule_and_values() {
    let mut story = Story::opened();
    story.configuration =
        CONFIGURATION.replace("      url:", "      when: { label: preview }\n      url:");
    story.change(|shown| shown.labels = vec!["bug".into(), "ui".into()]);
    story.deliver();
    story.go_far();
    story.change(|shown| shown.labels.push("preview".into()));
    story.deliver();
    story.build(10, 'a', RunProgress::Running);
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story.change(|shown| shown.state = PullRequestState::Merged);
    story.deliver();
    story.go_far();
    insta::assert_snapshot!(rulings(&story), @"
    web: nothing, by label: the label preview is missing: the pull request has bug, ui (the configuration)
    web: wait, by build: no run of CI on aaaaaaa is known (a pull_request delivery)
    web: wait, by build: run 10 of CI builds aaaaaaa (a workflow_run delivery)
    web: deploy, by build: aaaaaaa was built by run 10 of CI, attempt 1 (a workflow_run delivery)
    web: remove, by merged: the pull request was merged (a pull_request delivery)
    web: nothing, by merged: the pull request was merged (what came of a deployment or removal)
    ");
}

#[test]
fn what_changes_nothing_adds_nothing_and_only_the_newest_are_kept() {
    let mut story = Story::opened();
    story.build(10, 'a', RunProgress::Running);
    story.go_far();
    let before = rulings(&story);
    for _ in 0..3 {
        story.deliver();
        story.build(10, 'a', RunProgress::Running);
        story.go_far();
    }
    assert_eq!(rulings(&story), before);
    for round in 0..40 {
        let head = if round % 2 == 0 { 'b' } else { 'c' };
        story.change(|shown| shown.head_commit = commit(head));
        story.deliver();
        story.go_far();
    }
    assert_eq!(story.preview.rulings().len(), 24);
    let last = rulings(&story);
    assert!(
        last.ends_with("no run of CI on ccccccc is known (the configuration)"),
        "{last}"
    );
}

#[test]
fn the_comment_shows_the_newest_in_a_fold_in_which_nothing_is_markup() {
    let mut story = Story::opened();
    story.configuration =
        CONFIGURATION.replace("      url:", "      when: { label: preview }\n      url:");
    story.change(|shown| {
        shown.labels = vec![
            "</details> @all".into(),
            "`|[x](javascript:alert(1))".into(),
        ];
    });
    story.deliver();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story.change(|shown| shown.labels.push("preview".into()));
    story.deliver();
    story.go_far();
    let body = comment::render(&story.preview).unwrap();
    let (_, fold) = body.split_once("<details>").unwrap();
    insta::assert_snapshot!(fold, @"
    <summary>What happened</summary>

    - 1970-01-01T00:16:40Z: `aaaaaaa` became the head commit
    - 1970-01-01T00:16:40Z: `web`: deployed what run 10 (attempt 1) of `CI` built
    - 1970-01-01T00:16:41Z: `web`: ready, 1 s after the push

    </details>

    <details><summary>Decisions</summary>

    - 1970-01-01T00:16:40Z `web`: deploy, by `build`: `aaaaaaa was built by run 10 of CI, attempt 1` (a pull_request delivery)
    - 1970-01-01T00:16:40Z `web`: nothing, by `label`: `the label preview is missing: the pull request has </details> @all, '¦[x](javascript:alert(1))` (the configuration)

    </details>
    ");
}

#[test]
fn a_state_from_before_there_was_a_ledger_can_be_read() {
    let mut story = Story::opened();
    story.go_far();
    let mut stored = serde_json::to_value(&story.preview).unwrap();
    let fields = stored.as_object_mut().unwrap();
    assert!(fields.remove("rulings").is_some());
    let read: Preview = serde_json::from_value(stored).unwrap();
    assert_eq!(read.rulings(), []);
}

#[test]
fn a_service_on_another_application_and_many_services_come_to_rest() {
    let mut story = Story::opened();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story.configuration = CONFIGURATION.replace("web-app", "other-app");
    story.preview.record(&Fact::ConfigurationChanged, story.now);
    story.go_far();
    let settled = story.preview.rulings().len();
    story.preview.record(&Fact::CommentChanging, story.now);
    assert_eq!(
        story.preview.rulings().len(),
        settled,
        "nothing was decided"
    );

    let services: String = (1..=30)
        .map(|number| {
            format!(
                "  s{number}:\n    preview:\n      coolify: {{ application: app-{number}, tag: 'pr-{{number}}' }}\n      \
                 url: https://pr-{{number}}.s{number}.example.com\n"
            )
        })
        .collect();
    let mut story = Story::opened();
    story.configuration = format!("version: 1\nbuild: {{ workflow: CI }}\nservices:\n{services}");
    story.go_far();
    let rulings = story.preview.rulings().iter();
    let of_each: std::collections::BTreeSet<_> = rulings.map(|ruling| &ruling.service).collect();
    assert_eq!(of_each.len(), 30, "the last word on each is kept");
}
