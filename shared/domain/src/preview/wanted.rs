//! What is wanted of a preview: whether there should be one, of which commit, and if not, why not.

use super::{
    PullRequest, PullRequestState, RunProgress, ServiceSettings, Settings, WorkflowRun,
    admission::Admitted,
    approval::Approval,
    expiry::Nearness,
    files::Concern,
    skips_preview,
    state::{Preview, Problem},
};
use crate::{
    TargetId,
    configuration::{ConfiguredDuration, Forks},
    glob,
    installation::Loss,
    release::of_one_workflow,
};

/// What is wanted of the preview of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted<'a> {
    /// This commit's image, which is built.
    Present {
        service: &'a ServiceSettings,
        run: &'a WorkflowRun,
    },
    /// The head commit's image, as soon as it is built. What is there until then may stay.
    Awaited,
    /// The head commit's image, which is built, as soon as there is a place for one more live preview.
    Crowded(&'a ServiceSettings),
    /// The head commit's image, which is built, as soon as the preview of another service is ready that it needs.
    Needing(&'a str),
    /// The head commit's image, as soon as somebody who may approves the commit. What is there until then may stay.
    Unapproved(&'a ServiceSettings),
    /// Not the head commit's image, since its message says so. What is there may stay.
    CommitSkipped,
    /// Nothing.
    Absent(Absence),
    /// It cannot be told: nothing is begun and nothing is taken away.
    Undecided,
}

/// Why there should be no preview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Absence {
    /// The App does not reach the repository any more.
    AccessLost(Loss),
    Merged,
    Closed,
    Draft,
    LabelMissing(String),
    Fork,
    /// The title asks for it.
    Skipped,
    /// It is to be merged into a branch that gets no previews.
    OtherBase(String),
    /// None of so many changed files matches what the service asks for.
    Untouched {
        files: u32,
        paths: Vec<String>,
    },
    /// Nothing happened for this long.
    Expired(ConfiguredDuration),
    /// This person asked for its removal.
    Dismissed(String),
    /// Somebody asked for it: this login.
    Asked(String),
    /// The configuration no longer names the application.
    NotConfigured,
}

/// How far the build of the head commit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Build<'a> {
    /// No run of the workflow is known.
    NotSeen,
    /// It waits or runs.
    Underway(&'a WorkflowRun),
    /// The image is pushed.
    Succeeded(&'a WorkflowRun),
    /// It failed or was cancelled.
    Ended(&'a WorkflowRun),
    /// Two workflows bear the name that the configuration gives: nobody knows which one builds the image.
    Ambiguous(&'a WorkflowRun, &'a WorkflowRun),
}

impl Preview {
    /// What is wanted on `application`.
    pub(super) fn wanted(&self, application: &TargetId) -> Wanted<'_> {
        if let Some((loss, _)) = self.access.lost {
            return Wanted::Absent(Absence::AccessLost(loss));
        }
        let Some(pull_request) = self.pull_request() else {
            return Wanted::Undecided;
        };
        match pull_request.state {
            PullRequestState::Merged => return Wanted::Absent(Absence::Merged),
            PullRequestState::Closed => return Wanted::Absent(Absence::Closed),
            PullRequestState::Open => {}
        }
        if pull_request.archived {
            return Wanted::Undecided;
        }
        let Some(settings) = self.settings_in_force() else {
            return Wanted::Undecided;
        };
        let Some(service) = settings
            .services
            .iter()
            .find(|service| service.application == *application)
        else {
            return Wanted::Absent(Absence::NotConfigured);
        };
        if let Some(absence) = self.refusal(pull_request, service) {
            return Wanted::Absent(absence);
        }
        match self.concern(service) {
            Concern::Yes => {}
            Concern::No { files } => {
                let paths = service.paths.clone();
                return Wanted::Absent(Absence::Untouched { files, paths });
            }
            Concern::Unknown => return Wanted::Undecided,
        }
        if let Some(wanted) = self.awaited_approval(pull_request, service) {
            return wanted;
        }
        if self.is_commit_skipped(pull_request) {
            return Wanted::CommitSkipped;
        }
        match self.build(settings) {
            Build::Succeeded(run) => {
                if let Some(need) = self.unmet_need(service, &pull_request.head_commit) {
                    return Wanted::Needing(need);
                }
                match self.admitted(service) {
                    Admitted::Yes => Wanted::Present { service, run },
                    Admitted::No(_) => Wanted::Crowded(service),
                }
            }
            Build::NotSeen | Build::Underway(_) | Build::Ended(_) | Build::Ambiguous(..) => {
                Wanted::Awaited
            }
        }
    }

    /// The settings to act on: those of the last valid file, once the file has been looked for on behalf of the head commit.
    pub(super) fn settings_in_force(&self) -> Option<&Settings> {
        let head = &self.pull_request()?.head_commit;
        match &self.configuration.problem {
            Some(Problem::Missing) => None,
            Some(Problem::Invalid(_)) | None => self
                .configuration
                .settings
                .as_ref()
                .filter(|_| self.configuration.read_for.as_ref() == Some(head)),
        }
    }

    /// Why an open pull request gets no preview of `service`.
    pub(super) fn refusal(
        &self,
        pull_request: &PullRequest,
        service: &ServiceSettings,
    ) -> Option<Absence> {
        let when = &service.when;
        let fork = self.is_of_fork(pull_request);
        if fork && when.forks == Forks::Never {
            return Some(Absence::Fork);
        }
        if let Some(by) = self.commands.dismissed_by() {
            return Some(Absence::Dismissed(by.to_owned()));
        }
        if let Some(login) = self.removed_by() {
            return Some(Absence::Asked(login.to_owned()));
        }
        let summoned = self.commands.is_summoned();
        if !summoned && skips_preview(&pull_request.title) {
            return Some(Absence::Skipped);
        }
        let is_base = |pattern: &String| glob::matches(pattern, &pull_request.base_branch);
        if !summoned && !when.base.is_empty() && !when.base.iter().any(is_base) {
            return Some(Absence::OtherBase(pull_request.base_branch.clone()));
        }
        if let Some(ttl) = service
            .ttl
            .filter(|_| self.nearness(service) == Nearness::Over)
        {
            return Some(Absence::Expired(ttl));
        }
        if summoned {
            return None;
        }
        if pull_request.draft && !when.drafts {
            return Some(Absence::Draft);
        }
        if fork && when.forks == Forks::Label {
            // The label is an approval, and its absence is waited out; but taking it off takes away what is there.
            let label = service.approval_label();
            let deployed = self
                .targets
                .get(&service.application)
                .is_some_and(|target| !target.is_vacant());
            return (deployed && !pull_request.labels.iter().any(|own| own == label))
                .then(|| Absence::LabelMissing(label.to_owned()));
        }
        match &when.label {
            Some(label) if !pull_request.labels.contains(label) => {
                Some(Absence::LabelMissing(label.clone()))
            }
            Some(_) | None => None,
        }
    }

    /// What is wanted of `service` if the head commit needs an approval that it does not have.
    fn awaited_approval<'a>(
        &'a self,
        pull_request: &PullRequest,
        service: &'a ServiceSettings,
    ) -> Option<Wanted<'a>> {
        if service.when.forks != Forks::Label || !self.is_of_fork(pull_request) {
            return None;
        }
        if self.commands.is_summoned_for(&pull_request.head_commit) {
            return None;
        }
        let label = service.approval_label();
        let labelled = pull_request.labels.iter().any(|own| own == label);
        match self.approval(pull_request, service) {
            Approval::Given(_) if labelled => None,
            Approval::Given(_) | Approval::Asked(_) | Approval::Refused(_) | Approval::Missing => {
                Some(Wanted::Unapproved(service))
            }
        }
    }

    /// Whether the message of the head commit asks for no preview, as far as any run on it tells.
    fn is_commit_skipped(&self, pull_request: &PullRequest) -> bool {
        let summoned = self.commands.is_summoned_for(&pull_request.head_commit);
        !summoned
            && self
                .builds
                .runs
                .iter()
                .any(|run| run.skips_preview && run.head_commit == pull_request.head_commit)
    }

    /// How far the build of the head commit is. Any success is one; else the newest run counts.
    pub(super) fn build(&self, settings: &Settings) -> Build<'_> {
        let Some(workflow) = &settings.workflow else {
            return Build::NotSeen;
        };
        let ours = self.builds.runs.iter();
        let ours = ours.filter(|run| run.is_of(workflow) && self.is_trusted(run));
        let ours = match of_one_workflow(ours.collect(), workflow) {
            Ok(ours) => ours,
            Err((one, other)) => return Build::Ambiguous(one, other),
        };
        let ours = || ours.iter().copied().filter(|run| !self.images.lack(run));
        // The oldest success, so that another one of the same commit changes nothing.
        if let Some(run) = ours()
            .filter(|run| run.progress == RunProgress::Succeeded)
            .min_by_key(|run| run.id)
        {
            return Build::Succeeded(run);
        }
        match ours().max_by_key(|run| run.id) {
            None => Build::NotSeen,
            Some(run) => match run.progress {
                RunProgress::Waiting | RunProgress::Running => Build::Underway(run),
                RunProgress::Succeeded => Build::Succeeded(run),
                RunProgress::Cancelled | RunProgress::Failed => Build::Ended(run),
            },
        }
    }

    /// Whether `run` is of the head commit, from the repository of the head branch, and started by what builds images.
    fn is_trusted(&self, run: &WorkflowRun) -> bool {
        self.pull_request().is_some_and(|pull_request| {
            run.head_commit == pull_request.head_commit
                && run.head_repository.is_some()
                && run.head_repository == pull_request.head_repository
                && matches!(
                    run.event.as_str(),
                    "push" | "pull_request" | "workflow_dispatch"
                )
        })
    }
}
