//! What is left of requests of the API: counters of minutes that are over, what people might see then, and answers that were kept
//! for a day.

use domain::Timestamp;
use ports::{Label, Store, StoreError};
use runtime::{access, once, rate};
use slipway_spin::SpinStore;

/// So many counters are deleted with one write.
const BATCH: usize = 100;

/// Deletes it.
pub(crate) async fn expire(now: Timestamp) -> Result<(), StoreError> {
    let store = SpinStore::new();
    let keys = store.keys(Label::Queue).await?;
    for over in [rate::over(&keys, now), access::over(&keys, now)] {
        for batch in over.chunks(BATCH) {
            store.delete_many(Label::Queue, batch).await?;
        }
    }
    once::expire(&store, &keys, now).await.map(drop)
}
