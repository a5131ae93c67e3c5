//! Spin's key-value store as a port: only what holds on every backend (ARCHITECTURE.md, "State").

/// A store of Spin's, by its label in `spin.toml`: one for each purpose, since listing keys always lists a whole store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Label {
    /// Entities: never listed on a hot path.
    Default,
    /// Deliveries that are done or dead.
    Inbox,
    /// What is pending or due: small, and listed by reconcile.
    Queue,
    /// The audit: what people did. Apart from entities, so that none of their listings walks over it.
    Ledger,
}

impl Label {
    /// All labels.
    pub const ALL: [Self; 4] = [Self::Default, Self::Inbox, Self::Queue, Self::Ledger];

    /// The label as `spin.toml` and `runtime-config.toml` write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Inbox => "inbox",
            Self::Queue => "queue",
            Self::Ledger => "ledger",
        }
    }
}

/// The store did not do what was asked, or its answer was lost: the effect may or may not have happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("store {label}: {operation} {key}: {reason}", label = .label.name())]
pub struct StoreError {
    /// The store.
    pub label: Label,
    /// The operation: `get`, `set`, `increment` …
    pub operation: &'static str,
    /// The key, or the first of several.
    pub key: String,
    /// What the store said.
    pub reason: String,
}

/// A key-value store. There is no compare-and-swap: exclusion is built on [`Store::increment`] alone.
#[expect(
    async_fn_in_trait,
    reason = "static dispatch on one thread: no auto traits are needed"
)]
pub trait Store {
    /// The value of `key`. Never for a counter: backends store those differently.
    async fn get(&self, label: Label, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Sets `key`, durably.
    async fn set(&self, label: Label, key: &str, value: &[u8]) -> Result<(), StoreError>;

    /// Sets several keys of one store at once: all or none.
    async fn set_many(&self, label: Label, pairs: &[(&str, &[u8])]) -> Result<(), StoreError>;

    /// Deletes keys, present or not, at once: all or none.
    async fn delete_many(&self, label: Label, keys: &[&str]) -> Result<(), StoreError>;

    /// Adds `delta` to the counter `key` (0 if absent) and returns the sum, atomically. Counters have keys of their own: Spin's
    /// SQLite store panics when `key` holds anything else.
    async fn increment(&self, label: Label, key: &str, delta: i64) -> Result<i64, StoreError>;

    /// All keys of the store, in no order.
    async fn keys(&self, label: Label) -> Result<Vec<String>, StoreError>;
}

impl<T: Store> Store for &T {
    async fn get(&self, label: Label, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        (**self).get(label, key).await
    }

    async fn set(&self, label: Label, key: &str, value: &[u8]) -> Result<(), StoreError> {
        (**self).set(label, key, value).await
    }

    async fn set_many(&self, label: Label, pairs: &[(&str, &[u8])]) -> Result<(), StoreError> {
        (**self).set_many(label, pairs).await
    }

    async fn delete_many(&self, label: Label, keys: &[&str]) -> Result<(), StoreError> {
        (**self).delete_many(label, keys).await
    }

    async fn increment(&self, label: Label, key: &str, delta: i64) -> Result<i64, StoreError> {
        (**self).increment(label, key, delta).await
    }

    async fn keys(&self, label: Label) -> Result<Vec<String>, StoreError> {
        (**self).keys(label).await
    }
}
