//! Finished deliveries of earlier versions, which have no entry in a journal but a key `expiry/<how>/<hour>/<guid>/…` each: they are
//! carried over, the newest first, to where nothing of this version is, before its first entry.
//!
//! Finding those keys lists the store. That is done until there are none, and once a day after that: an earlier version may have
//! run beside this one, or for a while instead of it.

use std::time::Duration;

use domain::{DeliveryGuid, Timestamp};
use ports::{Label, Store, StoreError};

use crate::{
    Finish, Inbox, Record, delivery_key,
    journal::{Entry, entry_key},
};

/// When the last one was carried over, or none was there.
const LOOKED_AT: &str = "journal/looked-at";
const LOOK_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// So many are carried over in one run, and so many with one write.
const CARRY_MAX: usize = 2_000;
const CARRY_BATCH: usize = 100;
/// So often it is looked whether somebody else wrote where the journal begins.
const BEGIN_TRIES: usize = 8;

const HOUR_MILLISECONDS: i64 = 60 * 60 * 1000;

/// What a key of an earlier version says.
struct Expiry<'key> {
    key: &'key str,
    finish: Finish,
    /// The end of the hour when the delivery ended.
    end: Timestamp,
    guid: DeliveryGuid,
    event: Option<&'key str>,
    secret: Option<u32>,
}

impl<'key> Expiry<'key> {
    /// None for any other key.
    fn parse(key: &'key str) -> Option<Self> {
        let mut parts = key.strip_prefix("expiry/")?.split('/');
        let name = parts.next()?;
        let finish = Finish::ALL
            .into_iter()
            .find(|finish| finish.name() == name)?;
        let hour: i64 = parts.next()?.parse().ok()?;
        Some(Self {
            key,
            finish,
            end: end_of(hour),
            guid: parts.next()?.parse().ok()?,
            event: parts.next(),
            secret: parts.next().and_then(|secret| secret.parse().ok()),
        })
    }

    /// The entry of what it says; none if the delivery ended once more since, or is gone.
    fn entry(&self, stored: Option<&[u8]>) -> Option<Entry> {
        match Record::parse(stored?) {
            Ok(Record { head, .. }) => {
                let Some(at) = head.finished_at else {
                    return Some(Entry::of(&head, self.end));
                };
                let is_then = end_of(at.milliseconds().div_euclid(HOUR_MILLISECONDS)) == self.end;
                let entry = Entry::of(&head, at);
                (is_then && entry.fits(self.finish, &head)).then_some(entry)
            }
            // Nobody can show it; it goes when its time has come.
            Err(_) => Some(Entry {
                guid: self.guid.clone(),
                finished_at: self.end,
                event: self.event.map(str::to_owned),
                repository: None,
                secret: self.secret,
            }),
        }
    }
}

/// The end of the hour, counted from 1970.
fn end_of(hour: i64) -> Timestamp {
    Timestamp::from_milliseconds(hour.saturating_add(1).saturating_mul(HOUR_MILLISECONDS))
}

impl<S: Store, H, C, L> Inbox<S, H, C, L> {
    /// Carries over up to 2,000 deliveries. Whether that were all.
    pub(crate) async fn carry_over(&self, now: Timestamp) -> Result<bool, StoreError> {
        let looked_at = self.store.get(Label::Inbox, LOOKED_AT).await?;
        let looked_at = looked_at.and_then(|value| std::str::from_utf8(&value).ok()?.parse().ok());
        let looked_at = looked_at.map(Timestamp::from_milliseconds);
        // A time to come was noted by a clock that was wrong.
        if looked_at.is_some_and(|at| at <= now && at.after(LOOK_EVERY) > now) {
            return Ok(true);
        }
        let keys = self.store.keys(Label::Inbox).await?;
        let mut old: Vec<Expiry<'_>> = keys.iter().filter_map(|key| Expiry::parse(key)).collect();
        old.sort_unstable_by(|left, right| (right.end, right.key).cmp(&(left.end, left.key)));
        let is_all = old.len() <= CARRY_MAX;
        old.truncate(CARRY_MAX);
        for finish in Finish::ALL {
            let ended: Vec<&Expiry<'_>> = old.iter().filter(|old| old.finish == finish).collect();
            let goes_below = looked_at.is_none();
            self.carry(finish, &ended, goes_below).await?;
        }
        if is_all {
            let noted = now.milliseconds().to_string();
            self.store
                .set(Label::Inbox, LOOKED_AT, noted.as_bytes())
                .await?;
        }
        Ok(is_all)
    }

    /// Gives entries to what ended before, the newest first: below all others, or above them.
    async fn carry(
        &self,
        finish: Finish,
        ended: &[&Expiry<'_>],
        goes_below: bool,
    ) -> Result<(), StoreError> {
        let mut entries = Vec::new();
        for old in ended {
            let stored = self
                .store
                .get(Label::Inbox, &delivery_key(&old.guid))
                .await?;
            entries.extend(old.entry(stored.as_deref()));
        }
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.finished_at));
        let many = i64::try_from(entries.len()).unwrap_or_default();
        let newest = if goes_below && many > 0 {
            self.below(finish, many).await?
        } else {
            self.reserve(finish, many).await?
        };
        let pairs: Vec<(String, Vec<u8>)> = (0..)
            .map(|older: i64| entry_key(finish, newest.saturating_sub(older)))
            .zip(entries.iter().map(Entry::encode))
            .collect();
        for batch in pairs.chunks(CARRY_BATCH) {
            let batch: Vec<(&str, &[u8])> = batch
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_slice()))
                .collect();
            self.store.set_many(Label::Inbox, &batch).await?;
        }
        // The last: what died on the way is carried over again, and listed twice until it expires.
        for batch in ended.chunks(CARRY_BATCH) {
            let keys: Vec<&str> = batch.iter().map(|old| old.key).collect();
            self.store.delete_many(Label::Inbox, &keys).await?;
        }
        Ok(())
    }

    /// Takes so many numbers before the journal's first one, has it begin there, and returns the highest of them.
    async fn below(&self, finish: Finish, many: i64) -> Result<i64, StoreError> {
        let key = format!("journal/{}/before", finish.name());
        let taken = self
            .store
            .increment(Label::Inbox, &key, many.saturating_neg())
            .await?;
        // Whoever does so at the same time may write a higher one, and sees it then.
        for _ in 0..BEGIN_TRIES {
            let lowest = self.store.increment(Label::Inbox, &key, 0).await?;
            if self.begin(finish).await? <= lowest {
                break;
            }
            self.set_begin(finish, lowest).await?;
        }
        Ok(taken.saturating_add(many).saturating_sub(1))
    }
}

#[cfg(test)]
mod tests;
