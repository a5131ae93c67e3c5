//! The intake of a repository: what was pushed and built in it, kept until every release line that it concerns was told.
//!
//! Deliveries name branches and commits, not environments: which environment tracks a branch says the configuration, and that
//! is read only after a delivery was answered. So what a delivery tells comes here first, and the configuration as it is then
//! says who is told. The last valid configuration stays in force while the file is broken.

mod plan;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AllTerms, IntakeId, LineId, Name, Push, Refusal, Terms, line};
use crate::{
    RepositoryId, RepositoryName, Timestamp,
    entity::{self, Entity, GivenUp, Step},
    preview::{Effort, Trouble, WorkflowRun},
};

/// A fact about the intake of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A delivery told of a push.
    Pushed {
        /// In which repository.
        place: Place,
        /// The push.
        push: Push,
    },
    /// A delivery told of a workflow run.
    RunSeen {
        /// In which repository.
        place: Place,
        /// The run as it was then.
        run: WorkflowRun,
    },
    /// The configuration was looked for.
    ConfigurationRead {
        /// What was found.
        reading: Reading,
    },
    /// The configuration could not be read.
    ConfigurationNotRead {
        /// Why.
        trouble: Trouble,
    },
    /// The lines were told.
    Told {
        /// What they were told of.
        news: News,
        /// What they were told that their terms are.
        #[serde(with = "pairs")]
        terms: AllTerms,
        /// What was told to nobody, and why.
        refused: Vec<Refused>,
    },
    /// Not all lines could be told.
    NotTold {
        /// Why.
        trouble: Trouble,
    },
    /// A person asks to read the configuration and to tell everybody anew.
    RetryAsked,
}

/// A repository as a delivery shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its name then.
    pub repository: RepositoryName,
    /// Its default branch, where the configuration is read.
    pub default_branch: String,
    /// GitHub's time of what the delivery tells.
    pub as_of: Timestamp,
}

/// What the configuration was found to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// A valid one.
    Valid {
        /// What it says of environments.
        #[serde(with = "pairs")]
        terms: AllTerms,
    },
    /// There is none: nothing is released.
    Missing,
    /// A file that is not a configuration.
    Invalid {
        /// Why, with the place.
        message: String,
    },
}

/// What deliveries told, until the lines know it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct News {
    /// Pushes, each once.
    pub pushes: Vec<Push>,
    /// The newest that is known of each run.
    pub runs: BTreeMap<u64, WorkflowRun>,
}

impl News {
    fn is_empty(&self) -> bool {
        self.pushes.is_empty() && self.runs.is_empty()
    }
}

/// A run that was told to no line of an environment that tracks its branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The run.
    pub run: u64,
    /// Its attempt.
    pub attempt: u64,
    /// The environment.
    pub line: LineId,
    /// Why.
    pub reason: Refusal,
}

/// The intake of a repository: an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intake {
    /// Whose.
    pub id: RepositoryId,
    #[serde(default)]
    place: Option<Place>,
    #[serde(default)]
    news: News,
    /// News came since the configuration was read.
    #[serde(default)]
    is_stale: bool,
    /// What the last valid configuration says; none if there was never one.
    #[serde(default, with = "optional_pairs")]
    in_force: Option<AllTerms>,
    /// What is wrong with the file that was read last.
    #[serde(default)]
    problem: Option<String>,
    #[serde(default)]
    reading: Effort,
    #[serde(default)]
    telling: Effort,
    /// What each line was told last that its terms are.
    #[serde(default, with = "pairs")]
    told: AllTerms,
    /// The last runs that were refused, the newest last.
    #[serde(default)]
    refused: Vec<Refused>,
}

/// Something to do about an intake. All of it may be done twice: it reads, and it posts facts that are harmless to repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Read the configuration from the default branch.
    ReadConfiguration {
        /// Where.
        place: Place,
    },
    /// Post these facts to release lines.
    Tell {
        /// What to whom.
        messages: Vec<(LineId, line::Fact)>,
        /// What is told by that.
        news: News,
        /// What the lines know of their terms after that.
        terms: AllTerms,
        /// What is told to nobody, and why.
        refused: Vec<Refused>,
    },
}

impl entity::Action for Action {
    type Fact = Fact;

    fn intent(&self) -> Option<Fact> {
        None
    }

    fn claim(&self) -> Option<String> {
        None
    }
}

impl Entity for Intake {
    type Id = IntakeId;
    type Fact = Fact;
    type Action = Action;

    fn new(id: IntakeId) -> Self {
        Self {
            id: id.0,
            place: None,
            news: News::default(),
            is_stale: false,
            in_force: None,
            problem: None,
            reading: Effort::default(),
            telling: Effort::default(),
            told: AllTerms::new(),
            refused: Vec::new(),
        }
    }

    fn record(&mut self, fact: &Fact, at: Timestamp) {
        match fact {
            Fact::Pushed { place, push } => {
                self.seen_at(place);
                if !self.news.pushes.contains(push) {
                    self.news.pushes.push(push.clone());
                    self.news.pushes.sort();
                }
                self.is_stale = true;
            }
            Fact::RunSeen { place, run } => {
                self.seen_at(place);
                let known = self.news.runs.get(&run.id);
                if known.is_none_or(|known| known.precedes(run)) {
                    self.news.runs.insert(run.id, run.clone());
                }
                self.is_stale = true;
            }
            Fact::ConfigurationRead { reading } => self.configuration_read(reading),
            Fact::ConfigurationNotRead { trouble } => self.reading.fail(trouble, at, self.id.0),
            Fact::Told {
                news,
                terms,
                refused,
            } => self.lines_told(news, terms, refused),
            Fact::NotTold { trouble } => self.telling.fail(trouble, at, self.id.0),
            Fact::RetryAsked => {
                self.is_stale = self.place.is_some();
                self.told.clear();
                self.reading.start_afresh();
                self.telling.start_afresh();
            }
        }
    }

    fn plan(&self, now: Timestamp) -> Step<Action> {
        self.next_step(now)
    }

    fn given_up(&self) -> Vec<GivenUp> {
        let efforts = [
            ("reading the configuration for releases", &self.reading),
            ("telling the environments", &self.telling),
        ];
        efforts
            .into_iter()
            .filter(|(_, effort)| effort.is_exhausted())
            .map(|(what, effort)| GivenUp {
                what: what.to_owned(),
                reason: effort.last_error.clone().unwrap_or_default(),
            })
            .collect()
    }

    fn claims(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Intake {
    /// So many refusals are kept.
    const REFUSED_MAX: usize = 20;

    /// The last runs that were refused, the newest last.
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// What is wrong with the configuration; none if nothing is.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// The environments that the configuration in force names.
    pub fn lines(&self) -> Vec<LineId> {
        let names = self.in_force.iter().flat_map(BTreeMap::keys);
        names.map(|names| self.line(names)).collect()
    }

    fn line(&self, (service, environment): &(Name, Name)) -> LineId {
        LineId {
            repository: self.id,
            service: service.clone(),
            environment: environment.clone(),
        }
    }

    fn seen_at(&mut self, place: &Place) {
        // Of two deliveries of one second the choice is arbitrary, but the same in every order.
        let key = |place: &Place| {
            let Place {
                repository,
                default_branch,
                as_of,
            } = place;
            (*as_of, repository.clone(), default_branch.clone())
        };
        if self
            .place
            .as_ref()
            .is_none_or(|known| key(known) < key(place))
        {
            self.place = Some(place.clone());
        }
    }

    fn configuration_read(&mut self, reading: &Reading) {
        self.reading.succeed();
        self.is_stale = false;
        match reading {
            Reading::Valid { terms } => {
                self.in_force = Some(terms.clone());
                self.problem = None;
            }
            Reading::Missing => {
                self.in_force = None;
                self.problem = None;
            }
            Reading::Invalid { message } => self.problem = Some(message.clone()),
        }
    }

    fn lines_told(&mut self, news: &News, terms: &AllTerms, refused: &[Refused]) {
        self.telling.succeed();
        self.told.clone_from(terms);
        // What came meanwhile stays.
        self.news.pushes.retain(|push| !news.pushes.contains(push));
        self.news
            .runs
            .retain(|id, run| news.runs.get(id) != Some(run));
        for refused in refused {
            if !self.refused.contains(refused) {
                self.refused.push(refused.clone());
            }
        }
        let surplus = self.refused.len().saturating_sub(Self::REFUSED_MAX);
        self.refused.drain(..surplus);
    }

    fn terms_of(&self, names: &(Name, Name)) -> Option<&Terms> {
        self.in_force.as_ref()?.get(names)
    }
}

/// JSON has no maps whose keys are pairs.
mod pairs {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::{AllTerms, Name, Terms};

    pub(super) fn serialize<S: Serializer>(terms: &AllTerms, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(terms.iter())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<AllTerms, D::Error> {
        let pairs: Vec<((Name, Name), Terms)> = Vec::deserialize(from)?;
        Ok(pairs.into_iter().collect())
    }
}

/// The same for what may be missing.
mod optional_pairs {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{AllTerms, Name, Terms};

    pub(super) fn serialize<S: Serializer>(
        terms: &Option<AllTerms>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let pairs: Option<Vec<_>> = terms.as_ref().map(|terms| terms.iter().collect());
        pairs.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<AllTerms>, D::Error> {
        let pairs: Option<Vec<((Name, Name), Terms)>> = Option::deserialize(from)?;
        Ok(pairs.map(|pairs| pairs.into_iter().collect()))
    }
}
