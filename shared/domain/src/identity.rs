//! Identities, parsed once at the edge. Everything is keyed by GitHub's numeric ids, so renames and transfers change nothing.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// GitHub's numeric id of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RepositoryId(pub u64);

impl fmt::Display for RepositoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// GitHub's numeric id of an installation of an App.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InstallationId(pub u64);

impl fmt::Display for InstallationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of a pull request within its repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PullRequestNumber(pub u64);

impl fmt::Display for PullRequestNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Text that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not {expected}")]
pub struct NotParsed {
    /// What it should be, with its article: `a commit SHA (40 hexadecimal digits)`.
    pub expected: &'static str,
    /// The start of what was found.
    pub found: String,
}

impl NotParsed {
    pub(crate) fn new(expected: &'static str, found: &str) -> Self {
        Self {
            expected,
            found: found.chars().take(60).collect(),
        }
    }
}

/// A full commit SHA: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommitSha(String);

impl CommitSha {
    /// The whole SHA.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first seven digits, as people write it.
    pub fn short(&self) -> &str {
        self.0.get(..7).unwrap_or(&self.0)
    }
}

impl FromStr for CommitSha {
    type Err = NotParsed;

    fn from_str(text: &str) -> Result<Self, NotParsed> {
        let hexadecimal = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if hexadecimal && matches!(text.len(), 40 | 64) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotParsed::new(
                "a commit SHA (40 or 64 lower-case hexadecimal digits)",
                text,
            ))
        }
    }
}

impl TryFrom<String> for CommitSha {
    type Error = NotParsed;

    fn try_from(text: String) -> Result<Self, NotParsed> {
        text.parse()
    }
}

impl From<CommitSha> for String {
    fn from(sha: CommitSha) -> Self {
        sha.0
    }
}

impl fmt::Display for CommitSha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CommitSha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())
    }
}

/// `owner/name` of a repository, as GitHub writes it now. Only ever an address, never an identity.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepositoryName(String);

impl RepositoryName {
    /// `owner/name`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the slash.
    pub fn owner(&self) -> &str {
        self.0.split_once('/').map_or("", |(owner, _)| owner)
    }

    /// The part after the slash.
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, name)| name)
    }
}

impl FromStr for RepositoryName {
    type Err = NotParsed;

    /// Accepts the characters that GitHub allows, so that a name is safe in a URL's path.
    fn from_str(text: &str) -> Result<Self, NotParsed> {
        let part = |part: &str| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        };
        match text.split_once('/') {
            Some((owner, name)) if part(owner) && part(name) => Ok(Self(text.to_owned())),
            Some(_) | None => Err(NotParsed::new("a repository name (owner/name)", text)),
        }
    }
}

impl TryFrom<String> for RepositoryName {
    type Error = NotParsed;

    fn try_from(text: String) -> Result<Self, NotParsed> {
        text.parse()
    }
}

impl From<RepositoryName> for String {
    fn from(name: RepositoryName) -> Self {
        name.0
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The preview of one pull request: an entity, and the key of all that belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PreviewId {
    /// The repository that the pull request is merged into.
    pub repository: RepositoryId,
    /// The pull request.
    pub number: PullRequestNumber,
}

impl fmt::Display for PreviewId {
    /// `preview/<repository id>/<number>`: the start of its keys in the store.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "preview/{}/{}", self.repository, self.number)
    }
}

impl FromStr for PreviewId {
    type Err = NotParsed;

    fn from_str(text: &str) -> Result<Self, NotParsed> {
        let numbers = text
            .strip_prefix("preview/")
            .and_then(|rest| rest.split_once('/'));
        match numbers.map(|(repository, number)| (repository.parse(), number.parse())) {
            Some((Ok(repository), Ok(number))) => Ok(Self {
                repository: RepositoryId(repository),
                number: PullRequestNumber(number),
            }),
            Some(_) | None => Err(NotParsed::new(
                "a preview (preview/<repository id>/<number>)",
                text,
            )),
        }
    }
}

/// GitHub's id of a delivery (`X-GitHub-Delivery`): the same for every redelivery. Safe as a part of a key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeliveryGuid(String);

impl DeliveryGuid {
    /// The id as GitHub wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DeliveryGuid {
    type Err = NotParsed;

    fn from_str(text: &str) -> Result<Self, NotParsed> {
        let allowed = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if allowed && (1..=64).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotParsed::new(
                "a delivery id (1 to 64 letters, digits and hyphens)",
                text,
            ))
        }
    }
}

impl TryFrom<String> for DeliveryGuid {
    type Error = NotParsed;

    fn try_from(text: String) -> Result<Self, NotParsed> {
        text.parse()
    }
}

impl From<DeliveryGuid> for String {
    fn from(guid: DeliveryGuid) -> Self {
        guid.0
    }
}

impl fmt::Display for DeliveryGuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DeliveryGuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
