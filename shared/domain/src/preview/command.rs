//! What people asked for by comments: wishes that are kept, and the answer to the last command.
//!
//! Of two wishes of one kind the one whose comment is later counts, in whatever order they are learnt, so that taking one in
//! twice or late changes nothing. A wish that deploys is bound to the head commit that its writer saw.

use serde::{Deserialize, Serialize};

use super::{Preview, PullRequest, state::Phase};
use crate::{CommitSha, Timestamp, markdown::code};

/// So many people are remembered who were told that they may give no commands.
const DENIED_MAX: usize = 32;

/// A command that was decided on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commanded {
    /// The comment.
    pub at: Place,
    /// GitHub's id of the account that wrote it.
    pub account: u64,
    /// The account's login then, which its owner may change.
    pub login: String,
    /// The command as it was understood, or the line that was not.
    pub command: String,
    /// What became of it.
    pub outcome: CommandOutcome,
    /// The answer, in Markdown in which all that is not ours is code.
    pub answer: String,
    /// What it asks of the preview.
    pub wish: Option<CommandWish>,
    /// The pull request as GitHub showed it when that was decided; none if nobody looked.
    pub pull_request: Option<Box<PullRequest>>,
}

/// The comment that a command stands in; a later one is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// GitHub's time of it, to the second.
    pub written_at: Timestamp,
    /// GitHub's id of it.
    pub comment: u64,
}

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandOutcome {
    /// It is being done.
    Done,
    /// It makes no sense now.
    Refused,
    /// Its writer may give no commands.
    Denied,
}

/// What a command asks of a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandWish {
    /// There is to be one, now of this commit; of a fork only of this commit.
    Deploy(CommitSha),
    /// There is to be none.
    Remove,
    /// It is not to expire before this time.
    Keep(Timestamp),
    /// What is there of this commit is to be deployed anew.
    Redeploy(CommitSha),
}

/// What is kept of commands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Commands {
    /// The last word on whether there is to be a preview.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    presence: Option<(Place, Presence)>,
    /// Until when it is kept, by the last word on that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keep: Option<(Place, Timestamp)>,
    /// When it was last deployed anew by a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redeployed: Option<Place>,
    /// The last command, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<Answered>,
    /// Who was told to have no right to commands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    denied: Vec<u64>,
}

/// Whether there is to be a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Presence {
    Summoned { commit: CommitSha },
    Dismissed { by: String },
}

/// A command and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Answered {
    at: Place,
    login: String,
    command: String,
    outcome: CommandOutcome,
    answer: String,
}

impl Commands {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a person wants a preview that nothing else would bring about.
    pub(super) fn is_summoned(&self) -> bool {
        matches!(self.presence, Some((_, Presence::Summoned { .. })))
    }

    /// The same, for this very commit: which approves it if it is a fork's.
    pub(super) fn is_summoned_for(&self, head: &CommitSha) -> bool {
        matches!(&self.presence, Some((_, Presence::Summoned { commit })) if commit == head)
    }

    /// Who wants no preview.
    pub(super) fn dismissed_by(&self) -> Option<&str> {
        match &self.presence {
            Some((_, Presence::Dismissed { by })) => Some(by),
            Some((_, Presence::Summoned { .. })) | None => None,
        }
    }

    /// Until when a person wants it to be kept.
    pub(super) fn kept_until(&self) -> Option<Timestamp> {
        self.keep.map(|(_, until)| until)
    }

    fn answered(&mut self, told: &Commanded) {
        if told.outcome == CommandOutcome::Denied {
            if self.denied.contains(&told.account) {
                return;
            }
            self.denied.push(told.account);
            if self.denied.len() > DENIED_MAX {
                self.denied.remove(0);
            }
        }
        if self.last.as_ref().is_none_or(|last| last.at < told.at) {
            self.last = Some(Answered {
                at: told.at,
                login: told.login.clone(),
                command: told.command.clone(),
                outcome: told.outcome,
                answer: told.answer.clone(),
            });
        }
    }
}

impl Preview {
    /// Whether somebody was told already to have no right to commands here.
    pub fn has_denied(&self, account: u64) -> bool {
        self.commands.denied.contains(&account)
    }

    /// The line on the last command in the comment.
    pub(super) fn last_command(&self) -> Option<String> {
        let last = self.commands.last.as_ref()?;
        let mark = match last.outcome {
            CommandOutcome::Done => "✅",
            CommandOutcome::Refused => "⚠️",
            CommandOutcome::Denied => "🔒",
        };
        Some(format!(
            "Last command: {} by {}: {mark} {}",
            code(&last.command),
            code(&last.login),
            last.answer
        ))
    }

    pub(super) fn commanded(&mut self, told: &Commanded, at: Timestamp) {
        if let Some(pull_request) = &told.pull_request {
            self.pull_request_delivered(pull_request, at);
        }
        self.commands.answered(told);
        if let Some(wish) = &told.wish
            && self.takes(wish, told)
        {
            if let Some(sighting) = &mut self.sighting {
                sighting.active_at = Some(at);
            }
            self.start_afresh();
        }
    }

    /// Takes in a wish; returns whether it is new and says anything of the present head.
    fn takes(&mut self, wish: &CommandWish, told: &Commanded) -> bool {
        let head = self.pull_request().map(|shown| shown.head_commit.clone());
        let commands = &mut self.commands;
        let presence = commands.presence.as_ref().map(|(place, _)| *place);
        match wish {
            CommandWish::Deploy(commit) if presence < Some(told.at) => {
                let commit = commit.clone();
                commands.presence = Some((told.at, Presence::Summoned { commit }));
            }
            CommandWish::Remove if presence < Some(told.at) => {
                let by = told.login.clone();
                commands.presence = Some((told.at, Presence::Dismissed { by }));
            }
            CommandWish::Keep(until) if commands.keep.map(|(place, _)| place) < Some(told.at) => {
                commands.keep = Some((told.at, *until));
            }
            CommandWish::Redeploy(commit)
                if commands.redeployed < Some(told.at) && head.as_ref() == Some(commit) =>
            {
                commands.redeployed = Some(told.at);
                for target in self.targets.values_mut() {
                    target.redeploy(commit);
                }
            }
            CommandWish::Deploy(_)
            | CommandWish::Remove
            | CommandWish::Keep(_)
            | CommandWish::Redeploy(_) => return false,
        }
        if matches!(wish, CommandWish::Deploy(_)) {
            self.recall();
            for target in self.targets.values_mut() {
                target.forgive();
            }
        }
        true
    }
}

impl super::state::Target {
    /// Lets what came to its end of this commit be deployed anew; what is in hand goes on.
    fn redeploy(&mut self, commit: &CommitSha) {
        if let Phase::Deployed { revision, .. } | Phase::Failed { revision, .. } = &self.phase
            && revision.commit == *commit
        {
            self.phase = Phase::Idle { removed_at: None };
        }
    }
}
