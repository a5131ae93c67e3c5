//! Entities that come and go, and a store at whose calls a process dies.

use std::cell::{Cell, RefCell};

use domain::{
    PreviewId, Timestamp,
    directory::Kind,
    entity::{self, Entity, GivenUp, Step},
    preview::Preview,
};
use ports::{Label, Store, StoreError, memory::MemoryStore};
use serde::{Deserialize, Serialize};

use crate::{Claim, Executor, directory::DirectoryExecutor};

/// Is listed among previews, and does nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Member {
    over: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Told {
    Come,
    Stay,
    Go,
}

pub(super) enum Nothing {}

impl entity::Action for Nothing {
    type Fact = Told;

    fn intent(&self) -> Option<Told> {
        match *self {}
    }

    fn claim(&self) -> Option<String> {
        match *self {}
    }
}

impl Entity for Member {
    type Id = PreviewId;
    type Fact = Told;
    type Action = Nothing;

    const LISTED: Option<Kind> = Some(Kind::Previews);

    fn new(_id: PreviewId) -> Self {
        Self { over: false }
    }

    fn record(&mut self, told: &Told, _at: Timestamp) {
        match told {
            Told::Come => self.over = false,
            Told::Stay => {}
            Told::Go => self.over = true,
        }
    }

    fn plan(&self, _now: Timestamp) -> Step<Nothing> {
        if self.over {
            Step::Forget
        } else {
            Step::Settled
        }
    }

    fn given_up(&self) -> Vec<GivenUp> {
        Vec::new()
    }

    fn claims(&self) -> Vec<String> {
        Vec::new()
    }
}

impl<S: Store, L: ports::Log> Executor<Member> for DirectoryExecutor<S, L, Preview> {
    async fn execute(&self, _id: &PreviewId, action: &Nothing, _claim: Claim) -> Told {
        match *action {}
    }
}

/// The store as a process has it that is killed at one of its calls: none of those that follow happen either.
pub(super) struct Cut<'a> {
    inner: &'a MemoryStore,
    /// So many calls are made.
    left: Cell<u32>,
    keys: RefCell<Vec<String>>,
    listings: Cell<u32>,
    before_first_mail: RefCell<Option<Box<dyn FnOnce() + 'a>>>,
}

impl<'a> Cut<'a> {
    pub(super) fn at(inner: &'a MemoryStore, left: u32) -> Self {
        Self {
            inner,
            left: Cell::new(left),
            keys: RefCell::default(),
            listings: Cell::default(),
            before_first_mail: RefCell::default(),
        }
    }

    pub(super) fn never(inner: &'a MemoryStore) -> Self {
        Self::at(inner, u32::MAX)
    }

    /// Lets somebody else act before the first mail is read.
    pub(super) fn with_before_first_mail(self, act: impl FnOnce() + 'a) -> Self {
        self.before_first_mail.replace(Some(Box::new(act)));
        self
    }

    /// How often keys were listed.
    pub(super) fn listings(&self) -> u32 {
        self.listings.get()
    }

    /// How many calls were about keys with this in them.
    pub(super) fn calls_with(&self, part: &str) -> usize {
        let keys = self.keys.borrow();
        keys.iter().filter(|key| key.contains(part)).count()
    }

    fn call(&self, label: Label, operation: &'static str, key: &str) -> Result<(), StoreError> {
        self.keys.borrow_mut().push(key.to_owned());
        match self.left.get().checked_sub(1) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(StoreError {
                label,
                operation,
                key: key.to_owned(),
                reason: "the process was killed".to_owned(),
            }),
        }
    }
}

impl Store for Cut<'_> {
    async fn get(&self, label: Label, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.call(label, "get", key)?;
        if label == Label::Queue
            && let Some(act) = self.before_first_mail.take()
        {
            act();
        }
        self.inner.get(label, key).await
    }

    async fn set(&self, label: Label, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.call(label, "set", key)?;
        self.inner.set(label, key, value).await
    }

    async fn set_many(&self, label: Label, pairs: &[(&str, &[u8])]) -> Result<(), StoreError> {
        let first = pairs.first().map_or("", |(key, _)| key);
        self.call(label, "set_many", first)?;
        self.inner.set_many(label, pairs).await
    }

    async fn delete_many(&self, label: Label, keys: &[&str]) -> Result<(), StoreError> {
        let first = keys.first().copied().unwrap_or_default();
        self.call(label, "delete_many", first)?;
        self.inner.delete_many(label, keys).await
    }

    async fn increment(&self, label: Label, key: &str, delta: i64) -> Result<i64, StoreError> {
        self.call(label, "increment", key)?;
        self.inner.increment(label, key, delta).await
    }

    async fn keys(&self, label: Label) -> Result<Vec<String>, StoreError> {
        self.call(label, "keys", "")?;
        self.listings.set(self.listings.get() + 1);
        self.inner.keys(label).await
    }
}
