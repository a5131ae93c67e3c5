//! What lies in the stores after a storm, read past Slipway.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use anyhow::{Context, Result};
use serde_json::Value;
use xtask::redis::Redis;

/// The labels, in the order of their Redis databases.
pub const LABELS: [&str; 3] = ["default", "inbox", "queue"];

/// Where the stores are.
pub enum Stores {
    /// On a Redis server, a database for each label.
    Redis(Redis),
    /// In SQLite files of this directory.
    Sqlite(PathBuf),
}

/// All keys and values of one label.
type Entries = BTreeMap<String, Vec<u8>>;

impl Stores {
    fn entries(&self, label: &str) -> Result<Entries> {
        match self {
            Self::Redis(server) => redis_entries(server, label),
            Self::Sqlite(directory) => sqlite_entries(directory.join(format!("{label}.db"))),
        }
    }

    /// What is in the queue that should not be there when all is settled: only the times of what is to be done in days may.
    pub fn unsettled(&self) -> Result<Vec<String>> {
        let keys = self.entries("queue")?.into_keys();
        Ok(keys.filter(|key| !key.starts_with("due/")).collect())
    }

    /// The entities that are to be looked at again, each as often as there is a note.
    pub fn due(&self) -> Result<Vec<String>> {
        let keys = self.entries("queue")?.into_keys();
        let entity = |key: String| {
            let (entity, _) = key.strip_prefix("due/")?.rsplit_once('/')?;
            Some(entity.to_owned())
        };
        Ok(keys.filter_map(entity).collect())
    }

    /// The GUIDs of deliveries by how they finished.
    pub fn finished(&self) -> Result<BTreeMap<String, BTreeSet<String>>> {
        let mut finished: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (key, value) in self.entries("inbox")? {
            let Some(guid) = key.strip_prefix("delivery/") else {
                continue;
            };
            let head = value
                .split(|byte| *byte == b'\n')
                .next()
                .unwrap_or_default();
            let head: Value =
                serde_json::from_slice(head).with_context(|| format!("the delivery {guid}"))?;
            let finish = head
                .get("finish")
                .and_then(Value::as_str)
                .unwrap_or("nothing")
                .to_owned();
            finished.entry(finish).or_default().insert(guid.to_owned());
        }
        Ok(finished)
    }
}

fn redis_entries(server: &Redis, label: &str) -> Result<Entries> {
    let database = LABELS
        .iter()
        .position(|known| *known == label)
        .context("a label")?;
    let mut connection = redis::Client::open(server.url(database))?.get_connection()?;
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut connection)?;
    let mut entries = Entries::new();
    for key in keys {
        let value: Vec<u8> = redis::cmd("GET").arg(&key).query(&mut connection)?;
        entries.insert(key, value);
    }
    Ok(entries)
}

fn sqlite_entries(file: PathBuf) -> Result<Entries> {
    let connection =
        rusqlite::Connection::open(&file).with_context(|| file.display().to_string())?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    let mut statement = connection.prepare("SELECT key, value FROM spin_key_value")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
