//! What can be done about a release line.
//!
//! Nothing here needs a claim. Reads and looks are harmless; a change of the specification and a sync bring about the same when
//! they come twice, and Argo CD takes only one operation at a time; a deployment on GitHub is looked for before it is made, and
//! so is the run of a test, of which a second one does no harm.

use super::{Asked, DeploymentStatus, Fact, Kind, StepFact, TestAction, Upstream};
use crate::{
    CommitSha, RepositoryName, Timestamp,
    argocd::{ApplicationId, GitPlace, Setting},
    entity,
    outbox::Letter,
    release::{LineId, Name, Source},
};

/// Something to do about a release line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Read the workflow runs on a commit.
    ReadRuns {
        /// The repository.
        repository: RepositoryName,
        /// The commit.
        commit: CommitSha,
    },
    /// Ask GitHub how `head` stands to `base`.
    Compare {
        /// The repository.
        repository: RepositoryName,
        /// The one that is compared with.
        base: CommitSha,
        /// The other one.
        head: CommitSha,
    },
    /// Ask GitHub whether the commit is in what the environment tracks, for its runs, and for who wrote it.
    Check {
        /// The repository.
        repository: RepositoryName,
        /// The commit.
        commit: CommitSha,
        /// What the environment tracks.
        source: Source,
        /// The tag that was pushed, where tags are tracked.
        tag: Option<String>,
        /// Whether to find out who wrote the change, since people have to approve it.
        writers: bool,
    },
    /// List what is in a commit and not in what is live, with who wrote it.
    ListBrought {
        /// The repository.
        repository: RepositoryName,
        /// The commit.
        commit: CommitSha,
        /// What is live, and what was before, in case that GitHub knows it no longer.
        live: Vec<CommitSha>,
    },
    /// Ask by whose pull requests commits came.
    ReadWriters {
        /// The repository.
        repository: RepositoryName,
        /// The commit that would bring them.
        commit: CommitSha,
        /// What is live.
        live: CommitSha,
        /// Which ones.
        of: Vec<CommitSha>,
    },
    /// Read the sync windows of the application.
    ReadWindows {
        /// The application.
        application: ApplicationId,
    },
    /// Begin a release. Nothing is called: the intent is all.
    Begin {
        /// What it is known by.
        key: String,
        /// Whether it goes on or back.
        kind: Kind,
        /// The commit.
        commit: CommitSha,
        /// What Argo CD is asked for; or for people why it cannot be asked.
        asked: Result<Asked, String>,
    },
    /// About the release in hand.
    Step {
        /// The release.
        key: String,
        /// Its Argo CD application.
        application: ApplicationId,
        /// What to do.
        step: StepAction,
    },
    /// About a release's deployment on GitHub.
    Report {
        /// The release.
        key: String,
        /// The repository.
        repository: RepositoryName,
        /// What to do.
        report: ReportAction,
    },
    /// About the test of what is live.
    Test {
        /// Tells it from other tests.
        number: u64,
        /// The repository.
        repository: RepositoryName,
        /// What to do.
        step: TestAction,
    },
    /// Tell an environment after this one what is live here.
    Pass {
        /// Whom.
        line: LineId,
        /// Its name.
        environment: Name,
        /// What is live here.
        live: Option<Upstream>,
        /// As of when: later than what was told before, whatever the clock says.
        as_of: Timestamp,
    },
    /// Hand a letter to the repository's outbox.
    Announce {
        /// What is to be told to whom.
        letter: Box<Letter>,
    },
}

/// Something to do about the release in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepAction {
    /// Look at the application.
    Look {
        /// And at its sync windows.
        windows: bool,
    },
    /// Change the application's specification.
    Change {
        /// To what.
        setting: Setting,
    },
    /// Commit a version to the repository of the manifests.
    Commit {
        /// Where, and what.
        place: Box<GitPlace>,
        /// The commit's message.
        message: String,
    },
    /// Ask for a sync or a rollback.
    Operate {
        /// The entry of the history to go back to; none for a sync.
        history: Option<u64>,
    },
    /// Have the release give way to a newer one. Nothing is called: the intent is all.
    GiveWay {
        /// The newer commit.
        newer: CommitSha,
    },
    /// Tell Argo CD to stop the operation.
    Stop,
    /// Probe the URL.
    Probe {
        /// What to GET.
        url: String,
        /// The status of a healthy answer, if only one is.
        expected: Option<u32>,
    },
}

/// Something to do about a release's deployment on GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportAction {
    /// Find it, or make it.
    Find {
        /// The commit.
        commit: CommitSha,
        /// The name of the environment on GitHub.
        environment: String,
    },
    /// Give it a status.
    Status {
        /// GitHub's id of it.
        deployment: u64,
        /// The status.
        status: DeploymentStatus,
    },
}

impl entity::Action for Action {
    type Fact = Fact;

    fn intent(&self) -> Option<Fact> {
        match self {
            Self::Step { key, step, .. } => {
                let intended = match step {
                    StepAction::Change { .. } | StepAction::Commit { .. } => {
                        StepFact::ChangeIntended
                    }
                    StepAction::Operate { .. } => StepFact::OperationIntended,
                    StepAction::Look { .. }
                    | StepAction::GiveWay { .. }
                    | StepAction::Stop
                    | StepAction::Probe { .. } => return None,
                };
                Some(Fact::Step {
                    key: key.clone(),
                    step: intended,
                })
            }
            Self::Test { number, step, .. } => step.intent(*number),
            Self::ReadRuns { .. }
            | Self::Compare { .. }
            | Self::Check { .. }
            | Self::ListBrought { .. }
            | Self::ReadWriters { .. }
            | Self::ReadWindows { .. }
            | Self::Begin { .. }
            | Self::Report { .. }
            | Self::Pass { .. }
            | Self::Announce { .. } => None,
        }
    }

    fn claim(&self) -> Option<String> {
        None
    }
}
