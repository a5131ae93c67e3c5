//! An installation of the App: who granted what, and which repositories it reaches.
//!
//! Deliveries and GitHub's list of installations only say that one is to be looked at; what is known of it was read from the API.
//! A repository that it reaches no more is told so, and its previews are taken down; but only when GitHub agrees with itself:
//!
//! - a delivery named the loss and a look at the API after it shows the same, or
//! - GitHub says outright that the installation is suspended, or
//! - two looks agree, at least half the interval apart.
//!
//! Losses of which only the list of repositories tells are held back if previews of more than the limit would go with them. The
//! repository then asks GitHub once more for itself (`domain::repository`, `access`).

mod action;
mod details;
mod fact;
mod news;
mod reach;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use serde::{Deserialize, Serialize};

pub use action::Action;
pub use details::{Details, Selection};
pub use fact::{Fact, Hearsay, Look, Shown};
pub use news::{HeldBack, Loss, News};

use crate::{
    InstallationId, NotParsed, RepositoryId, Timestamp,
    directory::Kind,
    entity::{Entity, GivenUp, Step},
    preview::Effort,
};
use reach::Member;

/// The key of an installation's entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(pub InstallationId);

impl fmt::Display for Key {
    /// `installation/<installation id>`: the start of its keys in the store.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "installation/{}", self.0)
    }
}

impl FromStr for Key {
    type Err = NotParsed;

    fn from_str(text: &str) -> Result<Self, NotParsed> {
        text.strip_prefix("installation/")
            .and_then(|id| id.parse().ok())
            .map(|id| Self(InstallationId(id)))
            .ok_or_else(|| NotParsed::new("an installation (installation/<installation id>)", text))
    }
}

/// An installation: an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installation {
    /// Which one.
    pub id: InstallationId,
    /// The App that it is one of.
    #[serde(default)]
    app: Option<u64>,
    /// What GitHub showed of it last.
    #[serde(default)]
    details: Option<Details>,
    /// When GitHub last showed it, or that it is gone.
    #[serde(default)]
    looked_at: Option<Timestamp>,
    /// Whether GitHub knows it no more.
    #[serde(default)]
    gone: bool,
    /// The repositories that it reaches, or did and were not told otherwise yet.
    #[serde(default)]
    members: BTreeMap<RepositoryId, Member>,
    /// A delivery said that it was deleted or suspended.
    #[serde(default)]
    end_announced: bool,
    /// What repositories are to be told.
    #[serde(default)]
    news: BTreeMap<RepositoryId, News>,
    /// Lost repositories of which only the list tells, and whose previews are to be counted first.
    #[serde(default)]
    to_weigh: BTreeSet<RepositoryId>,
    #[serde(default)]
    held_back: Option<HeldBack>,
    /// When to look next; none for at once.
    #[serde(default)]
    next_at: Option<Timestamp>,
    #[serde(default)]
    effort: Effort,
}

impl Installation {
    /// What GitHub showed of it last; none before the first look.
    pub fn details(&self) -> Option<&Details> {
        self.details.as_ref()
    }

    /// When GitHub last showed it, or that it is gone; none before that.
    pub fn looked_at(&self) -> Option<Timestamp> {
        self.looked_at
    }

    /// How many repositories it reaches.
    pub fn reached(&self) -> usize {
        self.reached_repositories().count()
    }

    /// GitHub's ids of the repositories that it reaches.
    pub fn reached_repositories(&self) -> impl Iterator<Item = RepositoryId> + '_ {
        let members = self.members.iter();
        members.filter_map(|(id, member)| member.is_reached().then_some(*id))
    }

    /// Whether GitHub knows it no more.
    pub fn is_gone(&self) -> bool {
        self.gone
    }

    /// The losses that wait for a person.
    pub fn held_back(&self) -> Option<&HeldBack> {
        self.held_back.as_ref()
    }

    /// Why the last look did not work; none if it did.
    pub fn trouble(&self) -> Option<&str> {
        self.effort.last_error.as_deref()
    }

    fn heard(&mut self, hearsay: &Hearsay, at: Timestamp) {
        if self.looked_at.is_some_and(|looked_at| looked_at >= at) {
            return;
        }
        self.app = self.app.or(hearsay.app);
        self.end_announced |= hearsay.ended;
        for (id, name) in &hearsay.lost {
            let known = self
                .members
                .entry(*id)
                .or_insert_with(|| Member::new(name.clone()));
            known.announced = true;
        }
        self.next_at = None;
        self.effort.start_afresh();
    }
}

impl Entity for Installation {
    type Id = Key;
    type Fact = Fact;
    type Action = Action;

    const LISTED: Option<Kind> = Some(Kind::Installations);

    fn new(id: Key) -> Self {
        Self {
            id: id.0,
            app: None,
            details: None,
            looked_at: None,
            gone: false,
            members: BTreeMap::new(),
            end_announced: false,
            news: BTreeMap::new(),
            to_weigh: BTreeSet::new(),
            held_back: None,
            next_at: None,
            effort: Effort::default(),
        }
    }

    fn record(&mut self, fact: &Fact, at: Timestamp) {
        match fact {
            Fact::Heard(hearsay) => self.heard(hearsay, at),
            Fact::Looked(look) => self.looked(look, at),
            Fact::NotLooked { trouble } | Fact::NotTold { trouble } => {
                self.effort.fail(trouble, at, self.id.0);
            }
            Fact::Weighed { deployed, limit } => self.weighed(deployed, *limit, at),
            Fact::Told { news } => self.told(news),
            Fact::Alerted { repositories } => {
                if let Some(held_back) = &mut self.held_back
                    && held_back.repositories == *repositories
                {
                    held_back.alerted = true;
                }
            }
            Fact::LossesAllowed => self.losses_allowed(at),
        }
    }

    fn plan(&self, now: Timestamp) -> Step<Action> {
        if let Some(held_back) = self
            .held_back
            .as_ref()
            .filter(|held_back| !held_back.alerted)
        {
            return Step::Act(Action::Alert {
                held_back: held_back.clone(),
            });
        }
        let idle = self.news.is_empty() && self.to_weigh.is_empty();
        if idle && self.gone && self.members.is_empty() {
            return Step::Forget;
        }
        let due = if idle { self.next_at } else { None };
        if let Some(until) = due
            .max(self.effort.not_before_at_last())
            .filter(|until| *until > now)
        {
            return Step::Wait { until };
        }
        Step::Act(if !self.news.is_empty() {
            Action::Tell {
                news: self.news.clone(),
            }
        } else if !self.to_weigh.is_empty() {
            Action::Weigh {
                repositories: self.to_weigh.clone(),
            }
        } else {
            Action::Look { app: self.app }
        })
    }

    fn given_up(&self) -> Vec<GivenUp> {
        // A look that does not work is tried for ever, and `POST /reconcile` tells of it.
        Vec::new()
    }

    fn claims(&self) -> Vec<String> {
        // Everything that is done about it may be done twice.
        Vec::new()
    }
}
