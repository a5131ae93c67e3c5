//! Which commit changed a file last.

use domain::CommitSha;
use http::StatusCode;
use ports::{Clock, Http, Store};
use serde::Deserialize;

use super::{Client, Repository, seen::unchanged};
use crate::{CallError, address::percent_encoded, exchange::Repeat};

#[derive(Deserialize)]
struct Wire {
    sha: CommitSha,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// The newest commit on the default branch that changed the file at `path`; none if no commit ever did. Asked again and
    /// unchanged it costs nothing of the rate limit.
    pub async fn last_change(
        &self,
        repository: Repository<'_>,
        path: &str,
    ) -> Result<Option<CommitSha>, CallError> {
        let what = format!(
            "looking for the last change of {path} in {}",
            repository.name
        );
        let call = self.exchange(repository, what, Repeat::Harmless)?;
        let path = format!(
            "/repos/{}/commits?path={}&per_page=1",
            repository.name,
            percent_encoded(path, false)
        );
        let known = self.seen::<Option<CommitSha>>(repository.id, &path).await;
        let etag = known.as_ref().map(|known| known.etag.clone());
        let response = self.read_again(&call, &path, etag).await?;
        if let Some(commit) = unchanged(known, &response) {
            return Ok(commit);
        }
        // A repository without any commit.
        if response.status == StatusCode::CONFLICT {
            return Ok(None);
        }
        if response.status != StatusCode::OK {
            return Err(self.failure(&call, &response));
        }
        let list: Vec<Wire> = call.read(&response)?;
        let commit = list.into_iter().next().map(|wire| wire.sha);
        self.keep_seen(repository.id, &path, &response, &commit)
            .await;
        Ok(commit)
    }
}
