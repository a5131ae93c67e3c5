//! Reading a pull request, or all open ones.

use std::collections::BTreeMap;

use domain::{
    CommitSha, PullRequestNumber, RepositoryId, RepositoryName, Timestamp,
    preview::{PullRequest, PullRequestState},
};
use http::{Method, StatusCode};
use ports::{Clock, Http, Store};
use serde::Deserialize;

use super::{Call, Client, Repository, seen::unchanged};
use crate::{
    CallError,
    exchange::{Repeat, message},
};

/// More open pull requests than these pages hold are not compared.
const PAGES: usize = 100;

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
    repo: Option<Identified>,
}

#[derive(Deserialize)]
struct Identified {
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
    #[serde(default)]
    archived: bool,
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
        let known = self.seen::<PullRequest>(repository.id, &path).await;
        let etag = known.as_ref().map(|known| known.etag.clone());
        let response = self.read_again(&exchange, &path, etag).await?;
        if let Some(pull_request) = unchanged(known, &response) {
            return Ok(Some(pull_request));
        }
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
            Ok(pull_request) => {
                self.keep_seen(repository.id, &path, &response, &pull_request)
                    .await;
                Ok(Some(pull_request))
            }
            Err(problem) => Err(exchange.unreadable(&response, &problem)),
        }
    }

    /// All open pull requests of the repository. Every page of the list was read, and it is the list of this repository: else it is
    /// an error, and none of it is told. One that is closed or opened while the pages are read may still be missing.
    pub async fn open_pull_requests(
        &self,
        repository: Repository<'_>,
    ) -> Result<BTreeMap<PullRequestNumber, PullRequest>, CallError> {
        let exchange = self.exchange(
            repository,
            format!("listing the open pull requests of {}", repository.name),
            Repeat::Harmless,
        )?;
        // A pull request is about 25 kB of JSON, and up to 64 kB more with a long description.
        let path = format!(
            "/repos/{}/pulls?state=open&sort=created&direction=asc&per_page=50",
            repository.name
        );
        let mut open = BTreeMap::new();
        self.each_page(&exchange, &path, PAGES, |response| {
            let list: Vec<Wire> = exchange.read(response)?;
            for wire in list {
                if wire.base.repo.id != repository.id {
                    let found = wire.base.repo.id;
                    return Err(Self::another_repository(&exchange, repository, found));
                }
                let number = PullRequestNumber(wire.number);
                let pull_request =
                    shown(wire).map_err(|problem| exchange.unreadable(response, &problem))?;
                if pull_request.state == PullRequestState::Open {
                    open.insert(number, pull_request);
                }
            }
            Ok(())
        })
        .await?;
        if open.is_empty() {
            self.check_identity(&exchange, repository).await?;
        }
        Ok(open)
    }

    /// An empty list does not say whose it is: the name may be another repository's by now.
    async fn check_identity(
        &self,
        exchange: &Call<'_>,
        repository: Repository<'_>,
    ) -> Result<(), CallError> {
        let path = format!("/repos/{}", repository.name);
        let response = self.send(exchange, Method::GET, &path, Vec::new()).await?;
        if response.status != StatusCode::OK {
            return Err(self.failure(exchange, &response));
        }
        let found: Identified = exchange.read(&response)?;
        if found.id == repository.id {
            Ok(())
        } else {
            Err(Self::another_repository(exchange, repository, found.id))
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
        archived: wire.base.repo.archived,
    })
}
