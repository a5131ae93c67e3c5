//! How often somebody may ask in a minute: counted by one `increment` for each request, in windows of a minute.

use std::time::Duration;

use domain::Timestamp;
use ports::{Label, Store, StoreError};
use sha2::{Digest, Sha256};

const WINDOW_MILLISECONDS: i64 = 60_000;
const PREFIX: &str = "rate/";

/// Where somebody stands in the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// So many requests are taken in a window.
    pub limit: u64,
    /// So many are left; none for a request that is one too many, and for the last that is not.
    pub left: u64,
    /// Whether this request is taken.
    pub is_taken: bool,
    /// When the next window begins.
    pub resets_in: Duration,
}

/// Counts a request of `who`, of whom `limit` are taken in each minute.
pub async fn count(
    store: &impl Store,
    who: &str,
    limit: u64,
    now: Timestamp,
) -> Result<Rate, StoreError> {
    let window = window_of(now, WINDOW_MILLISECONDS);
    let who = hex::encode(Sha256::digest(who));
    let key = format!("{PREFIX}{window}/{}", who.get(..16).unwrap_or_default());
    let count = store.increment(Label::Queue, &key, 1).await?;
    let count = u64::try_from(count).unwrap_or_default();
    let end = (window + 1).saturating_mul(WINDOW_MILLISECONDS);
    Ok(Rate {
        limit,
        left: limit.saturating_sub(count),
        is_taken: count <= limit,
        resets_in: Timestamp::from_milliseconds(end).since(now),
    })
}

/// Whether this is the first use of `what`, which is good until `until`: counted in the window in which it ends.
pub async fn is_first_use(
    store: &impl Store,
    what: &str,
    until: Timestamp,
) -> Result<bool, StoreError> {
    Ok(count(store, what, 1, until).await?.is_taken)
}

/// The counters among `keys` of `queue` whose window is over.
pub fn over(keys: &[String], now: Timestamp) -> Vec<&str> {
    over_of(keys, (PREFIX, WINDOW_MILLISECONDS), now)
}

/// Those among `keys` that begin with `prefix` and the number of a window that is over.
pub(crate) fn over_of<'a>(
    keys: &'a [String],
    (prefix, milliseconds): (&str, i64),
    now: Timestamp,
) -> Vec<&'a str> {
    let current = window_of(now, milliseconds);
    // Clocks differ: the window before may still be another machine's.
    let is_over = |key: &&String| {
        let window = key
            .strip_prefix(prefix)
            .and_then(|rest| rest.split('/').next()?.parse::<i64>().ok());
        window.is_some_and(|window| window + 1 < current)
    };
    keys.iter().filter(is_over).map(String::as_str).collect()
}

/// The number of the window that is now.
pub(crate) fn window_of(now: Timestamp, milliseconds: i64) -> i64 {
    now.milliseconds().div_euclid(milliseconds)
}

#[cfg(test)]
mod tests {
    use ports::memory::MemoryStore;

    use super::*;

    /// The store in memory answers at once.
    fn wait<T>(future: impl Future<Output = T>) -> T {
        futures_util::FutureExt::now_or_never(future).unwrap()
    }

    #[test]
    fn what_may_be_used_once_is_not_taken_again_before_it_ends() {
        let store = MemoryStore::default();
        let until = Timestamp::from_milliseconds(1_795_257_600_000);
        let used = |what: &str| wait(is_first_use(&store, what, until)).unwrap();
        assert_eq!([used("a"), used("a"), used("b")], [true, false, true]);
        let keys = wait(store.keys(Label::Queue)).unwrap();
        assert_eq!(over(&keys, until), Vec::<&str>::new());
    }

    #[test]
    fn as_many_as_are_allowed_are_taken_in_each_minute_of_each_person() {
        let store = MemoryStore::default();
        let at = |seconds: i64| Timestamp::from_milliseconds(1_795_257_000_000 + seconds * 1_000);
        let ask = |who: &str, seconds: i64| {
            let rate = wait(count(&store, who, 2, at(seconds))).unwrap();
            (rate.is_taken, rate.left, rate.resets_in.as_secs())
        };
        assert_eq!(ask("ada", 0), (true, 1, 60));
        assert_eq!(ask("ada", 20), (true, 0, 40));
        assert_eq!(ask("ada", 59), (false, 0, 1));
        assert_eq!(ask("bob", 59), (true, 1, 1));
        assert_eq!(ask("ada", 60), (true, 1, 60));
        let keys = wait(store.keys(Label::Queue)).unwrap();
        assert_eq!(keys.len(), 3);
        assert!(keys.iter().all(|key| !key.contains("ada")));
        assert_eq!(over(&keys, at(119)), Vec::<&str>::new());
        assert_eq!(over(&keys, at(120)).len(), 2);
        assert_eq!(over(&keys, at(180)).len(), 3);
        assert_eq!(
            over(&["rate/x".to_owned(), "delivery/1".to_owned()], at(180)),
            Vec::<&str>::new()
        );
    }
}
