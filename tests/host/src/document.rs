//! Configuration files, and refusals that name the file and the line they are about.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// Why an application is not started: the place, what was found there and what would be right.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Something on one line of a configuration file.
    #[error("{}:{line}: {message}", file.display())]
    Line {
        /// The configuration file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What was found and what would be right.
        message: String,
    },
    /// A file as a whole, for instance one that is missing.
    #[error("{}: {message}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What was found and what would be right.
        message: String,
    },
}

/// A TOML file with its text, kept so that places in it can be named.
pub(crate) struct Document {
    path: PathBuf,
    text: String,
}

impl Document {
    /// Reads the file; `purpose` says in the error what it would have been for.
    pub(crate) fn read(path: &Path, purpose: &str) -> Result<Self, Refusal> {
        let text = fs::read_to_string(path).map_err(|error| Refusal::File {
            file: path.to_owned(),
            message: format!("cannot be read as {purpose}: {error}"),
        })?;
        Ok(Self {
            path: path.to_owned(),
            text,
        })
    }

    /// Parses the whole file.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        toml::from_str(&self.text).map_err(|error| match error.span() {
            Some(span) => self.refuse(span, error.message()),
            None => Refusal::File {
                file: self.path.clone(),
                message: error.message().to_owned(),
            },
        })
    }

    /// Refuses what stands at `span`.
    pub(crate) fn refuse(&self, span: Range<usize>, message: impl Into<String>) -> Refusal {
        let before = self.text.get(..span.start).unwrap_or(&self.text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        Refusal::Line {
            file: self.path.clone(),
            line,
            message: message.into(),
        }
    }

    /// The directory that relative paths in this file start from.
    pub(crate) fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}
