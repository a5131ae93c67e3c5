//! What can be learnt about a request of a job that waits, what can be done about it, and how it is judged.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    CommitSha, RepositoryName, Timestamp, entity,
    preview::Trouble,
    release::{Gate, Line},
};

/// A commit that a line does not know may be on its way there: its push or its run is told of within minutes. After so long it is not.
const UNKNOWN_FOR: Duration = Duration::from_secs(900);

/// What a delivery tells of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requested {
    /// The repository's name then.
    pub repository: RepositoryName,
    /// The environment's name on GitHub.
    pub environment: String,
    /// The commit that would be deployed; none if the delivery does not say it, then it is the run's.
    pub commit: Option<CommitSha>,
}

/// What is to become of the job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// It may go on.
    Approved {
        /// Why, for people.
        reason: String,
    },
    /// It may not, ever.
    Rejected {
        /// Why, for people.
        reason: String,
    },
    /// It is looked at again.
    Waits {
        /// For what.
        reason: String,
    },
    /// The run is over or gone: nobody waits.
    Moot,
}

/// The deployment that a job waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The environment's name on GitHub.
    pub environment: &'a str,
    /// The commit.
    pub commit: &'a CommitSha,
    /// GitHub's id of the job's run.
    pub run: u64,
    /// Whether the run is of the repository's own code, not of a fork's.
    pub is_own: bool,
    /// What started the run: `push`.
    pub event: &'a str,
    /// The commit that the run is of.
    pub head_commit: &'a CommitSha,
    /// Since when the job waits, as far as it is known here.
    pub since: Timestamp,
}

/// Judges a deployment by the lines of the environment's services at `now`.
pub fn judge(asked: &Asked<'_>, lines: &[Line], now: Timestamp) -> Judgement {
    let (environment, commit) = (asked.environment, asked.commit);
    if !asked.is_own {
        return Judgement::Rejected {
            reason: format!("a run of a fork deploys nothing to {environment}"),
        };
    }
    // Whoever opens a pull request between two branches of his own chooses the workflow that runs on its head.
    if asked.event.starts_with("pull_request") || asked.head_commit != commit {
        let (event, head) = (asked.event, asked.head_commit.short());
        return Judgement::Rejected {
            reason: format!(
                "a run of {event} on {head} deploys no {} to {environment}: deploy by a run of the commit itself, such as that of its push",
                commit.short()
            ),
        };
    }
    let is_late = now.since(asked.since) >= UNKNOWN_FOR;
    if lines.is_empty() {
        let reason = format!(".github/slipway.yml names no environment {environment}");
        return if is_late {
            Judgement::Rejected { reason }
        } else {
            Judgement::Waits { reason }
        };
    }
    let (mut open, mut waits, mut closed) = (Vec::new(), Vec::new(), Vec::new());
    for line in lines {
        let (found, reason) = match line.gate(commit, asked.run, now) {
            Gate::Open(reason) => (&mut open, reason),
            Gate::Waits(reason) => (&mut waits, reason),
            Gate::Closed(reason) => (&mut closed, reason),
            Gate::Unknown(reason) if is_late => (&mut closed, reason),
            Gate::Unknown(reason) => (&mut waits, reason),
        };
        found.push(format!("{}: {reason}", line.id.service));
    }
    let said = |reasons: &[String]| {
        format!(
            "{} to {environment}: {}",
            commit.short(),
            reasons.join("; ")
        )
    };
    if !closed.is_empty() {
        Judgement::Rejected {
            reason: said(&closed),
        }
    } else if !waits.is_empty() {
        Judgement::Waits {
            reason: said(&waits),
        }
    } else {
        Judgement::Approved {
            reason: said(&open),
        }
    }
}

/// A fact about a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A delivery told of it, perhaps not for the first time.
    Requested(Requested),
    /// It was judged.
    Judged(Judgement),
    /// It could not be judged.
    NotJudged {
        /// Why.
        trouble: Trouble,
    },
    /// GitHub shows what is waited for.
    Told {
        /// The words.
        comment: String,
    },
    /// GitHub has the answer, or wants none any more.
    Answered,
    /// GitHub could not be told.
    NotTold {
        /// Why.
        trouble: Trouble,
    },
}

/// Something to do about a request. All of it may be repeated: GitHub takes one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Look at the run and at the environment, and judge.
    Judge {
        /// What is asked.
        requested: Requested,
        /// Since when.
        since: Timestamp,
    },
    /// Say on GitHub what is waited for.
    Tell {
        /// What is asked.
        requested: Requested,
        /// The words, in plain text.
        comment: String,
    },
    /// Answer GitHub.
    Answer {
        /// What is asked.
        requested: Requested,
        /// Whether the job may go on.
        is_approved: bool,
        /// Why, in plain text.
        comment: String,
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
