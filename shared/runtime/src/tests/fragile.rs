//! A store in which one call goes wrong, or somebody else comes in between.

use std::cell::RefCell;

use ports::{Label, Store, StoreError, memory::MemoryStore};

/// What happens at a call.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// It fails and has no effect.
    NotDone,
    /// It has its effect, but fails.
    AnswerLost,
    /// Before it somebody else deletes these keys of `default`.
    Deleted(Vec<String>),
}

/// When something happens: at the `nth` call, counted from 1, of `operation` with `key` as its first.
#[derive(Debug, Clone)]
pub(super) struct At {
    pub(super) operation: &'static str,
    pub(super) key: String,
    pub(super) nth: u32,
}

/// A store in memory with at most one fault, which happens once.
#[derive(Debug)]
pub(super) struct Fragile<'a> {
    inner: &'a MemoryStore,
    fault: RefCell<Option<(At, Fault)>>,
}

impl<'a> Fragile<'a> {
    pub(super) fn new(inner: &'a MemoryStore, at: At, fault: Fault) -> Self {
        Self {
            inner,
            fault: RefCell::new(Some((at, fault))),
        }
    }

    /// Whether the fault has happened.
    pub(super) fn is_spent(&self) -> bool {
        self.fault.borrow().is_none()
    }

    /// The fault that happens at this call.
    fn fault(&self, operation: &'static str, key: &str) -> Option<Fault> {
        let mut fault = self.fault.borrow_mut();
        let (at, _) = fault.as_mut()?;
        if at.operation != operation || at.key != key {
            return None;
        }
        at.nth -= 1;
        if at.nth > 0 {
            return None;
        }
        fault.take().map(|(_, fault)| fault)
    }

    async fn call<T>(
        &self,
        operation: &'static str,
        (label, key): (Label, &str),
        effect: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let failed = |reason: &str| StoreError {
            label,
            operation,
            key: key.to_owned(),
            reason: reason.to_owned(),
        };
        match self.fault(operation, key) {
            None => effect.await,
            Some(Fault::NotDone) => Err(failed("not done")),
            Some(Fault::AnswerLost) => {
                effect.await?;
                Err(failed("the answer was lost"))
            }
            Some(Fault::Deleted(keys)) => {
                let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                self.inner.delete_many(Label::Default, &keys).await?;
                effect.await
            }
        }
    }
}

impl Store for Fragile<'_> {
    async fn get(&self, label: Label, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.call("get", (label, key), self.inner.get(label, key))
            .await
    }

    async fn set(&self, label: Label, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.call("set", (label, key), self.inner.set(label, key, value))
            .await
    }

    async fn set_many(&self, label: Label, pairs: &[(&str, &[u8])]) -> Result<(), StoreError> {
        let first = pairs.first().map_or("", |(key, _)| key);
        self.call("set", (label, first), self.inner.set_many(label, pairs))
            .await
    }

    async fn delete_many(&self, label: Label, keys: &[&str]) -> Result<(), StoreError> {
        let first = keys.first().copied().unwrap_or_default();
        self.call(
            "delete",
            (label, first),
            self.inner.delete_many(label, keys),
        )
        .await
    }

    async fn increment(&self, label: Label, key: &str, delta: i64) -> Result<i64, StoreError> {
        let effect = self.inner.increment(label, key, delta);
        self.call("increment", (label, key), effect).await
    }

    async fn keys(&self, label: Label) -> Result<Vec<String>, StoreError> {
        self.inner.keys(label).await
    }
}
