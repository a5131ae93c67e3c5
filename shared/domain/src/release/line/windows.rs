//! Argo CD's sync windows. A commit that may go waits for them before anything is changed: with auto-sync on, Argo CD would roll a
//! change out by itself as soon as they open, whatever was decided meanwhile. Should they close on a release in hand, it waits, and
//! that counts neither as time that the rollout took nor as a failure.

use std::time::Duration;

use super::{
    Action, Asked, Line,
    plan::Wish,
    state::{Rollout, Stage, WindowsSeen},
};
use crate::{
    Timestamp,
    argocd::{Application, ApplicationId, Operation, SyncWindows},
    preview::{Reaction, Trouble},
    release::Terms,
};

/// Windows open and close by the minute.
const WINDOW_PAUSE: Duration = Duration::from_secs(60);

impl Line {
    /// What is to be known or waited for of the windows before a release begins; none if they let it through.
    pub(super) fn window_wish(
        &self,
        terms: &Terms,
        is_fresh: bool,
        now: Timestamp,
    ) -> Option<Wish> {
        let application = terms.application()?;
        let read = Wish::Act(Action::ReadWindows { application });
        let Some(seen) = &self.windows else {
            return is_fresh.then_some(read);
        };
        let again_at = seen.at.after(WINDOW_PAUSE);
        if seen.closed.is_none() {
            return (is_fresh && again_at <= now).then_some(read);
        }
        Some(if again_at <= now {
            read
        } else {
            Wish::At(again_at)
        })
    }

    /// The windows could not be looked at. What was closed stays so until Argo CD answers; if it never will, the release begins, and
    /// whoever asks for it is told what is wrong.
    pub(super) fn windows_not_told(
        &mut self,
        application: &ApplicationId,
        trouble: &Trouble,
        at: Timestamp,
    ) {
        let never = trouble.reaction == Reaction::GiveUp;
        match &mut self.windows {
            Some(seen) if seen.closed.is_some() && !never => seen.at = at,
            Some(_) | None => self.windows_told(application, None, at),
        }
    }

    /// The windows were looked at.
    pub(super) fn windows_told(
        &mut self,
        application: &ApplicationId,
        windows: Option<&SyncWindows>,
        at: Timestamp,
    ) {
        let own = self.terms.as_ref().and_then(Terms::application);
        if own.as_ref() != Some(application) {
            return;
        }
        let closed = windows.filter(|windows| !windows.may_sync);
        self.windows = Some(WindowsSeen {
            at,
            closed: closed.map(SyncWindows::told),
        });
    }

    /// What holds a commit back that may go otherwise, for people; none if nothing does.
    pub(super) fn closed_window(&self) -> Option<&str> {
        self.windows.as_ref()?.closed.as_deref()
    }

    /// Has Slipway ask for the sync that Argo CD does not begin by itself, where the windows let through what is asked for.
    pub(super) fn ask_instead(&mut self, rollout: &Rollout, at: Timestamp) {
        if let Some(running) = &mut self.running {
            running.note = None;
            running.stage = Stage::Asking {
                former: rollout.former,
                again_at: at,
            };
        }
    }
}

impl Rollout {
    /// Notes whether windows hold the rollout back: one of which nothing is under way, or whose operation stands still. Returns
    /// whether a sync that is asked for would be let through.
    pub(super) fn note_windows(
        &mut self,
        application: &Application,
        (own, asked): (bool, &Asked),
        windows: Option<&SyncWindows>,
    ) -> bool {
        let operation = application.operation.as_ref();
        let stands_still = own && operation.is_some_and(Operation::is_held_by_window);
        let is_to_come = !own && self.expects_operation && !application.is_in_operation();
        self.is_idle = stands_still || is_to_come;
        let by_itself = application.automation.is_some()
            && matches!(asked, Asked::Setting(_) | Asked::Commit(_));
        let closed =
            windows.filter(|windows| is_to_come && by_itself && !windows.lets_automation_through());
        self.held = if stands_still {
            let told = windows.filter(|windows| !windows.may_sync);
            Some(told.map_or_else(
                || "a sync window holds Argo CD's operation back".to_owned(),
                SyncWindows::told,
            ))
        } else {
            closed.map(SyncWindows::told)
        };
        self.was_held |= self.held.is_some();
        closed.is_some_and(|windows| windows.may_sync)
    }

    /// Whether it waited for windows, and nothing of it is under way yet.
    pub(super) fn is_only_waiting(&self) -> bool {
        self.was_held && self.is_idle && !self.moves
    }

    /// Whether the windows are to be looked at, too.
    pub(super) fn asks_for_windows(&self) -> bool {
        self.is_idle || self.held.is_some()
    }

    /// Waits for the windows: that is not time that the rollout takes.
    pub(super) fn wait_for_window(&mut self, at: Timestamp) {
        self.seen_at = at;
        self.look_at = at.after(WINDOW_PAUSE);
    }
}
