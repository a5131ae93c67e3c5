//! Directories: which entities of a kind are stored, so that whoever lists them need not list the keys of a whole store.
//!
//! There is one fact of entities, told before each first and each last change of what is stored of one: that it may be about to
//! appear or to go ([`Fact::Touched`]). From then on it is named, and two minutes later somebody looks whether it is stored, which
//! settles it. So neither the order in which such facts come matters, nor how often they come, nor where whoever told it died.
//! What is named and not stored is skipped by whoever reads it; what is stored and not named is found by comparing with the keys
//! ([`Directory::differences`]), which is how the entities of an earlier version get in, too.
//!
//! Beside the names stands how much each entity asks of people ([`Attention`]), as of the look that settled it. An entity whose
//! attention changes is touched before that is stored, like one that appears; so whoever was not touched since is as it was found,
//! and whoever was may be anything until the next look.

mod attention;
mod entry;
mod rests;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    NotParsed, PreviewId, Timestamp,
    entity::{self, Entity, GivenUp, Step},
    installation,
    operation::OperationId,
    release::LineId,
    repository,
};

pub use attention::Attention;
use attention::{Groups, Marks};
pub use entry::Entry;
use rests::Rests;

/// So long after an entity was touched its record is written or deleted, or never will be: twice the time of a lease.
const SETTLED_AFTER: Duration = Duration::from_secs(120);
/// So many are looked at in one go.
const LOOKED_AT_ONCE: usize = 250;
/// What could not be looked at is looked at again so much later.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// The kinds of entities that are listed for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Previews.
    Previews,
    /// Repositories.
    Repositories,
    /// Installations of the App.
    Installations,
    /// Environments of services: release lines.
    Environments,
    /// Operations that people started.
    Operations,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Previews,
        Self::Repositories,
        Self::Installations,
        Self::Environments,
        Self::Operations,
    ];

    /// As keys have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Previews => "previews",
            Self::Repositories => "repositories",
            Self::Installations => "installations",
            Self::Environments => "environments",
            Self::Operations => "operations",
        }
    }

    /// The word that the ids of these entities begin with.
    fn word(self) -> &'static str {
        match self {
            Self::Previews => "preview",
            Self::Repositories => "repository",
            Self::Installations => "installation",
            Self::Environments => "release",
            Self::Operations => "operation",
        }
    }

    /// The entity whose own key this is; none if it is not one of this kind.
    pub fn entry(self, key: &str) -> Option<Entry> {
        let is_one = match self {
            Self::Previews => key.parse::<PreviewId>().is_ok(),
            Self::Repositories => key.parse::<repository::Key>().is_ok(),
            Self::Installations => key.parse::<installation::Key>().is_ok(),
            Self::Environments => key.parse::<LineId>().is_ok(),
            Self::Operations => key.parse::<OperationId>().is_ok(),
        };
        Entry::of(key).filter(|_| is_one)
    }

    /// The entity's whole id, which is its key.
    pub fn id(self, entry: &Entry) -> String {
        format!("{}/{entry}", self.word())
    }
}

/// Which directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key(pub Kind);

impl fmt::Display for Key {
    /// `directory/<kind>`: the start of its keys in the store.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "directory/{}", self.0.name())
    }
}

impl FromStr for Key {
    type Err = NotParsed;

    fn from_str(text: &str) -> Result<Self, NotParsed> {
        let name = text.strip_prefix("directory/");
        let kind = Kind::ALL.into_iter().find(|kind| Some(kind.name()) == name);
        kind.map(Self)
            .ok_or_else(|| NotParsed::new("a directory (directory/<kind>)", text))
    }
}

/// Names the entities of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// Which it is.
    pub id: Key,
    /// Whether everything that was stored before there was a directory is in it.
    #[serde(default)]
    complete: bool,
    /// All that are named.
    #[serde(default)]
    entries: Groups,
    /// Whether it is known how much attention all those ask for that are not to be looked at.
    #[serde(default)]
    is_marked: bool,
    /// How much that is.
    #[serde(default)]
    marks: Marks,
    /// Those of them that are to be looked at, and when they were touched last.
    #[serde(default)]
    touched: BTreeMap<Entry, Timestamp>,
    /// When the next look may be, after one that did not work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    again_at: Option<Timestamp>,
}

/// What is told to a directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// Something may be about to be stored of these, or all of it to be deleted.
    Touched {
        /// Which.
        entries: Vec<Entry>,
    },
    /// All that is stored was compared with what is named, and what differs was told before.
    Compared,
    /// Somebody looked at what was touched.
    Looked {
        /// Is stored, with when it had been touched by then.
        stored: Vec<(Entry, Timestamp)>,
        /// Is not stored, with when it had been touched by then.
        absent: Vec<(Entry, Timestamp)>,
        /// Those of the stored that are not quiet.
        #[serde(default)]
        marked: Vec<(Entry, Attention)>,
    },
    /// Somebody could not look.
    NotLooked,
}

/// What a directory has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// See whether these are stored.
    Look {
        /// Which, and when each was touched.
        touched: Vec<(Entry, Timestamp)>,
    },
}

impl entity::Action for Action {
    type Fact = Fact;

    /// Nothing: looking may be repeated.
    fn intent(&self) -> Option<Fact> {
        None
    }

    fn claim(&self) -> Option<String> {
        None
    }
}

impl Entity for Directory {
    type Id = Key;
    type Fact = Fact;
    type Action = Action;

    /// Its keys are known, so nothing lists it.
    const LISTED: Option<Kind> = None;

    const IN_ORDER: bool = true;

    fn new(id: Key) -> Self {
        Self {
            id,
            complete: false,
            entries: BTreeMap::new(),
            // Nobody gets in without being touched.
            is_marked: true,
            marks: Marks::default(),
            touched: BTreeMap::new(),
            again_at: None,
        }
    }

    fn record(&mut self, fact: &Fact, at: Timestamp) {
        match fact {
            Fact::Touched { entries } => {
                for entry in entries {
                    let group = self.entries.entry(entry.group).or_default();
                    group.insert(&entry.rest);
                    let touched_at = self.touched.entry(entry.clone()).or_insert(at);
                    *touched_at = at.max(*touched_at);
                }
            }
            Fact::Compared => {
                self.complete = true;
                // Whoever was not marked was touched before.
                self.is_marked = true;
            }
            Fact::Looked {
                stored,
                absent,
                marked,
            } => {
                self.again_at = None;
                let marked: BTreeMap<&Entry, Attention> =
                    marked.iter().map(|(entry, mark)| (entry, *mark)).collect();
                for (entry, touched_at) in stored {
                    if self.settle(entry, *touched_at) {
                        let mark = marked.get(entry).copied().unwrap_or(Attention::Quiet);
                        self.marks.set(entry, mark);
                    }
                }
                for (entry, touched_at) in absent {
                    if self.settle(entry, *touched_at) {
                        self.marks.clear(entry);
                        attention::remove(&mut self.entries, entry);
                    }
                }
            }
            Fact::NotLooked => self.again_at = Some(at.after(AGAIN_AFTER)),
        }
    }

    fn plan(&self, now: Timestamp) -> Step<Action> {
        if let Some(until) = self.again_at.filter(|until| *until > now) {
            return Step::Wait { until };
        }
        let ready = |at: &Timestamp| at.after(SETTLED_AFTER) <= now;
        let touched: Vec<(Entry, Timestamp)> = self
            .touched
            .iter()
            .filter(|(_, at)| ready(at))
            .take(LOOKED_AT_ONCE)
            .map(|(entry, at)| (entry.clone(), *at))
            .collect();
        if !touched.is_empty() {
            return Step::Act(Action::Look { touched });
        }
        match self.touched.values().min() {
            Some(first) => Step::Wait {
                until: first.after(SETTLED_AFTER),
            },
            None => Step::Settled,
        }
    }

    fn given_up(&self) -> Vec<GivenUp> {
        Vec::new()
    }

    fn claims(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Directory {
    /// Whether it names everything that is stored, so that nobody needs to list keys.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether all that is to be compared was: it names everything, and knows how much attention they ask for.
    pub fn is_compared(&self) -> bool {
        self.complete && self.is_marked
    }

    /// How many are named, by the first number of their ids.
    pub fn counts(&self) -> Vec<(u64, usize)> {
        let groups = self.entries.iter();
        groups.map(|(group, rests)| (*group, rests.len())).collect()
    }

    /// The ids of all that are named and can be read, in no order that means anything.
    pub fn ids<Id: FromStr>(&self) -> Vec<Id> {
        self.ids_in(&self.entries)
    }

    /// The ids of those who may ask for one of these, in no order that means anything: who did when somebody looked last, and who
    /// was touched since.
    pub fn ids_asking<Id: FromStr + Ord>(&self, wanted: &[Attention]) -> Vec<Id> {
        if !self.is_marked || wanted.contains(&Attention::Quiet) {
            return self.ids();
        }
        let groups = wanted.iter().filter_map(|mark| self.marks.of(*mark));
        let mut ids: Vec<Id> = groups.flat_map(|groups| self.ids_in(groups)).collect();
        let touched = self.touched.keys();
        ids.extend(touched.filter_map(|entry| self.id.0.id(entry).parse().ok()));
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// There may be ten thousand: the text of each is made in the place of the one before.
    fn ids_in<Id: FromStr>(&self, groups: &Groups) -> Vec<Id> {
        let word = self.id.0.word();
        let mut ids = Vec::with_capacity(groups.values().map(Rests::len).sum());
        for (group, rests) in groups {
            let mut text = format!("{word}/{group}");
            let start = text.len();
            for rest in rests.iter() {
                text.truncate(start);
                if !rest.is_empty() {
                    text.push('/');
                    text.push_str(rest);
                }
                ids.extend(text.parse().ok());
            }
        }
        ids
    }

    /// Which entries are to be told as touched, given all that were stored a moment ago: what is stored and not named, and what is
    /// named, not stored, and not to be looked at anyhow. Those of which nobody noted how much attention they ask for, too.
    pub fn differences(&self, stored: &BTreeSet<Entry>) -> Vec<Entry> {
        let named: BTreeSet<Entry> = self
            .entries
            .iter()
            .flat_map(|(group, rests)| {
                rests.iter().map(|rest| Entry {
                    group: *group,
                    rest: rest.to_owned(),
                })
            })
            .collect();
        let missing = stored.difference(&named);
        let to_be_looked_at = named
            .iter()
            .filter(|entry| !self.is_marked || !stored.contains(entry))
            .filter(|entry| !self.touched.contains_key(entry));
        missing.chain(to_be_looked_at).cloned().collect()
    }

    /// Takes what was seen of an entry for good, unless it was touched since. Returns whether it was.
    fn settle(&mut self, entry: &Entry, touched_at: Timestamp) -> bool {
        let is_so_still = self.touched.get(entry) == Some(&touched_at);
        if is_so_still {
            self.touched.remove(entry);
        }
        is_so_still
    }
}
