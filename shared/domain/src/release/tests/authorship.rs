//! Whoever wrote anything that a release would bring does not approve it.

use super::{
    approvals::{GUARDED, approve, told},
    *,
};

#[test]
fn whoever_wrote_something_that_is_not_live_yet_approves_no_later_commit_that_contains_it() {
    let mut story = Story::new(GUARDED);
    let by = |login: &str| vec![login.to_owned()];
    story.wrote = [('1', by("grace")), ('2', by("eve")), ('3', by("bob"))].into();
    story.release('1');
    approve(&mut story, '1', "ada");
    approve(&mut story, '1', "eve");
    story.go();
    assert_eq!(story.live(), Some('1'), "who wrote 1 is grace alone");
    // What eve wrote waits, and bob's commit contains it.
    story.release('2');
    story.release('3');
    for login in ["eve", "bob", "ada"] {
        approve(&mut story, '3', login);
    }
    let done = story.go();
    assert_eq!(
        story.waiting(),
        "2 waiting-for-approval: 0 of 2 approvals\n3 waiting-for-approval: 1 of 2 approvals: ada",
        "{done}"
    );
    approve(&mut story, '3', "grace");
    story.go();
    assert_eq!(story.live(), Some('3'), "what grace wrote is live already");
}

#[test]
fn whose_pull_request_a_commit_in_between_came_by_is_asked_for_too() {
    let mut story = Story::new(GUARDED);
    story.release('1');
    approve(&mut story, '1', "ada");
    approve(&mut story, '1', "bob");
    story.go();
    story.wrote = [('6', vec!["bob".to_owned()])].into();
    story.push('7');
    story.build('7');
    approve(&mut story, '7', "bob");
    let done = story.go();
    let asked: Vec<&str> = done
        .lines()
        .filter(|line| line.starts_with("writers") || line.starts_with("list"))
        .collect();
    assert_eq!(asked, ["list 7", "writers 654", "writers 32"], "{done}");
    assert_eq!(story.waiting(), "7 waiting-for-approval: 0 of 2 approvals");
}

#[test]
fn after_a_way_back_everything_since_is_judged_anew() {
    let mut story = Story::new(GUARDED);
    story.wrote = [('2', vec!["bob".to_owned()])].into();
    for head in ['1', '2'] {
        story.release(head);
        approve(&mut story, head, "ada");
        approve(&mut story, head, "eve");
        story.go();
    }
    assert_eq!(story.live(), Some('2'));
    story.release('3');
    approve(&mut story, '3', "bob");
    story.go();
    assert_eq!(
        story.waiting(),
        "3 waiting-for-approval: 1 of 2 approvals: bob",
        "what bob wrote is live"
    );
    story.record(&Fact::RollbackAsked {
        back: 1,
        by: "ada".into(),
        reason: "coins are free".into(),
    });
    story.go();
    assert_eq!(story.live(), Some('1'));
    assert_eq!(
        story.waiting(),
        "3 waiting-for-approval: 0 of 2 approvals",
        "3 would bring again what bob wrote"
    );
}

#[test]
fn one_commit_in_between_of_nobody_knows_whom_keeps_everybody_from_approving_and_says_which() {
    let mut story = Story::new(GUARDED);
    story.release('1');
    approve(&mut story, '1', "ada");
    approve(&mut story, '1', "bob");
    story.go();
    story.wrote = [('2', Vec::new())].into();
    story.release('3');
    approve(&mut story, '3', "ada");
    approve(&mut story, '3', "bob");
    story.go();
    insta::assert_snapshot!(story.waiting(), @"3 waiting-for-approval: GitHub knows no account of an author in 2222222, and nobody approves their own work: the author has to add the commit's e-mail address to their account");
    story.wrote.clear();
    story.go_until(Duration::from_secs(700));
    assert_eq!(story.live(), Some('3'), "the approvals were kept");
}

#[test]
fn if_github_lost_what_is_live_what_was_live_before_counts_and_else_it_is_told() {
    let mut story = Story::new(GUARDED);
    for head in ['1', '2'] {
        story.release(head);
        approve(&mut story, head, "ada");
        approve(&mut story, head, "eve");
        story.go();
    }
    // The history was rewritten: a stands for 2.
    story.wrote = [('a', vec!["bob".to_owned()])].into();
    story.parents.insert('a', Some('1'));
    story.parents.insert('3', Some('a'));
    let release = |story: &mut Story, head: char| {
        story.release(head);
        story.record(&Fact::DivergedAllowed {
            commit: commit(head),
        });
        approve(story, head, "bob");
        story.go();
    };
    story.lost.insert('2');
    release(&mut story, '3');
    assert_eq!(story.waiting(), "3 waiting-for-approval: 0 of 2 approvals");
    story.lost.insert('1');
    release(&mut story, '4');
    insta::assert_snapshot!(story.waiting(), @"
    3 waiting-for-approval: 0 of 2 approvals
    4 waiting-for-approval: 1 of 2 approvals: bob. GitHub knows 2222222 no longer, which is live: only who wrote the commit itself is kept from approving it
    ");
    story.lost.clear();
    story.go_until(Duration::from_secs(700));
    assert!(
        story
            .waiting()
            .contains("4 waiting-for-approval: 0 of 2 approvals"),
        "GitHub knows it again, and tells that bob wrote a: {}",
        story.waiting()
    );
}

#[test]
fn that_github_does_not_know_for_a_moment_what_is_live_lets_no_author_approve() {
    let mut story = Story::new(GUARDED);
    story.release('1');
    approve(&mut story, '1', "ada");
    approve(&mut story, '1', "bob");
    story.go();
    story.wrote = [('2', vec!["bob".to_owned()])].into();
    // It compared both, so it knows them: one of its copies lags behind.
    story.lost.insert('1');
    story.release('3');
    approve(&mut story, '3', "bob");
    approve(&mut story, '3', "ada");
    story.go_until(Duration::from_secs(30));
    insta::assert_snapshot!(story.waiting(), @"3 waiting-for-approval: GitHub knows 1111111 no longer, so nobody knows who wrote it, and nobody approves their own work");
    assert_eq!(story.live(), Some('1'));
    story.lost.clear();
    story.go_until(Duration::from_secs(120));
    assert_eq!(
        story.waiting(),
        "3 waiting-for-approval: 1 of 2 approvals: ada",
        "what 3 brings was listed after all, and bob wrote some of it"
    );
}

#[test]
fn more_commits_than_are_looked_at_are_listed_once() {
    let mut story = Story::new(GUARDED);
    story.release('1');
    approve(&mut story, '1', "ada");
    approve(&mut story, '1', "bob");
    story.go();
    story.push('3');
    story.build('3');
    story.record(&Fact::Brought {
        commit: commit('3'),
        live: commit('1'),
        brought: Brought::Commits {
            commits: vec![commit('2'), commit('3')],
            writers: Writers::Untold(Untold::TooMany { of: "1...3".into() }),
        },
    });
    approve(&mut story, '3', "eve");
    let done = story.go_until(Duration::from_secs(3_600));
    assert!(
        !done.contains("list") && !done.contains("writers"),
        "no time tells more: {done}"
    );
    insta::assert_snapshot!(story.waiting(), @"3 waiting-for-approval: there are more commits in 1...3 than are looked at, and nobody approves their own work");
}

#[test]
fn a_long_way_from_what_is_live_is_looked_through_when_somebody_approved_it() {
    let mut story = Story::new(GUARDED);
    story.release('1');
    approve(&mut story, '1', "ada");
    approve(&mut story, '1', "bob");
    story.go();
    // As if forty commits were between: the list has the same one many times.
    story.parents.insert('a', Some('1'));
    let mut before = 'a';
    for head in ('b'..='f').chain("2345678".chars()) {
        story.parents.insert(head, Some(before));
        before = head;
    }
    story.many = 4;
    story.head = before;
    let done = story.release(before);
    assert!(!done.contains("writers"), "{done}");
    assert_eq!(story.waiting(), "8 waiting-for-approval: 0 of 2 approvals");
    assert_eq!(
        told(&story).last(),
        Some(&"release.waiting_for_approval"),
        "people are told all the same"
    );
    approve(&mut story, before, "ada");
    let done = story.go();
    assert!(done.contains("writers"), "{done}");
    assert_eq!(
        story.waiting(),
        "8 waiting-for-approval: 1 of 2 approvals: ada"
    );
}
