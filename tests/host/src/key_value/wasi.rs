//! `wasi:keyvalue@0.2.0-draft2`: counters and batches. A call holds its whole instance until it returns, as in Spin.
//!
//! Compare-and-swap is refused with a trap: in Spin 4.1 it overwrites blindly on SQLite and always reports failure on
//! Redis, so nothing may be built on it.

use wasmtime::component::Resource;

use super::{Error, KeyValue, Opened};
use crate::bindings::keyvalue::wasi::keyvalue::{atomics, batch, store};

/// Compare-and-swap handles, of which there are none.
pub enum NoSwap {}

const NO_SWAP: &str =
    "compare-and-swap of wasi:keyvalue does not hold what it promises in Spin 4.1; use increment";

impl store::Host for KeyValue {
    async fn open(&mut self, label: String) -> Result<Resource<Opened>, Error> {
        let store = self.stores_for(&label)?.open(&label).await?;
        self.keep(&label, store)
    }

    fn convert_error(&mut self, error: Error) -> wasmtime::Result<store::Error> {
        match error {
            Error::NoSuchStore => Ok(store::Error::NoSuchStore),
            Error::AccessDenied => Ok(store::Error::AccessDenied),
            full @ Error::StoreTableFull => Ok(store::Error::Other(full.to_string())),
            Error::Other(message) => Ok(store::Error::Other(message)),
            Error::Trap(message) => Err(wasmtime::format_err!("{message}")),
        }
    }
}

impl store::HostBucket for KeyValue {
    async fn get(
        &mut self,
        bucket: Resource<Opened>,
        key: String,
    ) -> Result<Option<Vec<u8>>, Error> {
        self.store(&bucket)?.get(&key).await
    }

    async fn set(
        &mut self,
        bucket: Resource<Opened>,
        key: String,
        value: Vec<u8>,
    ) -> Result<(), Error> {
        self.store(&bucket)?.set(&key, &value).await
    }

    async fn delete(&mut self, bucket: Resource<Opened>, key: String) -> Result<(), Error> {
        self.store(&bucket)?.delete(&key).await
    }

    async fn exists(&mut self, bucket: Resource<Opened>, key: String) -> Result<bool, Error> {
        self.store(&bucket)?.exists(&key).await
    }

    async fn list_keys(
        &mut self,
        bucket: Resource<Opened>,
        cursor: Option<String>,
    ) -> Result<store::KeyResponse, Error> {
        if cursor.is_some() {
            return Err(Error::Other(
                "list-keys takes no cursor: it answers all keys at once".to_owned(),
            ));
        }
        Ok(store::KeyResponse {
            keys: self.store(&bucket)?.keys().await?,
            cursor: None,
        })
    }

    async fn drop(&mut self, bucket: Resource<Opened>) -> wasmtime::Result<()> {
        Ok(self.close(bucket)?)
    }
}

impl batch::Host for KeyValue {
    async fn get_many(
        &mut self,
        bucket: Resource<Opened>,
        keys: Vec<String>,
    ) -> Result<Vec<(String, Option<Vec<u8>>)>, Error> {
        let store = self.store(&bucket)?;
        if keys.is_empty() {
            Ok(Vec::new())
        } else {
            store.get_many(keys).await
        }
    }

    async fn set_many(
        &mut self,
        bucket: Resource<Opened>,
        pairs: Vec<(String, Vec<u8>)>,
    ) -> Result<(), Error> {
        let store = self.store(&bucket)?;
        if pairs.is_empty() {
            Ok(())
        } else {
            store.set_many(pairs).await
        }
    }

    async fn delete_many(
        &mut self,
        bucket: Resource<Opened>,
        keys: Vec<String>,
    ) -> Result<(), Error> {
        let store = self.store(&bucket)?;
        if keys.is_empty() {
            Ok(())
        } else {
            store.delete_many(keys).await
        }
    }
}

impl atomics::Host for KeyValue {
    async fn increment(
        &mut self,
        bucket: Resource<Opened>,
        key: String,
        delta: i64,
    ) -> Result<i64, Error> {
        self.store(&bucket)?.increment(&key, delta).await
    }

    async fn swap(
        &mut self,
        _: Resource<NoSwap>,
        _: Vec<u8>,
    ) -> wasmtime::Result<Result<(), atomics::CasError>> {
        Err(wasmtime::format_err!("{NO_SWAP}"))
    }
}

impl atomics::HostCas for KeyValue {
    async fn new(&mut self, _: Resource<Opened>, _: String) -> Result<Resource<NoSwap>, Error> {
        Err(Error::Trap(NO_SWAP.to_owned()))
    }

    async fn current(&mut self, _: Resource<NoSwap>) -> Result<Option<Vec<u8>>, Error> {
        Err(Error::Trap(NO_SWAP.to_owned()))
    }

    async fn drop(&mut self, _: Resource<NoSwap>) -> wasmtime::Result<()> {
        Ok(())
    }
}
