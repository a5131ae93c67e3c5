//! The end of a preview that nobody uses: `ttl` after the last activity, with a warning before.
//!
//! What the clock says is recorded as a fact, bound to the activity that it counts from. So the state alone tells whether a
//! preview is over, and the next activity brings it back: a push, a label, a title, opening again, a person's wish.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    Action, Preview, PullRequestState, ServiceSettings,
    plan::Next,
    state::{Sighting, Target},
};
use crate::Timestamp;

/// A warning comes this long before the end at the earliest; with a short `ttl`, after three quarters of it.
const WARNING: Duration = Duration::from_secs(24 * 3_600);

/// What the clock said of the preview of one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Expiry {
    /// The last activity then.
    pub(super) activity: Timestamp,
    /// Whether the end has come; else it is near.
    pub(super) over: bool,
}

/// How near the end of a preview is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nearness {
    Far,
    Near,
    Over,
}

impl Preview {
    /// When the preview of `service` ends, unless something happens before.
    pub(super) fn expires_at(&self, service: &ServiceSettings) -> Option<Timestamp> {
        let ttl = service.ttl?;
        let end = self.sighting.as_ref()?.active_at().after(ttl.get());
        Some(self.commands.kept_until().map_or(end, |kept| kept.max(end)))
    }

    /// When something last happened that makes it worth keeping; none if the pull request was never seen.
    pub fn last_activity(&self) -> Option<Timestamp> {
        self.sighting.as_ref().map(Sighting::active_at)
    }

    /// When the first of its services' previews ends unless something happens before; none if none that is there ends by itself.
    pub fn ends_at(&self) -> Option<Timestamp> {
        if self.pull_request()?.state != PullRequestState::Open {
            return None;
        }
        let services = self.settings_in_force()?.services.iter();
        let present = services.filter(|service| {
            let target = self.targets.get(&service.application);
            target.is_some_and(Target::may_end)
        });
        present.filter_map(|service| self.expires_at(service)).min()
    }

    /// Whether something of it is there and nothing happened to it since `since`.
    pub fn is_idle(&self, since: Timestamp) -> bool {
        self.is_deployed() && self.last_activity().is_some_and(|last| last <= since)
    }

    pub(super) fn nearness(&self, service: &ServiceSettings) -> Nearness {
        let activity = self.sighting.as_ref().map(Sighting::active_at);
        let told = self
            .expiry
            .get(&service.service)
            .filter(|told| service.ttl.is_some() && Some(told.activity) == activity);
        match told {
            Some(Expiry { over: true, .. }) => Nearness::Over,
            Some(Expiry { over: false, .. }) => Nearness::Near,
            None => Nearness::Far,
        }
    }

    /// Records that the end of a preview is near, or has come.
    pub(super) fn note_expiry(&self, sighting: &Sighting, now: Timestamp) -> Next {
        let Some(settings) = self.settings_in_force() else {
            return Next::Nothing;
        };
        if sighting.pull_request.state != PullRequestState::Open {
            return Next::Nothing;
        }
        let mut next = Next::Nothing;
        for service in &settings.services {
            let target = self.targets.get(&service.application);
            if !target.is_some_and(Target::may_end) {
                continue;
            }
            let Some((at, over)) = self.next_note(service) else {
                continue;
            };
            if at <= now {
                return Next::Act(Action::NoteExpiry {
                    service: service.service.clone(),
                    activity: sighting.active_at(),
                    over,
                });
            }
            next = match next {
                Next::At(earlier) => Next::At(earlier.min(at)),
                Next::Act(_) | Next::Nothing => Next::At(at),
            };
        }
        next
    }

    /// When something is to be recorded next of the end of a preview, and whether that is the end.
    fn next_note(&self, service: &ServiceSettings) -> Option<(Timestamp, bool)> {
        let (end, ttl) = (self.expires_at(service)?, service.ttl?.get());
        match self.nearness(service) {
            Nearness::Far => Some((end.before(WARNING.min(ttl / 4)), false)),
            Nearness::Near => Some((end, true)),
            Nearness::Over => None,
        }
    }

    pub(super) fn expiry_noted(&mut self, service: &str, activity: Timestamp, over: bool) {
        let noted = Expiry { activity, over };
        self.expiry.insert(service.to_owned(), noted);
        // Of services that are no more nothing is kept.
        let known: Vec<String> = self
            .configuration
            .settings
            .iter()
            .flat_map(|settings| &settings.services)
            .map(|service| service.service.clone())
            .collect();
        let expiry = std::mem::take(&mut self.expiry);
        let kept = expiry.into_iter().filter(|(name, _)| known.contains(name));
        self.expiry = kept.collect::<BTreeMap<String, Expiry>>();
    }
}

impl Sighting {
    /// When something last happened to the pull request that makes its preview worth keeping.
    pub(super) fn active_at(&self) -> Timestamp {
        self.active_at
            .unwrap_or_else(|| self.head_since.max(self.state_since))
    }
}
