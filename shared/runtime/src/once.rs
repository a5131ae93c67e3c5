//! Requests that bear a key of their own, so that whoever sends one again gets the same answer and nothing is done twice.
//!
//! Who may do it is decided by `increment` alone. It is noted as begun before it is done and with its answer after it; what was cut
//! off in between is not done again, since nobody knows what came of it. A key is known for a day at least.

use std::time::Duration;

use domain::Timestamp;
use ports::{Label, Store, StoreError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A key is known for so long.
pub const KEPT: Duration = Duration::from_secs(24 * 3_600);

const HOUR_MILLISECONDS: i64 = 3_600_000;
/// Keys by the hour in which they were used, so that old ones are found without reading any.
const INDEX: &str = "once-used/";
/// So many are deleted in one run.
const EXPIRE_MAX: usize = 2_000;

/// An answer that was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers that belong to it.
    pub headers: Vec<(String, String)>,
    /// The body: JSON.
    pub body: String,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    /// The digest of the request.
    request: String,
    begun_at: Timestamp,
    /// None before it was answered.
    answer: Option<Answer>,
}

/// A request with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// The digest of the key and of whose it is.
    id: String,
    request: String,
    begun_at: Timestamp,
}

/// What is to be done about a request with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// It is to be done, and then [`Once::end`] to be called.
    Do(Once),
    /// It was answered with this.
    Answered(Answer),
    /// Another request bore the key.
    Other,
    /// It is being done just now, or was cut off.
    Unknown,
}

impl Once {
    /// Begins a request of `who` with `key`; `request` is all that tells it from others.
    pub async fn begin(
        store: &impl Store,
        (who, key): (&str, &str),
        request: &[&[u8]],
        now: Timestamp,
    ) -> Result<Begin, StoreError> {
        let once = Self {
            id: digest(&[who.as_bytes(), key.as_bytes()]),
            request: digest(request),
            begun_at: now,
        };
        if let Some(begin) = once.known(store).await? {
            return Ok(begin);
        }
        // Before the claim: whatever is cut off after this is found when it is too old.
        let hour = now.milliseconds().div_euclid(HOUR_MILLISECONDS);
        let index = format!("{INDEX}{hour}/{}", once.id);
        store.set(Label::Queue, &index, b"1").await?;
        if store.increment(Label::Queue, &once.claim(), 1).await? != 1 {
            // Whoever was first has perhaps written since.
            let known = once.known(store).await?;
            return Ok(known.unwrap_or(Begin::Unknown));
        }
        if let Err(error) = once.write(store, None).await {
            // Nothing was done: whoever asks again is to be first again, if that can be had.
            let _kept = store
                .delete_many(Label::Queue, &[once.claim().as_str()])
                .await;
            return Err(error);
        }
        Ok(Begin::Do(once))
    }

    /// Keeps the answer.
    pub async fn end(&self, store: &impl Store, answer: Answer) -> Result<(), StoreError> {
        self.write(store, Some(answer)).await
    }

    async fn known(&self, store: &impl Store) -> Result<Option<Begin>, StoreError> {
        let Some(record) = read(store, &self.id).await? else {
            return Ok(None);
        };
        Ok(Some(if record.request != self.request {
            Begin::Other
        } else {
            record.answer.map_or(Begin::Unknown, Begin::Answered)
        }))
    }

    async fn write(&self, store: &impl Store, answer: Option<Answer>) -> Result<(), StoreError> {
        let record = Record {
            request: self.request.clone(),
            begun_at: self.begun_at,
            answer,
        };
        // Plain data with text keys: serde_json cannot fail on it.
        let value = serde_json::to_vec(&record).unwrap_or_default();
        store.set(Label::Queue, &record_key(&self.id), &value).await
    }

    fn claim(&self) -> String {
        claim_key(&self.id)
    }
}

/// Deletes what is too old among `keys` of `queue`; returns how many keys were forgotten.
pub async fn expire(
    store: &impl Store,
    keys: &[String],
    now: Timestamp,
) -> Result<usize, StoreError> {
    let mut forgotten = 0;
    for index in keys.iter().filter(|key| is_over(key, now)).take(EXPIRE_MAX) {
        let id = index.rsplit('/').next().unwrap_or_default();
        let record = read(store, id).await?;
        let is_used_again = record.is_some_and(|record| record.begun_at.after(KEPT) > now);
        let (record, claim) = (record_key(id), claim_key(id));
        let mut over = vec![index.as_str()];
        if !is_used_again {
            over.extend([record.as_str(), claim.as_str()]);
            forgotten += 1;
        }
        store.delete_many(Label::Queue, &over).await?;
    }
    Ok(forgotten)
}

/// Whether the whole hour in which the key was used is over for long enough.
fn is_over(index: &str, now: Timestamp) -> bool {
    let hour = index
        .strip_prefix(INDEX)
        .and_then(|rest| rest.split('/').next()?.parse::<i64>().ok());
    let end = hour.map(|hour| hour.saturating_add(1).saturating_mul(HOUR_MILLISECONDS));
    end.is_some_and(|end| Timestamp::from_milliseconds(end).after(KEPT) <= now)
}

async fn read(store: &impl Store, id: &str) -> Result<Option<Record>, StoreError> {
    let value = store.get(Label::Queue, &record_key(id)).await?;
    Ok(value.and_then(|value| serde_json::from_slice(&value).ok()))
}

fn record_key(id: &str) -> String {
    format!("once/{id}")
}

fn claim_key(id: &str) -> String {
    format!("once/{id}/claim")
}

/// Of several texts, each with its length, so that none runs into the next.
fn digest(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_le_bytes());
        digest.update(part);
    }
    hex::encode(digest.finalize().get(..16).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use ports::memory::MemoryStore;

    use super::*;

    /// The store in memory answers at once.
    fn wait<T>(future: impl Future<Output = T>) -> T {
        futures_util::FutureExt::now_or_never(future).unwrap()
    }

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_milliseconds(1_795_256_400_000 + hours * HOUR_MILLISECONDS)
    }

    fn begin(store: &MemoryStore, who: &str, key: &str, request: &str, hours: i64) -> Begin {
        let request = [request.as_bytes()];
        wait(Once::begin(store, (who, key), &request, at(hours))).unwrap()
    }

    fn answer() -> Answer {
        Answer {
            status: 202,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: "{}".to_owned(),
        }
    }

    /// Begins it and answers it.
    fn done(store: &MemoryStore, key: &str, hours: i64) {
        let Begin::Do(once) = begin(store, "ada", key, "lock", hours) else {
            panic!("{key} is new");
        };
        wait(once.end(store, answer())).unwrap();
    }

    #[test]
    fn the_same_request_with_the_same_key_is_done_once_and_answered_the_same() {
        let store = MemoryStore::default();
        done(&store, "a", 0);
        assert_eq!(
            begin(&store, "ada", "a", "lock", 1),
            Begin::Answered(answer())
        );
        assert_eq!(begin(&store, "ada", "a", "unlock", 1), Begin::Other);
        assert!(matches!(begin(&store, "bob", "a", "lock", 1), Begin::Do(_)));
    }

    #[test]
    fn what_is_being_done_or_was_cut_off_is_not_done_again() {
        let store = MemoryStore::default();
        let first = begin(&store, "ada", "a", "lock", 0);
        assert!(matches!(first, Begin::Do(_)));
        assert_eq!(begin(&store, "ada", "a", "lock", 0), Begin::Unknown);
        assert_eq!(begin(&store, "ada", "a", "unlock", 0), Begin::Other);
        // Whoever came first died before it wrote anything.
        let id = digest(&[b"ada", b"b"]);
        wait(store.increment(Label::Queue, &claim_key(&id), 1)).unwrap();
        assert_eq!(begin(&store, "ada", "b", "lock", 0), Begin::Unknown);
    }

    #[test]
    fn after_a_day_a_key_is_forgotten_and_nothing_of_it_is_left() {
        let store = MemoryStore::default();
        done(&store, "a", 0);
        let dead = digest(&[b"ada", b"b"]);
        wait(store.increment(Label::Queue, &claim_key(&dead), 1)).unwrap();
        assert_eq!(begin(&store, "ada", "b", "lock", 0), Begin::Unknown);
        let expire = |hours: i64| {
            let keys = wait(store.keys(Label::Queue)).unwrap();
            wait(expire(&store, &keys, at(hours))).unwrap()
        };
        assert_eq!(expire(24), 0);
        assert_eq!(expire(25), 2);
        assert_eq!(store.all_keys(), Vec::<String>::new());
        done(&store, "a", 26);
    }

    #[test]
    fn what_was_used_again_is_not_forgotten_by_its_earlier_use() {
        let store = MemoryStore::default();
        done(&store, "a", 2);
        let id = digest(&[b"ada", b"a"]);
        let earlier = format!("{INDEX}{}/{id}", at(0).milliseconds() / HOUR_MILLISECONDS);
        wait(store.set(Label::Queue, &earlier, b"1")).unwrap();
        let keys = wait(store.keys(Label::Queue)).unwrap();
        assert_eq!(
            wait(expire(
                &store,
                &keys,
                at(24).after(Duration::from_secs(3_600))
            )),
            Ok(0)
        );
        assert_eq!(
            begin(&store, "ada", "a", "lock", 25),
            Begin::Answered(answer())
        );
    }
}
