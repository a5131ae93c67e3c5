//! The namespace of a pull request: others make it, Slipway looks for it and removes it.

use std::collections::BTreeMap;

use super::*;
use crate::preview::{SeenNamespace, find_namespace, namespace_names, own_namespaces};

const CONFIGURATION: &str = "\
version: 1
build: { workflow: CI }
services:
  web:
    preview:
      namespace: {}
      url: https://pr-{number}.example.com
      health: { path: /health, attempts: 3, interval: 10s }
";

fn story() -> Story {
    let mut story = Story::opened();
    story.configuration = CONFIGURATION.to_owned();
    story.namespace = Some("there is no namespace preview-7 or preview-1-7 yet".to_owned());
    story
}

fn seen(name: &str, labels: &[(&str, &str)]) -> SeenNamespace {
    let labels = labels.iter();
    SeenNamespace {
        name: name.to_owned(),
        uid: "0b6b3a5e".to_owned(),
        labels: labels
            .map(|(label, value)| ((*label).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        going: false,
        remains: None,
    }
}

#[test]
fn a_namespace_is_waited_for_probed_and_removed_and_nothing_is_made() {
    let mut story = story();
    story.build(10, 'a', RunProgress::Succeeded);
    insta::assert_snapshot!(story.go(), @"
    read the pull request
    read the configuration
    find aaaaaaa
    comment: ⏳ Waiting for its namespace: `there is no namespace preview-7 or preview-1-7 yet`
    wait 10 s
    ");
    assert!(
        story.comment.contains("Waiting for its namespace"),
        "{}",
        story.comment
    );
    story.namespace = None;
    insta::assert_snapshot!(story.go_far(), @"
    find aaaaaaa
    comment: 🔍 Started, checking its health
    probe https://pr-7.example.com/health
    comment: ✅ Ready
    settled
    ");
    story.change(|pull_request| pull_request.state = PullRequestState::Merged);
    story.deliver();
    insta::assert_snapshot!(story.go_far(), @"
    read the pull request
    remove
    comment: 🧹 Removal pending since 1970-01-01T00:16:52Z
    remove
    remove
    comment: 🧹 The pull request was merged: its preview was removed.
    ");
}

#[test]
fn whoever_makes_namespaces_is_asked_more_and_more_seldom_and_a_push_begins_anew() {
    let mut story = story();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go();
    let pause = |story: &Story| {
        let Step::Wait { until } = story.preview.plan(story.now) else {
            panic!("it is looked for again")
        };
        until.since(story.now).as_secs()
    };
    assert!((10..14).contains(&pause(&story)), "{}", pause(&story));
    for _ in 0..60 {
        story.wait_and_go();
    }
    assert!((300..304).contains(&pause(&story)), "{}", pause(&story));
    story.change(|pull_request| pull_request.head_commit = commit('b'));
    story.deliver();
    story.build(11, 'b', RunProgress::Succeeded);
    story.go();
    assert!((10..14).contains(&pause(&story)), "{}", pause(&story));
}

#[test]
fn a_namespace_that_was_made_before_the_build_was_over_is_removed_too() {
    let mut story = story();
    story.go();
    story.present = true;
    story.change(|pull_request| pull_request.state = PullRequestState::Closed);
    story.deliver();
    insta::assert_snapshot!(story.go_far(), @"
    read the pull request
    remove
    comment: 🧹 Removal pending since 1970-01-01T00:16:40Z
    remove
    remove
    comment: 🧹 The pull request was closed: its preview was removed.
    ");
    assert!(!story.present);

    // And where nobody made one, nobody is told that something was removed.
    let mut story = self::story();
    story.go();
    story.change(|pull_request| pull_request.state = PullRequestState::Closed);
    story.deliver();
    story.go_far();
    assert!(
        story.comment.contains("there was no preview to remove"),
        "{}",
        story.comment
    );
}

#[test]
fn what_keeps_a_namespace_from_going_is_told_and_asked_for_more_and_more_seldom() {
    let mut story = story();
    story.namespace = None;
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story.remains = Some("Some content has finalizers remaining: `acme.io/hold`".to_owned());
    story.change(|pull_request| pull_request.state = PullRequestState::Merged);
    story.deliver();
    let mut asked = 0;
    let begun = story.now;
    while story.now.since(begun) < Duration::from_secs(3_600) {
        let done = story.go_with(|_, action| {
            let is_removal = matches!(
                action,
                Action::Target {
                    action: TargetAction::Remove,
                    ..
                }
            );
            is_removal.then(|| Fact::Target {
                application: TargetId::Namespace,
                fact: TargetFact::RemovalAsked {
                    nothing_there: false,
                    remains: Some("Some content has finalizers remaining: `acme.io/hold`".into()),
                },
            })
        });
        asked += done.matches("remove").count();
        let Step::Wait { until } = story.preview.plan(story.now) else {
            panic!("it is not given up");
        };
        story.now = until;
    }
    assert!((20..60).contains(&asked), "{asked} times in an hour");
    let row = story
        .comment
        .lines()
        .find(|line| line.contains("pending since"));
    insta::assert_snapshot!(row.unwrap(), @"| web (namespace) | 🧹 Removal pending since 1970-01-01T00:16:42Z: `Some content has finalizers remaining: 'acme.io/hold'` | – | – | 1970-01-01 00:16 UTC |");
}

#[test]
fn a_namespace_that_a_build_makes_after_the_close_is_removed_too_whenever_that_is() {
    for hours in [1, 5, 30] {
        let mut story = story();
        story.namespace = None;
        story.build(10, 'a', RunProgress::Succeeded);
        story.go_far();
        story.change(|pull_request| pull_request.state = PullRequestState::Merged);
        story.deliver();
        let closed = story.now;
        story.go_far();
        assert!(!story.preview.is_deployed());
        let (mut made, mut looks) = (false, 0);
        let gone = loop {
            let Step::Wait { until } = story.preview.plan(story.now) else {
                panic!("the build of {hours} h is never found: {looks} looks");
            };
            story.now = until;
            if !made && story.now.since(closed) >= Duration::from_secs(hours * 3_600) {
                (made, story.present) = (true, true);
            }
            let done = story.go();
            looks += done.matches("look after others").count();
            if made && !story.present && !story.preview.is_deployed() {
                break story.now;
            }
        };
        assert!(looks <= 20, "{looks} looks in {hours} h");
        let at_last = Duration::from_secs(hours * 3_600) * 9 / 4;
        assert!(
            gone.since(closed) <= at_last,
            "{hours} h: {:?}",
            gone.since(closed)
        );
    }
}

#[test]
fn only_what_bears_the_ids_of_repository_and_pull_request_is_anybodys() {
    let id = PreviewId {
        repository: REPOSITORY,
        number: PullRequestNumber(7),
    };
    assert_eq!(namespace_names(id), ["preview-7", "preview-1-7"]);
    let head = commit('a');
    let own = [
        ("slipway/repository-id", "1"),
        ("slipway/pull-request", "7"),
    ];
    let with = |more: &(&'static str, String)| {
        let mut labels = own.to_vec();
        labels.push((more.0, more.1.as_str()));
        seen("preview-7", &labels)
    };
    let good = with(&("slipway/commit", head.to_string()));
    let cases = [
        ("with all labels", vec![good.clone()]),
        (
            "with another commit",
            vec![with(&("slipway/commit", commit('b').to_string()))],
        ),
        ("without a commit", vec![seen("preview-7", &own)]),
        ("without labels", vec![seen("preview-7", &[])]),
        (
            "of another repository",
            vec![seen("preview-7", &[("slipway/repository-id", "2"), own[1]])],
        ),
        ("with another name", vec![seen("kube-system", &own)]),
        (
            "going",
            vec![SeenNamespace {
                going: true,
                ..good.clone()
            }],
        ),
        (
            "the long name, beside another repository's short one",
            vec![
                seen("preview-7", &[("slipway/repository-id", "2"), own[1]]),
                SeenNamespace {
                    name: "preview-1-7".into(),
                    ..good.clone()
                },
            ],
        ),
        ("none", Vec::new()),
    ];
    let told = cases.map(|(case, seen)| {
        let removed = own_namespaces(id, &seen);
        let removed: Vec<&str> = removed.iter().map(|own| own.name.as_str()).collect();
        let found = match find_namespace(id, &head, &seen) {
            Ok(found) => format!("found {}", found.name),
            Err(reason) => reason,
        };
        format!("{case}: {found}; a removal takes {removed:?}")
    });
    insta::assert_snapshot!(told.join("\n"), @r#"
    with all labels: found preview-7; a removal takes ["preview-7"]
    with another commit: the namespace preview-7 runs bbbbbbb, and not aaaaaaa yet; a removal takes ["preview-7"]
    without a commit: the namespace preview-7 lacks the label slipway/commit; a removal takes ["preview-7"]
    without labels: the namespace preview-7 lacks the labels slipway/repository-id=1 and slipway/pull-request=7, or is another repository's; a removal takes []
    of another repository: the namespace preview-7 lacks the labels slipway/repository-id=1 and slipway/pull-request=7, or is another repository's; a removal takes []
    with another name: the namespace kube-system lacks the labels slipway/repository-id=1 and slipway/pull-request=7, or is another repository's; a removal takes []
    going: the namespace preview-7 is being removed; a removal takes ["preview-7"]
    the long name, beside another repository's short one: found preview-1-7; a removal takes ["preview-1-7"]
    none: there is no namespace preview-7 or preview-1-7 yet; a removal takes []
    "#);
}
