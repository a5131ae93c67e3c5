//! Reading the workflow runs of a commit.

use std::collections::BTreeMap;

use domain::{
    CommitSha, RepositoryId,
    preview::{RunProgress, WorkflowRun, skips_preview},
};
use ports::{Clock, Http, Store};
use serde::Deserialize;

use super::{Client, Repository};
use crate::{CallError, exchange::Repeat};

/// A search by commit ends at 1,000 runs: GitHub shows no more.
const PAGES: usize = 20;

#[derive(Deserialize)]
pub(super) struct WireList {
    pub(super) workflow_runs: Vec<Wire>,
}

#[derive(Deserialize)]
pub(super) struct Wire {
    pub(super) id: u64,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    pub(super) display_title: String,
    /// Older answers have none.
    #[serde(default)]
    path: String,
    event: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    conclusion: Option<String>,
    #[serde(default)]
    head_branch: Option<String>,
    head_sha: CommitSha,
    #[serde(default)]
    run_attempt: Option<u64>,
    html_url: String,
    head_repository: Option<Identified>,
    pub(super) repository: Identified,
    /// Whoever started it first.
    #[serde(default)]
    pub(super) actor: Option<Actor>,
    head_commit: Option<HeadCommit>,
}

#[derive(Deserialize)]
struct HeadCommit {
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
pub(super) struct Actor {
    pub(super) id: u64,
}

#[derive(Deserialize)]
pub(super) struct Identified {
    pub(super) id: RepositoryId,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// All runs on the commit, each as its newest attempt, in the order of their ids. Runs of forks are among them: whether
    /// one is to be trusted is for its event and head repository to say (VENDORS 4.7).
    pub async fn workflow_runs(
        &self,
        repository: Repository<'_>,
        head: &CommitSha,
    ) -> Result<Vec<WorkflowRun>, CallError> {
        let what = format!(
            "reading the workflow runs of {} on {}",
            repository.name,
            head.short()
        );
        let exchange = self.exchange(repository, what, Repeat::Harmless)?;
        // A run is 10 to 15 kB of JSON.
        let path = format!(
            "/repos/{}/actions/runs?head_sha={head}&exclude_pull_requests=true&per_page=50",
            repository.name
        );
        let mut newest: BTreeMap<u64, WorkflowRun> = BTreeMap::new();
        self.each_page(&exchange, &path, PAGES, |response| {
            let list: WireList = exchange.read(response)?;
            for wire in list.workflow_runs {
                if wire.repository.id != repository.id {
                    return Err(Self::another_repository(
                        &exchange,
                        repository,
                        wire.repository.id,
                    ));
                }
                let run = shown(wire);
                let is_news = newest
                    .get(&run.id)
                    .is_none_or(|known| known.attempt < run.attempt);
                if run.head_commit == *head && is_news {
                    newest.insert(run.id, run);
                }
            }
            Ok(())
        })
        .await?;
        Ok(newest.into_values().collect())
    }
}

/// In our words.
pub(super) fn shown(wire: Wire) -> WorkflowRun {
    let progress = RunProgress::of(wire.status.as_deref(), wire.conclusion.as_deref());
    WorkflowRun {
        id: wire.id,
        attempt: wire.run_attempt.unwrap_or(1),
        name: wire.name.unwrap_or_default(),
        path: wire.path,
        event: wire.event,
        head_branch: wire.head_branch,
        head_commit: wire.head_sha,
        head_repository: wire.head_repository.map(|repository| repository.id),
        progress,
        html_url: wire.html_url,
        skips_preview: wire
            .head_commit
            .is_some_and(|commit| skips_preview(&commit.message)),
    }
}
