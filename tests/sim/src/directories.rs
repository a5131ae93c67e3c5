//! Directories of entities: brought on and compared as `reconcile` does, and what must hold of them in the end.

use std::{collections::BTreeSet, marker::PhantomData, rc::Rc};

use domain::{
    Timestamp,
    directory::{Attention, Directory, Entry, Key, Kind},
    entity::Entity,
    installation::Installation,
    operation::OperationRun,
    release::Line,
    repository::Repository,
};
use ports::{Clock, Label};
use runtime::{
    Runner,
    directory::{self, COMPARED_AT, DirectoryExecutor},
    reconcile::Work,
};
use serde_json::Value;

use crate::{port::Port, sim::Sim, watched::Watched};

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
            preview: PhantomData::<Watched>,
        },
    };
    runner.advance_all::<Directory>(&due, deadline).await;
    let compared = directory::compare_when_due(&port, port.now()).await.ok()?;
    if let Some(compared) = compared {
        port.sim
            .tell(&port.name(), || format!("directories: {compared:?}"));
    }
    Some(())
}

/// Whether the key is a directory's own, or says when they were compared: those stay.
pub(crate) fn is_of_directory(key: &str) -> bool {
    key == COMPARED_AT || key.starts_with("directory/")
}

/// When all is settled, each directory is complete, names what is stored and nothing else, knows who asks for attention, and nothing
/// is left to do for it.
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
        for wanted in [Attention::InHand, Attention::Needed] {
            let found: Vec<String> = directory.ids_asking(&[wanted]);
            let asking = stored.iter().map(|entry| kind.id(entry));
            let mut asking: Vec<String> = asking
                .filter(|id| attention(kind, store.value(Label::Default, id)) == Some(wanted))
                .collect();
            asking.sort_unstable();
            if found != asking {
                return Err(format!(
                    "{key} says that {found:?} are {wanted:?}, and {asking:?} are"
                ));
            }
        }
    }
    Ok(())
}

/// How much attention the entity asks for that is stored so; none if it cannot be read.
fn attention(kind: Kind, record: Option<Vec<u8>>) -> Option<Attention> {
    fn of<E: Entity>(state: Value) -> Option<Attention> {
        let entity: E = serde_json::from_value(state).ok()?;
        Some(entity.attention())
    }
    let record: Value = serde_json::from_slice(&record?).ok()?;
    let state = record.get("state")?.clone();
    match kind {
        Kind::Previews => of::<Watched>(state),
        Kind::Repositories => of::<Repository>(state),
        Kind::Installations => of::<Installation>(state),
        Kind::Environments => of::<Line>(state),
        Kind::Operations => of::<OperationRun>(state),
    }
}
