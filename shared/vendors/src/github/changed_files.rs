//! Reading which files a pull request changes.

use std::ops::ControlFlow;

use domain::{CommitSha, PullRequestNumber};
use ports::{Clock, Http, Store};
use serde::Deserialize;

use super::{Client, Repository, link::Ended};
use crate::{CallError, exchange::Repeat};

/// GitHub lists no more files of a pull request (GHDOCS, rest/pulls/pulls, "List pull requests files").
pub const CHANGED_FILES_MAX: usize = 3_000;

/// The most that GitHub shows on a page.
const PER_PAGE: usize = 100;

/// A changed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFile {
    /// Where it is, or was before it was removed.
    pub path: String,
    /// Where it was, if it was renamed.
    pub previous_path: Option<String>,
}

impl ChangedFile {
    /// The paths that it has and had.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        [Some(self.path.as_str()), self.previous_path.as_deref()]
            .into_iter()
            .flatten()
    }
}

#[derive(Deserialize)]
struct Wire {
    filename: String,
    #[serde(default)]
    previous_filename: Option<String>,
    status: String,
    /// Names the commit that the list is of, but for files that it does not have any more.
    #[serde(default)]
    contents_url: String,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// Hands the files that the pull request changes with the head commit `head` to `take`, until that says that it has enough.
    /// Returns whether there may be more than GitHub lists. A list of another head commit is an error: it will pass.
    ///
    /// Nothing of it is kept with an `ETag`: each head commit is asked for once, and its list is never the one of the head before.
    pub async fn changed_files(
        &self,
        repository: Repository<'_>,
        number: PullRequestNumber,
        head: &CommitSha,
        mut take: impl FnMut(&ChangedFile) -> ControlFlow<()>,
    ) -> Result<bool, CallError> {
        let what = format!("listing the files of {}#{number}", repository.name);
        let call = self.exchange(repository, what, Repeat::Harmless)?;
        let path = format!(
            "/repos/{}/pulls/{number}/files?per_page={PER_PAGE}",
            repository.name
        );
        let mut listed = 0;
        let pages_max = CHANGED_FILES_MAX / PER_PAGE;
        let ended = self
            .pages_until(&call, &path, pages_max, |response| {
                let list: Vec<Wire> = call.read(response)?;
                if is_of_another(&list, head) {
                    let reason = call.reason("GitHub's API shows the files of another head commit");
                    return Err(call.retry(reason, None));
                }
                for wire in list {
                    listed += 1;
                    let file = ChangedFile {
                        path: wire.filename,
                        previous_path: wire.previous_filename,
                    };
                    if take(&file).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Ok(ControlFlow::Continue(()))
            })
            .await?;
        Ok(match ended {
            Ended::Broken => false,
            Ended::AtTheEnd => listed >= CHANGED_FILES_MAX,
            Ended::Unfinished => true,
        })
    }
}

/// Whether the files are those of another head commit: a copy of GitHub's that lags still shows the one before.
fn is_of_another(list: &[Wire], head: &CommitSha) -> bool {
    let commits: Vec<&str> = list
        .iter()
        .filter(|wire| wire.status != "removed")
        .filter_map(|wire| Some(wire.contents_url.rsplit_once("?ref=")?.1))
        .collect();
    !commits.is_empty() && commits.iter().all(|commit| *commit != head.as_str())
}
