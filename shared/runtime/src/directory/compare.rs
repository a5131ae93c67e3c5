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

/// Compares if nobody did in the last hour. Returns how many entries differed; none if it was not due.
pub async fn compare_when_due(
    store: &impl Store,
    now: Timestamp,
) -> Result<Option<usize>, RunError> {
    if !is_due(store, now).await? {
        return Ok(None);
    }
    let differed = compare(store, now).await?;
    // Only now: whoever is cut off before is followed by another.
    let noted = now.milliseconds().to_string();
    let noted = noted.as_bytes();
    store.set(Label::Default, COMPARED_AT, noted).await?;
    Ok(Some(differed))
}

async fn is_due(store: &impl Store, now: Timestamp) -> Result<bool, StoreError> {
    let last = store.get(Label::Default, COMPARED_AT).await?;
    let last = last.and_then(|value| std::str::from_utf8(&value).ok()?.parse().ok());
    let last = last.map(Timestamp::from_milliseconds);
    // A time to come was noted by a clock that was wrong.
    Ok(last.is_none_or(|last| last > now || last.after(EVERY) <= now))
}

/// Tells each directory in which entries it differs from the keys, and that it is complete from then on. The keys are listed before
/// a directory is read: what appears or goes in the meantime is only looked at once more. Returns how many entries differed.
pub async fn compare(store: &impl Store, now: Timestamp) -> Result<usize, RunError> {
    let listing = Listing::of(store).await?;
    let mut differed = 0;
    for kind in Kind::ALL {
        let stored: BTreeSet<Entry> = listing.entries(kind).collect();
        differed += compare_one(store, kind, &stored, now).await?;
    }
    Ok(differed)
}

async fn compare_one(
    store: &impl Store,
    kind: Kind,
    stored: &BTreeSet<Entry>,
    now: Timestamp,
) -> Result<usize, RunError> {
    let key = Key(kind);
    let directory = match super::find(store, kind).await? {
        Found::Nothing => Directory::new(key),
        Found::Directory { directory, .. } => directory,
        // It is compared when it can be read; until then the keys are listed.
        Found::Unknown { .. } => return Ok(0),
    };
    let differences = directory.differences(stored);
    for entries in differences.chunks(TOLD_AT_ONCE) {
        let entries = entries.to_vec();
        mailbox::post::<Directory>(store, &key, &Fact::Touched { entries }, now).await?;
    }
    if !directory.is_complete() {
        mailbox::post::<Directory>(store, &key, &Fact::Compared, now).await?;
    }
    Ok(differences.len())
}
