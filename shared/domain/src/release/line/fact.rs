//! What can be learnt about a release line: from deliveries, from GitHub and Argo CD, from people, from what was done.

use serde::{Deserialize, Serialize};

use crate::{
    Account, CommitSha, RepositoryName, Timestamp,
    argocd::{Application, ApplicationId, Committed, Setting, SyncWindows},
    preview::{Trouble, WorkflowRun},
    release::{Brought, Name, Push, ReportedImage, Terms, Writers},
};

use super::{Offer, TestFact, Tested};

/// A fact about a release line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The configuration in force says this.
    Configured {
        /// The repository's name; none if no delivery told it.
        repository: Option<RepositoryName>,
        /// The environment's terms; none if the configuration names it no longer.
        terms: Option<Box<Terms>>,
        /// As of when.
        as_of: Timestamp,
    },
    /// A delivery told of a push to what the environment tracks.
    Pushed {
        /// The push.
        push: Push,
    },
    /// A delivery told of a workflow run that may be trusted.
    RunSeen {
        /// As it was then.
        run: WorkflowRun,
    },
    /// A run that may be trusted reported the image that it built.
    ImageReported {
        /// The image.
        image: ReportedImage,
    },
    /// An environment that comes before this one tells what is live there.
    UpstreamLive {
        /// The environment.
        environment: Name,
        /// What is live there; none if nothing is verified.
        live: Option<Upstream>,
        /// As of when.
        as_of: Timestamp,
    },
    /// GitHub's API showed the runs on a commit.
    RunsRead {
        /// The commit.
        commit: CommitSha,
        /// All of them.
        runs: Vec<WorkflowRun>,
    },
    /// GitHub told how two commits stand to each other.
    Compared {
        /// The one that is compared with.
        base: CommitSha,
        /// The other one.
        head: CommitSha,
        /// How `head` stands to `base`.
        relation: Relation,
    },
    /// GitHub told whether the commit is in what the environment tracks, and showed its runs.
    Checked {
        /// The commit.
        commit: CommitSha,
        /// All runs on it.
        runs: Vec<WorkflowRun>,
        /// Why it is not in what is tracked; none if it is.
        missing: Option<String>,
        /// The first line of its message, not at length.
        title: Option<String>,
        /// Its message asks for no release.
        skip: bool,
        /// It is the head of the branch that the environment tracks; none if that was not asked.
        #[serde(default)]
        is_head: Option<bool>,
        /// Who wrote and committed it and the pull requests that it came by; none if that was not asked for.
        #[serde(default)]
        writers: Option<Writers>,
    },
    /// GitHub listed what is in a commit and not in what is live.
    Brought {
        /// The commit.
        commit: CommitSha,
        /// What is live.
        live: CommitSha,
        /// What it would bring.
        brought: Brought,
    },
    /// GitHub told by whose pull requests some of what a commit would bring came.
    WritersRead {
        /// The commit.
        commit: CommitSha,
        /// What is live.
        live: CommitSha,
        /// The commits that are answered for.
        of: Vec<CommitSha>,
        /// Who wrote them.
        writers: Writers,
    },
    /// GitHub could not be asked about commits or runs.
    NotRead {
        /// Why.
        trouble: Trouble,
    },
    /// Argo CD showed the sync windows of an application.
    WindowsRead {
        /// The application.
        application: ApplicationId,
        /// Its windows.
        windows: SyncWindows,
    },
    /// Argo CD could not be asked for them.
    WindowsNotRead {
        /// Of this application.
        application: ApplicationId,
        /// Why.
        trouble: Trouble,
    },
    /// A release is about to begin.
    Begun {
        /// What it is known by.
        key: String,
        /// Whether it goes on or back.
        kind: Kind,
        /// The commit.
        commit: CommitSha,
        /// What Argo CD is asked for.
        asked: Asked,
    },
    /// It could not begin, since it makes no sense.
    NotBegun {
        /// The commit.
        commit: CommitSha,
        /// Why, for people.
        reason: String,
    },
    /// About the release in hand.
    Step {
        /// The release.
        key: String,
        /// The fact.
        step: StepFact,
    },
    /// About a release's deployment on GitHub.
    Report {
        /// The release.
        key: String,
        /// The fact.
        report: ReportFact,
    },
    /// About the test of what is live.
    Test {
        /// Which test.
        number: u64,
        /// The fact.
        test: TestFact,
    },
    /// A delivery told of a run of the workflow that tests the environment: only that it is to be looked at.
    TestRunSeen {
        /// GitHub's id of it.
        run: u64,
    },
    /// An environment after this one was told what is live here.
    Passed {
        /// Which one.
        environment: Name,
        /// What it was told.
        live: Option<Upstream>,
    },
    /// It could not be told.
    NotPassed {
        /// Why.
        trouble: Trouble,
    },
    /// A letter was handed to the repository's outbox.
    Announced {
        /// The letter's number.
        number: u64,
    },
    /// It could not be handed over.
    NotAnnounced {
        /// Why.
        trouble: Trouble,
    },
    /// A person lifts the hold.
    HoldLifted {
        /// Who, as far as that is known.
        by: String,
    },
    /// A person forbids automatic releases.
    Locked {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// A person allows them again.
    Unlocked {
        /// Who.
        by: String,
    },
    /// A person wants to go back.
    RollbackAsked {
        /// How many verified releases back: 1 is the one before the last.
        back: u32,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// A person lets a commit go on that does not follow what is there.
    DivergedAllowed {
        /// The commit.
        commit: CommitSha,
    },
    /// A person approves the release of a commit, as it would be made now: of that build and with that image.
    Approved {
        /// The commit.
        commit: CommitSha,
        /// Who: a login of GitHub's, or the name of a token.
        by: String,
        /// The account that approves; none if it is not known, then it does not count.
        #[serde(default)]
        account: Option<Account>,
        /// What they saw; none for whatever it is now.
        #[serde(default)]
        of: Option<Offer>,
    },
    /// A person asks to have this commit released now, as far as nothing else was decided since.
    ReleaseAsked {
        /// The commit.
        commit: CommitSha,
    },
    /// A person's wish that may be told twice: it is taken in once.
    Wished {
        /// What tells it from other wishes.
        id: String,
        /// The commit that a way back is to lead to; none if it is no way back, or any will do.
        #[serde(default)]
        to: Option<CommitSha>,
        /// What is wished for.
        wish: Box<Fact>,
    },
    /// A person asks to try again what waits or was given up.
    RetryAsked,
}

/// What can be learnt about a release in hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepFact {
    /// Argo CD showed the application.
    Seen {
        /// The application.
        application: Box<Application>,
        /// Its sync windows, if those were looked at.
        #[serde(default)]
        windows: Option<SyncWindows>,
    },
    /// The application's specification is about to be changed.
    ChangeIntended,
    /// The specification says what it should.
    Changed,
    /// The repository of the manifests says what it should.
    Committed {
        /// The commit by which it does; none if it said so before.
        commit: Option<CommitSha>,
    },
    /// A sync or rollback is about to be asked for.
    OperationIntended,
    /// Argo CD took the sync or rollback on.
    OperationTaken,
    /// Argo CD does not do it now, since another operation is under way.
    OperationWaits {
        /// Why, for people.
        reason: String,
    },
    /// A newer one goes instead, as soon as Argo CD is at nothing of this one any more.
    GivesWay {
        /// The newer commit.
        newer: CommitSha,
    },
    /// Argo CD was asked to stop the operation, or there is none any more.
    StopAsked,
    /// The URL was probed.
    Probed {
        /// Whether the answer was a healthy one.
        healthy: bool,
        /// The answer, for people.
        answer: String,
    },
    /// It did not work.
    Troubled {
        /// Why.
        trouble: Trouble,
    },
}

/// What can be learnt about a release's deployment on GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportFact {
    /// GitHub has it.
    Known {
        /// GitHub's id of it.
        deployment: u64,
    },
    /// Its newest status says what it should.
    StatusSet {
        /// What it says.
        digest: String,
    },
    /// It could not be found, made or changed.
    Troubled {
        /// Why.
        trouble: Trouble,
    },
}

/// How a commit stands to another one in the history, by GitHub's compare API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// It contains the other one, and more.
    Ahead,
    /// The other one contains it, and more.
    Behind,
    /// They are the same.
    Identical,
    /// Neither contains the other one.
    Diverged,
}

/// What is live in another environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// The commit.
    pub commit: CommitSha,
    /// The first line of its message.
    pub title: String,
    /// Since when it is verified there.
    pub since: Timestamp,
    /// What came of its test there.
    #[serde(default)]
    pub tested: Tested,
}

/// Whether a release goes on or back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// To a commit that was not there before.
    Deploy,
    /// Back to a release that was verified.
    Rollback {
        /// The key of the release that is taken back; none if nothing is recorded of it.
        of: Option<String>,
        /// Why, for people.
        reason: String,
        /// Who asked for it; none if Slipway goes back by itself.
        #[serde(default)]
        by: Option<String>,
    },
}

/// What Argo CD is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// To sync what Git says.
    Sync,
    /// To run with this setting.
    Setting(Setting),
    /// To follow a commit to the repository of its manifests that has it run this.
    Commit(Box<Committed>),
    /// To go back to this entry of its history.
    History(u64),
}

impl Asked {
    /// Whether both are made in the same way and in the same place of an application: by the same image for Kustomize, the same
    /// parameter for Helm, or what Git says.
    pub fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Setting(one), Self::Setting(other)) => match (one, other) {
                (
                    Setting::KustomizeImage { image: one, .. },
                    Setting::KustomizeImage { image: other, .. },
                ) => one == other,
                (
                    Setting::HelmParameter { name: one, .. },
                    Setting::HelmParameter { name: other, .. },
                ) => one == other,
                (Setting::KustomizeImage { .. }, Setting::HelmParameter { .. })
                | (Setting::HelmParameter { .. }, Setting::KustomizeImage { .. }) => false,
            },
            (Self::Commit(one), Self::Commit(other)) => {
                (&one.image, &one.parameter) == (&other.image, &other.parameter)
            }
            (Self::Sync | Self::History(_), Self::Sync | Self::History(_)) => true,
            (Self::Setting(_), Self::Sync | Self::History(_) | Self::Commit(_))
            | (Self::Commit(_), Self::Sync | Self::History(_) | Self::Setting(_))
            | (Self::Sync | Self::History(_), Self::Setting(_) | Self::Commit(_)) => false,
        }
    }
}
