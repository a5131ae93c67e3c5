//! What GitHub shows of a repository: read once it is known, when a delivery says that it changed, and once a day.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Action;
use crate::{
    RepositoryName, Timestamp,
    entity::Step,
    preview::{Effort, Trouble},
};

/// It is read so often without being told to.
const INTERVAL: Duration = Duration::from_secs(86_400);

/// The names of compose files, in the order in which Docker looks for them.
pub const COMPOSE_FILES: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
];

/// A repository as GitHub's API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// Its name, now.
    pub full_name: RepositoryName,
    /// Whether only members see it.
    pub private: bool,
    /// Whether it is read-only: nothing new is deployed from it.
    pub archived: bool,
    /// Where the configuration is read.
    pub default_branch: String,
    /// The compose file at its root, on the default branch; none if there is none.
    pub compose_path: Option<String>,
}

/// What can be learnt about the repository itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DetailsFact {
    /// A delivery says that it changed.
    Hinted,
    /// GitHub's API showed it.
    Read {
        /// What it is.
        details: Details,
    },
    /// It could not be read.
    NotRead {
        /// Why.
        trouble: Trouble,
    },
}

/// What is known of the repository itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Known {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    details: Option<Details>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hinted_at: Option<Timestamp>,
    #[serde(default)]
    effort: Effort,
}

impl Known {
    pub(super) fn details(&self) -> Option<&Details> {
        self.details.as_ref()
    }

    pub(super) fn fold(&mut self, fact: &DetailsFact, at: Timestamp, seed: u64) {
        match fact {
            DetailsFact::Hinted => {
                self.hinted_at = self.hinted_at.max(Some(at));
                self.effort.start_afresh();
            }
            DetailsFact::Read { details } => {
                if self.read_at.is_some_and(|read_at| read_at >= at) {
                    return;
                }
                self.details = Some(details.clone());
                self.read_at = Some(at);
                self.effort.succeed();
            }
            DetailsFact::NotRead { trouble } => self.effort.fail(trouble, at, seed),
        }
    }

    pub(super) fn plan(&self, name: &RepositoryName, now: Timestamp) -> Step<Action> {
        let due = match self.read_at {
            Some(read_at) if self.hinted_at <= Some(read_at) => Some(read_at.after(INTERVAL)),
            Some(_) | None => None,
        };
        match due
            .max(self.effort.not_before_at_last())
            .filter(|until| *until > now)
        {
            Some(until) => Step::Wait { until },
            None => Step::Act(Action::Describe {
                repository: name.clone(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_once_when_a_delivery_hints_at_a_change_and_once_a_day() {
        let name: RepositoryName = "acme/shop".parse().unwrap();
        let mut known = Known::default();
        let mut now = Timestamp::from_milliseconds(1_000);
        let mut reads = 0;
        let mut settle = |known: &mut Known, now: Timestamp| {
            while let Step::Act(_) = known.plan(&name, now) {
                reads += 1;
                let details = Details {
                    full_name: name.clone(),
                    private: true,
                    archived: false,
                    default_branch: "main".into(),
                    compose_path: None,
                };
                known.fold(&DetailsFact::Read { details }, now, 0);
            }
            reads
        };
        assert_eq!(settle(&mut known, now), 1);
        now = now.after(Duration::from_secs(60));
        assert_eq!(settle(&mut known, now), 1);
        now = now.after(Duration::from_secs(1));
        known.fold(&DetailsFact::Hinted, now, 0);
        // The read that answers a hint comes after it.
        now = now.after(Duration::from_secs(1));
        assert_eq!(settle(&mut known, now), 2);
        now = now.after(INTERVAL);
        assert_eq!(settle(&mut known, now), 3);
    }
}
