//! The store on Spin's key-value stores.

use std::{cell::RefCell, fmt, rc::Rc};

use ports::{Label, Store, StoreError};
use spin_sdk::key_value;

use crate::keyvalue::{atomics, batch, store as wasi_store};

/// Spin's stores, each opened when it is first used. One value serves one request: open stores are counted by the host.
#[derive(Default)]
pub struct SpinStore {
    stores: RefCell<Vec<(Label, Rc<key_value::Store>)>>,
    buckets: RefCell<Vec<(Label, Rc<wasi_store::Bucket>)>>,
}

impl SpinStore {
    /// With no store opened yet.
    pub fn new() -> Self {
        Self::default()
    }

    async fn open(&self, label: Label) -> Result<Rc<key_value::Store>, key_value::Error> {
        if let Some(store) = opened(&self.stores, label) {
            return Ok(store);
        }
        let store = Rc::new(key_value::Store::open(label.name()).await?);
        self.stores.borrow_mut().push((label, Rc::clone(&store)));
        Ok(store)
    }

    fn bucket(&self, label: Label) -> Result<Rc<wasi_store::Bucket>, wasi_store::Error> {
        if let Some(bucket) = opened(&self.buckets, label) {
            return Ok(bucket);
        }
        let bucket = Rc::new(wasi_store::open(label.name())?);
        self.buckets.borrow_mut().push((label, Rc::clone(&bucket)));
        Ok(bucket)
    }
}

fn opened<T>(handles: &RefCell<Vec<(Label, Rc<T>)>>, label: Label) -> Option<Rc<T>> {
    let handles = handles.borrow();
    let (_, handle) = handles.iter().find(|(of, _)| *of == label)?;
    Some(Rc::clone(handle))
}

impl fmt::Debug for SpinStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpinStore").finish_non_exhaustive()
    }
}

impl Store for SpinStore {
    async fn get(&self, label: Label, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let got = async { self.open(label).await?.get(key).await }.await;
        got.map_err(|error| failed(label, "get", key, reason(&error)))
    }

    async fn set(&self, label: Label, key: &str, value: &[u8]) -> Result<(), StoreError> {
        let set = async { self.open(label).await?.set(key, value).await }.await;
        set.map_err(|error| failed(label, "set", key, reason(&error)))
    }

    async fn set_many(&self, label: Label, pairs: &[(&str, &[u8])]) -> Result<(), StoreError> {
        let Some((first, _)) = pairs.first() else {
            return Ok(());
        };
        let pairs: Vec<(String, Vec<u8>)> = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.to_vec()))
            .collect();
        self.bucket(label)
            .and_then(|bucket| batch::set_many(&bucket, &pairs))
            .map_err(|error| failed(label, "set-many", first, wasi_reason(&error)))
    }

    async fn delete_many(&self, label: Label, keys: &[&str]) -> Result<(), StoreError> {
        let Some(first) = keys.first() else {
            return Ok(());
        };
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        self.bucket(label)
            .and_then(|bucket| batch::delete_many(&bucket, &keys))
            .map_err(|error| failed(label, "delete-many", first, wasi_reason(&error)))
    }

    async fn increment(&self, label: Label, key: &str, delta: i64) -> Result<i64, StoreError> {
        self.bucket(label)
            .and_then(|bucket| atomics::increment(&bucket, key, delta))
            .map_err(|error| failed(label, "increment", key, wasi_reason(&error)))
    }

    async fn keys(&self, label: Label) -> Result<Vec<String>, StoreError> {
        // Not Spin's own stream of keys: while it lasts its SQLite store stays locked, and another request of the same instance
        // that waits for the lock holds up the stream for good. This reads all keys in one call.
        let listed = self.bucket(label).and_then(|bucket| bucket.list_keys(None));
        match listed {
            Ok(response) => Ok(response.keys),
            Err(error) => Err(failed(
                label,
                "list keys of",
                label.name(),
                wasi_reason(&error),
            )),
        }
    }
}

fn failed(label: Label, operation: &'static str, key: &str, reason: String) -> StoreError {
    StoreError {
        label,
        operation,
        key: key.to_owned(),
        reason,
    }
}

const NO_SUCH_STORE: &str = "the runtime configuration has no store with this label";
const ACCESS_DENIED: &str = "the component's key_value_stores in spin.toml do not list this label";

fn reason(error: &key_value::Error) -> String {
    match error {
        key_value::Error::StoreTableFull => "too many stores are open".to_owned(),
        key_value::Error::NoSuchStore => NO_SUCH_STORE.to_owned(),
        key_value::Error::AccessDenied => ACCESS_DENIED.to_owned(),
        key_value::Error::Other(reason) => reason.clone(),
    }
}

fn wasi_reason(error: &wasi_store::Error) -> String {
    match error {
        wasi_store::Error::NoSuchStore => NO_SUCH_STORE.to_owned(),
        wasi_store::Error::AccessDenied => ACCESS_DENIED.to_owned(),
        wasi_store::Error::Other(reason) => reason.clone(),
    }
}
