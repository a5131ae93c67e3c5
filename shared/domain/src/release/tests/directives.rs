//! Workflows that the message of a pushed commit starts.

use super::{
    desk::{Desk, place, reading},
    *,
};
use crate::{
    dispatch,
    preview::Reaction,
    release::{IntakeFact, StartFact, StartState},
};

const WITH_DIRECTIVES: &str = "version: 1
build: { workflow: CI }
services:
  web:
    environments:
      staging: { branch: main, argocd: { application: shop-stg } }
      production: { tag: 'v*', argocd: { application: shop } }
directives: { ansible: { workflow: ansible.yml, input: playbook } }
";

fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.reading = reading(WITH_DIRECTIVES);
    desk
}

fn pushed(desk: &mut Desk, reference: &str, head: char, message: &str) {
    let push = Push {
        reference: Reference::parse(reference).unwrap(),
        brackets: dispatch::brackets(message),
        ..push(head, 1)
    };
    let fact = IntakeFact::Pushed {
        place: place(1),
        push,
    };
    desk.intake.record(&fact, at(1));
}

/// What became of each, the newest last.
fn states(desk: &Desk) -> String {
    let told = |start: &crate::release::Start| match &start.state {
        StartState::Due(_) => "due".to_owned(),
        StartState::Asked { .. } => "asked".to_owned(),
        StartState::Started(_) => "started".to_owned(),
        StartState::Unknown { reason, .. } => format!("unknown: {reason}"),
        StartState::Refused { reason } => format!("refused: {reason}"),
    };
    let states: Vec<String> = desk.intake.starts().iter().map(told).collect();
    states.join("\n")
}

fn trouble(reaction: Reaction) -> Option<Trouble> {
    Some(Trouble {
        reason: "GitHub answered 502".into(),
        reaction,
    })
}

#[test]
fn a_directive_on_a_tracked_branch_starts_its_workflow_once_after_the_environments_were_told() {
    let mut desk = desk();
    pushed(
        &mut desk,
        "refs/heads/main",
        '1',
        "Move it [ansible k8s-dev] [other x]",
    );
    insta::assert_snapshot!(desk.go(), @r#"
    read acme/shop
    production: terms
    staging: terms
    staging: push 1
    start ansible.yml with {"playbook": "k8s-dev"} (attempt 1)
    "#);
    // The same commit arrives on another way; nothing is started again.
    pushed(
        &mut desk,
        "refs/heads/main",
        '1',
        "Move it [ansible k8s-dev]",
    );
    insta::assert_snapshot!(desk.go(), @"
    read acme/shop
    staging: terms
    staging: push 1
    ");
    assert_eq!(states(&desk), "started");
}

#[test]
fn nothing_is_started_for_branches_that_no_environment_tracks_nor_for_tags() {
    let mut desk = desk();
    pushed(&mut desk, "refs/heads/feature", '1', "[ansible k8s-dev]");
    pushed(&mut desk, "refs/tags/v1", '2', "[ansible k8s-dev]");
    desk.go();
    assert_eq!(states(&desk), "");
}

#[test]
fn a_value_that_a_shell_would_read_is_refused_and_kept_to_be_seen() {
    let mut desk = desk();
    pushed(&mut desk, "refs/heads/main", '1', "[ansible $(id) x]");
    desk.go();
    insta::assert_snapshot!(states(&desk), @"refused: ansible is not started: the value of playbook has characters that are not passed on; letters, digits, spaces and . _ - / : , = + @ are, 200 at most");
}

#[test]
fn what_failed_without_an_effect_is_tried_again_and_nothing_else_is() {
    let mut desk = desk();
    desk.trouble = trouble(Reaction::Retry {
        after_milliseconds: None,
    });
    pushed(&mut desk, "refs/heads/main", '1', "[ansible a]");
    desk.go();
    assert_eq!(states(&desk), "due");
    desk.now = at(600);
    insta::assert_snapshot!(desk.go(), @r#"start ansible.yml with {"playbook": "a"} (attempt 2)"#);
    for (head, reaction) in [('2', Reaction::Look), ('3', Reaction::GiveUp)] {
        desk.trouble = trouble(reaction);
        let message = "[ansible b]";
        pushed(&mut desk, "refs/heads/main", head, message);
        desk.go();
    }
    desk.now = at(9_000);
    assert_eq!(desk.go(), "");
    insta::assert_snapshot!(states(&desk), @"
    started
    unknown: GitHub answered 502
    refused: GitHub answered 502
    ");
}

#[test]
fn one_that_somebody_was_about_to_start_is_asked_for_under_the_same_claim() {
    let mut desk = desk();
    pushed(&mut desk, "refs/heads/main", '1', "[ansible a]");
    let begun = loop {
        let Step::Act(action) = desk.intake.plan(desk.now) else {
            panic!("it is never started");
        };
        if let Some(intent) = action.intent() {
            desk.intake.record(&intent, desk.now);
            break action;
        }
        let fact = desk.answer(action);
        desk.intake.record(&fact, desk.now);
    };
    // Whoever it was died, and GitHub is left alone for a while; the claim is won only once.
    assert_eq!(desk.intake.plan(desk.now), Step::Act(begun.clone()));
    let held_back = StartFact::HeldBack {
        trouble: trouble(Reaction::ComeBack {
            after_milliseconds: 15_000,
        })
        .unwrap(),
    };
    desk.intake.record(&IntakeFact::Start(held_back), desk.now);
    let Step::Wait { until } = desk.intake.plan(desk.now) else {
        panic!("it is not waited for");
    };
    assert_eq!(states(&desk), "asked");
    desk.now = until;
    assert_eq!(desk.intake.plan(desk.now), Step::Act(begun.clone()));
    assert!(desk.intake.claims().contains(&begun.claim().unwrap()));
    let lost = IntakeFact::Start(StartFact::Lost { attempt: 1 });
    desk.intake.record(&lost, desk.now);
    desk.go();
    insta::assert_snapshot!(states(&desk), @"unknown: whoever asked for it was cut off");
}

#[test]
fn a_push_so_old_that_its_start_is_not_remembered_starts_nothing_when_it_is_delivered_again() {
    let mut desk = desk();
    let push_at = |desk: &mut Desk, head: char, seconds: i64, value: &str| {
        let push = Push {
            brackets: dispatch::brackets(&format!("[ansible {value}]")),
            ..push(head, seconds)
        };
        let fact = IntakeFact::Pushed {
            place: place(1),
            push,
        };
        desk.intake.record(&fact, at(seconds));
        desk.go()
    };
    for number in 0..102 {
        let done = push_at(&mut desk, '2', 10 + number, &format!("play-{number}"));
        assert!(done.contains("start ansible.yml"), "{done}");
    }
    let again = push_at(&mut desk, '2', 10, "play-0");
    assert!(!again.contains("start ansible.yml"), "{again}");
    let told = states(&desk);
    let last = told.lines().last().unwrap();
    insta::assert_snapshot!(last, @"refused: nobody knows whether it was started before: 100 newer starts came since that push");
    let newer = push_at(&mut desk, '3', 500, "play-0");
    assert!(newer.contains("start ansible.yml"), "{newer}");
}
