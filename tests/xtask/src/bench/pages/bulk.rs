//! Stores as the host keeps them in SQLite, filled in one transaction each: what Slipway's own code writes, without waiting for the disk.

use std::path::Path;

use anyhow::Context as _;
use ports::{Label, Store, StoreError};
use rusqlite::{Connection, OptionalExtension as _, params};

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

/// One file for each label, each in the middle of a transaction.
pub(super) struct Bulk(Vec<(Label, Connection)>);

impl Bulk {
    /// New files in `directory`, named as [`crate::stores::sqlite`] names them.
    pub(super) fn begin(directory: &Path) -> anyhow::Result<Self> {
        let open = |label: Label| {
            let path = directory.join(label.name()).with_extension("db");
            let connection = Connection::open(&path).with_context(|| path.display().to_string())?;
            connection.execute(CREATE, [])?;
            connection.execute_batch("PRAGMA synchronous = OFF; BEGIN")?;
            Ok((label, connection))
        };
        let opened: anyhow::Result<_> = Label::ALL.into_iter().map(open).collect();
        opened.map(Self)
    }

    /// Ends the transactions.
    pub(super) fn commit(self) -> anyhow::Result<()> {
        for (_, connection) in self.0 {
            connection.execute_batch("COMMIT")?;
        }
        Ok(())
    }

    fn on<T>(
        &self,
        label: Label,
        (operation, key): (&'static str, &str),
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let failed = |reason: String| StoreError {
            label,
            operation,
            key: key.to_owned(),
            reason,
        };
        let found = self.0.iter().find(|(of, _)| *of == label);
        let (_, connection) = found.ok_or_else(|| failed("there is no such store".to_owned()))?;
        work(connection).map_err(|error| failed(error.to_string()))
    }
}

fn read(connection: &Connection, label: Label, key: &str) -> rusqlite::Result<Option<Vec<u8>>> {
    connection
        .prepare_cached(GET)?
        .query_row([label.name(), key], |row| row.get(0))
        .optional()
}

fn write(connection: &Connection, label: Label, key: &str, value: &[u8]) -> rusqlite::Result<()> {
    let values = params![label.name(), key, value];
    connection.prepare_cached(SET)?.execute(values).map(drop)
}

impl Store for Bulk {
    async fn get(&self, label: Label, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.on(label, ("get", key), |connection| {
            read(connection, label, key)
        })
    }

    async fn set(&self, label: Label, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.set_many(label, &[(key, value)]).await
    }

    async fn set_many(&self, label: Label, pairs: &[(&str, &[u8])]) -> Result<(), StoreError> {
        for (key, value) in pairs {
            self.on(label, ("set", key), |connection| {
                write(connection, label, key, value)
            })?;
        }
        Ok(())
    }

    async fn delete_many(&self, label: Label, keys: &[&str]) -> Result<(), StoreError> {
        for key in keys {
            self.on(label, ("delete", key), |connection| {
                let key = [label.name(), key];
                connection.prepare_cached(DELETE)?.execute(key)
            })?;
        }
        Ok(())
    }

    async fn increment(&self, label: Label, key: &str, delta: i64) -> Result<i64, StoreError> {
        self.on(label, ("increment", key), |connection| {
            let before = read(connection, label, key)?.unwrap_or_default();
            // Spin's SQLite store keeps a counter as eight bytes.
            let before = <[u8; 8]>::try_from(before).map_or(0, i64::from_le_bytes);
            let after = before.wrapping_add(delta);
            write(connection, label, key, &after.to_le_bytes())?;
            Ok(after)
        })
    }

    async fn keys(&self, label: Label) -> Result<Vec<String>, StoreError> {
        self.on(label, ("list", ""), |connection| {
            let mut statement = connection.prepare_cached(KEYS)?;
            let keys = statement.query_map([label.name()], |row| row.get(0))?;
            keys.collect()
        })
    }
}
