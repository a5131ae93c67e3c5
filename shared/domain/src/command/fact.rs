//! What can be learnt about a command, and what can be done about it.

use serde::{Deserialize, Serialize};

use super::{ReleaseWish, Request};
use crate::{
    PullRequestNumber, RepositoryName, Timestamp,
    audit::Act,
    entity,
    preview::{CommandOutcome, CommandWish, Commanded, Permission, PullRequest, Trouble},
};

/// A comment as its delivery shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The repository's name then.
    pub repository: RepositoryName,
    /// The pull request that it is on.
    pub number: PullRequestNumber,
    /// GitHub's id of the account that wrote it.
    pub account: u64,
    /// The account's login then, which its owner may change.
    pub login: String,
    /// GitHub's time of it, to the second.
    pub written_at: Timestamp,
    /// What it was understood as.
    pub request: Request,
}

/// What was decided on a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What becomes of it.
    pub outcome: CommandOutcome,
    /// The answer, in Markdown in which all that is not ours is code.
    pub answer: String,
    /// What it asks of the preview.
    pub wish: Option<CommandWish>,
    /// What it asks of a release line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseWish>,
    /// The pull request as GitHub showed it then; none if nobody looked.
    pub pull_request: Option<Box<PullRequest>>,
}

/// A reaction on the comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// It was seen.
    Seen,
    /// It is being done.
    Done,
    /// It was not understood, makes no sense now, or is not its writer's to ask.
    Confused,
}

/// A fact about a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A delivery told of the comment.
    Written(Written),
    /// GitHub told what its writer may do.
    Vetted {
        /// What.
        permission: Permission,
    },
    /// It is none of ours: nothing is said, and nothing done.
    Ignored {
        /// Why, for the log.
        reason: String,
    },
    /// It was decided on by how everything stands.
    Decided(Decision),
    /// The release line was told.
    LineTold,
    /// The preview was told.
    Told,
    /// The comment got the reaction.
    Marked {
        /// Which one.
        mark: Mark,
    },
    /// The comment could not get the reaction.
    NotMarked {
        /// Which one.
        mark: Mark,
        /// Why.
        trouble: Trouble,
    },
    /// Something else did not work.
    Troubled {
        /// Why.
        trouble: Trouble,
    },
}

/// Something to do about a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Find out whether its writer may give it.
    Vet(Written),
    /// Put a reaction on the comment.
    Mark {
        /// The repository.
        repository: RepositoryName,
        /// Which one.
        mark: Mark,
    },
    /// Decide on it, by how the preview stands and GitHub shows the pull request.
    Decide(Written),
    /// Tell the release line, after noting what for.
    TellLine {
        /// What.
        wish: ReleaseWish,
        /// The command as the audit has it.
        act: Option<Box<Act>>,
    },
    /// Tell the preview.
    Tell {
        /// The pull request.
        number: PullRequestNumber,
        /// What.
        told: Box<Commanded>,
        /// What the audit is told before that; none if the command only asks.
        act: Option<Box<Act>>,
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
