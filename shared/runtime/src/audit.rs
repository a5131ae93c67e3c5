//! The audit in the store: one small value in `ledger` for each act of a person's, found by listing the keys of that label.

use domain::{
    Timestamp,
    audit::{Act, ActKey},
};
use ports::{Label, Store, StoreError};

use crate::RunError;

/// So many acts are read at most for one page: a rare one is looked for over several pages.
const READ_MAX: usize = 200;
/// So many are deleted at once, and in one run.
const BATCH: usize = 100;
const EXPIRE_MAX: usize = 2_000;

/// A page of acts, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The acts.
    pub acts: Vec<Act>,
    /// After which key the next page begins; none at the end.
    pub next: Option<ActKey>,
}

/// Makes an act durable. What was noted under the key before is replaced.
pub async fn note(store: &impl Store, key: &ActKey, act: &Act) -> Result<(), StoreError> {
    // Plain data with text keys: serde_json cannot fail on it.
    let value = serde_json::to_vec(act).unwrap_or_default();
    store.set(Label::Ledger, &key.to_string(), &value).await
}

/// Up to `limit` acts that are wanted and older than `after`, the newest first.
pub async fn page(
    store: &impl Store,
    after: Option<&ActKey>,
    limit: usize,
    is_wanted: impl Fn(&Act) -> bool,
) -> Result<Page, RunError> {
    let mut keys = keys(store).await?;
    keys.retain(|key| after.is_none_or(|after| key < after));
    keys.sort_unstable_by(|left, right| right.cmp(left));
    let mut page = Page::default();
    let mut rest = keys.into_iter().take(READ_MAX + 1).enumerate().peekable();
    while let Some((read, key)) = rest.next() {
        let value = store.get(Label::Ledger, &key.to_string()).await?;
        // One that was damaged, or is deleted just now, hides no other.
        let act = value.and_then(|value| serde_json::from_slice::<Act>(&value).ok());
        page.acts.extend(act.filter(|act| is_wanted(act)));
        if page.acts.len() == limit || read + 1 == READ_MAX {
            page.next = rest.peek().map(|_| key);
            break;
        }
    }
    Ok(page)
}

/// Deletes acts that are too old; returns how many. That lists all keys of `ledger`.
pub async fn expire(store: &impl Store, now: Timestamp) -> Result<usize, StoreError> {
    let over: Vec<String> = keys(store)
        .await?
        .into_iter()
        .filter(|key| key.is_over(now))
        .take(EXPIRE_MAX)
        .map(|key| key.to_string())
        .collect();
    for batch in over.chunks(BATCH) {
        let batch: Vec<&str> = batch.iter().map(String::as_str).collect();
        store.delete_many(Label::Ledger, &batch).await?;
    }
    Ok(over.len())
}

async fn keys(store: &impl Store) -> Result<Vec<ActKey>, StoreError> {
    let keys = store.keys(Label::Ledger).await?;
    Ok(keys.iter().filter_map(|key| key.parse().ok()).collect())
}

#[cfg(test)]
mod tests {
    use domain::audit::{Door, KEPT, Outcome};
    use ports::memory::MemoryStore;

    use super::*;

    /// The store in memory answers at once.
    fn wait<T>(future: impl Future<Output = T>) -> T {
        futures_util::FutureExt::now_or_never(future).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_milliseconds(1_795_257_000_000 + seconds * 1_000)
    }

    fn noted(store: &MemoryStore, seconds: i64, by: &str) {
        let act = Act {
            at: at(seconds),
            by: by.to_owned(),
            door: Door::Api,
            act: "survey".to_owned(),
            on: "repository/42".to_owned(),
            repository: None,
            said: None,
            outcome: Outcome::Allowed,
            reason: None,
        };
        wait(note(store, &act.key(""), &act)).unwrap();
    }

    fn seconds(page: &Page) -> Vec<i64> {
        let since = |act: &Act| (act.at.milliseconds() - at(0).milliseconds()) / 1_000;
        page.acts.iter().map(since).collect()
    }

    #[test]
    fn pages_go_from_the_newest_act_to_the_oldest_and_a_rare_one_is_found_over_several() {
        let store = MemoryStore::default();
        for second in 0..450 {
            noted(&store, second, if second == 3 { "ada" } else { "bob" });
        }
        wait(store.set(Label::Ledger, "audit/00000000000001/0123456789abcdef", b"{")).unwrap();
        let first = wait(page(&store, None, 2, |_| true)).unwrap();
        assert_eq!(seconds(&first), [449, 448]);
        let second = wait(page(&store, first.next.as_ref(), 2, |_| true)).unwrap();
        assert_eq!(seconds(&second), [447, 446]);
        let (mut found, mut after, mut pages) = (Vec::new(), None, 0);
        loop {
            let read = wait(page(&store, after.as_ref(), 10, |act| act.by == "ada")).unwrap();
            found.extend(seconds(&read));
            pages += 1;
            after = read.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!((found, pages), (vec![3], 3));
    }

    #[test]
    fn what_is_too_old_goes() {
        let store = MemoryStore::default();
        for second in 0..250 {
            noted(&store, second, "ada");
        }
        let later = at(99).after(KEPT);
        assert_eq!(wait(expire(&store, later)), Ok(100));
        let last = later.after(std::time::Duration::from_secs(3_600));
        assert_eq!(wait(expire(&store, last)), Ok(150));
        assert_eq!(
            wait(page(&store, None, 10, |_| true)).unwrap(),
            Page::default()
        );
    }
}
