//! What lists a whole store, and is therefore never done while somebody waits: what is due, and what is too old.

use std::time::Duration;

use domain::{DeliveryGuid, Timestamp};
use ports::{Clock, Label, Store, StoreError};

use crate::{Finish, Head, Inbox, Record, delivery_key};

/// How many pending deliveries are read at most to find those that are due: payloads are large.
const READ_MAX: usize = 200;

/// How many finished deliveries are looked at in one run, and how many of them go with one write.
const EXPIRE_MAX: usize = 500;
const EXPIRE_BATCH: usize = 50;

/// The dead are kept at least so long, for a person to see them.
const DEAD_RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

const HOUR_MILLISECONDS: i64 = 60 * 60 * 1000;

/// A key beside each finished delivery that says when it ended, so that old ones are found without reading any; and of what event it
/// is and which secret signed it, so that they are counted without reading any.
pub(crate) fn expiry_key(finish: Finish, finished_at: Timestamp, head: &Head) -> String {
    format!(
        "expiry/{}/{}/{}/{}/{}",
        finish.name(),
        finished_at.milliseconds().div_euclid(HOUR_MILLISECONDS),
        head.guid,
        head.event,
        head.secret
            .map_or_else(|| NO_SECRET.to_owned(), |secret| secret.to_string()),
    )
}

/// Stands in a key for the secret if there is none.
const NO_SECRET: &str = "-";

/// What an expiry key says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expiry {
    /// How the delivery ended.
    pub(crate) finish: Finish,
    /// The end of the hour when it did.
    pub(crate) end: Timestamp,
    /// Its id.
    pub(crate) guid: DeliveryGuid,
    /// Its event; none if an older version wrote the key.
    pub(crate) event: Option<String>,
    /// Which secret signed it; none if none is known to.
    pub(crate) secret: Option<u32>,
}

/// Reads an expiry key; none for any other.
pub(crate) fn parse_expiry_key(key: &str) -> Option<Expiry> {
    let mut parts = key.strip_prefix("expiry/")?.split('/');
    let finish = match parts.next()? {
        "done" => Finish::Done,
        "dead" => Finish::Dead,
        _ => return None,
    };
    let hour: i64 = parts.next()?.parse().ok()?;
    let end = hour.checked_add(1)?.checked_mul(HOUR_MILLISECONDS)?;
    Some(Expiry {
        finish,
        end: Timestamp::from_milliseconds(end),
        guid: parts.next()?.parse().ok()?,
        event: parts.next().map(str::to_owned),
        secret: parts.next().and_then(|secret| secret.parse().ok()),
    })
}

/// The end of the hour of `at`, as [`parse_expiry_key`] gives it.
pub(crate) fn end_of_hour(at: Timestamp) -> Timestamp {
    let hour = at.milliseconds().div_euclid(HOUR_MILLISECONDS);
    Timestamp::from_milliseconds(hour.saturating_add(1).saturating_mul(HOUR_MILLISECONDS))
}

/// What waits in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pending {
    /// Deliveries that are due.
    pub due: Vec<DeliveryGuid>,
    /// When the next one of the others is; none if there are no others.
    pub next_at: Option<Timestamp>,
}

impl Pending {
    fn ask_again(&mut self, at: Timestamp) {
        self.next_at = Some(self.next_at.map_or(at, |next_at| next_at.min(at)));
    }
}

impl<S: Store, H, C: Clock, L> Inbox<S, H, C, L> {
    /// Up to `limit` deliveries that are due. Of a long queue a part is read, and another part each second.
    pub async fn due(&self, limit: usize) -> Result<Vec<DeliveryGuid>, StoreError> {
        Ok(self.pending(limit).await?.due)
    }

    /// Like [`Inbox::due`], and when to ask again.
    pub async fn pending(&self, limit: usize) -> Result<Pending, StoreError> {
        let now = self.clock.now();
        let keys = self.store.keys(Label::Queue).await?;
        let mut guids: Vec<&str> = keys
            .iter()
            .filter_map(|key| key.strip_prefix("delivery/"))
            .collect();
        guids.sort_unstable();
        let parts = guids.len().div_ceil(READ_MAX).max(1);
        // Callers come at the same second of each minute: the minute decides too which part is read.
        let turn = now.milliseconds().div_euclid(1000) + now.milliseconds().div_euclid(60_000);
        guids.rotate_left(usize::try_from(turn).unwrap_or(0) % parts * READ_MAX);
        let mut pending = Pending::default();
        if parts > 1 {
            pending.ask_again(now);
        }
        for guid in guids.into_iter().take(READ_MAX) {
            if pending.due.len() == limit {
                pending.ask_again(now);
                break;
            }
            let Ok(guid) = guid.parse::<DeliveryGuid>() else {
                continue;
            };
            let value = self.store.get(Label::Queue, &delivery_key(&guid)).await?;
            let Some(value) = value else { continue };
            match Record::parse(&value) {
                Ok(record) if record.head.next_attempt_at > now => {
                    pending.ask_again(record.head.next_attempt_at);
                }
                // A damaged one is due too: processing it buries it.
                Ok(_) | Err(_) => pending.due.push(guid),
            }
        }
        Ok(pending)
    }

    /// Deletes deliveries that were done more than `retention` ago, and dead ones after 30 days if that is longer; at most 500
    /// in one call. Returns how many it deleted.
    pub async fn expire(&self, retention: Duration) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let keys = self.store.keys(Label::Inbox).await?;
        let mut old: Vec<(&str, DeliveryGuid)> = keys
            .iter()
            .filter_map(|key| {
                let expiry = parse_expiry_key(key)?;
                let kept_until = expiry.end.after(kept_for(expiry.finish, retention));
                (kept_until <= now).then_some((key.as_str(), expiry.guid))
            })
            .collect();
        old.sort_unstable_by_key(|(key, ..)| *key);
        old.truncate(EXPIRE_MAX);
        let mut deleted = 0;
        for batch in old.chunks(EXPIRE_BATCH) {
            let mut gone = Vec::new();
            for (expiry, guid) in batch {
                gone.push((*expiry).to_owned());
                let key = delivery_key(guid);
                if self.is_over(&key, retention, now).await? {
                    gone.push(key);
                    deleted += 1;
                }
            }
            let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
            self.store.delete_many(Label::Inbox, &gone).await?;
        }
        Ok(deleted)
    }

    /// Whether the finished delivery at `key` has been kept long enough at `now`. One that was run again ended later than its first
    /// expiry key says, perhaps otherwise, and has another.
    async fn is_over(
        &self,
        key: &str,
        retention: Duration,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let value = self.store.get(Label::Inbox, key).await?;
        Ok(value.is_some_and(|value| {
            Record::parse(&value).map_or(true, |record| {
                let kept = kept_for(record.head.finish.unwrap_or(Finish::Done), retention);
                record
                    .head
                    .finished_at
                    .is_none_or(|finished_at| finished_at.after(kept) <= now)
            })
        }))
    }
}

fn kept_for(finish: Finish, retention: Duration) -> Duration {
    match finish {
        Finish::Done => retention,
        Finish::Dead => retention.max(DEAD_RETENTION),
    }
}

#[cfg(test)]
mod tests;
