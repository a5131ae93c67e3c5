//! Stores in Redis. Keys are raw, without the label: each label needs a database of its own, here as in Spin.

use std::sync::Arc;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands as _, Client, RedisError};
use tokio::sync::{OnceCell, mpsc, oneshot};

use super::{Error, Keys, Pending, Store, check_size};

/// How many keys are read ahead of the guest; Spin's number.
const KEYS_AHEAD: usize = 4;

/// A Redis database, connected to when it is first used.
pub(super) struct Database {
    client: Client,
    connection: OnceCell<ConnectionManager>,
}

impl Database {
    pub(super) fn new(url: &str) -> Result<Self, RedisError> {
        Ok(Self {
            client: Client::open(url)?,
            connection: OnceCell::new(),
        })
    }

    pub(super) async fn open(&self) -> Result<Arc<dyn Store>, Error> {
        // Spin's client waits for an answer as long as it takes.
        let settings = ConnectionManagerConfig::new().set_response_timeout(None);
        let connect = || self.client.get_connection_manager_with_config(settings);
        let connection = self.connection.get_or_try_init(connect).await?;
        Ok(Arc::new(RedisStore {
            connection: connection.clone(),
        }))
    }
}

impl From<RedisError> for Error {
    fn from(error: RedisError) -> Self {
        Self::Other(format!("Redis: {error}"))
    }
}

struct RedisStore {
    connection: ConnectionManager,
}

impl Store for RedisStore {
    fn get<'a>(&'a self, key: &'a str) -> Pending<'a, Option<Vec<u8>>> {
        let mut connection = self.connection.clone();
        Box::pin(async move { check_size(connection.get(key).await?) })
    }

    fn set<'a>(&'a self, key: &'a str, value: &'a [u8]) -> Pending<'a, ()> {
        let mut connection = self.connection.clone();
        Box::pin(async move { Ok(connection.set::<_, _, ()>(key, value).await?) })
    }

    fn delete<'a>(&'a self, key: &'a str) -> Pending<'a, ()> {
        let mut connection = self.connection.clone();
        Box::pin(async move { Ok(connection.del::<_, ()>(key).await?) })
    }

    fn exists<'a>(&'a self, key: &'a str) -> Pending<'a, bool> {
        let mut connection = self.connection.clone();
        Box::pin(async move { Ok(connection.exists(key).await?) })
    }

    fn keys(&self) -> Pending<'_, Vec<String>> {
        let mut connection = self.connection.clone();
        Box::pin(async move { Ok(connection.keys("*").await?) })
    }

    fn stream_keys(&self) -> Keys {
        let (sender, keys) = mpsc::channel(KEYS_AHEAD);
        let (outcome_sender, outcome) = oneshot::channel();
        let connection = self.connection.clone();
        tokio::spawn(async move {
            // A guest that has dropped the future does not hear the outcome.
            let _unheard = outcome_sender.send(send_keys(connection, sender).await);
        });
        Keys { keys, outcome }
    }

    fn get_many(&self, _: Vec<String>) -> Pending<'_, Vec<(String, Option<Vec<u8>>)>> {
        let message =
            "get-many on Redis fails always in Spin 4.1, so it does here: get the keys one by one";
        Box::pin(async move { Err(Error::Other(message.to_owned())) })
    }

    fn set_many(&self, pairs: Vec<(String, Vec<u8>)>) -> Pending<'_, ()> {
        let mut connection = self.connection.clone();
        Box::pin(async move { Ok(connection.mset::<_, _, ()>(&pairs).await?) })
    }

    fn delete_many(&self, keys: Vec<String>) -> Pending<'_, ()> {
        let mut connection = self.connection.clone();
        Box::pin(async move { Ok(connection.del::<_, ()>(keys).await?) })
    }

    fn increment<'a>(&'a self, key: &'a str, delta: i64) -> Pending<'a, i64> {
        let mut connection = self.connection.clone();
        Box::pin(async move { Ok(connection.incr(key, delta).await?) })
    }
}

async fn send_keys(
    mut connection: ConnectionManager,
    sender: mpsc::Sender<String>,
) -> Result<(), Error> {
    let mut found = connection.scan::<String>().await?;
    while let Some(key) = found.next_item().await {
        let taken = sender.send(key?).await;
        taken.map_err(|_| Error::Other("the guest stopped reading the keys".to_owned()))?;
    }
    Ok(())
}
