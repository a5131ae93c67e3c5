//! The intake of a repository: what was pushed and built in it, kept until every release line that it concerns was told.
//!
//! Deliveries name branches and commits, not environments: which environment tracks a branch says the configuration, and that
//! is read only after a delivery was answered. So what a delivery tells comes here first, and the configuration as it is then
//! says who is told. The last valid configuration stays in force while the file is broken. An intake that has nothing to keep is forgotten.

mod fold;
mod plan;
mod start;

use std::{collections::BTreeMap, time::Duration};

pub use start::{Start, StartFact, StartState};

use serde::{Deserialize, Serialize};

use super::{AllTerms, ImageReport, IntakeId, LineId, Name, Push, Refusal, Terms, line};
use crate::{
    RepositoryId, RepositoryName, Timestamp,
    configuration::Directive,
    directory::Kind,
    dispatch::Dispatch,
    entity::{self, Entity, GivenUp, Step},
    preview::{Effort, Trouble, WorkflowRun},
    repository::Version,
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
    /// A run reported, by its own token, the image that it built.
    ImageReported {
        /// In which repository.
        place: Place,
        /// The report.
        report: ImageReport,
    },
    /// The configuration was looked for.
    ConfigurationRead {
        /// Which state of which file was found, and of which repository.
        known: Known,
        /// What it says.
        reading: Reading,
    },
    /// The configuration was looked for, and is what was read last.
    ConfigurationUnchanged,
    /// Somebody else found that another configuration counts.
    ConfigurationChanged,
    /// The App does not reach the repository any more: nothing is released from it.
    AccessLost,
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
        /// What directives in the pushed commits are to start.
        #[serde(default)]
        starts: Vec<Start>,
        /// What they were told that the repository's name is.
        #[serde(default)]
        repository: Option<RepositoryName>,
    },
    /// Not all lines could be told.
    NotTold {
        /// Why.
        trouble: Trouble,
    },
    /// About a workflow that a directive starts.
    Start(StartFact),
    /// A person asks to read the configuration and to tell everybody anew.
    RetryAsked,
}

/// A repository as a delivery shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its name then.
    pub repository: RepositoryName,
    /// GitHub's time of what the delivery tells.
    pub as_of: Timestamp,
}

/// Which configuration was read: another name of the repository makes another one of the same file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The name that the repository was read by.
    pub repository: RepositoryName,
    /// Which state of which file.
    pub version: Version,
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
        /// Which directives there are.
        #[serde(default)]
        directives: BTreeMap<String, Directive>,
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
    /// What runs reported of images, each once.
    #[serde(default)]
    pub images: Vec<ImageReport>,
}

impl News {
    fn is_empty(&self) -> bool {
        self.pushes.is_empty() && self.runs.is_empty() && self.images.is_empty()
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
    /// What was read last.
    #[serde(default)]
    known: Option<Known>,
    /// Since when no file is found though one is in force: that may be an answer that lags.
    #[serde(default)]
    missing_since: Option<Timestamp>,
    /// So much news was dropped since the lines were told last, since there was too much of it.
    #[serde(default)]
    dropped: u64,
    #[serde(default)]
    reading: Effort,
    #[serde(default)]
    telling: Effort,
    /// What each line was told last that its terms are.
    #[serde(default, with = "pairs")]
    told: AllTerms,
    /// When they were told last, by the clocks of all who tell: never earlier than the time that was told.
    #[serde(default)]
    told_at: Timestamp,
    /// What they were told last that the repository's name is.
    #[serde(default)]
    told_as: Option<RepositoryName>,
    /// The last runs that were refused, the newest last.
    #[serde(default)]
    refused: Vec<Refused>,
    /// The directives of the last valid configuration; none if it was never read for them.
    #[serde(default)]
    directives: Option<BTreeMap<String, Directive>>,
    /// The last workflows that directives start, the newest last.
    #[serde(default)]
    starts: Vec<Start>,
    /// When the newest push was of which starts are not remembered.
    #[serde(default)]
    starts_forgotten: Option<Timestamp>,
    /// How often one was about to be started.
    #[serde(default)]
    attempts: u32,
    #[serde(default)]
    starting: Effort,
}

/// Something to do about an intake. All but the start of a workflow may be done twice: it reads, and it posts facts that are harmless
/// to repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Read the configuration.
    ReadConfiguration {
        /// The repository.
        repository: RepositoryName,
        /// What was read last; none if it is to be read whatever it is.
        known: Option<Version>,
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
        /// What directives are to start, and what is wrong with those that start nothing.
        starts: Vec<Start>,
        /// The repository's name.
        repository: RepositoryName,
    },
    /// Start a workflow on the default branch. Nobody could tell whether it was started if that is not known: so at most once.
    StartWorkflow {
        /// The repository.
        repository: RepositoryName,
        /// The number of the attempt.
        attempt: u32,
        /// What.
        dispatch: Dispatch,
    },
}

impl entity::Action for Action {
    type Fact = Fact;

    fn intent(&self) -> Option<Fact> {
        match self {
            Self::ReadConfiguration { .. } | Self::Tell { .. } => None,
            Self::StartWorkflow { attempt, .. } => {
                Some(Fact::Start(StartFact::Intended { attempt: *attempt }))
            }
        }
    }

    fn claim(&self) -> Option<String> {
        match self {
            Self::ReadConfiguration { .. } | Self::Tell { .. } => None,
            Self::StartWorkflow { attempt, .. } => Some(start::claim(*attempt)),
        }
    }
}

impl Entity for Intake {
    type Id = IntakeId;
    type Fact = Fact;
    type Action = Action;

    const LISTED: Option<Kind> = None;

    fn new(id: IntakeId) -> Self {
        Self {
            id: id.0,
            place: None,
            news: News::default(),
            is_stale: false,
            in_force: None,
            problem: None,
            known: None,
            missing_since: None,
            dropped: 0,
            reading: Effort::default(),
            telling: Effort::default(),
            told: AllTerms::new(),
            told_at: Timestamp::default(),
            told_as: None,
            refused: Vec::new(),
            directives: None,
            starts: Vec::new(),
            starts_forgotten: None,
            attempts: 0,
            starting: Effort::default(),
        }
    }

    fn record(&mut self, fact: &Fact, at: Timestamp) {
        self.fold(fact, at);
    }

    fn plan(&self, now: Timestamp) -> Step<Action> {
        self.next_step(now)
    }

    fn given_up(&self) -> Vec<GivenUp> {
        let efforts = [
            ("reading the configuration for releases", &self.reading),
            ("telling the environments", &self.telling),
            ("starting a workflow that a commit asks for", &self.starting),
        ];
        let given_up = efforts
            .into_iter()
            .filter(|(_, effort)| effort.is_exhausted())
            .map(|(what, effort)| GivenUp {
                what: what.to_owned(),
                reason: effort.last_error.clone().unwrap_or_default(),
            });
        let dropped = (self.dropped > 0).then(|| GivenUp {
            what: "keeping all pushes and runs until the configuration can be read".to_owned(),
            reason: format!("there were more than {} of a kind", Self::NEWS_MAX),
        });
        given_up.chain(dropped).collect()
    }

    fn claims(&self) -> Vec<String> {
        (1..=self.attempts).map(start::claim).collect()
    }
}

impl Intake {
    /// So many refusals are kept.
    const REFUSED_MAX: usize = 20;
    /// The smallest step of time.
    const TICK: Duration = Duration::from_millis(1);
    /// A file that is in force is gone only if it is not found for so long.
    const MISSING_FOR: Duration = Duration::from_secs(60);
    /// So many pushes are kept until the lines are told, and so many runs: the newest.
    const NEWS_MAX: usize = 200;

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
