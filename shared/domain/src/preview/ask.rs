//! What a person may ask of a preview through the API and the dashboard: what commands ask for by a comment, of the commit that was
//! shown.

use super::{CommandOutcome, CommandWish, Commanded, Fact, Place, Preview, PullRequest};
use crate::{CommitSha, Speaker, Timestamp, command::Order, configuration::ConfiguredDuration};

/// What a person may ask, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// A preview of the head commit, whatever labels, drafts and branches say.
    Deploy,
    /// What is deployed is to be deployed anew.
    Redeploy,
    /// No preview until somebody asks for one.
    Remove,
    /// It is not to expire for so long.
    Keep,
    /// Try again what was given up, has failed or waits for its next try.
    Retry,
}

/// What is said beside it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AskParticulars {
    /// The head commit that whoever asks has seen.
    pub commit: Option<CommitSha>,
    /// For how long it is kept.
    pub keep_for: Option<ConfiguredDuration>,
}

/// Why nothing follows from what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AskRefused {
    /// Something is missing that must be said beside it.
    Incomplete(String),
    /// It makes no sense now.
    Pointless(String),
}

impl Ask {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Deploy,
        Self::Redeploy,
        Self::Remove,
        Self::Keep,
        Self::Retry,
    ];

    /// Its name in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Redeploy => "redeploy",
            Self::Remove => "remove",
            Self::Keep => "keep",
            Self::Retry => "retry",
        }
    }

    /// What the audit calls it: the same as by a comment.
    pub fn act(self) -> &'static str {
        match self {
            Self::Deploy => "preview",
            Self::Redeploy => "redeploy",
            Self::Remove => "preview-remove",
            Self::Keep => "preview-keep",
            Self::Retry => "retry",
        }
    }
}

impl AskParticulars {
    /// In words, for the audit.
    pub fn said(&self) -> String {
        let commit = self.commit.as_ref().map(|commit| commit.short().to_owned());
        let keep_for = self.keep_for.map(|duration| format!("for {duration}"));
        let said: Vec<String> = commit.into_iter().chain(keep_for).collect();
        said.join(", ")
    }
}

impl Preview {
    /// The fact that becomes of what `speaker` asks at `now`.
    pub fn asked(
        &self,
        ask: Ask,
        said: &AskParticulars,
        (speaker, now): (&Speaker, Timestamp),
    ) -> Result<Fact, AskRefused> {
        let order = match (ask, said.keep_for) {
            (Ask::Retry, _) => return Ok(Fact::RetryAsked),
            (Ask::Deploy, _) => Order::Preview,
            (Ask::Redeploy, _) => Order::Redeploy,
            (Ask::Remove, _) => Order::Remove,
            (Ask::Keep, Some(duration)) => Order::Keep(duration),
            (Ask::Keep, None) => {
                let missing = "for is missing: a duration, such as 12h or 7d";
                return Err(AskRefused::Incomplete(missing.to_owned()));
            }
        };
        let Some(pull_request) = self.pull_request() else {
            let unseen = "GitHub has not shown the pull request yet";
            return Err(AskRefused::Pointless(unseen.to_owned()));
        };
        if order.deploys() {
            is_the_head(said.commit.as_ref(), pull_request)?;
        }
        let judged = self.judge(&order, pull_request, now);
        let judgement = judged.map_err(AskRefused::Pointless)?;
        Ok(told(
            &order,
            (judgement.wish, judgement.answer),
            (speaker, now),
        ))
    }
}

/// Nobody has something deployed that they have not seen.
fn is_the_head(commit: Option<&CommitSha>, pull_request: &PullRequest) -> Result<(), AskRefused> {
    let head = &pull_request.head_commit;
    match commit {
        None => Err(AskRefused::Incomplete(
            "commit is missing: the head commit that is to be deployed".to_owned(),
        )),
        Some(commit) if commit == head => Ok(()),
        Some(commit) => Err(AskRefused::Pointless(format!(
            "{} is not the head commit, {} is",
            commit.short(),
            head.short()
        ))),
    }
}

/// As if it had been said by a comment, so that the later word counts through whatever door it came, and the pull request tells.
fn told(
    order: &Order,
    (wish, answer): (Option<CommandWish>, String),
    (speaker, now): (&Speaker, Timestamp),
) -> Fact {
    let account = speaker.account.as_ref().and_then(|account| account.id);
    Fact::Commanded(Box::new(Commanded {
        // No comment: of the words of one moment that of a comment is the later one.
        at: Place {
            written_at: now,
            comment: 0,
        },
        account: account.unwrap_or_default(),
        login: speaker.name.clone(),
        command: order.to_string(),
        outcome: CommandOutcome::Done,
        answer,
        wish,
        pull_request: None,
    }))
}
