//! Releases that people must approve.

use super::*;
use crate::release::Intervention;

const GUARDED: &str = "branch: main
    approvals: 2
    argocd: { application: shop, update: kustomize-image }";

fn approve(story: &mut Story, head: char, by: &str) {
    story.record(&Fact::Approved {
        commit: commit(head),
        by: by.into(),
        of: None,
    });
}

/// What was told of people who are needed.
fn told(story: &Story) -> Vec<&'static str> {
    story
        .letters
        .iter()
        .map(|letter| letter.notice.name())
        .collect()
}

#[test]
fn a_release_waits_until_as_many_people_approved_as_are_needed_and_says_who_did() {
    let mut story = Story::new(GUARDED);
    story.release('1');
    assert_eq!(story.waiting(), "1 waiting-for-approval: 0 of 2 approvals");
    assert_eq!(told(&story), ["release.waiting_for_approval"]);
    approve(&mut story, '1', "ada");
    story.go();
    assert_eq!(
        story.waiting(),
        "1 waiting-for-approval: 1 of 2 approvals: ada"
    );
    approve(&mut story, '1', "bob");
    story.go();
    assert_eq!(story.live(), Some('1'));
    let ended = &story.overview().ended[0];
    assert_eq!(ended.approved_by, ["ada", "bob"]);
    assert_eq!(
        told(&story),
        ["release.waiting_for_approval", "environment.released"],
        "one message for each change of state"
    );
}

#[test]
fn nobody_approves_twice_and_nobody_approves_what_is_their_own() {
    let mut story = Story::new(GUARDED);
    story.release('1');
    for by in ["ada", "Ada", "ada", "grace", "GRACE"] {
        approve(&mut story, '1', by);
    }
    story.go();
    assert_eq!(
        story.waiting(),
        "1 waiting-for-approval: 1 of 2 approvals: ada"
    );
}

#[test]
fn another_build_and_another_image_void_what_was_approved() {
    let mut story = Story::new(GUARDED);
    story.release('1');
    approve(&mut story, '1', "ada");
    // The same commit is built anew.
    let mut rerun = run(u64::from(u32::from('1')), '1', RunProgress::Succeeded);
    rerun.attempt = 2;
    story.runs = vec![rerun.clone()];
    story.record(&Fact::RunSeen { run: rerun });
    story.go();
    assert_eq!(story.waiting(), "1 waiting-for-approval: 0 of 2 approvals");
    assert_eq!(
        told(&story),
        [
            "release.waiting_for_approval",
            "release.waiting_for_approval"
        ],
        "of the new build people are told anew"
    );
    approve(&mut story, '1', "ada");
    story.now = story.now.after(Duration::from_secs(1));
    story.configure(&GUARDED.replace(
        "kustomize-image }",
        "kustomize-image, image_tag: 'other-{commit}' }",
    ));
    story.go();
    assert_eq!(story.waiting(), "1 waiting-for-approval: 0 of 2 approvals");
}

#[test]
fn another_commit_needs_approvals_of_its_own_and_goes_instead_when_it_has_them() {
    let mut story = Story::new(GUARDED);
    story.release('1');
    approve(&mut story, '1', "ada");
    story.release('2');
    assert_eq!(
        story.waiting(),
        "1 waiting-for-approval: 1 of 2 approvals: ada\n2 waiting-for-approval: 0 of 2 approvals"
    );
    approve(&mut story, '2', "ada");
    approve(&mut story, '2', "bob");
    story.go();
    assert_eq!(story.live(), Some('2'));
    assert_eq!(story.end_of('1').unwrap().0, Phase::Superseded);
}

#[test]
fn what_is_not_built_cannot_be_approved() {
    let mut story = Story::new(GUARDED);
    story.push('1');
    approve(&mut story, '1', "ada");
    approve(&mut story, '1', "bob");
    story.build('1');
    story.go();
    assert_eq!(story.waiting(), "1 waiting-for-approval: 0 of 2 approvals");
}

#[test]
fn approvals_do_not_lift_a_hold_and_are_kept_behind_it() {
    let mut story = Story::new(GUARDED);
    story.record(&Fact::Locked {
        by: "ada".into(),
        reason: "counting coins".into(),
    });
    story.release('1');
    approve(&mut story, '1', "ada");
    approve(&mut story, '1', "bob");
    story.go();
    assert_eq!(story.waiting(), "1 queued: locked by ada: counting coins");
    story.record(&Fact::Unlocked { by: "ada".into() });
    story.go();
    assert_eq!(story.live(), Some('1'));
}

#[test]
fn nobody_approves_what_was_written_by_whom_github_does_not_know_until_it_does() {
    let mut story = Story::new(GUARDED);
    story.authors.clear();
    story.release('1');
    approve(&mut story, '1', "ada");
    approve(&mut story, '1', "bob");
    story.go_until(Duration::from_secs(3_600));
    assert_eq!(story.live(), None);
    insta::assert_snapshot!(story.waiting(), @"1 waiting-for-approval: GitHub knows no account of an author, and nobody approves their own work: the author has to add the commit's e-mail address to their account");
    assert_eq!(told(&story), ["release.waiting"]);
    let looks = story.done.iter().filter(|done| *done == "check 1").count();
    assert!(looks <= 10, "it was asked {looks} times in an hour");
    story.authors.push("grace".into());
    story.go_until(Duration::from_secs(700));
    assert_eq!(story.live(), Some('1'), "the approvals were kept");
}

#[test]
fn whoever_github_named_once_as_a_writer_of_the_change_never_approves_it() {
    let mut story = Story::new(GUARDED);
    story.authors = vec!["merger".into(), "writer".into()];
    story.release('1');
    // GitHub does not always tell of everybody.
    story.authors = vec!["merger".into()];
    for by in ["writer", "merger", "ada"] {
        approve(&mut story, '1', by);
    }
    story.go_until(Duration::from_secs(3_600));
    assert_eq!(
        story.waiting(),
        "1 waiting-for-approval: 1 of 2 approvals: ada"
    );
}

#[test]
fn that_people_must_approve_is_told_though_something_else_was_told_before() {
    let mut story = Story::new(GUARDED);
    story.release('1');
    approve(&mut story, '1', "ada");
    approve(&mut story, '1', "bob");
    story.go();
    // Somebody forced another history onto the branch.
    story.parents.insert('7', Some('0'));
    story.head = '7';
    story.release('7');
    story.record(&Fact::DivergedAllowed {
        commit: commit('7'),
    });
    story.go();
    assert_eq!(
        told(&story)[2..],
        ["release.waiting", "release.waiting_for_approval"]
    );
}

#[test]
fn an_approval_that_would_not_count_is_refused_with_the_reason() {
    let mut story = Story::new(GUARDED);
    story.push('1');
    story.go();
    let refused = |story: &Story, head: char, by: &str| {
        let approve = Intervention::Approve {
            commit: commit(head),
            of: None,
        };
        story.line.would_refuse(&approve, by).unwrap_or_default()
    };
    let mut told = vec![refused(&story, '2', "ada"), refused(&story, '1', "ada")];
    story.build('1');
    story.go();
    approve(&mut story, '1', "bob");
    told.extend(["Grace", "bob", "ada"].map(|by| refused(&story, '1', by)));
    insta::assert_debug_snapshot!(told, @r#"
    [
        "2222222 does not wait for anything",
        "1111111 is not built yet: nobody knows what it is",
        "Grace wrote 1111111, and nobody approves their own work",
        "bob has approved 1111111 already",
        "",
    ]
    "#);
    assert!(story.line.releases(story.now)[0].needs_approval);
    let free = Story::new(PRODUCTION);
    assert_eq!(
        refused(&free, '1', "ada"),
        "1111111 does not wait for anything"
    );
}
