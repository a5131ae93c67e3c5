//! Releases that people must approve.

use super::*;

const GUARDED: &str = "branch: main
    approvals: 2
    argocd: { application: shop, update: kustomize-image }";

fn approve(story: &mut Story, head: char, by: &str) {
    story.record(&Fact::Approved {
        commit: commit(head),
        by: by.into(),
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
