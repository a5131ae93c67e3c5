//! Stories of one preview: what is done, in which order, and what the comment says.

mod access;
mod admission;
mod approval;
mod asks;
mod commands;
mod comment;
mod doubt;
mod expiry;
mod files;
mod giving_up;
mod images;
mod ledger;
mod lost;
mod namespace;
mod needs;
mod order;
mod report;
mod superseding;
mod telling;
mod traps;
mod variables;
mod view;
mod virtual_cluster;
mod whole;
mod wishes;

use std::time::Duration;

use super::{
    Action, AdmissionAction, AdmissionFact, DeploymentProgress, Fact, ImageOutcome, Inherited,
    Permission, Preview, PullRequest, PullRequestState, Reading, ReportFact, RunProgress, Settings,
    Sifted, TargetAction, TargetFact, Trouble, WorkflowRun,
};
use report::Reports;
use telling::{told, unfolded};

use crate::{
    CommitSha, PreviewId, PullRequestNumber, RepositoryId, TargetId, Timestamp, configuration,
    entity::{self, Entity, Step},
    places::Word,
};

pub(super) const REPOSITORY: RepositoryId = RepositoryId(1);
pub(super) const FORK: RepositoryId = RepositoryId(2);

pub(super) const CONFIGURATION: &str = "\
version: 1
build: { workflow: CI }
services:
  web:
    preview:
      coolify: { application: web-app, tag: 'pr-{number}' }
      url: https://pr-{number}.example.com
      health: { path: /health, attempts: 3, interval: 10s }
";

/// A commit whose SHA consists of one digit.
pub(super) fn commit(digit: char) -> CommitSha {
    digit.to_string().repeat(40).parse().unwrap()
}

pub(super) fn pull_request(seconds: i64, head: char) -> PullRequest {
    PullRequest {
        updated_at: Timestamp::from_milliseconds(seconds * 1000),
        state: PullRequestState::Open,
        title: "Add a cart".into(),
        author: "ada".into(),
        draft: false,
        labels: Vec::new(),
        head_branch: "feature/cart".into(),
        head_commit: commit(head),
        head_repository: Some(REPOSITORY),
        base_branch: "main".into(),
        repository: "acme/shop".parse().unwrap(),
        default_branch: "main".into(),
        archived: false,
    }
}

pub(super) fn run(id: u64, head: char, progress: RunProgress) -> WorkflowRun {
    WorkflowRun {
        id,
        attempt: 1,
        name: "CI".into(),
        path: ".github/workflows/ci.yml".into(),
        event: "pull_request".into(),
        head_branch: Some("feature/cart".into()),
        head_commit: commit(head),
        head_repository: Some(REPOSITORY),
        progress,
        html_url: format!("https://github.com/acme/shop/actions/runs/{id}"),
        skips_preview: false,
    }
}

/// A preview, the world as it answers, and all that was done.
pub(super) struct Story {
    pub(super) preview: Preview,
    pub(super) now: Timestamp,
    pub(super) pull_request: PullRequest,
    pub(super) configuration: String,
    pub(super) runs: Vec<WorkflowRun>,
    /// What the places say to who asks, which ticket asked last, and since when it waited.
    pub(super) place: Word,
    pub(super) ticket: u64,
    pub(super) asked_since: Timestamp,
    /// What the pull request changes.
    pub(super) files: Vec<String>,
    /// Who has write permission.
    pub(super) writers: Vec<String>,
    /// What polls answer.
    pub(super) progress: DeploymentProgress,
    pub(super) healthy: bool,
    /// What production's variables Coolify shows in previews; none if that is nobody's matter, and is not told.
    pub(super) inherited: Option<Inherited>,
    /// What the registry makes of tags; none if there is none, which is not told.
    pub(super) registry: Option<ImageOutcome>,
    /// Deployments asked for so far.
    pub(super) deployments: u32,
    /// Whether there is a preview.
    pub(super) present: bool,
    /// What there is in place of the namespace that others make; none if it is there.
    pub(super) namespace: Option<String>,
    /// What keeps from going what is to be removed.
    pub(super) remains: Option<String>,
    pub(super) comment: String,
    /// What GitHub shows of check runs and deployments; none if nobody can make any.
    pub(super) reports: Option<Reports>,
    pub(super) done: Vec<String>,
}

impl Story {
    /// An open pull request with the head commit `a`, of which a delivery tells.
    pub(super) fn opened() -> Self {
        let id = PreviewId {
            repository: REPOSITORY,
            number: PullRequestNumber(7),
        };
        let mut story = Self {
            preview: Preview::new(id),
            now: Timestamp::from_milliseconds(1_000_000),
            pull_request: pull_request(1, 'a'),
            configuration: CONFIGURATION.into(),
            runs: Vec::new(),
            place: Word::Given,
            ticket: 0,
            asked_since: Timestamp::default(),
            files: vec!["README.md".into()],
            writers: vec!["grace".into()],
            progress: DeploymentProgress::Finished,
            healthy: true,
            inherited: None,
            registry: None,
            deployments: 0,
            present: false,
            namespace: None,
            remains: None,
            comment: String::new(),
            reports: None,
            done: Vec::new(),
        };
        story.deliver();
        story
    }

    /// Changes the pull request, a second later.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut PullRequest)) {
        self.pull_request.updated_at = self.pull_request.updated_at.after(Duration::from_secs(1));
        change(&mut self.pull_request);
    }

    /// A delivery tells of the pull request as it is.
    pub(super) fn deliver(&mut self) {
        let pull_request = self.pull_request.clone();
        self.record(&Fact::PullRequestDelivered { pull_request });
    }

    /// The build of `head` comes that far.
    pub(super) fn build(&mut self, id: u64, head: char, progress: RunProgress) {
        let run = run(id, head, progress);
        self.runs.retain(|known| known.id != id);
        self.runs.push(run.clone());
        let repository = self.pull_request.repository.clone();
        self.record(&Fact::RunDelivered { repository, run });
    }

    pub(super) fn record(&mut self, fact: &Fact) {
        self.preview.record(fact, self.now);
    }

    pub(super) fn record_of_target(&mut self, fact: TargetFact) {
        self.record(&Fact::Target {
            application: application(),
            fact,
        });
    }

    /// Does what the plan says until it waits, and tells what was done since the last time.
    pub(super) fn go(&mut self) -> String {
        self.go_with(|_, _| None)
    }

    /// Like [`Story::go`], with other answers where `answer` has one.
    pub(super) fn go_with(
        &mut self,
        mut answer: impl FnMut(&mut Self, &Action) -> Option<Fact>,
    ) -> String {
        for _ in 0..2_000 {
            match self.preview.plan(self.now) {
                Step::Act(action) => {
                    if let Some(intent) = entity::Action::intent(&action) {
                        self.record(&intent);
                    }
                    if self.is_told(&action) {
                        self.done.push(told(&action));
                    }
                    let fact = answer(self, &action).unwrap_or_else(|| self.answer(&action));
                    self.record(&fact);
                }
                Step::Wait { until } => {
                    let seconds = until.since(self.now).as_secs();
                    self.done.push(format!("wait {seconds} s"));
                    return self.told();
                }
                Step::Settled => {
                    self.done.push("settled".into());
                    return self.told();
                }
                Step::Forget => {
                    self.done.push("forget".into());
                    return self.told();
                }
            }
        }
        panic!("the plan never ends:\n{}", self.told());
    }

    /// Lets time pass until the plan's next wake-up, and goes on.
    pub(super) fn wait_and_go(&mut self) -> String {
        let Step::Wait { until } = self.preview.plan(self.now) else {
            panic!("nothing is awaited")
        };
        self.now = until;
        self.go()
    }

    /// Goes on until the plan waits for a minute or longer, or for nothing.
    pub(super) fn go_far(&mut self) -> String {
        let mut all = self.go();
        for _ in 0..2_000 {
            match self.preview.plan(self.now) {
                Step::Wait { until } if until.since(self.now) < Duration::from_secs(60) => {
                    self.now = until;
                    all.push('\n');
                    all.push_str(&self.go());
                }
                Step::Wait { .. } | Step::Settled | Step::Forget | Step::Act(_) => {
                    let done = all.lines().filter(|line| !line.starts_with("wait"));
                    return done.collect::<Vec<_>>().join("\n");
                }
            }
        }
        panic!("it never comes to rest:\n{all}");
    }

    fn told(&mut self) -> String {
        std::mem::take(&mut self.done).join("\n")
    }

    /// Where nobody can make reports they are nobody's matter, and so are variables but in their own stories.
    fn is_told(&self, action: &Action) -> bool {
        let is_report = matches!(
            action,
            Action::PublishReport(_) | Action::SweepDeployments { .. }
        );
        let is_of_variables = matches!(
            action,
            Action::Target {
                action: TargetAction::ReadVariables { .. },
                ..
            }
        );
        let is_image = matches!(action, Action::DeleteImage { .. });
        (!is_report || self.reports.is_some())
            && (!is_image || self.registry.is_some())
            && (!is_of_variables || self.inherited.is_some())
    }

    fn answer(&mut self, action: &Action) -> Fact {
        match action {
            Action::ReadPullRequest { .. } => Fact::PullRequestRead {
                pull_request: self.pull_request.clone(),
            },
            Action::ReadConfiguration {
                commit, changes, ..
            } => {
                let reading = match configuration::parse(&self.configuration) {
                    Ok(configuration) => Reading::Valid {
                        settings: Settings::of(configuration),
                    },
                    Err(error) => Reading::Invalid {
                        message: error.message,
                        in_force: None,
                        last_valid: None,
                    },
                };
                Fact::ConfigurationRead {
                    commit: commit.clone(),
                    changes: *changes,
                    reading,
                }
            }
            Action::ReadPermission { added, .. } => Fact::PermissionRead {
                added: added.clone(),
                permission: if self.writers.contains(&added.login) {
                    Permission::Write
                } else {
                    Permission::Read
                },
            },
            Action::JudgeRequest { request, .. } => Fact::RequestJudged {
                request: request.clone(),
                permission: if self.writers.contains(&request.login) {
                    Permission::Write
                } else {
                    Permission::Read
                },
            },
            Action::PublishReport(wish) => Fact::Report {
                report: wish.report.clone(),
                fact: match &mut self.reports {
                    Some(reports) => reports.publish(wish),
                    None => ReportFact::Impossible,
                },
            },
            Action::SweepDeployments { keep, .. } => {
                if let Some(reports) = &mut self.reports {
                    reports.sweep(keep);
                }
                Fact::DeploymentsSwept { left: false }
            }
            Action::DeleteImage { image, tag, .. } => Fact::ImageDeleted {
                image: image.clone(),
                tag: tag.clone(),
                outcome: self.registry.clone().unwrap_or(ImageOutcome::NotOurs),
            },
            Action::NoteExpiry {
                service,
                activity,
                over,
            } => Fact::ExpiryNoted {
                service: service.clone(),
                activity: *activity,
                over: *over,
            },
            Action::ReadRuns { commit, .. } => {
                let runs = self
                    .runs
                    .iter()
                    .filter(|run| run.head_commit == *commit)
                    .cloned()
                    .collect();
                Fact::RunsRead {
                    commit: commit.clone(),
                    runs,
                }
            }
            Action::Admission {
                application,
                action,
            } => Fact::Admission {
                application: application.clone(),
                fact: self.answer_of_places(action),
            },
            Action::ReadFiles { sieve, .. } => {
                let mut sifted = Sifted::default();
                for path in &self.files {
                    sieve.sift(&mut sifted, std::iter::once(path.as_str()));
                }
                Fact::FilesRead {
                    sieve: Box::new(sieve.clone()),
                    sifted,
                }
            }
            Action::Target {
                application,
                action,
            } => Fact::Target {
                application: application.clone(),
                fact: self.answer_of_target(application, action),
            },
            Action::PublishComment { body, digest, .. } => {
                self.comment = unfolded(body).to_owned();
                Fact::CommentPublished {
                    comment: 1,
                    digest: digest.clone(),
                }
            }
        }
    }

    fn answer_of_places(&mut self, action: &AdmissionAction) -> AdmissionFact {
        match *action {
            AdmissionAction::Ask { ticket, since, .. } => {
                (self.ticket, self.asked_since) = (ticket, since);
                let word = self.place;
                AdmissionFact::Told { ticket, word }
            }
            AdmissionAction::Return { ticket } => AdmissionFact::Returned { ticket },
        }
    }

    fn answer_of_target(&mut self, target: &TargetId, action: &TargetAction) -> TargetFact {
        match action {
            TargetAction::Start { attempt, .. } => {
                self.deployments += 1;
                self.present = true;
                let deployment = format!("d{}", self.deployments).parse().unwrap();
                if *target == TargetId::VirtualCluster {
                    return TargetFact::Started {
                        attempt: *attempt,
                        deployment,
                    };
                }
                TargetFact::Queued {
                    attempt: *attempt,
                    deployment,
                }
            }
            TargetAction::Find { revision } => match &self.namespace {
                Some(reason) => TargetFact::NotFound {
                    reason: reason.clone(),
                },
                None => {
                    self.present = true;
                    TargetFact::Found {
                        revision: revision.clone(),
                        deployment: "uid-1".parse().unwrap(),
                    }
                }
            },
            TargetAction::LookAfter => TargetFact::LookedAfter {
                found: self.present,
            },
            TargetAction::ResolveStart { attempt } => {
                TargetFact::StartUncertain { attempt: *attempt }
            }
            TargetAction::Look { attempt, .. } => TargetFact::Looked {
                attempt: *attempt,
                found: None,
                busy: false,
            },
            TargetAction::Poll { deployment } => TargetFact::Seen {
                deployment: deployment.clone(),
                progress: self.progress,
            },
            TargetAction::Cancel { deployment } => TargetFact::Seen {
                deployment: deployment.clone(),
                progress: DeploymentProgress::Overdue,
            },
            TargetAction::Probe { deployment, .. } => TargetFact::Probed {
                deployment: deployment.clone(),
                healthy: self.healthy,
                answer: if self.healthy {
                    "200 OK"
                } else {
                    "503 Service Unavailable"
                }
                .into(),
            },
            TargetAction::ReadVariables { commit } => TargetFact::VariablesRead {
                commit: commit.clone(),
                inherited: self.inherited.clone().unwrap_or_default(),
            },
            TargetAction::Remove => TargetFact::RemovalAsked {
                nothing_there: !std::mem::replace(&mut self.present, false),
                remains: self.remains.clone(),
            },
        }
    }
}

pub(super) fn application() -> TargetId {
    "web-app".parse().unwrap()
}

pub(super) fn trouble(reason: &str) -> Trouble {
    Trouble::retry(reason)
}
