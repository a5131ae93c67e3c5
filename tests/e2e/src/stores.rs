//! What lies in the stores of a story, read past Slipway.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use xtask::redis::Redis;

/// The labels, in the order of their Redis databases.
pub const LABELS: [&str; 4] = ["default", "inbox", "queue", "ledger"];

/// How long a SQLite file may be locked.
const LOCKED_PATIENCE: Duration = Duration::from_secs(10);

/// Where the stores of a story are.
#[derive(Debug)]
pub enum Stores {
    /// In SQLite files of this directory, as `<label>.db`.
    Sqlite(PathBuf),
    /// On a Redis server of the story's own, a database for each label.
    Redis(Redis),
}

impl Stores {
    /// The runtime configuration with these stores.
    pub(crate) fn runtime_config(&self) -> String {
        match self {
            Self::Sqlite(_) => xtask::stores::sqlite(),
            Self::Redis(server) => server.runtime_config(&LABELS),
        }
    }

    /// All keys and values of one label; none if nobody stored anything yet.
    pub fn entries(&self, label: &str) -> Result<BTreeMap<String, Vec<u8>>> {
        match self {
            Self::Sqlite(directory) => sqlite_entries(&directory.join(format!("{label}.db"))),
            Self::Redis(server) => redis_entries(server, label),
        }
    }

    /// All that is stored, by label and key (`default github/token/1`), as text.
    pub fn all(&self) -> Result<BTreeMap<String, String>> {
        let mut all = BTreeMap::new();
        for label in LABELS {
            for (key, value) in self.entries(label)? {
                let text = String::from_utf8_lossy(&value).into_owned();
                all.insert(format!("{label} {key}"), text);
            }
        }
        Ok(all)
    }
}

fn sqlite_entries(file: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    if !file.exists() {
        return Ok(BTreeMap::new());
    }
    let connection =
        rusqlite::Connection::open(file).with_context(|| file.display().to_string())?;
    connection.busy_timeout(LOCKED_PATIENCE)?;
    let mut statement = match connection.prepare("SELECT key, value FROM spin_key_value") {
        Ok(statement) => statement,
        Err(error) if error.to_string().contains("no such table") => return Ok(BTreeMap::new()),
        Err(error) => return Err(error.into()),
    };
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn redis_entries(server: &Redis, label: &str) -> Result<BTreeMap<String, Vec<u8>>> {
    let database = LABELS.iter().position(|known| *known == label);
    let url = server.url(database.context("a label")?);
    let mut connection = redis::Client::open(url)?.get_connection()?;
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut connection)?;
    let mut entries = BTreeMap::new();
    for key in keys {
        // What was deleted since the listing is not stored.
        let value: Option<Vec<u8>> = redis::cmd("GET").arg(&key).query(&mut connection)?;
        entries.extend(value.map(|value| (key, value)));
    }
    Ok(entries)
}
