//! What GitHub shows of a pull request and of the workflow runs on its commits.

use serde::{Deserialize, Serialize};

use crate::{CommitSha, RepositoryId, RepositoryName, Timestamp};

/// A pull request as GitHub showed it at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    /// GitHub's own time of the last change, to the second: what orders two sightings.
    pub updated_at: Timestamp,
    /// Open or closed.
    pub state: PullRequestState,
    /// The title: written by anybody.
    pub title: String,
    /// The login of who opened it.
    pub author: String,
    /// Whether it is a draft.
    pub draft: bool,
    /// The names of its labels, in order.
    pub labels: Vec<String>,
    /// The branch that it wants to be merged from: written by anybody.
    pub head_branch: String,
    /// The commit that is to be previewed.
    pub head_commit: CommitSha,
    /// The repository of the head branch; none if that was deleted.
    pub head_repository: Option<RepositoryId>,
    /// The branch that it wants to be merged into.
    pub base_branch: String,
    /// The name of the repository that it is merged into, now.
    pub repository: RepositoryName,
    /// The default branch of that repository, where configuration is read.
    pub default_branch: String,
    /// Whether that repository is read-only: nothing is begun, and GitHub takes no comment.
    #[serde(default)]
    pub archived: bool,
}

/// Whether a pull request is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullRequestState {
    /// Open.
    Open,
    /// Closed without having been merged.
    Closed,
    /// Merged.
    Merged,
}

/// A run of a GitHub Actions workflow as GitHub showed it at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowRun {
    /// The run's id: the same when it is run again.
    pub id: u64,
    /// Grows by one each time it is run again.
    pub attempt: u64,
    /// The workflow's name: `CI`.
    pub name: String,
    /// The workflow's file: `.github/workflows/ci.yml`.
    pub path: String,
    /// What started it: `push`, `pull_request` …
    pub event: String,
    /// The branch or tag that it ran on, which GitHub does not tell apart: written by anybody.
    #[serde(default)]
    pub head_branch: Option<String>,
    /// The commit that it ran on.
    pub head_commit: CommitSha,
    /// The repository of that commit: a fork's, or the repository's own; none if it was deleted.
    pub head_repository: Option<RepositoryId>,
    /// How far it is.
    pub progress: RunProgress,
    /// The run's page.
    pub html_url: String,
    /// Whether the message of its head commit says `[skip preview]`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skips_preview: bool,
}

/// What asks for no preview, in a title or in the message of a commit.
const SKIP: &str = "[skip preview]";

/// Whether a title or a commit's message asks for no preview.
pub fn skips_preview(text: &str) -> bool {
    text.contains(SKIP)
}

impl WorkflowRun {
    /// Whether `next` is later, of the same run: a newer attempt, or further on in the same one.
    pub fn precedes(&self, next: &Self) -> bool {
        (self.attempt, self.progress.rank()) < (next.attempt, next.progress.rank())
    }

    /// Whether it is of this workflow, by its name, path or file name.
    pub fn is_of(&self, workflow: &str) -> bool {
        workflow == self.name || self.is_of_file(workflow)
    }

    /// Whether it is of this workflow, by its path or file name alone.
    pub fn is_of_file(&self, workflow: &str) -> bool {
        let path = self.file();
        workflow == path || path.strip_prefix(".github/workflows/") == Some(workflow)
    }

    /// The path of its workflow. GitHub appends `@<ref>` to it in some answers.
    pub fn file(&self) -> &str {
        self.path.split('@').next().unwrap_or_default()
    }
}

/// How far a workflow run is. The order is that of time within one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunProgress {
    /// Asked for, waiting, or not started.
    Waiting,
    /// At work.
    Running,
    /// Done, and it succeeded.
    Succeeded,
    /// Done, and it was cancelled (or skipped, or is stale).
    Cancelled,
    /// Done, and it did not succeed: failure, timed out, or an approval is needed.
    Failed,
}

impl RunProgress {
    /// The order in time: all that are done are alike.
    fn rank(self) -> u8 {
        match self {
            Self::Waiting => 0,
            Self::Running => 1,
            Self::Succeeded | Self::Cancelled | Self::Failed => 2,
        }
    }

    /// How far a run is by GitHub's `status` and `conclusion`, of which new ones may come: what is not known is never taken for a
    /// success, and a run without a conclusion is not over.
    pub fn of(status: Option<&str>, conclusion: Option<&str>) -> Self {
        match (status, conclusion) {
            (Some("completed"), Some("success")) => Self::Succeeded,
            (Some("completed"), Some("cancelled" | "skipped" | "stale")) => Self::Cancelled,
            (Some("completed"), Some(_)) => Self::Failed,
            (Some("completed" | "in_progress"), _) => Self::Running,
            // `requested`, `queued`, `waiting`, `pending`.
            (Some(_) | None, _) => Self::Waiting,
        }
    }
}
