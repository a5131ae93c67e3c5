//! How a rollout is followed: by the rule of `argocd app wait`, until it is the rollout that was asked for, then by probes of the
//! URL. And what is a failure of what was released, and what is not.

use std::time::Duration;

use super::{
    Asked, Failure, Line, mark,
    progress::LOOK_PAUSE,
    state::{Former, Rollout, Stage},
};
use crate::{
    Timestamp,
    argocd::{self, Application, Health, Setting, SyncWindows},
};

/// A release is degraded only after so long without a break: health wavers while pods come and go.
const DEGRADED_FOR: Duration = Duration::from_secs(30);
/// Between two looks no more than this counts as time that the rollout took: else an Argo CD, or a Slipway, that was away for a while
/// would look like a rollout that does not end.
const GAP_MAX: Duration = Duration::from_secs(60);
/// So long an operation that ended well when it was told to stop has for getting healthy.
const GRACE: Duration = Duration::from_secs(60);

impl Line {
    /// Whether the operation was begun of which the answer was lost; if not, it is asked for again.
    pub(super) fn looked_for_operation(&mut self, application: &Application, at: Timestamp) {
        let Some(running) = &mut self.running else {
            return;
        };
        let Stage::Asking { former, again_at } = &mut running.stage else {
            return;
        };
        let rollout = Rollout::begin(at, *former, true);
        if rollout.is_own(application, &mark(&self.id, &running.key)) {
            return self.operation_taken(at);
        }
        // A rollback bears no mark, and shows whose it is only when it is taken up.
        if application.requested.is_some() && application.mark().is_none() {
            *again_at = at.after(LOOK_PAUSE);
            running.is_uncertain = true;
        }
    }

    /// Follows the rollout by the rule of `argocd app wait`, and until it is the rollout that was asked for.
    pub(super) fn watched(
        &mut self,
        (application, windows): (&Application, Option<&SyncWindows>),
        mut rollout: Rollout,
        at: Timestamp,
    ) {
        let (Some(running), Some(terms)) = (&mut self.running, &self.terms) else {
            return;
        };
        let lacking = lacking(application, &running.asked);
        let own = rollout.is_own(application, &mark(&self.id, &running.key));
        let in_place =
            !own && lacking.is_none() && rollout.is_in_place(application, &running.asked);
        let state = match running.asked {
            _ if in_place => application.rollout_in_place(),
            // What an earlier deployment was is not what Git says.
            Asked::History(_) => application.rollout_of_rollback(),
            Asked::Sync | Asked::Setting(_) | Asked::Commit(_) => application.rollout(),
        };
        let own = own || in_place;
        let ours = own && lacking.is_none();
        if rollout.note_windows(application, (own, &running.asked), windows) {
            return self.ask_instead(&rollout, at);
        }
        if let Some(held) = &rollout.held {
            running.note = Some(held.clone());
            rollout.wait_for_window(at);
            running.stage = Stage::Waiting(rollout);
            return;
        }
        rollout.seen(application, own, at);
        running.note = Some(match &lacking {
            Some(lacking) if own && state == argocd::Rollout::Complete => lacking.clone(),
            Some(_) | None => format!("the application is {state}"),
        });
        let is_degraded = state == argocd::Rollout::NotHealthy(Health::Degraded);
        let degraded = ours && is_degraded && rollout.was_well;
        rollout.degraded_since = degraded.then(|| rollout.degraded_since.unwrap_or(at));
        let failed = own && state == argocd::Rollout::OperationFailed;
        let over = rollout.waited > terms.timeout;
        let degraded_for = rollout.degraded_since.map(|since| at.since(since));
        if ours && state == argocd::Rollout::Complete {
            let history = Former::of(application).history;
            self.arrived(history, at);
        } else if failed {
            self.fail(failure_of_operation(application), at);
        } else if degraded_for.is_some_and(|lasted| lasted >= DEGRADED_FOR) {
            self.fail(Failure::Artefact(troubles(application, "degraded")), at);
        } else if over {
            let minutes = terms.timeout.as_secs().div_ceil(60);
            let still = match lacking {
                Some(lacking) if own && state == argocd::Rollout::Complete => lacking,
                Some(_) | None => troubles(application, &format!("still {state}")),
            };
            let before = match is_degraded && !rollout.was_well {
                true => "; it was degraded before, too",
                false => "",
            };
            let reason = format!("{still} after {minutes} minutes{before}");
            let settled = matches!(state, argocd::Rollout::NotHealthy(_)) && before.is_empty();
            let is_at_it = settled || state == argocd::Rollout::InOperation;
            let failure = if ours && rollout.moves && is_at_it {
                Failure::Artefact(reason)
            } else {
                Failure::Infrastructure(reason)
            };
            self.time_is_up(application, (failure, rollout), at);
        } else {
            running.stage = Stage::Waiting(rollout);
        }
    }

    /// Ends a release whose time is up, after what Argo CD still does for it was stopped. What it does for anybody else goes on.
    fn time_is_up(
        &mut self,
        application: &Application,
        (failure, rollout): (Failure, Rollout),
        at: Timestamp,
    ) {
        let Some(running) = &mut self.running else {
            return;
        };
        let is_ours =
            rollout.expects_operation && rollout.is_own(application, &mark(&self.id, &running.key));
        if !application.is_in_operation() || !is_ours {
            return self.fail(failure, at);
        }
        running.note = Some(failure.reason().to_owned());
        running.stage = Stage::Stopping {
            since: at,
            look_at: at,
            asked: false,
            failure,
            rollout: Some(rollout),
        };
    }

    /// What was told to stop is at an end: by that, or well after all, and then its rollout counts.
    pub(super) fn stopped(
        &mut self,
        application: &Application,
        (failure, rollout): (Failure, Option<Rollout>),
        at: Timestamp,
    ) {
        let operation = application.operation.as_ref();
        let is_done = operation.is_some_and(|last| last.phase == argocd::Phase::Succeeded);
        let timeout = self.terms.as_ref().map(|terms| terms.timeout);
        match (rollout.filter(|_| is_done), timeout) {
            (Some(mut rollout), Some(timeout)) => {
                rollout.seen_at = at;
                rollout.waited = timeout.saturating_sub(GRACE);
                self.watched((application, None), rollout, at);
            }
            (Some(_) | None, _) => self.fail(failure, at),
        }
    }

    /// Argo CD is done: live, or to be probed.
    fn arrived(&mut self, history: Option<u64>, at: Timestamp) {
        if let Some(running) = &mut self.running {
            running.times.arrived = Some(at);
        }
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
            seen_at: at,
            waited: Duration::ZERO,
            moves: false,
            look_at: at,
            former,
            expects_operation,
            degraded_since: None,
            is_idle: false,
            held: None,
            was_held: false,
            was_well: former.health != Some(Health::Degraded),
            commit: None,
        }
    }

    /// Whether the cluster already is what was asked for, so that Argo CD, which syncs by itself, has nothing to do for it: after an
    /// operation for another release that was stopped before it changed anything, or failed. What came of an operation for this one
    /// counts, since a hook may have failed after everything was applied.
    fn is_in_place(&self, application: &Application, asked: &Asked) -> bool {
        let is_seen = match asked {
            Asked::Setting(_) => true,
            // The specification is the same before and after: the cluster must have been compared with this commit.
            Asked::Commit(_) => self
                .commit
                .as_ref()
                .is_some_and(|commit| application.shows_revision(commit.as_str())),
            Asked::Sync | Asked::History(_) => false,
        };
        is_seen && application.automation.is_some() && application.is_in_place()
    }

    /// Notes a look at it, and counts the time. An operation that is asked for and not taken up does not move.
    fn seen(&mut self, application: &Application, own: bool, at: Timestamp) {
        self.waited += at.since(self.seen_at).min(GAP_MAX);
        self.seen_at = at;
        self.look_at = at.after(LOOK_PAUSE);
        let moves = own && (!self.expects_operation || application.operation.is_some());
        if moves && !self.moves {
            self.moves = true;
            self.waited = Duration::ZERO;
        }
        self.was_well |= application.health != Health::Degraded;
    }

    /// Whether what Argo CD shows is of this release: of an operation with its mark, or of one that nobody marked and that is
    /// another one than the last before.
    fn is_own(&self, application: &Application, mark: &str) -> bool {
        !self.expects_operation
            || match application.mark() {
                Some(shown) => shown == mark,
                None => self.former.is_another(application),
            }
    }
}

impl Former {
    pub(super) fn of(application: &Application) -> Self {
        let operation = application.operation.as_ref();
        Self {
            began: operation.and_then(|last| last.started_at),
            history: application.history.iter().map(|entry| entry.id).max(),
            health: Some(application.health),
        }
    }

    /// Whether the operation that Argo CD shows is another one than this.
    pub(super) fn is_another(self, application: &Application) -> bool {
        let shown = Self::of(application);
        shown.began.is_some() && shown.operation_and_history() != self.operation_and_history()
    }

    fn operation_and_history(self) -> (Option<Timestamp>, Option<u64>) {
        (self.began, self.history)
    }
}

/// What the application lacks of running what was asked for, for people; none if it is to run that. A sync and an earlier deployment
/// are told by their operation alone.
pub(super) fn lacking(application: &Application, asked: &Asked) -> Option<String> {
    let not_run =
        |image: &str| format!("the application does not run {image}: do its manifests name it?");
    let setting = match asked {
        Asked::Setting(setting) => setting,
        Asked::Commit(wanted) => {
            let mut images = wanted.images().into_iter();
            let runs = images.any(|image| application.shows_image(&image));
            return (!runs).then(|| not_run(&wanted.to_string()));
        }
        Asked::Sync | Asked::History(_) => return None,
    };
    if application.current(setting).as_ref() != Some(setting) {
        return Some(format!(
            "the application's specification does not say {setting} any more: somebody else changes it"
        ));
    }
    match setting {
        Setting::KustomizeImage { image, version } => {
            let image = format!("{image}{version}");
            (!application.shows_image(&image)).then(|| not_run(&image))
        }
        Setting::HelmParameter { name, value } => (!application.shows_version(value)).then(|| {
            format!(
                "the application runs no image with the tag {value}: does the chart read the parameter {name}?"
            )
        }),
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
