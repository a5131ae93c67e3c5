//! Who wrote what a commit brought: the people of the pull requests that it came by. Of a merge commit the author is whoever pressed the
//! button.

use std::ops::ControlFlow;

use domain::{
    Account, CommitSha,
    release::{Untold, Writers},
};
use http::StatusCode;
use ports::{Clock, Http, Response, Store};
use serde::Deserialize;

use super::{Client, Repository, link::Ended, person::WirePerson};
use crate::{
    CallError,
    exchange::{Repeat, message},
};

/// The most that GitHub shows on a page.
const PER_PAGE: usize = 100;

/// A commit came by no more pull requests than these pages hold.
const PULLS_PAGES_MAX: usize = 3;

/// GitHub lists no more commits of a pull request (GHDOCS, rest/pulls/pulls, "List commits on a pull request").
const COMMITS_MAX: usize = 250;

#[derive(Deserialize)]
struct WirePull {
    number: u64,
    /// None if the account was deleted.
    #[serde(default)]
    user: Option<WirePerson>,
    #[serde(default)]
    merged_at: Option<String>,
}

#[derive(Deserialize)]
struct WireCommit {
    #[serde(default)]
    author: Option<WirePerson>,
    #[serde(default)]
    committer: Option<WirePerson>,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// Who opened the merged pull requests that the commit came by, and who wrote and committed their commits; untold if GitHub knows the
    /// commit no longer, no account of an author, or lists no more commits. One commit answers for no other of the same pull request, which
    /// may have come by another one before. Whose a merged pull request is stays, and is listed once for all its commits.
    pub async fn writers(
        &self,
        repository: Repository<'_>,
        commit: &CommitSha,
    ) -> Result<Writers, CallError> {
        let name = repository.name;
        let what = format!(
            "listing the pull requests that {} of {name} came by",
            commit.short()
        );
        let call = self.exchange(repository, what, Repeat::Harmless)?;
        let path = format!("/repos/{name}/commits/{commit}/pulls?per_page={PER_PAGE}");
        let (mut pulls, mut is_lost) = (Vec::new(), false);
        let take = |response: &Response| {
            if is_absent(response) {
                is_lost = true;
                return Ok(ControlFlow::Break(()));
            }
            if response.status != StatusCode::OK {
                return Err(self.failure(&call, response));
            }
            let page: Vec<WirePull> = call.read(response)?;
            // Where the commit is not in the default branch GitHub lists open ones too, which only contain it.
            pulls.extend(page.into_iter().filter(|pull| pull.merged_at.is_some()));
            Ok(ControlFlow::Continue(()))
        };
        let ended = self
            .pages_judged(&call, &path, PULLS_PAGES_MAX, take)
            .await?;
        if is_lost {
            let commit = commit.clone();
            return Ok(Writers::Untold(Untold::Lost { commit }));
        }
        if ended == Ended::Unfinished {
            let of = format!("the pull requests of {}", commit.short());
            return Ok(Writers::Untold(Untold::TooMany { of }));
        }
        let mut writers: Vec<Account> = Vec::new();
        for pull in pulls {
            writers.extend(WirePerson::account(pull.user));
            let key = (repository.id, pull.number);
            let known = self.pulls.borrow().get(&key).cloned();
            match known {
                Some(known) => writers.extend(known),
                None => match self.writers_of(repository, pull.number).await? {
                    Writers::Known(people) => {
                        writers.extend(people.iter().cloned());
                        self.pulls.borrow_mut().insert(key, people);
                    }
                    Writers::Untold(why) => return Ok(Writers::Untold(why)),
                },
            }
        }
        writers.sort_unstable();
        writers.dedup();
        Ok(Writers::Known(writers))
    }

    async fn writers_of(
        &self,
        repository: Repository<'_>,
        number: u64,
    ) -> Result<Writers, CallError> {
        let name = repository.name;
        let what = format!("listing the commits of {name}#{number}");
        let call = self.exchange(repository, what, Repeat::Harmless)?;
        let path = format!("/repos/{name}/pulls/{number}/commits?per_page={PER_PAGE}");
        let (mut writers, mut commits, mut all_known) = (Vec::new(), 0, true);
        let pages_max = COMMITS_MAX.div_ceil(PER_PAGE);
        self.each_page(&call, &path, pages_max, |response| {
            let page: Vec<WireCommit> = call.read(response)?;
            commits += page.len();
            for commit in page {
                let author = WirePerson::account(commit.author);
                all_known &= author.is_some();
                writers.extend(author);
                writers.extend(WirePerson::account(commit.committer));
            }
            Ok(())
        })
        .await?;
        let of = format!("#{number}");
        if commits >= COMMITS_MAX {
            return Ok(Writers::Untold(Untold::TooMany { of }));
        }
        writers.sort_unstable();
        writers.dedup();
        Ok(match all_known {
            true => Writers::Known(writers),
            false => Writers::Untold(Untold::NoAccount { of }),
        })
    }
}

/// Whether GitHub says that there is no such commit: 422 for a SHA of none, 404 beside a repository that may be seen otherwise.
pub(super) fn is_absent(response: &Response) -> bool {
    let status = matches!(
        response.status,
        StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY
    );
    status && message(response).is_some()
}
