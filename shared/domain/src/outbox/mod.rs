//! The outbox of a repository: what Slack, receivers of webhooks and Backstage are to be told of its releases, until they are told
//! or it is given up.
//!
//! It is apart from release lines so that nothing of a release ever waits for a notice, and so that the secrets of those who are
//! told are with whoever runs outboxes alone. A letter becomes *errands*, one for each who is told. A repeat of an errand to a
//! receiver of webhooks (which knows it by its name) or to Backstage is harmless, so those are repeated until they work. Slack
//! shows a repeat as a second message and lets nobody look: there an errand is noted as begun before it is, and one of which
//! nobody knows what came is not repeated, but told as lost.

mod errand;
mod letter;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use serde::{Deserialize, Serialize};

pub use errand::{Action, Errand, Fact, Key, To};
pub use letter::{Catalog, Letter};

use crate::{
    EntityRef, NotParsed, RepositoryId, Timestamp,
    directory::Kind,
    entity::{Entity, GivenUp, Step},
    preview::{Reaction, Trouble},
};

/// What an outbox is known by: the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OutboxId(pub RepositoryId);

impl fmt::Display for OutboxId {
    /// `outbox/<repository id>`: the start of its keys in the store.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "outbox/{}", self.0)
    }
}

impl FromStr for OutboxId {
    type Err = NotParsed;

    fn from_str(text: &str) -> Result<Self, NotParsed> {
        text.strip_prefix("outbox/")
            .and_then(|id| id.parse().ok())
            .map(|id| Self(RepositoryId(id)))
            .ok_or_else(|| NotParsed::new("an outbox (outbox/<repository id>)", text))
    }
}

/// The outbox of a repository: an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbox {
    /// Whose.
    pub id: OutboxId,
    /// What is to be done, oldest first.
    #[serde(default)]
    errands: Vec<Errand>,
    /// How many errands there were: numbers them.
    #[serde(default)]
    begun: u64,
    /// The last letters of each release line: one that comes again is known.
    #[serde(default)]
    taken: BTreeMap<String, Vec<String>>,
    /// The last errands that came to nothing, the newest last.
    #[serde(default)]
    lost: Vec<Lost>,
}

/// An errand that came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// Who was to be told what.
    pub errand: String,
    /// Why that did not work.
    pub reason: String,
    /// When it was given up.
    pub at: Timestamp,
}

impl Entity for Outbox {
    type Id = OutboxId;
    type Fact = Fact;
    type Action = Action;

    const LISTED: Option<Kind> = None;

    fn new(id: OutboxId) -> Self {
        Self {
            id,
            errands: Vec::new(),
            begun: 0,
            taken: BTreeMap::new(),
            lost: Vec::new(),
        }
    }

    fn record(&mut self, fact: &Fact, at: Timestamp) {
        match fact {
            Fact::Posted { letter } => self.take(letter, at),
            Fact::Begun { errand } => {
                if let Some(errand) = self.errand(*errand) {
                    errand.is_begun = true;
                }
            }
            Fact::Done { errand } => self.errands.retain(|known| known.number != *errand),
            Fact::Found { errand, entities } => self.found(*errand, entities, at),
            Fact::Troubled { errand, trouble } => self.troubled(*errand, trouble, at),
        }
    }

    fn plan(&self, now: Timestamp) -> Step<Action> {
        let mut lanes = BTreeSet::new();
        let mut wake: Option<Timestamp> = None;
        // Whoever is told is told in the order in which things happened.
        for errand in &self.errands {
            if !lanes.insert(errand.to.lane()) {
                continue;
            }
            let at = errand.effort.not_before.unwrap_or(now);
            if errand.is_begun {
                return Step::Act(Action::Abandon {
                    errand: errand.number,
                });
            }
            if at <= now {
                return Step::Act(Action::Run {
                    errand: Box::new(errand.clone()),
                });
            }
            wake = Some(wake.map_or(at, |wake| wake.min(at)));
        }
        wake.map_or(Step::Settled, |until| Step::Wait { until })
    }

    fn given_up(&self) -> Vec<GivenUp> {
        let lost = self.lost.iter();
        lost.map(|lost| GivenUp {
            what: lost.errand.clone(),
            reason: lost.reason.clone(),
        })
        .collect()
    }

    fn claims(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Outbox {
    /// So many errands wait at most: a repository that is told of this much in vain is told no more of what is long over.
    const ERRANDS_MAX: usize = 200;
    /// So many letters of each line are known again. A line posts one after the other, so the last one is enough.
    const TAKEN_MAX: usize = 5;
    /// So many errands that came to nothing are kept.
    const LOST_MAX: usize = 10;

    /// What is still to be done, oldest first.
    pub fn errands(&self) -> &[Errand] {
        &self.errands
    }

    /// The last errands that came to nothing, the newest last.
    pub fn lost(&self) -> &[Lost] {
        &self.lost
    }

    fn errand(&mut self, number: u64) -> Option<&mut Errand> {
        let mut errands = self.errands.iter_mut();
        errands.find(|errand| errand.number == number)
    }

    fn take(&mut self, letter: &Letter, at: Timestamp) {
        let known = self.taken.entry(letter.line.to_string()).or_default();
        let name = letter.name();
        if known.contains(&name) {
            return;
        }
        known.push(name);
        let surplus = known.len().saturating_sub(Self::TAKEN_MAX);
        known.drain(..surplus);
        for to in letter.recipients() {
            self.add(to, at);
        }
    }

    fn add(&mut self, to: To, at: Timestamp) {
        // One refresh of an entity, or one look for entities, serves every release before it.
        if !to.is_message() && self.errands.iter().any(|errand| errand.to == to) {
            return;
        }
        self.begun += 1;
        self.errands.push(Errand::new(self.begun, to));
        if self.errands.len() > Self::ERRANDS_MAX {
            let oldest = self.errands.remove(0);
            self.lose(&oldest, "too much waits to be told", at);
        }
    }

    /// The entities that a repository has in Backstage are refreshed one by one.
    fn found(&mut self, number: u64, entities: &[EntityRef], at: Timestamp) {
        let before = self.errands.len();
        self.errands.retain(|errand| errand.number != number);
        if self.errands.len() == before {
            return;
        }
        for entity in entities {
            let entity = entity.clone();
            self.add(To::Entity { entity }, at);
        }
    }

    fn troubled(&mut self, number: u64, trouble: &Trouble, at: Timestamp) {
        let seed = self.id.0.0 ^ number;
        let Some(errand) = self.errand(number) else {
            return;
        };
        errand.is_begun = false;
        errand.effort.fail(trouble, at, seed);
        let is_in_doubt = errand.to.must_not_repeat() && trouble.reaction == Reaction::Look;
        if !is_in_doubt && !errand.effort.is_exhausted() {
            return;
        }
        let errand = errand.clone();
        self.errands.retain(|known| known.number != number);
        self.lose(&errand, &trouble.reason, at);
    }

    fn lose(&mut self, errand: &Errand, reason: &str, at: Timestamp) {
        self.lost.push(Lost {
            errand: errand.to.to_string(),
            reason: reason.to_owned(),
            at,
        });
        let surplus = self.lost.len().saturating_sub(Self::LOST_MAX);
        self.lost.drain(..surplus);
    }
}
