//! What `/status` and `/why` say of the environments of the repository.

use super::Order;
use crate::{
    CommitSha, Timestamp,
    markdown::listed_within,
    release::{Line, Question},
};

/// The answer takes at most so much of the comment for environments.
const BYTES_MAX: usize = 6_000;

/// The environments of a repository, as they stand when somebody asks.
#[derive(Debug, Clone, Default)]
pub struct Environments {
    /// As stored with their mail, in the order of their names: at most [`Environments::READ_MAX`].
    pub lines: Vec<Line>,
    /// How many more the configuration names.
    pub unread: usize,
    /// The commit that the pull request became, or its head commit.
    pub commit: Option<CommitSha>,
}

impl Environments {
    /// So many are read for an answer.
    pub const READ_MAX: usize = 40;

    /// What is told beside the preview: nothing if there are none, or if something else is asked for.
    pub(super) fn told(&self, order: &Order, now: Timestamp) -> Option<String> {
        let why = match order {
            Order::Status => false,
            Order::Why => true,
            Order::Preview
            | Order::Remove
            | Order::Keep(_)
            | Order::Redeploy
            | Order::Help
            | Order::Release(_) => return None,
        };
        let question = Question {
            commit: self.commit.as_ref(),
            why,
        };
        let told = self.lines.iter().map(|line| line.told(question, now));
        let listed = listed_within(BYTES_MAX, told.collect(), self.unread);
        (!listed.is_empty()).then(|| format!("Environments:\n{listed}"))
    }
}
