//! Which commit a merged pull request became.

use domain::{CommitSha, PullRequestNumber};
use http::{Method, StatusCode};
use ports::{Clock, Http, Store};
use serde::Deserialize;

use super::{Client, Repository};
use crate::{CallError, exchange::Repeat};

#[derive(Deserialize)]
struct Wire {
    number: u64,
    #[serde(default)]
    merged: bool,
    /// While it is open, that of a merge that GitHub only tried.
    merge_commit_sha: Option<CommitSha>,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// The newest commit that the base branch got by the merge, be it a merge, a squash or a rebase (GHDOCS, rest/pulls/pulls,
    /// `merge_commit_sha`); none if the pull request is not merged.
    pub async fn merge_commit(
        &self,
        repository: Repository<'_>,
        number: PullRequestNumber,
    ) -> Result<Option<CommitSha>, CallError> {
        let name = repository.name;
        let call = self.exchange(
            repository,
            format!("reading what pull request {name}#{number} became"),
            Repeat::Harmless,
        )?;
        let path = format!("/repos/{name}/pulls/{number}");
        let response = self.send(&call, Method::GET, &path, Vec::new()).await?;
        if response.status != StatusCode::OK {
            return Err(self.failure(&call, &response));
        }
        let wire: Wire = call.read(&response)?;
        if wire.number != number.0 {
            return Err(call.unreadable(&response, "another pull request"));
        }
        Ok(wire.merge_commit_sha.filter(|_| wire.merged))
    }
}
