//! What a release line is known by: a service and one of its environments, in a repository.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{NotParsed, RepositoryId};

/// The name of a service or of an environment, as the configuration allows it: safe as a part of a key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NotParsed;

    fn from_str(text: &str) -> Result<Self, NotParsed> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=40).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotParsed::new(
                "a name (1 to 40 lower-case letters, digits and hyphens)",
                text,
            ))
        }
    }
}

impl TryFrom<String> for Name {
    type Error = NotParsed;

    fn try_from(text: String) -> Result<Self, NotParsed> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A release line: one environment of one service, in which one release follows the other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LineId {
    /// The repository of the service's code.
    pub repository: RepositoryId,
    /// The service.
    pub service: Name,
    /// The environment.
    pub environment: Name,
}

impl fmt::Display for LineId {
    /// `release/<repository id>/<service>/<environment>`: the start of its keys in the store.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "release/{}/{}/{}",
            self.repository, self.service, self.environment
        )
    }
}

impl FromStr for LineId {
    type Err = NotParsed;

    fn from_str(text: &str) -> Result<Self, NotParsed> {
        let mut parts = text.split('/');
        let read = (
            parts.next(),
            parts.next().and_then(|id| id.parse().ok()),
            parts.next().and_then(|name| name.parse().ok()),
            parts.next().and_then(|name| name.parse().ok()),
            parts.next(),
        );
        match read {
            (Some("release"), Some(repository), Some(service), Some(environment), None) => {
                Ok(Self {
                    repository: RepositoryId(repository),
                    service,
                    environment,
                })
            }
            _ => Err(NotParsed::new(
                "a release line (release/<repository id>/<service>/<environment>)",
                text,
            )),
        }
    }
}

/// The intake of a repository: what was pushed and built in it, until its release lines know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IntakeId(pub RepositoryId);

impl fmt::Display for IntakeId {
    /// `intake/<repository id>`: the start of its keys in the store.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "intake/{}", self.0)
    }
}

impl FromStr for IntakeId {
    type Err = NotParsed;

    fn from_str(text: &str) -> Result<Self, NotParsed> {
        text.strip_prefix("intake/")
            .and_then(|id| id.parse().ok())
            .map(|id| Self(RepositoryId(id)))
            .ok_or_else(|| NotParsed::new("an intake (intake/<repository id>)", text))
    }
}
