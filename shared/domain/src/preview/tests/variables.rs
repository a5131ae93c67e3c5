//! Production's variables in previews: when they are looked at, and who is warned of what.

use super::{report::Reports, *};
use crate::preview::{Reaction, Verdict};

fn keys(keys: &[&str]) -> Inherited {
    Inherited::of(keys.iter().map(ToString::to_string), false)
}

/// A preview that is deployed, on an application whose previews share these keys with production.
fn deployed(shared: &[&str]) -> (Story, String) {
    let mut story = Story::opened();
    story.reports = Some(Reports::default());
    story.inherited = Some(keys(shared));
    story.build(10, 'a', RunProgress::Succeeded);
    let done = story.go_far();
    (story, done)
}

fn reads(done: &str) -> usize {
    done.matches("read the variables").count()
}

fn warnings(story: &Story) -> Vec<&str> {
    let rulings = story.preview.rulings().iter();
    rulings
        .filter(|ruling| ruling.verdict == Verdict::Warn)
        .map(|ruling| ruling.reason.as_str())
        .collect()
}

#[test]
fn the_check_run_names_the_keys_and_the_ledger_keeps_them() {
    let (story, done) = deployed(&["DATABASE_URL", "STRIPE_KEY"]);
    assert_eq!(reads(&done), 1, "{done}");
    let (title, summary) = story.reports.as_ref().unwrap().check();
    assert_eq!(title, "Ready, with variables of production's");
    let warning = summary.lines().last().unwrap();
    insta::assert_snapshot!(warning, @"⚠️ `web`: its previews run with variables of production's: `DATABASE_URL`, `STRIPE_KEY`. Coolify copies them, and fills in those that previews lack. Give previews values of their own in the application's preview variables.");
    assert_eq!(
        warnings(&story),
        ["its previews share with production: DATABASE_URL, STRIPE_KEY"]
    );
}

#[test]
fn variables_are_looked_at_once_for_each_head_commit() {
    let (mut story, done) = deployed(&["DATABASE_URL"]);
    assert_eq!(reads(&done), 1, "{done}");
    // The same commit once more, since a person asks for it.
    story.record(&Fact::RetryAsked);
    assert_eq!(reads(&story.go_far()), 0);
    // Somebody gave previews a value of their own, and pushes.
    story.inherited = Some(keys(&[]));
    story.change(|pull_request| pull_request.head_commit = commit('b'));
    story.deliver();
    story.build(11, 'b', RunProgress::Succeeded);
    let done = story.go_far();
    assert_eq!(reads(&done), 1, "{done}");
    assert_eq!(story.reports.as_ref().unwrap().check().0, "Ready");
    assert_eq!(
        warnings(&story),
        [
            "its previews share with production: DATABASE_URL",
            "its previews share no variable with production, as far as Coolify shows"
        ]
    );
}

#[test]
fn where_nothing_is_shared_nobody_is_told_anything() {
    let (story, _) = deployed(&[]);
    assert_eq!(story.reports.as_ref().unwrap().check().0, "Ready");
    assert!(warnings(&story).is_empty());
}

#[test]
fn a_token_that_may_not_look_is_no_trouble_and_is_not_tried_again() {
    let mut story = Story::opened();
    story.reports = Some(Reports::default());
    story.inherited = Some(keys(&["DATABASE_URL"]));
    story.build(10, 'a', RunProgress::Succeeded);
    let refused = |reaction| {
        move |_: &mut Story, action: &Action| {
            let Action::Target {
                application,
                action: TargetAction::ReadVariables { commit },
            } = action
            else {
                return None;
            };
            let trouble = Trouble {
                reason: "403".into(),
                reaction,
            };
            let fact = TargetFact::VariablesNotRead {
                commit: commit.clone(),
                trouble,
            };
            Some(Fact::Target {
                application: application.clone(),
                fact,
            })
        }
    };
    let done = story.go_with(refused(Reaction::GiveUp));
    assert_eq!(reads(&done), 1, "{done}");
    let done = story.go_far();
    assert_eq!(reads(&done), 0, "{done}");
    assert_eq!(story.reports.as_ref().unwrap().check().0, "Ready");
    assert!(warnings(&story).is_empty());

    // What may pass is tried again, and keeps nobody waiting.
    story.change(|pull_request| pull_request.head_commit = commit('b'));
    story.deliver();
    story.build(11, 'b', RunProgress::Succeeded);
    let done = story.go_with(refused(Reaction::Retry {
        after_milliseconds: None,
    }));
    assert_eq!(reads(&done), 1, "{done}");
    let done = story.go_far();
    assert_eq!(reads(&done), 1, "{done}");
    assert_eq!(warnings(&story).len(), 1);
}

#[test]
fn keys_are_told_without_being_markup() {
    let (story, _) = deployed(&["A`|@acme", "<b>"]);
    let (_, summary) = story.reports.as_ref().unwrap().check();
    assert!(summary.contains("`<b>`, `A'¦@acme`"), "{summary}");
}
