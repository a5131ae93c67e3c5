//! What people may see who signed in by GitHub: noted for minutes in `queue`, so that not every request asks GitHub.
//!
//! The key holds the window of five minutes for which it counts, and a hash of the person's token: whoever is to see less sees it
//! until the window is over at most, and what is over is told by its key. Nothing in it is a secret.

use domain::{RepositoryId, Timestamp, preview::Permission};
use ports::{Label, Store, StoreError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use vendors::github::UserAccess;

use crate::rate;

const PREFIX: &str = "access/";
const WINDOW_MILLISECONDS: i64 = 5 * 60_000;

/// A person, as GitHub told of them in this window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// GitHub's id of the account.
    pub id: u64,
    /// Its name.
    pub login: String,
    /// What they may see and do.
    pub access: UserAccess,
}

impl Known {
    /// What they may do in the repository; nothing in one that is not named.
    pub fn permission(&self, repository: RepositoryId) -> Permission {
        let found = self.access.repositories.get(&repository);
        found.copied().unwrap_or(Permission::None)
    }

    /// Whether they may read the repository.
    pub fn sees(&self, repository: RepositoryId) -> bool {
        self.permission(repository) != Permission::None
    }
}

/// Where it is noted what the bearer of `token` may see now.
pub fn key(token: &str, now: Timestamp) -> String {
    let digest = hex::encode(Sha256::digest(token));
    let window = rate::window_of(now, WINDOW_MILLISECONDS);
    format!("{PREFIX}{window}/{}", digest.get(..32).unwrap_or_default())
}

/// For so long GitHub is not asked again about a token that has ended: whoever keeps a session of it asks with each page.
const ENDED_MILLISECONDS: i64 = 60_000;

/// What is noted of the bearer of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noted {
    /// Who it is.
    Known(Known),
    /// GitHub said less than a minute ago that the token is good no more.
    Ended,
}

/// That a token has ended.
#[derive(Serialize, Deserialize)]
struct Ended {
    /// Until when that counts without asking.
    ended_until: i64,
}

/// What is noted there at `now`; none if nothing is, or it cannot be read.
pub async fn noted(
    store: &impl Store,
    key: &str,
    now: Timestamp,
) -> Result<Option<Noted>, StoreError> {
    let value = store.get(Label::Queue, key).await?;
    let Some(value) = value.filter(|_| key.starts_with(PREFIX)) else {
        return Ok(None);
    };
    if let Ok(known) = serde_json::from_slice(&value) {
        return Ok(Some(Noted::Known(known)));
    }
    let ended = serde_json::from_slice::<Ended>(&value).ok();
    let counts = ended.filter(|ended| ended.ended_until > now.milliseconds());
    Ok(counts.map(|_| Noted::Ended))
}

/// Notes there that GitHub says that the token has ended.
pub async fn note_ended(store: &impl Store, key: &str, now: Timestamp) -> Result<(), StoreError> {
    let ended_until = now.milliseconds().saturating_add(ENDED_MILLISECONDS);
    let value = serde_json::to_vec(&Ended { ended_until }).unwrap_or_default();
    store.set(Label::Queue, key, &value).await
}

/// Who is noted there; none if nobody is, or it cannot be read.
pub async fn read(store: &impl Store, key: &str) -> Result<Option<Known>, StoreError> {
    if !key.starts_with(PREFIX) {
        return Ok(None);
    }
    let value = store.get(Label::Queue, key).await?;
    Ok(value.and_then(|value| serde_json::from_slice(&value).ok()))
}

/// Notes it there.
pub async fn note(store: &impl Store, key: &str, known: &Known) -> Result<(), StoreError> {
    // Plain data with text keys: serde_json cannot fail on it.
    let value = serde_json::to_vec(known).unwrap_or_default();
    store.set(Label::Queue, key, &value).await
}

/// Forgets it: GitHub is asked anew.
pub async fn forget(store: &impl Store, key: &str) -> Result<(), StoreError> {
    store.delete_many(Label::Queue, &[key]).await
}

/// Those among `keys` of `queue` whose window is over.
pub fn over(keys: &[String], now: Timestamp) -> Vec<&str> {
    rate::over_of(keys, (PREFIX, WINDOW_MILLISECONDS), now)
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
    fn what_somebody_may_see_counts_for_five_minutes_and_names_no_token() {
        let store = MemoryStore::default();
        let at = |seconds: i64| Timestamp::from_milliseconds(1_795_257_000_000 + seconds * 1_000);
        let mut known = Known {
            id: 7,
            login: "ada".to_owned(),
            access: UserAccess::default(),
        };
        let repositories = &mut known.access.repositories;
        repositories.insert(RepositoryId(42), Permission::Write);
        let noted = key("ghu_secret", at(0));
        assert!(!noted.contains("secret"), "{noted}");
        wait(note(&store, &noted, &known)).unwrap();
        let found = |token: &str, seconds| wait(read(&store, &key(token, at(seconds)))).unwrap();
        assert_eq!(found("ghu_secret", 299), Some(known.clone()));
        assert_eq!(found("ghu_secret", 300), None, "GitHub is asked again");
        assert_eq!(found("ghu_other", 0), None);
        let keys = wait(store.keys(Label::Queue)).unwrap();
        assert_eq!(over(&keys, at(599)), Vec::<&str>::new());
        assert_eq!(over(&keys, at(600)), [noted.as_str()]);
        wait(forget(&store, &noted)).unwrap();
        assert!(store.is_empty());
    }

    #[test]
    fn what_is_not_named_is_not_seen_and_no_other_key_is_read() {
        let store = MemoryStore::default();
        wait(store.set(Label::Queue, "delivery/1", b"{}")).unwrap();
        assert_eq!(wait(read(&store, "delivery/1")), Ok(None));
        let known = Known {
            id: 7,
            login: "ada".to_owned(),
            access: UserAccess::default(),
        };
        assert!(!known.sees(RepositoryId(42)));
    }
}
