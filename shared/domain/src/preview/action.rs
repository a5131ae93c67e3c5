//! What can be done about a preview.

use std::collections::BTreeSet;

use super::{
    AdmissionAction, AdmissionFact, Fact, LabelAdded, ReportFact, ReportWish, Request, Revision,
    Sieve, TargetFact, report,
};
use crate::{CommitSha, DeploymentUuid, ImageTag, RepositoryName, TargetId, Timestamp, entity};

/// Something to do about a preview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Read the pull request from GitHub.
    ReadPullRequest {
        /// The repository.
        repository: RepositoryName,
    },
    /// Find out which configuration is in force.
    ReadConfiguration {
        /// The repository.
        repository: RepositoryName,
        /// The head commit that it is read for.
        commit: CommitSha,
        /// How many changes of it are known.
        changes: u32,
    },
    /// Ask what somebody may do who put a label on that approves.
    ReadPermission {
        /// The repository.
        repository: RepositoryName,
        /// Who, and what they did.
        added: LabelAdded,
    },
    /// Read the workflow runs on a commit.
    ReadRuns {
        /// The repository.
        repository: RepositoryName,
        /// The commit.
        commit: CommitSha,
    },
    /// Find out which services the changed files concern.
    ReadFiles {
        /// The repository.
        repository: RepositoryName,
        /// What is asked.
        sieve: Sieve,
    },
    /// About the preview on one target.
    Target {
        /// The application.
        application: TargetId,
        /// What to do.
        action: TargetAction,
    },
    /// About the place on one target, where the number of live previews is limited.
    Admission {
        /// The application.
        application: TargetId,
        /// What to do.
        action: AdmissionAction,
    },
    /// Record that the preview of a service ends soon, or is over. Asks nobody.
    NoteExpiry {
        /// The service.
        service: String,
        /// The last activity.
        activity: Timestamp,
        /// Whether it is over.
        over: bool,
    },
    /// Make the comment say `body`.
    PublishComment {
        /// The repository.
        repository: RepositoryName,
        /// GitHub's id of the comment; none if it is to be found or created.
        comment: Option<u64>,
        /// Counts up with every creation.
        attempt: u32,
        /// The whole text, with the marker.
        body: String,
        /// The digest of the text.
        digest: String,
    },
    /// Make a check run or a deployment say something.
    PublishReport(ReportWish),
    /// Delete our deployments to the pull request's environment from GitHub.
    SweepDeployments {
        /// The repository.
        repository: RepositoryName,
        /// But for these.
        keep: BTreeSet<u64>,
    },
    /// Delete the tag of an image that was deployed for the pull request from its registry.
    DeleteImage {
        /// The repository.
        repository: RepositoryName,
        /// The image without its tag.
        image: String,
        /// The tag.
        tag: ImageTag,
    },
    /// Ask what somebody may do who asks for something.
    JudgeRequest {
        /// The repository.
        repository: RepositoryName,
        /// Who, and what they ask for.
        request: Request,
    },
}

/// Where a commit is, for whoever deploys more than an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The repository of the pull request.
    pub repository: RepositoryName,
    /// The head branch, as its author named it.
    pub branch: String,
}

/// Something to do about the preview on one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetAction {
    /// Ask for a deployment.
    Start {
        /// Counts up.
        attempt: u32,
        /// The name of the service.
        service: String,
        /// What to deploy.
        revision: Revision,
        /// Where it is.
        source: Source,
    },
    /// Look whether what others deploy is there.
    Find {
        /// With what.
        revision: Revision,
    },
    /// Look whether others left something behind of what was removed.
    LookAfter,
    /// Find out whether an intended deployment was ever asked for, and if not, see that it never will be.
    ResolveStart {
        /// The attempt.
        attempt: u32,
    },
    /// Look for the attempt's deployment in Coolify's list.
    Look {
        /// The attempt.
        attempt: u32,
        /// The image's tag.
        tag: ImageTag,
        /// Deployments from this one back are not the attempt's.
        known: Option<DeploymentUuid>,
        /// Deployments from before this time are not the attempt's.
        not_before: Timestamp,
    },
    /// Ask how far a deployment is.
    Poll {
        /// The deployment.
        deployment: DeploymentUuid,
    },
    /// Cancel a deployment that Coolify does not bring to an end: nothing newer is deployed before it has one.
    Cancel {
        /// The deployment.
        deployment: DeploymentUuid,
    },
    /// Probe whether the preview answers.
    Probe {
        /// The deployment that is expected to answer.
        deployment: DeploymentUuid,
        /// What to GET.
        url: String,
        /// The status of a healthy answer; none for any 2xx or 3xx.
        expected: Option<u32>,
    },
    /// Look which variables the previews share with production.
    ReadVariables {
        /// The head commit that they are looked at for.
        commit: CommitSha,
    },
    /// Ask for the removal of the preview.
    Remove,
}

impl entity::Action for Action {
    type Fact = Fact;

    fn intent(&self) -> Option<Fact> {
        let (application, fact) = match self {
            Self::ReadPullRequest { .. }
            | Self::ReadConfiguration { .. }
            | Self::ReadPermission { .. }
            | Self::JudgeRequest { .. }
            | Self::NoteExpiry { .. }
            | Self::SweepDeployments { .. }
            | Self::DeleteImage { .. }
            | Self::ReadFiles { .. }
            | Self::ReadRuns { .. } => {
                return None;
            }
            Self::PublishReport(ReportWish {
                report,
                known,
                make,
                ..
            }) => {
                let fact = match (known, make) {
                    (Some(_), _) => ReportFact::Changing,
                    (None, Some(attempt)) => ReportFact::Intended { attempt: *attempt },
                    (None, None) => return None,
                };
                let report = report.clone();
                return Some(Fact::Report { report, fact });
            }
            Self::Admission {
                application,
                action,
            } => {
                let fact = match *action {
                    AdmissionAction::Ask { ticket, .. } => AdmissionFact::Asking { ticket },
                    AdmissionAction::Return { ticket } => AdmissionFact::Returning { ticket },
                };
                let application = application.clone();
                return Some(Fact::Admission { application, fact });
            }
            Self::PublishComment {
                comment: Some(_), ..
            } => return Some(Fact::CommentChanging),
            Self::PublishComment {
                comment: None,
                attempt,
                ..
            } => {
                return Some(Fact::CommentIntended { attempt: *attempt });
            }
            Self::Target {
                application,
                action,
            } => match action {
                TargetAction::Start {
                    attempt,
                    service,
                    revision,
                    source: _,
                } => (
                    application,
                    TargetFact::StartIntended {
                        attempt: *attempt,
                        service: service.clone(),
                        revision: revision.clone(),
                    },
                ),
                TargetAction::Remove => (application, TargetFact::RemovalIntended),
                TargetAction::ResolveStart { .. }
                | TargetAction::Find { .. }
                | TargetAction::LookAfter
                | TargetAction::Look { .. }
                | TargetAction::Poll { .. }
                | TargetAction::Cancel { .. }
                | TargetAction::Probe { .. }
                | TargetAction::ReadVariables { .. } => return None,
            },
        };
        Some(Fact::Target {
            application: application.clone(),
            fact,
        })
    }

    fn claim(&self) -> Option<String> {
        match self {
            Self::Target {
                application,
                action: TargetAction::Start { attempt, .. } | TargetAction::ResolveStart { attempt },
            } => Some(start_claim(application, *attempt)),
            Self::PublishComment {
                comment: None,
                attempt,
                ..
            } => Some(comment_claim(*attempt)),
            Self::PublishReport(ReportWish {
                report,
                known: None,
                make: Some(attempt),
                ..
            }) => Some(report::claim(report.kind, *attempt)),
            Self::PublishComment {
                comment: Some(_), ..
            }
            | Self::PublishReport(_)
            | Self::SweepDeployments { .. }
            | Self::DeleteImage { .. }
            | Self::ReadPullRequest { .. }
            | Self::ReadConfiguration { .. }
            | Self::ReadPermission { .. }
            | Self::JudgeRequest { .. }
            | Self::NoteExpiry { .. }
            | Self::ReadFiles { .. }
            | Self::ReadRuns { .. }
            | Self::Admission { .. }
            | Self::Target {
                action:
                    TargetAction::Find { .. }
                    | TargetAction::LookAfter
                    | TargetAction::Look { .. }
                    | TargetAction::Poll { .. }
                    | TargetAction::Cancel { .. }
                    | TargetAction::Probe { .. }
                    | TargetAction::ReadVariables { .. }
                    | TargetAction::Remove,
                ..
            } => None,
        }
    }
}

/// The claim of one attempt to deploy.
pub(super) fn start_claim(application: &TargetId, attempt: u32) -> String {
    format!("deploy-{application}/{attempt}")
}

/// The claim of one attempt to create the comment.
pub(super) fn comment_claim(attempt: u32) -> String {
    format!("comment/{attempt}")
}
