//! What `/status` and `/why` say of an environment.

use super::*;
use crate::release::Question;

const GUARDED: &str = "branch: main
    approvals: 2
    argocd: { application: shop, update: kustomize-image }
    url: https://shop.example.com";

const AFTER_STAGING: &str = "branch: main
    after: [staging]
    soak: 30m
    argocd: { application: shop, update: kustomize-image }";

fn told(story: &Story, about: char, why: bool) -> String {
    let commit = commit(about);
    let question = Question {
        commit: Some(&commit),
        why,
    };
    story.line.told(question, story.now)
}

#[test]
fn what_is_live_and_what_waits_for_whom_is_told() {
    let mut story = Story::new(GUARDED);
    story.release('1');
    insta::assert_snapshot!(told(&story, '1', false), @"
    - `web/production`: nothing was released at <https://shop.example.com>
      - `1111111` of this pull request (`Change 1`) is waiting-for-approval: `0 of 2 approvals`
    ");
    for by in ["ada", "bob"] {
        approve(&mut story, '1', by);
    }
    story.go();
    story.release('2');
    insta::assert_snapshot!(told(&story, '1', false), @"
    - `web/production`: `1111111` is live at <https://shop.example.com> since 1970-01-01T00:16:40Z: `Change 1`
      - `2222222` (`Change 2`) is waiting-for-approval: `0 of 2 approvals`
    ");
    insta::assert_snapshot!(told(&story, '2', true), @"
    - `web/production`: `1111111` is live at <https://shop.example.com> since 1970-01-01T00:16:40Z: `Change 1`
      - `2222222` of this pull request (`Change 2`) is waiting-for-approval, by `approvals`: `0 of 2 approvals`
    ");
}

fn approve(story: &mut Story, head: char, by: &str) {
    let commit = commit(head);
    let of = story
        .line
        .offer_as_of(&commit, story.now.after(Duration::from_secs(9)));
    let wish = crate::release::Intervention::Approve {
        commit,
        of: of.unwrap(),
    };
    story.record(&wish.fact(&speaker(by)));
}

#[test]
fn locks_and_environments_before_are_told_with_the_rule() {
    let mut story = promotion::story(AFTER_STAGING);
    story.release('1');
    insta::assert_snapshot!(told(&story, '1', true), @"
    - `web/production`: nothing was released
      - `1111111` of this pull request (`Change 1`) is queued, by `after`: `it is not live in staging`
    ");
    promotion::live_in_staging(&mut story, '1');
    story.go();
    insta::assert_snapshot!(told(&story, '1', true), @"
    - `web/production`: nothing was released
      - `1111111` of this pull request (`Change 1`) is queued, by `soak`: `it is to be live in staging until 1970-01-01T00:46:40Z`
    ");
    let lock = crate::release::Intervention::Lock {
        reason: "`It` is @acme/all's | <b>Friday</b>".into(),
    };
    story.record(&lock.fact(&speaker("ada")));
    insta::assert_snapshot!(told(&story, '9', true), @"
    - `web/production`: nothing was released
      - locked by `ada` since 1970-01-01T00:16:40Z: `'It' is @acme/all's ¦ <b>Friday</b>`
      - `1111111` (`Change 1`) is queued, by `soak`: `it is to be live in staging until 1970-01-01T00:46:40Z`
    ");
}

#[test]
fn whoever_asks_why_hears_of_runs_that_proved_nothing() {
    let mut story = Story::new(PRODUCTION);
    story.push('1');
    let older = run(77, '1', RunProgress::Succeeded);
    let mut newer = run(77, '1', RunProgress::Running);
    newer.attempt = 2;
    for run in [newer, older] {
        story.runs = vec![run.clone()];
        story.record(&Fact::RunSeen { run });
    }
    insta::assert_snapshot!(told(&story, '1', false), @"
    - `web/production`: nothing was released at <https://shop.example.com>
      - `1111111` of this pull request (`Change 1`) is waiting-for-build: `CI is building`
    ");
    insta::assert_snapshot!(told(&story, '1', true), @"
    - `web/production`: nothing was released at <https://shop.example.com>
      - `1111111` of this pull request (`Change 1`) is waiting-for-build, by `build`: `CI is building`
      - run 77 (attempt 1) proves nothing: `it is attempt 1 of the run, and attempt 2 is known`
    ");
}

#[test]
fn of_many_that_wait_few_are_told_and_the_one_that_is_asked_about_in_any_case() {
    let mut story = Story::new(GUARDED);
    for head in '1'..='9' {
        story.push(head);
    }
    story.go();
    let told = told(&story, '1', false);
    assert!(told.contains("`1111111` of this pull request"), "{told}");
    assert!(told.contains("\n  - 5 more wait"), "{told}");
}

#[test]
fn what_was_verified_elsewhere_is_not_said_to_be_unhealthy() {
    let mut story = Story::new(PRODUCTION);
    story.release('1');
    story.configure("branch: main\n    argocd: { application: other, update: kustomize-image }");
    let told = told(&story, '1', false);
    assert!(
        told.contains("`1111111` was released last, to another application than is configured"),
        "{told}"
    );
}

#[test]
fn what_a_vendor_answered_is_told_on_the_dashboard_alone() {
    let mut story = Story::new(PRODUCTION);
    story.push('1');
    story.record(&Fact::NotRead {
        trouble: Trouble::retry("http://argocd.internal:8080 answered 502"),
    });
    let told = told(&story, '1', true);
    assert!(
        told.contains("something does not work at present: the dashboard tells what"),
        "{told}"
    );
    assert!(!told.contains("argocd.internal"), "{told}");
}
