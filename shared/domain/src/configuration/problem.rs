//! What is wrong with a configuration, for the person who wrote it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::yaml::Place;

/// The most problems of one file that are told; of the others only their number.
pub const PROBLEMS_MAX: usize = 10;

/// A file that is not a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ConfigurationError {
    /// One line: the first problem, and how many there are besides.
    pub message: String,
    /// The problems in the file's order, at least one and at most `PROBLEMS_MAX`.
    pub problems: Vec<Problem>,
    /// How many more there are.
    pub more: usize,
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The line, counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
    /// One line: the key with its path, what was found, what is expected, and what may have been meant.
    pub message: String,
}

impl Problem {
    pub(super) fn new(place: Place, message: impl Into<String>) -> Self {
        Self {
            line: place.line,
            column: place.column,
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: {}",
            self.line, self.column, self.message
        )
    }
}

impl ConfigurationError {
    /// The error of these problems, in any order; none if there are none.
    pub(super) fn of(mut problems: Vec<Problem>, more: usize) -> Option<Self> {
        problems.sort_by_key(|problem| (problem.line, problem.column));
        let others = problems.len().checked_sub(1)? + more;
        let mut message = problems.first()?.to_string();
        match others {
            0 => {}
            1 => message.push_str(" (and one more problem)"),
            others => message.push_str(&format!(" (and {others} more problems)")),
        }
        Some(Self {
            message,
            problems,
            more,
        })
    }

    /// The error of a file that is not even text: nothing in it can be named.
    pub fn about_file(message: String) -> Self {
        Self::only(Problem::new(Place { line: 1, column: 1 }, message))
    }

    /// The error of a file that has only this problem.
    pub(super) fn only(problem: Problem) -> Self {
        Self {
            message: problem.to_string(),
            problems: vec![problem],
            more: 0,
        }
    }
}

/// The word that was probably meant by `found`: at most a third of its letters are wrong, missing, added or swapped.
pub(crate) fn nearest<'word>(found: &str, words: &[&'word str]) -> Option<&'word str> {
    // Longer ones are no misspelt keys, and comparing takes the product of the lengths.
    if found.len() > 64 {
        return None;
    }
    let found = found.to_lowercase().replace(['-', ' '], "_");
    let distances = words.iter().map(|word| {
        let distance = strsim::osa_distance(&found, &word.replace('-', "_"));
        (distance, *word)
    });
    distances
        .filter(|(distance, word)| distance * 3 <= word.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// `a, b or c`.
pub(super) fn any_of(words: &[&str]) -> String {
    let mut text = String::new();
    for (index, word) in words.iter().enumerate() {
        match index {
            0 => {}
            index if index + 1 == words.len() => text.push_str(" or "),
            _ => text.push_str(", "),
        }
        text.push_str(word);
    }
    text
}

/// The start of a text, quoted, without control characters.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    let start: String = text.chars().take(SHOWN).collect();
    let dots = if start.len() < text.len() { "…" } else { "" };
    format!("{start:?}{dots}")
}
