//! Stores in SQLite: Spin's table in Spin's file, with its settings (rollback journal, full synchronisation) and its locks.
//!
//! All calls of a label go through one connection behind a lock, each in its turn, and a call that waits for the lock holds
//! its whole instance. Reading keys as a stream holds the lock until the last key is taken. So an instance that uses the
//! store while one of its requests reads keys waits for itself for ever, here as in Spin; only the end of the host helps.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, MutexGuard, mpsc, oneshot};
use tokio::task::{block_in_place, spawn_blocking};
use tokio_util::sync::CancellationToken;

use super::{Error, Keys, Pending, Store, check_size};

/// How many keys are read ahead of the guest; Spin's number.
const KEYS_AHEAD: usize = 4;

const CREATE: &str = "CREATE TABLE IF NOT EXISTS spin_key_value (
    store TEXT NOT NULL,
    key   TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (store, key)
)";
const GET: &str = "SELECT value FROM spin_key_value WHERE store = ?1 AND key = ?2";
const SET: &str = "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3)
    ON CONFLICT (store, key) DO UPDATE SET value = ?3";
const DELETE: &str = "DELETE FROM spin_key_value WHERE store = ?1 AND key = ?2";
const KEYS: &str = "SELECT key FROM spin_key_value WHERE store = ?1";

/// A label's database, opened when it is first used.
pub(super) struct Database {
    label: String,
    path: Option<PathBuf>,
    connection: OnceLock<Arc<Mutex<Connection>>>,
    stop: CancellationToken,
}

impl Database {
    /// `path` is the file, nothing a database in memory; nobody waits for its lock after `stop`.
    pub(super) fn new(label: &str, path: Option<PathBuf>, stop: CancellationToken) -> Self {
        Self {
            label: label.to_owned(),
            path,
            connection: OnceLock::new(),
            stop,
        }
    }

    pub(super) fn open(&self) -> Result<Arc<dyn Store>, Error> {
        let connection = match self.connection.get() {
            Some(connection) => connection,
            None => {
                // Two that race open two connections, and one of them is dropped.
                let connection = block_in_place(|| self.connect())?;
                self.connection
                    .get_or_init(|| Arc::new(Mutex::new(connection)))
            }
        };
        Ok(Arc::new(SqliteStore {
            label: self.label.clone(),
            connection: Arc::clone(connection),
            stop: self.stop.clone(),
        }))
    }

    fn connect(&self) -> Result<Connection, Error> {
        let connection = match &self.path {
            None => Connection::open_in_memory()?,
            Some(path) => {
                if let Some(directory) = path.parent() {
                    fs::create_dir_all(directory).map_err(|error| {
                        Error::Other(format!("{}: cannot be made: {error}", directory.display()))
                    })?;
                }
                Connection::open(path)
                    .map_err(|error| Error::Other(format!("{}: {error}", path.display())))?
            }
        };
        connection.execute(CREATE, [])?;
        Ok(connection)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Other(format!("SQLite: {error}"))
    }
}

struct SqliteStore {
    label: String,
    connection: Arc<Mutex<Connection>>,
    stop: CancellationToken,
}

impl SqliteStore {
    /// Runs `work` on the connection. Meanwhile nothing else runs in the instance, and all goes on elsewhere.
    fn run<'a, T: Send + 'a>(
        &'a self,
        work: impl FnOnce(&mut Connection, &str) -> Result<T, Error> + Send + 'a,
    ) -> Pending<'a, T> {
        Box::pin(async move {
            block_in_place(|| {
                let mut connection = self.wait()?;
                work(&mut connection, &self.label)
            })
        })
    }

    fn wait(&self) -> Result<MutexGuard<'_, Connection>, Error> {
        if let Ok(connection) = self.connection.try_lock() {
            return Ok(connection);
        }
        Handle::current().block_on(async {
            tokio::select! {
                connection = self.connection.lock() => Ok(connection),
                () = self.stop.cancelled() => Err(Error::Other("the host has stopped".to_owned())),
            }
        })
    }
}

impl Store for SqliteStore {
    fn get<'a>(&'a self, key: &'a str) -> Pending<'a, Option<Vec<u8>>> {
        self.run(move |connection, label| check_size(read(connection, label, key)?))
    }

    fn set<'a>(&'a self, key: &'a str, value: &'a [u8]) -> Pending<'a, ()> {
        self.run(move |connection, label| {
            connection
                .prepare_cached(SET)?
                .execute(params![label, key, value])?;
            Ok(())
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> Pending<'a, ()> {
        self.run(move |connection, label| {
            connection.prepare_cached(DELETE)?.execute([label, key])?;
            Ok(())
        })
    }

    fn exists<'a>(&'a self, key: &'a str) -> Pending<'a, bool> {
        self.run(move |connection, label| Ok(read(connection, label, key)?.is_some()))
    }

    fn keys(&self) -> Pending<'_, Vec<String>> {
        self.run(|connection, label| {
            let mut statement = connection.prepare_cached(KEYS)?;
            let keys = statement.query_map([label], |row| row.get(0))?;
            Ok(keys.collect::<Result<_, _>>()?)
        })
    }

    fn stream_keys(&self) -> Keys {
        let (sender, keys) = mpsc::channel(KEYS_AHEAD);
        let (outcome_sender, outcome) = oneshot::channel();
        let (connection, label) = (Arc::clone(&self.connection), self.label.clone());
        tokio::spawn(async move {
            let connection = connection.lock_owned().await;
            let reading = spawn_blocking(move || send_keys(&connection, &label, &sender)).await;
            let read = reading
                .unwrap_or_else(|panic| Err(Error::Trap(format!("reading the keys: {panic}"))));
            // A guest that has dropped the future does not hear the outcome.
            let _unheard = outcome_sender.send(read);
        });
        Keys { keys, outcome }
    }

    fn get_many(&self, mut keys: Vec<String>) -> Pending<'_, Vec<(String, Option<Vec<u8>>)>> {
        // Spin selects with IN: each key once, in the order of the keys, absent ones left out.
        keys.sort_unstable();
        keys.dedup();
        self.run(move |connection, label| {
            let mut found = Vec::new();
            for key in keys {
                if let Some(value) = check_size(read(connection, label, &key)?)? {
                    found.push((key, Some(value)));
                }
            }
            Ok(found)
        })
    }

    fn set_many(&self, pairs: Vec<(String, Vec<u8>)>) -> Pending<'_, ()> {
        self.run(move |connection, label| {
            let transaction = connection.transaction()?;
            for (key, value) in pairs {
                transaction
                    .prepare_cached(SET)?
                    .execute(params![label, key, value])?;
            }
            Ok(transaction.commit()?)
        })
    }

    fn delete_many(&self, keys: Vec<String>) -> Pending<'_, ()> {
        self.run(move |connection, label| {
            let transaction = connection.transaction()?;
            for key in keys {
                transaction.prepare_cached(DELETE)?.execute([label, &key])?;
            }
            Ok(transaction.commit()?)
        })
    }

    fn increment<'a>(&'a self, key: &'a str, delta: i64) -> Pending<'a, i64> {
        self.run(move |connection, label| {
            let transaction = connection.transaction()?;
            let before = match read(&transaction, label, key)? {
                None => 0,
                Some(value) => {
                    let bytes = <[u8; 8]>::try_from(value.as_slice())
                        .map_err(|_| not_a_counter(key, value.len()))?;
                    i64::from_le_bytes(bytes)
                }
            };
            let after = before.wrapping_add(delta);
            transaction
                .prepare_cached(SET)?
                .execute(params![label, key, after.to_le_bytes()])?;
            transaction.commit()?;
            Ok(after)
        })
    }
}

fn read(connection: &Connection, label: &str, key: &str) -> Result<Option<Vec<u8>>, Error> {
    Ok(connection
        .prepare_cached(GET)?
        .query_row([label, key], |row| row.get(0))
        .optional()?)
}

fn send_keys(
    connection: &Connection,
    label: &str,
    sender: &mpsc::Sender<String>,
) -> Result<(), Error> {
    let mut statement = connection.prepare_cached(KEYS)?;
    let mut rows = statement.query([label])?;
    while let Some(row) = rows.next()? {
        let taken = sender.blocking_send(row.get(0)?);
        taken.map_err(|_| Error::Other("the guest stopped reading the keys".to_owned()))?;
    }
    Ok(())
}

fn not_a_counter(key: &str, length: usize) -> Error {
    Error::Trap(format!(
        "increment of the key {key:?}, whose value has {length} bytes: a counter has 8, so its key is its own; \
         Spin panics here and every key-value call fails until it is restarted"
    ))
}
