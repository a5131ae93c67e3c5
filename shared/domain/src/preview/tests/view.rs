//! What the API and the dashboard say at each stage.

use super::*;

/// The preview as people read it.
fn shown(story: &Story) -> String {
    let mut lines = vec![story.preview.standing().name().to_owned()];
    for service in story.preview.services() {
        let url = service.url.as_deref().unwrap_or("no URL");
        lines.push(format!(
            "{}: {}, {} ({url})",
            service.service,
            service.standing.name(),
            service.reason
        ));
        lines.extend(
            service
                .trouble
                .map(|trouble| format!("  {} times: {}", trouble.failures, trouble.reason)),
        );
    }
    lines.extend(story.preview.troubles().into_iter().map(|trouble| {
        let end = if trouble.given_up {
            "given up"
        } else {
            "tried again"
        };
        format!("{}: {}, {end}", trouble.what, trouble.reason)
    }));
    lines.join("\n")
}

#[test]
fn each_stage_says_what_is_there_and_what_is_waited_for() {
    let mut story = Story::opened();
    insta::assert_snapshot!(shown(&story), @"waiting");
    story.go();
    insta::assert_snapshot!(shown(&story), @"
    waiting
    web: waiting, waiting for the workflow CI to run (no URL)
    ");
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    insta::assert_snapshot!(shown(&story), @"
    ready
    web: ready, it answers as it should (https://pr-7.example.com)
    ");
    let told: Vec<String> = story
        .preview
        .timeline()
        .into_iter()
        .map(|(_, what)| what)
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"
    the head commit aaaaaaa became known
    the pull request became known as open
    GitHub confirmed the pull request
    the workflow runs were read
    web: Coolify started the container
    web: it was found healthy
    the comment was written
    ");
    story.change(|pull_request| pull_request.state = PullRequestState::Merged);
    story.deliver();
    story.go_far();
    insta::assert_snapshot!(shown(&story), @"
    absent
    web: absent, the pull request was merged (no URL)
    ");
}

#[test]
fn a_build_that_failed_and_a_draft_are_told_apart() {
    let mut story = Story::opened();
    story.build(10, 'a', RunProgress::Failed);
    story.go();
    insta::assert_snapshot!(shown(&story), @"
    failed
    web: failed, the build CI failed (no URL)
    ");
    let mut story = Story::opened();
    story.configuration = CONFIGURATION.replace(
        "      health:",
        "      when: { drafts: false }\n      health:",
    );
    story.change(|pull_request| pull_request.draft = true);
    story.go();
    insta::assert_snapshot!(shown(&story), @"
    absent
    web: absent, the pull request is a draft (no URL)
    ");
}

#[test]
fn a_configuration_that_cannot_be_understood_is_a_failure_that_says_where() {
    let mut story = Story::opened();
    story.configuration = "version: 7\n".into();
    story.go();
    assert_eq!(story.preview.standing().name(), "failed");
    insta::assert_snapshot!(story.preview.configuration_problem().unwrap(), @"line 1, column 1: build: the key is missing, expected a map of keys and values (and 2 more problems)");
}

#[test]
fn what_was_refused_is_given_up_and_makes_the_whole_a_failure() {
    let mut story = Story::opened();
    let mut refused = trouble("403 Forbidden");
    refused.reaction = super::super::Reaction::GiveUp;
    story.record(&Fact::ConfigurationNotRead { trouble: refused });
    insta::assert_snapshot!(shown(&story), @"
    failed
    reading the configuration: 403 Forbidden, given up
    ");
}
