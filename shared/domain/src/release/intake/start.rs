//! Workflows that directives in pushed commits start: `[ansible site.yml]` in the message of a head commit on a tracked branch.
//!
//! A workflow of any kind may do harm when it runs twice, and a start whose answer is lost cannot be told from one that never
//! happened: so each is started at most once, and one of which nobody knows is told as that and left to people.

use serde::{Deserialize, Serialize};

use super::{Action, Intake, Place, plan::when_due};
use crate::{
    CommitSha, Timestamp,
    dispatch::{self, Dispatch},
    entity::Step,
    preview::{Reaction, Trouble},
    release::{AllTerms, Push, Reference},
};

/// A workflow that a directive in a commit's message starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// The commit.
    pub commit: CommitSha,
    /// When it was pushed.
    #[serde(default)]
    pub pushed_at: Timestamp,
    /// What is to be started.
    pub state: StartState,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartState {
    /// To be started.
    Due(Dispatch),
    /// About to be started, or started: by this attempt.
    Asked {
        /// What.
        dispatch: Dispatch,
        /// The number of the attempt.
        attempt: u32,
    },
    /// GitHub took it on.
    Started(Dispatch),
    /// Nobody knows whether it was started.
    Unknown {
        /// What.
        dispatch: Dispatch,
        /// Why nobody knows.
        reason: String,
    },
    /// It is not started.
    Refused {
        /// Why not.
        reason: String,
    },
}

/// What can be learnt about a start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartFact {
    /// It is about to be asked for.
    Intended {
        /// The number of the attempt.
        attempt: u32,
    },
    /// GitHub took it on.
    Done {
        /// The number of the attempt.
        attempt: u32,
    },
    /// Somebody asked for it, and what came of it is lost.
    Lost {
        /// The number of the attempt.
        attempt: u32,
    },
    /// It was not tried, since GitHub is left alone at present: what is known of it stays.
    HeldBack {
        /// Why, and for how long.
        trouble: Trouble,
    },
    /// It failed.
    NotDone {
        /// The number of the attempt.
        attempt: u32,
        /// How.
        trouble: Trouble,
    },
}

/// What only one runner may win that starts a workflow.
pub(super) fn claim(attempt: u32) -> String {
    format!("start/{attempt}")
}

impl Start {
    /// What is started, or what is wrong: two starts of one commit that agree in that are one.
    fn subject(&self) -> Result<&Dispatch, &str> {
        match &self.state {
            StartState::Due(dispatch)
            | StartState::Asked { dispatch, .. }
            | StartState::Started(dispatch)
            | StartState::Unknown { dispatch, .. } => Ok(dispatch),
            StartState::Refused { reason } => Err(reason),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        match self.state {
            StartState::Due(_) | StartState::Asked { .. } => true,
            StartState::Started(_) | StartState::Unknown { .. } | StartState::Refused { .. } => {
                false
            }
        }
    }
}

impl Intake {
    /// So many starts that are over are kept, by which those are known that come again.
    const STARTS_MAX: usize = 100;

    /// The last workflows that directives start, the newest last.
    pub fn starts(&self) -> &[Start] {
        &self.starts
    }

    /// What the directives in the news ask for, of branches that an environment tracks.
    pub(super) fn starts_asked(&self, terms: &AllTerms) -> Vec<Start> {
        let Some(known) = &self.directives else {
            return Vec::new();
        };
        let tracked = |push: &&Push| {
            let mut sources = terms.values().map(|terms| &terms.source);
            matches!(push.reference, Reference::Branch(_))
                && sources.any(|source| source.tracks(&push.reference))
        };
        let pushes = self.news.pushes.iter().filter(tracked);
        let asked = pushes.flat_map(|push| {
            let found = dispatch::directives(&push.brackets.concat(), known);
            found.into_iter().map(|found| Start {
                commit: push.commit.clone(),
                pushed_at: push.pushed_at,
                state: match found {
                    Ok(dispatch) => StartState::Due(dispatch),
                    Err(problem) => StartState::Refused {
                        reason: problem.to_string(),
                    },
                },
            })
        });
        asked.collect()
    }

    /// Takes them on, each once for a commit.
    pub(super) fn starts_found(&mut self, found: &[Start]) {
        for start in found {
            let start = self.unless_forgotten(start);
            let is_same =
                |known: &Start| known.commit == start.commit && known.subject() == start.subject();
            if !self.starts.iter().any(is_same) {
                self.starts.push(start);
            }
        }
        let over = self.starts.iter().filter(|start| !start.is_open()).count();
        let mut surplus = over.saturating_sub(Self::STARTS_MAX);
        let forgotten = &mut self.starts_forgotten;
        self.starts.retain(|start| {
            let goes = surplus > 0 && !start.is_open();
            surplus -= usize::from(goes);
            if goes {
                *forgotten = (*forgotten).max(Some(start.pushed_at));
            }
            !goes
        });
    }

    /// A push that is no newer than one of which the starts are not remembered may have been told before: GitHub delivers again for days.
    fn unless_forgotten(&self, start: &Start) -> Start {
        let is_remembered =
            |known: &Start| known.commit == start.commit && known.subject() == start.subject();
        let may_be_again = self
            .starts_forgotten
            .is_some_and(|forgotten| start.pushed_at <= forgotten);
        if !may_be_again || self.starts.iter().any(is_remembered) {
            return start.clone();
        }
        Start {
            state: StartState::Refused {
                reason: format!(
                    "nobody knows whether it was started before: {} newer starts came since that push",
                    Self::STARTS_MAX
                ),
            },
            ..start.clone()
        }
    }

    /// The next workflow to start; none if there is none.
    pub(super) fn next_start(&self, place: &Place, now: Timestamp) -> Option<Step<Action>> {
        let of = |attempt: u32, dispatch: &Dispatch| Action::StartWorkflow {
            repository: place.repository.clone(),
            attempt,
            dispatch: dispatch.clone(),
        };
        self.starts.iter().find_map(|start| match &start.state {
            // Whoever was about to start it is gone: the claim tells whether he got that far.
            StartState::Asked { dispatch, attempt } => {
                Some(when_due(&self.starting, now, || of(*attempt, dispatch)))
            }
            StartState::Due(dispatch) => Some(when_due(&self.starting, now, || {
                of(self.attempts + 1, dispatch)
            })),
            StartState::Started(_) | StartState::Unknown { .. } | StartState::Refused { .. } => {
                None
            }
        })
    }

    pub(super) fn start_told(&mut self, fact: &StartFact, at: Timestamp) {
        match fact {
            StartFact::Intended { attempt } => {
                self.attempts = self.attempts.max(*attempt);
                let due = self.starts.iter_mut().find(|start| start.is_open());
                if let Some(Start { state, .. }) = due
                    && let StartState::Due(dispatch) = state
                {
                    *state = StartState::Asked {
                        dispatch: dispatch.clone(),
                        attempt: *attempt,
                    };
                }
            }
            StartFact::Done { attempt } => {
                self.start_ends(*attempt, StartState::Started);
                self.starting.succeed();
            }
            StartFact::Lost { attempt } => self.start_ends(*attempt, |dispatch| {
                let reason = "whoever asked for it was cut off".to_owned();
                StartState::Unknown { dispatch, reason }
            }),
            StartFact::HeldBack { trouble } => self.starting.fail(trouble, at, self.id.0),
            StartFact::NotDone { attempt, trouble } => {
                let reason = trouble.reason.clone();
                match trouble.reaction {
                    Reaction::Look => self.start_ends(*attempt, |dispatch| StartState::Unknown {
                        dispatch,
                        reason,
                    }),
                    Reaction::GiveUp => {
                        self.start_ends(*attempt, |_| StartState::Refused { reason })
                    }
                    Reaction::Retry { .. } | Reaction::ComeBack { .. } => {
                        self.start_ends(*attempt, StartState::Due);
                        self.starting.fail(trouble, at, self.id.0);
                    }
                }
            }
        }
    }

    fn start_ends(&mut self, of: u32, state: impl FnOnce(Dispatch) -> StartState) {
        let asked = self.starts.iter_mut().find_map(|start| match &start.state {
            StartState::Asked { dispatch, attempt } if *attempt == of => {
                let dispatch = dispatch.clone();
                Some((start, dispatch))
            }
            StartState::Asked { .. }
            | StartState::Due(_)
            | StartState::Started(_)
            | StartState::Unknown { .. }
            | StartState::Refused { .. } => None,
        });
        if let Some((start, dispatch)) = asked {
            start.state = state(dispatch);
        }
    }
}
