//! Reading a pull request.

use domain::{
    CommitSha, PullRequestNumber, RepositoryId, RepositoryName, Timestamp,
    preview::{PullRequest, PullRequestState},
};
use http::{Method, StatusCode};
use ports::{Clock, Http, Store};
use serde::Deserialize;

use super::{Client, Repository};
use crate::{
    CallError,
    exchange::{Repeat, message},
};

#[derive(Deserialize)]
struct Wire {
    number: u64,
    state: String,
    title: String,
    updated_at: String,
    #[serde(default)]
    merged: bool,
    #[serde(default)]
    draft: bool,
    user: Option<Login>,
    #[serde(default)]
    labels: Vec<Label>,
    head: Head,
    base: Base,
}

#[derive(Deserialize)]
struct Login {
    login: String,
}

#[derive(Deserialize)]
struct Label {
    name: String,
}

#[derive(Deserialize)]
struct Head {
    r#ref: String,
    sha: CommitSha,
    repo: Option<HeadRepository>,
}

#[derive(Deserialize)]
struct HeadRepository {
    id: RepositoryId,
}

#[derive(Deserialize)]
struct Base {
    r#ref: String,
    repo: BaseRepository,
}

#[derive(Deserialize)]
struct BaseRepository {
    id: RepositoryId,
    full_name: RepositoryName,
    default_branch: String,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// The pull request as it is now, with the repository's present name; none if GitHub answers 404, which it also does when the
    /// token has lost its access to the repository or the repository is deleted.
    pub async fn pull_request(
        &self,
        repository: Repository<'_>,
        number: PullRequestNumber,
    ) -> Result<Option<PullRequest>, CallError> {
        let exchange = self.exchange(
            repository,
            format!("reading pull request {}#{number}", repository.name),
            Repeat::Harmless,
        )?;
        let path = format!("/repos/{}/pulls/{number}", repository.name);
        let response = self.send(&exchange, Method::GET, &path, Vec::new()).await?;
        if response.status == StatusCode::NOT_FOUND && message(&response).is_some() {
            self.distrust(&exchange).await?;
            return Ok(None);
        }
        if response.status != StatusCode::OK {
            return Err(self.failure(&exchange, &response));
        }
        let wire: Wire = exchange.read(&response)?;
        if wire.base.repo.id != repository.id {
            return Err(Self::another_repository(
                &exchange,
                repository,
                wire.base.repo.id,
            ));
        }
        if wire.number != number.0 {
            return Err(exchange.unreadable(&response, "another pull request"));
        }
        match shown(wire) {
            Ok(pull_request) => Ok(Some(pull_request)),
            Err(problem) => Err(exchange.unreadable(&response, &problem)),
        }
    }
}

fn shown(wire: Wire) -> Result<PullRequest, String> {
    let state = match (wire.state.as_str(), wire.merged) {
        ("open", _) => PullRequestState::Open,
        ("closed", true) => PullRequestState::Merged,
        ("closed", false) => PullRequestState::Closed,
        (other, _) => return Err(format!("the state {other:?} instead of open or closed")),
    };
    let updated_at = Timestamp::parse(&wire.updated_at)
        .ok_or_else(|| format!("{:?} instead of a time in updated_at", wire.updated_at))?;
    Ok(PullRequest {
        updated_at,
        state,
        title: wire.title,
        // GitHub's own stand-in for accounts that were deleted.
        author: wire
            .user
            .map_or_else(|| "ghost".to_owned(), |user| user.login),
        draft: wire.draft,
        labels: wire.labels.into_iter().map(|label| label.name).collect(),
        head_branch: wire.head.r#ref,
        head_commit: wire.head.sha,
        head_repository: wire.head.repo.map(|repository| repository.id),
        base_branch: wire.base.r#ref,
        repository: wire.base.repo.full_name,
        default_branch: wire.base.repo.default_branch,
    })
}
