//! What repositories are told of their installation, and what is held back.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use crate::{RepositoryId, RepositoryName, Timestamp};

/// What a repository is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// Its name, as GitHub showed it last.
    pub name: RepositoryName,
    /// Why it is reached no more; none if it is.
    pub lost: Option<Loss>,
    /// When GitHub showed that.
    pub as_of: Timestamp,
}

/// Why a repository is reached no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// The installation does not include it.
    Removed,
    /// The installation is suspended.
    Suspended,
    /// The App was uninstalled.
    Uninstalled,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Removed => "the App's installation does not include the repository any more",
            Self::Suspended => "the App's installation is suspended",
            Self::Uninstalled => "the App was uninstalled",
        })
    }
}

/// Losses that wait for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBack {
    /// The repositories that two looks did not find.
    pub repositories: BTreeSet<RepositoryId>,
    /// How many of their previews would be removed.
    pub removals: usize,
    /// How many may be, because of one look.
    pub limit: u32,
    /// Since when it is these.
    pub since: Timestamp,
    /// Whether people were told.
    pub(super) alerted: bool,
}

impl fmt::Display for HeldBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} repositories are missing from the App's installation without an event that says so: {} previews would be \
             removed, and removal_limit allows {} at once",
            self.repositories.len(),
            self.removals,
            self.limit
        )
    }
}
