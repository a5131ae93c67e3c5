//! One entity as a directory names it: its id without the word that all ids of its kind begin with.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::NotParsed;

/// An entity of the directory's kind: `42/7` of `preview/42/7`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Entry {
    /// The number that the id has first: GitHub's id of the repository, or of the installation.
    pub group: u64,
    /// What follows, without the slash between; empty if nothing does.
    pub(super) rest: String,
}

impl Entry {
    /// Of an entity's whole id, as the store has it: `preview/42/7`. None if no number follows its first word.
    pub fn of(id: &str) -> Option<Self> {
        id.split_once('/')?.1.parse().ok()
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rest.is_empty() {
            self.group.fmt(f)
        } else {
            write!(f, "{}/{}", self.group, self.rest)
        }
    }
}

impl FromStr for Entry {
    type Err = NotParsed;

    fn from_str(text: &str) -> Result<Self, NotParsed> {
        let (group, rest) = text.split_once('/').unwrap_or((text, ""));
        let group = group
            .parse()
            .map_err(|_| NotParsed::new("an entry of a directory (<number>/<rest>)", text))?;
        let rest = rest.to_owned();
        Ok(Self { group, rest })
    }
}

impl TryFrom<String> for Entry {
    type Error = NotParsed;

    fn try_from(text: String) -> Result<Self, NotParsed> {
        text.parse()
    }
}

impl From<Entry> for String {
    fn from(entry: Entry) -> Self {
        entry.to_string()
    }
}
