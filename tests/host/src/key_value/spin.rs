//! `spin:key-value@3.0.0`, the interface behind the SDK's `key_value::Store`: calls of one instance run side by side.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::mpsc;
use wasmtime::StoreContextMut;
use wasmtime::component::{
    Accessor, Destination, FutureReader, Resource, StreamProducer, StreamReader, StreamResult,
};

use super::{Error, KeyValue, Opened, Store};
use crate::bindings::spin::spin::key_value::key_value;

impl key_value::Host for KeyValue {
    fn convert_error(&mut self, error: Error) -> wasmtime::Result<key_value::Error> {
        match error {
            Error::StoreTableFull => Ok(key_value::Error::StoreTableFull),
            Error::NoSuchStore => Ok(key_value::Error::NoSuchStore),
            Error::AccessDenied => Ok(key_value::Error::AccessDenied),
            Error::Other(message) => Ok(key_value::Error::Other(message)),
            Error::Trap(message) => Err(wasmtime::format_err!("{message}")),
        }
    }
}

impl key_value::HostStore for KeyValue {
    fn drop(&mut self, handle: Resource<Opened>) -> wasmtime::Result<()> {
        Ok(self.close(handle)?)
    }
}

fn store<T>(
    accessor: &Accessor<T, KeyValue>,
    handle: &Resource<Opened>,
) -> Result<Arc<dyn Store>, Error> {
    accessor.with(|mut access| access.get().store(handle))
}

impl<T: 'static> key_value::HostStoreWithStore<T> for KeyValue {
    async fn open(accessor: &Accessor<T, Self>, label: String) -> Result<Resource<Opened>, Error> {
        let stores = accessor.with(|mut access| access.get().stores_for(&label))?;
        let store = stores.open(&label).await?;
        accessor.with(|mut access| access.get().keep(&label, store))
    }

    async fn get(
        accessor: &Accessor<T, Self>,
        handle: Resource<Opened>,
        key: String,
    ) -> Result<Option<Vec<u8>>, Error> {
        store(accessor, &handle)?.get(&key).await
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        handle: Resource<Opened>,
        key: String,
        value: Vec<u8>,
    ) -> Result<(), Error> {
        store(accessor, &handle)?.set(&key, &value).await
    }

    async fn delete(
        accessor: &Accessor<T, Self>,
        handle: Resource<Opened>,
        key: String,
    ) -> Result<(), Error> {
        store(accessor, &handle)?.delete(&key).await
    }

    async fn exists(
        accessor: &Accessor<T, Self>,
        handle: Resource<Opened>,
        key: String,
    ) -> Result<bool, Error> {
        store(accessor, &handle)?.exists(&key).await
    }

    async fn get_keys(
        accessor: &Accessor<T, Self>,
        handle: Resource<Opened>,
    ) -> wasmtime::Result<(
        StreamReader<String>,
        FutureReader<Result<(), key_value::Error>>,
    )> {
        let found = store(accessor, &handle)?.stream_keys();
        let outcome = async move {
            wasmtime::error::Ok(match found.outcome.await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err(key_value::Error::Other(error.to_string())),
                Err(_) => Err(key_value::Error::Other(
                    "the store stopped in between".to_owned(),
                )),
            })
        };
        accessor.with(|mut access| {
            let keys = StreamReader::new(&mut access, KeyProducer { keys: found.keys })?;
            let outcome = FutureReader::new(&mut access, outcome)?;
            Ok((keys, outcome))
        })
    }
}

/// Hands keys to the guest one at a time, only when it asks, so that the store's lock is held for as long as it reads.
struct KeyProducer {
    keys: mpsc::Receiver<String>,
}

impl<D> StreamProducer<D> for KeyProducer {
    type Item = String;
    type Buffer = Option<String>;

    fn poll_produce<'a>(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        store: StoreContextMut<'a, D>,
        mut destination: Destination<'a, String, Option<String>>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        // A guest that asks for nothing only wants to know whether something is there.
        if destination.remaining(store) == Some(0) {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        match self.get_mut().keys.poll_recv(context) {
            Poll::Ready(Some(key)) => {
                destination.set_buffer(Some(key));
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Poll::Ready(None) => Poll::Ready(Ok(StreamResult::Dropped)),
            Poll::Pending if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => Poll::Pending,
        }
    }
}
