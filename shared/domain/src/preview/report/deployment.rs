//! GitHub's deployment of a head commit: what makes the pull request's page show where the preview is reached.
//!
//! A commit of a fork gets none: a deployment can start workflows of the repository (`on: deployment`), as the commit has them, with
//! the repository's secrets.

use super::{
    super::{
        Preview, PullRequestState, Standing,
        state::{Phase, Sighting},
        wanted::Wanted,
    },
    OnCommit,
};
use crate::{
    PullRequestNumber,
    release::{DeploymentState, DeploymentStatus},
};

/// The name of the environment of a pull request's preview.
pub fn environment(number: PullRequestNumber) -> String {
    format!("preview-pr-{number}")
}

/// GitHub's deployment as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentText {
    /// Its newest status; none as long as it only waits, which GitHub shows without one.
    pub status: Option<DeploymentStatus>,
}

impl DeploymentText {
    /// The digest of a deployment that was made and has no status yet.
    pub const MADE: &'static str = "made";

    pub(super) fn digest(&self) -> String {
        match &self.status {
            Some(status) => status.digest(),
            None => Self::MADE.to_owned(),
        }
    }

    /// Whether it is over.
    pub(super) fn is_last(&self) -> bool {
        let state = self.status.as_ref().map(|status| status.state);
        state == Some(DeploymentState::Inactive)
    }
}

impl Preview {
    /// What the deployment of a commit is to say; none if it is to be left as it is.
    pub(super) fn deployment_text(
        &self,
        sighting: &Sighting,
        known: &OnCommit,
    ) -> Option<DeploymentText> {
        let pull_request = &sighting.pull_request;
        let inactive = DeploymentState::Inactive;
        // It is over only once, whatever the words.
        let over = |why: &str| {
            (known.shown() != Some(inactive.as_str())).then(|| DeploymentText {
                status: Some(DeploymentStatus::new(inactive, why, None)),
            })
        };
        if pull_request.head_commit != known.commit {
            // What still runs is not over, whatever else is being built.
            return if self.runs(known) {
                None
            } else {
                over("superseded")
            };
        }
        if pull_request.state != PullRequestState::Open {
            return over("the pull request is closed");
        }
        if self.is_of_fork(pull_request) {
            return None;
        }
        let settings = self.settings_in_force()?;
        let is_wanted = settings.services.iter().any(|service| {
            matches!(
                self.wanted(&service.application),
                Wanted::Present { .. } | Wanted::Awaited
            )
        });
        let standing = self
            .services()
            .into_iter()
            .map(|view| view.standing)
            .max()?;
        match standing {
            Standing::Absent | Standing::Removing => over("there is no preview"),
            Standing::Waiting if is_wanted && known.publication.id.is_none() => {
                Some(DeploymentText { status: None })
            }
            Standing::Waiting => None,
            Standing::Deploying => Some(self.status(DeploymentState::InProgress, "deploying")),
            Standing::Ready if self.runs(known) => {
                Some(self.status(DeploymentState::Success, "deployed and found healthy"))
            }
            Standing::Ready => None,
            Standing::Failed if known.publication.id.is_some() => Some(self.status(
                DeploymentState::Failure,
                "failed: the comment on the pull request says why",
            )),
            // What never came so far needs no deployment to say so.
            Standing::Failed => None,
        }
    }

    fn status(&self, state: DeploymentState, text: &str) -> DeploymentText {
        let log_url = self.build_run().map(|(run, _)| run.html_url.clone());
        let mut status = DeploymentStatus::new(state, text, log_url);
        if state == DeploymentState::Success {
            status.environment_url = self.services().into_iter().find_map(|view| view.url);
        }
        DeploymentText {
            status: Some(status),
        }
    }

    /// Whether the commit runs somewhere.
    fn runs(&self, known: &OnCommit) -> bool {
        self.targets.values().any(|target| match &target.phase {
            Phase::Deployed { revision, .. } => revision.commit == known.commit,
            Phase::Idle { .. }
            | Phase::Starting { .. }
            | Phase::Underway { .. }
            | Phase::Failed { .. }
            | Phase::Removing(_) => false,
        })
    }
}
