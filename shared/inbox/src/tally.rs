//! Counts deliveries for machines. What is finished is told by the journals; of what is pending a few are read.

use std::collections::BTreeMap;

use domain::Timestamp;
use ports::{Label, Store, StoreError};

use crate::{Finish, Inbox, Record, Status, delivery_key, digest::Count};

/// So many pending deliveries are read at most to find the oldest: payloads are large.
const READ_MAX: usize = 50;

/// How deliveries stand. One that ended twice, being run again or by two processes, counts twice until it expires.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Finished ones that are still kept, and how many.
    pub kept: BTreeMap<Kept, u64>,
    /// When a delivery ended last that this secret signed, by its position from 0.
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
    /// Counts all of them: what journals begin with, their newest entries, a listing of `queue`, and at most 50 reads of deliveries.
    pub async fn tally(&self) -> Result<Tally, StoreError> {
        let mut tally = Tally::default();
        for finish in Finish::ALL {
            for count in self.counts(finish).await? {
                tally.keep(finish, count);
            }
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
    fn keep(&mut self, finish: Finish, count: Count) {
        if let Some(secret) = count.secret {
            let last = self.secrets.entry(secret).or_default();
            *last = count.last.max(*last);
        }
        let kept = Kept {
            event: count.event,
            status: Status::from(finish).name(),
            secret: count.secret,
        };
        *self.kept.entry(kept).or_default() += count.number;
    }

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
        for (key, value) in [("expiry/dead/498682/a-1", "1"), ("delivery/a-1", "damaged")] {
            now(inbox.store.set(Label::Inbox, key, value.as_bytes())).unwrap();
        }
        now(inbox.expire(std::time::Duration::ZERO)).unwrap();
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
