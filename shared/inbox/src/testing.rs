//! An inbox in memory, with a component that answers as told, for the tests of this crate.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use domain::{DeliveryGuid, Timestamp};
use http::{HeaderMap, StatusCode};
use ports::{
    Clock, Http, HttpError, Label, Level, Log, Request, Response, Store, StoreError,
    memory::MemoryStore,
};
use serde_json::Value;

use crate::{Acceptance, Claimed, Inbox, Incoming};

/// Answers in turn, the last one for ever; done without any.
#[derive(Debug, Default)]
pub(crate) struct Component {
    pub(crate) answers: RefCell<VecDeque<Result<Response, HttpError>>>,
    pub(crate) requests: RefCell<Vec<Request>>,
}

impl Component {
    pub(crate) fn answers(&self, status: u16, body: &str) {
        self.answers
            .borrow_mut()
            .push_back(Ok(answer(status, body)));
    }

    pub(crate) fn fails(&self) {
        self.answers.borrow_mut().push_back(Err(HttpError::Broken {
            host: "http://pull-request.spin.internal".to_owned(),
            reason: "connection closed".to_owned(),
        }));
    }
}

fn answer(status: u16, body: &str) -> Response {
    Response {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: body.as_bytes().to_vec(),
    }
}

impl Http for Component {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        self.requests.borrow_mut().push(request);
        let mut answers = self.answers.borrow_mut();
        match answers.len() {
            0 => Ok(answer(204, "")),
            1 => answers.front().cloned().unwrap(),
            _ => answers.pop_front().unwrap(),
        }
    }
}

/// A store in memory that counts its writes and can be made to fail.
#[derive(Debug, Default)]
pub(crate) struct CountingStore {
    pub(crate) memory: MemoryStore,
    pub(crate) writes: Cell<usize>,
    pub(crate) reads: Cell<usize>,
    pub(crate) listings: Cell<usize>,
    pub(crate) broken: Cell<bool>,
    /// How many calls work until it is broken; none if that has no end.
    calls_left: Cell<Option<usize>>,
}

impl CountingStore {
    fn check(&self, label: Label, operation: &'static str, key: &str) -> Result<(), StoreError> {
        match self.calls_left.get() {
            Some(0) => self.broken.set(true),
            left => self.calls_left.set(left.map(|left| left - 1)),
        }
        if self.broken.get() {
            return Err(StoreError {
                label,
                operation,
                key: key.to_owned(),
                reason: "disk full".to_owned(),
            });
        }
        Ok(())
    }

    /// Breaks it after so many calls.
    pub(crate) fn break_after(&self, calls: usize) {
        self.calls_left.set(Some(calls));
    }

    /// Has it work for good.
    pub(crate) fn repair(&self) {
        self.calls_left.set(None);
        self.broken.set(false);
    }

    fn count_write(&self) {
        self.writes.set(self.writes.get() + 1);
    }

    /// All keys, as `label key`.
    pub(crate) fn all_keys(&self) -> BTreeSet<String> {
        self.memory.all_keys().into_iter().collect()
    }
}

impl Store for CountingStore {
    async fn get(&self, label: Label, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.check(label, "get", key)?;
        self.reads.set(self.reads.get() + 1);
        self.memory.get(label, key).await
    }

    async fn set(&self, label: Label, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.check(label, "set", key)?;
        self.count_write();
        self.memory.set(label, key, value).await
    }

    async fn set_many(&self, label: Label, pairs: &[(&str, &[u8])]) -> Result<(), StoreError> {
        self.check(label, "set-many", "")?;
        self.count_write();
        self.memory.set_many(label, pairs).await
    }

    async fn delete_many(&self, label: Label, keys: &[&str]) -> Result<(), StoreError> {
        self.check(label, "delete-many", "")?;
        self.count_write();
        self.memory.delete_many(label, keys).await
    }

    async fn increment(&self, label: Label, key: &str, delta: i64) -> Result<i64, StoreError> {
        self.check(label, "increment", key)?;
        self.count_write();
        self.memory.increment(label, key, delta).await
    }

    async fn keys(&self, label: Label) -> Result<Vec<String>, StoreError> {
        self.check(label, "keys", "")?;
        self.listings.set(self.listings.get() + 1);
        self.memory.keys(label).await
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub(crate) struct ManualClock(Cell<Timestamp>);

impl ManualClock {
    pub(crate) fn set(&self, now: Timestamp) {
        self.0.set(now);
    }

    pub(crate) fn advance(&self, duration: Duration) {
        self.0.set(self.0.get().after(duration));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.0.get()
    }

    async fn sleep(&self, duration: Duration) {
        self.advance(duration);
    }
}

/// Keeps its lines.
#[derive(Debug, Default)]
pub(crate) struct Lines(pub(crate) RefCell<Vec<String>>);

impl Log for Lines {
    fn write(&self, level: Level, message: &str, fields: &[(&str, Value)]) {
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("\n  {name}={value}"))
            .collect();
        self.0
            .borrow_mut()
            .push(format!("{} {message}{}", level.name(), fields.concat()));
    }
}

pub(crate) type TestInbox = Inbox<CountingStore, Component, ManualClock, Lines>;

pub(crate) fn inbox() -> TestInbox {
    Inbox {
        store: CountingStore::default(),
        http: Component::default(),
        clock: ManualClock(Cell::new(Timestamp::from_milliseconds(1_795_257_067_000))),
        log: Lines::default(),
    }
}

pub(crate) fn guid(text: &str) -> DeliveryGuid {
    text.parse().unwrap()
}

pub(crate) fn incoming(id: &str) -> Incoming {
    Incoming {
        guid: guid(id),
        event: "pull_request".to_owned(),
        action: Some("opened".to_owned()),
        repository: Some(domain::RepositoryId(42)),
        secret: Some(1),
        payload: br#"{"action":"opened"}"#.to_vec(),
    }
}

impl TestInbox {
    /// Takes in a delivery that must be accepted.
    #[track_caller]
    pub(crate) fn accepted(&self, id: &str) -> Claimed {
        match now(self.accept(incoming(id))).unwrap() {
            Acceptance::Accepted(claimed) => claimed,
            Acceptance::Duplicate => panic!("{id} should be accepted"),
        }
    }

    /// All keys but the few that journals have once and for all.
    pub(crate) fn kept_keys(&self) -> Vec<String> {
        let keys = self.store.all_keys().into_iter();
        let of_journals = ["/end", "/begin", "/before", "/digest", "/looked-at"];
        keys.filter(|key| !of_journals.iter().any(|name| key.ends_with(name)))
            .collect()
    }

    /// All lines of the log, each field on a line of its own.
    pub(crate) fn lines(&self) -> String {
        self.log.0.borrow().join("\n")
    }

    /// Whether a delivery that comes now is a duplicate.
    #[track_caller]
    pub(crate) fn is_duplicate(&self, id: &str) -> bool {
        match now(self.accept(incoming(id))).unwrap() {
            Acceptance::Accepted(_) => false,
            Acceptance::Duplicate => true,
        }
    }
}

/// Runs a future that never has to wait.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    futures::executor::block_on(future)
}
