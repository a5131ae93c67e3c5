//! What can be learnt about an installation.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Details, News};
use crate::{RepositoryId, RepositoryName, preview::Trouble, repository::SurveyPolicy};

/// A fact about an installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A delivery, a person who comes from GitHub, or the list of installations told of it: it is to be looked at.
    Heard(Hearsay),
    /// GitHub's API was asked for it.
    Looked(Look),
    /// It could not be asked for.
    NotLooked {
        /// Why.
        trouble: Trouble,
    },
    /// The previews that hold something were counted, in lost repositories.
    Weighed {
        /// How many, of each repository.
        deployed: BTreeMap<RepositoryId, usize>,
        /// How many may go because of one look.
        limit: u32,
    },
    /// Repositories were told.
    Told {
        /// Which ones, and what.
        news: BTreeMap<RepositoryId, News>,
    },
    /// They could not be told, or their previews not be counted.
    NotTold {
        /// Why.
        trouble: Trouble,
    },
    /// People were told what is held back.
    Alerted {
        /// Of which repositories.
        repositories: BTreeSet<RepositoryId>,
    },
    /// A person lets those go that are held back.
    LossesAllowed,
}

/// What is said of an installation. Only the loss of repositories is taken from it, if the API agrees.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Hearsay {
    /// The App that it is one of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<u64>,
    /// It was deleted or suspended.
    #[serde(default)]
    pub ended: bool,
    /// Repositories that it reaches no more.
    #[serde(default)]
    pub lost: BTreeMap<RepositoryId, RepositoryName>,
}

/// A look at an installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// What was seen.
    pub shown: Shown,
    /// The bounds in force.
    pub policy: SurveyPolicy,
}

/// What GitHub's API shows of an installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// It is at work.
    Active {
        /// What it is.
        details: Details,
        /// All repositories that it reaches: the list was whole.
        repositories: BTreeMap<RepositoryId, RepositoryName>,
    },
    /// It is suspended, and reaches nothing.
    Suspended {
        /// What it is.
        details: Details,
    },
    /// GitHub tells the App that it is one of that there is none.
    Gone,
}
