//! What lists a whole store, and is therefore never done while somebody waits: what is due, and what is too old.

use std::time::Duration;

use domain::{DeliveryGuid, Timestamp};
use ports::{Clock, Label, Store, StoreError};

use crate::{Finish, Inbox, Record, delivery_key};

/// How many pending deliveries are read at most to find those that are due: payloads are large.
const READ_MAX: usize = 200;

/// How many finished deliveries are looked at in one run, and how many of them go with one write.
const EXPIRE_MAX: usize = 500;
const EXPIRE_BATCH: usize = 50;

/// The dead are kept at least so long, for a person to see them.
const DEAD_RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

const HOUR_MILLISECONDS: i64 = 60 * 60 * 1000;

/// A key beside each finished delivery that says when it ended, so that old ones are found without reading any.
pub(crate) fn expiry_key(finish: Finish, finished_at: Timestamp, guid: &DeliveryGuid) -> String {
    format!(
        "expiry/{}/{}/{guid}",
        finish.name(),
        finished_at.milliseconds().div_euclid(HOUR_MILLISECONDS)
    )
}

/// How the delivery of an expiry key ended, the end of the hour when it did, and its id.
fn parse_expiry_key(key: &str) -> Option<(Finish, Timestamp, DeliveryGuid)> {
    let mut parts = key.strip_prefix("expiry/")?.splitn(3, '/');
    let finish = match parts.next()? {
        "done" => Finish::Done,
        "dead" => Finish::Dead,
        _ => return None,
    };
    let hour: i64 = parts.next()?.parse().ok()?;
    let end = hour.checked_add(1)?.checked_mul(HOUR_MILLISECONDS)?;
    Some((
        finish,
        Timestamp::from_milliseconds(end),
        parts.next()?.parse().ok()?,
    ))
}

impl<S: Store, H, C: Clock, L> Inbox<S, H, C, L> {
    /// Up to `limit` deliveries that are due. Of a long queue a part is read, and another part each second.
    pub async fn due(&self, limit: usize) -> Result<Vec<DeliveryGuid>, StoreError> {
        let now = self.clock.now();
        let keys = self.store.keys(Label::Queue).await?;
        let mut pending: Vec<&str> = keys
            .iter()
            .filter_map(|key| key.strip_prefix("delivery/"))
            .collect();
        pending.sort_unstable();
        let parts = pending.len().div_ceil(READ_MAX).max(1);
        let second = usize::try_from(now.milliseconds().div_euclid(1000)).unwrap_or(0);
        pending.rotate_left(second % parts * READ_MAX);
        let mut due = Vec::new();
        for guid in pending.into_iter().take(READ_MAX) {
            if due.len() == limit {
                break;
            }
            let Ok(guid) = guid.parse::<DeliveryGuid>() else {
                continue;
            };
            let value = self.store.get(Label::Queue, &delivery_key(&guid)).await?;
            // A damaged one is due too: processing it buries it.
            let is_due = value.is_some_and(|value| {
                Record::parse(&value).map_or(true, |record| record.head.next_attempt_at <= now)
            });
            if is_due {
                due.push(guid);
            }
        }
        Ok(due)
    }

    /// Deletes deliveries that were done more than `retention` ago, and dead ones after 30 days if that is longer; at most 500
    /// in one call. Returns how many it deleted.
    pub async fn expire(&self, retention: Duration) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let keys = self.store.keys(Label::Inbox).await?;
        let mut old: Vec<(&str, DeliveryGuid, Duration)> = keys
            .iter()
            .filter_map(|key| {
                let (finish, end, guid) = parse_expiry_key(key)?;
                let kept = kept_for(finish, retention);
                (end.after(kept) <= now).then_some((key.as_str(), guid, kept))
            })
            .collect();
        old.sort_unstable_by_key(|(key, ..)| *key);
        old.truncate(EXPIRE_MAX);
        let mut deleted = 0;
        for batch in old.chunks(EXPIRE_BATCH) {
            let mut gone = Vec::new();
            for (expiry, guid, kept) in batch {
                gone.push((*expiry).to_owned());
                let key = delivery_key(guid);
                if self.is_older(&key, *kept, now).await? {
                    gone.push(key);
                    deleted += 1;
                }
            }
            let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
            self.store.delete_many(Label::Inbox, &gone).await?;
        }
        Ok(deleted)
    }

    /// Whether the finished delivery at `key` ended more than `kept` before `now`. One that was run again ended later than its
    /// first expiry key says, and has another.
    async fn is_older(
        &self,
        key: &str,
        kept: Duration,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let value = self.store.get(Label::Inbox, key).await?;
        Ok(value.is_some_and(|value| {
            Record::parse(&value).map_or(true, |record| {
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
