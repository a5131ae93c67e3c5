//! How a release in hand gives way to a newer one where the configuration says `superseded: cancel`, and to a way back that a person asks
//! for: what Argo CD does for it is told to stop, and the other one begins when Argo CD is at nothing of it any more. What anybody else began is left alone, and so is a way
//! back. Every step may be repeated: what Argo CD shows says how far it is.

use std::time::Duration;

use super::{
    Action, Asked, Kind, Line, Phase, StepAction, mark,
    plan::{LOOK, Wish},
    progress::{LOOK_PAUSE, STOP_FOR},
    state::{Ended, Former, GivingWay, Running, Stage, WayBack},
};
use crate::{
    CommitSha, Timestamp,
    argocd::{self, Application, Initiator},
    configuration::Superseded,
    release::Terms,
};

/// Argo CD stops whatever it is at, so it is told to only so soon after it was seen to be at this release.
const FOUND_FOR: Duration = Duration::from_secs(10);

/// What becomes of the release in hand when a newer one may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InHand {
    /// There is none, or nothing of it goes on in Argo CD: the newer one takes its place.
    IsReplaced,
    /// It is told to stop, and the newer one waits for that.
    IsStoppedFirst,
    /// The newer one waits for its end.
    GoesFirst,
}

/// Why a release is over, for people.
pub(super) fn goes_instead(newer: &CommitSha) -> String {
    format!("{} goes instead", newer.short())
}

impl Line {
    /// What becomes of the release in hand when a newer one may go.
    pub(super) fn in_hand(&self, terms: &Terms) -> InHand {
        self.in_hand_where(terms.superseded == Superseded::Cancel)
    }

    /// What becomes of the release in hand when a person wants to go back: that waits for nothing but what Argo CD is at.
    pub(super) fn in_hand_of_way_back(&self) -> InHand {
        self.in_hand_where(true)
    }

    fn in_hand_where(&self, is_cancelled: bool) -> InHand {
        let Some(running) = &self.running else {
            return InHand::IsReplaced;
        };
        if running.kind != Kind::Deploy {
            return InHand::GoesFirst;
        }
        // Or was about to be: the answer may be lost.
        let was_asked = self.deployed.as_ref() == Some(&running.commit);
        match running.stage {
            Stage::Looking => InHand::IsReplaced,
            Stage::Waiting(ref rollout) if rollout.is_only_waiting() => InHand::IsReplaced,
            Stage::Asking { .. } if !is_cancelled => InHand::IsReplaced,
            Stage::Probing { .. } if is_cancelled => InHand::IsReplaced,
            Stage::Asking { .. } | Stage::Changing { .. } | Stage::Committing { .. }
                if is_cancelled && !was_asked =>
            {
                InHand::IsReplaced
            }
            Stage::Asking { .. }
            | Stage::Changing { .. }
            | Stage::Committing { .. }
            | Stage::Waiting(_)
                if is_cancelled =>
            {
                InHand::IsStoppedFirst
            }
            Stage::Asking { .. }
            | Stage::Changing { .. }
            | Stage::Committing { .. }
            | Stage::Waiting(_)
            | Stage::Probing { .. }
            | Stage::GivingWay(_)
            | Stage::Stopping { .. } => InHand::GoesFirst,
        }
    }

    /// Has the release in hand give way to a newer one.
    pub(super) fn give_way_to(&self, newer: &CommitSha) -> Wish {
        let Some((running, application)) = self
            .running
            .as_ref()
            .and_then(|running| Some((running, running.application.clone()?)))
        else {
            return Wish::Nothing;
        };
        Wish::Act(Action::Step {
            key: running.key.clone(),
            application,
            step: StepAction::GiveWay {
                newer: newer.clone(),
            },
        })
    }

    /// A newer one goes instead: Argo CD is looked at first, since only what it does for this release is stopped.
    pub(super) fn give_way(&mut self, newer: &CommitSha, at: Timestamp) {
        let Some(running) = self
            .running
            .as_mut()
            .filter(|running| running.kind == Kind::Deploy)
        else {
            return;
        };
        let former = match &running.stage {
            Stage::Changing { former, .. }
            | Stage::Committing { former, .. }
            | Stage::Asking { former, .. } => *former,
            Stage::Waiting(rollout) => rollout.former,
            Stage::Looking
            | Stage::Probing { .. }
            | Stage::GivingWay(_)
            | Stage::Stopping { .. } => return,
        };
        running.is_uncertain = false;
        running.is_blocked = false;
        running.effort.start_afresh();
        running.note = Some(match &self.way_back {
            Some(back) => back.goes_instead(),
            None => goes_instead(newer),
        });
        running.stage = Stage::GivingWay(GivingWay {
            newer: newer.clone(),
            former,
            look_at: at,
            found_at: None,
            asked_at: None,
        });
    }

    /// Stops what Argo CD does for the release; when it does nothing for it any more the release is over.
    pub(super) fn seen_giving_way(
        &mut self,
        application: &Application,
        mut way: GivingWay,
        at: Timestamp,
    ) {
        let Some(running) = &mut self.running else {
            return;
        };
        let mark = mark(&self.id, &running.key);
        if !running.is_in_operation(application, way.former, &mark) {
            return self.gave_way(None, at);
        }
        // From here on it is told to stop, or is told already: by somebody else, or by ourselves in a call whose answer was lost.
        let asked_at = *way.asked_at.get_or_insert(at);
        if at.since(asked_at) > STOP_FOR {
            return self.gave_way(Some("Argo CD does not stop what it does for it"), at);
        }
        let operation = application.operation.as_ref();
        let stops = operation.is_some_and(|now| now.phase == argocd::Phase::Terminating);
        way.found_at = (!stops).then_some(at);
        way.look_at = if stops { at.after(LOOK_PAUSE) } else { at };
        running.stage = Stage::GivingWay(way);
    }

    /// The release is over, and the newer one may begin. What could not be stopped is waited for as anybody's operation is.
    pub(super) fn gave_way(&mut self, obstacle: Option<&str>, at: Timestamp) {
        let Some(running) = self.running.take() else {
            return;
        };
        let back = self.way_back.as_ref();
        let instead = match &running.stage {
            Stage::GivingWay(way) => {
                back.map_or_else(|| goes_instead(&way.newer), WayBack::goes_instead)
            }
            Stage::Looking
            | Stage::Changing { .. }
            | Stage::Committing { .. }
            | Stage::Asking { .. }
            | Stage::Waiting(_)
            | Stage::Probing { .. }
            | Stage::Stopping { .. } => "another one goes instead".to_owned(),
        };
        let reason = match obstacle {
            Some(obstacle) => format!("{instead}, but {obstacle}"),
            None => instead,
        };
        let newer = match &running.stage {
            Stage::GivingWay(way) if self.way_back.is_none() => Some(way.newer.clone()),
            Stage::GivingWay(_)
            | Stage::Looking
            | Stage::Changing { .. }
            | Stage::Committing { .. }
            | Stage::Asking { .. }
            | Stage::Waiting(_)
            | Stage::Probing { .. }
            | Stage::Stopping { .. } => None,
        };
        self.end(running, Phase::Cancelled, reason, at);
        if let Some(ended) = self.ended.last_mut() {
            ended.instead = newer;
        }
    }

    /// What was stopped for a commit that is not released after all is wanted again: what is there is half of it.
    pub(super) fn revive_what_gave_way_to(&mut self, newer: &CommitSha, at: Timestamp) {
        let is_there = |ended: &&Ended| {
            ended.instead.as_ref() == Some(newer) && self.deployed.as_ref() == Some(&ended.commit)
        };
        if self.running.is_some() || self.live().is_some() {
            return;
        }
        let stopped = self.ended.iter().rev().find(is_there);
        let Some((commit, title)) = stopped.map(|it| (it.commit.clone(), it.title.clone())) else {
            return;
        };
        let candidate = self.candidate(&commit, at);
        candidate.title.get_or_insert(title);
        self.reading.start_afresh();
    }
}

impl WayBack {
    /// Why a release is over that is in its way, for people.
    pub(super) fn goes_instead(&self) -> String {
        let back = format!("the environment goes back to {}", self.to.commit.short());
        match &self.by {
            Some(by) => format!("{back}: {by} asked for it"),
            None => back,
        }
    }
}

impl GivingWay {
    /// When what is to be done: Argo CD is told to stop only what it was just seen to be at.
    pub(super) fn next(&self, now: Timestamp) -> (Timestamp, StepAction) {
        let is_found = self
            .found_at
            .is_some_and(|found_at| now.since(found_at) <= FOUND_FOR);
        let step = if is_found { StepAction::Stop } else { LOOK };
        (self.look_at, step)
    }

    /// Argo CD was told to stop, or said that it is at nothing: what is so shows the next look.
    pub(super) fn stop_asked(&mut self, at: Timestamp) {
        self.found_at = None;
        self.asked_at.get_or_insert(at);
        self.look_at = at.after(LOOK_PAUSE);
    }
}

impl Running {
    /// Whether Argo CD is at an operation of this release: one with its mark, or one that Argo CD began by itself after the change and
    /// for it. What a person began is nobody's to stop.
    fn is_in_operation(&self, application: &Application, former: Former, mark: &str) -> bool {
        if !application.is_in_operation() {
            return false;
        }
        if let Some(shown) = application.mark() {
            return shown == mark;
        }
        let taken_up = application.operation.as_ref().map(|last| &last.requested);
        let newest = application.requested.as_ref().or(taken_up);
        let by_itself = newest.is_some_and(|newest| newest.initiator == Initiator::Automation);
        let is_asked_for = match &self.asked {
            Asked::Setting(setting) => application.current(setting).as_ref() == Some(setting),
            Asked::Commit(_) => true,
            // Those are marked, or not begun while Argo CD syncs by itself.
            Asked::Sync | Asked::History(_) => false,
        };
        let is_new = application.operation.is_none() || former.is_another(application);
        by_itself && is_asked_for && is_new
    }
}
