//! What a commit would bring beside what is live, commit by commit, with who wrote it.

use std::ops::ControlFlow;

use domain::{
    CommitSha,
    release::{Brought, Untold, Writers},
};
use http::StatusCode;
use ports::{Clock, Http, Response, Store};
use serde::Deserialize;

use super::{Client, Repository, link::Ended, person::WirePerson, writers::is_absent};
use crate::{CallError, exchange::Repeat};

/// GitHub shows as many commits of a comparison on a page (VENDORS 4.5: 100, where pages are asked for).
const PER_PAGE: usize = 100;

/// So many pages are read: a thousand commits. GitHub itself compares no more than ten thousand.
const PAGES_MAX: usize = 10;

#[derive(Deserialize)]
struct WireComparison {
    commits: Vec<WireCommit>,
}

#[derive(Deserialize)]
struct WireCommit {
    sha: CommitSha,
    #[serde(default)]
    author: Option<WirePerson>,
    #[serde(default)]
    committer: Option<WirePerson>,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// The commits that are in `head` and not in `base`, the oldest first, with their authors and committers. The first page bears the
    /// changed files too, 300 at most.
    pub async fn brought(
        &self,
        repository: Repository<'_>,
        (base, head): (&CommitSha, &CommitSha),
    ) -> Result<Brought, CallError> {
        let name = repository.name;
        let what = format!(
            "listing what {} of {name} brings beside {}",
            head.short(),
            base.short()
        );
        let call = self.exchange(repository, what, Repeat::Harmless)?;
        let path = format!("/repos/{name}/compare/{base}...{head}?per_page={PER_PAGE}&page=1");
        let (mut commits, mut people, mut unknown, mut is_lost) =
            (Vec::new(), Vec::new(), None, false);
        let take = |response: &Response| {
            if is_absent(response) {
                is_lost = true;
                return Ok(ControlFlow::Break(()));
            }
            if response.status != StatusCode::OK {
                return Err(self.failure(&call, response));
            }
            let page: WireComparison = call.read(response)?;
            for commit in page.commits {
                let author = WirePerson::account(commit.author);
                if author.is_none() && unknown.is_none() {
                    unknown = Some(commit.sha.short().to_owned());
                }
                people.extend(author);
                people.extend(WirePerson::account(commit.committer));
                commits.push(commit.sha);
            }
            Ok(ControlFlow::Continue(()))
        };
        let ended = match self.pages_judged(&call, &path, PAGES_MAX, take).await {
            // The changed files are in it, which nobody needs here, and GitHub leaves them out of no answer.
            Err(CallError::TooLong { .. }) => Ended::Unfinished,
            ended => ended?,
        };
        if is_lost {
            return Ok(Brought::Lost);
        }
        people.sort_unstable();
        people.dedup();
        let writers = match (ended, unknown) {
            (Ended::Unfinished, _) => Writers::Untold(Untold::TooMany {
                of: format!("{}...{}", base.short(), head.short()),
            }),
            (Ended::AtTheEnd | Ended::Broken, Some(of)) => {
                Writers::Untold(Untold::NoAccount { of })
            }
            (Ended::AtTheEnd | Ended::Broken, None) => Writers::Known(people),
        };
        Ok(Brought::Commits { commits, writers })
    }
}
