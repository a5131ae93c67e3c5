//! How a rollout is followed: by the rule of `argocd app wait`, until it is the rollout that was asked for, then by probes of the
//! URL. And what is a failure of what was released, and what is not.

use std::time::Duration;

use super::{
    Asked, Failure, Line,
    progress::LOOK_PAUSE,
    state::{Former, Rollout, Stage},
};
use crate::{
    Timestamp,
    argocd::{self, Application, Health},
};

/// A release is degraded only after so long without a break: health wavers while pods come and go.
const DEGRADED_FOR: Duration = Duration::from_secs(30);

impl Line {
    /// Follows the rollout by the rule of `argocd app wait`, and until it is the rollout that was asked for.
    pub(super) fn watched(
        &mut self,
        application: &Application,
        mut rollout: Rollout,
        at: Timestamp,
    ) {
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

    pub(super) fn probed(&mut self, is_healthy: bool, answer: &str, at: Timestamp) {
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
}

impl Rollout {
    pub(super) fn begin(at: Timestamp, former: Former, expects_operation: bool) -> Self {
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
    pub(super) fn of(application: &Application) -> Self {
        let operation = application.operation.as_ref();
        Self {
            began: operation.and_then(|last| last.started_at),
            history: application.history.iter().map(|entry| entry.id).max(),
        }
    }
}

/// Whether the application is to run what was asked for. A sync and an earlier deployment are told by their operation alone.
pub(super) fn runs(application: &Application, asked: &Asked) -> bool {
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
