//! Taking a delivery in: durable with one write, and only once.

use std::time::Duration;

use domain::{DeliveryGuid, RepositoryId, Timestamp};
use ports::{Clock, Label, Store, StoreError};

use crate::{Finish, Head, Inbox, Record, Unreadable, delivery_key, process::CLAIM};

/// A new delivery is left for so long to the request that took it in before anybody else may process it.
pub(crate) const FIRST_CLAIM: Duration = Duration::from_secs(10);

/// A delivery that has come and concerns a component.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// GitHub's id of it.
    pub guid: DeliveryGuid,
    /// Its event.
    pub event: String,
    /// The payload's action.
    pub action: Option<String>,
    /// The repository that it is about.
    pub repository: Option<RepositoryId>,
    /// Which webhook secret signed it, by its position from 0; none for one that was fetched from GitHub.
    pub secret: Option<u32>,
    /// The payload's JSON.
    pub payload: Vec<u8>,
}

/// A delivery that is stored, and that whoever holds this processes next: [`Inbox::run`].
#[derive(Debug)]
#[must_use = "a claimed delivery waits until it is run or its claim runs out"]
pub struct Claimed(pub(crate) Record);

/// What became of a delivery that came.
#[derive(Debug)]
pub enum Acceptance {
    /// It is stored and to be processed.
    Accepted(Claimed),
    /// It came before, and is done or in hand.
    Duplicate,
}

impl<S: Store, H, C: Clock, L> Inbox<S, H, C, L> {
    /// Takes `incoming` in, unless it came before and is done or in hand. One that failed before is run again: GitHub uses the
    /// same id when it is asked to deliver again. Of two copies at the same time both may be accepted.
    pub async fn accept(&self, incoming: Incoming) -> Result<Acceptance, StoreError> {
        let now = self.clock.now();
        let key = delivery_key(&incoming.guid);
        // First here, then there: a delivery that is finished meanwhile is written there before it is taken away here.
        if let Some(value) = self.store.get(Label::Queue, &key).await? {
            match Record::parse(&value) {
                Ok(record) if !record.head.is_in_hand(now) => {
                    return self
                        .claim(record, now, CLAIM)
                        .await
                        .map(Acceptance::Accepted);
                }
                Ok(_) | Err(Unreadable::Newer { .. }) => return Ok(Acceptance::Duplicate),
                // Here it is again, whole.
                Err(Unreadable::Damaged { .. }) => {}
            }
        }
        if let Some(value) = self.store.get(Label::Inbox, &key).await? {
            match Record::parse(&value).map(|record| record.head.finish) {
                Ok(Some(Finish::Done)) | Err(Unreadable::Newer { .. }) => {
                    return Ok(Acceptance::Duplicate);
                }
                Ok(Some(Finish::Dead) | None) | Err(Unreadable::Damaged { .. }) => {}
            }
        }
        let mut head = Head::new(incoming.guid, incoming.event, now);
        head.action = incoming.action;
        head.repository = incoming.repository;
        head.secret = incoming.secret;
        let record = Record {
            head,
            payload: incoming.payload,
        };
        self.claim(record, now, FIRST_CLAIM)
            .await
            .map(Acceptance::Accepted)
    }

    /// Stores `record` as being processed from `now` on, for at most `duration`.
    pub(crate) async fn claim(
        &self,
        mut record: Record,
        now: Timestamp,
        duration: Duration,
    ) -> Result<Claimed, StoreError> {
        record.head.attempts = record.head.attempts.saturating_add(1);
        record.head.claimed = true;
        record.head.next_attempt_at = now.after(duration);
        let key = delivery_key(&record.head.guid);
        let value = record.encode(Label::Queue)?;
        self.store.set(Label::Queue, &key, &value).await?;
        Ok(Claimed(record))
    }
}
