//! How two commits stand to each other, and which commit a branch or tag is at.

use domain::{Account, CommitSha, release::Relation};
use http::StatusCode;
use ports::{Clock, Http, Store};
use serde::Deserialize;

use super::{Client, Repository, person::WirePerson};
use crate::{
    CallError,
    address::percent_encoded,
    exchange::{Repeat, message},
};

/// A commit as GitHub shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its SHA.
    pub sha: CommitSha,
    /// Its whole message: written by anybody with write access.
    pub message: String,
    /// Its author and its committer, as far as GitHub knows accounts with the addresses that the commit names; nobody if it does not know
    /// the author.
    pub authors: Vec<Account>,
}

/// What names a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At<'a> {
    /// The head of this branch.
    Branch(&'a str),
    /// What this tag is of, also if it is an annotated one.
    Tag(&'a str),
    /// The commit itself.
    Commit(&'a CommitSha),
}

#[derive(Deserialize)]
struct WireCommit {
    sha: CommitSha,
    commit: WireText,
    #[serde(default)]
    author: Option<WirePerson>,
    #[serde(default)]
    committer: Option<WirePerson>,
}

#[derive(Deserialize)]
struct WireText {
    message: String,
}

#[derive(Deserialize)]
struct WireComparison {
    status: String,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// The commit that is there; none if there is no such branch, tag or commit.
    pub async fn commit(
        &self,
        repository: Repository<'_>,
        at: At<'_>,
    ) -> Result<Option<Commit>, CallError> {
        let (shown, reference) = match at {
            At::Branch(name) => (format!("the branch {name}"), format!("heads/{name}")),
            At::Tag(name) => (format!("the tag {name}"), format!("tags/{name}")),
            At::Commit(sha) => (sha.short().to_owned(), sha.to_string()),
        };
        let what = format!("reading the commit of {} at {shown}", repository.name);
        let exchange = self.exchange(repository, what, Repeat::Harmless)?;
        // Encoded with its slashes: `heads/main/check-runs` is another question.
        let reference = percent_encoded(&reference, false);
        let path = format!("/repos/{}/commits/{reference}", repository.name);
        let response = self.read_again(&exchange, &path, None).await?;
        // 422: no commit of this SHA. A repository that may not be seen is a 404 too: its pushes would not come here.
        let absent = matches!(
            response.status,
            StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY
        );
        if absent && message(&response).is_some() {
            return Ok(None);
        }
        if response.status != StatusCode::OK {
            return Err(self.failure(&exchange, &response));
        }
        let wire: WireCommit = exchange.read(&response)?;
        let mut authors = Vec::new();
        if let Some(author) = WirePerson::account(wire.author) {
            let committer = WirePerson::account(wire.committer);
            let committer = committer.filter(|committer| *committer != author);
            authors.push(author);
            authors.extend(committer);
        }
        Ok(Some(Commit {
            sha: wire.sha,
            message: wire.commit.message,
            authors,
        }))
    }

    /// How `head` stands to `base`; none if GitHub knows one of them no longer, or no common history.
    pub async fn compare(
        &self,
        repository: Repository<'_>,
        base: &CommitSha,
        head: &CommitSha,
    ) -> Result<Option<Relation>, CallError> {
        if base == head {
            return Ok(Some(Relation::Identical));
        }
        let what = format!(
            "comparing {} with {} in {}",
            head.short(),
            base.short(),
            repository.name
        );
        let exchange = self.exchange(repository, what, Repeat::Harmless)?;
        // The first page alone lists the changed files with their patches, which may be megabytes.
        let path = format!(
            "/repos/{}/compare/{base}...{head}?per_page=1&page=2",
            repository.name
        );
        let response = self.read_again(&exchange, &path, None).await?;
        if response.status == StatusCode::NOT_FOUND && message(&response).is_some() {
            return Ok(None);
        }
        if response.status != StatusCode::OK {
            return Err(self.failure(&exchange, &response));
        }
        let wire: WireComparison = exchange.read(&response)?;
        match wire.status.as_str() {
            "ahead" => Ok(Some(Relation::Ahead)),
            "behind" => Ok(Some(Relation::Behind)),
            "identical" => Ok(Some(Relation::Identical)),
            "diverged" => Ok(Some(Relation::Diverged)),
            other => {
                let problem = format!("{other:?} as the status of a comparison");
                Err(exchange.unreadable(&response, &problem))
            }
        }
    }
}
