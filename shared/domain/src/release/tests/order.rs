//! Which commit goes next: by ancestry, never by when its build is done.

use super::*;

#[test]
fn a_build_that_is_done_later_never_brings_an_older_commit() {
    let mut story = Story::new(PRODUCTION);
    story.push('1');
    story.push('2');
    story.build('2');
    story.go();
    assert_eq!(story.live(), Some('2'));
    story.build('1');
    story.go();
    assert_eq!(story.live(), Some('2'));
    let (phase, reason) = story.end_of('1').unwrap();
    assert_eq!(
        (phase, reason.as_str()),
        (Phase::Superseded, "2222222 contains it already")
    );
    assert_eq!(story.given, [('2', false)]);
}

#[test]
fn of_those_that_wait_for_the_one_in_hand_only_the_newest_goes() {
    let mut story = Story::new(PRODUCTION);
    story.argo.ends = argocd::Phase::Running;
    story.release('1');
    for head in ['2', '4', '3'] {
        story.push(head);
        story.build(head);
    }
    story.go_until(Duration::from_secs(20));
    assert_eq!(
        story.waiting(),
        "2 queued: 3333333 is newer and goes first\n3 queued: 4444444 is newer and goes first\n4 queued: 1111111 goes first"
    );
    story.argo.ends = argocd::Phase::Succeeded;
    let mark = story
        .argo
        .operation
        .as_ref()
        .unwrap()
        .requested
        .mark
        .clone()
        .unwrap();
    let now = story.now;
    story.argo.operate(&mark, now);
    story.go();
    assert_eq!(story.live(), Some('4'));
    assert_eq!(story.given, [('1', false), ('4', false)]);
    assert_eq!(story.end_of('3').unwrap().0, Phase::Superseded);
}

#[test]
fn a_commit_that_does_not_follow_waits_for_a_person() {
    let mut story = Story::new(PRODUCTION);
    story.release('2');
    story.parents.insert('a', Some('1'));
    story.head = 'a';
    story.push('a');
    story.build('a');
    story.go();
    assert_eq!(story.live(), Some('2'));
    assert_eq!(
        story.waiting(),
        "a waiting-for-approval: it does not contain 2222222: a person has to allow it"
    );
    story.record(&Fact::DivergedAllowed {
        commit: commit('a'),
    });
    story.go();
    assert_eq!(story.live(), Some('a'));
}

#[test]
fn a_commit_that_does_not_follow_goes_where_the_configuration_allows_it() {
    let mut story = Story::new(&format!("{PRODUCTION}\nallow_diverged: true"));
    story.release('2');
    story.parents.insert('a', Some('1'));
    story.head = 'a';
    story.release('a');
    assert_eq!(story.live(), Some('a'));
}

#[test]
fn the_same_commit_again_changes_nothing() {
    let mut story = Story::new(PRODUCTION);
    story.release('1');
    let before = story.line.clone();
    story.push('1');
    story.build('1');
    story.go();
    assert_eq!(story.line, before);
}

#[test]
fn commits_that_are_never_built_are_over_when_a_newer_one_is_live() {
    let mut story = Story::new(PRODUCTION);
    story.push('1');
    story.release('2');
    assert_eq!(story.waiting(), "");
    assert_eq!(story.end_of('1').unwrap().0, Phase::Superseded);
}
