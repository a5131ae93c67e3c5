//! What can be learnt about an operation that somebody started, and what can be done about it.

use serde::{Deserialize, Serialize};

use crate::{
    RepositoryName, Timestamp,
    audit::Door,
    dispatch::Dispatch,
    entity,
    preview::{RunProgress, Trouble},
};

/// What somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The repository's name then.
    pub repository: RepositoryName,
    /// The workflow, with inputs that the configuration allows.
    pub dispatch: Dispatch,
    /// Who: the name of a token, or a login.
    pub by: String,
    /// Through what.
    pub door: Door,
    /// When.
    pub at: Timestamp,
}

/// A run on GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartedRun {
    /// GitHub's id of it.
    pub id: u64,
    /// Its page.
    pub url: String,
}

/// A fact about an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// Somebody asked for it.
    Ordered(Order),
    /// It is about to be started.
    Intended {
        /// The number of the attempt.
        attempt: u32,
    },
    /// GitHub started it.
    Started {
        /// The number of the attempt.
        attempt: u32,
        /// Its run; none if GitHub, an older one, does not name it.
        run: Option<StartedRun>,
    },
    /// Somebody asked GitHub for it, and what came of that is lost.
    Lost {
        /// The number of the attempt.
        attempt: u32,
    },
    /// It was not tried, since GitHub is left alone at present.
    HeldBack {
        /// Why, and for how long.
        trouble: Trouble,
    },
    /// It could not be started, or it is not known whether it was.
    NotStarted {
        /// The number of the attempt.
        attempt: u32,
        /// How.
        trouble: Trouble,
    },
    /// It was not started in time, and is not any more.
    Left,
    /// GitHub's runs were looked through for those that may be its.
    Searched {
        /// Runs of the workflow that Slipway started by hand since then, but for those of other operations.
        runs: Vec<StartedRun>,
    },
    /// GitHub showed its run.
    Seen {
        /// How far it is; none if it was deleted.
        progress: Option<RunProgress>,
    },
    /// GitHub could not be asked for its run.
    NotSeen {
        /// Why.
        trouble: Trouble,
    },
}

/// Something to do about an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Start the workflow, on the default branch: at most once.
    Start {
        /// The repository.
        repository: RepositoryName,
        /// The number of the attempt.
        attempt: u32,
        /// What.
        dispatch: Dispatch,
    },
    /// Leave it: it was not started in time. Nothing is called.
    Leave,
    /// Look for the run of a start whose answer was lost.
    Find {
        /// The repository.
        repository: RepositoryName,
        /// The workflow's file.
        workflow: String,
        /// When GitHub was asked, or later.
        since: Timestamp,
    },
    /// Look how far the run is.
    Look {
        /// The repository.
        repository: RepositoryName,
        /// GitHub's id of it.
        run: u64,
    },
}

/// What only one runner may win that starts the workflow.
pub(super) fn claim(attempt: u32) -> String {
    format!("start/{attempt}")
}

impl entity::Action for Action {
    type Fact = Fact;

    fn intent(&self) -> Option<Fact> {
        match self {
            Self::Start { attempt, .. } => Some(Fact::Intended { attempt: *attempt }),
            Self::Leave | Self::Find { .. } | Self::Look { .. } => None,
        }
    }

    fn claim(&self) -> Option<String> {
        match self {
            Self::Start { attempt, .. } => Some(claim(*attempt)),
            Self::Leave | Self::Find { .. } | Self::Look { .. } => None,
        }
    }
}
