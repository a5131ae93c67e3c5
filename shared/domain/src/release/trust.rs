//! Which workflow runs prove that a commit's image was built for an environment.
//!
//! GitHub sends `workflow_run` for forks' pull requests too, and a fork may call its branch `main` (VENDORS 4.7): neither the
//! branch's name nor the run's success is proof without all of these rules.

use serde::{Deserialize, Serialize};

use super::{ImageReport, Terms};
use crate::{CommitSha, RepositoryId, preview::WorkflowRun};

/// Why a workflow run says nothing of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// It was not started by a push.
    #[error("it was started by {found:?}, and only runs of a push count")]
    Event {
        /// By what.
        found: String,
    },
    /// It ran on a commit of a repository that was deleted.
    #[error("the repository of its commit was deleted, so it was a fork's")]
    NoRepository,
    /// It ran on a fork's commit.
    #[error("its commit is of the repository {found}, a fork, and only the repository's own count")]
    Fork {
        /// Whose.
        found: RepositoryId,
    },
    /// It is of another workflow.
    #[error("it is of the workflow {found:?}, and {expected:?} builds the image")]
    Workflow {
        /// Of which.
        found: String,
        /// Of which it should be.
        expected: String,
    },
    /// The configuration names no workflow.
    #[error("the configuration names no workflow that builds images")]
    NoWorkflow,
    /// It ran on another branch or tag, or GitHub does not say on which.
    #[error("it ran on {found:?}, which the environment does not track")]
    Reference {
        /// On which.
        found: String,
    },
    /// It ran on another commit.
    #[error("it ran on the commit {found}, and {expected} is asked for")]
    Commit {
        /// On which.
        found: CommitSha,
        /// On which it should have.
        expected: CommitSha,
    },
    /// It reports another image than the service's.
    #[error("it reports the image {found:?}, and the service's is {expected:?}")]
    Image {
        /// Which.
        found: String,
        /// Which it should be.
        expected: String,
    },
    /// A later attempt of the same run is known.
    #[error("it is attempt {found} of the run, and attempt {known} is known")]
    OlderAttempt {
        /// Which.
        found: u64,
        /// The newest.
        known: u64,
    },
}

/// Whether `run` is one that builds images of `repository` for an environment with these terms.
pub fn judge(run: &WorkflowRun, repository: RepositoryId, terms: &Terms) -> Result<(), Refusal> {
    if run.event != "push" {
        return Err(Refusal::Event {
            found: excerpt(&run.event),
        });
    }
    match run.head_repository {
        None => return Err(Refusal::NoRepository),
        Some(found) if found != repository => return Err(Refusal::Fork { found }),
        Some(_) => {}
    }
    let Some(workflow) = &terms.workflow else {
        return Err(Refusal::NoWorkflow);
    };
    if !run.is_of(workflow) {
        return Err(Refusal::Workflow {
            found: excerpt(&run.name),
            expected: workflow.clone(),
        });
    }
    match (&terms.source, run.head_branch.as_deref()) {
        // What goes on from environment to environment was judged where it came in.
        (super::Source::Promotion, _) => Ok(()),
        (source, Some(name)) if source.reference_named(name).is_some() => Ok(()),
        (_, found) => Err(Refusal::Reference {
            found: excerpt(found.unwrap_or_default()),
        }),
    }
}

/// Whether a report is of a run that builds images of `repository` for an environment with these terms, and of its image.
pub fn judge_report(
    report: &ImageReport,
    repository: RepositoryId,
    terms: &Terms,
) -> Result<(), Refusal> {
    judge(&report.run, repository, terms)?;
    if report.image == terms.image {
        Ok(())
    } else {
        Err(Refusal::Image {
            found: excerpt(&report.image),
            expected: terms.image.clone(),
        })
    }
}

/// The runs among `runs` of the one workflow that is configured: those of its file if any is, else all that bear its name. A name
/// is anybody's choice, so runs of two files that share one prove nothing: then these two are the error.
pub(crate) fn of_one_workflow<'a>(
    runs: Vec<&'a WorkflowRun>,
    workflow: &str,
) -> Result<Vec<&'a WorkflowRun>, (&'a WorkflowRun, &'a WorkflowRun)> {
    let of_file = |run: &&WorkflowRun| run.is_of_file(workflow);
    if runs.iter().any(of_file) {
        return Ok(runs.into_iter().filter(of_file).collect());
    }
    let first = runs.first().copied();
    let other = |first: &&WorkflowRun| {
        let mut others = runs.iter();
        others.find(|run| run.file() != first.file()).copied()
    };
    match first.zip(first.as_ref().and_then(other)) {
        Some(two) => Err(two),
        None => Ok(runs),
    }
}

/// Whether `run` is of the commit, and no older attempt than the one that is known.
pub fn judge_attempt(
    run: &WorkflowRun,
    commit: &CommitSha,
    known: Option<&WorkflowRun>,
) -> Result<(), Refusal> {
    if run.head_commit != *commit {
        return Err(Refusal::Commit {
            found: run.head_commit.clone(),
            expected: commit.clone(),
        });
    }
    match known.filter(|known| known.id == run.id && known.attempt > run.attempt) {
        Some(known) => Err(Refusal::OlderAttempt {
            found: run.attempt,
            known: known.attempt,
        }),
        None => Ok(()),
    }
}

/// The start of a text that anybody may have written.
fn excerpt(text: &str) -> String {
    text.chars().take(60).collect()
}
