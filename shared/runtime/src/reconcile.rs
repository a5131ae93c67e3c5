//! Brings everything on that is due: what a crash, a lost delivery or a failing vendor left unfinished.

use std::{cell::RefCell, collections::BTreeMap, time::Duration};

use domain::{Timestamp, entity::Entity};
use futures_util::{StreamExt, stream};
use ports::{Clock, Label, Level, Log, Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::{Executor, Outcome, QueueKey, RunError, Runner, due, keys, record::Head};

/// So many entities are brought on at once: a vendor that is slow for one does not hold up the others.
const AT_ONCE: usize = 8;

/// What lies in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Work {
    /// The GUIDs of deliveries that were not dealt with.
    pub deliveries: Vec<String>,
    /// The keys of acts that are to be noted for the audit.
    pub acts: Vec<String>,
    /// Entities, by the text of their ids.
    pub entities: BTreeMap<String, Pending>,
}

/// What lies in the queue for one entity.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pending {
    /// The numbers of its mail.
    #[serde(default)]
    pub mail: Vec<u64>,
    /// The leases under which it was noted when to come back.
    #[serde(default)]
    pub due: Vec<u64>,
}

impl Work {
    /// Takes out the entities that are of one kind.
    pub fn take<E: Entity>(&mut self) -> BTreeMap<String, Pending> {
        let all = std::mem::take(&mut self.entities);
        let (taken, others) = all
            .into_iter()
            .partition(|(entity, _)| entity.parse::<E::Id>().is_ok());
        self.entities = others;
        taken
    }
}

/// What was done, what is left, and when to call again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Report {
    /// Entities that were brought on.
    pub advanced: u64,
    /// Entities that somebody else was running.
    pub busy: u64,
    /// Entities of which the store could not be read or written.
    pub failed: u64,
    /// Entities whose time has not come, or that were left for lack of time.
    pub left: u64,
    /// When the next one is due; none if none is waiting.
    pub next_at: Option<Timestamp>,
    /// Those that were brought on and are due again at these times.
    pub waiting: Vec<(String, Timestamp)>,
}

impl Report {
    fn due_at(&mut self, at: Timestamp) {
        self.next_at = Some(self.next_at.map_or(at, |next_at| next_at.min(at)));
    }
}

/// Reads what lies in the queue.
pub async fn work(store: &impl Store) -> Result<Work, StoreError> {
    let mut work = Work::default();
    for key in store.keys(Label::Queue).await? {
        match QueueKey::parse(&key) {
            QueueKey::Delivery(guid) => work.deliveries.push(guid.to_owned()),
            QueueKey::Mail { entity, number } => pending(&mut work, entity).mail.push(number),
            QueueKey::Due { entity, epoch } => pending(&mut work, entity).due.push(epoch),
            QueueKey::Act => work.acts.push(key.clone()),
            QueueKey::Foreign => {}
        }
    }
    for pending in work.entities.values_mut() {
        pending.mail.sort_unstable();
    }
    Ok(work)
}

/// How long the work of each kind of entity has been overdue, by the first word of its id, and how many notes were not read: at most
/// `reads` are. What has mail is due too, but nothing tells since when without reading it.
pub async fn overdue(
    store: &impl Store,
    work: &Work,
    now: Timestamp,
    reads: usize,
) -> Result<(BTreeMap<String, Duration>, usize), RunError> {
    let mut overdue: BTreeMap<String, Duration> = BTreeMap::new();
    let noted = || {
        let newest = |(entity, pending): (&'_ String, &Pending)| {
            pending
                .due
                .iter()
                .max()
                .map(|epoch| (entity.clone(), *epoch))
        };
        work.entities.iter().filter_map(newest)
    };
    for (entity, epoch) in noted().take(reads) {
        let Some(at) = due::read(store, &entity, epoch).await? else {
            continue;
        };
        let late = overdue.entry(kind_of(&entity).to_owned()).or_default();
        *late = now.since(at).max(*late);
    }
    Ok((overdue, noted().count().saturating_sub(reads)))
}

/// The first word of an entity's id: `preview`.
pub fn kind_of(entity: &str) -> &str {
    entity.split('/').next().unwrap_or_default()
}

/// In turns, one of each repository: however many are due of one, time is left for those of the others.
fn fairly(entities: &BTreeMap<String, Pending>) -> Vec<(&String, &Pending)> {
    let repository = |entity: &str| entity.split('/').nth(1).unwrap_or_default().to_owned();
    let mut before: BTreeMap<String, u64> = BTreeMap::new();
    let mut turns: Vec<(u64, (&String, &Pending))> = Vec::with_capacity(entities.len());
    for due in entities {
        let turn = before.entry(repository(due.0)).or_default();
        *turn += 1;
        turns.push((*turn, due));
    }
    turns.sort_by_key(|(turn, _)| *turn);
    turns.into_iter().map(|(_, due)| due).collect()
}

fn pending<'a>(work: &'a mut Work, entity: &str) -> &'a mut Pending {
    work.entities.entry(entity.to_owned()).or_default()
}

impl<S: Store, C: Clock, L: Log, X> Runner<S, C, L, X> {
    /// Brings on what is due of `entities`, and begins nothing new after `deadline`: neither entities nor actions.
    pub async fn advance_all<E: Entity>(
        &self,
        entities: &BTreeMap<String, Pending>,
        deadline: Timestamp,
    ) -> Report
    where
        X: Executor<E>,
    {
        let report = RefCell::new(Report::default());
        stream::iter(fairly(entities))
            .for_each_concurrent(AT_ONCE, |(entity, pending)| async {
                if self.clock.now() > deadline {
                    let mut report = report.borrow_mut();
                    report.left += 1;
                    report.due_at(deadline);
                    return;
                }
                let advanced = self.advance_one::<E>(entity, pending, deadline).await;
                self.count(&mut report.borrow_mut(), entity, advanced);
            })
            .await;
        report.into_inner()
    }

    fn count(&self, report: &mut Report, entity: &str, advanced: Result<Advanced, RunError>) {
        match advanced {
            Ok(Advanced::NotDue(at)) => {
                report.left += 1;
                report.due_at(at);
            }
            Ok(Advanced::Ran(Outcome::Waiting { until })) => {
                report.advanced += 1;
                report.due_at(until);
                report.waiting.push((entity.to_owned(), until));
            }
            Ok(Advanced::Ran(Outcome::Settled | Outcome::Forgotten) | Advanced::Nothing) => {
                report.advanced += 1
            }
            Ok(Advanced::Ran(Outcome::Busy | Outcome::Lost)) => {
                report.busy += 1;
                report.due_at(self.clock.now().after(crate::lease::TTL));
            }
            Err(error) => {
                report.failed += 1;
                report.due_at(self.clock.now().after(crate::lease::TTL));
                let fields = [
                    ("entity", entity.into()),
                    ("reason", error.to_string().into()),
                ];
                self.log
                    .write(Level::Error, "could not bring an entity on", &fields);
            }
        }
    }

    async fn advance_one<E: Entity>(
        &self,
        entity: &str,
        pending: &Pending,
        deadline: Timestamp,
    ) -> Result<Advanced, RunError>
    where
        X: Executor<E>,
    {
        let id: E::Id = entity.parse().map_err(|error| RunError::Unreadable {
            key: entity.to_owned(),
            reason: format!("{error}"),
        })?;
        if pending.mail.is_empty() {
            let now = self.clock.now();
            match self.earliest(&id, pending).await? {
                Some(at) if at > now => return Ok(Advanced::NotDue(at)),
                Some(_) if Head::read(&self.store, &id).await?.is_some() => {}
                // Left behind by a crash between the deletion of the entity and that of its notes.
                Some(_) | None => {
                    self.delete_notes(&id, &pending.due).await?;
                    return Ok(Advanced::Nothing);
                }
            }
        }
        let outcome = self.run_until(&id, &pending.mail, deadline).await?;
        self.tidy(&id, pending).await?;
        Ok(Advanced::Ran(outcome))
    }

    async fn earliest(
        &self,
        id: &impl std::fmt::Display,
        pending: &Pending,
    ) -> Result<Option<Timestamp>, RunError> {
        let mut earliest: Option<Timestamp> = None;
        for epoch in &pending.due {
            if let Some(at) = due::read(&self.store, id, *epoch).await? {
                earliest = Some(earliest.map_or(at, |earliest| earliest.min(at)));
            }
        }
        Ok(earliest)
    }

    /// Deletes notes of past leases that a crash left behind.
    async fn tidy(&self, id: &impl std::fmt::Display, pending: &Pending) -> Result<(), RunError> {
        if pending.due.is_empty() {
            return Ok(());
        }
        let Some(head) = Head::read(&self.store, id).await? else {
            return Ok(());
        };
        let past = |epoch: &u64| *epoch < head.epoch && head.due_epoch != Some(*epoch);
        let past: Vec<u64> = pending.due.iter().copied().filter(past).collect();
        // The record may name a note that a crash kept from being written: then an older one alone leads back here.
        if let Some(newest) = head.due_epoch.filter(|_| !past.is_empty())
            && due::read(&self.store, id, newest).await?.is_none()
        {
            return Ok(());
        }
        self.delete_notes(id, &past).await
    }

    async fn delete_notes(
        &self,
        id: &impl std::fmt::Display,
        epochs: &[u64],
    ) -> Result<(), RunError> {
        let notes: Vec<String> = epochs.iter().map(|epoch| keys::due(id, *epoch)).collect();
        let notes: Vec<&str> = notes.iter().map(String::as_str).collect();
        if notes.is_empty() {
            Ok(())
        } else {
            Ok(self.store.delete_many(Label::Queue, &notes).await?)
        }
    }
}

/// What came of one entity.
enum Advanced {
    NotDue(Timestamp),
    Ran(Outcome),
    /// There was nothing of it but a stale note.
    Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_with_many_leaves_the_others_their_turn() {
        let due = [
            "preview/1/1",
            "preview/1/2",
            "preview/1/3",
            "preview/2/9",
            "repository/3",
        ];
        let due = due.map(|entity| (entity.to_owned(), Pending::default()));
        let due = BTreeMap::from(due);
        let order: Vec<&str> = fairly(&due)
            .into_iter()
            .map(|(id, _)| id.as_str())
            .collect();
        let expected = [
            "preview/1/1",
            "preview/2/9",
            "repository/3",
            "preview/1/2",
            "preview/1/3",
        ];
        assert_eq!(order, expected);
    }
}
