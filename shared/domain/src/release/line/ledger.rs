//! The decision on each release: what was decided, by which rule. It stands in the release itself, whose phase and reason tell what came
//! of it; so it costs nothing to keep, and is known as long as the release is.

use super::{Phase, Release};
use crate::preview::Verdict;

impl Release {
    /// What was decided.
    pub fn verdict(&self) -> Verdict {
        match self.shown.phase {
            Phase::WaitingForBuild | Phase::WaitingForApproval | Phase::Queued => Verdict::Wait,
            Phase::Syncing
            | Phase::Verifying
            | Phase::Live
            | Phase::Failed
            | Phase::RollingBack
            | Phase::RolledBack => Verdict::Deploy,
            Phase::Superseded | Phase::Cancelled => Verdict::Nothing,
        }
    }

    /// The rule that decided, the same word each time.
    pub fn deciding_rule(&self) -> &'static str {
        match (self.rule, self.shown.phase) {
            (Some(rule), _) => rule,
            (None, Phase::Superseded) => "superseded",
            (None, Phase::Cancelled) => "cancelled",
            (None, _) if self.shown.is_rollback => "rollback",
            (None, _) => "next",
        }
    }
}
