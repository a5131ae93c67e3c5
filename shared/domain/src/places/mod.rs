//! The places of a repository's previews: an entity that hands out as many as `when.limit` allows for each target,
//! in order.
//!
//! A preview that is about to begin asks for a place, and begins when it is told that it has one; when nothing of it is left it
//! gives the place back. What is live already gets a place at once, also beyond the limit: it is counted, and never held up. Each
//! message names the ticket that the preview asked with, so that one that comes twice or late changes nothing. Who loses a message
//! asks again, and once an hour each preview with a ticket is looked at, so no place stays with one that is gone.

mod line;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    NotParsed, PullRequestNumber, RepositoryId, TargetId, Timestamp,
    directory::Kind,
    entity::{self, Entity, GivenUp, Step},
    preview::{Effort, Trouble},
};

use line::Line;
pub use line::Word;

/// While somebody waits, the limit is read again so often.
const LIMIT_HOLDS: Duration = Duration::from_secs(300);
/// Each preview with a ticket is looked at so often.
const LOOKED_AFTER: Duration = Duration::from_secs(3_600);
/// Tickets that were given back are remembered for so long: no message comes later.
const REMEMBERED: Duration = Duration::from_secs(86_400);

/// Whose places they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key(pub RepositoryId);

impl fmt::Display for Key {
    /// `places/<repository id>`: the start of its keys in the store.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "places/{}", self.0)
    }
}

impl FromStr for Key {
    type Err = NotParsed;

    fn from_str(text: &str) -> Result<Self, NotParsed> {
        text.strip_prefix("places/")
            .and_then(|id| id.parse().ok())
            .map(|id| Self(RepositoryId(id)))
            .ok_or_else(|| NotParsed::new("places (places/<repository id>)", text))
    }
}

/// The places of one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    /// Whose they are.
    pub id: Key,
    #[serde(default)]
    lines: BTreeMap<TargetId, Line>,
    /// When the limits in force were last read; none if they are to be read now.
    #[serde(default)]
    limits_read_at: Option<Timestamp>,
    #[serde(default)]
    effort: Effort,
}

/// A ticket: who waits for a place, or has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// What the service is previewed on.
    pub application: TargetId,
    /// The pull request.
    pub number: PullRequestNumber,
    /// Counts up with every time that the preview begins to ask.
    pub ticket: u64,
}

/// A fact about places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A preview asks for a place.
    Asked {
        /// Who.
        ticket: Ticket,
        /// Since when it could begin: who waits longest is next.
        since: Timestamp,
        /// Something of it is there already.
        live: bool,
        /// The limit that it knows of, which counts until the one in force was read.
        limit: u32,
    },
    /// A preview needs its place no more.
    GivenBack {
        /// Who.
        ticket: Ticket,
    },
    /// The limits in force were read.
    LimitsRead {
        /// By application: what is not named has none. None if nobody knows what is in force.
        limits: Option<BTreeMap<TargetId, u32>>,
    },
    /// A preview was told how it stands.
    Told {
        /// Who.
        ticket: Ticket,
        /// What.
        word: Word,
    },
    /// A preview was looked at.
    Looked {
        /// Who.
        ticket: Ticket,
        /// Whether it still knows the ticket.
        known: bool,
    },
    /// It did not work.
    Troubled {
        /// Why.
        trouble: Trouble,
    },
}

/// Something to do about places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Find out which limits are in force.
    ReadLimits,
    /// Tell a preview how it stands.
    Tell {
        /// Who.
        ticket: Ticket,
        /// What.
        word: Word,
    },
    /// Look whether a preview still knows its ticket.
    Look {
        /// Who.
        ticket: Ticket,
    },
}

impl entity::Action for Action {
    type Fact = Fact;

    /// Nothing: all of it may be repeated.
    fn intent(&self) -> Option<Fact> {
        None
    }

    fn claim(&self) -> Option<String> {
        None
    }
}

impl Entity for Places {
    type Id = Key;
    type Fact = Fact;
    type Action = Action;

    const LISTED: Option<Kind> = None;

    fn new(id: Key) -> Self {
        Self {
            id,
            lines: BTreeMap::new(),
            limits_read_at: None,
            effort: Effort::default(),
        }
    }

    fn record(&mut self, fact: &Fact, at: Timestamp) {
        match fact {
            Fact::Asked {
                ticket,
                since,
                live,
                limit,
            } => {
                let line = self.line(&ticket.application);
                line.limit.get_or_insert(Some(*limit));
                if line.asked(ticket, *since, *live, at) {
                    self.limits_read_at = None;
                }
            }
            Fact::GivenBack { ticket } => {
                self.line(&ticket.application).given_back(ticket, at);
            }
            Fact::LimitsRead { limits } => {
                self.effort.succeed();
                self.limits_read_at = Some(at);
                if let Some(limits) = limits {
                    for (application, line) in &mut self.lines {
                        line.limit = Some(limits.get(application).copied());
                    }
                }
            }
            Fact::Told { ticket, word } => {
                self.effort.succeed();
                self.line(&ticket.application).told(ticket, *word);
            }
            Fact::Looked { ticket, known } => {
                self.effort.succeed();
                self.line(&ticket.application).looked(ticket, *known, at);
            }
            Fact::Troubled { trouble } => self.effort.fail(trouble, at, self.id.0.0),
        }
        if self.limits_read_at.is_some() {
            for line in self.lines.values_mut() {
                line.hand_out(at);
            }
        }
        self.lines.retain(|_, line| {
            line.forget_ended(at.before(REMEMBERED));
            !line.is_empty()
        });
    }

    fn plan(&self, now: Timestamp) -> Step<Action> {
        let wait = |until: Timestamp| Step::Wait { until };
        if !self.lines.values().any(Line::has_entries) {
            let ends = self.lines.values().filter_map(Line::newest_end);
            let over = ends.max().map(|ended| ended.after(REMEMBERED));
            return match over.filter(|over| *over > now) {
                Some(over) => wait(over),
                None => Step::Forget,
            };
        }
        let paused = self.effort.not_before_at_last();
        if let Some(until) = paused.filter(|until| *until > now) {
            return wait(until);
        }
        let limits_due = match self.limits_read_at {
            None => Some(now),
            Some(at) if self.lines.values().any(Line::has_waiting) => Some(at.after(LIMIT_HOLDS)),
            Some(_) => None,
        };
        if limits_due.is_some_and(|due| due <= now) {
            return Step::Act(Action::ReadLimits);
        }
        let untold = self.lines.iter().find_map(|(application, line)| {
            let (number, ticket, word) = line.untold()?;
            let ticket = named(application, number, ticket);
            Some(Action::Tell { ticket, word })
        });
        if let Some(tell) = untold {
            return Step::Act(tell);
        }
        let looks = self.lines.iter().filter_map(|(application, line)| {
            let (number, ticket, seen_at) = line.longest_unseen()?;
            Some((
                seen_at.after(LOOKED_AFTER),
                named(application, number, ticket),
            ))
        });
        match looks.min_by_key(|(due, _)| *due) {
            Some((due, ticket)) if due <= now => Step::Act(Action::Look { ticket }),
            look => {
                let due = look.map(|(due, _)| due).into_iter().chain(limits_due);
                due.min().map_or(Step::Settled, wait)
            }
        }
    }

    fn given_up(&self) -> Vec<GivenUp> {
        let exhausted = self.effort.is_exhausted().then(|| GivenUp {
            what: "handing out places of previews".to_owned(),
            reason: self.effort.last_error.clone().unwrap_or_default(),
        });
        exhausted.into_iter().collect()
    }

    fn claims(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Places {
    fn line(&mut self, application: &TargetId) -> &mut Line {
        self.lines.entry(application.clone()).or_default()
    }
}

fn named(application: &TargetId, number: PullRequestNumber, ticket: u64) -> Ticket {
    Ticket {
        application: application.clone(),
        number,
        ticket,
    }
}
