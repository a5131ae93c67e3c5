//! A repository: what is known of it, whether the App reaches it, and the surveys that compare its open pull requests with its
//! previews.
//!
//! Each concern has its own facts, state and plan; [`Repository`] puts them together.

mod access;
mod action;
mod brake;
mod configuration;
mod details;
mod fact;
mod name;
mod survey;
#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use access::{AccessAction, AccessFact};
pub use action::{Action, ConfigurationAction, SurveyAction};
pub use brake::{Brake, HeldBack};
pub use configuration::{CHECK, ConfigurationFact, Origin, Outcome, Reading, Report, Version};
pub use details::{COMPOSE_FILES, Details, DetailsFact};
pub use fact::{Fact, SurveyFact, SurveyPolicy};
pub use survey::{Comparison, Summary};

use crate::{
    InstallationId, NotParsed, RepositoryId, RepositoryName, Timestamp,
    configuration::Configuration,
    directory::{Attention, Kind},
    entity::{Entity, GivenUp, Step},
    installation::Loss,
    preview,
};
use access::Access;
use details::Known;
use name::Named;
use survey::Survey;

/// The key of a repository's entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(pub RepositoryId);

impl fmt::Display for Key {
    /// `repository/<repository id>`: the start of its keys in the store.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "repository/{}", self.0)
    }
}

impl FromStr for Key {
    type Err = NotParsed;

    fn from_str(text: &str) -> Result<Self, NotParsed> {
        text.strip_prefix("repository/")
            .and_then(|id| id.parse().ok())
            .map(|id| Self(RepositoryId(id)))
            .ok_or_else(|| NotParsed::new("a repository (repository/<repository id>)", text))
    }
}

/// A repository: an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// Which one.
    pub id: RepositoryId,
    /// Its newest known name; none if nothing was seen of it.
    #[serde(default)]
    name: Option<Named>,
    /// Whether the App reaches it.
    #[serde(default)]
    access: Access,
    /// What GitHub shows of it.
    #[serde(default)]
    known: Known,
    /// The comparison of its open pull requests with its previews.
    #[serde(default)]
    survey: Survey,
    /// Its configuration.
    #[serde(default)]
    configuration: configuration::Known,
}

impl Repository {
    /// Its newest known name.
    pub fn name(&self) -> Option<&RepositoryName> {
        self.name.as_ref().map(|named| &named.full_name)
    }

    /// Whether `fact` would teach nothing: whoever learns it again and again looks first, and posts only news.
    pub fn knows(&self, fact: &Fact) -> bool {
        match fact {
            Fact::Seen { full_name, as_of } => self
                .name
                .as_ref()
                .is_some_and(|named| named.full_name == *full_name || named.as_of >= *as_of),
            Fact::Survey(_) | Fact::Access(_) | Fact::Details(_) | Fact::Configuration(_) => false,
        }
    }

    /// The configuration in force: the last valid one; none if there is no file, or none was read yet.
    pub fn configuration(&self) -> Option<&Configuration> {
        self.configuration.in_force()
    }

    /// Which state of which file was read last, valid or not; none before the first reading.
    pub fn configuration_version(&self) -> Option<&Version> {
        self.configuration.version()
    }

    /// What previews are to go by; none before the first reading.
    pub fn preview_settings(&self) -> Option<preview::Reading> {
        self.configuration.for_previews()
    }

    /// What GitHub shows of it; none before the first look.
    pub fn details(&self) -> Option<&Details> {
        self.known.details()
    }

    /// The installation of the App by which it is or was reached, as far as one said so.
    pub fn installation(&self) -> Option<InstallationId> {
        self.access.installation()
    }

    /// Why the App does not reach it any more, if GitHub confirmed that.
    pub fn access_lost(&self) -> Option<Loss> {
        self.access.loss()
    }

    /// What the last survey found; none before the first.
    pub fn last_survey(&self) -> Option<&Summary> {
        self.survey.last()
    }

    /// The removals that wait for a person.
    pub fn held_back(&self) -> Option<&HeldBack> {
        self.survey.held_back()
    }

    /// Why the last try at a survey did not work; none if it did.
    pub fn survey_trouble(&self) -> Option<&str> {
        self.survey.trouble()
    }
}

impl Entity for Repository {
    type Id = Key;
    type Fact = Fact;
    type Action = Action;

    const LISTED: Option<Kind> = Some(Kind::Repositories);

    fn new(id: Key) -> Self {
        Self {
            id: id.0,
            name: None,
            access: Access::default(),
            known: Known::default(),
            survey: Survey::default(),
            configuration: configuration::Known::default(),
        }
    }

    fn record(&mut self, fact: &Fact, at: Timestamp) {
        match fact {
            Fact::Seen { full_name, as_of } => name::seen(&mut self.name, full_name, *as_of),
            Fact::Survey(fact) => {
                if let SurveyFact::Compared {
                    name: Some(full_name),
                    ..
                } = fact
                {
                    name::seen(&mut self.name, full_name, at);
                }
                self.survey.fold(fact, at, self.id.0);
            }
            Fact::Configuration(fact) => self.configuration.fold(fact, at, self.id.0),
            Fact::Access(fact) => {
                if let AccessFact::Told {
                    name: full_name,
                    lost: None,
                    as_of,
                    ..
                } = fact
                {
                    name::seen(&mut self.name, full_name, *as_of);
                }
                if self.access.fold(fact, at, self.id.0) {
                    self.survey.fold(&SurveyFact::Requested, at, self.id.0);
                    self.known.fold(&DetailsFact::Hinted, at, self.id.0);
                }
            }
            Fact::Details(fact) => {
                if let DetailsFact::Read { details } = fact {
                    name::seen(&mut self.name, &details.full_name, at);
                }
                self.known.fold(fact, at, self.id.0);
            }
        }
    }

    fn plan(&self, now: Timestamp) -> Step<Action> {
        // Without a name it cannot be asked for anything, and nothing is lost with it.
        let Some(name) = self.name() else {
            return Step::Forget;
        };
        // What cannot be reached cannot be looked at either.
        if let Some(step) = self.access.plan(name, now) {
            return step;
        }
        let surveyed_at = self.survey.last().map(|last| last.at);
        let configuration = self.configuration.plan(name, surveyed_at, now);
        let looked_at = first(self.survey.plan(name, now), configuration);
        first(looked_at, self.known.plan(name, now))
    }

    fn attention(&self) -> Attention {
        if self.held_back().is_some() || self.survey_trouble().is_some() {
            Attention::Needed
        } else {
            Attention::Quiet
        }
    }

    fn given_up(&self) -> Vec<GivenUp> {
        // A survey that does not work is tried for ever, and `POST /reconcile` tells of it.
        Vec::new()
    }

    fn claims(&self) -> Vec<String> {
        // Everything that is done about it may be done twice.
        Vec::new()
    }
}

/// The step of the first concern, unless only the second one has something to do now, or sooner.
fn first(one: Step<Action>, other: Step<Action>) -> Step<Action> {
    match (one, other) {
        (Step::Wait { until: one }, Step::Wait { until: other }) => Step::Wait {
            until: one.min(other),
        },
        (Step::Wait { .. } | Step::Settled, other @ Step::Act(_))
        | (Step::Settled, other @ Step::Wait { .. }) => other,
        (one, _) => one,
    }
}
