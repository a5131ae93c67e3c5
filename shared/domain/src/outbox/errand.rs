//! One who is to be told something, what can be done about that, and what can come of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Letter;
use crate::{
    EntityRef, RepositoryName, entity,
    notice::{Channel, Notice},
    preview::{Effort, Trouble},
};

/// One who is to be told something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    /// Its number in the outbox.
    pub number: u64,
    /// Who, and what.
    pub to: To,
    /// It was about to be run, and what came of it is not known.
    #[serde(default)]
    pub(super) is_begun: bool,
    /// The tries at it.
    #[serde(default)]
    pub(super) effort: Effort,
}

/// Who is to be told what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum To {
    /// A Slack channel.
    Slack {
        /// Under which key its webhook is configured.
        key: Key,
        /// What happened.
        notice: Box<Notice>,
    },
    /// A receiver of signed webhooks.
    Webhook {
        /// Under which key its URL is configured.
        key: Key,
        /// What it knows a repeat by.
        delivery: String,
        /// What happened.
        notice: Box<Notice>,
    },
    /// Backstage: which entities there are of a repository.
    Catalog {
        /// The repository.
        repository: RepositoryName,
    },
    /// Backstage: read this entity again.
    Entity {
        /// The entity.
        entity: EntityRef,
    },
}

/// The key of a URL in Slipway's variables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// The configuration names it: that it is missing is a mistake.
    Named(String),
    /// That of the channel, if there is one: a channel that nobody configured is no trouble.
    OfChannel(Channel),
}

impl Key {
    /// Its text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Named(key) => key,
            Self::OfChannel(channel) => channel.key(),
        }
    }
}

impl To {
    /// What is told in order: one errand of a lane after the other.
    pub(super) fn lane(&self) -> String {
        match self {
            Self::Slack { key, .. } => format!("slack {}", key.as_str()),
            Self::Webhook { key, .. } => format!("webhook {}", key.as_str()),
            Self::Catalog { repository } => format!("catalog {repository}"),
            Self::Entity { entity } => format!("entity {entity}"),
        }
    }

    /// Whether it is a message: each of those counts.
    pub(super) const fn is_message(&self) -> bool {
        matches!(self, Self::Slack { .. } | Self::Webhook { .. })
    }

    /// Whether a repeat shows.
    pub(super) const fn must_not_repeat(&self) -> bool {
        matches!(self, Self::Slack { .. })
    }
}

impl fmt::Display for To {
    /// `telling the Slack channel alerts of environment.broke in acme/shop, web, production`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (who, key, notice) = match self {
            Self::Slack { key, notice } => ("the Slack channel", key, notice),
            Self::Webhook { key, notice, .. } => ("the webhook", key, notice),
            Self::Catalog { repository } => {
                return write!(f, "looking for the entities of {repository} in Backstage");
            }
            Self::Entity { entity } => return write!(f, "refreshing {entity} in Backstage"),
        };
        let place = &notice.place;
        write!(
            f,
            "telling {who} {} of {} in {}, {}, {} at {}",
            key.as_str(),
            notice.name(),
            place.repository,
            place.service,
            place.environment,
            notice.at,
        )
    }
}

impl Errand {
    pub(super) fn new(number: u64, to: To) -> Self {
        Self {
            number,
            to,
            is_begun: false,
            effort: Effort::default(),
        }
    }
}

/// Something that can be learnt about an outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A release line posted a letter, perhaps not for the first time.
    Posted {
        /// The letter.
        letter: Box<Letter>,
    },
    /// An errand that must not be repeated is about to be run.
    Begun {
        /// Its number.
        errand: u64,
    },
    /// It is done, or nobody wants it.
    Done {
        /// Its number.
        errand: u64,
    },
    /// Backstage told which entities there are.
    Found {
        /// The number of the errand.
        errand: u64,
        /// Those that name the repository.
        entities: Vec<EntityRef>,
    },
    /// It did not work.
    Troubled {
        /// The number of the errand.
        errand: u64,
        /// Why.
        trouble: Trouble,
    },
}

/// Something to do about an outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Run an errand.
    Run {
        /// Which.
        errand: Box<Errand>,
    },
    /// Leave an errand that was begun by somebody who died. Nothing is called.
    Abandon {
        /// Its number.
        errand: u64,
    },
}

impl entity::Action for Action {
    type Fact = Fact;

    fn intent(&self) -> Option<Fact> {
        match self {
            Self::Run { errand } if errand.to.must_not_repeat() => Some(Fact::Begun {
                errand: errand.number,
            }),
            Self::Run { .. } | Self::Abandon { .. } => None,
        }
    }

    /// None is needed: what was begun is never run again, whoever finds it.
    fn claim(&self) -> Option<String> {
        None
    }
}
