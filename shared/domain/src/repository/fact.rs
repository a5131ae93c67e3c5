//! What can be learnt about a repository.

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};

use super::{AccessFact, Comparison, ConfigurationFact, DetailsFact};
use crate::{PullRequestNumber, RepositoryName, Timestamp, preview::Trouble};

/// A fact about a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A delivery named it.
    Seen {
        /// Its name then.
        full_name: RepositoryName,
        /// GitHub's own time of what the delivery tells.
        as_of: Timestamp,
    },
    /// About the surveys.
    Survey(SurveyFact),
    /// About the App's access.
    Access(AccessFact),
    /// About the repository itself.
    Details(DetailsFact),
    /// About the configuration.
    Configuration(ConfigurationFact),
}

/// What can be learnt about the surveys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SurveyFact {
    /// Somebody wants one now.
    Requested,
    /// All open pull requests were compared with all stored previews.
    Compared {
        /// The repository's name as the list shows it; none if the list is empty.
        name: Option<RepositoryName>,
        /// What the comparison found.
        comparison: Comparison,
        /// The bounds in force.
        policy: SurveyPolicy,
    },
    /// The list or the stored previews could not be read whole: nothing follows.
    Failed {
        /// Why.
        trouble: Trouble,
    },
    /// A person lets the removals go on that are held back.
    RemovalsAllowed,
    /// These previews were told to look at their pull request again.
    Told {
        /// Which ones.
        previews: BTreeSet<PullRequestNumber>,
    },
    /// They could not be told.
    NotTold {
        /// Why.
        trouble: Trouble,
    },
    /// People were told what is held back.
    Alerted {
        /// Which ones.
        previews: BTreeSet<PullRequestNumber>,
    },
}

/// The bounds of surveys, as they are configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurveyPolicy {
    /// Milliseconds between two surveys.
    interval_milliseconds: u64,
    /// At most so many previews are removed because of one survey.
    pub removal_limit: u32,
}

impl SurveyPolicy {
    /// Unless configured otherwise.
    pub const INTERVAL: Duration = Duration::from_secs(600);
    /// Unless configured otherwise.
    pub const REMOVAL_LIMIT: u32 = 10;

    /// A survey every `interval`, with at most `removal_limit` removals.
    pub fn new(interval: Duration, removal_limit: u32) -> Self {
        Self {
            interval_milliseconds: u64::try_from(interval.as_millis()).unwrap_or(u64::MAX),
            removal_limit,
        }
    }

    /// Between two surveys.
    pub fn interval(self) -> Duration {
        Duration::from_millis(self.interval_milliseconds)
    }

    /// Two surveys agree only if they are so far apart: half the interval, so that those asked for in between do not count.
    pub fn agreement(self) -> Duration {
        self.interval() / 2
    }
}

impl Default for SurveyPolicy {
    fn default() -> Self {
        Self::new(Self::INTERVAL, Self::REMOVAL_LIMIT)
    }
}
