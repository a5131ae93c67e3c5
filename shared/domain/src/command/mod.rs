//! Commands that people give by comments on a pull request.
//!
//! Each is an entity of its own, known by its comment: its writer is asked about from GitHub's API, what they ask for is judged
//! by how the preview stands and what GitHub shows then, the preview is told, and the comment gets a reaction. Commands for
//! releases are judged by how the environment stands, which is told before the preview, whose comment has the answer. The entity is kept
//! for longer than a command may wait, so that a comment is never acted on twice, however often its delivery comes.
//!
//! Nothing of it needs a claim: a reaction that is there already is not made twice, and a preview takes a wish in once.

mod asking;
mod fact;
mod grammar;
mod plan;
mod release;
mod release_judgement;
#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    NotParsed, RepositoryId, Timestamp,
    directory::Kind,
    entity::{Entity, GivenUp, Step},
    preview::{CommandOutcome, Effort},
};

pub use asking::Environments;
pub use fact::{Action, Decision, Fact, Mark, Written};
pub use grammar::{Order, Request, parse};
pub use release::{CommitPrefix, EnvironmentName, ReleaseAct, ReleaseOrder, Target};
pub use release_judgement::{Ground, ReleaseWish};

/// A command that is taken up later than this after it was written is refused: the world is another one by then.
pub const LATE: Duration = Duration::from_secs(24 * 3_600);
/// For so long after it was written a command is known. Longer than [`LATE`], so that it is never acted on anew.
const KEPT: Duration = Duration::from_secs(48 * 3_600);

/// A command, by the comment that it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CommandId {
    /// The repository.
    pub repository: RepositoryId,
    /// GitHub's id of the comment.
    pub comment: u64,
}

impl fmt::Display for CommandId {
    /// `command/<repository id>/<comment id>`: the start of its keys in the store.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "command/{}/{}", self.repository, self.comment)
    }
}

impl FromStr for CommandId {
    type Err = NotParsed;

    fn from_str(text: &str) -> Result<Self, NotParsed> {
        let numbers = text
            .strip_prefix("command/")
            .and_then(|rest| rest.split_once('/'));
        match numbers.map(|(repository, comment)| (repository.parse(), comment.parse())) {
            Some((Ok(repository), Ok(comment))) => Ok(Self {
                repository: RepositoryId(repository),
                comment,
            }),
            Some(_) | None => Err(NotParsed::new(
                "a command (command/<repository id>/<comment id>)",
                text,
            )),
        }
    }
}

/// A command: an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Which one.
    pub id: CommandId,
    /// What the delivery told.
    #[serde(default)]
    written: Option<Written>,
    /// Its writer may give it.
    #[serde(default)]
    allowed: bool,
    /// The comment has the reaction that says that it was seen, or cannot get it.
    #[serde(default)]
    marked_seen: bool,
    #[serde(default)]
    decision: Option<Decision>,
    /// The release line knows what is asked of it.
    #[serde(default)]
    line_told: bool,
    /// The preview knows of the decision.
    #[serde(default)]
    told: bool,
    /// Nothing is left to be done.
    #[serde(default)]
    over: bool,
    /// The tries at what is to be done next.
    #[serde(default)]
    effort: Effort,
}

impl Entity for Command {
    type Id = CommandId;
    type Fact = Fact;
    type Action = Action;

    const LISTED: Option<Kind> = None;

    fn new(id: CommandId) -> Self {
        Self {
            id,
            written: None,
            allowed: false,
            marked_seen: false,
            decision: None,
            line_told: false,
            told: false,
            over: false,
            effort: Effort::default(),
        }
    }

    fn record(&mut self, fact: &Fact, at: Timestamp) {
        self.fold(fact, at);
    }

    fn plan(&self, now: Timestamp) -> Step<Action> {
        self.next_step(now)
    }

    fn given_up(&self) -> Vec<GivenUp> {
        let given_up = self.effort.is_exhausted() && !self.over;
        let reason = self.effort.last_error.clone().unwrap_or_default();
        let what = "answering a command".to_owned();
        given_up
            .then_some(GivenUp { what, reason })
            .into_iter()
            .collect()
    }

    fn claims(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Command {
    fn decide(&mut self, outcome: CommandOutcome, answer: String) {
        self.decision = Some(Decision {
            outcome,
            answer,
            wish: None,
            release: None,
            pull_request: None,
        });
        self.effort.succeed();
    }
}
