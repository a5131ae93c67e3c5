//! Tells a test what components ask of their stores.

use std::fmt;
use std::sync::Arc;

use super::{Keys, Pending, Store};

/// What is asked of a store. Each is one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StoreOperation {
    /// One value is read.
    Get,
    /// One value is written.
    Set,
    /// One key is deleted.
    Delete,
    /// It is asked whether a key is there.
    Exists,
    /// All keys are listed, at once or as a stream.
    ListKeys,
    /// Several values are read.
    GetMany,
    /// Several values are written.
    SetMany,
    /// Several keys are deleted.
    DeleteMany,
    /// A number is added to a counter.
    Increment,
}

/// One call of a component to one of its stores, when it has been answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreCall {
    /// The id of the component.
    pub component: Arc<str>,
    /// The label of the store.
    pub label: Arc<str>,
    /// What was asked.
    pub operation: StoreOperation,
    /// The key, or all of them; empty for a listing.
    pub keys: Vec<String>,
}

/// Who is told of every call to a store; nobody unless said otherwise.
#[derive(Clone, Default)]
pub struct StoreWatch(Option<Arc<dyn Fn(StoreCall) + Send + Sync>>);

impl StoreWatch {
    /// A watch that calls `function` for every call of every component, from any thread, in the order of the answers.
    pub fn callback(function: impl Fn(StoreCall) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(function)))
    }

    /// The store behind `label` as `component` gets it.
    pub(super) fn over(
        &self,
        component: &Arc<str>,
        label: &str,
        store: Arc<dyn Store>,
    ) -> Arc<dyn Store> {
        match &self.0 {
            None => store,
            Some(told) => Arc::new(Watched {
                store,
                told: Arc::clone(told),
                component: Arc::clone(component),
                label: label.into(),
            }),
        }
    }
}

impl fmt::Debug for StoreWatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_some() {
            "StoreWatch::callback"
        } else {
            "StoreWatch"
        })
    }
}

struct Watched {
    store: Arc<dyn Store>,
    told: Arc<dyn Fn(StoreCall) + Send + Sync>,
    component: Arc<str>,
    label: Arc<str>,
}

impl Watched {
    fn tell(&self, operation: StoreOperation, keys: Vec<String>) {
        (self.told)(StoreCall {
            component: Arc::clone(&self.component),
            label: Arc::clone(&self.label),
            operation,
            keys,
        });
    }

    fn watch<'a, T: Send + 'a>(
        &'a self,
        operation: StoreOperation,
        keys: Vec<String>,
        call: Pending<'a, T>,
    ) -> Pending<'a, T> {
        Box::pin(async move {
            let answer = call.await;
            self.tell(operation, keys);
            answer
        })
    }
}

impl Store for Watched {
    fn get<'a>(&'a self, key: &'a str) -> Pending<'a, Option<Vec<u8>>> {
        self.watch(
            StoreOperation::Get,
            vec![key.to_owned()],
            self.store.get(key),
        )
    }

    fn set<'a>(&'a self, key: &'a str, value: &'a [u8]) -> Pending<'a, ()> {
        self.watch(
            StoreOperation::Set,
            vec![key.to_owned()],
            self.store.set(key, value),
        )
    }

    fn delete<'a>(&'a self, key: &'a str) -> Pending<'a, ()> {
        self.watch(
            StoreOperation::Delete,
            vec![key.to_owned()],
            self.store.delete(key),
        )
    }

    fn exists<'a>(&'a self, key: &'a str) -> Pending<'a, bool> {
        self.watch(
            StoreOperation::Exists,
            vec![key.to_owned()],
            self.store.exists(key),
        )
    }

    fn keys(&self) -> Pending<'_, Vec<String>> {
        self.watch(StoreOperation::ListKeys, Vec::new(), self.store.keys())
    }

    fn stream_keys(&self) -> Keys {
        self.tell(StoreOperation::ListKeys, Vec::new());
        self.store.stream_keys()
    }

    fn get_many(&self, keys: Vec<String>) -> Pending<'_, Vec<(String, Option<Vec<u8>>)>> {
        self.watch(
            StoreOperation::GetMany,
            keys.clone(),
            self.store.get_many(keys),
        )
    }

    fn set_many(&self, pairs: Vec<(String, Vec<u8>)>) -> Pending<'_, ()> {
        let keys = pairs.iter().map(|(key, _)| key.clone()).collect();
        self.watch(StoreOperation::SetMany, keys, self.store.set_many(pairs))
    }

    fn delete_many(&self, keys: Vec<String>) -> Pending<'_, ()> {
        self.watch(
            StoreOperation::DeleteMany,
            keys.clone(),
            self.store.delete_many(keys),
        )
    }

    fn increment<'a>(&'a self, key: &'a str, delta: i64) -> Pending<'a, i64> {
        self.watch(
            StoreOperation::Increment,
            vec![key.to_owned()],
            self.store.increment(key, delta),
        )
    }
}
