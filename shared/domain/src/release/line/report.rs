//! What people see of a release: its phase, and GitHub's deployment with its statuses.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Action, Hold, Kind, Line, Phase, ReportAction, ReportFact, Upstream,
    candidate::{Build, Candidate},
    plan::{Agenda, due},
    standing::Standing,
    state::{Ended, Report, Running, Stage},
    status::{DeploymentState, DeploymentStatus, status},
};
use crate::{
    CommitSha, RepositoryName, Timestamp,
    argocd::ApplicationId,
    release::{LineId, Refusal, Terms},
};

/// A release as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The commit.
    pub commit: CommitSha,
    /// The first line of its message.
    pub title: String,
    /// How far it is.
    pub phase: Phase,
    /// Why, or what it waits for.
    pub reason: String,
    /// Whether it goes back.
    pub is_rollback: bool,
    /// Who approved it, as far as that counts.
    pub approved_by: Vec<String>,
}

/// A release line as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// Which one.
    pub id: LineId,
    /// What is live and verified; none if what was last given to Argo CD is not.
    pub live: Option<Upstream>,
    /// What came of its test; none if the configuration asks for none.
    pub test: Option<String>,
    /// The release in hand.
    pub running: Option<Shown>,
    /// Those that wait, oldest first.
    pub waiting: Vec<Shown>,
    /// Those that are over, newest first.
    pub ended: Vec<Shown>,
    /// Why nothing begins by itself.
    pub hold: Option<Hold>,
    /// A person's lock.
    pub lock: Option<Hold>,
    /// What does not work at present.
    pub trouble: Option<String>,
}

/// Whatever copy of GitHub's answers, it shows by then what was made before: a deployment whose answer was lost is not made twice.
const SHOWN_WITHIN: Duration = Duration::from_secs(15);

impl Line {
    /// What people see of it at `now`.
    pub fn overview(&self, now: Timestamp) -> Overview {
        let mut waiting: Vec<_> = self.candidates.iter().collect();
        waiting.sort_by(|(left, one), (right, other)| one.order(left).cmp(&other.order(right)));
        Overview {
            id: self.id.clone(),
            live: self.live_for_others(),
            test: self.shown_test(),
            running: self.running.as_ref().map(shown_running),
            waiting: waiting
                .into_iter()
                .map(|(commit, candidate)| self.shown_waiting(commit, candidate, now))
                .collect(),
            ended: self.ended.iter().rev().map(shown_ended).collect(),
            hold: self.hold.clone(),
            lock: self.lock.clone(),
            trouble: self.trouble(),
        }
    }

    /// Whether a release is in hand that this application of Argo CD's rolls out.
    pub fn is_rolled_out_by(&self, application: &ApplicationId) -> bool {
        let own = self.terms.as_ref().and_then(Terms::application);
        self.running.is_some() && own.as_ref() == Some(application)
    }

    /// The last workflow runs that did not count, with their attempts, and why; the newest last.
    pub fn refused(&self) -> &[(u64, u64, Refusal)] {
        &self.refused
    }

    fn trouble(&self) -> Option<String> {
        let running = self.running.as_ref().map(|running| &running.effort);
        let efforts = running
            .into_iter()
            .chain(self.testing())
            .chain([&self.reading, &self.passing]);
        efforts
            .filter(|effort| effort.failures > 0 || effort.held_back)
            .find_map(|effort| effort.last_error.clone())
            .or_else(|| self.refused_wish.clone())
    }

    /// What is live and verified, as other environments are told.
    pub(super) fn live_for_others(&self) -> Option<Upstream> {
        self.live().map(|live| Upstream {
            commit: live.commit.clone(),
            title: live.title.clone(),
            since: live.at,
            tested: live.tested(self.terms.as_ref()),
        })
    }

    pub(super) fn shown_waiting(
        &self,
        commit: &CommitSha,
        candidate: &Candidate,
        now: Timestamp,
    ) -> Shown {
        let (phase, reason) = self.waits_for(commit, candidate, now);
        Shown {
            commit: commit.clone(),
            title: candidate.title(),
            phase,
            reason,
            is_rollback: false,
            approved_by: self.approvers(commit, candidate),
        }
    }

    fn waits_for(
        &self,
        commit: &CommitSha,
        candidate: &Candidate,
        now: Timestamp,
    ) -> (Phase, String) {
        let Some(terms) = &self.terms else {
            let reason = "the configuration names this environment no longer";
            return (Phase::Queued, reason.to_owned());
        };
        match self.standing(commit, candidate, terms, now) {
            Standing::Unbuilt(reason) => (Phase::WaitingForBuild, reason),
            Standing::Upstream(reason, _) => (Phase::Queued, reason),
            Standing::Unordered(base) => (
                Phase::Queued,
                format!("to be compared with {}", base.short()),
            ),
            Standing::Diverged(base) => (
                Phase::WaitingForApproval,
                format!(
                    "it does not contain {}: a person has to allow it",
                    base.short()
                ),
            ),
            Standing::Outrun(newer) => (
                Phase::Queued,
                format!("{} is newer and goes first", newer.short()),
            ),
            Standing::Unfounded(reason)
            | Standing::Untested {
                reason,
                has_failed: true,
            } => (Phase::WaitingForApproval, reason),
            Standing::Untested {
                reason,
                has_failed: false,
            } => (Phase::Queued, reason),
            Standing::Unapproved { needed, given } => {
                let told = approvals(needed, &given);
                let told = match self.not_known_of_authors(candidate) {
                    Some(not_known) => format!("{told}. {not_known}"),
                    None => told,
                };
                (Phase::WaitingForApproval, told)
            }
            Standing::Unattributed(reason) => (Phase::WaitingForApproval, reason),
            Standing::Ready => (Phase::Queued, self.queued_for(terms, now)),
        }
    }

    /// What a commit that may go waits for.
    fn queued_for(&self, terms: &Terms, now: Timestamp) -> String {
        let held = |what: &str, hold: &Hold| format!("{what} by {}: {}", hold.by, hold.reason);
        if let Some(lock) = &self.lock {
            return held("locked", lock);
        }
        if let Some(hold) = &self.hold {
            return held("held", hold);
        }
        match (&self.running, self.being_tested(terms, now)) {
            (Some(running), _) => format!("{} goes first", running.commit.short()),
            (None, Some(tested)) => format!("{} is tested first", tested.short()),
            (None, None) => self.closed_window().unwrap_or("next").to_owned(),
        }
    }

    /// Brings GitHub's deployments to say what is so.
    pub(super) fn report(
        &self,
        repository: &RepositoryName,
        terms: &Terms,
        now: Timestamp,
        agenda: &mut Agenda,
    ) {
        for (commit, candidate) in &self.candidates {
            // Commits that are not built yet are many, and their builds tell of themselves.
            if !self.is_built(candidate, terms) {
                continue;
            }
            let Build::Succeeded(run) = candidate.build(&self.id, terms) else {
                continue;
            };
            let (_, reason) = self.waits_for(commit, candidate, now);
            // What is about to begin is told when it has begun, and what goes only if another one does not, not at all.
            if reason == "next" || self.is_quiet(commit, candidate, terms, now) {
                continue;
            }
            let told = Told {
                key: candidate.key(commit, run),
                commit,
                report: &candidate.report,
                status: status(DeploymentState::Queued, &reason, Some(run.html_url.clone())),
            };
            told.wish(repository, Some(terms), now, agenda);
        }
        if let Some(running) = &self.running {
            let shown = shown_running(running);
            let told = Told {
                key: running.key.clone(),
                commit: &running.commit,
                report: &running.report,
                status: status(DeploymentState::InProgress, &shown.reason, None),
            };
            told.wish(repository, Some(terms), now, agenda);
        }
        self.report_ended(repository, Some(terms), now, agenda);
    }

    /// Brings those of releases that are over to say so; without terms only what is known at GitHub, since nobody knows where more belongs.
    pub(super) fn report_ended(
        &self,
        repository: &RepositoryName,
        terms: Option<&Terms>,
        now: Timestamp,
        agenda: &mut Agenda,
    ) {
        for ended in &self.ended {
            // What never had a deployment gets none when it is over, unless it was begun.
            if ended.report.deployment.is_none() && !ended.was_begun() {
                continue;
            }
            let told = Told {
                key: ended.key.clone(),
                commit: &ended.commit,
                report: &ended.report,
                status: ended.status_among(terms),
            };
            told.wish(repository, terms, now, agenda);
        }
    }

    /// Whether what it waits for is only an answer that is about to come, or another commit, and nobody was told of it yet.
    fn is_quiet(
        &self,
        commit: &CommitSha,
        candidate: &Candidate,
        terms: &Terms,
        now: Timestamp,
    ) -> bool {
        match self.standing(commit, candidate, terms, now) {
            Standing::Unordered(_) => true,
            Standing::Outrun(_) => candidate.report.deployment.is_none(),
            Standing::Unbuilt(_)
            | Standing::Upstream(..)
            | Standing::Diverged(_)
            | Standing::Unfounded(_)
            | Standing::Untested { .. }
            | Standing::Unapproved { .. }
            | Standing::Unattributed(_)
            | Standing::Ready => false,
        }
    }

    pub(super) fn fold_report(&mut self, key: &str, fact: &ReportFact, at: Timestamp) {
        let seed = self.seed();
        let terms = self.terms.as_ref();
        let environment = terms.map(|terms| terms.github_environment.clone());
        for report in self.reports_of(key) {
            match fact {
                ReportFact::Known { deployment } => {
                    report.deployment = Some(*deployment);
                    report.environment.clone_from(&environment);
                    report.effort.succeed();
                }
                ReportFact::StatusSet { digest } => {
                    report.digest = Some(digest.clone());
                    report.effort.succeed();
                }
                ReportFact::Troubled { trouble } => {
                    report.effort.fail(trouble, at, seed);
                    if report.deployment.is_none() && trouble.may_have_happened() {
                        let shown = Some(at.after(SHOWN_WITHIN));
                        report.effort.not_before = report.effort.not_before.max(shown);
                    }
                }
            }
        }
    }

    fn reports_of(&mut self, key: &str) -> Vec<&mut Report> {
        let mut found = Vec::new();
        for (commit, candidate) in &mut self.candidates {
            let is_it = candidate
                .runs
                .values()
                .any(|run| candidate.key(commit, run) == key);
            if is_it {
                found.push(&mut candidate.report);
            }
        }
        let running = self.running.iter_mut().filter(|running| running.key == key);
        found.extend(running.map(|running| &mut running.report));
        let ended = self.ended.iter_mut().rev().find(|ended| ended.key == key);
        found.extend(ended.map(|ended| &mut ended.report));
        found
    }
}

/// What GitHub is to say of one release.
struct Told<'a> {
    key: String,
    commit: &'a CommitSha,
    report: &'a Report,
    status: DeploymentStatus,
}

impl Told<'_> {
    fn wish(
        self,
        repository: &RepositoryName,
        terms: Option<&Terms>,
        now: Timestamp,
        agenda: &mut Agenda,
    ) {
        // Given up at last: a failed report never fails a release, and a person's word lets it be tried again.
        if self.report.effort.is_exhausted() || self.report.digest == Some(self.status.digest()) {
            return;
        }
        let Some(deployment) = self.report.deployment else {
            let Some(terms) = terms else {
                return;
            };
            agenda.add(due(&self.report.effort, now, now, || Action::Report {
                key: self.key.clone(),
                repository: repository.clone(),
                report: ReportAction::Find {
                    commit: self.commit.clone(),
                    environment: terms.github_environment.clone(),
                },
            }));
            return;
        };
        agenda.add(due(&self.report.effort, now, now, || Action::Report {
            key: self.key.clone(),
            repository: repository.clone(),
            report: ReportAction::Status {
                deployment,
                status: self.status.clone(),
            },
        }));
    }
}

impl Ended {
    /// Whether anything was asked of Argo CD for it, or was about to be.
    fn was_begun(&self) -> bool {
        match self.phase {
            Phase::Live | Phase::Failed | Phase::RollingBack | Phase::RolledBack => true,
            Phase::Superseded | Phase::Cancelled => self.build.is_some(),
            Phase::WaitingForBuild
            | Phase::WaitingForApproval
            | Phase::Queued
            | Phase::Syncing
            | Phase::Verifying => false,
        }
    }

    /// Whether its deployment on GitHub, if it has one, says that it is over. Told by the state alone: the words may differ.
    pub(super) fn is_reported(&self) -> bool {
        let state = self.state().as_str();
        self.report.deployment.is_none()
            || self
                .report
                .digest
                .as_ref()
                .is_some_and(|digest| digest.split(' ').next() == Some(state))
    }

    fn state(&self) -> DeploymentState {
        match self.phase {
            Phase::Live => DeploymentState::Success,
            Phase::Failed | Phase::RollingBack | Phase::RolledBack => DeploymentState::Failure,
            Phase::Superseded
            | Phase::Cancelled
            | Phase::WaitingForBuild
            | Phase::WaitingForApproval
            | Phase::Queued
            | Phase::Syncing
            | Phase::Verifying => DeploymentState::Inactive,
        }
    }

    /// What its deployment says, where the environment is called as in `terms`: of one under a former name nothing is active.
    fn status_among(&self, terms: Option<&Terms>) -> DeploymentStatus {
        let now = terms.map(|terms| &terms.github_environment);
        match now.filter(|now| {
            self.report
                .environment
                .as_ref()
                .is_some_and(|then| then != *now)
        }) {
            Some(now) if self.phase == Phase::Live => {
                let text = format!("the environment is called {now} now");
                status(DeploymentState::Inactive, &text, None)
            }
            Some(_) | None => self.status(),
        }
    }

    fn status(&self) -> DeploymentStatus {
        let text = match self.phase {
            Phase::RollingBack | Phase::RolledBack => format!("{}: {}", self.phase, self.reason),
            Phase::Superseded | Phase::Cancelled => format!("{}: {}", self.phase, self.reason),
            Phase::Live
            | Phase::Failed
            | Phase::WaitingForBuild
            | Phase::WaitingForApproval
            | Phase::Queued
            | Phase::Syncing
            | Phase::Verifying => self.reason.clone(),
        };
        let mut status = status(self.state(), &text, None);
        if self.phase == Phase::Live {
            status.environment_url.clone_from(&self.url);
        }
        status
    }
}

/// `1 of 2 approvals: ada`.
fn approvals(needed: u32, given: &[String]) -> String {
    let names = if given.is_empty() {
        String::new()
    } else {
        format!(": {}", given.join(", "))
    };
    format!("{} of {needed} approvals{names}", given.len())
}

pub(super) fn shown_running(running: &Running) -> Shown {
    let (phase, doing) = match (&running.kind, &running.stage) {
        (Kind::Rollback { .. }, _) => (Phase::RollingBack, "going back"),
        (
            Kind::Deploy,
            Stage::Looking
            | Stage::Changing { .. }
            | Stage::Committing { .. }
            | Stage::Asking { .. },
        ) => (Phase::Syncing, "releasing"),
        (Kind::Deploy, Stage::Waiting(_)) => (Phase::Syncing, "rolling out"),
        (Kind::Deploy, Stage::GivingWay(_)) => (Phase::Syncing, "giving way"),
        (Kind::Deploy, Stage::Probing { .. }) => (Phase::Verifying, "probing"),
        (Kind::Deploy, Stage::Stopping { .. }) => (Phase::Verifying, "stopping"),
    };
    let note = running.note.as_deref().unwrap_or("Argo CD is asked");
    Shown {
        commit: running.commit.clone(),
        title: running.title.clone(),
        phase,
        reason: format!("{doing}: {note}"),
        is_rollback: running.kind != Kind::Deploy,
        approved_by: running.approved_by.clone(),
    }
}

pub(super) fn shown_ended(ended: &Ended) -> Shown {
    Shown {
        commit: ended.commit.clone(),
        title: ended.title.clone(),
        phase: ended.phase,
        reason: ended.reason.clone(),
        is_rollback: ended.is_rollback,
        approved_by: ended.approved_by.clone(),
    }
}
