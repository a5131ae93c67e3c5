//! How much attention an environment asks of people: what keeps it as it is until one acts, or may come to do so by itself.

use super::{Line, Phase, Situation};
use crate::{Timestamp, directory::Attention};

/// By then everything has been live for long enough: what follows the soak is seen beforehand.
const LONG_AFTER: Timestamp = Timestamp::from_milliseconds(i64::MAX);

impl Phase {
    /// How much attention an environment may ask for that has a release in this phase.
    pub fn attention(self) -> &'static [Attention] {
        match self {
            Self::WaitingForApproval => &[Attention::Needed],
            Self::WaitingForBuild
            | Self::Queued
            | Self::Syncing
            | Self::Verifying
            | Self::RollingBack => &[Attention::InHand, Attention::Needed],
            Self::Live | Self::Failed | Self::RolledBack | Self::Superseded | Self::Cancelled => {
                &Attention::ALL
            }
        }
    }
}

impl Line {
    pub(super) fn asks_for(&self) -> Attention {
        let is_blocked = self
            .running
            .as_ref()
            .is_some_and(|running| running.is_blocked);
        let is_stuck = self.hold.is_some() || is_blocked || self.situation() == Situation::Failed;
        if is_stuck || self.would_wait_for_a_person() {
            Attention::Needed
        } else if self.running.is_some() || !self.candidates.is_empty() {
            Attention::InHand
        } else {
            Attention::Quiet
        }
    }

    /// Whether a commit waits for a person, or will once it was live for long enough elsewhere.
    fn would_wait_for_a_person(&self) -> bool {
        self.candidates.iter().any(|(commit, candidate)| {
            let shown = self.shown_waiting(commit, candidate, LONG_AFTER);
            shown.phase == Phase::WaitingForApproval
        })
    }
}
