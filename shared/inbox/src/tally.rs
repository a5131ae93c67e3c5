//! Counts deliveries for machines. What is finished is told by keys alone; of what is pending a few are read.

use std::collections::BTreeMap;

use domain::Timestamp;
use ports::{Label, Store, StoreError};

use crate::{Inbox, Record, Status, delivery_key, listing::parse_expiry_key};

/// So many pending deliveries are read at most to find the oldest: payloads are large.
const READ_MAX: usize = 50;

/// How deliveries stand. One that was run again counts once more until it expires.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Finished ones that are still kept, and how many.
    pub kept: BTreeMap<Kept, u64>,
    /// The end of the last hour in which a delivery ended that this secret signed, by its position from 0.
    pub secrets: BTreeMap<u32, Timestamp>,
    /// How many are to be processed.
    pub pending: u64,
    /// Of pending ones that were read: how many.
    pub read: u64,
    /// Of those the oldest's time of arrival.
    pub oldest: Option<Timestamp>,
    /// Of those how many failed before.
    pub retried: u64,
}

/// What finished deliveries are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept {
    /// The event; none if it is not known any more.
    pub event: Option<String>,
    /// `done` or `dead`.
    pub status: &'static str,
    /// The position of the secret that signed it, from 0.
    pub secret: Option<u32>,
}

impl<S: Store, H, C, L> Inbox<S, H, C, L> {
    /// Counts all of them: two listings of keys, and at most 50 reads.
    pub async fn tally(&self) -> Result<Tally, StoreError> {
        let mut tally = Tally::default();
        for key in self.store.keys(Label::Inbox).await? {
            let Some(expiry) = parse_expiry_key(&key) else {
                continue;
            };
            if let Some(secret) = expiry.secret {
                let last = tally.secrets.entry(secret).or_default();
                *last = expiry.end.max(*last);
            }
            let kept = Kept {
                event: expiry.event,
                status: Status::from(expiry.finish).name(),
                secret: expiry.secret,
            };
            *tally.kept.entry(kept).or_default() += 1;
        }
        for key in self.store.keys(Label::Queue).await? {
            let Some(Ok(guid)) = key.strip_prefix("delivery/").map(str::parse) else {
                continue;
            };
            tally.pending += 1;
            if tally.pending <= READ_MAX as u64 {
                let value = self.store.get(Label::Queue, &delivery_key(&guid)).await?;
                tally.look_at(value.as_deref());
            }
        }
        Ok(tally)
    }
}

impl Tally {
    fn look_at(&mut self, value: Option<&[u8]>) {
        let Some(Ok(record)) = value.map(Record::parse) else {
            return;
        };
        let received_at = record.head.received_at;
        self.read += 1;
        self.oldest = Some(
            self.oldest
                .map_or(received_at, |oldest| oldest.min(received_at)),
        );
        self.retried += u64::from(record.head.last_error.is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{inbox, incoming, now};

    #[test]
    fn deliveries_are_counted_by_event_outcome_and_secret() {
        let inbox = inbox();
        let claimed = inbox.accepted("a-1");
        now(inbox.run(claimed)).unwrap();
        let waiting = inbox.accepted("b-1");
        let tally = now(inbox.tally()).unwrap();
        let kept: Vec<_> = tally.kept.iter().collect();
        let expected = Kept {
            event: Some(incoming("a-1").event),
            status: "done",
            secret: Some(1),
        };
        assert_eq!(kept, [(&expected, &1)]);
        assert_eq!(tally.secrets.keys().collect::<Vec<_>>(), [&1]);
        assert_eq!((tally.pending, tally.read, tally.retried), (1, 1, 0));
        assert_eq!(tally.oldest, Some(waiting.0.head.received_at));
    }

    #[test]
    fn a_delivery_that_an_older_version_finished_counts_without_event_and_secret() {
        let inbox = inbox();
        let key = "expiry/dead/498682/a-1";
        now(inbox.store.set(Label::Inbox, key, b"1")).unwrap();
        let tally = now(inbox.tally()).unwrap();
        let kept = Kept {
            event: None,
            status: "dead",
            secret: None,
        };
        assert_eq!(tally.kept, [(kept, 1)].into());
        assert!(tally.secrets.is_empty());
    }
}
