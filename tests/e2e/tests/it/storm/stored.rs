//! What lies in the stores after a storm, as all of it is settled.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use e2e::Stores;
use serde_json::Value;

/// What is in the queue that should not be there when all is settled: only the times of what is to be done in days may.
pub fn unsettled(stores: &Stores) -> Result<Vec<String>> {
    let keys = stores.entries("queue")?.into_keys();
    let keys = keys.filter(|key| !key.starts_with("due/") && !is_of_directory(key));
    Ok(keys.collect())
}

/// What directories are told lies until the next reconcile, and is looked after two minutes later: nobody waits for that.
fn is_of_directory(key: &str) -> bool {
    key.starts_with("mail/directory/") || key.starts_with("due/directory/")
}

/// The entities that are to be looked at again, each as often as there is a note.
pub fn due(stores: &Stores) -> Result<Vec<String>> {
    let keys = stores.entries("queue")?.into_keys();
    let keys = keys.filter(|key| !is_of_directory(key));
    let entity = |key: String| {
        let (entity, _) = key.strip_prefix("due/")?.rsplit_once('/')?;
        Some(entity.to_owned())
    };
    Ok(keys.filter_map(entity).collect())
}

/// The GUIDs of deliveries by how they finished.
pub fn finished(stores: &Stores) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let mut finished: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (key, value) in stores.entries("inbox")? {
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
