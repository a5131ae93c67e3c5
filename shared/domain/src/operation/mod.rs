//! Operations: workflows of the configuration that a person starts, each followed by its run until that is over.
//!
//! Each start is an entity of its own, so that one never waits for another. A workflow of any kind may do harm when it runs twice, so it is
//! asked for at most once: whoever asks holds a claim, and after a lost answer GitHub's list of runs is searched, and nothing is
//! started again. One of which nobody knows is told as that and left to people.

mod fact;
mod step;
#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

pub use fact::{Action, Fact, Order, StartedRun};

use crate::{
    NotParsed, RepositoryId, Timestamp,
    audit::ActKey,
    directory::Kind,
    entity::{Entity, GivenUp, Step},
    preview::{Effort, RunProgress},
};

/// For so long after its end an operation is kept.
const KEPT: Duration = Duration::from_secs(30 * 86_400);

/// One start of an operation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OperationId {
    /// The repository.
    pub repository: RepositoryId,
    /// When it was asked for and a mark: `01795257067000-1d7e4b8a6035c1d7`. A later one has a greater one.
    key: String,
}

impl OperationId {
    /// That of what the audit knows by this key: who asks for the same in the same millisecond asked once.
    pub fn of(repository: RepositoryId, act: &ActKey) -> Self {
        let key = act.to_string();
        Self {
            repository,
            key: key.trim_start_matches("audit/").replace('/', "-"),
        }
    }

    /// What it is known by in its repository.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for OperationId {
    /// `operation/<repository id>/<milliseconds>-<mark>`: the start of its keys in the store.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "operation/{}/{}", self.repository, self.key)
    }
}

impl FromStr for OperationId {
    type Err = NotParsed;

    fn from_str(text: &str) -> Result<Self, NotParsed> {
        let parts = text
            .strip_prefix("operation/")
            .and_then(|rest| rest.split_once('/'));
        let digits = |text: &str, of: fn(&u8) -> bool| text.bytes().all(|byte| of(&byte));
        let is_key = |key: &&str| {
            let (at, mark) = key.split_once('-').unwrap_or_default();
            at.len() == 14
                && digits(at, u8::is_ascii_digit)
                && mark.len() == 16
                && digits(mark, u8::is_ascii_hexdigit)
        };
        let read = parts.and_then(|(repository, key)| {
            Some((repository.parse().ok()?, Some(key).filter(is_key)?))
        });
        match read {
            Some((repository, key)) => Ok(Self {
                repository: RepositoryId(repository),
                key: key.to_owned(),
            }),
            None => Err(NotParsed::new(
                "an operation (operation/<repository id>/<milliseconds>-<mark>)",
                text,
            )),
        }
    }
}

/// How far an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is to be started.
    Waiting,
    /// GitHub was asked to start it, and it is not known what came of that.
    Starting,
    /// Its run is not over.
    Running,
    /// Its run succeeded.
    Succeeded,
    /// Its run did not succeed.
    Failed,
    /// Its run was cancelled or deleted.
    Cancelled,
    /// It was not started.
    Refused,
    /// Nobody knows whether it was started, or which run is its.
    Unknown,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Waiting,
        Self::Starting,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::Refused,
        Self::Unknown,
    ];

    /// Its name for people and machines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// What is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// To be started.
    Due,
    /// About to be started, or started: by this attempt.
    Asked { attempt: u32, at: Timestamp },
    /// It is looked for among GitHub's runs.
    Sought {
        /// When GitHub was asked to start it, or later.
        since: Timestamp,
        /// GitHub did start it, and did not name the run.
        is_started: bool,
        next: Timestamp,
    },
    /// Its run is followed.
    Followed {
        run: StartedRun,
        progress: RunProgress,
        next: Timestamp,
    },
    /// It is over.
    Over(End),
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum End {
    Ran {
        run: StartedRun,
        progress: RunProgress,
    },
    Refused {
        reason: String,
    },
    Unknown {
        reason: String,
    },
}

/// An operation that somebody started: an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationRun {
    /// Which one.
    pub id: OperationId,
    /// What was asked for; none before that is known.
    #[serde(default)]
    order: Option<Order>,
    state: State,
    /// How often it was about to be started.
    #[serde(default)]
    attempts: u32,
    /// The tries at what is to be done next.
    #[serde(default)]
    effort: Effort,
    /// When GitHub was asked last.
    #[serde(default)]
    asked_at: Option<Timestamp>,
    /// When its run became known.
    #[serde(default)]
    found_at: Option<Timestamp>,
    /// When it was over.
    #[serde(default)]
    ended_at: Option<Timestamp>,
}

impl Entity for OperationRun {
    type Id = OperationId;
    type Fact = Fact;
    type Action = Action;

    const LISTED: Option<Kind> = Some(Kind::Operations);

    fn new(id: OperationId) -> Self {
        Self {
            id,
            order: None,
            state: State::Due,
            attempts: 0,
            effort: Effort::default(),
            asked_at: None,
            found_at: None,
            ended_at: None,
        }
    }

    fn record(&mut self, fact: &Fact, at: Timestamp) {
        self.fold(fact, at);
    }

    fn plan(&self, now: Timestamp) -> Step<Action> {
        self.next_step(now)
    }

    fn given_up(&self) -> Vec<GivenUp> {
        let reason = match &self.state {
            State::Over(End::Refused { reason } | End::Unknown { reason }) => reason.clone(),
            State::Over(End::Ran { run, progress }) if *progress == RunProgress::Failed => {
                format!("its run failed: {}", run.url)
            }
            State::Sought { .. } | State::Followed { .. } if self.effort.is_exhausted() => {
                self.effort.last_error.clone().unwrap_or_default()
            }
            State::Due
            | State::Asked { .. }
            | State::Sought { .. }
            | State::Followed { .. }
            | State::Over(End::Ran { .. }) => return Vec::new(),
        };
        let name = self
            .order
            .as_ref()
            .map(|order| order.dispatch.name.as_str());
        vec![GivenUp {
            what: format!("the operation {}", name.unwrap_or_default()),
            reason,
        }]
    }

    fn claims(&self) -> Vec<String> {
        (1..=self.attempts).map(fact::claim).collect()
    }
}

impl OperationRun {
    /// What was asked for; none before that is known.
    pub fn order(&self) -> Option<&Order> {
        self.order.as_ref()
    }

    /// How far it is.
    pub fn standing(&self) -> Standing {
        match &self.state {
            State::Due => Standing::Waiting,
            State::Asked { .. } | State::Sought { .. } => Standing::Starting,
            State::Followed { .. } => Standing::Running,
            State::Over(End::Ran { progress, .. }) => match progress {
                RunProgress::Succeeded => Standing::Succeeded,
                RunProgress::Cancelled => Standing::Cancelled,
                RunProgress::Failed | RunProgress::Waiting | RunProgress::Running => {
                    Standing::Failed
                }
            },
            State::Over(End::Refused { .. }) => Standing::Refused,
            State::Over(End::Unknown { .. }) => Standing::Unknown,
        }
    }

    /// Its run on GitHub, once known.
    pub fn run(&self) -> Option<&StartedRun> {
        match &self.state {
            State::Followed { run, .. } | State::Over(End::Ran { run, .. }) => Some(run),
            State::Due
            | State::Asked { .. }
            | State::Sought { .. }
            | State::Over(End::Refused { .. } | End::Unknown { .. }) => None,
        }
    }

    /// Why it stands as it does, for people: words of GitHub's may be in it.
    pub fn reason(&self) -> String {
        let trouble = self.effort.last_error.as_deref();
        match &self.state {
            State::Due => trouble.map_or_else(
                || "the next run of reconcile starts it".to_owned(),
                |trouble| format!("it is tried again: {trouble}"),
            ),
            State::Asked { .. } => "GitHub is asked to start it".to_owned(),
            State::Sought { is_started, .. } => {
                let known = if *is_started {
                    "GitHub started it and does not say which run it is"
                } else {
                    "the answer to its start was lost"
                };
                format!("{known}: its run is looked for")
            }
            State::Followed { progress, .. } => match (trouble, progress) {
                (Some(trouble), _) => format!("its run cannot be looked at: {trouble}"),
                (None, RunProgress::Waiting) => "its run has not begun".to_owned(),
                (None, _) => "its run is at work".to_owned(),
            },
            State::Over(End::Ran { progress, .. }) => match progress {
                RunProgress::Succeeded => "its run succeeded".to_owned(),
                RunProgress::Cancelled => "its run was cancelled or deleted".to_owned(),
                RunProgress::Failed | RunProgress::Waiting | RunProgress::Running => {
                    "its run did not succeed".to_owned()
                }
            },
            State::Over(End::Refused { reason } | End::Unknown { reason }) => reason.clone(),
        }
    }

    /// When it was over; none if it is not.
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.ended_at
    }

    /// What is known to have happened, the oldest first.
    pub fn timeline(&self) -> Vec<(Timestamp, String)> {
        let asked = self.order.as_ref().map(|order| {
            let (by, door) = (&order.by, order.door.name());
            (order.at, format!("{by} asked for it by {door}"))
        });
        let events = [
            asked,
            self.asked_at
                .map(|at| (at, "GitHub was asked to start it".to_owned())),
            self.found_at
                .map(|at| (at, "its run became known".to_owned())),
            self.ended_at
                .map(|at| (at, format!("{}: {}", self.standing().name(), self.reason()))),
        ];
        events.into_iter().flatten().collect()
    }
}
