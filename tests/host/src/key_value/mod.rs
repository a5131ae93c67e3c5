//! Key-value stores: what every kind can do, which labels exist, and what one component instance has opened.

mod redis;
mod spin;
mod sqlite;
pub(crate) mod wasi;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use wasmtime::component::{HasData, Resource, ResourceTable};

use crate::runtime_config::{StoreConfig, StoreConfigs};

pub use watch::{StoreCall, StoreOperation, StoreWatch};

/// How many stores one instance can hold open; Spin's number.
const OPEN_STORES_MAX: usize = 256;

/// The largest value that is handed to a guest; Spin's number.
const VALUE_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Why an operation failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The instance holds too many stores open.
    #[error("too many stores are open")]
    StoreTableFull,
    /// Nothing is behind the label.
    #[error("no store is behind the label")]
    NoSuchStore,
    /// The component does not list the label.
    #[error("the component does not list the store in its key_value_stores")]
    AccessDenied,
    /// The store failed; the guest is told.
    #[error("{0}")]
    Other(String),
    /// The guest did what makes Spin itself panic; it is trapped.
    #[error("{0}")]
    Trap(String),
}

impl From<wasmtime::component::ResourceTableError> for Error {
    fn from(error: wasmtime::component::ResourceTableError) -> Self {
        Self::Trap(format!("a key-value handle of the guest: {error}"))
    }
}

pub(crate) type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Keys as they are read, and afterwards whether they were all.
pub(crate) struct Keys {
    pub(crate) keys: mpsc::Receiver<String>,
    pub(crate) outcome: oneshot::Receiver<Result<(), Error>>,
}

/// One store: a label's share of a database.
pub(crate) trait Store: Send + Sync {
    fn get<'a>(&'a self, key: &'a str) -> Pending<'a, Option<Vec<u8>>>;
    fn set<'a>(&'a self, key: &'a str, value: &'a [u8]) -> Pending<'a, ()>;
    fn delete<'a>(&'a self, key: &'a str) -> Pending<'a, ()>;
    fn exists<'a>(&'a self, key: &'a str) -> Pending<'a, bool>;
    /// All keys at once.
    fn keys(&self) -> Pending<'_, Vec<String>>;
    /// All keys one after the other, holding on to what reading takes until the last one is out.
    fn stream_keys(&self) -> Keys;
    fn get_many(&self, keys: Vec<String>) -> Pending<'_, Vec<(String, Option<Vec<u8>>)>>;
    fn set_many(&self, pairs: Vec<(String, Vec<u8>)>) -> Pending<'_, ()>;
    fn delete_many(&self, keys: Vec<String>) -> Pending<'_, ()>;
    fn increment<'a>(&'a self, key: &'a str, delta: i64) -> Pending<'a, i64>;
}

/// A store that a guest has opened.
pub struct Opened(pub(crate) Arc<dyn Store>);

enum Database {
    Sqlite(sqlite::Database),
    Redis(redis::Database),
}

/// The stores of an application by label. Each label has its own connection, as in Spin, also when two share a file.
pub(crate) struct Stores {
    databases: BTreeMap<String, Database>,
}

impl Stores {
    /// After `stop` is cancelled, no call waits for another.
    pub(crate) fn new(configs: &StoreConfigs, stop: &CancellationToken) -> anyhow::Result<Self> {
        let mut databases = BTreeMap::new();
        for (label, config) in configs {
            let database = match config {
                StoreConfig::Sqlite(path) => {
                    Database::Sqlite(sqlite::Database::new(label, path.clone(), stop.clone()))
                }
                StoreConfig::Redis(url) => Database::Redis(redis::Database::new(url)?),
            };
            databases.insert(label.clone(), database);
        }
        Ok(Self { databases })
    }

    async fn open(&self, label: &str) -> Result<Arc<dyn Store>, Error> {
        match self.databases.get(label) {
            None => Err(Error::NoSuchStore),
            Some(Database::Sqlite(database)) => database.open(),
            Some(Database::Redis(database)) => database.open().await,
        }
    }
}

/// The key-value state of one component instance.
pub(crate) struct KeyValue {
    stores: Arc<Stores>,
    allowed: Arc<BTreeSet<String>>,
    watch: StoreWatch,
    component: Arc<str>,
    table: ResourceTable,
    opened: usize,
}

impl HasData for KeyValue {
    type Data<'a> = &'a mut KeyValue;
}

impl KeyValue {
    /// With the labels that `component` may open.
    pub(crate) fn new(
        stores: Arc<Stores>,
        allowed: Arc<BTreeSet<String>>,
        watch: StoreWatch,
        component: Arc<str>,
    ) -> Self {
        Self {
            stores,
            allowed,
            watch,
            component,
            table: ResourceTable::new(),
            opened: 0,
        }
    }

    /// The stores, if the component may open this label.
    fn stores_for(&self, label: &str) -> Result<Arc<Stores>, Error> {
        if self.allowed.contains(label) {
            Ok(Arc::clone(&self.stores))
        } else {
            Err(Error::AccessDenied)
        }
    }

    fn keep(&mut self, label: &str, store: Arc<dyn Store>) -> Result<Resource<Opened>, Error> {
        if self.opened >= OPEN_STORES_MAX {
            return Err(Error::StoreTableFull);
        }
        self.opened += 1;
        let store = self.watch.over(&self.component, label, store);
        Ok(self.table.push(Opened(store))?)
    }

    fn store(&self, handle: &Resource<Opened>) -> Result<Arc<dyn Store>, Error> {
        Ok(Arc::clone(&self.table.get(handle)?.0))
    }

    fn close(&mut self, handle: Resource<Opened>) -> Result<(), Error> {
        self.table.delete(handle)?;
        self.opened = self.opened.saturating_sub(1);
        Ok(())
    }
}

/// Refuses a value that Spin would not hand to a guest.
fn check_size(value: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, Error> {
    match &value {
        Some(bytes) if bytes.len() > VALUE_BYTES_MAX => Err(Error::Other(format!(
            "the value has {} bytes, more than the limit of {VALUE_BYTES_MAX}",
            bytes.len()
        ))),
        Some(_) | None => Ok(value),
    }
}
