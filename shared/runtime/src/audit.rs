//! The audit in the store: one small value in `ledger` for each act of a person's, and a journal of them: a number for each, in the
//! order in which they were first noted. So the newest are found from the counter down, what is too old from the journal's begin up, and
//! nobody lists keys. A number whose writer died is a hole, and passed over.

mod carry;

use std::time::Duration;

use domain::{
    Timestamp,
    audit::{Act, ActKey},
};
use ports::{Label, Store, StoreError};

pub use carry::carry_over;

/// So many numbers are looked at at most for one page: a rare act is looked for over several pages.
const READ_MAX: usize = 200;
/// So many are deleted at once, and so many numbers looked at in one run.
const BATCH: usize = 100;
const EXPIRE_MAX: usize = 2_000;

/// Further ahead than that is no clock that is nearly right.
const AHEAD: Duration = Duration::from_secs(24 * 60 * 60);
/// The counter of numbers that were given.
const END: &str = "journal/end";
/// The lowest number that may have an entry.
const BEGIN: &str = "journal/begin";

/// A page of acts, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The acts.
    pub acts: Vec<Act>,
    /// After which number the next page begins; none at the end.
    pub next: Option<i64>,
}

/// Makes an act durable. What was noted under the key before is replaced, and stays where it is in the journal.
pub async fn note(store: &impl Store, key: &ActKey, act: &Act) -> Result<(), StoreError> {
    // Plain data with text keys: serde_json cannot fail on it.
    let value = serde_json::to_vec(act).unwrap_or_default();
    let noted = noted_key(key);
    if store.get(Label::Ledger, &noted).await?.is_some() {
        return store.set(Label::Ledger, &noted, &value).await;
    }
    let number = store.increment(Label::Ledger, END, 1).await?;
    let (entry, key) = (entry_key(number), key.to_string());
    let pairs: [(&str, &[u8]); 2] = [(&noted, &value), (&entry, key.as_bytes())];
    store.set_many(Label::Ledger, &pairs).await
}

/// Up to `limit` acts that are wanted, noted before the number `after`, the newest first.
pub async fn page(
    store: &impl Store,
    after: Option<i64>,
    limit: usize,
    is_wanted: impl Fn(&Act) -> bool,
) -> Result<Page, StoreError> {
    let begin = begin(store).await?;
    let newest = match after {
        Some(after) => after.saturating_sub(1),
        None => store.increment(Label::Ledger, END, 0).await?,
    };
    let mut page = Page::default();
    let mut shown = Vec::new();
    for (read, number) in (begin..=newest).rev().enumerate() {
        if page.acts.len() == limit || read == READ_MAX {
            page.next = Some(number.saturating_add(1));
            break;
        }
        let Some(key) = entry(store, number).await? else {
            continue;
        };
        // Two that noted one act at the same time gave it two numbers.
        if shown.contains(&key) {
            continue;
        }
        let value = store.get(Label::Ledger, &noted_key(&key)).await?;
        // One that was damaged, or is deleted just now, hides no other.
        let act = value.and_then(|value| serde_json::from_slice::<Act>(&value).ok());
        page.acts.extend(act.filter(|act| is_wanted(act)));
        shown.push(key);
    }
    Ok(page)
}

/// Deletes acts that are too old; returns how many.
pub async fn expire(store: &impl Store, now: Timestamp) -> Result<usize, StoreError> {
    let begin = begin(store).await?;
    let end = store.increment(Label::Ledger, END, 0).await?;
    let (mut next, mut over, mut ahead) = (begin, Vec::new(), Vec::new());
    let mut only_holes = true;
    for number in (begin..=end).take(EXPIRE_MAX) {
        match entry(store, number).await? {
            // Noted by a clock that was wrong: it is as old as the next one.
            Some(key) if key.at > now.after(AHEAD) => {
                ahead.push((entry_key(number), noted_key(&key)));
                only_holes = false;
            }
            Some(key) if key.is_over(now) => {
                over.append(&mut ahead);
                over.push((entry_key(number), noted_key(&key)));
                next = number.saturating_add(1);
                only_holes = false;
            }
            Some(_) => {
                only_holes = false;
                break;
            }
            // Perhaps its writer is on the way: it is passed with the next one that is over.
            None => {}
        }
    }
    let last = begin.saturating_add(i64::try_from(EXPIRE_MAX).unwrap_or_default());
    if only_holes && last <= end {
        // So many writers are never on their way at once.
        next = last;
    }
    for batch in over.chunks(BATCH) {
        let pairs = batch.iter();
        let keys: Vec<&str> = pairs
            .flat_map(|(entry, noted)| [entry.as_str(), noted.as_str()])
            .collect();
        store.delete_many(Label::Ledger, &keys).await?;
    }
    // The last: whoever dies before leaves holes, and the next one goes on behind them.
    if next != begin {
        set_begin(store, next).await?;
    }
    Ok(over.len())
}

/// Where an act is. Earlier versions stored it under its key itself.
fn noted_key(key: &ActKey) -> String {
    format!("noted/{key}")
}

fn entry_key(number: i64) -> String {
    format!("journal/{number}")
}

/// The act with this number; none at a hole.
async fn entry(store: &impl Store, number: i64) -> Result<Option<ActKey>, StoreError> {
    let value = store.get(Label::Ledger, &entry_key(number)).await?;
    Ok(value.and_then(|value| std::str::from_utf8(&value).ok()?.parse().ok()))
}

async fn begin(store: &impl Store) -> Result<i64, StoreError> {
    let value = store.get(Label::Ledger, BEGIN).await?;
    let begin = value.and_then(|value| std::str::from_utf8(&value).ok()?.parse().ok());
    Ok(begin.unwrap_or(1))
}

async fn set_begin(store: &impl Store, begin: i64) -> Result<(), StoreError> {
    let begin = begin.to_string();
    store.set(Label::Ledger, BEGIN, begin.as_bytes()).await
}

#[cfg(test)]
mod tests;
