//! What a release in hand leads to, step by step. Facts of any other release come too late to matter.

use std::time::Duration;

use super::{
    Asked, Failure, Kind, Line, Phase, StepFact,
    candidate::{Build, Candidate},
    giving_way::goes_instead,
    state::{Former, Rollout, Running, Stage},
    times::Times,
    watching::lacking,
};
use crate::{
    CommitSha, Timestamp,
    argocd::{Application, Foreseen, SyncWindows},
    preview::{Reaction, Trouble},
    release::Terms,
};

/// Between two looks at the application.
pub(super) const LOOK_PAUSE: Duration = Duration::from_secs(5);
/// Between two tries at what Argo CD does not do now.
const WAIT_PAUSE: Duration = Duration::from_secs(15);
/// So long an operation that was told to stop may take for it.
pub(super) const STOP_FOR: Duration = Duration::from_secs(120);

impl Line {
    /// Takes in what came of a step of the release `key`; of any other than the one in hand it comes too late to matter.
    pub(super) fn fold_step(&mut self, key: &str, step: &StepFact, at: Timestamp) {
        if !self.is_running(key) {
            return;
        }
        match step {
            StepFact::Seen {
                application,
                windows,
            } => self.seen(application, windows.as_ref(), at),
            StepFact::ChangeIntended | StepFact::OperationIntended => {
                self.deployed = self.running.as_ref().map(|running| running.commit.clone());
                self.is_unproven = true;
            }
            StepFact::Changed => self.changed(at),
            StepFact::Committed { commit } => self.committed(commit.as_ref(), at),
            StepFact::OperationTaken => self.operation_taken(at),
            StepFact::OperationWaits { reason } => self.operation_waits(reason, at),
            StepFact::GivesWay { newer } => self.give_way(newer, at),
            StepFact::StopAsked => self.stop_asked(at),
            StepFact::Probed { healthy, answer } => self.probed(*healthy, answer, at),
            StepFact::Troubled { trouble } => self.troubled(trouble, at),
        }
    }

    fn stop_asked(&mut self, at: Timestamp) {
        let Some(running) = &mut self.running else {
            return;
        };
        running.effort.succeed();
        match &mut running.stage {
            Stage::GivingWay(way) => way.stop_asked(at),
            Stage::Stopping { asked, look_at, .. } => {
                *asked = true;
                *look_at = at.after(LOOK_PAUSE);
            }
            Stage::Looking
            | Stage::Changing { .. }
            | Stage::Committing { .. }
            | Stage::Asking { .. }
            | Stage::Waiting(_)
            | Stage::Probing { .. } => {}
        }
    }

    fn operation_waits(&mut self, reason: &str, at: Timestamp) {
        if let Some(running) = &mut self.running
            && let Stage::Asking { again_at, .. } = &mut running.stage
        {
            *again_at = at.after(WAIT_PAUSE);
            running.note = Some(reason.to_owned());
            running.effort.succeed();
            let timeout = self.terms.as_ref().map(|terms| terms.timeout);
            let waited = at.since(running.begun_at);
            running.is_blocked = timeout.is_some_and(|timeout| waited > timeout);
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
            let back = self.way_back.as_ref();
            let reason = match (kind, back) {
                (Kind::Rollback { .. }, Some(back)) => back.goes_instead(),
                (Kind::Rollback { .. }, None) | (Kind::Deploy, _) => goes_instead(commit),
            };
            let phase = match earlier.stage {
                Stage::Probing { .. } => Phase::Cancelled,
                Stage::Looking
                | Stage::Changing { .. }
                | Stage::Committing { .. }
                | Stage::Asking { .. }
                | Stage::Waiting(_)
                | Stage::GivingWay(_)
                | Stage::Stopping { .. } => Phase::Superseded,
            };
            self.end(earlier, phase, reason, at);
        }
        self.begun += 1;
        self.refused_wish = None;
        let (title, build, report, (times, approved_by)) = match kind {
            Kind::Rollback { .. } => {
                let to = self.way_back.take();
                let title = to.map(|back| back.to.title).unwrap_or_default();
                (title, None, None, (Times::default(), Vec::new()))
            }
            Kind::Deploy => match self.candidates.remove(commit) {
                Some(candidate) => {
                    let approved_by = self.approvers(commit, &candidate);
                    let terms = self.terms.as_ref();
                    let build = terms.and_then(|terms| match candidate.build(&self.id, terms) {
                        Build::Succeeded(run) => Some((run.id, run.attempt)),
                        Build::NotSeen
                        | Build::Ambiguous(..)
                        | Build::Underway(_)
                        | Build::Ended(_) => None,
                    });
                    let told = (candidate.times(), approved_by);
                    (candidate.title(), build, Some(candidate.report), told)
                }
                None => (String::new(), None, None, (Times::default(), Vec::new())),
            },
        };
        self.running = Some(Running {
            key: key.to_owned(),
            kind: kind.clone(),
            commit: commit.clone(),
            title,
            build,
            asked: asked.clone(),
            application: self.terms.as_ref().and_then(Terms::application),
            begun_at: at,
            times,
            approved_by,
            from: self.deployed.clone(),
            stage: Stage::Looking,
            note: None,
            refused_since: None,
            is_uncertain: false,
            is_blocked: false,
            effort: crate::preview::Effort::default(),
            report: report.unwrap_or_default(),
        });
    }

    fn seen(&mut self, application: &Application, windows: Option<&SyncWindows>, at: Timestamp) {
        let Some(running) = &mut self.running else {
            return;
        };
        running.effort.succeed();
        running.refused_since = None;
        if std::mem::take(&mut running.is_uncertain) {
            return self.looked_for_operation(application, at);
        }
        match running.stage.clone() {
            Stage::Looking => self.looked(application, at),
            Stage::Waiting(rollout) => self.watched((application, windows), rollout, at),
            Stage::GivingWay(way) => self.seen_giving_way(application, way, at),
            Stage::Stopping {
                since,
                failure,
                rollout,
                ..
            } => {
                let still = application.is_in_operation();
                if !still {
                    self.stopped(application, (failure, rollout), at);
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
            Stage::Changing { .. }
            | Stage::Committing { .. }
            | Stage::Asking { .. }
            | Stage::Probing { .. } => {}
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
        let reason = |foreseen: Foreseen| foreseen.to_string();
        let (foreseen, next) = match &running.asked {
            Asked::Sync => (application.would_refuse_sync(None).map(reason), asking),
            Asked::History(id) => (application.would_refuse_rollback(*id).map(reason), asking),
            Asked::Commit(wanted) => match application.git_place(wanted) {
                Err(obstacle) => (Some(obstacle.to_string()), asking),
                Ok(place) => (
                    None,
                    Stage::Committing {
                        former,
                        by_itself: application.automation.is_some(),
                        runs_already: lacking(application, &running.asked).is_none(),
                        place,
                    },
                ),
            },
            Asked::Setting(setting) => match application.change_to(setting) {
                Err(foreseen) => (Some(reason(foreseen)), asking),
                Ok(change)
                    if change.is_nothing() && lacking(application, &running.asked).is_none() =>
                {
                    let rollout = Rollout::begin(at, former, false);
                    (None, Stage::Waiting(rollout))
                }
                Ok(_) => (
                    application.would_take_back_changes().map(reason),
                    Stage::Changing {
                        former,
                        by_itself: application.automation.is_some(),
                    },
                ),
            },
        };
        match foreseen {
            Some(foreseen) => self.fail(Failure::Infrastructure(foreseen), at),
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
                running.times.taken = Some(at);
                Stage::Waiting(Rollout::begin(at, former, true))
            } else {
                Stage::Asking {
                    former,
                    again_at: at,
                }
            };
        }
    }

    /// Git says what it should, since `commit` if that is new.
    fn committed(&mut self, commit: Option<&CommitSha>, at: Timestamp) {
        let Some(running) = &mut self.running else {
            return;
        };
        if let Stage::Committing {
            former,
            by_itself,
            runs_already,
            ..
        } = running.stage
        {
            running.effort.succeed();
            // What Git said before and Argo CD shows is there: nothing is to come.
            let is_there = runs_already && commit.is_none();
            running.stage = if is_there || by_itself {
                let mut rollout = Rollout::begin(at, former, !is_there);
                rollout.commit = commit.cloned();
                Stage::Waiting(rollout)
            } else {
                Stage::Asking {
                    former,
                    again_at: at,
                }
            };
        }
    }

    pub(super) fn operation_taken(&mut self, at: Timestamp) {
        let Some(running) = &mut self.running else {
            return;
        };
        if let Stage::Asking { former, .. } = running.stage {
            running.effort.succeed();
            running.note = None;
            running.is_blocked = false;
            running.times.taken = Some(at);
            running.stage = Stage::Waiting(Rollout::begin(at, former, true));
        }
    }

    fn troubled(&mut self, trouble: &Trouble, at: Timestamp) {
        let seed = self.seed();
        let Some(running) = &mut self.running else {
            return;
        };
        let is_refused = trouble.reaction == Reaction::GiveUp;
        if is_refused && matches!(running.stage, Stage::GivingWay(_)) {
            let obstacle = format!(
                "what Argo CD does for it could not be stopped: {}",
                trouble.reason
            );
            return self.gave_way(Some(&obstacle), at);
        }
        running.note = Some(trouble.reason.clone());
        let is_asking = matches!(running.stage, Stage::Asking { .. });
        running.is_uncertain |= is_asking && trouble.reaction == Reaction::Look;
        let timeout = self.terms.as_ref().map(|terms| terms.timeout);
        if is_refused && running.only_looks() {
            // Argo CD goes on with what it was asked for; who may not look for a while can again, mostly.
            let since = *running.refused_since.get_or_insert(at);
            let again = Trouble::retry(trouble.reason.clone());
            running.effort.fail(&again, at, seed);
            if timeout.is_some_and(|timeout| at.since(since) <= timeout) {
                return;
            }
        } else {
            running.effort.fail(trouble, at, seed);
        }
        if is_refused {
            self.fail(Failure::Infrastructure(trouble.reason.clone()), at);
        }
    }
}

impl Running {
    /// Whether what is to be done next is a look at what Argo CD was asked for.
    fn only_looks(&self) -> bool {
        match self.stage {
            Stage::Waiting(_) | Stage::Stopping { asked: true, .. } => true,
            Stage::Looking
            | Stage::Changing { .. }
            | Stage::Committing { .. }
            | Stage::Asking { .. }
            | Stage::Probing { .. }
            | Stage::GivingWay(_)
            | Stage::Stopping { asked: false, .. } => false,
        }
    }
}

/// The key of the `begun`-th release, if it is a way back.
pub(super) fn rollback_key(begun: u64) -> String {
    format!("rollback-{}", begun + 1)
}

/// The key of a commit's release by its build.
pub(super) fn deploy_key(commit: &CommitSha, candidate: &Candidate, build: Build<'_>) -> String {
    match build {
        Build::Succeeded(run) => candidate.key(commit, run),
        Build::NotSeen | Build::Ambiguous(..) | Build::Underway(_) | Build::Ended(_) => {
            let since = candidate.since.milliseconds();
            candidate.renewed(format!("{commit}-{since}"))
        }
    }
}
