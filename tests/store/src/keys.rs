//! Keys: any text, listed whole and once, apart by label.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use ports::{Label, Store};

use crate::{expect, key};

/// So many keys are listed: a queue that is far behind.
const MANY: usize = 2_000;

/// Names that something on the way might take for something else.
const ODD: [&str; 18] = [
    "a/b//c/",
    "/",
    " two  blanks ",
    "tab\tand\nline",
    "Größe",
    "Gro\u{308}ße",
    "🚢",
    "percent%2Fencoded",
    "question?mark&equals=",
    "glob*[a-z]",
    "'; DROP TABLE spin_key_value; --",
    "\"quoted\"",
    "back\\slash",
    "Case",
    "case",
    "{brace}",
    "a:b|c",
    "\u{202e}right to left",
];

/// The longest key that is tried: several times as long as any of Slipway's.
const LONGEST: usize = 2_000;

/// Odd keys are kept apart from each other, as values and as counters, and listed as they are.
pub(crate) async fn any_text_is_one(store: &impl Store) -> Result<()> {
    let long = "long ".repeat(LONGEST / 5);
    let names: Vec<&str> = ODD.into_iter().chain([long.as_str()]).collect();
    let values: Vec<String> = names.iter().map(|name| key("odd", name)).collect();
    let counters: Vec<String> = names.iter().map(|name| key("odd counter", name)).collect();
    for (number, key) in values.iter().enumerate() {
        let value = number.to_string();
        store
            .set(Label::Default, key, value.as_bytes())
            .await
            .with_context(|| format!("{key:?}"))?;
    }
    for (number, key) in counters.iter().enumerate() {
        let sum = store.increment(Label::Default, key, number as i64).await;
        let sum = sum.with_context(|| format!("{key:?}"))?;
        ensure!(
            sum == number as i64,
            "the counter {key:?} began at {}",
            sum - number as i64
        );
    }
    for (number, key) in values.iter().enumerate() {
        expect(
            store,
            Label::Default,
            key,
            Some(number.to_string().as_bytes()),
        )
        .await?;
    }
    let all: Vec<&str> = values.iter().chain(&counters).map(String::as_str).collect();
    expect_listed(store, Label::Default, "odd", &all).await?;
    Ok(store.delete_many(Label::Default, &all).await?)
}

/// All keys are listed, counters too, and each once.
pub(crate) async fn are_listed_once(store: &impl Store) -> Result<()> {
    let keys: Vec<String> = (0..MANY)
        .map(|number| key("listed", &number.to_string()))
        .collect();
    for batch in keys.chunks(100) {
        let pairs: Vec<(&str, &[u8])> = batch
            .iter()
            .map(|key| (key.as_str(), &b"value"[..]))
            .collect();
        store.set_many(Label::Queue, &pairs).await?;
    }
    let counter = key("listed", "counter");
    store.increment(Label::Queue, &counter, 1).await?;
    let mut all: Vec<&str> = keys.iter().map(String::as_str).collect();
    all.push(&counter);
    expect_listed(store, Label::Queue, "listed", &all).await?;
    for batch in all.chunks(100) {
        store.delete_many(Label::Queue, batch).await?;
    }
    expect_listed(store, Label::Queue, "listed", &[]).await
}

/// One key has a value, a counter or nothing, in each label by itself.
pub(crate) async fn labels_are_apart(store: &impl Store) -> Result<()> {
    let key = key("labels", "same");
    store.set(Label::Queue, &key, b"queue").await?;
    expect(store, Label::Inbox, &key, None).await?;
    let sum = store.increment(Label::Default, &key, 7).await?;
    ensure!(sum == 7, "the counter in default began at {}", sum - 7);
    expect(store, Label::Queue, &key, Some(b"queue")).await?;
    expect_listed(store, Label::Inbox, "labels", &[]).await?;
    store.set(Label::Inbox, &key, b"inbox").await?;
    store.delete_many(Label::Queue, &[&key]).await?;
    expect(store, Label::Inbox, &key, Some(b"inbox")).await?;
    let sum = store.increment(Label::Default, &key, 0).await?;
    ensure!(
        sum == 7,
        "the counter in default is {sum} after a deletion in queue"
    );
    store.delete_many(Label::Default, &[&key]).await?;
    Ok(store.delete_many(Label::Inbox, &[&key]).await?)
}

/// Holds that of the keys of `check` exactly these are listed, each once.
async fn expect_listed(store: &impl Store, label: Label, check: &str, keys: &[&str]) -> Result<()> {
    let prefix = format!("contract/{check}");
    let listed = store.keys(label).await.context("listing the keys")?;
    let listed: Vec<&str> = listed
        .iter()
        .map(String::as_str)
        .filter(|key| key.starts_with(&prefix))
        .collect();
    let expected: BTreeSet<&str> = keys.iter().copied().collect();
    let found: BTreeSet<&str> = listed.iter().copied().collect();
    let missing: Vec<_> = expected.difference(&found).take(5).collect();
    let strange: Vec<_> = found.difference(&expected).take(5).collect();
    ensure!(
        missing.is_empty() && strange.is_empty(),
        "not listed: {missing:?}; listed and not there: {strange:?}"
    );
    ensure!(
        listed.len() == found.len(),
        "{} keys are listed {} times",
        found.len(),
        listed.len()
    );
    Ok(())
}
