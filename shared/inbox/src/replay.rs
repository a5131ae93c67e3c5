//! Runs a delivery again because a person asks for it.

use domain::DeliveryGuid;
use ports::{Clock, Label, Level, Log, Store, StoreError};

use crate::{Inbox, delivery_key};

/// What became of the wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// It is pending again, due at once, with all its attempts before it.
    Queued,
    /// It is being processed just now.
    InHand,
    /// It is not stored, or can no longer be read.
    NotFound,
}

impl<S: Store, H, C: Clock, L: Log> Inbox<S, H, C, L> {
    /// Makes the delivery `guid` pending again, whether it is dead, done, or waits for its next attempt. Facts that it tells a
    /// second time change nothing.
    pub async fn replay(&self, guid: &DeliveryGuid) -> Result<Replay, StoreError> {
        let Some(mut record) = self.stored(guid).await? else {
            return Ok(Replay::NotFound);
        };
        let now = self.clock.now();
        let head = &mut record.head;
        if head.finish.is_none() && head.is_in_hand(now) {
            return Ok(Replay::InHand);
        }
        head.attempts = 0;
        head.claimed = false;
        head.next_attempt_at = now;
        head.finish = None;
        head.finished_at = None;
        let value = record.encode(Label::Queue)?;
        self.store
            .set(Label::Queue, &delivery_key(guid), &value)
            .await?;
        self.tell(Level::Info, "delivery is to be run again", &record.head);
        Ok(Replay::Queued)
    }
}

#[cfg(test)]
mod tests;
