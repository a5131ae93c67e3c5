//! Compares the directories with the keys of the store: for entities of an earlier version, and for what a store lost.

use std::{collections::BTreeSet, time::Duration};

use domain::{
    Timestamp,
    directory::{Directory, Entry, Fact, Key, Kind},
    entity::Entity,
};
use ports::{Label, Store, StoreError};

use super::Found;
use crate::{RunError, browse::Listing, mailbox};

/// When it was done last, in `default`.
pub const COMPARED_AT: &str = "directory/compared-at";
const EVERY: Duration = Duration::from_secs(3_600);
/// So many entries at most are told in one mail.
const TOLD_AT_ONCE: usize = 500;

/// What came of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Comparison {
    /// So many entries differed.
    pub differed: usize,
    /// Some directory has to take in what it was told before it can be compared.
    pub is_early: bool,
}

/// Compares if nobody did in the last hour, or not all. None if it was not due.
pub async fn compare_when_due(
    store: &impl Store,
    now: Timestamp,
) -> Result<Option<Comparison>, RunError> {
    if !is_due(store, now).await? {
        return Ok(None);
    }
    let comparison = compare(store, now).await?;
    if !comparison.is_early {
        // Only now: whoever is cut off before is followed by another.
        let noted = now.milliseconds().to_string();
        let noted = noted.as_bytes();
        store.set(Label::Default, COMPARED_AT, noted).await?;
    }
    Ok(Some(comparison))
}

async fn is_due(store: &impl Store, now: Timestamp) -> Result<bool, StoreError> {
    let last = store.get(Label::Default, COMPARED_AT).await?;
    let last = last.and_then(|value| std::str::from_utf8(&value).ok()?.parse().ok());
    let last = last.map(Timestamp::from_milliseconds);
    // A time to come was noted by a clock that was wrong.
    Ok(last.is_none_or(|last| last > now || last.after(EVERY) <= now))
}

/// Tells each directory in which entries it differs from the keys, and that it is complete from then on. The keys are listed before
/// a directory is read: what appears or goes in the meantime is only looked at once more.
pub async fn compare(store: &impl Store, now: Timestamp) -> Result<Comparison, RunError> {
    let listing = Listing::of(store).await?;
    let mut whole = Comparison::default();
    for kind in Kind::ALL {
        let stored: BTreeSet<Entry> = listing.entries(kind).collect();
        let one = compare_one(store, kind, &stored, now).await?;
        whole.differed += one.differed;
        whole.is_early |= one.is_early;
    }
    Ok(whole)
}

async fn compare_one(
    store: &impl Store,
    kind: Kind,
    stored: &BTreeSet<Entry>,
    now: Timestamp,
) -> Result<Comparison, RunError> {
    let key = Key(kind);
    let directory = match super::find(store, kind).await? {
        Found::Nothing => Directory::new(key),
        Found::Directory { directory, .. } => directory,
        // Until it can be read the keys are listed.
        Found::Unknown { unread } => {
            return Ok(Comparison {
                differed: 0,
                is_early: unread > 0,
            });
        }
    };
    let differences = directory.differences(stored);
    for entries in differences.chunks(TOLD_AT_ONCE) {
        let entries = entries.to_vec();
        mailbox::post::<Directory>(store, &key, &Fact::Touched { entries }, now).await?;
    }
    if !directory.is_compared() {
        mailbox::post::<Directory>(store, &key, &Fact::Compared, now).await?;
    }
    Ok(Comparison {
        differed: differences.len(),
        is_early: false,
    })
}
