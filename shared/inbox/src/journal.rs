//! The journals: finished deliveries in the order in which they ended, one journal for each way to end.
//!
//! An entry has a number, and whoever ends a delivery takes the next one of a counter; so the newest are found from the counter down
//! and the oldest from where the journal begins up, and nobody lists keys. A number whose writer died before the entry was written
//! stays a hole. What was run again has a later entry; the one before it fits its record no more and is passed over.

use domain::{DeliveryGuid, RepositoryId, Timestamp};
use ports::{Label, Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::{Finish, Head, Inbox};

/// One ended delivery, with what it is found and counted by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Its id.
    pub(crate) guid: DeliveryGuid,
    /// When it ended.
    pub(crate) finished_at: Timestamp,
    /// Its event; none if it is not known any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<String>,
    /// The repository that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) repository: Option<RepositoryId>,
    /// Which secret signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<u32>,
}

impl Entry {
    /// Of a delivery that ended then.
    pub(crate) fn of(head: &Head, finished_at: Timestamp) -> Self {
        Self {
            guid: head.guid.clone(),
            finished_at,
            event: Some(head.event.clone()),
            repository: head.repository,
            secret: head.secret,
        }
    }

    /// Whether this is where the delivery ended last.
    pub(crate) fn fits(&self, finish: Finish, head: &Head) -> bool {
        head.finish == Some(finish) && head.finished_at == Some(self.finished_at)
    }

    /// As it is stored.
    pub(crate) fn encode(&self) -> Vec<u8> {
        // Plain data with text keys: serde_json cannot fail on it.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// The key of an entry.
pub(crate) fn entry_key(finish: Finish, number: i64) -> String {
    format!("journal/{}/{number}", finish.name())
}

fn end_key(finish: Finish) -> String {
    format!("journal/{}/end", finish.name())
}

fn begin_key(finish: Finish) -> String {
    format!("journal/{}/begin", finish.name())
}

impl<S: Store, H, C, L> Inbox<S, H, C, L> {
    /// The next number of the journal, taken.
    pub(crate) async fn next_number(&self, finish: Finish) -> Result<i64, StoreError> {
        self.reserve(finish, 1).await
    }

    /// The highest number that was taken; 0 if none was.
    pub(crate) async fn end(&self, finish: Finish) -> Result<i64, StoreError> {
        self.reserve(finish, 0).await
    }

    /// Takes so many numbers at the journal's end, and returns the highest.
    pub(crate) async fn reserve(&self, finish: Finish, many: i64) -> Result<i64, StoreError> {
        let key = end_key(finish);
        self.store.increment(Label::Inbox, &key, many).await
    }

    /// The entry with this number; none at a hole, or if it is damaged.
    pub(crate) async fn entry(
        &self,
        finish: Finish,
        number: i64,
    ) -> Result<Option<Entry>, StoreError> {
        let key = entry_key(finish, number);
        let value = self.store.get(Label::Inbox, &key).await?;
        Ok(value.and_then(|value| serde_json::from_slice(&value).ok()))
    }

    /// The number before which the journal has no entry.
    pub(crate) async fn begin(&self, finish: Finish) -> Result<i64, StoreError> {
        let value = self.store.get(Label::Inbox, &begin_key(finish)).await?;
        let begin = value.and_then(|value| std::str::from_utf8(&value).ok()?.parse().ok());
        Ok(begin.unwrap_or(1))
    }

    /// Stores where the journal begins. Two that do it at once may undo each other: then the next one finds holes, and goes on.
    pub(crate) async fn set_begin(&self, finish: Finish, begin: i64) -> Result<(), StoreError> {
        let (key, value) = (begin_key(finish), begin.to_string());
        self.store.set(Label::Inbox, &key, value.as_bytes()).await
    }
}
