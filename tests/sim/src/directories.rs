//! Directories of entities: brought on and compared as `reconcile` does, and what must hold of them in the end.

use std::{collections::BTreeSet, rc::Rc};

use domain::{
    Timestamp,
    directory::{Directory, Entry, Key, Kind},
};
use ports::{Clock, Label};
use runtime::{
    Runner,
    directory::{self, COMPARED_AT, DirectoryExecutor},
    reconcile::Work,
};
use serde_json::Value;

use crate::{port::Port, sim::Sim};

/// Brings on the directories in `work`, and compares them if it is time; none if the store fails.
pub(crate) async fn advance(port: &Port, work: &mut Work, deadline: Timestamp) -> Option<()> {
    let due = work.take::<Directory>();
    let runner = Runner {
        store: port,
        clock: port,
        log: port,
        executor: DirectoryExecutor {
            store: port,
            log: port,
        },
    };
    runner.advance_all::<Directory>(&due, deadline).await;
    let differed = directory::compare_when_due(&port, port.now()).await.ok()?;
    if let Some(differed) = differed {
        port.sim
            .tell(&port.name(), || format!("directories differed: {differed}"));
    }
    Some(())
}

/// Whether the key is a directory's own, or says when they were compared: those stay.
pub(crate) fn is_of_directory(key: &str) -> bool {
    key == COMPARED_AT || key.starts_with("directory/")
}

/// When all is settled, each directory is complete, names what is stored and nothing else, and nothing is left to do for it.
pub(crate) fn name_what_is_stored(sim: &Rc<Sim>) -> Result<(), String> {
    let mut store = sim.store.borrow_mut();
    let left = store.keys(Label::Queue).into_iter();
    let left: Vec<String> = left.filter(|key| key.contains("/directory/")).collect();
    if !left.is_empty() {
        return Err(format!("left in the queue: {}", left.join(", ")));
    }
    let keys = store.keys(Label::Default);
    for kind in Kind::ALL {
        let key = Key(kind).to_string();
        let stored: BTreeSet<Entry> = keys.iter().filter_map(|key| kind.entry(key)).collect();
        let record = store.value(Label::Default, &key).unwrap_or_default();
        let record: Value = serde_json::from_slice(&record).unwrap_or_default();
        let state = record.get("state").cloned().unwrap_or_default();
        let directory: Directory =
            serde_json::from_value(state).map_err(|error| format!("{key}: {error}"))?;
        let ids: Vec<String> = directory.ids();
        let named: BTreeSet<Entry> = ids.iter().filter_map(|id| Entry::of(id)).collect();
        if !directory.is_complete() || named != stored {
            let is_complete = directory.is_complete();
            return Err(format!(
                "{key} names {named:?} (complete: {is_complete}), and {stored:?} is stored"
            ));
        }
    }
    Ok(())
}
