//! What people are told outside of GitHub: one letter for each change of the environment's state.

use super::*;
use crate::{notice::Event, outbox::Key, preview::Reaction};

/// The headlines of what was told, with the version.
fn told(story: &Story) -> String {
    let told = story.letters.iter().map(|letter| {
        let notice = &letter.notice;
        format!(
            "{}. {} {}",
            letter.number,
            notice.name(),
            digit(&notice.version.commit)
        )
    });
    told.collect::<Vec<_>>().join("\n")
}

fn after_a_good_one(production: &str) -> Story {
    let mut story = Story::new(production);
    story.release('1');
    story
}

#[test]
fn a_bad_release_that_is_taken_back_is_told_as_broken_once_and_as_rolled_back_once() {
    let mut story = after_a_good_one(PRODUCTION);
    story.argo.sick.insert(image('2'));
    story.release('2');
    story.record(&Fact::HoldLifted { by: "ada".into() });
    story.release('3');
    assert_eq!(
        told(&story),
        "1. environment.released 1\n2. environment.broke 2\n3. environment.rolled_back 1\n4. environment.released 3"
    );
    let rolled_back = &story.letters[2].notice;
    insta::assert_snapshot!(rolled_back.message(), @"
    shop web: production was rolled back
    Runs now: 1111111 Change 1, ghcr.io/acme/shop:1111111111111111111111111111111111111111
    From: 2222222 Change 2
    Why: 2222222 failed: the application is degraded
    By: Slipway itself
    Nothing is released to production by itself until somebody lifts the hold.
    production: https://shop.example.com
    ");
    assert_eq!(
        story.letters[2].slack,
        Key::OfChannel(crate::notice::Channel::Alerts)
    );
    assert!(story.letters[2].catalog.is_some(), "another version runs");
    assert!(story.letters[1].catalog.is_none());
}

#[test]
fn what_is_not_taken_back_is_told_as_broken_and_then_as_recovered() {
    let mut story = after_a_good_one(&PRODUCTION.replace("automatic", "manual"));
    story.argo.sick.insert(image('2'));
    story.release('2');
    let broke_at = story.letters[1].notice.at;
    story.release('3');
    assert_eq!(
        told(&story),
        "1. environment.released 1\n2. environment.broke 2\n3. environment.recovered 3"
    );
    assert_eq!(
        story.letters[2].notice.event,
        Event::Recovered {
            broken_since: broke_at
        }
    );
}

#[test]
fn what_argo_cd_refuses_is_told_as_a_release_that_did_not_come_about() {
    let mut story = after_a_good_one(PRODUCTION);
    story.trouble = Some(Trouble {
        reason: "Argo CD answered 403".into(),
        reaction: Reaction::GiveUp,
    });
    story.release('2');
    assert_eq!(
        told(&story),
        "1. environment.released 1\n2. release.failed 2"
    );
    story.trouble = None;
    story.release('3');
    assert!(
        told(&story).ends_with("3. environment.released 3"),
        "it was never broken"
    );
}

#[test]
fn who_asked_for_a_way_back_is_told() {
    let mut story = after_a_good_one(PRODUCTION);
    story.release('2');
    story.record(&Fact::RollbackAsked {
        back: 1,
        by: "ada".into(),
        reason: "coins are free".into(),
    });
    story.go();
    let notice = &story.letters[2].notice;
    let Event::RolledBack { from, reason, by } = &notice.event else {
        panic!("{notice:?}")
    };
    assert_eq!(digit(&from.commit), '2');
    assert_eq!(
        (reason.as_str(), by.as_deref()),
        ("coins are free", Some("ada"))
    );
}

#[test]
fn a_commit_that_waits_for_a_person_is_told_once() {
    let mut story = after_a_good_one(PRODUCTION);
    // Somebody forced another history onto the branch.
    story.parents.insert('7', Some('0'));
    story.head = '7';
    story.release('7');
    story.go_until(Duration::from_secs(600));
    assert_eq!(
        told(&story),
        "1. environment.released 1\n2. release.waiting 7"
    );
    story.record(&Fact::DivergedAllowed {
        commit: commit('7'),
    });
    story.go();
    assert!(
        told(&story).ends_with("3. environment.released 7"),
        "{}",
        told(&story)
    );
}

#[test]
fn the_configuration_names_who_is_told() {
    let text = configuration(PRODUCTION)
        + "    backstage: shop-web\nnotify: { slack: { deployments: team-shop }, webhook: audit }\n";
    let mut story = Story::new(PRODUCTION);
    story.record(&Fact::Configured {
        repository: Some("acme/shop".parse().unwrap()),
        terms: Some(Box::new(terms(&text))),
        as_of: story.now,
    });
    story.release('1');
    let letter = &story.letters[0];
    assert_eq!(letter.slack, Key::Named("team-shop".into()));
    assert_eq!(letter.webhook, Key::Named("audit".into()));
    let catalog = letter.catalog.as_ref().unwrap();
    assert_eq!(
        catalog.entity.as_ref().unwrap().to_string(),
        "component:default/shop-web"
    );
}

#[test]
fn a_store_that_does_not_take_a_letter_holds_no_release_up() {
    let mut story = Story::new(PRODUCTION);
    story.push('1');
    story.build('1');
    story.go();
    // The next one is released while a letter of the former cannot be handed over.
    story.record(&Fact::NotAnnounced {
        trouble: Trouble::retry("the store does not answer"),
    });
    story.release('2');
    assert_eq!(story.live(), Some('2'));
    story.go_until(Duration::from_secs(600));
    assert_eq!(
        told(&story),
        "1. environment.released 1\n2. environment.released 2"
    );
}

#[test]
fn what_is_to_be_told_is_told_though_the_configuration_names_the_environment_no_more() {
    let mut story = after_a_good_one(PRODUCTION);
    story.record(&Fact::NotAnnounced {
        trouble: Trouble::retry("the store does not answer"),
    });
    story.release('2');
    story.record(&Fact::Configured {
        repository: Some("acme/shop".parse().unwrap()),
        terms: None,
        as_of: story.now,
    });
    story.go_until(Duration::from_secs(600));
    assert_eq!(
        told(&story),
        "1. environment.released 1\n2. environment.released 2"
    );
}

#[test]
fn a_deployment_on_github_whose_answer_was_lost_is_looked_for_when_every_copy_shows_it() {
    let mut story = Story::new(PRODUCTION);
    story.push('1');
    story.build('1');
    let key = loop {
        match story.line.plan(story.now) {
            Step::Act(Action::Report { key, .. }) => break key,
            Step::Act(action) => story.act(&action),
            Step::Wait { until } => story.now = until,
            Step::Settled | Step::Forget => panic!("nothing is told"),
        }
    };
    let trouble = Trouble {
        reason: "the answer broke off".into(),
        reaction: Reaction::Look,
    };
    story.record(&Fact::Report {
        key,
        report: ReportFact::Troubled { trouble },
    });
    let told = |done: &str| done.contains("tell ");
    assert!(!told(&story.go_until(Duration::from_secs(14))));
    assert!(told(&story.go_until(Duration::from_secs(16))));
}
