//! Acts of earlier versions, which have no number: each is under its own key `audit/<milliseconds>/<mark>`. They are carried over, the
//! newest first, to before the first number of this version.
//!
//! Finding those keys lists the store. That is done until there are none, and once a day after that: an earlier version may have
//! run beside this one, or for a while instead of it.

use std::time::Duration;

use domain::{Timestamp, audit::ActKey};
use ports::{Label, Store, StoreError};

use super::{BATCH, END, begin, entry_key, noted_key, set_begin};

/// When the last one was carried over, or none was there.
const LOOKED_AT: &str = "journal/looked-at";
const LOOK_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// The counter of numbers before the first, downwards.
const BEFORE: &str = "journal/before";
/// So often it is looked whether somebody else wrote where the journal begins.
const BEGIN_TRIES: usize = 8;
/// So many are carried over in one run.
const CARRY_MAX: usize = 2_000;

/// Carries over up to 2,000 acts, if it is time to look for them.
pub async fn carry_over(store: &impl Store, now: Timestamp) -> Result<(), StoreError> {
    let looked_at = store.get(Label::Ledger, LOOKED_AT).await?;
    let looked_at = looked_at.and_then(|value| std::str::from_utf8(&value).ok()?.parse().ok());
    let looked_at = looked_at.map(Timestamp::from_milliseconds);
    // A time to come was noted by a clock that was wrong.
    if looked_at.is_some_and(|at| at <= now && at.after(LOOK_EVERY) > now) {
        return Ok(());
    }
    let keys = store.keys(Label::Ledger).await?;
    let mut old: Vec<ActKey> = keys.iter().filter_map(|key| key.parse().ok()).collect();
    old.sort_unstable_by(|left, right| right.cmp(left));
    let is_all = old.len() <= CARRY_MAX;
    old.truncate(CARRY_MAX);
    let many = i64::try_from(old.len()).unwrap_or_default();
    let newest = if looked_at.is_some() || old.is_empty() {
        store.increment(Label::Ledger, END, many).await?
    } else {
        let taken = store
            .increment(Label::Ledger, BEFORE, many.saturating_neg())
            .await?;
        begin_there(store).await?;
        taken.saturating_add(many).saturating_sub(1)
    };
    let numbers = (0..).map(|older: i64| newest.saturating_sub(older));
    let numbered: Vec<(i64, &ActKey)> = numbers.zip(&old).collect();
    for batch in numbered.chunks(BATCH / 2) {
        carry(store, batch).await?;
    }
    if is_all {
        let noted = now.milliseconds().to_string();
        store
            .set(Label::Ledger, LOOKED_AT, noted.as_bytes())
            .await?;
    }
    Ok(())
}

/// Has the journal begin at the lowest number that was taken. Whoever does so at the same time may write a higher one, and sees it then.
async fn begin_there(store: &impl Store) -> Result<(), StoreError> {
    for _ in 0..BEGIN_TRIES {
        let lowest = store.increment(Label::Ledger, BEFORE, 0).await?;
        if begin(store).await? <= lowest {
            break;
        }
        set_begin(store, lowest).await?;
    }
    Ok(())
}

async fn carry(store: &impl Store, batch: &[(i64, &ActKey)]) -> Result<(), StoreError> {
    let (mut pairs, mut gone) = (Vec::new(), Vec::new());
    for (number, key) in batch {
        let (at, noted) = (key.to_string(), noted_key(key));
        // It was carried over before, by whoever died then, or noted again since.
        let is_noted = store.get(Label::Ledger, &noted).await?.is_some();
        let value = store.get(Label::Ledger, &at).await?;
        if let Some(value) = value.filter(|_| !is_noted) {
            pairs.push((noted, value));
            pairs.push((entry_key(*number), at.clone().into_bytes()));
        }
        gone.push(at);
    }
    let pairs: Vec<(&str, &[u8])> = pairs
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_slice()))
        .collect();
    store.set_many(Label::Ledger, &pairs).await?;
    let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
    store.delete_many(Label::Ledger, &gone).await
}
