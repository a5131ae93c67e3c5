//! What Slipway assumes of a key-value store, as checks for any of them. What is not checked here may not be assumed.
//!
//! [`broken`] runs all of them. It is run against the store in memory (here), the one of the simulation (`tests/sim`), and, through
//! a component over HTTP, those of the embedded host and of Spin (`tests/e2e`).

mod batches;
mod counters;
mod instances;
mod keys;
mod values;

use anyhow::{Context, Error, Result, ensure};
use ports::{Label, Store};

/// Checks every assumption, with `one` and `other` as two ways to the same four stores, which are empty. Returns those that do not
/// hold, each with what was found instead. What the checks write they delete again.
pub async fn broken<S: Store>(one: &S, other: &S) -> Vec<Error> {
    let mut broken = Vec::new();
    let mut note = |assumption: &str, checked: Result<()>| {
        broken.extend(
            checked
                .err()
                .map(|error| error.context(assumption.to_owned())),
        );
    };
    note(
        "a value comes back as it was set",
        values::come_back(one).await,
    );
    note(
        "a value as large as a delivery comes back",
        values::large_ones_come_back(one).await,
    );
    note("a value is overwritten", values::are_overwritten(one).await);
    note(
        "a key is deleted, there or not",
        values::are_deleted(one).await,
    );
    note("any text is a key", keys::any_text_is_one(one).await);
    note(
        "listing lists each key of the store once",
        keys::are_listed_once(one).await,
    );
    note("labels are apart", keys::labels_are_apart(one).await);
    note(
        "several keys are set and deleted at once",
        batches::set_and_delete(one).await,
    );
    note(
        "batches at the same time do not mix",
        batches::do_not_mix(one, other).await,
    );
    note("a counter begins at 0", counters::begin_at_zero(one).await);
    note(
        "a deleted counter begins anew",
        counters::begin_anew(one).await,
    );
    note(
        "of many at once exactly one is the first",
        counters::have_one_first(one, other).await,
    );
    note(
        "another instance sees what was written at once",
        instances::see_each_other(one, other).await,
    );
    note("the checks leave nothing behind", nothing_left(one).await);
    broken
}

/// A key of this check.
fn key(check: &str, name: &str) -> String {
    format!("contract/{check}/{name}")
}

async fn nothing_left(store: &impl Store) -> Result<()> {
    for label in Label::ALL {
        let keys = store.keys(label).await?;
        ensure!(keys.is_empty(), "{} holds {keys:?}", label.name());
    }
    Ok(())
}

/// Holds that `key` has this value, told by its first bytes and its length where it is another.
async fn expect(store: &impl Store, label: Label, key: &str, value: Option<&[u8]>) -> Result<()> {
    let found = store.get(label, key).await.context("reading it")?;
    let told = |value: Option<&[u8]>| match value {
        None => "nothing".to_owned(),
        Some(value) => {
            let start = value.get(..40).unwrap_or(value);
            format!(
                "{} bytes, {:?}",
                value.len(),
                String::from_utf8_lossy(start)
            )
        }
    };
    ensure!(
        found.as_deref() == value,
        "{} {key:?}: found {}, expected {}",
        label.name(),
        told(found.as_deref()),
        told(value)
    );
    Ok(())
}
