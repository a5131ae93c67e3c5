//! How much an entity asks of people, by which those who need something are found among thousands who do not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Entry, rests::Rests};

/// How much an entity asks of people. It follows from its state alone, whatever time it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attention {
    /// Nothing: it is as it is to be.
    Quiet,
    /// Nothing yet: something goes on or is waited for.
    InHand,
    /// It stays as it is until a person acts, or may come to that by itself.
    Needed,
}

impl Attention {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Quiet, Self::InHand, Self::Needed];

    /// Its name for people and machines: `in-hand`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::InHand => "in-hand",
            Self::Needed => "needed",
        }
    }
}

/// Entities by the first number of their ids: what follows it.
pub(super) type Groups = BTreeMap<u64, Rests>;

/// Who was not quiet when somebody looked last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Marks(BTreeMap<Attention, Groups>);

impl Marks {
    pub(super) fn of(&self, attention: Attention) -> Option<&Groups> {
        self.0.get(&attention)
    }

    /// Takes note of how the entity was found.
    pub(super) fn set(&mut self, entry: &Entry, attention: Attention) {
        self.clear(entry);
        match attention {
            Attention::Quiet => {}
            Attention::InHand | Attention::Needed => {
                let groups = self.0.entry(attention).or_default();
                groups.entry(entry.group).or_default().insert(&entry.rest);
            }
        }
    }

    pub(super) fn clear(&mut self, entry: &Entry) {
        for groups in self.0.values_mut() {
            remove(groups, entry);
        }
    }
}

/// Takes an entity out.
pub(super) fn remove(groups: &mut Groups, entry: &Entry) {
    if let Some(group) = groups.get_mut(&entry.group) {
        group.remove(&entry.rest);
        if group.is_empty() {
            groups.remove(&entry.group);
        }
    }
}
