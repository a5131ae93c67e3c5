//! A store in memory with the guarantees of Spin's, for native tests.

use std::{cell::RefCell, collections::BTreeMap};

use crate::{Label, Store, StoreError};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Value(Vec<u8>),
    Counter(i64),
}

/// A key-value store in memory. Confusing counters and values is an error, as it breaks Spin's stores.
#[derive(Debug, Default)]
pub struct MemoryStore {
    entries: RefCell<BTreeMap<(Label, String), Entry>>,
}

impl MemoryStore {
    /// All keys of all stores, counters included, as `label key`: for tests that look for leftovers.
    pub fn all_keys(&self) -> Vec<String> {
        self.entries
            .borrow()
            .keys()
            .map(|(label, key)| format!("{} {key}", label.name()))
            .collect()
    }

    /// How many keys there are in all stores.
    pub fn len(&self) -> usize {
        self.entries.borrow().len()
    }

    /// Whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.entries.borrow().is_empty()
    }
}

impl Store for MemoryStore {
    async fn get(&self, label: Label, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self.entries.borrow().get(&(label, key.to_owned())) {
            None => Ok(None),
            Some(Entry::Value(value)) => Ok(Some(value.clone())),
            Some(Entry::Counter(_)) => Err(confused(label, "get", key)),
        }
    }

    async fn set(&self, label: Label, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.set_many(label, &[(key, value)]).await
    }

    async fn set_many(&self, label: Label, pairs: &[(&str, &[u8])]) -> Result<(), StoreError> {
        let mut entries = self.entries.borrow_mut();
        for (key, _) in pairs {
            if let Some(Entry::Counter(_)) = entries.get(&(label, (*key).to_owned())) {
                return Err(confused(label, "set", key));
            }
        }
        for (key, value) in pairs {
            entries.insert((label, (*key).to_owned()), Entry::Value(value.to_vec()));
        }
        Ok(())
    }

    async fn delete_many(&self, label: Label, keys: &[&str]) -> Result<(), StoreError> {
        let mut entries = self.entries.borrow_mut();
        for key in keys {
            entries.remove(&(label, (*key).to_owned()));
        }
        Ok(())
    }

    async fn increment(&self, label: Label, key: &str, delta: i64) -> Result<i64, StoreError> {
        let mut entries = self.entries.borrow_mut();
        let entry = entries
            .entry((label, key.to_owned()))
            .or_insert(Entry::Counter(0));
        match entry {
            Entry::Counter(count) => {
                *count = count.wrapping_add(delta);
                Ok(*count)
            }
            Entry::Value(_) => Err(confused(label, "increment", key)),
        }
    }

    async fn keys(&self, label: Label) -> Result<Vec<String>, StoreError> {
        Ok(self
            .entries
            .borrow()
            .keys()
            .filter(|(of, _)| *of == label)
            .map(|(_, key)| key.clone())
            .collect())
    }
}

fn confused(label: Label, operation: &'static str, key: &str) -> StoreError {
    StoreError {
        label,
        operation,
        key: key.to_owned(),
        reason: "a counter is not a value".to_owned(),
    }
}
