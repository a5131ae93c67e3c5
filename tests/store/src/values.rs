//! Values: any bytes, up to the size of a delivery.

use anyhow::{Context, Result};
use ports::{Label, Store};

use crate::{expect, key};

/// GitHub's largest payload and what is written before it.
const LARGEST: usize = 25 * 1024 * 1024 + 1024;

/// A value of any bytes comes back, an empty one too; a key that was never set has none.
pub(crate) async fn come_back(store: &impl Store) -> Result<()> {
    let every_byte: Vec<u8> = (0..=255).collect();
    let values: [&[u8]; 5] = [b"value", b"", b"\0", b"\xff\xfe not UTF-8", &every_byte];
    let key = key("values", "any");
    expect(store, Label::Queue, &key, None).await?;
    for value in values {
        store.set(Label::Queue, &key, value).await?;
        expect(store, Label::Queue, &key, Some(value)).await?;
    }
    Ok(store.delete_many(Label::Queue, &[&key]).await?)
}

/// The largest delivery comes back whole.
pub(crate) async fn large_ones_come_back(store: &impl Store) -> Result<()> {
    let key = key("values", "large");
    for bytes in [64 * 1024, 1024 * 1024, LARGEST] {
        let value: Vec<u8> = (0..bytes).map(|place| (place % 251) as u8).collect();
        let told = || format!("{bytes} bytes");
        store
            .set(Label::Queue, &key, &value)
            .await
            .with_context(told)?;
        expect(store, Label::Queue, &key, Some(&value))
            .await
            .with_context(told)?;
        store
            .set_many(Label::Queue, &[(&key, &value)])
            .await
            .with_context(told)?;
        expect(store, Label::Queue, &key, Some(&value))
            .await
            .with_context(told)?;
    }
    Ok(store.delete_many(Label::Queue, &[&key]).await?)
}

/// The last value that was set counts, whether it is longer or shorter.
pub(crate) async fn are_overwritten(store: &impl Store) -> Result<()> {
    let key = key("values", "overwritten");
    for value in [&b"first"[..], b"a second that is longer", b"3"] {
        store.set(Label::Default, &key, value).await?;
        expect(store, Label::Default, &key, Some(value)).await?;
    }
    Ok(store.delete_many(Label::Default, &[&key]).await?)
}

/// Deleting takes the value away, and is no error for a key that is not there.
pub(crate) async fn are_deleted(store: &impl Store) -> Result<()> {
    let key = key("values", "deleted");
    store
        .delete_many(Label::Inbox, &[&key])
        .await
        .context("a key that was never there")?;
    store.set(Label::Inbox, &key, b"value").await?;
    store.delete_many(Label::Inbox, &[&key]).await?;
    expect(store, Label::Inbox, &key, None).await?;
    store
        .delete_many(Label::Inbox, &[&key])
        .await
        .context("a key that is gone")?;
    store.set(Label::Inbox, &key, b"again").await?;
    expect(store, Label::Inbox, &key, Some(b"again")).await?;
    Ok(store.delete_many(Label::Inbox, &[&key]).await?)
}
