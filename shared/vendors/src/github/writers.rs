//! Who wrote what a commit brought: the people of the pull requests that it came by. Of a merge commit the author is whoever pressed the
//! button.

use domain::CommitSha;
use ports::{Clock, Http, Store};
use serde::Deserialize;

use super::{Client, Repository};
use crate::{CallError, exchange::Repeat};

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

/// GitHub shows an empty object for somebody whom it does not know.
#[derive(Deserialize)]
struct WirePerson {
    #[serde(default)]
    login: Option<String>,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// The logins of those who opened the merged pull requests that the commit came by, and who wrote and committed their commits; none
    /// if GitHub does not tell of all of them: it knows no account of an author, or lists no more commits.
    pub async fn writers(
        &self,
        repository: Repository<'_>,
        commit: &CommitSha,
    ) -> Result<Option<Vec<String>>, CallError> {
        let name = repository.name;
        let what = format!(
            "listing the pull requests that {} of {name} came by",
            commit.short()
        );
        let call = self.exchange(repository, what, Repeat::Harmless)?;
        let path = format!("/repos/{name}/commits/{commit}/pulls?per_page={PER_PAGE}");
        let mut pulls: Vec<WirePull> = Vec::new();
        self.each_page(&call, &path, PULLS_PAGES_MAX, |response| {
            let page: Vec<WirePull> = call.read(response)?;
            // Where the commit is not in the default branch GitHub lists open ones too, which only contain it.
            pulls.extend(page.into_iter().filter(|pull| pull.merged_at.is_some()));
            Ok(())
        })
        .await?;
        let mut writers = Vec::new();
        for pull in pulls {
            let Some(of_commits) = self.writers_of(repository, pull.number).await? else {
                return Ok(None);
            };
            writers.extend(pull.user.and_then(|user| user.login));
            writers.extend(of_commits);
        }
        writers.sort_unstable();
        writers.dedup();
        Ok(Some(writers))
    }

    async fn writers_of(
        &self,
        repository: Repository<'_>,
        number: u64,
    ) -> Result<Option<Vec<String>>, CallError> {
        let name = repository.name;
        let what = format!("listing the commits of {name}#{number}");
        let call = self.exchange(repository, what, Repeat::Harmless)?;
        let path = format!("/repos/{name}/pulls/{number}/commits?per_page={PER_PAGE}");
        let (mut writers, mut listed, mut all_known) = (Vec::new(), 0, true);
        let pages_max = COMMITS_MAX.div_ceil(PER_PAGE);
        self.each_page(&call, &path, pages_max, |response| {
            let page: Vec<WireCommit> = call.read(response)?;
            listed += page.len();
            for commit in page {
                let login = |person: Option<WirePerson>| person.and_then(|person| person.login);
                let author = login(commit.author);
                all_known &= author.is_some();
                writers.extend(author);
                writers.extend(login(commit.committer));
            }
            Ok(())
        })
        .await?;
        Ok((all_known && listed < COMMITS_MAX).then_some(writers))
    }
}
