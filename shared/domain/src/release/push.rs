//! A push as GitHub told of it, and which pushes an environment tracks.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{CommitSha, Timestamp};

/// Asks in the message of the head commit for no release.
pub const SKIP: &str = "[skip deploy]";

/// A branch or a tag, told apart: either may bear the name of the other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// `refs/heads/…`.
    Branch(String),
    /// `refs/tags/…`.
    Tag(String),
}

impl Reference {
    /// Reads `refs/heads/main` or `refs/tags/v1`; none for anything else, such as GitHub's own references.
    pub fn parse(text: &str) -> Option<Self> {
        let branch = text.strip_prefix("refs/heads/");
        let tag = text.strip_prefix("refs/tags/");
        branch
            .map(|name| Self::Branch(name.to_owned()))
            .or_else(|| tag.map(|name| Self::Tag(name.to_owned())))
    }

    /// The name without what it is the name of.
    pub fn name(&self) -> &str {
        match self {
            Self::Branch(name) | Self::Tag(name) => name,
        }
    }
}

impl fmt::Display for Reference {
    /// `the branch main`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Branch(name) => write!(f, "the branch {name}"),
            Self::Tag(name) => write!(f, "the tag {name}"),
        }
    }
}

/// A push of a commit to a branch or a tag. The order is by GitHub's time of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Push {
    /// GitHub's time of the push, to the second.
    pub pushed_at: Timestamp,
    /// Where it went.
    pub reference: Reference,
    /// The commit that is there now.
    pub commit: CommitSha,
    /// The first line of the commit's message, not at length: written by anybody with write access.
    pub title: String,
    /// The commit's message asks for no release.
    pub skip: bool,
    /// What was there before is no longer in the branch.
    pub forced: bool,
    /// What of the commit's message may hold directives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub brackets: Vec<String>,
}

impl Push {
    /// The longest title that is kept, in characters.
    const TITLE_CHARACTERS: usize = 80;

    /// The title of a commit with this message, on one line and not at length.
    pub fn title_of(message: &str) -> String {
        let line = message.lines().next().unwrap_or_default().trim();
        let shown = |character: char| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        };
        line.chars()
            .take(Self::TITLE_CHARACTERS)
            .map(shown)
            .collect()
    }
}

/// What brings commits to an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Pushes to this branch.
    Branch(String),
    /// Pushes of tags that fit the pattern: `*` stands for any text without a slash.
    Tag(String),
    /// Nothing but being live in the environments before it.
    Promotion,
}

impl Source {
    /// Whether it tracks the branch or tag.
    pub fn tracks(&self, reference: &Reference) -> bool {
        match (self, reference) {
            (Self::Branch(branch), Reference::Branch(name)) => branch == name,
            (Self::Tag(pattern), Reference::Tag(name)) => fits(pattern, name),
            (Self::Branch(_), Reference::Tag(_))
            | (Self::Tag(_), Reference::Branch(_))
            | (Self::Promotion, _) => false,
        }
    }

    /// The branch or tag that a workflow run names as its own, if this tracks it. GitHub does not tell which of the two it is.
    pub fn reference_named(&self, name: &str) -> Option<Reference> {
        match self {
            Self::Branch(branch) => (branch == name).then(|| Reference::Branch(name.to_owned())),
            Self::Tag(pattern) => fits(pattern, name).then(|| Reference::Tag(name.to_owned())),
            Self::Promotion => None,
        }
    }
}

impl fmt::Display for Source {
    /// `the branch main`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Branch(branch) => write!(f, "the branch {branch}"),
            Self::Tag(pattern) => write!(f, "the tags {pattern}"),
            Self::Promotion => f.write_str("no branch and no tag"),
        }
    }
}

/// Whether `name` is `pattern` with some text without a slash for each `*`.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut left) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        let found = if is_last {
            left.ends_with(part).then(|| left.len() - part.len())
        } else {
            left.find(part)
        };
        let (Some(skipped), Some(next)) = (
            found.and_then(|place| left.get(..place)),
            found.and_then(|place| left.get(place + part.len()..)),
        ) else {
            return false;
        };
        if skipped.contains('/') {
            return false;
        }
        left = next;
    }
    left.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_any_text_without_a_slash_for_its_star() {
        for (pattern, name, expected) in [
            ("v*", "v1.2.3", true),
            ("v*", "v", true),
            ("v*", "1.2.3", false),
            ("v*", "v1/2", false),
            ("v*.*", "v1.2", true),
            ("v*.*", "v12", false),
            ("web-v*-rc*", "web-v1-rc2", true),
            ("web-v*-rc*", "web-v1", false),
            ("*-live", "shop-live", true),
            ("*-live", "shop-live-2", false),
            ("v1", "v1", true),
            ("v1", "v10", false),
            ("*", "anything", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} for {name}");
        }
    }

    #[test]
    fn a_branch_is_no_tag_of_the_same_name() {
        let main = Source::Branch("main".into());
        assert!(main.tracks(&Reference::parse("refs/heads/main").unwrap()));
        assert!(!main.tracks(&Reference::parse("refs/tags/main").unwrap()));
        assert_eq!(Reference::parse("refs/pull/7/head"), None);
        assert_eq!(Reference::parse("main"), None);
    }
}
