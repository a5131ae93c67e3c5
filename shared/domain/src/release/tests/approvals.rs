//! Releases that people must approve.

use super::*;
use crate::{
    Account, Speaker,
    release::{Intervention, ShownRelease},
};

pub(super) const GUARDED: &str = "branch: main
    approvals: 2
    argocd: { application: shop, update: kustomize-image }";

pub(super) fn approve(story: &mut Story, head: char, by: &str) {
    story.record(&Fact::Approved {
        commit: commit(head),
        by: by.into(),
        account: Some(account(by)),
        of: None,
    });
}

/// What was told of people who are needed.
pub(super) fn told(story: &Story) -> Vec<&'static str> {
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
    insta::assert_snapshot!(story.waiting(), @"1 waiting-for-approval: GitHub knows no account of an author in 1111111, and nobody approves their own work: the author has to add the commit's e-mail address to their account");
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
        story
            .line
            .would_refuse(&approve, &speaker(by))
            .unwrap_or_default()
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
        "Grace wrote something that 1111111 brings, and nobody approves their own work",
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

#[test]
fn a_person_who_is_renamed_between_two_approvals_counts_once_and_a_token_counts_as_its_person() {
    let mut story = Story::new(GUARDED);
    story.release('1');
    let mut say = |by: &str, account: Option<Account>| {
        story.record(&Fact::Approved {
            commit: commit('1'),
            by: by.into(),
            account,
            of: None,
        });
        story.go();
        story.waiting()
    };
    let by_login = |login: &str| Account {
        id: None,
        login: Some(login.to_owned()),
    };
    let told = [
        say("ada", Some(Account::seen(1, "ada"))),
        say("countess", Some(Account::seen(1, "countess"))),
        say("ops", Some(by_login("Ada"))),
        say("unnamed token", None),
        say("token of the author", Some(by_login("grace"))),
        say("ada", Some(Account::seen(2, "ada"))),
    ];
    insta::assert_snapshot!(told.join("\n"), @"
    1 waiting-for-approval: 1 of 2 approvals: ada
    1 waiting-for-approval: 1 of 2 approvals: ada
    1 waiting-for-approval: 1 of 2 approvals: ada
    1 waiting-for-approval: 1 of 2 approvals: ada
    1 waiting-for-approval: 1 of 2 approvals: ada
    ");
    assert_eq!(
        story.live(),
        Some('1'),
        "somebody else took the login that ada gave up: that is another person"
    );
}

#[test]
fn an_approval_by_a_token_of_nobody_knows_whom_is_refused_and_says_what_to_do() {
    let mut story = Story::new(GUARDED);
    story.release('1');
    let approve = Intervention::Approve {
        commit: commit('1'),
        of: None,
    };
    let nobody = Speaker {
        name: "ci".to_owned(),
        account: None,
    };
    let told = story.line.would_refuse(&approve, &nobody);
    insta::assert_snapshot!(told.unwrap_or_default(), @"nobody knows whether ci wrote it: the token names no GitHub account (github, in api_tokens)");
}

#[test]
fn two_tokens_of_which_nobody_knows_whether_they_are_one_persons_are_told_apart_by_ids() {
    let mut story = Story::new(GUARDED);
    story.release('1');
    let token = |name: &str, id: Option<u64>, login: Option<&str>| Speaker {
        name: name.to_owned(),
        account: Some(Account {
            id,
            login: login.map(str::to_owned),
        }),
    };
    story.record(&Fact::Approved {
        commit: commit('1'),
        by: "ops".into(),
        account: token("ops", Some(1), None).account,
        of: None,
    });
    let approve = Intervention::Approve {
        commit: commit('1'),
        of: None,
    };
    let told = [
        token("night", None, Some("ada")),
        token("ops", Some(1), None),
        token("night", Some(2), None),
    ]
    .map(|by| story.line.would_refuse(&approve, &by).unwrap_or_default());
    insta::assert_snapshot!(told.join("\n"), @"
    night may be ops, who has approved 1111111 already: of the one account only the id is known, of the other only the login. Name the id of both (github, in api_tokens)
    ops has approved 1111111 already
    ");
}

#[test]
fn who_approves_what_was_shown_approves_no_later_build_and_no_other_image() {
    let mut story = Story::new(GUARDED);
    story.release('1');
    let release = story.line.releases(story.now).remove(0);
    let shown = ShownRelease {
        id: Some(release.id),
        image: release.image,
    };
    assert!(shown.image.is_some(), "the page shows the image");
    let offer = story.line.offer_shown(&commit('1'), &shown).unwrap();
    let other = ShownRelease {
        image: Some("evil:1".to_owned()),
        ..shown.clone()
    };
    let refused = story.line.offer_shown(&commit('1'), &other).unwrap_err();
    assert!(refused.contains("another one than was shown"), "{refused}");
    // The workflow is run again, and the form of the older page comes only then.
    let mut again = run(49, '1', RunProgress::Succeeded);
    again.attempt = 2;
    story.runs = vec![again.clone()];
    story.record(&Fact::RunSeen { run: again });
    let refused = story.line.offer_shown(&commit('1'), &shown).unwrap_err();
    assert!(refused.contains("built anew"), "{refused}");
    story.record(&Fact::Approved {
        commit: commit('1'),
        by: "ada".into(),
        account: Some(account("ada")),
        of: Some(offer),
    });
    assert_eq!(story.waiting(), "1 waiting-for-approval: 0 of 2 approvals");
}

#[test]
fn the_image_that_a_helm_parameter_asks_for_is_shown() {
    let mut story = Story::new(
        "branch: main
    approvals: 2
    argocd: { application: shop, update: helm-parameter }",
    );
    story.release('1');
    let image = story.line.releases(story.now).remove(0).image.unwrap();
    assert!(image.ends_with(&format!(":{}", commit('1'))), "{image}");
}
