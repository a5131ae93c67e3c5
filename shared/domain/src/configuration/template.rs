//! Texts with placeholders: `pr-{number}`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{CommitSha, NotParsed, PullRequestNumber};

/// A text with the placeholders `{number}`, `{commit}` and `{short_commit}`.
///
/// The values are numbers and hexadecimal digits, so an expansion is as safe where it is used as the template itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Template(String);

/// What the placeholders stand for.
#[derive(Debug, Clone, Copy)]
pub struct TemplateValues<'a> {
    /// `{number}`.
    pub number: PullRequestNumber,
    /// `{commit}`, and `{short_commit}` for its first seven digits.
    pub commit: &'a CommitSha,
}

const PLACEHOLDERS: [&str; 3] = ["{number}", "{commit}", "{short_commit}"];

impl Template {
    /// The text with all placeholders filled in.
    pub fn expand(&self, values: TemplateValues<'_>) -> String {
        self.0
            .replace("{number}", &values.number.to_string())
            .replace("{commit}", values.commit.as_str())
            .replace("{short_commit}", values.commit.short())
    }

    /// `{commit}`.
    pub(super) fn of_commit() -> Self {
        Self("{commit}".to_owned())
    }

    /// `pr-{number}`.
    pub(crate) fn of_pull_request() -> Self {
        Self("pr-{number}".to_owned())
    }

    /// The template as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Template {
    type Err = NotParsed;

    fn from_str(text: &str) -> Result<Self, NotParsed> {
        let rest = PLACEHOLDERS
            .iter()
            .fold(text.to_owned(), |rest, placeholder| {
                rest.replace(placeholder, "")
            });
        if rest.contains(['{', '}']) || text.is_empty() || text.len() > 500 {
            return Err(NotParsed::new(
                "a template whose placeholders are {number}, {commit} and {short_commit}",
                text,
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Template {
    type Error = NotParsed;

    fn try_from(text: String) -> Result<Self, NotParsed> {
        text.parse()
    }
}

impl From<Template> for String {
    fn from(template: Template) -> Self {
        template.0
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
