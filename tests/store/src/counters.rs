//! Counters: the only thing that exclusion is built on.

use anyhow::{Result, ensure};
use futures_util::future::join_all;
use ports::{Label, Store};

use crate::{expect, key};

/// So many increment a counter at the same time.
const AT_ONCE: i64 = 40;

/// A counter that was never incremented stands at 0, and adds up what comes, negative and nothing included.
pub(crate) async fn begin_at_zero(store: &impl Store) -> Result<()> {
    let key = key("counter", "sum");
    let mut sum = 0;
    for delta in [0, 1, 1, 40, -43, 0, 1_000_000_000_000] {
        sum += delta;
        let found = store.increment(Label::Default, &key, delta).await?;
        ensure!(found == sum, "{found} after adding {delta}, expected {sum}");
    }
    Ok(store.delete_many(Label::Default, &[&key]).await?)
}

/// A counter is deleted as any key, and begins at 0 again.
pub(crate) async fn begin_anew(store: &impl Store) -> Result<()> {
    let key = key("counter", "deleted");
    for _ in 0..2 {
        let found = store.increment(Label::Default, &key, 1).await?;
        ensure!(found == 1, "{found} after the first increment");
        store.delete_many(Label::Default, &[&key]).await?;
        expect(store, Label::Default, &key, None).await?;
    }
    Ok(())
}

/// Of many who increment an absent counter at the same time each gets a number of its own, from 1 on without a gap: so exactly one
/// is the first.
pub(crate) async fn have_one_first<S: Store>(one: &S, other: &S) -> Result<()> {
    for round in 0..5 {
        let key = key("counter", &format!("first/{round}"));
        let sums = join_all((0..AT_ONCE).map(|number| {
            let store = if number % 2 == 0 { one } else { other };
            store.increment(Label::Default, &key, 1)
        }));
        let mut found = Vec::new();
        for sum in sums.await {
            found.push(sum?);
        }
        found.sort_unstable();
        ensure!(
            found == (1..=AT_ONCE).collect::<Vec<_>>(),
            "{AT_ONCE} increments at once gave {found:?}"
        );
        one.delete_many(Label::Default, &[&key]).await?;
    }
    Ok(())
}
