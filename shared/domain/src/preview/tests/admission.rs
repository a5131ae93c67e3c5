//! The limit of live previews, as one preview sees it.

use super::*;
use crate::{
    places::Word,
    preview::{AdmissionAction, AdmissionFact, Standing},
};

const WAITS: Word = Word::Waiting { ahead: 2, limit: 3 };

fn limited(place: Word) -> Story {
    let mut story = Story::opened();
    story.configuration = format!("{CONFIGURATION}      when: {{ limit: 3 }}\n");
    story.place = place;
    story
}

/// The places tell how the newest ticket stands.
fn tell(story: &mut Story, word: Word) {
    let fact = AdmissionFact::Told {
        ticket: story.ticket,
        word,
    };
    let application = application();
    story.record(&Fact::Admission { application, fact });
}

#[test]
fn one_that_waits_says_so_and_begins_when_it_has_a_place() {
    let mut story = limited(WAITS);
    story.build(10, 'a', RunProgress::Succeeded);
    insta::assert_snapshot!(story.go_far(), @"
    read the pull request
    read the configuration
    ask for a place of 3 (live: false)
    comment: ⏳ Waiting for a place: at most 3 of its previews are live at a time, and 2 wait before this one
    ");
    insta::assert_snapshot!(story.comment, @"
    <!-- slipway:preview repository=1 pr=7 -->
    ### Preview

    | Service | Status | URL | Commit | Updated |
    | --- | --- | --- | --- | --- |
    | web | ⏳ Waiting for a place: at most 3 of its previews are live at a time, and 2 wait before this one | – | – | 1970-01-01 00:16 UTC |
    ");
    let views = story.preview.services();
    assert_eq!(views[0].standing, Standing::Waiting);
    insta::assert_snapshot!(views[0].reason, @"waiting for a place: at most 3 of its previews are live at a time, and 2 wait before this one");
    let ruling = story.preview.rulings().last().unwrap();
    insta::assert_snapshot!(format!("{} by {}: {}", ruling.verdict.name(), ruling.rule, ruling.reason), @"wait by limit: at most 3 of its previews are live at a time");
    tell(&mut story, Word::Waiting { ahead: 0, limit: 3 });
    story.now = story.now.after(Duration::from_secs(10));
    insta::assert_snapshot!(story.go_far(), @"comment: ⏳ Waiting for a place: at most 3 of its previews are live at a time, and this one is next");
    tell(&mut story, Word::Given);
    insta::assert_snapshot!(story.go_far(), @"
    start aaaaaaa as pr-7 (attempt 1)
    poll d1
    probe https://pr-7.example.com/health
    comment: ✅ Ready
    settled
    ");
}

#[test]
fn what_is_live_is_updated_without_asking_anybody() {
    let mut story = limited(Word::Given);
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story.place = WAITS;
    story.change(|shown| shown.head_commit = commit('b'));
    story.deliver();
    story.build(11, 'b', RunProgress::Succeeded);
    let done = story.go_far();
    assert!(done.contains("start bbbbbbb"), "{done}");
    assert!(!done.contains("place"), "{done}");
}

#[test]
fn a_limit_that_comes_later_counts_what_is_live_and_does_not_touch_it() {
    let mut story = Story::opened();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story.configuration = format!("{CONFIGURATION}      when: {{ limit: 3 }}\n");
    story.record(&Fact::ConfigurationChanged);
    insta::assert_snapshot!(story.go_far(), @"
    read the configuration
    ask for a place of 3 (live: true)
    settled
    ");
    story.configuration = CONFIGURATION.into();
    story.record(&Fact::ConfigurationChanged);
    insta::assert_snapshot!(story.go_far(), @"
    read the configuration
    give the place back
    settled
    ");
    assert!(story.present);
}

#[test]
fn the_place_is_given_back_when_nothing_is_left() {
    let mut story = limited(Word::Given);
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story.change(|shown| shown.state = PullRequestState::Closed);
    story.deliver();
    insta::assert_snapshot!(story.go_far(), @"
    read the pull request
    remove
    comment: 🧹 Removal pending since 1970-01-01T00:16:42Z
    remove
    remove
    give the place back
    comment: 🧹 The pull request was closed: its preview was removed.
    ");
}

#[test]
fn one_that_waits_and_is_not_wanted_any_more_leaves_the_line() {
    let mut story = limited(WAITS);
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story.change(|shown| shown.state = PullRequestState::Closed);
    story.deliver();
    insta::assert_snapshot!(story.go_far(), @"
    read the pull request
    give the place back
    comment: 🧹 The pull request was closed: there was no preview to remove.
    ");
    tell(&mut story, Word::Given);
    assert_eq!(story.go_far(), "", "what comes late begins nothing");
}

#[test]
fn a_push_while_it_waits_keeps_its_turn() {
    let mut story = limited(WAITS);
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    let (first, since) = (story.ticket, story.asked_since);
    story.now = story.now.after(Duration::from_secs(600));
    story.change(|shown| shown.head_commit = commit('b'));
    story.deliver();
    let done = story.go_far();
    assert!(
        done.contains("give the place back"),
        "nothing can begin: {done}"
    );
    story.build(11, 'b', RunProgress::Succeeded);
    story.go_far();
    assert!(story.ticket > first);
    assert_eq!(story.asked_since, since, "it waits since then");
}

#[test]
fn a_preview_that_coolify_refuses_keeps_no_place_from_others() {
    let mut story = limited(Word::Given);
    story.build(10, 'a', RunProgress::Succeeded);
    let refused = |_: &mut Story, action: &Action| {
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
                    reason: "Unauthorized to deploy this application.".into(),
                    reaction: crate::preview::Reaction::GiveUp,
                },
            },
        })
    };
    let done = story.go_with(refused);
    assert!(done.contains("give the place back"), "{done}");
    story.go_far();
    assert!(
        story.comment.contains("❌ Not deployed: `Unauthorized"),
        "{}",
        story.comment
    );
}

#[test]
fn who_hears_nothing_asks_again_with_the_same_ticket() {
    let mut story = limited(WAITS);
    story.build(10, 'a', RunProgress::Succeeded);
    let mut asked = Vec::new();
    let mut silent = |_: &mut Story, action: &Action| {
        let Action::Admission {
            application,
            action: AdmissionAction::Ask { ticket, .. },
        } = action
        else {
            return None;
        };
        asked.push(*ticket);
        Some(Fact::Admission {
            application: application.clone(),
            fact: AdmissionFact::Asked { ticket: *ticket },
        })
    };
    story.go_with(&mut silent);
    story.now = story.now.after(Duration::from_secs(10));
    story.go_with(&mut silent);
    assert_eq!(asked.len(), 2);
    assert_eq!(asked.first(), asked.last());
}
