//! The filter `paths`: whom a pull request's changes concern.

use super::*;
use crate::preview::{Reaction, Ruling, Sieve, comment};

/// Two services, each with its own folder and one that both share.
const MONOREPO: &str = "\
version: 1
build: { workflow: CI }
services:
  api:
    paths: ['apps/api/**', 'libs/**']
    preview:
      coolify: { application: api-app, tag: 'pr-{number}' }
      url: https://api-{number}.example.com
  web:
    paths: ['apps/web/**', 'libs/**']
    preview:
      coolify: { application: web-app, tag: 'pr-{number}' }
      url: https://pr-{number}.example.com
";

fn monorepo(files: &[&str]) -> Story {
    let mut story = Story::opened();
    story.configuration = MONOREPO.to_owned();
    story.files = files.iter().map(|path| (*path).to_owned()).collect();
    story
}

fn starts(done: &str) -> usize {
    done.matches("start ").count()
}

#[test]
fn a_pull_request_gets_a_preview_of_the_services_that_it_changes_and_one_look_tells_which() {
    let mut story = monorepo(&["apps/web/src/main.rs", "README.md"]);
    story.build(10, 'a', RunProgress::Succeeded);
    insta::assert_snapshot!(story.go_far(), @"
    read the pull request
    read the configuration
    read the files of aaaaaaa
    start aaaaaaa as pr-7 (attempt 1)
    comment: 🚀 Deploying
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

    No preview of `api`: none of its changed files (2) matches `apps/api/**`, `libs/**`.

    **Next:** a push deploys the next commit, and closing the pull request removes everything.

    <details><summary>What happened</summary>

    - 1970-01-01T00:16:40Z: `aaaaaaa` became the head commit
    - 1970-01-01T00:16:40Z: `web`: deployed what run 10 (attempt 1) of `CI` built
    - 1970-01-01T00:16:41Z: `web`: ready, 1 s after the push

    </details>
    ");
}

#[test]
fn where_nothing_is_concerned_nothing_is_said_on_the_pull_request_and_the_ledger_tells_why() {
    let mut story = monorepo(&["README.md", "docs/cart.md"]);
    story.build(10, 'a', RunProgress::Succeeded);
    insta::assert_snapshot!(story.go_far(), @"
    read the pull request
    read the configuration
    read the files of aaaaaaa
    settled
    ");
    assert_eq!(story.comment, "");
    let of_web = |ruling: &&Ruling| ruling.service == "web";
    let ruling = story.preview.rulings().iter().rfind(of_web).unwrap();
    insta::assert_snapshot!(
        format!("{} by {}: {} ({})", ruling.verdict.name(), ruling.rule, ruling.reason, ruling.cause),
        @"nothing by paths: none of its changed files (2) matches apps/web/**, libs/** (a look at the changed files)"
    );
}

#[test]
fn what_is_there_is_kept_up_to_date_and_removed_whatever_the_files() {
    let mut story = monorepo(&["libs/cart.rs"]);
    story.build(10, 'a', RunProgress::Succeeded);
    assert_eq!(starts(&story.go_far()), 2, "both share the folder");
    story.files = vec!["README.md".into()];
    story.change(|shown| shown.head_commit = commit('b'));
    story.deliver();
    story.build(11, 'b', RunProgress::Succeeded);
    assert_eq!(
        starts(&story.go_far()),
        2,
        "what is there goes on being updated"
    );
    story.change(|shown| shown.state = PullRequestState::Closed);
    story.deliver();
    let done = story.go_far();
    assert!(done.contains("remove"), "{done}");
    assert!(!story.present);
}

#[test]
fn a_commit_is_looked_at_again_only_if_its_base_or_the_patterns_change() {
    let mut story = monorepo(&["README.md"]);
    let reads = |done: String| done.matches("read the files").count();
    assert_eq!(reads(story.go_far()), 1);
    story.deliver();
    story.change(|shown| shown.labels.push("ui".into()));
    story.deliver();
    story.record(&Fact::ConfigurationChanged);
    assert_eq!(reads(story.go_far()), 0);
    story.configuration = MONOREPO.replace("libs/**", "lib/**");
    story.record(&Fact::ConfigurationChanged);
    assert_eq!(reads(story.go_far()), 1, "other patterns");
    story.change(|shown| shown.base_branch = "next".into());
    story.deliver();
    assert_eq!(reads(story.go_far()), 1, "another base");
    story.change(|shown| shown.head_commit = commit('b'));
    story.deliver();
    assert_eq!(reads(story.go_far()), 1, "another head");
}

#[test]
fn an_answer_about_another_commit_decides_nothing() {
    let mut story = monorepo(&["README.md"]);
    let mut late: Option<Fact> = None;
    story.go_with(|story, action| {
        if let Action::ReadFiles { sieve, .. } = action
            && late.is_none()
        {
            let other = Sieve {
                commit: commit('9'),
                ..sieve.clone()
            };
            late = Some(Fact::FilesRead {
                sieve: Box::new(other),
                sifted: Sifted::default(),
            });
            story.files = vec!["apps/web/x".into()];
            return late.clone();
        }
        None
    });
    story.build(10, 'a', RunProgress::Succeeded);
    assert_eq!(
        story.go_far().matches("start ").count() + story.deployments as usize,
        2
    );
}

#[test]
fn more_files_than_github_lists_and_a_list_that_cannot_be_read_count_as_a_change_of_everything() {
    let incomplete = |_: &mut Story, action: &Action| {
        let Action::ReadFiles { sieve, .. } = action else {
            return None;
        };
        Some(Fact::FilesRead {
            sieve: Box::new(sieve.clone()),
            sifted: Sifted {
                files: 3_000,
                incomplete: true,
                ..Sifted::default()
            },
        })
    };
    let mut story = monorepo(&[]);
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_with(incomplete);
    story.go_far();
    assert_eq!(story.deployments, 2);

    let refused = |_: &mut Story, action: &Action| {
        matches!(action, Action::ReadFiles { .. }).then(|| Fact::FilesNotRead {
            trouble: Trouble {
                reason: "GitHub answered 403".into(),
                reaction: Reaction::GiveUp,
            },
        })
    };
    let mut story = monorepo(&[]);
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_with(refused);
    story.go_far();
    assert_eq!(story.deployments, 2);
    let body = comment::render(&story.preview).unwrap();
    assert!(
        body.contains("could not read the changed files: `GitHub answered 403`"),
        "{body}"
    );
}

#[test]
fn while_the_files_are_not_known_nothing_begins_and_nothing_goes() {
    let failing = |_: &mut Story, action: &Action| {
        matches!(action, Action::ReadFiles { .. }).then(|| Fact::FilesNotRead {
            trouble: trouble("GitHub answered 502"),
        })
    };
    let mut story = monorepo(&["apps/web/x"]);
    story.build(10, 'a', RunProgress::Succeeded);
    let done = story.go_with(failing);
    assert_eq!(starts(&done), 0, "{done}");
    assert_eq!(story.preview.standing(), crate::preview::Standing::Waiting);
    assert_eq!(starts(&story.wait_and_go()), 1);
}
