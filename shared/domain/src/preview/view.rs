//! What a preview is and waits for, in plain words: for the API and the dashboard. The comment has words of its own.

use super::{
    Effort, Preview, PullRequest, RunProgress, Settings, WorkflowRun,
    files::told,
    state::{Phase, Problem, Start, Target},
    wanted::{Absence, Build, Wanted},
};
use crate::{CommitSha, DeploymentUuid, TargetId, Timestamp, configuration, directory::Attention};

/// Where a preview, or the preview of one service, is. Of several services the last in this order tells how the whole is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// There is none, and there should be none.
    Absent,
    /// It runs and answers as it should.
    Ready,
    /// Something else must happen first: a build, or reading the configuration.
    Waiting,
    /// It is being brought about.
    Deploying,
    /// It is being taken away.
    Removing,
    /// A person, a new build or a new commit must change something.
    Failed,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Absent,
        Self::Ready,
        Self::Waiting,
        Self::Deploying,
        Self::Removing,
        Self::Failed,
    ];

    /// Its name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Ready => "ready",
            Self::Waiting => "waiting",
            Self::Deploying => "deploying",
            Self::Removing => "removing",
            Self::Failed => "failed",
        }
    }

    /// How much attention a preview asks for that is there.
    pub const fn attention(self) -> Attention {
        match self {
            Self::Absent | Self::Ready => Attention::Quiet,
            Self::Waiting | Self::Deploying | Self::Removing => Attention::InHand,
            Self::Failed => Attention::Needed,
        }
    }
}

/// The preview of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceView {
    /// The service's name in the configuration.
    pub service: String,
    /// What the service is previewed on.
    pub application: TargetId,
    /// Where it is.
    pub standing: Standing,
    /// Why it is there, or what it waits for.
    pub reason: String,
    /// Where it is reached, if there may be something.
    pub url: Option<String>,
    /// The commit that is there or on its way.
    pub commit: Option<CommitSha>,
    /// The newest deployment that is known to be there.
    pub deployment: Option<DeploymentUuid>,
    /// What the last probe was answered.
    pub last_answer: Option<String>,
    /// The last try that did not work; none if the last one did.
    pub trouble: Option<TroubleView>,
}

/// Something that did not work the last time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TroubleView {
    /// What was tried.
    pub what: String,
    /// What happened.
    pub reason: String,
    /// How often in a row it did not work.
    pub failures: u32,
    /// Not tried again before this time.
    pub next_try_at: Option<Timestamp>,
    /// Whether it is given up until something changes.
    pub given_up: bool,
}

impl Preview {
    /// Where the whole is: the worst of its services.
    pub fn standing(&self) -> Standing {
        let worst = self.services().into_iter().map(|view| view.standing).max();
        let given_up = self.troubles().iter().any(|trouble| trouble.given_up);
        match worst {
            _ if given_up => Standing::Failed,
            Some(worst) => worst,
            None => self.standing_without_services(),
        }
    }

    fn standing_without_services(&self) -> Standing {
        let open = self
            .pull_request()
            .is_none_or(|pull_request| pull_request.state == super::PullRequestState::Open);
        match &self.configuration.problem {
            Some(Problem::Invalid(_)) if open => Standing::Failed,
            _ if open && self.settings_in_force().is_none() && !self.lacks_configuration() => {
                Standing::Waiting
            }
            _ => Standing::Absent,
        }
    }

    fn lacks_configuration(&self) -> bool {
        matches!(self.configuration.problem, Some(Problem::Missing))
    }

    /// The preview of each service, by name: those of the configuration in force and those that something is left of.
    pub fn services(&self) -> Vec<ServiceView> {
        let configured = self
            .settings_in_force()
            .map(|settings| settings.services.as_slice())
            .unwrap_or_default();
        let fresh = configured
            .iter()
            .filter(|service| !self.targets.contains_key(&service.application))
            .map(|service| {
                let target = Target::new(service.service.clone());
                self.service(&service.application, &target)
            });
        let begun = self
            .targets
            .iter()
            .map(|(application, target)| self.service(application, target));
        let mut services: Vec<ServiceView> = begun.chain(fresh).collect();
        services.sort_by(|left, right| left.service.cmp(&right.service));
        services
    }

    /// What did not work the last time, of all that concerns the preview as a whole.
    pub fn troubles(&self) -> Vec<TroubleView> {
        let efforts = [
            ("reading the pull request", &self.reading),
            ("reading the configuration", &self.configuration.effort),
            ("reading the workflow runs", &self.builds.effort),
            ("reading the changed files", &self.files.effort),
            ("asking for a permission", &self.approvals.effort),
            (
                "asking for the permission of who pressed a button",
                &self.wishes.effort,
            ),
            ("writing the comment", &self.comment.effort),
        ];
        efforts
            .into_iter()
            .filter_map(|(what, effort)| trouble(what, effort))
            .collect()
    }

    /// What of the reports to GitHub besides the comment, and of the deletion of images, did not work the last time. The preview itself
    /// is none the worse for it.
    pub fn report_troubles(&self) -> Vec<TroubleView> {
        let efforts = self.reports.efforts().into_iter();
        let standing = self.images.standing();
        let images = ("deleting the image", Some(&standing));
        efforts
            .chain([images])
            .filter_map(|(what, effort)| trouble(what, effort?))
            .collect()
    }

    /// What is wrong with the configuration on the default branch; none if nothing is.
    pub fn configuration_problem(&self) -> Option<String> {
        self.configuration
            .problem
            .as_ref()
            .map(|problem| match problem {
                Problem::Missing => format!("there is no {}", configuration::PATH),
                Problem::Invalid(message) => message.clone(),
            })
    }

    /// The runs that are known of the head commit, of whatever workflow.
    pub(super) fn known_runs(&self) -> impl Iterator<Item = &WorkflowRun> {
        self.builds.runs.iter()
    }

    /// The newest run of the workflow that builds the images, if it counts: its page and how far it is.
    pub fn build_run(&self) -> Option<(&WorkflowRun, &'static str)> {
        match self.build(self.settings_in_force()?) {
            Build::NotSeen | Build::Ambiguous(..) => None,
            Build::Underway(run) => Some((run, "underway")),
            Build::Succeeded(run) => Some((run, "succeeded")),
            Build::Ended(run) if run.progress == RunProgress::Cancelled => Some((run, "cancelled")),
            Build::Ended(run) => Some((run, "failed")),
        }
    }

    fn service(&self, application: &TargetId, target: &Target) -> ServiceView {
        let (standing, reason) = match self.pull_request() {
            Some(pull_request) => self.explain(pull_request, application, target),
            None => (
                Standing::Waiting,
                "the pull request was not read yet".to_owned(),
            ),
        };
        // What was given up on an application that nobody wants, and that nothing is on, is nobody's trouble any more.
        let matters =
            !target.is_vacant() || matches!(self.wanted(application), Wanted::Present { .. });
        let standing = if target.effort.is_exhausted() && matters {
            Standing::Failed
        } else {
            standing
        };
        let revision = target.revision().filter(|_| target.occupied);
        let health = match &target.phase {
            Phase::Deployed { health, .. } => Some(health),
            Phase::Idle { .. }
            | Phase::Starting { .. }
            | Phase::Underway { .. }
            | Phase::Failed { .. }
            | Phase::Removing(_) => None,
        };
        ServiceView {
            service: target.service.clone(),
            application: application.clone(),
            standing,
            reason,
            url: revision.map(|revision| revision.url.clone()),
            commit: target.revision().map(|revision| revision.commit.clone()),
            deployment: target.last_deployment.clone(),
            last_answer: health.and_then(|health| health.last_answer.clone()),
            trouble: trouble("bringing it about", &target.effort).filter(|_| matters),
        }
    }

    fn explain(
        &self,
        pull_request: &PullRequest,
        application: &TargetId,
        target: &Target,
    ) -> (Standing, String) {
        let is_head = |commit: &CommitSha| *commit == pull_request.head_commit;
        let deploying = |reason: &str| (Standing::Deploying, reason.to_owned());
        let vendor = application.vendor();
        match &target.phase {
            Phase::Failed {
                revision, reason, ..
            } if is_head(&revision.commit) => {
                (Standing::Failed, format!("the deployment failed: {reason}"))
            }
            Phase::Idle { .. } | Phase::Failed { .. } => self.explain_idle(application),
            Phase::Starting {
                start: Start::Intended,
                ..
            } => (
                Standing::Deploying,
                format!("asking {vendor} for a deployment"),
            ),
            Phase::Starting {
                start: Start::Uncertain { .. },
                ..
            } => deploying("Coolify's answer was lost: looking whether it has the deployment"),
            Phase::Starting {
                start: Start::InTheWay,
                ..
            } => deploying("waiting for another deployment that Coolify has in hand"),
            Phase::Underway { revision, .. } if is_head(&revision.commit) => {
                deploying("Coolify runs the deployment")
            }
            Phase::Underway { revision, .. } => (
                Standing::Deploying,
                format!(
                    "Coolify finishes {}, then comes {}",
                    revision.commit.short(),
                    pull_request.head_commit.short()
                ),
            ),
            Phase::Deployed {
                revision, health, ..
            } if is_head(&revision.commit) => {
                let service = self.probed_service(application, target);
                if health.healthy_at.is_some() {
                    (Standing::Ready, "it answers as it should".to_owned())
                } else if service.is_some_and(|service| health.is_unhealthy(&service.health)) {
                    let answer = health.last_answer.as_deref().unwrap_or("no answer");
                    (
                        Standing::Failed,
                        format!("started, and not healthy: {answer}"),
                    )
                } else {
                    deploying("started, its health is being checked")
                }
            }
            Phase::Deployed { .. } => self.explain_idle(application),
            Phase::Removing(removal) => {
                let remains = removal.remains.as_ref();
                let why = remains.map(|remains| format!(": {remains}"));
                let told = format!("{vendor} removes it{}", why.unwrap_or_default());
                (Standing::Removing, told)
            }
        }
    }

    /// What an application with nothing in hand waits for.
    fn explain_idle(&self, application: &TargetId) -> (Standing, String) {
        match self.wanted(application) {
            Wanted::Present { .. } if *application == TargetId::Namespace => {
                (Standing::Waiting, self.told_namespace().to_owned())
            }
            Wanted::Present { .. } => (Standing::Deploying, "about to be deployed".to_owned()),
            Wanted::Awaited => match self.settings_in_force() {
                Some(settings) => self.explain_build(settings),
                None => (Standing::Waiting, "waiting for the build".to_owned()),
            },
            Wanted::Crowded(service) => (
                Standing::Waiting,
                format!("waiting for a place: {}", self.told_wait(service, true)),
            ),
            Wanted::Needing(need) => (Standing::Waiting, self.told_need(need, str::to_owned)),
            Wanted::Unapproved(service) => (
                Standing::Waiting,
                format!(
                    "waiting for somebody who may to approve the commit of a fork with the label {}",
                    service.approval_label()
                ),
            ),
            Wanted::CommitSkipped if self.holds(application) => (
                Standing::Ready,
                "the head commit says [skip preview]: what is there stays".to_owned(),
            ),
            Wanted::CommitSkipped => (
                Standing::Absent,
                "the head commit says [skip preview]".to_owned(),
            ),
            Wanted::Absent(absence) if self.holds(application) => {
                (Standing::Removing, words(&absence))
            }
            Wanted::Absent(absence) => (Standing::Absent, words(&absence)),
            Wanted::Undecided => (Standing::Waiting, self.explain_undecided().to_owned()),
        }
    }

    fn explain_undecided(&self) -> &'static str {
        if self.pull_request().is_some_and(|shown| shown.archived) {
            "the repository is archived"
        } else if self.settings_in_force().is_some() {
            "looking which files the pull request changes"
        } else {
            "waiting for the configuration"
        }
    }

    /// Whether there may be something on the application.
    fn holds(&self, application: &TargetId) -> bool {
        let target = self.targets.get(application);
        target.is_some_and(|target| !target.is_vacant())
    }

    fn explain_build(&self, settings: &Settings) -> (Standing, String) {
        let Some(workflow) = &settings.workflow else {
            return (
                Standing::Failed,
                "build.worker is not supported by this version of Slipway".to_owned(),
            );
        };
        match self.build(settings) {
            Build::NotSeen => (
                Standing::Waiting,
                format!("waiting for the workflow {workflow} to run"),
            ),
            Build::Underway(run) => (
                Standing::Waiting,
                format!("waiting for the build {}", run.name),
            ),
            Build::Succeeded(run) => (Standing::Deploying, format!("{} built it", run.name)),
            Build::Ended(run) if run.progress == RunProgress::Cancelled => (
                Standing::Failed,
                format!("the build {} was cancelled", run.name),
            ),
            Build::Ended(run) => (Standing::Failed, format!("the build {} failed", run.name)),
            Build::Ambiguous(one, other) => (
                Standing::Failed,
                ambiguous((one, other), workflow, str::to_owned),
            ),
        }
    }
}

/// That two workflows bear the name that the configuration gives; names are shown as `show` does.
pub(super) fn ambiguous(
    (one, other): (&WorkflowRun, &WorkflowRun),
    workflow: &str,
    show: impl Fn(&str) -> String,
) -> String {
    format!(
        "the workflows {} and {} are both called {}: name the file of the one that builds the image in build.workflow",
        show(one.file()),
        show(other.file()),
        show(workflow)
    )
}

fn trouble(what: &str, effort: &Effort) -> Option<TroubleView> {
    let reason = effort.last_error.clone()?;
    Some(TroubleView {
        what: what.to_owned(),
        reason,
        failures: effort.failures,
        next_try_at: effort.not_before,
        given_up: effort.is_exhausted(),
    })
}

/// Why there should be no preview, in plain words.
pub(super) fn words(absence: &Absence) -> String {
    match absence {
        Absence::AccessLost(loss) => loss.to_string(),
        Absence::Merged => "the pull request was merged".to_owned(),
        Absence::Closed => "the pull request was closed".to_owned(),
        Absence::Draft => "the pull request is a draft".to_owned(),
        Absence::LabelMissing(label) => format!("the label {label} is missing"),
        Absence::Fork => "the pull request comes from a fork".to_owned(),
        Absence::Skipped => "the title says [skip preview]".to_owned(),
        Absence::OtherBase(branch) => format!("pull requests into {branch} get none"),
        Absence::Untouched { files, paths } => format!(
            "none of its changed files ({files}) matches {}",
            told(paths, str::to_owned)
        ),
        Absence::Expired(ttl) => format!("nothing happened for {ttl}"),
        Absence::Dismissed(by) => format!("{by} asked for its removal"),
        Absence::Asked(login) => format!("{login} asked for its removal"),
        Absence::NotConfigured => "the configuration no longer names it".to_owned(),
    }
}
