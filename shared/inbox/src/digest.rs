//! What the entries of a journal come to, by blocks of numbers: so that counting reads a few hundred entries, however many there are.
//!
//! A block is counted once it is well past. What was counted follows from the entries alone, so it may be counted twice, or anew.

use std::collections::BTreeMap;

use domain::Timestamp;
use ports::{Label, Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::{Finish, Inbox, journal::Entry};

/// So many numbers are a block.
const BLOCK: i64 = 250;

/// So many blocks are counted at most in one run.
const COUNT_MAX: usize = 8;

/// So many entries are read at most to count what no block has: more if nobody called `POST /reconcile` for long.
const TAIL_MAX: i64 = 4 * BLOCK;

/// The blocks that are counted, by their number: the block 0 begins with the entry 0.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Digest {
    /// Where the journal began.
    begin: i64,
    blocks: BTreeMap<i64, Vec<Count>>,
}

/// Entries that have event and secret in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Count {
    /// The event; none if it is not known any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<String>,
    /// Which secret signed them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<u32>,
    /// How many.
    pub(crate) number: u64,
    /// When the last of them ended.
    pub(crate) last: Timestamp,
}

/// Adds `more` to the counts.
fn add(counts: &mut Vec<Count>, more: &Count) {
    let like = |count: &&mut Count| count.event == more.event && count.secret == more.secret;
    match counts.iter_mut().find(like) {
        Some(count) => {
            count.number += more.number;
            count.last = count.last.max(more.last);
        }
        None => counts.push(more.clone()),
    }
}

impl From<Entry> for Count {
    fn from(entry: Entry) -> Self {
        Self {
            event: entry.event,
            secret: entry.secret,
            number: 1,
            last: entry.finished_at,
        }
    }
}

fn digest_key(finish: Finish) -> String {
    format!("journal/{}/digest", finish.name())
}

/// The block that the number is in.
const fn block_of(number: i64) -> i64 {
    number.div_euclid(BLOCK)
}

/// The first number of the block.
const fn first_of(block: i64) -> i64 {
    block.saturating_mul(BLOCK)
}

impl Digest {
    /// Forgets blocks that the journal has no more; and the one that it begins in, whose count is another if it began elsewhere.
    fn begin_at(&mut self, begin: i64) {
        if self.begin != begin {
            self.begin = begin;
            self.blocks = self.blocks.split_off(&block_of(begin).saturating_add(1));
        }
    }
}

impl<S: Store, H, C, L> Inbox<S, H, C, L> {
    async fn counted_blocks(&self, finish: Finish) -> Result<Digest, StoreError> {
        let value = self.store.get(Label::Inbox, &digest_key(finish)).await?;
        let digest = value.and_then(|value| serde_json::from_slice(&value).ok());
        Ok(digest.unwrap_or_default())
    }

    /// Counts blocks that are well past and not counted yet: a whole block comes after each, so nobody writes to it any more.
    pub(crate) async fn digest(
        &self,
        finish: Finish,
        begin: i64,
        end: i64,
    ) -> Result<(), StoreError> {
        let before = self.counted_blocks(finish).await?;
        let mut digest = before.clone();
        digest.begin_at(begin);
        let past = block_of(begin)..block_of(end).saturating_sub(1);
        let missing = past.filter(|block| !digest.blocks.contains_key(block));
        let missing: Vec<i64> = missing.take(COUNT_MAX).collect();
        for block in missing {
            let from = first_of(block).max(begin);
            let until = first_of(block.saturating_add(1));
            let counts = self.counted(finish, from..until).await?;
            digest.blocks.insert(block, counts);
        }
        if digest.blocks == before.blocks {
            return Ok(());
        }
        // Plain data: serde_json cannot fail on it.
        let value = serde_json::to_vec(&digest).unwrap_or_default();
        let key = digest_key(finish);
        self.store.set(Label::Inbox, &key, &value).await
    }

    async fn counted(
        &self,
        finish: Finish,
        numbers: std::ops::Range<i64>,
    ) -> Result<Vec<Count>, StoreError> {
        let mut counts = Vec::new();
        for number in numbers {
            if let Some(entry) = self.entry(finish, number).await? {
                add(&mut counts, &entry.into());
            }
        }
        Ok(counts)
    }

    /// What all entries of the journal come to. Of those that no block has the newest 1,000 are read; any others have no event.
    pub(crate) async fn counts(&self, finish: Finish) -> Result<Vec<Count>, StoreError> {
        let begin = self.begin(finish).await?;
        let end = self.end(finish).await?;
        let mut digest = self.counted_blocks(finish).await?;
        digest.begin_at(begin);
        let mut counts = Vec::new();
        let counted = digest.blocks.values().flatten();
        counted.for_each(|count| add(&mut counts, count));
        let mut left = TAIL_MAX;
        let mut unread = 0_u64;
        for block in (block_of(begin)..=block_of(end)).rev() {
            if digest.blocks.contains_key(&block) {
                continue;
            }
            let from = first_of(block).max(begin);
            let until = first_of(block.saturating_add(1)).min(end.saturating_add(1));
            let many = until.saturating_sub(from);
            if many > left {
                unread += u64::try_from(many).unwrap_or_default();
                continue;
            }
            left -= many;
            let read = self.counted(finish, from..until).await?;
            read.iter().for_each(|count| add(&mut counts, count));
        }
        if unread > 0 {
            counts.push(Count {
                event: None,
                secret: None,
                number: unread,
                last: Timestamp::default(),
            });
        }
        Ok(counts)
    }
}

#[cfg(test)]
mod tests;
