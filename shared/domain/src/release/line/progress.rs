//! What a release in hand leads to, step by step. Facts of any other release come too late to matter.

use std::time::Duration;

use super::{
    Asked, Failure, Kind, Line, Phase, StepFact,
    state::{Build, Candidate, Former, Rollout, Running, Stage},
};
use crate::{
    CommitSha, Timestamp,
    argocd::{self, Application, Health},
    preview::{Reaction, Trouble},
};

/// Between two looks at the application.
pub(super) const LOOK_PAUSE: Duration = Duration::from_secs(5);
/// Between two tries at what Argo CD does not do now.
const WAIT_PAUSE: Duration = Duration::from_secs(15);
/// A release is degraded only after so long without a break: health wavers while pods come and go.
const DEGRADED_FOR: Duration = Duration::from_secs(30);
/// So long an operation that was told to stop may take for it.
const STOP_FOR: Duration = Duration::from_secs(120);

impl Line {
    /// Takes in what came of a step of the release `key`; of any other than the one in hand it comes too late to matter.
    pub(super) fn fold_step(&mut self, key: &str, step: &StepFact, at: Timestamp) {
        if !self.is_running(key) {
            return;
        }
        match step {
            StepFact::Seen { application } => self.seen(application, at),
            StepFact::ChangeIntended | StepFact::OperationIntended => {
                self.deployed = self.running.as_ref().map(|running| running.commit.clone());
            }
            StepFact::Changed => self.changed(at),
            StepFact::OperationTaken => self.operation_taken(at),
            StepFact::OperationWaits { reason } => self.operation_waits(reason, at),
            StepFact::StopAsked => {
                if let Some(running) = &mut self.running
                    && let Stage::Stopping { asked, look_at, .. } = &mut running.stage
                {
                    *asked = true;
                    *look_at = at.after(LOOK_PAUSE);
                }
            }
            StepFact::Probed { healthy, answer } => self.probed(*healthy, answer, at),
            StepFact::Troubled { trouble } => self.troubled(trouble, at),
        }
    }

    fn operation_waits(&mut self, reason: &str, at: Timestamp) {
        if let Some(running) = &mut self.running
            && let Stage::Asking { again_at, .. } = &mut running.stage
        {
            *again_at = at.after(WAIT_PAUSE);
            running.note = Some(reason.to_owned());
            running.effort.succeed();
        }
    }

    fn is_running(&self, key: &str) -> bool {
        self.running
            .as_ref()
            .is_some_and(|running| running.key == key)
    }

    pub(super) fn begin(
        &mut self,
        key: &str,
        kind: &Kind,
        commit: &CommitSha,
        asked: &Asked,
        at: Timestamp,
    ) {
        if let Some(earlier) = self.running.take() {
            if earlier.key == key {
                self.running = Some(earlier);
                return;
            }
            let reason = format!("{} goes instead", commit.short());
            self.end(earlier, Phase::Superseded, reason, at);
        }
        self.begun += 1;
        let (title, build, report) = match kind {
            Kind::Rollback { .. } => {
                let to = self.way_back.take();
                (to.map(|back| back.to.title).unwrap_or_default(), None, None)
            }
            Kind::Deploy => match self.candidates.remove(commit) {
                Some(candidate) => {
                    let terms = self.terms.as_ref();
                    let build = terms.and_then(|terms| match candidate.build(&self.id, terms) {
                        Build::Succeeded(run) => Some((run.id, run.attempt)),
                        Build::NotSeen | Build::Underway(_) | Build::Ended(_) => None,
                    });
                    (candidate.title(), build, Some(candidate.report))
                }
                None => (String::new(), None, None),
            },
        };
        self.running = Some(Running {
            key: key.to_owned(),
            kind: kind.clone(),
            commit: commit.clone(),
            title,
            build,
            asked: asked.clone(),
            begun_at: at,
            stage: Stage::Looking,
            note: None,
            effort: crate::preview::Effort::default(),
            report: report.unwrap_or_default(),
        });
    }

    fn seen(&mut self, application: &Application, at: Timestamp) {
        let Some(running) = &mut self.running else {
            return;
        };
        running.effort.succeed();
        match running.stage.clone() {
            Stage::Looking => self.looked(application, at),
            Stage::Waiting(rollout) => self.watched(application, rollout, at),
            Stage::Stopping { since, failure, .. } => {
                let still = application.is_in_operation();
                if !still {
                    self.fail(failure, at);
                } else if at.since(since) > STOP_FOR {
                    // Nobody knows what becomes of it: a person has to look, and nothing goes back by itself.
                    let reason = format!("{}, and Argo CD does not stop", failure.reason());
                    self.fail(Failure::Infrastructure(reason), at);
                } else if let Some(running) = &mut self.running
                    && let Stage::Stopping { look_at, .. } = &mut running.stage
                {
                    *look_at = at.after(LOOK_PAUSE);
                }
            }
            Stage::Changing { .. } | Stage::Asking { .. } | Stage::Probing { .. } => {}
        }
    }

    /// What is to be done with the application as it is before anything is changed.
    fn looked(&mut self, application: &Application, at: Timestamp) {
        let Some(running) = &mut self.running else {
            return;
        };
        let former = Former::of(application);
        let asking = Stage::Asking {
            former,
            again_at: at,
        };
        let (foreseen, next) = match &running.asked {
            Asked::Sync => (application.would_refuse_sync(None), asking),
            Asked::History(id) => (application.would_refuse_rollback(*id), asking),
            Asked::Setting(setting) => match application.change_to(setting) {
                Err(foreseen) => (Some(foreseen), asking),
                Ok(change) if change.is_nothing() && runs(application, &running.asked) => {
                    let rollout = Rollout::begin(at, former, false);
                    (None, Stage::Waiting(rollout))
                }
                Ok(_) => (
                    application.would_take_back_changes(),
                    Stage::Changing {
                        former,
                        by_itself: application.automation.is_some(),
                    },
                ),
            },
        };
        match foreseen {
            Some(foreseen) => self.fail(Failure::Infrastructure(foreseen.to_string()), at),
            None => running.stage = next,
        }
    }

    fn changed(&mut self, at: Timestamp) {
        let Some(running) = &mut self.running else {
            return;
        };
        if let Stage::Changing { former, by_itself } = running.stage {
            running.effort.succeed();
            running.stage = if by_itself {
                Stage::Waiting(Rollout::begin(at, former, true))
            } else {
                Stage::Asking {
                    former,
                    again_at: at,
                }
            };
        }
    }

    fn operation_taken(&mut self, at: Timestamp) {
        let Some(running) = &mut self.running else {
            return;
        };
        if let Stage::Asking { former, .. } = running.stage {
            running.effort.succeed();
            running.note = None;
            running.stage = Stage::Waiting(Rollout::begin(at, former, true));
        }
    }

    /// Follows the rollout by the rule of `argocd app wait`, and until it is the rollout that was asked for.
    fn watched(&mut self, application: &Application, mut rollout: Rollout, at: Timestamp) {
        let (Some(running), Some(terms)) = (&mut self.running, &self.terms) else {
            return;
        };
        // What an earlier deployment was is not what Git says.
        let state = match running.asked {
            Asked::History(_) => application.rollout_of_rollback(),
            Asked::Sync | Asked::Setting(_) => application.rollout(),
        };
        let own = rollout.is_own(application, &running.key);
        let ours = own && runs(application, &running.asked);
        running.note = Some(format!("the application is {state}"));
        rollout.look_at = at.after(LOOK_PAUSE);
        let degraded = ours && state == argocd::Rollout::NotHealthy(Health::Degraded);
        rollout.degraded_since = degraded.then(|| rollout.degraded_since.unwrap_or(at));
        let failed = own && state == argocd::Rollout::OperationFailed;
        let over = at.since(rollout.since) > terms.timeout;
        let degraded_for = rollout.degraded_since.map(|since| at.since(since));
        if ours && state == argocd::Rollout::Complete {
            let history = Former::of(application).history;
            self.arrived(history, at);
        } else if failed {
            self.fail(failure_of_operation(application), at);
        } else if degraded_for.is_some_and(|lasted| lasted >= DEGRADED_FOR) {
            self.fail(Failure::Artefact(troubles(application, "degraded")), at);
        } else if over {
            let settled = ours && matches!(state, argocd::Rollout::NotHealthy(_));
            let minutes = terms.timeout.as_secs().div_ceil(60);
            let reason = format!(
                "{} after {minutes} minutes",
                troubles(application, &format!("still {state}"))
            );
            let failure = if settled || state == argocd::Rollout::InOperation && ours {
                Failure::Artefact(reason)
            } else {
                Failure::Infrastructure(reason)
            };
            self.time_is_up(application, failure, at);
        } else {
            running.stage = Stage::Waiting(rollout);
        }
    }

    /// Ends a release whose time is up, after what Argo CD still does was stopped.
    fn time_is_up(&mut self, application: &Application, failure: Failure, at: Timestamp) {
        if !application.is_in_operation() {
            return self.fail(failure, at);
        }
        if let Some(running) = &mut self.running {
            running.note = Some(failure.reason().to_owned());
            running.stage = Stage::Stopping {
                since: at,
                look_at: at,
                asked: false,
                failure,
            };
        }
    }

    /// Argo CD is done: live, or to be probed.
    fn arrived(&mut self, history: Option<u64>, at: Timestamp) {
        let has_url = self.terms.as_ref().is_some_and(|terms| terms.url.is_some());
        if !has_url {
            return self.verify(history, at);
        }
        if let Some(running) = &mut self.running {
            running.note = None;
            running.stage = Stage::Probing {
                since: at,
                count: 0,
                probe_at: at,
                history,
            };
        }
    }

    fn probed(&mut self, is_healthy: bool, answer: &str, at: Timestamp) {
        let (Some(running), Some(terms)) = (&mut self.running, &self.terms) else {
            return;
        };
        let Stage::Probing {
            count,
            probe_at,
            history,
            ..
        } = &mut running.stage
        else {
            return;
        };
        running.effort.succeed();
        if is_healthy {
            let history = *history;
            return self.verify(history, at);
        }
        *count += 1;
        *probe_at = at.after(terms.health.interval.get());
        let (count, url) = (*count, terms.url.clone().unwrap_or_default());
        running.note = Some(format!("{url} answers {answer}"));
        if count >= terms.health.attempts {
            let reason = format!("{url} answers {answer}, {count} times in a row");
            self.fail(Failure::Artefact(reason), at);
        }
    }

    fn troubled(&mut self, trouble: &Trouble, at: Timestamp) {
        let seed = self.seed();
        let Some(running) = &mut self.running else {
            return;
        };
        running.effort.fail(trouble, at, seed);
        running.note = Some(trouble.reason.clone());
        if trouble.reaction == Reaction::GiveUp {
            self.fail(Failure::Infrastructure(trouble.reason.clone()), at);
        }
    }
}

impl Rollout {
    fn begin(at: Timestamp, former: Former, expects_operation: bool) -> Self {
        Self {
            since: at,
            look_at: at,
            former,
            expects_operation,
            degraded_since: None,
        }
    }

    /// Whether what Argo CD shows is of this release: of an operation with its mark, or of another one than the last before.
    fn is_own(&self, application: &Application, key: &str) -> bool {
        let shown = Former::of(application);
        !self.expects_operation
            || application.bears_mark(key)
            || (shown.began.is_some() && shown != self.former)
    }
}

impl Former {
    fn of(application: &Application) -> Self {
        let operation = application.operation.as_ref();
        Self {
            began: operation.and_then(|last| last.started_at),
            history: application.history.iter().map(|entry| entry.id).max(),
        }
    }
}

/// Whether the application is to run what was asked for. A sync and an earlier deployment are told by their operation alone.
fn runs(application: &Application, asked: &Asked) -> bool {
    match asked {
        Asked::Sync | Asked::History(_) => true,
        Asked::Setting(setting) => {
            let set = application.current(setting).as_ref() == Some(setting);
            let shown = match setting {
                argocd::Setting::KustomizeImage { image, version } => {
                    application.shows_image(&format!("{image}{version}"))
                }
                argocd::Setting::HelmParameter { .. } => true,
            };
            set && shown
        }
    }
}

/// An operation that failed on a resource or a hook tells of the artefact; one that could not even begin does not.
fn failure_of_operation(application: &Application) -> Failure {
    let Some(operation) = &application.operation else {
        return Failure::Infrastructure("the operation failed".to_owned());
    };
    let reason = troubles(application, &format!("not synced: {}", operation.message));
    match operation.phase {
        argocd::Phase::Failed => Failure::Artefact(reason),
        argocd::Phase::Error
        | argocd::Phase::Running
        | argocd::Phase::Terminating
        | argocd::Phase::Succeeded
        | argocd::Phase::Unrecognised => Failure::Infrastructure(reason),
    }
}

/// `the application is <state>: <the first resource in trouble>`.
fn troubles(application: &Application, state: &str) -> String {
    match application.troubles.first() {
        Some(trouble) if trouble.message.is_empty() => {
            format!("the application is {state} ({})", trouble.resource)
        }
        Some(trouble) => format!(
            "the application is {state} ({}: {})",
            trouble.resource, trouble.message
        ),
        None => format!("the application is {state}"),
    }
}

/// Whether a candidate may still change the release in hand: one that Argo CD was not asked for yet is replaced by a newer one.
pub(super) fn is_replaceable(running: &Running) -> bool {
    running.kind == Kind::Deploy && matches!(running.stage, Stage::Looking | Stage::Asking { .. })
}

/// The key of the `begun`-th release, if it is a way back.
pub(super) fn rollback_key(begun: u64) -> String {
    format!("rollback-{}", begun + 1)
}

/// The key of a commit's release by its build.
pub(super) fn deploy_key(commit: &CommitSha, candidate: &Candidate, build: Build<'_>) -> String {
    match build {
        Build::Succeeded(run) => Candidate::key(commit, run),
        Build::NotSeen | Build::Underway(_) | Build::Ended(_) => {
            let since = candidate.since.milliseconds();
            format!("{commit}-{since}")
        }
    }
}
