//! Who wrote what a release would bring, as GitHub tells: whoever did is nobody who approves it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Account, CommitSha};

/// Who wrote something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Writers {
    /// These, and nobody else.
    Known(Vec<Account>),
    /// Somebody is missing.
    Untold(Untold),
}

/// Why GitHub does not tell who wrote something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Untold {
    /// It knows no account with the address that a commit names.
    NoAccount {
        /// Of what: the start of a commit's SHA, or `#7`.
        of: String,
    },
    /// There are more commits than it lists, or than are read.
    TooMany {
        /// In what, for people: `#7`.
        of: String,
    },
    /// It knows the commit no longer.
    Lost {
        /// The commit.
        commit: CommitSha,
    },
}

impl fmt::Display for Untold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAccount { of } => write!(
                f,
                "GitHub knows no account of an author in {of}, and nobody approves their own work: the author has to add the commit's \
                 e-mail address to their account"
            ),
            Self::TooMany { of } => write!(
                f,
                "there are more commits in {of} than are looked at, and nobody approves their own work"
            ),
            Self::Lost { commit } => write!(
                f,
                "GitHub knows {} no longer, so nobody knows who wrote it, and nobody approves their own work",
                commit.short()
            ),
        }
    }
}

impl Writers {
    /// Both; what is untold of one is untold of both.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Known(mut people), Self::Known(more)) => {
                people.extend(more);
                Self::Known(people)
            }
            (Self::Untold(untold), _) | (_, Self::Untold(untold)) => Self::Untold(untold),
        }
    }
}

/// What a commit would bring beside itself: what is in it and not in what is live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Brought {
    /// These commits.
    Commits {
        /// The oldest first.
        commits: Vec<CommitSha>,
        /// Their authors and committers. The people of the pull requests that they came by are asked for commit by commit.
        writers: Writers,
    },
    /// GitHub knows nothing any more of what was live, or nothing that both contain.
    Lost,
}
