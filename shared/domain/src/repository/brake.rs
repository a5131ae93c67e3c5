//! The brake: what a survey never brings about without a person.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use super::{Comparison, SurveyPolicy};
use crate::{PullRequestNumber, Timestamp};

/// So many previews at once are no coincidence if the list of open pull requests is empty.
const SEVERAL: usize = 3;
/// Of more previews than this, more than half do not go at once.
const HANDFUL: usize = 5;

/// Why removals are held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Brake {
    /// GitHub's list has no open pull request at all, and several previews are there.
    EmptyList {
        /// Previews that would be removed.
        removals: usize,
    },
    /// More removals than `removal_limit`.
    Limit {
        /// Previews that would be removed.
        removals: usize,
        /// The limit.
        limit: u32,
    },
    /// More than half of the previews.
    Share {
        /// Previews that would be removed.
        removals: usize,
        /// All that are there.
        of: usize,
    },
}

impl fmt::Display for Brake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyList { removals } => write!(
                f,
                "GitHub lists no open pull request at all, and {removals} previews would be removed"
            ),
            Self::Limit { removals, limit } => write!(
                f,
                "{removals} previews would be removed, and removal_limit allows {limit} at once"
            ),
            Self::Share { removals, of } => write!(
                f,
                "{removals} of {of} previews would be removed, and at most half may go at once"
            ),
        }
    }
}

/// Removals that wait for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBack {
    /// The pull requests that two surveys did not find among the open ones.
    pub previews: BTreeSet<PullRequestNumber>,
    /// Why their previews are kept.
    pub brake: Brake,
    /// Since when it is these.
    pub since: Timestamp,
    /// Whether people were told.
    pub(super) alerted: bool,
}

/// Whether the previews `gone`, of which two surveys agree and that nobody let go, are to be kept, and why. Those that hold
/// nothing do not count: nothing is removed with them.
pub(super) fn brake(
    gone: &BTreeSet<PullRequestNumber>,
    comparison: &Comparison,
    policy: SurveyPolicy,
) -> Option<Brake> {
    let removals = gone.intersection(&comparison.deployed).count();
    let of = comparison.deployed.len();
    let limit = policy.removal_limit;
    if removals >= SEVERAL && comparison.open == 0 {
        Some(Brake::EmptyList { removals })
    } else if removals > usize::try_from(limit).unwrap_or(usize::MAX) {
        Some(Brake::Limit { removals, limit })
    } else if of > HANDFUL && removals * 2 > of {
        Some(Brake::Share { removals, of })
    } else {
        None
    }
}
