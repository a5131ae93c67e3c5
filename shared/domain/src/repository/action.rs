//! What can be done about a repository. Everything here may be done twice: it looks, it posts facts, it writes to the log.

use std::collections::BTreeSet;

use super::{AccessAction, Fact, HeldBack, Report, Version};
use crate::{CommitSha, PullRequestNumber, RepositoryName, entity};

/// Something to do about a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// About the surveys.
    Survey(SurveyAction),
    /// About the App's access.
    Access(AccessAction),
    /// Read what GitHub shows of it.
    Describe {
        /// The repository.
        repository: RepositoryName,
    },
    /// About the configuration.
    Configuration(ConfigurationAction),
}

/// Something to do about the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigurationAction {
    /// Look whether it is another one.
    Read {
        /// The repository.
        repository: RepositoryName,
    },
    /// Tell on the commit that changed it what is wrong with it, unless that was done.
    Report {
        /// The repository.
        repository: RepositoryName,
        /// The commit.
        commit: CommitSha,
        /// What to say.
        report: Report,
    },
    /// Tell all previews that another one counts.
    Tell {
        /// Which one.
        version: Version,
    },
}

/// Something to do about the surveys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SurveyAction {
    /// Compare all open pull requests with all stored previews.
    Compare {
        /// The repository.
        repository: RepositoryName,
    },
    /// Tell these previews to look at their pull request again.
    Tell {
        /// The repository.
        repository: RepositoryName,
        /// Which ones.
        previews: BTreeSet<PullRequestNumber>,
    },
    /// Tell people what is held back.
    Alert {
        /// The repository.
        repository: RepositoryName,
        /// What, and why.
        held_back: HeldBack,
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
