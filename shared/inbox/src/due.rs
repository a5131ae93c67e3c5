//! What is due. Finding it lists `queue`, so it is never done while somebody waits.

use domain::{DeliveryGuid, Timestamp};
use ports::{Clock, Label, Store, StoreError};

use crate::{Inbox, Record, delivery_key};

/// How many pending deliveries are read at most to find those that are due: payloads are large.
const READ_MAX: usize = 200;

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
}

#[cfg(test)]
mod tests;
