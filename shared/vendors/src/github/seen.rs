//! What was read before, with its `ETag`: asked for again, an answer that did not change comes as 304, which costs nothing of the
//! rate limit (GHDOCS, rest/using-the-rest-api/best-practices).
//!
//! A repository has a fixed number of slots in the store, chosen by the path: what was read last is there, older readings of other
//! paths in the same slot are not. So nothing piles up. GitHub's `ETag`s hold for one token, and with the App's for an hour.

use domain::RepositoryId;
use http::{StatusCode, header};
use ports::{Clock, Http, Label, Response, Store};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use super::Client;

/// So many readings are kept of a repository.
const SLOTS: u8 = 16;

/// A longer reading is not kept.
const BYTES_MAX: usize = 64 * 1024;

/// A reading and its `ETag`.
#[derive(Serialize, Deserialize)]
pub(super) struct Seen<T> {
    path: String,
    pub(super) etag: String,
    pub(super) value: T,
}

fn key(repository: RepositoryId, slot: u8) -> String {
    format!("github/seen/{repository}/{slot}")
}

fn slot(path: &str) -> u8 {
    let digest = Sha256::digest(path.as_bytes());
    digest.first().copied().unwrap_or_default() % SLOTS
}

/// All keys of a repository.
pub(super) fn keys(repository: RepositoryId) -> Vec<String> {
    (0..SLOTS).map(|slot| key(repository, slot)).collect()
}

/// The known reading, if the answer says that it still holds.
pub(super) fn unchanged<T>(known: Option<Seen<T>>, response: &Response) -> Option<T> {
    known
        .filter(|_| response.status == StatusCode::NOT_MODIFIED)
        .map(|known| known.value)
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// What was read from the path before. A store that fails knows nothing.
    pub(super) async fn seen<T: DeserializeOwned>(
        &self,
        repository: RepositoryId,
        path: &str,
    ) -> Option<Seen<T>> {
        let key = key(repository, slot(path));
        let stored = self.store.get(Label::Default, &key).await.ok()??;
        let seen: Seen<T> = serde_json::from_slice(&stored).ok()?;
        (seen.path == path).then_some(seen)
    }

    /// Keeps a reading, if the answer has an `ETag` and the reading is short. If it cannot be kept, it is read whole again.
    pub(super) async fn keep_seen<T: Serialize>(
        &self,
        repository: RepositoryId,
        path: &str,
        response: &Response,
        value: &T,
    ) {
        let etag = response.headers.get(header::ETAG);
        let Some(etag) = etag.and_then(|etag| etag.to_str().ok()) else {
            return;
        };
        let seen = Seen {
            path: path.to_owned(),
            etag: etag.to_owned(),
            value,
        };
        let bytes = serde_json::to_vec(&seen).unwrap_or_default();
        if !bytes.is_empty() && bytes.len() <= BYTES_MAX {
            let key = key(repository, slot(path));
            drop(self.store.set(Label::Default, &key, &bytes).await);
        }
    }
}
