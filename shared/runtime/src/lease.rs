//! The lease of an entity: at most one runner at a time, by `increment` alone.
//!
//! The record names the lease under which it was written, its epoch. Whoever wants the next one increments that epoch's claim;
//! the first to get 1 has it, and says so with its first write of the record. A runner that waits too long between two
//! writes has lost its lease, and does not write. Between the last look at the record and a write lies one call to the
//! store; two runners are kept apart as long as that takes less than [`MARGIN`].

use std::time::Duration;

use domain::{Timestamp, entity::Entity};
use ports::{Clock, Label, Store};

use crate::{
    RunError, keys,
    record::{Head, Record},
};

/// For how long a lease holds after each write of the record.
pub(crate) const TTL: Duration = Duration::from_secs(60);
/// Nothing is written, and no effect begun, so shortly before the lease ends.
pub(crate) const MARGIN: Duration = Duration::from_secs(20);
/// The claims of the newest leases are kept, so that whoever read the record some leases ago finds them taken and makes none
/// of them anew; older ones are deleted, some at once.
const CLAIMS_KEPT: u64 = 6;
const CLAIMS_DELETED: u64 = 4;

/// What came of the wish for a lease.
pub(crate) enum Acquired<E> {
    /// The record, to be written soon: its `epoch` is ours.
    Ours(Record<E>),
    /// The lease of an entity of which nothing is stored: for whoever finds mail for it.
    New(Record<E>),
    /// Somebody else has it.
    Busy,
}

/// Tries to get the lease of `id`. An entity of which nothing is stored and for which there is no mail has none: a crash would
/// leave it behind with nothing that leads anybody back.
pub(crate) async fn acquire<E: Entity>(
    store: &impl Store,
    clock: &impl Clock,
    id: &E::Id,
    mail: &[u64],
) -> Result<Acquired<E>, RunError> {
    let head = Head::read(store, id).await?;
    if head.is_none() && mail.is_empty() {
        return Ok(Acquired::Busy);
    }
    let known = head.map_or(0, |head| head.epoch);
    if head.is_some_and(|head| head.is_leased(clock.now())) {
        return Ok(Acquired::Busy);
    }
    let claimed = claim(store, clock, id, known).await?;
    if claimed.is_some() || known > 0 {
        // The record may have moved on since the first look, even so far that the entity was forgotten: whatever the claim has
        // left is nobody's then, and whoever has mail for the entity begins anew.
        let stored: Option<Record<E>> = match Record::read(store, id).await {
            Ok(stored) => stored,
            Err(error) => {
                return Err(match claimed {
                    Some((epoch, _)) => give_back(store, id, epoch, error).await,
                    None => error,
                });
            }
        };
        if known > 0 && stored.is_none() {
            let epoch = claimed.map_or(known + 1, |(epoch, _)| epoch);
            let left = [keys::lease_claim(id, epoch), keys::contested(id)];
            let left: Vec<&str> = left.iter().map(String::as_str).collect();
            store.delete_many(Label::Default, &left).await?;
            return Ok(Acquired::Busy);
        }
        let record = stored.unwrap_or_else(|| Record::new(id.clone()));
        if let Some(claimed) = claimed {
            return take_up(store, clock, id, record, claimed).await;
        }
    }
    Ok(Acquired::Busy)
}

/// Gives back the claim of a lease that cannot be taken up, and says why.
pub(crate) async fn give_back(
    store: &impl Store,
    id: &impl std::fmt::Display,
    epoch: u64,
    error: RunError,
) -> RunError {
    // Should this fail too, the lease is free again after its time.
    let claim = keys::lease_claim(id, epoch);
    drop(store.delete_many(Label::Default, &[&claim]).await);
    error
}

/// Takes up the claimed lease, unless the record shows that a later one, or another that still holds, is there.
async fn take_up<E: Entity>(
    store: &impl Store,
    clock: &impl Clock,
    id: &E::Id,
    record: Record<E>,
    (epoch, claimed_at): (u64, Timestamp),
) -> Result<Acquired<E>, RunError> {
    if record.epoch >= epoch {
        store
            .delete_many(Label::Default, &[&keys::lease_claim(id, epoch)])
            .await?;
        return Ok(Acquired::Busy);
    }
    if record.is_leased(clock.now()) {
        return Ok(Acquired::Busy);
    }
    let is_new = record.epoch == 0;
    let record = Record {
        epoch,
        lease_until: Some(claimed_at.after(TTL)),
        ..record
    };
    Ok(if is_new {
        Acquired::New(record)
    } else {
        Acquired::Ours(record)
    })
}

/// Claims the lease after `known`, or the one after that if nobody took up the first in time.
async fn claim<I: std::fmt::Display>(
    store: &impl Store,
    clock: &impl Clock,
    id: &I,
    known: u64,
) -> Result<Option<(u64, Timestamp)>, RunError> {
    let next = known + 1;
    let claimed_at = clock.now();
    if store
        .increment(Label::Default, &keys::lease_claim(id, next), 1)
        .await?
        == 1
    {
        return Ok(Some((next, claimed_at)));
    }
    // Claimed, but the record does not show it: the winner is about to write it, or died.
    let key = keys::contested(id);
    let now = clock.now();
    let seen = store
        .get(Label::Default, &key)
        .await?
        .and_then(|bytes| Contested::read(&bytes));
    let contested = match seen {
        Some(contested) if contested.known == known => contested,
        Some(_) | None => {
            let contested = Contested {
                known,
                epoch: next,
                since: now,
            };
            store
                .set(Label::Default, &key, contested.write().as_bytes())
                .await?;
            return Ok(None);
        }
    };
    if now.since(contested.since) <= TTL {
        return Ok(None);
    }
    // Everybody who finds the winner dead goes for the same lease after it; if that winner dies too, for the one after.
    let epoch = contested.epoch + 1;
    if store
        .increment(Label::Default, &keys::lease_claim(id, epoch), 1)
        .await?
        == 1
    {
        return Ok(Some((epoch, now)));
    }
    let contested = Contested {
        epoch,
        since: now,
        ..contested
    };
    store
        .set(Label::Default, &key, contested.write().as_bytes())
        .await?;
    Ok(None)
}

/// A lease that was claimed but not taken up: as `<known> <epoch> <since>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Contested {
    /// The epoch that the record showed.
    known: u64,
    /// The newest epoch that was claimed by somebody else.
    epoch: u64,
    /// When that was first seen.
    since: Timestamp,
}

impl Contested {
    fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut numbers = text.split(' ');
        Some(Self {
            known: numbers.next()?.parse().ok()?,
            epoch: numbers.next()?.parse().ok()?,
            since: Timestamp::from_milliseconds(numbers.next()?.parse().ok()?),
        })
    }

    fn write(self) -> String {
        format!(
            "{} {} {}",
            self.known,
            self.epoch,
            self.since.milliseconds()
        )
    }
}

/// Whether the lease still allows to write the record or to begin an effect that takes up to `duration`.
pub(crate) fn allows<E>(record: &Record<E>, now: Timestamp, duration: Duration) -> bool {
    record
        .lease_until
        .is_some_and(|until| now.after(duration + MARGIN) <= until)
}

/// The keys of past leases that can go before the lease of `record` is taken up: some, every few leases.
pub(crate) fn spent_claims<E>(id: &impl std::fmt::Display, record: &mut Record<E>) -> Vec<String> {
    let kept_from = record.epoch.saturating_sub(CLAIMS_KEPT);
    if kept_from.saturating_sub(record.claims_from) < CLAIMS_DELETED {
        return Vec::new();
    }
    let past = (record.claims_from..kept_from).map(|epoch| keys::lease_claim(id, epoch));
    let spent = past.chain([keys::contested(id)]).collect();
    record.claims_from = kept_from;
    spent
}

/// The keys of all leases that may be left of the entity with `record`.
pub(crate) fn all_claims<E>(id: &impl std::fmt::Display, record: &Record<E>) -> Vec<String> {
    let past = (record.claims_from..=record.epoch).map(|epoch| keys::lease_claim(id, epoch));
    past.chain([keys::contested(id)]).collect()
}
