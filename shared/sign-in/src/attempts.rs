//! How often somebody may try to sign in: counted in windows of a minute, for each client and for all together.

use std::time::Duration;

use domain::Timestamp;
use ports::{Store, StoreError};
use runtime::rate;

/// Of all clients together so many times the tries of one are taken: whoever has many addresses is bounded, too.
const CLIENTS: u64 = 20;

/// Counts a try of `client`, of whom `limit` are taken in each minute; 0 for any number. Returns when the next one may be taken,
/// if this one is not. What one client tries in vain is not counted for all, so nobody keeps all others out from one address.
pub(crate) async fn refused(
    store: &impl Store,
    client: &str,
    limit: u64,
    now: Timestamp,
) -> Result<Option<Duration>, StoreError> {
    if limit == 0 {
        return Ok(None);
    }
    let of_client = rate::count(store, &format!("sign-in of {client}"), limit, now).await?;
    if !of_client.is_taken {
        return Ok(Some(of_client.resets_in));
    }
    let all = limit.saturating_mul(CLIENTS);
    let of_all = rate::count(store, "sign-in of anybody", all, now).await?;
    Ok((!of_all.is_taken).then_some(of_all.resets_in))
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use ports::memory::MemoryStore;

    use super::*;

    #[test]
    fn a_client_may_try_a_few_times_in_a_minute_and_all_together_a_few_times_more() {
        let store = MemoryStore::default();
        let tried = |client: &str, seconds: i64| {
            let now = Timestamp::from_milliseconds(1_795_257_000_000 + seconds * 1_000);
            let refused = block_on(refused(&store, client, 2, now)).unwrap();
            refused.map(|after| after.as_secs())
        };
        let of_one: Vec<_> = [0, 1, 2, 59, 60].map(|at| tried("one", at)).into();
        assert_eq!(of_one, [None, None, Some(58), Some(1), None]);
        // In the minute from 60 on, 40 of all are taken: one of them was above.
        let taken = (0..45).filter(|number| tried(&format!("client {number}"), 70).is_none());
        assert_eq!(taken.count(), 39);
        assert_eq!(tried("one", 71), Some(49), "the limit is everybody's");
        let free = MemoryStore::default();
        let any = block_on(refused(&free, "one", 0, Timestamp::default()));
        assert_eq!(any, Ok(None));
        assert!(free.is_empty(), "nothing is counted without a limit");
    }
}
