//! What is left of requests of the API: counters of minutes that are over, and answers that were kept for a day.

use domain::Timestamp;
use ports::{Label, Store, StoreError};
use runtime::{once, rate};
use slipway_spin::SpinStore;

/// So many counters are deleted with one write.
const BATCH: usize = 100;

/// Deletes it.
pub(crate) async fn expire(now: Timestamp) -> Result<(), StoreError> {
    let store = SpinStore::new();
    let keys = store.keys(Label::Queue).await?;
    for batch in rate::over(&keys, now).chunks(BATCH) {
        store.delete_many(Label::Queue, batch).await?;
    }
    once::expire(&store, &keys, now).await.map(drop)
}
