//! What can be learnt about a preview: from deliveries, from looking at GitHub and Coolify, from what Slipway did itself.

use serde::{Deserialize, Serialize};

use super::{
    AdmissionFact, Commanded, ImageOutcome, Inherited, LabelAdded, Permission, PullRequest, Report,
    ReportFact, Request, Settings, Sieve, Sifted, Trouble, WorkflowRun,
};
use crate::{
    CommitSha, DeploymentUuid, ImageTag, RepositoryName, TargetId, Timestamp, installation::Loss,
};

/// A fact about a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A delivery showed the pull request: perhaps late, perhaps out of order.
    PullRequestDelivered {
        /// As it was when GitHub sent it.
        pull_request: PullRequest,
    },
    /// GitHub's API showed the pull request.
    PullRequestRead {
        /// As it was just now.
        pull_request: PullRequest,
    },
    /// The pull request could not be read.
    PullRequestNotRead {
        /// Why.
        trouble: Trouble,
    },
    /// The list of open pull requests does not agree with what is known of this one.
    PullRequestDoubted {
        /// The repository, by which it can be read if nothing else is known of it.
        repository: RepositoryName,
    },
    /// A delivery showed that somebody put a label on a fork's pull request.
    LabelAdded(LabelAdded),
    /// GitHub told what somebody may do who put a label on.
    PermissionRead {
        /// Who, and what they did.
        added: LabelAdded,
        /// What they may do.
        permission: Permission,
    },
    /// GitHub could not be asked what somebody may do.
    PermissionNotRead {
        /// Why.
        trouble: Trouble,
    },
    /// The clock says that the preview of a service ends soon, or is over, since nothing happened.
    ExpiryNoted {
        /// The service.
        service: String,
        /// The last activity.
        activity: Timestamp,
        /// Whether it is over.
        over: bool,
    },
    /// The App reaches the repository no more, or does so again: GitHub and Slipway agreed on it.
    Access {
        /// Why it is reached no more; none if it is.
        lost: Option<Loss>,
        /// When that was agreed on.
        as_of: Timestamp,
    },
    /// A person asks to try again what was given up, has failed or waits for its next try.
    RetryAsked,
    /// Somebody asked for something by a comment.
    Commanded(Box<Commanded>),
    /// A delivery showed a workflow run that names this pull request.
    RunDelivered {
        /// The repository of the pull request, by which it can be read if nothing else is known of it.
        repository: RepositoryName,
        /// As it was when GitHub sent it.
        run: WorkflowRun,
    },
    /// GitHub's API showed the runs on a commit.
    RunsRead {
        /// The commit.
        commit: CommitSha,
        /// All of them.
        runs: Vec<WorkflowRun>,
    },
    /// The runs could not be read.
    RunsNotRead {
        /// Why.
        trouble: Trouble,
    },
    /// The configuration was looked for.
    ConfigurationRead {
        /// The head commit that it was read for.
        commit: CommitSha,
        /// How many changes of it were known then: a reading that is told after a later change says nothing.
        #[serde(default)]
        changes: u32,
        /// What was found.
        reading: Reading,
    },
    /// Another configuration counts than the one that was read.
    ConfigurationChanged,
    /// The configuration could not be read.
    ConfigurationNotRead {
        /// Why.
        trouble: Trouble,
    },
    /// GitHub's API showed which files the pull request changes.
    FilesRead {
        /// What was asked.
        sieve: Box<Sieve>,
        /// What they concern.
        sifted: Sifted,
    },
    /// The changed files could not be read.
    FilesNotRead {
        /// Why.
        trouble: Trouble,
    },
    /// About the preview on one target.
    Target {
        /// The application.
        application: TargetId,
        /// The fact.
        fact: TargetFact,
    },
    /// About the place on one target, where the number of live previews is limited.
    Admission {
        /// The application.
        application: TargetId,
        /// The fact.
        fact: AdmissionFact,
    },
    /// The comment is about to be created for the `attempt`-th time.
    CommentIntended {
        /// Counts up.
        attempt: u32,
    },
    /// The comment is about to be changed: until that is known to have worked, nobody knows what it says.
    CommentChanging,
    /// The comment says what it should.
    CommentPublished {
        /// GitHub's id of the comment.
        comment: u64,
        /// The digest of its text.
        digest: String,
    },
    /// The comment that was to be changed is no more.
    CommentGone,
    /// The comment could not be written.
    CommentNotPublished {
        /// Why.
        trouble: Trouble,
    },
    /// About a check run or a deployment on GitHub.
    Report {
        /// Which one.
        report: Report,
        /// The fact.
        fact: ReportFact,
    },
    /// Deployments on GitHub that nobody needs any more were deleted.
    DeploymentsSwept {
        /// Whether some are left.
        left: bool,
    },
    /// They could not be deleted.
    DeploymentsNotSwept {
        /// Why.
        trouble: Trouble,
    },
    /// The registry was asked to delete the tag of an image.
    ImageDeleted {
        /// The image without its tag.
        image: String,
        /// The tag.
        tag: ImageTag,
        /// What became of it.
        outcome: ImageOutcome,
    },
    /// The tag could not be deleted.
    ImageNotDeleted {
        /// The image without its tag.
        image: String,
        /// The tag.
        tag: ImageTag,
        /// Why.
        trouble: Trouble,
    },
    /// Somebody asks for something, with a button of the check run.
    Requested(Request),
    /// GitHub told what somebody may do who asked for something.
    RequestJudged {
        /// What was asked, and by whom.
        request: Request,
        /// What they may do.
        permission: Permission,
    },
    /// GitHub could not be asked what they may do.
    RequestNotJudged {
        /// Why.
        trouble: Trouble,
    },
}

/// What was found where the configuration stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// A valid file.
    Valid {
        /// What it says about previews.
        settings: Settings,
    },
    /// No file.
    Missing,
    /// A file that is not a configuration.
    Invalid {
        /// Why, with the place.
        message: String,
        /// What the last valid file says about previews: it stays in force.
        #[serde(default)]
        in_force: Option<Settings>,
        /// Which file that is, for people.
        #[serde(default)]
        last_valid: Option<String>,
    },
}

/// What can be learnt about the preview on one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetFact {
    /// A deployment is about to be asked for.
    StartIntended {
        /// Counts up with every intent.
        attempt: u32,
        /// The name of the service.
        service: String,
        /// What is to be deployed.
        revision: Revision,
    },
    /// The claim shows that the attempt was never begun, and now never will be.
    StartVoided {
        /// The attempt.
        attempt: u32,
    },
    /// The attempt may or may not have reached Coolify.
    StartUncertain {
        /// The attempt.
        attempt: u32,
    },
    /// Coolify queued the deployment.
    Queued {
        /// The attempt.
        attempt: u32,
        /// What Coolify knows the deployment by.
        deployment: DeploymentUuid,
    },
    /// The vendor took the image and tells nothing more of it: the URL will.
    Started {
        /// The attempt.
        attempt: u32,
        /// What tells this deployment from others of the preview.
        deployment: DeploymentUuid,
    },
    /// The answer to the attempt was lost. The vendor knows the preview by its pull request: asking again brings about the same.
    StartUnanswered {
        /// The attempt.
        attempt: u32,
        /// What happened.
        trouble: Trouble,
    },
    /// What others deploy is there, with the commit.
    Found {
        /// What is there.
        revision: Revision,
        /// What it is known by: the uid of the namespace.
        deployment: DeploymentUuid,
    },
    /// What others deploy is not there yet, or not with the commit.
    NotFound {
        /// What is there instead, for people.
        reason: String,
    },
    /// Others were looked after: whether something is there again of what was removed.
    LookedAfter {
        /// Whether it is.
        found: bool,
    },
    /// Coolify has an identical deployment in hand and queued nothing.
    InTheWay {
        /// The attempt.
        attempt: u32,
    },
    /// The attempt failed, and certainly nothing was queued.
    StartFailed {
        /// The attempt.
        attempt: u32,
        /// Why.
        trouble: Trouble,
    },
    /// The vendor keeps somebody else's under this name: what earlier attempts asked for is not there, and nothing is to be removed.
    OfAnother {
        /// The attempt.
        attempt: u32,
        /// Why.
        trouble: Trouble,
    },
    /// Coolify's list of deployments was looked through for the attempt's.
    Looked {
        /// The attempt.
        attempt: u32,
        /// The newest deployment of the pull request with the attempt's tag that was not known before.
        found: Option<DeploymentUuid>,
        /// Whether any deployment of the pull request is queued or running.
        busy: bool,
    },
    /// Coolify told how far the deployment is.
    Seen {
        /// The deployment.
        deployment: DeploymentUuid,
        /// How far it is.
        progress: DeploymentProgress,
    },
    /// The URL was probed.
    Probed {
        /// The deployment that is expected to answer.
        deployment: DeploymentUuid,
        /// Whether the answer was a healthy one.
        healthy: bool,
        /// The answer, for people: `503 Service Unavailable`.
        answer: String,
    },
    /// Coolify showed which variables the previews share with production.
    VariablesRead {
        /// The head commit that they were looked at for.
        commit: CommitSha,
        /// Their keys.
        inherited: Inherited,
    },
    /// Coolify did not show them.
    VariablesNotRead {
        /// The head commit that they were looked at for.
        commit: CommitSha,
        /// Why.
        trouble: Trouble,
    },
    /// The removal is about to be asked for.
    RemovalIntended,
    /// The vendor was asked to remove the preview.
    RemovalAsked {
        /// Whether it said that there is none (any more).
        nothing_there: bool,
        /// What keeps what is there, in the vendor's words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remains: Option<String>,
    },
    /// Coolify was asked to remove the preview, and shows no such application.
    ApplicationMissing {
        /// What it said.
        trouble: Trouble,
    },
    /// Looking, probing or removing did not work.
    Troubled {
        /// Why.
        trouble: Trouble,
    },
}

/// What a target runs: one commit's image from one build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// The commit.
    pub commit: CommitSha,
    /// The run that built the image.
    pub run: u64,
    /// Its attempt.
    pub run_attempt: u64,
    /// The image's tag.
    pub tag: ImageTag,
    /// Where the preview is reached.
    pub url: String,
}

/// How far a deployment of Coolify's is (VENDORS 1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentProgress {
    /// Waiting for its turn.
    Queued,
    /// At work.
    Running,
    /// The container was started; whether it is healthy is not known.
    Finished,
    /// It failed.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
    /// It did not come to an end in any time that a deployment takes, and was cancelled for that.
    Overdue,
    /// Coolify knows no such deployment.
    Unknown,
}
