//! What people are told outside of GitHub: one notice for each change of an environment's state, and its text.
//!
//! Pure: a notice is plain data, [`Notice::message`] its text. How a channel writes and escapes that is for the channel's client;
//! what comes from commits and vendors stands in pieces of its own ([`Piece`]) so that no client can mix it up with our words.

mod message;
mod words;

use serde::{Deserialize, Serialize};

use crate::{CommitSha, RepositoryName, Timestamp};

pub use message::{Fact, Link, Message, Piece};

/// Something that happened to an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Where.
    pub place: Place,
    /// What.
    pub event: Event,
    /// Which version this is about: the one that broke, waits, or runs now.
    pub version: Version,
    /// When.
    pub at: Timestamp,
    /// Where to look, in the order in which people want it.
    pub links: Vec<Link>,
}

/// An environment of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The repository of its code.
    pub repository: RepositoryName,
    /// The service.
    pub service: String,
    /// The environment.
    pub environment: String,
}

/// A version of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The commit.
    pub commit: CommitSha,
    /// The first line of its message, as somebody wrote it; empty if it is not known.
    pub title: String,
    /// The image with its tag or digest, where one is known.
    pub image: Option<String>,
}

/// A change of an environment's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Event {
    /// It runs a new version, found healthy.
    Released,
    /// A release did not come about. What ran before was not found broken.
    NotReleased {
        /// Why, as far as it is known: words of vendors may be in it.
        reason: String,
    },
    /// A release failed, or what ran broke.
    Broke {
        /// Why, as far as it is known: words of vendors may be in it.
        reason: String,
        /// What Slipway does about it.
        next: Next,
    },
    /// It works again.
    Recovered {
        /// Since when it was broken.
        broken_since: Timestamp,
    },
    /// A release waits for a person's word.
    Waiting {
        /// Why.
        reason: String,
    },
    /// A release needs people's approval.
    WaitingForApproval {
        /// How many.
        needed: u32,
        /// Who has approved.
        given: Vec<String>,
    },
    /// It went back to an earlier version.
    RolledBack {
        /// The version that it came from.
        from: Version,
        /// Why.
        reason: String,
        /// The person who asked for it; none if Slipway did it by itself.
        by: Option<String>,
    },
}

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// Slipway rolls back.
    RollsBack,
    /// Nothing: a person must act.
    NeedsAPerson,
}

/// Which of a team's channels a notice is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// For what belongs to the normal course of deployments.
    Deployments,
    /// For what is or was broken.
    Alerts,
}

impl Channel {
    /// The key of its URL in Slipway's variables, unless the configuration names another one.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Deployments => "deployments",
            Self::Alerts => "alerts",
        }
    }
}

impl Event {
    /// Its name for machines: `environment.broke`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Released => "environment.released",
            Self::NotReleased { .. } => "release.failed",
            Self::Broke { .. } => "environment.broke",
            Self::Recovered { .. } => "environment.recovered",
            Self::Waiting { .. } => "release.waiting",
            Self::WaitingForApproval { .. } => "release.waiting_for_approval",
            Self::RolledBack { .. } => "environment.rolled_back",
        }
    }
}

impl Notice {
    /// The channel that it is for. That something works again is told where it was told that it is broken.
    pub const fn channel(&self) -> Channel {
        match self.event {
            Event::Broke { .. }
            | Event::NotReleased { .. }
            | Event::Recovered { .. }
            | Event::RolledBack { .. } => Channel::Alerts,
            Event::Released | Event::Waiting { .. } | Event::WaitingForApproval { .. } => {
                Channel::Deployments
            }
        }
    }

    /// Its name for machines: `environment.broke`.
    pub const fn name(&self) -> &'static str {
        self.event.name()
    }

    /// Whether another version than before is found healthy by it.
    pub const fn is_success(&self) -> bool {
        match self.event {
            Event::Released | Event::Recovered { .. } | Event::RolledBack { .. } => true,
            Event::Broke { .. }
            | Event::NotReleased { .. }
            | Event::Waiting { .. }
            | Event::WaitingForApproval { .. } => false,
        }
    }

    /// Its text for people.
    pub fn message(&self) -> Message {
        words::message(self)
    }
}

#[cfg(test)]
mod tests;
