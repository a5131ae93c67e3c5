//! `workflow_run` deliveries. GitHub sends them for runs of forks' pull requests too: the head repository tells.

use domain::{
    CommitSha, PullRequestNumber, RepositoryId, RepositoryName, Timestamp,
    preview::{RunProgress, WorkflowRun, skips_preview},
};
use serde::Deserialize;

use crate::{
    Malformed,
    body::not_utf8,
    json::{self, Object},
};

/// What happened to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkflowRunAction {
    /// It was asked for; not sent when a run is run again.
    Requested,
    /// It began.
    InProgress,
    /// It ended.
    Completed,
}

impl WorkflowRunAction {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Requested, Self::InProgress, Self::Completed];

    /// GitHub's name of it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// What a `workflow_run` delivery says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowRunEvent {
    /// What happened.
    pub action: WorkflowRunAction,
    /// The repository of the workflow.
    pub repository: RepositoryId,
    /// Its name, now.
    pub repository_name: RepositoryName,
    /// Its default branch; none in payloads that do not say it.
    pub default_branch: Option<String>,
    /// When GitHub last changed the run: how old this is. The beginning of time in payloads that do not say it.
    pub updated_at: Timestamp,
    /// The run as it was then.
    pub run: WorkflowRun,
    /// The open pull requests into this repository that GitHub names: never any for a run of a fork's.
    pub pull_requests: Vec<PullRequestNumber>,
}

/// Parses the payload of a `workflow_run` delivery that [`crate::route`] did not ignore.
pub fn workflow_run_event(payload: &[u8]) -> Result<WorkflowRunEvent, Malformed> {
    let payload = std::str::from_utf8(payload).map_err(not_utf8)?;
    let event = WireEvent::parse(payload)?;
    let action = event.used_action().ok_or_else(|| {
        Malformed::new(&format!(
            "action: found {:?}, expected requested, in_progress or completed",
            event.action
        ))
    })?;
    let repository = event.repository.0;
    let run = event.workflow_run.0;
    let workflow = event.workflow.map(|workflow| workflow.0);
    let (workflow_name, workflow_path) =
        workflow.map_or((None, None), |workflow| (workflow.name, workflow.path));
    // Older payloads leave the run's own name empty and have no path; the workflow beside it has both.
    let name = run.name.filter(|name| !name.is_empty()).or(workflow_name);
    let path = run.path.or(workflow_path).unwrap_or_default();
    Ok(WorkflowRunEvent {
        action,
        repository: RepositoryId(repository.id),
        repository_name: repository.full_name,
        default_branch: repository.default_branch,
        updated_at: run.updated_at,
        pull_requests: run
            .pull_requests
            .into_iter()
            .filter(|pull_request| pull_request.0.base.0.repo.0.id == repository.id)
            .map(|pull_request| PullRequestNumber(pull_request.0.number))
            .collect(),
        run: WorkflowRun {
            id: run.id,
            attempt: run.run_attempt,
            name: name.unwrap_or_default(),
            // `.github/workflows/ci.yml@main`: where the file was taken from says nothing of which workflow it is.
            path: path.split('@').next().unwrap_or_default().to_owned(),
            event: run.event,
            head_branch: run.head_branch,
            head_commit: run.head_sha,
            head_repository: run.head_repository.map(|repo| RepositoryId(repo.0.id)),
            progress: RunProgress::of(Some(&run.status), run.conclusion.as_deref()),
            html_url: run.html_url,
            skips_preview: run
                .head_commit
                .is_some_and(|commit| skips_preview(&commit.0.message)),
        },
    })
}

/// What is read of the payload.
#[derive(Deserialize)]
pub(crate) struct WireEvent {
    pub(crate) action: String,
    pub(crate) repository: Object<WireRepository>,
    workflow: Option<Object<WireWorkflow>>,
    workflow_run: Object<WireRun>,
}

impl WireEvent {
    pub(crate) fn parse(payload: &str) -> Result<Self, Malformed> {
        json::parse(payload)
    }

    /// The action if it means something here.
    pub(crate) fn used_action(&self) -> Option<WorkflowRunAction> {
        WorkflowRunAction::named(&self.action)
    }
}

#[derive(Deserialize)]
pub(crate) struct WireRepository {
    pub(crate) id: u64,
    #[serde(deserialize_with = "json::identity")]
    full_name: RepositoryName,
    #[serde(default)]
    default_branch: Option<String>,
}

#[derive(Deserialize)]
struct WireWorkflow {
    name: Option<String>,
    path: Option<String>,
}

#[derive(Deserialize)]
struct WireRun {
    id: u64,
    run_attempt: u64,
    name: Option<String>,
    path: Option<String>,
    event: String,
    head_branch: Option<String>,
    #[serde(deserialize_with = "json::identity")]
    head_sha: CommitSha,
    head_repository: Option<Object<WireId>>,
    #[serde(default, deserialize_with = "json::timestamp")]
    updated_at: Timestamp,
    status: String,
    conclusion: Option<String>,
    html_url: String,
    #[serde(default)]
    pull_requests: Vec<Object<WirePullRequest>>,
    head_commit: Option<Object<WireCommit>>,
}

#[derive(Deserialize)]
struct WireCommit {
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct WirePullRequest {
    number: u64,
    base: Object<WireBase>,
}

#[derive(Deserialize)]
struct WireBase {
    repo: Object<WireId>,
}

#[derive(Deserialize)]
struct WireId {
    id: u64,
}

#[cfg(test)]
mod tests;
