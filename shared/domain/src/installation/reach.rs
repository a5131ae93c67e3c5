//! Which repositories an installation reaches, and of which it is agreed that it reaches them no more.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{HeldBack, Installation, Look, Loss, News, Shown};
use crate::{RepositoryId, RepositoryName, Timestamp};

/// A repository that the installation reaches, or did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Member {
    /// Its name, as GitHub showed it last.
    name: RepositoryName,
    /// A delivery said that it is reached no more, since the last look that showed it.
    #[serde(default)]
    pub(super) announced: bool,
    /// Why the last look did not show it, and since which one.
    #[serde(default)]
    missing: Option<(Loss, Timestamp)>,
    /// A person let it go.
    #[serde(default)]
    allowed: bool,
    /// It was seen at least once: else only a delivery named it.
    #[serde(default)]
    seen: bool,
}

impl Member {
    /// A repository of which nothing but its name is known.
    pub(super) fn new(name: RepositoryName) -> Self {
        Self {
            name,
            announced: false,
            missing: None,
            allowed: false,
            seen: false,
        }
    }

    pub(super) fn is_reached(&self) -> bool {
        self.seen && self.missing.is_none()
    }
}

impl Installation {
    pub(super) fn looked(&mut self, look: &Look, at: Timestamp) {
        if self.looked_at.is_some_and(|looked_at| looked_at >= at) {
            return;
        }
        self.looked_at = Some(at);
        self.next_at = Some(at.after(look.policy.interval()));
        self.effort.succeed();
        let nothing = BTreeMap::new();
        let (reached, loss) = match &look.shown {
            Shown::Active {
                details,
                repositories,
            } => {
                self.app = Some(details.app);
                self.details = Some(details.clone());
                (repositories, Loss::Removed)
            }
            Shown::Suspended { details } => {
                self.app = Some(details.app);
                self.details = Some(details.clone());
                (&nothing, Loss::Suspended)
            }
            Shown::Gone => (&nothing, Loss::Uninstalled),
        };
        self.gone = matches!(look.shown, Shown::Gone);
        if loss == Loss::Removed {
            self.end_announced = false;
        }
        self.found(reached, at);
        for (id, member) in &mut self.members {
            if !reached.contains_key(id) {
                let since = member.missing.map_or(at, |(_, since)| since);
                member.missing = Some((loss, since));
            }
        }
        self.judge(loss, look, at);
    }

    /// Takes in the repositories that are reached; those that are new, or have another name, are told.
    fn found(&mut self, reached: &BTreeMap<RepositoryId, RepositoryName>, at: Timestamp) {
        for (id, name) in reached {
            let known = self.members.get(id).filter(|member| member.is_reached());
            if known.is_none_or(|member| member.name != *name) {
                let news = News {
                    name: name.clone(),
                    lost: None,
                    as_of: at,
                };
                self.news.insert(*id, news);
            }
            let mut member = Member::new(name.clone());
            member.seen = true;
            self.members.insert(*id, member);
        }
    }

    /// Decides which of the missing repositories are lost, and which are to be weighed first.
    fn judge(&mut self, loss: Loss, look: &Look, at: Timestamp) {
        self.to_weigh.clear();
        let agreed_by_now = |since: Timestamp| since.after(look.policy.agreement()) <= at;
        for (id, member) in &self.members {
            let Some((_, since)) = member.missing else {
                continue;
            };
            let announced = member.announced || self.end_announced;
            let certain = match loss {
                // GitHub says it outright.
                Loss::Suspended => true,
                Loss::Uninstalled => announced || agreed_by_now(since),
                Loss::Removed => member.announced || member.allowed,
            };
            if certain {
                let news = News {
                    name: member.name.clone(),
                    lost: Some(loss),
                    as_of: at,
                };
                self.news.insert(*id, news);
            } else if loss == Loss::Removed && agreed_by_now(since) {
                self.to_weigh.insert(*id);
            }
        }
        let still_held = |held_back: &HeldBack| held_back.repositories == self.to_weigh;
        if !self.held_back.as_ref().is_some_and(still_held) {
            self.held_back = None;
        }
    }

    /// Lets the weighed repositories go, or holds all of them back.
    pub(super) fn weighed(
        &mut self,
        deployed: &BTreeMap<RepositoryId, usize>,
        limit: u32,
        at: Timestamp,
    ) {
        self.effort.succeed();
        let weighed: BTreeSet<RepositoryId> = std::mem::take(&mut self.to_weigh);
        let removals: usize = weighed.iter().filter_map(|id| deployed.get(id)).sum();
        if removals > usize::try_from(limit).unwrap_or(usize::MAX) {
            let before = self.held_back.take();
            let known = before.filter(|before| before.repositories == weighed);
            self.held_back = Some(HeldBack {
                alerted: known.as_ref().is_some_and(|before| before.alerted),
                since: known.map_or(at, |before| before.since),
                repositories: weighed,
                removals,
                limit,
            });
            return;
        }
        self.held_back = None;
        self.let_go(&weighed);
    }

    /// A person lets those go that are held back.
    pub(super) fn losses_allowed(&mut self, at: Timestamp) {
        if let Some(held_back) = self.held_back.take_if(|held_back| held_back.since <= at) {
            self.let_go(&held_back.repositories);
        }
    }

    fn let_go(&mut self, repositories: &BTreeSet<RepositoryId>) {
        let as_of = self.looked_at.unwrap_or_default();
        for id in repositories {
            let Some(member) = self.members.get_mut(id) else {
                continue;
            };
            let Some((loss, _)) = member.missing else {
                continue;
            };
            member.allowed = true;
            let news = News {
                name: member.name.clone(),
                lost: Some(loss),
                as_of,
            };
            self.news.insert(*id, news);
        }
    }

    /// Repositories were told: those that are lost are none of this installation's any more.
    pub(super) fn told(&mut self, told: &BTreeMap<RepositoryId, News>) {
        self.effort.succeed();
        for (id, news) in told {
            if self.news.get(id) != Some(news) {
                continue;
            }
            self.news.remove(id);
            if news.lost.is_some() {
                self.members.remove(id);
            }
        }
    }
}
