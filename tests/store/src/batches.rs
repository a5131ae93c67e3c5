//! Batches: several keys at once.

use anyhow::{Result, ensure};
use futures_util::future::join_all;
use ports::{Label, Store};

use crate::{expect, key};

/// So many batches are written at the same time.
const AT_ONCE: usize = 20;

/// A batch sets and overwrites all its keys and deletes all of them, those that are not there too. An empty one is none.
pub(crate) async fn set_and_delete(store: &impl Store) -> Result<()> {
    let keys = ["a", "b", "c"].map(|name| key("batch", name));
    let [a, b, c] = &keys;
    store.set(Label::Inbox, a, b"before").await?;
    store
        .set_many(Label::Inbox, &[(a, b"1"), (b, b"2"), (c, b"")])
        .await?;
    for (key, value) in [(a, &b"1"[..]), (b, b"2"), (c, b"")] {
        expect(store, Label::Inbox, key, Some(value)).await?;
    }
    store.set_many(Label::Inbox, &[]).await?;
    store.delete_many(Label::Inbox, &[]).await?;
    store
        .delete_many(Label::Inbox, &[a, "contract/batch/never there", c])
        .await?;
    expect(store, Label::Inbox, a, None).await?;
    expect(store, Label::Inbox, b, Some(b"2")).await?;
    expect(store, Label::Inbox, c, None).await?;
    Ok(store.delete_many(Label::Inbox, &[b]).await?)
}

/// Of batches over the same keys at the same time one is the last, for all of the keys.
pub(crate) async fn do_not_mix<S: Store>(one: &S, other: &S) -> Result<()> {
    let keys = ["a", "b", "c"].map(|name| key("mixed", name));
    let written = join_all((0..AT_ONCE).map(|number| {
        let (keys, store) = (&keys, if number % 2 == 0 { one } else { other });
        async move {
            let value = number.to_string();
            let [a, b, c] = keys.each_ref().map(|key| (key.as_str(), value.as_bytes()));
            // Two orders, in which locks taken one after the other would meet.
            let pairs = if number % 3 == 0 {
                [a, b, c]
            } else {
                [c, b, a]
            };
            store.set_many(Label::Queue, &pairs).await
        }
    }));
    for outcome in written.await {
        outcome?;
    }
    let [a, b, c] = &keys;
    let mut values = Vec::new();
    for key in [a, b, c] {
        values.push(one.get(Label::Queue, key).await?);
    }
    let same = values
        .iter()
        .all(|value| value.is_some() && Some(value) == values.first());
    ensure!(
        same,
        "after {AT_ONCE} batches the keys have values of different ones: {values:?}"
    );
    Ok(one.delete_many(Label::Queue, &[a, b, c]).await?)
}
