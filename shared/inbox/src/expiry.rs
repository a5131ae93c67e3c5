//! What is too old: found where the journals begin, and deleted from there on.

use std::time::Duration;

use domain::Timestamp;
use ports::{Clock, Label, Store, StoreError};

use crate::{Finish, Inbox, Record, delivery_key, journal::entry_key};

/// How many finished deliveries are deleted in one run, and how many of them go with one write.
const EXPIRE_MAX: usize = 500;
const EXPIRE_BATCH: usize = 50;

/// So many numbers are looked at in one run. If not one of so many has an entry, none will get any: so many writers are never on
/// their way at once.
const LOOK_MAX: usize = 2_000;

/// The dead are kept at least so long, for a person to see them.
const DEAD_RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Everything is kept at least so long. Whoever took a number before then has written its entry, or died.
const RETENTION_MIN: Duration = Duration::from_secs(60 * 60);

/// Further ahead than that is no clock that is nearly right.
const AHEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// Whether `at` was written by a clock that was wrong.
fn is_ahead(at: Timestamp, now: Timestamp) -> bool {
    at > now.after(AHEAD)
}

/// How long a delivery is kept that ended so.
fn kept_for(finish: Finish, retention: Duration) -> Duration {
    match finish {
        Finish::Done => retention.max(RETENTION_MIN),
        Finish::Dead => retention.max(DEAD_RETENTION),
    }
}

impl<S: Store, H, C: Clock, L> Inbox<S, H, C, L> {
    /// Deletes deliveries that were done more than `retention` ago (an hour at least), and dead ones after 30 days if that is longer;
    /// at most 500 of each in one call. Returns how many it deleted.
    pub async fn expire(&self, retention: Duration) -> Result<usize, StoreError> {
        let now = self.clock.now();
        if !self.carry_over(now).await? {
            return Ok(0);
        }
        let mut deleted = 0;
        for finish in Finish::ALL {
            deleted += self.expire_in(finish, retention, now).await?;
        }
        Ok(deleted)
    }

    async fn expire_in(
        &self,
        finish: Finish,
        retention: Duration,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let begin = self.begin(finish).await?;
        let end = self.end(finish).await?;
        let is_over = |at: Timestamp| at.after(kept_for(finish, retention)) <= now;
        let old = self.old(finish, begin..=end, (is_over, now)).await?;
        let mut deleted = 0;
        for batch in old.keys.chunks(EXPIRE_BATCH) {
            let mut gone = Vec::new();
            for (entry, delivery) in batch {
                gone.push(entry.as_str());
                let is_known = gone.contains(&delivery.as_str());
                if !is_known && self.is_over(delivery, retention, now).await? {
                    gone.push(delivery);
                    deleted += 1;
                }
            }
            self.store.delete_many(Label::Inbox, &gone).await?;
        }
        // After that: if this process dies before, the next one finds holes and goes on behind them.
        if old.begin != begin {
            self.set_begin(finish, old.begin).await?;
        }
        self.digest(finish, old.begin, end).await?;
        Ok(deleted)
    }

    /// The oldest entries that are over. One of a time to come was written by a clock that was wrong: it is as old as the next one.
    async fn old(
        &self,
        finish: Finish,
        numbers: std::ops::RangeInclusive<i64>,
        (is_over, now): (impl Fn(Timestamp) -> bool, Timestamp),
    ) -> Result<Old, StoreError> {
        let mut old = Old {
            begin: *numbers.start(),
            keys: Vec::new(),
        };
        let (mut looked_at, mut ahead) = (0, Vec::new());
        for number in numbers {
            looked_at += 1;
            match self.entry(finish, number).await? {
                Some(entry) if is_over(entry.finished_at) => {
                    let key = entry_key(finish, number);
                    old.keys.append(&mut ahead);
                    old.keys.push((key, delivery_key(&entry.guid)));
                    old.begin = number.saturating_add(1);
                }
                Some(entry) if is_ahead(entry.finished_at, now) => {
                    ahead.push((entry_key(finish, number), delivery_key(&entry.guid)));
                }
                Some(_) => break,
                // Perhaps its writer is on the way: it is passed with the next entry that is over.
                None => {}
            }
            if old.keys.len() >= EXPIRE_MAX {
                break;
            }
            if looked_at == LOOK_MAX {
                if old.keys.is_empty() && ahead.is_empty() {
                    old.begin = number.saturating_add(1);
                }
                break;
            }
        }
        Ok(old)
    }

    /// Whether the finished delivery at `key` has been kept long enough at `now`. One that was run again ended later than its first
    /// entry says, perhaps otherwise, and has another.
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
                    .is_none_or(|at| at.after(kept) <= now || is_ahead(at, now))
            })
        }))
    }
}

/// What is over in a journal.
struct Old {
    /// Where the journal begins without it.
    begin: i64,
    /// The keys of entries and their deliveries.
    keys: Vec<(String, String)>,
}

#[cfg(test)]
mod tests;
