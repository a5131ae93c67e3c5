//! By which rule a commit waits: one word for each, the same in the API, on the dashboard and in what `/why` says.

use super::{Line, candidate::Candidate, standing::Standing};
use crate::{CommitSha, Timestamp, release::Terms};

impl Line {
    /// The rule by which the commit waits; where one has a key in the configuration the rule is called like it.
    pub(super) fn rule_of(
        &self,
        commit: &CommitSha,
        candidate: &Candidate,
        now: Timestamp,
    ) -> &'static str {
        let Some(terms) = &self.terms else {
            return "configuration";
        };
        match self.standing(commit, candidate, terms, now) {
            Standing::Unbuilt(_) => "build",
            Standing::Upstream(_, None) => "after",
            Standing::Upstream(_, Some(_)) => "soak",
            Standing::Unordered(_) | Standing::Outrun(_) => "order",
            Standing::Diverged(_) | Standing::Unfounded(_) => "allow_diverged",
            Standing::Untested { .. } => "test",
            Standing::Unapproved { .. } | Standing::Unattributed(_) => "approvals",
            Standing::Ready => self.rule_of_queue(terms, now),
        }
    }

    /// The rule by which a commit waits that may go; in the order in which its reason is told.
    fn rule_of_queue(&self, terms: &Terms, now: Timestamp) -> &'static str {
        if self.lock.is_some() {
            "lock"
        } else if self.hold.is_some() {
            "hold"
        } else if self.running.is_some() {
            "order"
        } else if self.being_tested(terms, now).is_some() {
            "test"
        } else if self.closed_window().is_some() {
            "sync-windows"
        } else {
            "next"
        }
    }
}
