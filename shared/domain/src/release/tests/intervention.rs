//! What people ask for, and what they see.

use super::*;
use crate::release::{Intervention, Particulars, Situation, Wish};

fn rollback(back: u32) -> Intervention {
    let reason = Some(" coins\nare  free ".to_owned());
    let particulars = Particulars {
        reason,
        back: Some(back),
        commit: None,
        shown: None,
    };
    Intervention::of(Wish::Rollback, &particulars).unwrap()
}

/// The releases of a line, each with its timeline in seconds.
fn told(story: &Story) -> String {
    let releases = story.line.releases(story.now).into_iter();
    let told = releases.map(|release| {
        let timeline = release.timeline.iter().map(|(at, what)| {
            let seconds = at.milliseconds() / 1_000;
            format!("\n  {seconds} {what}")
        });
        let timeline: String = timeline.collect();
        let id: String = release.id.chars().skip(36).collect();
        format!("{id} {}{timeline}", release.shown.phase)
    });
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_release_tells_when_it_was_pushed_built_begun_rolled_out_and_found_healthy() {
    let mut story = Story::new(PRODUCTION);
    story.push('1');
    story.now = at(1_020);
    story.build('1');
    story.push('2');
    story.now = at(1_030);
    story.go();
    insta::assert_snapshot!(told(&story), @"
    2222 waiting-for-build
      902 pushed
      1020 became known here
    1111-49-1 live
      901 pushed
      1000 became known here
      1020 its build succeeded
      1030 the release began
      1030 Argo CD took it on
      1030 Argo CD was done
      1030 live: released and found healthy
    ");
}

#[test]
fn a_release_is_found_by_its_id_and_by_its_commit() {
    let mut story = Story::new(PRODUCTION);
    story.push('1');
    let by_commit = |story: &Story| {
        let id = commit('1').to_string();
        story.line.release(&id, story.now).unwrap()
    };
    assert_eq!(by_commit(&story).id, commit('1').to_string());
    story.build('1');
    story.go();
    let found = by_commit(&story);
    assert_eq!(found.shown.phase, Phase::Live);
    assert_eq!(story.line.release(&found.id, story.now), Some(found));
    assert_eq!(story.line.release("rollback-9", story.now), None);
}

#[test]
fn the_situation_of_an_environment_follows_what_is_there() {
    let mut story = Story::new(PRODUCTION);
    assert_eq!(story.line.situation(), Situation::Empty);
    story.push('1');
    story.build('1');
    while story.overview().running.is_none() {
        let Step::Act(action) = story.line.plan(story.now) else {
            panic!("there is something to do");
        };
        story.act(&action);
    }
    assert_eq!(story.line.situation(), Situation::Releasing);
    story.go();
    assert_eq!(story.line.situation(), Situation::Live);
    story.release('2');
    story.record(&rollback(1).fact(&speaker("ada")));
    assert_eq!(story.line.situation(), Situation::GoingBack);
    story.go();
    assert_eq!(
        (story.line.situation(), story.live()),
        (Situation::Live, Some('1'))
    );
}

#[test]
fn a_way_back_that_is_asked_for_twice_is_taken_once() {
    let mut story = Story::new(PRODUCTION);
    for head in ['1', '2', '3'] {
        story.release(head);
    }
    let ways: Vec<char> = story
        .line
        .ways_back()
        .iter()
        .map(|(to, _)| digit(to))
        .collect();
    assert_eq!(ways, ['2', '1']);
    assert_eq!(story.line.would_refuse(&rollback(1), &speaker("ada")), None);
    let elsewhere = Intervention::Rollback {
        back: 1,
        to: Some(commit('1')),
        reason: "coins".into(),
    };
    assert_eq!(
        story
            .line
            .would_refuse(&elsewhere, &speaker("ada"))
            .as_deref(),
        Some("the release that is 1 back is 2222222 by now, and not 1111111")
    );
    story.record(&rollback(1).fact(&speaker("ada")));
    assert_eq!(
        story
            .line
            .would_refuse(&rollback(1), &speaker("ada"))
            .as_deref(),
        Some("it is being taken back already")
    );
    story.record(&rollback(1).fact(&speaker("ada")));
    story.go();
    assert_eq!(story.live(), Some('2'));
    assert_eq!(
        story.overview().hold.unwrap().reason,
        "it was taken back: ada asked for it: coins are free"
    );
    assert_eq!(
        story
            .line
            .would_refuse(&rollback(2), &speaker("ada"))
            .as_deref(),
        Some("only 2 releases are known to have been healthy, and none is 2 back")
    );
}

#[test]
fn what_makes_no_sense_is_refused_before_it_is_asked() {
    let story = Story::new(PRODUCTION);
    let particulars = Particulars {
        reason: Some("coins".to_owned()),
        back: Some(1),
        commit: Some(commit('1')),
        shown: None,
    };
    let refused = Wish::ALL.map(|wish| {
        let full = Intervention::of(wish, &particulars).unwrap();
        let told = story
            .line
            .would_refuse(&full, &speaker("ada"))
            .unwrap_or_default();
        let empty = Intervention::of(wish, &Particulars::default());
        let missing = empty.err().unwrap_or_default();
        assert_eq!(Wish::named(wish.name()), Some(wish));
        format!("{}: {told:?}, {missing:?}", wish.name())
    });
    insta::assert_snapshot!(refused.join("\n"), @r#"
    lift-hold: "it is not held", ""
    lock: "", "lock: expected a reason"
    unlock: "it is not locked", ""
    rollback: "no release is known to have been healthy, and none is 1 back", "rollback: expected how many releases back, a whole number from 1 to 10"
    allow-diverged: "1111111 does not wait for anything", "allow-diverged: expected the commit, 40 hexadecimal digits"
    approve: "1111111 does not wait for anything", "approve: expected the commit, 40 hexadecimal digits"
    retry: "", ""
    "#);
}
