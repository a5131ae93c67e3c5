//! The mailbox, the lease and the loop with an entity that counts.

mod fragile;
mod trouble;

use std::{
    cell::{Cell, RefCell},
    fmt,
    str::FromStr,
    time::Duration,
};

use domain::{
    NotParsed, Timestamp,
    directory::Kind,
    entity::{self, Entity, GivenUp, Step},
};
use ports::{Clock, Label, NoLog, Store, memory::MemoryStore};
use serde::{Deserialize, Serialize};

use crate::{Claim, Executor, Outcome, Runner, keys, mailbox, reconcile, record::Record};

/// Counts what it is told, and reports every change once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Counter {
    total: u64,
    reported: u64,
    /// How often it was told that a report was made.
    answers: u64,
    /// The report that is under way.
    reporting: Option<u64>,
    /// Rests until then.
    until: Option<Timestamp>,
    over: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Told {
    Add(u64),
    Rest(Timestamp),
    Over,
    Reporting(u64),
    Reported(u64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Report(u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Id(u8);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "counter/{}", self.0)
    }
}

impl FromStr for Id {
    type Err = NotParsed;

    fn from_str(text: &str) -> Result<Self, NotParsed> {
        let number = text
            .strip_prefix("counter/")
            .and_then(|number| number.parse().ok());
        number.map(Self).ok_or(NotParsed {
            expected: "a counter",
            found: text.to_owned(),
        })
    }
}

impl Entity for Counter {
    type Id = Id;
    type Fact = Told;
    type Action = Report;

    const LISTED: Option<Kind> = None;

    fn new(_id: Id) -> Self {
        Self {
            total: 0,
            reported: 0,
            answers: 0,
            reporting: None,
            until: None,
            over: false,
        }
    }

    fn record(&mut self, fact: &Told, _at: Timestamp) {
        match fact {
            Told::Add(number) => self.total += number,
            Told::Rest(until) => self.until = Some(*until),
            Told::Over => self.over = true,
            Told::Reporting(total) => self.reporting = Some(*total),
            Told::Reported(total) => {
                self.reported = *total;
                self.answers += 1;
                self.reporting = None;
            }
        }
    }

    fn plan(&self, now: Timestamp) -> Step<Report> {
        if self.over {
            return Step::Forget;
        }
        match self.until.filter(|until| *until > now) {
            Some(until) => Step::Wait { until },
            None if self.total != self.reported => Step::Act(Report(self.total)),
            None => Step::Settled,
        }
    }

    fn given_up(&self) -> Vec<GivenUp> {
        Vec::new()
    }

    fn claims(&self) -> Vec<String> {
        (0..=self.total)
            .map(|total| format!("report/{total}"))
            .collect()
    }
}

impl entity::Action for Report {
    type Fact = Told;

    fn intent(&self) -> Option<Told> {
        Some(Told::Reporting(self.0))
    }

    fn claim(&self) -> Option<String> {
        Some(format!("report/{}", self.0))
    }
}

/// A clock that stands still unless it is moved or slept on.
#[derive(Debug, Default)]
pub(crate) struct Hand(Cell<i64>);

impl Hand {
    pub(crate) fn pass(&self, duration: Duration) {
        self.0.set(
            Timestamp::from_milliseconds(self.0.get())
                .after(duration)
                .milliseconds(),
        );
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_milliseconds(self.0.get())
    }

    async fn sleep(&self, duration: Duration) {
        self.pass(duration);
    }
}

/// Keeps the reports; each takes a while on the clock.
struct Reports<'a> {
    reports: RefCell<Vec<(u64, Claim)>>,
    clock: &'a Hand,
    takes: Cell<Duration>,
    /// Nothing can be reported before then.
    held_back_until: Cell<Option<Timestamp>>,
}

impl Executor<Counter> for Reports<'_> {
    async fn execute(&self, _id: &Id, action: &Report, claim: Claim) -> Told {
        self.reports.borrow_mut().push((action.0, claim));
        self.clock.pass(self.takes.get());
        Told::Reported(action.0)
    }

    async fn held_back(&self, _id: &Id, _action: &Report) -> Option<Told> {
        let until = self.held_back_until.get();
        until
            .filter(|until| *until > self.clock.now())
            .map(Told::Rest)
    }
}

type TestRunner<'a> = Runner<&'a MemoryStore, &'a Hand, NoLog, Reports<'a>>;

fn runner<'a>(store: &'a MemoryStore, clock: &'a Hand) -> TestRunner<'a> {
    let executor = Reports {
        reports: RefCell::default(),
        clock,
        takes: Cell::default(),
        held_back_until: Cell::default(),
    };
    Runner {
        store,
        clock,
        log: NoLog,
        executor,
    }
}

const ID: Id = Id(1);

async fn state(store: &MemoryStore) -> Counter {
    Record::<Counter>::read(store, &ID)
        .await
        .unwrap()
        .unwrap()
        .state
}

#[tokio::test]
async fn what_is_posted_is_taken_in_acted_on_and_leaves_nothing_in_the_queue() {
    let (store, clock) = (MemoryStore::default(), Hand::default());
    let runner = runner(&store, &clock);
    let first = runner.post::<Counter>(&ID, &Told::Add(2)).await.unwrap();
    runner.post::<Counter>(&ID, &Told::Add(3)).await.unwrap();
    assert_eq!(
        runner.run::<Counter>(&ID, &[first]).await.unwrap(),
        Outcome::Settled
    );
    assert_eq!(*runner.executor.reports.borrow(), [(5, Claim::First)]);
    assert_eq!(
        store.keys(Label::Queue).await.unwrap(),
        Vec::<String>::new()
    );
    assert_eq!(state(&store).await.reported, 5);
}

#[tokio::test]
async fn while_somebody_holds_the_lease_others_leave_their_mail_to_him() {
    let (store, clock) = (MemoryStore::default(), Hand::default());
    let runner = runner(&store, &clock);
    let mut record = Record::<Counter>::new(ID);
    record.lease_until = Some(clock.now().after(Duration::from_secs(60)));
    record.write(&store, &ID).await.unwrap();
    let mail = runner.post::<Counter>(&ID, &Told::Add(1)).await.unwrap();
    assert_eq!(
        runner.run::<Counter>(&ID, &[mail]).await.unwrap(),
        Outcome::Busy
    );
    assert!(runner.executor.reports.borrow().is_empty());
    // He died: after the lease anybody may go on.
    clock.pass(Duration::from_secs(61));
    assert_eq!(
        runner.run::<Counter>(&ID, &[mail]).await.unwrap(),
        Outcome::Settled
    );
    assert_eq!(*runner.executor.reports.borrow(), [(1, Claim::First)]);
}

#[tokio::test]
async fn a_lease_that_was_claimed_and_never_taken_up_is_passed_over_in_the_end() {
    let (store, clock) = (MemoryStore::default(), Hand::default());
    let runner = runner(&store, &clock);
    store
        .increment(Label::Default, &keys::lease_claim(&ID, 1), 1)
        .await
        .unwrap();
    let mail = runner.post::<Counter>(&ID, &Told::Add(1)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(
            runner.run::<Counter>(&ID, &[mail]).await.unwrap(),
            Outcome::Busy
        );
        clock.pass(Duration::from_secs(15));
    }
    clock.pass(Duration::from_secs(60));
    assert_eq!(
        runner.run::<Counter>(&ID, &[mail]).await.unwrap(),
        Outcome::Settled
    );
}

#[tokio::test]
async fn an_effect_that_somebody_claimed_before_is_told_to_the_executor() {
    let (store, clock) = (MemoryStore::default(), Hand::default());
    let runner = runner(&store, &clock);
    store
        .increment(Label::Default, &keys::effect_claim(&ID, "report/1"), 1)
        .await
        .unwrap();
    let mail = runner.post::<Counter>(&ID, &Told::Add(1)).await.unwrap();
    runner.run::<Counter>(&ID, &[mail]).await.unwrap();
    assert_eq!(*runner.executor.reports.borrow(), [(1, Claim::Later)]);
}

#[tokio::test]
async fn whoever_outlives_his_lease_writes_nothing_but_what_he_learnt_arrives() {
    let (store, clock) = (MemoryStore::default(), Hand::default());
    let runner = runner(&store, &clock);
    runner.executor.takes.set(Duration::from_secs(90));
    let mail = runner.post::<Counter>(&ID, &Told::Add(1)).await.unwrap();
    assert_eq!(
        runner.run::<Counter>(&ID, &[mail]).await.unwrap(),
        Outcome::Lost
    );
    assert_eq!(
        state(&store).await.reported,
        0,
        "the state is another's by now"
    );
    runner.executor.takes.set(Duration::ZERO);
    let work = reconcile::work(&store).await.unwrap();
    runner
        .advance_all::<Counter>(&work.entities, clock.now().after(Duration::from_secs(20)))
        .await;
    assert_eq!(state(&store).await.reported, 1);
    assert_eq!(
        *runner.executor.reports.borrow(),
        [(1, Claim::First)],
        "what came of it was not lost"
    );
}

#[tokio::test]
async fn after_its_deadline_a_run_takes_mail_in_and_leaves_the_work_to_the_next_one() {
    let (store, clock) = (MemoryStore::default(), Hand::default());
    let runner = runner(&store, &clock);
    let deadline = clock.now();
    clock.pass(Duration::from_secs(1));
    let mail = runner.post::<Counter>(&ID, &Told::Add(1)).await.unwrap();
    assert_eq!(
        runner
            .run_until::<Counter>(&ID, &[mail], deadline)
            .await
            .unwrap(),
        Outcome::Waiting { until: clock.now() },
        "the report is due at once"
    );
    assert_eq!(
        (state(&store).await.total, state(&store).await.reported),
        (1, 0)
    );
    let work = reconcile::work(&store).await.unwrap();
    let in_time = clock.now().after(Duration::from_secs(20));
    let report = runner.advance_all::<Counter>(&work.entities, in_time).await;
    assert_eq!((report.advanced, state(&store).await.reported), (1, 1));
}

#[tokio::test]
async fn waiting_for_a_vendor_uses_up_no_claim() {
    let (store, clock) = (MemoryStore::default(), Hand::default());
    let runner = runner(&store, &clock);
    let mail = runner.post::<Counter>(&ID, &Told::Add(1)).await.unwrap();
    for _ in 0..3 {
        let until = clock.now().after(Duration::from_secs(30));
        runner.executor.held_back_until.set(Some(until));
        assert_eq!(
            runner.run::<Counter>(&ID, &[mail]).await.unwrap(),
            Outcome::Waiting { until }
        );
        clock.pass(Duration::from_secs(30));
    }
    let claims: Vec<String> = store
        .all_keys()
        .into_iter()
        .filter(|key| key.contains("/claim/"))
        .collect();
    assert_eq!(claims, Vec::<String>::new());
    assert_eq!(state(&store).await.reporting, None, "nor was it intended");
    runner.run::<Counter>(&ID, &[]).await.unwrap();
    assert_eq!(*runner.executor.reports.borrow(), [(1, Claim::First)]);
}

#[tokio::test]
async fn what_waits_is_due_at_its_time_and_not_before() {
    let (store, clock) = (MemoryStore::default(), Hand::default());
    let runner = runner(&store, &clock);
    let until = clock.now().after(Duration::from_secs(300));
    runner
        .post::<Counter>(&ID, &Told::Rest(until))
        .await
        .unwrap();
    let mail = runner.post::<Counter>(&ID, &Told::Add(1)).await.unwrap();
    assert_eq!(
        runner.run::<Counter>(&ID, &[mail]).await.unwrap(),
        Outcome::Waiting { until }
    );
    let advance = async || {
        let work = reconcile::work(&store).await.unwrap();
        runner
            .advance_all::<Counter>(&work.entities, clock.now().after(Duration::from_secs(20)))
            .await
    };
    let early = advance().await;
    assert_eq!(
        (early.advanced, early.left, early.next_at),
        (0, 1, Some(until))
    );
    clock.pass(Duration::from_secs(300));
    let late = advance().await;
    assert_eq!((late.advanced, late.left, late.next_at), (1, 0, None));
    assert_eq!(
        store.keys(Label::Queue).await.unwrap(),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn a_follower_comes_back_in_time() {
    let (store, clock) = (MemoryStore::default(), Hand::default());
    let runner = runner(&store, &clock);
    let until = clock.now().after(Duration::from_secs(30));
    runner
        .post::<Counter>(&ID, &Told::Rest(until))
        .await
        .unwrap();
    let mail = runner.post::<Counter>(&ID, &Told::Add(1)).await.unwrap();
    let deadline = clock.now().after(Duration::from_secs(120));
    assert_eq!(
        runner
            .follow::<Counter>(&ID, &[mail], deadline)
            .await
            .unwrap(),
        Outcome::Settled
    );
    assert_eq!(state(&store).await.reported, 1);
}

#[tokio::test]
async fn many_rounds_leave_a_bounded_number_of_keys_and_forgetting_leaves_none() {
    let (store, clock) = (MemoryStore::default(), Hand::default());
    let runner = runner(&store, &clock);
    for _ in 0..100 {
        let mail = runner.post::<Counter>(&ID, &Told::Add(0)).await.unwrap();
        runner.run::<Counter>(&ID, &[mail]).await.unwrap();
    }
    assert!(store.len() < 15, "{:?}", store.all_keys());
    let mail = runner.post::<Counter>(&ID, &Told::Over).await.unwrap();
    assert_eq!(
        runner.run::<Counter>(&ID, &[mail]).await.unwrap(),
        Outcome::Forgotten
    );
    assert_eq!(store.all_keys(), Vec::<String>::new());
}

#[tokio::test]
async fn a_note_of_an_entity_that_was_forgotten_brings_nothing_back() {
    let (store, clock) = (MemoryStore::default(), Hand::default());
    let runner = runner(&store, &clock);
    crate::due::note(&store, &ID, 4, clock.now()).await.unwrap();
    let work = reconcile::work(&store).await.unwrap();
    runner
        .advance_all::<Counter>(&work.entities, clock.now().after(Duration::from_secs(20)))
        .await;
    assert_eq!(store.all_keys(), Vec::<String>::new());
}

#[tokio::test]
async fn a_record_of_a_newer_version_is_left_as_it_is() {
    let (store, clock) = (MemoryStore::default(), Hand::default());
    let runner = runner(&store, &clock);
    let mut record = Record::<Counter>::new(ID);
    record.schema = 99;
    record.write(&store, &ID).await.unwrap();
    let mail = runner.post::<Counter>(&ID, &Told::Add(1)).await.unwrap();
    let error = runner.run::<Counter>(&ID, &[mail]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "counter/1 cannot be read, so it is left as it is: it has schema 99, and this version knows 1"
    );
    assert_eq!(
        store.keys(Label::Queue).await.unwrap(),
        ["mail/counter/1/1"]
    );
}

#[tokio::test]
async fn mail_behind_numbers_that_were_never_used_is_found_by_the_look_after_a_lease() {
    let (store, clock) = (MemoryStore::default(), Hand::default());
    let runner = runner(&store, &clock);
    // Posters that died, or whose store failed, between taking a number and writing the mail.
    for _ in 0..6 {
        store
            .increment(Label::Default, &keys::mail_counter(&ID), 1)
            .await
            .unwrap();
    }
    let mail = runner.post::<Counter>(&ID, &Told::Add(1)).await.unwrap();
    let waiting = mailbox::waiting(&store, &ID, 0).await.unwrap();
    assert_eq!(
        waiting,
        [mail],
        "its number, for the next run: it is not among the first numbers"
    );
    runner.run::<Counter>(&ID, &waiting).await.unwrap();
    assert_eq!(state(&store).await.reported, 1);
}

#[tokio::test]
async fn running_what_is_nowhere_stored_and_has_no_mail_leaves_no_key() {
    let (store, clock) = (MemoryStore::default(), Hand::default());
    let runner = runner(&store, &clock);
    runner.run::<Counter>(&ID, &[]).await.unwrap();
    assert_eq!(store.all_keys(), Vec::<String>::new());
}
