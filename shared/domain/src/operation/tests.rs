//! What becomes of an operation that somebody started.

use std::{collections::BTreeMap, time::Duration};

use super::*;
use crate::{
    audit::{Act, Door, Outcome},
    dispatch::Dispatch,
    entity::Action as _,
    preview::{Reaction, Trouble},
};

const START: i64 = 1_795_257_067_000;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_milliseconds(START).after(Duration::from_secs(seconds))
}

fn id() -> OperationId {
    let act = Act {
        at: at(0),
        by: "ada".to_owned(),
        door: Door::Api,
        act: "operate".to_owned(),
        on: "repository/42".to_owned(),
        repository: Some(RepositoryId(42)),
        said: Some("db-migrate: command=migrate".to_owned()),
        outcome: Outcome::Allowed,
        reason: None,
    };
    OperationId::of(RepositoryId(42), &act.key(""))
}

fn order() -> Order {
    Order {
        repository: "acme/shop".parse().unwrap(),
        dispatch: Dispatch {
            name: "db-migrate".to_owned(),
            workflow: "db-migration.yml".to_owned(),
            inputs: BTreeMap::from([("command".to_owned(), "migrate".to_owned())]),
        },
        by: "ada".to_owned(),
        door: Door::Api,
        at: at(0),
    }
}

/// An operation and the clock that it is looked at by.
struct Desk {
    operation: OperationRun,
    now: u64,
}

impl Desk {
    fn ordered() -> Self {
        let mut desk = Self {
            operation: OperationRun::new(id()),
            now: 0,
        };
        desk.learn(&Fact::Ordered(order()));
        desk
    }

    /// One of which GitHub was asked once.
    fn asked() -> Self {
        let mut desk = Self::ordered();
        assert_eq!(desk.next(), "start 1");
        desk.learn(&Fact::Intended { attempt: 1 });
        desk
    }

    /// One whose run 7 is followed.
    fn followed() -> Self {
        let mut desk = Self::asked();
        desk.learn(&Fact::Started {
            attempt: 1,
            run: Some(run(7)),
        });
        desk
    }

    fn learn(&mut self, fact: &Fact) {
        self.operation.record(fact, at(self.now));
    }

    fn not_started(&mut self, attempt: u32, reaction: Reaction) {
        let trouble = Trouble {
            reason: "GitHub answered 422".to_owned(),
            reaction,
        };
        self.learn(&Fact::NotStarted { attempt, trouble });
    }

    fn search(&mut self, runs: &[u64]) {
        let runs = runs.iter().map(|id| run(*id)).collect();
        self.learn(&Fact::Searched { runs });
    }

    fn next(&self) -> String {
        match self.operation.plan(at(self.now)) {
            Step::Act(Action::Start { attempt, .. }) => format!("start {attempt}"),
            Step::Act(Action::Leave) => "leave".to_owned(),
            Step::Act(Action::Find { since, .. }) => {
                format!("find since {}", since.since(at(0)).as_secs())
            }
            Step::Act(Action::Look { run, .. }) => format!("look at {run}"),
            Step::Wait { until } => format!("wait until {}", until.since(at(0)).as_secs()),
            Step::Settled => "settled".to_owned(),
            Step::Forget => "forget".to_owned(),
        }
    }

    /// How it stands and what comes next.
    fn told(&self) -> String {
        let operation = &self.operation;
        format!(
            "{}: {} -> {}",
            operation.standing().name(),
            operation.reason(),
            self.next()
        )
    }
}

fn run(id: u64) -> StartedRun {
    StartedRun {
        id,
        url: format!("https://github.com/acme/shop/actions/runs/{id}"),
    }
}

#[test]
fn an_operation_is_started_once_and_its_run_followed_to_its_end() {
    let mut desk = Desk::ordered();
    assert_eq!(
        desk.told(),
        "waiting: the next run of reconcile starts it -> start 1"
    );
    desk = Desk::followed();
    assert_eq!(
        desk.told(),
        "running: its run has not begun -> wait until 10"
    );
    desk.now = 10;
    assert_eq!(desk.next(), "look at 7");
    desk.learn(&Fact::Seen {
        progress: Some(RunProgress::Running),
    });
    assert_eq!(desk.told(), "running: its run is at work -> wait until 20");
    desk.now = 800;
    desk.learn(&Fact::Seen {
        progress: Some(RunProgress::Running),
    });
    assert_eq!(desk.next(), "wait until 900");
    desk.now = 900;
    desk.learn(&Fact::Seen {
        progress: Some(RunProgress::Succeeded),
    });
    assert_eq!(
        desk.told(),
        "succeeded: its run succeeded -> wait until 2592900"
    );
    let timeline: Vec<String> = desk
        .operation
        .timeline()
        .into_iter()
        .map(|(when, what)| format!("{}: {what}", when.since(at(0)).as_secs()))
        .collect();
    insta::assert_snapshot!(timeline.join("\n"), @"
    0: ada asked for it by api
    0: GitHub was asked to start it
    0: its run became known
    900: succeeded: its run succeeded
    ");
    assert_eq!(desk.operation.given_up(), []);
    desk.now = 2_592_900;
    assert_eq!(desk.next(), "forget");
    assert_eq!(desk.operation.claims(), ["start/1"]);
}

#[test]
fn a_run_that_does_not_succeed_or_is_deleted_ends_the_operation() {
    let ended = |progress: Option<RunProgress>| {
        let mut desk = Desk::followed();
        desk.learn(&Fact::Seen { progress });
        let alerts = desk.operation.given_up();
        let alerts = alerts
            .iter()
            .map(|it| format!("; alert: {} {}", it.what, it.reason));
        format!("{}{}", desk.told(), alerts.collect::<String>())
    };
    let told = [
        Some(RunProgress::Failed),
        Some(RunProgress::Cancelled),
        None,
    ]
    .map(ended);
    insta::assert_snapshot!(told.join("\n"), @"
    failed: its run did not succeed -> wait until 2592000; alert: the operation db-migrate its run failed: https://github.com/acme/shop/actions/runs/7
    cancelled: its run was cancelled or deleted -> wait until 2592000
    cancelled: its run was cancelled or deleted -> wait until 2592000
    ");
}

#[test]
fn a_refusal_is_final_and_a_failure_that_did_nothing_is_tried_again_with_a_claim_of_its_own() {
    let mut refused = Desk::asked();
    refused.not_started(1, Reaction::GiveUp);
    assert_eq!(
        refused.told(),
        "refused: GitHub answered 422 -> wait until 2592000"
    );
    let mut failing = Desk::asked();
    let retry = Reaction::Retry {
        after_milliseconds: None,
    };
    failing.not_started(1, retry);
    failing.now = 2;
    assert_eq!(
        failing.told(),
        "waiting: it is tried again: GitHub answered 422 -> start 2"
    );
    assert_eq!(failing.operation.claims(), ["start/1"]);
    failing.learn(&Fact::Intended { attempt: 2 });
    // The answer to the first attempt comes late, from a process that was thought dead.
    failing.not_started(1, Reaction::GiveUp);
    failing.learn(&Fact::Started {
        attempt: 2,
        run: Some(run(8)),
    });
    assert_eq!(failing.operation.run(), Some(&run(8)));
}

#[test]
fn what_could_not_be_started_within_an_hour_is_not_started_any_more() {
    let mut desk = Desk::ordered();
    desk.learn(&Fact::HeldBack {
        trouble: Trouble {
            reason: "GitHub is left alone".to_owned(),
            reaction: Reaction::ComeBack {
                after_milliseconds: 60_000,
            },
        },
    });
    desk.now = 3_600;
    assert_eq!(desk.next(), "leave");
    desk.learn(&Fact::Left);
    assert_eq!(
        desk.operation.reason(),
        "it could not be started within an hour: GitHub is left alone"
    );
    // Somebody was about to start it and died: whether he did is looked for, and nobody starts it now.
    let mut cut_off = Desk::asked();
    assert_eq!(cut_off.next(), "start 1");
    cut_off.now = 3_600;
    assert_eq!(cut_off.next(), "find since 0");
    cut_off.search(&[7]);
    assert_eq!(cut_off.operation.run(), Some(&run(7)));
}

#[test]
fn after_a_lost_answer_the_run_is_looked_for_and_nothing_is_started_again() {
    let lost = || {
        let mut desk = Desk::asked();
        desk.now = 3;
        desk.learn(&Fact::Lost { attempt: 1 });
        desk
    };
    let mut found = lost();
    assert_eq!(
        found.told(),
        "starting: the answer to its start was lost: its run is looked for -> wait until 10"
    );
    found.now = 10;
    assert_eq!(found.next(), "find since 0");
    found.search(&[]);
    assert_eq!(found.next(), "wait until 20");
    found.now = 20;
    found.search(&[7]);
    assert_eq!(
        found.told(),
        "running: its run has not begun -> wait until 30"
    );

    let mut several = lost();
    several.search(&[9, 7]);
    let mut none = lost();
    none.now = 300;
    none.search(&[]);
    let mut unnamed = Desk::asked();
    unnamed.learn(&Fact::Started {
        attempt: 1,
        run: None,
    });
    unnamed.now = 300;
    unnamed.search(&[]);
    let told = [several, none, unnamed].map(|desk| desk.told());
    insta::assert_snapshot!(told.join("\n"), @"
    unknown: nobody knows which run of db-migration.yml it is: 2 were started since, the newest is https://github.com/acme/shop/actions/runs/9 -> wait until 2592003
    unknown: nobody knows whether db-migration.yml was started: the answer was lost and GitHub lists no run. Look there before you start it again -> wait until 2592300
    unknown: GitHub started db-migration.yml and lists no run of it: look there -> wait until 2592300
    ");
}

#[test]
fn facts_that_come_twice_or_late_change_nothing() {
    let mut desk = Desk::followed();
    desk.learn(&Fact::Seen {
        progress: Some(RunProgress::Succeeded),
    });
    let over = desk.operation.clone();
    desk.now = 50;
    for fact in [
        Fact::Ordered(Order {
            by: "eve".to_owned(),
            ..order()
        }),
        Fact::Intended { attempt: 1 },
        Fact::Started {
            attempt: 1,
            run: Some(run(9)),
        },
        Fact::Lost { attempt: 1 },
        Fact::Left,
        Fact::Searched { runs: vec![run(9)] },
    ] {
        desk.learn(&fact);
        assert_eq!(desk.operation, over, "{fact:?}");
    }
}

#[test]
fn only_a_start_is_noted_and_claimed_before_it_is_done() {
    let start = Action::Start {
        repository: order().repository,
        attempt: 3,
        dispatch: order().dispatch,
    };
    assert_eq!(start.claim().as_deref(), Some("start/3"));
    assert_eq!(start.intent(), Some(Fact::Intended { attempt: 3 }));
    assert_eq!(Action::Leave.claim(), None);
}

#[test]
fn an_id_says_when_and_is_read_back() {
    let id = id();
    assert!(
        id.to_string().starts_with("operation/42/01795257067000-"),
        "{id}"
    );
    assert_eq!(id.to_string().parse(), Ok(id));
    for text in [
        "operation/42",
        "operation/x/01795257067000-1d7e4b8a6035c1d7",
        "operation/42/1795257067000-1d7e4b8a6035c1d7",
        "operation/42/01795257067000-1d7e4b8a6035c1d7/claim/start/1",
        "operation/42/01795257067000-1d7e4b8a6035c1dz",
    ] {
        assert!(text.parse::<OperationId>().is_err(), "{text}");
    }
}
