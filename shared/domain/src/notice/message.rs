//! A text for people, without any channel's marks: a headline, facts, links.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest that a text of somebody else's is shown, in characters.
const FOREIGN_MAX: usize = 400;

/// A text for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What happened, in a line of our own words and names out of the configuration.
    pub headline: String,
    /// What there is to know.
    pub facts: Vec<Fact>,
    /// What follows, or what to do, in a sentence of our own.
    pub next: String,
    /// Where to look.
    pub links: Vec<Link>,
}

/// Something to know, under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is: `Version`.
    pub name: &'static str,
    /// It.
    pub pieces: Vec<Piece>,
}

/// A piece of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Our own words.
    Ours(&'static str),
    /// Anybody's words, on one line, without control characters and not at length: to be escaped, and never to be followed.
    Theirs(String),
    /// A name for machines, such as a commit or an image, to be set in a fixed width.
    Code(String),
}

/// Where to look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What is there.
    pub name: String,
    /// An absolute http or https URL.
    pub url: String,
}

impl Piece {
    /// Words that are not ours, made fit to be shown.
    pub(super) fn theirs(text: &str) -> Self {
        Self::Theirs(one_line(text, FOREIGN_MAX))
    }

    /// A name for machines.
    pub(super) fn code(text: &str) -> Self {
        Self::Code(one_line(text, FOREIGN_MAX))
    }

    /// The bare text.
    pub fn text(&self) -> &str {
        match self {
            Self::Ours(text) => text,
            Self::Theirs(text) | Self::Code(text) => text,
        }
    }
}

impl fmt::Display for Message {
    /// As plain text, for logs and for machines that show it to people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.headline)?;
        for fact in &self.facts {
            let text: String = fact.pieces.iter().map(Piece::text).collect();
            writeln!(f, "{}: {text}", fact.name)?;
        }
        write!(f, "{}", self.next)?;
        for link in &self.links {
            write!(f, "\n{}: {}", link.name, link.url)?;
        }
        Ok(())
    }
}

/// Runs of white space and control characters (the marks that turn the direction of text around too) become one space, and what
/// is too long is cut.
pub(super) fn one_line(text: &str, characters: usize) -> String {
    let is_gap = |character: char| {
        character.is_whitespace()
            || character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let words: Vec<&str> = text.split(is_gap).filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    if line.chars().count() <= characters {
        return line;
    }
    let mut cut: String = line.chars().take(characters.saturating_sub(1)).collect();
    cut.push('…');
    cut
}
