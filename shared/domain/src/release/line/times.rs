//! When what happened to a release: its timeline.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The moments of a release, as far as they are known. Of releases that were stored by an older version few are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Times {
    /// GitHub's time of the push.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pushed: Option<Timestamp>,
    /// The commit became a candidate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) known: Option<Timestamp>,
    /// Its build was seen to have succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) built: Option<Timestamp>,
    /// The release began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) begun: Option<Timestamp>,
    /// Argo CD took it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) taken: Option<Timestamp>,
    /// Argo CD was done with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) arrived: Option<Timestamp>,
}

impl Times {
    /// What happened, the oldest first. GitHub's time of a push may be later than ours of what followed, if a clock is wrong.
    pub(super) fn told(&self) -> Vec<(Timestamp, String)> {
        let moments = [
            (self.pushed, "pushed"),
            (self.known, "became known here"),
            (self.built, "its build succeeded"),
            (self.begun, "the release began"),
            (self.taken, "Argo CD took it on"),
            (self.arrived, "Argo CD was done"),
        ];
        let known = moments
            .into_iter()
            .filter_map(|(at, what)| Some((at?, what.to_owned())));
        let mut told: Vec<_> = known.collect();
        told.sort_by_key(|(at, _)| *at);
        told
    }

    /// When it became one of those that people look at.
    pub(super) fn first(&self) -> Option<Timestamp> {
        self.known.or(self.begun)
    }
}
