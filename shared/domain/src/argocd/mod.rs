//! Argo CD's applications in Slipway's own words: what one shows, what a change of it would be, what Argo CD would refuse, and
//! when a rollout is over.
//!
//! Pure data and rules: the calls are in the crate `vendors`, what to call and when is for the planner of releases.

mod application;
mod change;
mod foresight;
mod gitops;
mod rollout;
mod windows;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{NotParsed, coolify::parsed_text};

pub use application::{
    Application, Automation, Condition, Health, HelmParameter, HelmValues, HistoryEntry, Initiator,
    Operation, Phase, Requested, ResourceTrouble, Source, SourceKind, Sync, SyncStatus,
    TroubleKind,
};
pub use change::{Change, Changed, ImageVersion, Setting};
pub use foresight::Foreseen;
pub use gitops::{Committed, GitPlace, NoGitPlace};
pub use rollout::Rollout;
pub use windows::{SyncWindow, SyncWindows, WindowKind};

/// Which application: its project and its name. The project is always sent, since without it Argo CD answers 403 for an
/// application that does not exist (VENDORS 2.1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ApplicationId {
    /// The project.
    pub project: ObjectName,
    /// The application.
    pub name: ObjectName,
}

impl fmt::Display for ApplicationId {
    /// `shop-production of project default`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of project {}", self.name, self.project)
    }
}

parsed_text! {
    /// The name of an application or a project: a name of Kubernetes, safe in a URL.
    ObjectName, "a Kubernetes name (lower-case letters, digits, - and ., with a letter or digit at both ends)", is_object_name
}

parsed_text! {
    /// The digest of an image: `sha256:` and 64 hexadecimal digits.
    ImageDigest, "a digest (sha256: and 64 lower-case hexadecimal digits)", is_digest
}

/// Takes what the configuration takes.
fn is_object_name(text: &str) -> bool {
    let ends = ['-', '.'];
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
    };
    (1..=253).contains(&text.len())
        && text.bytes().all(allowed)
        && !text.starts_with(ends)
        && !text.ends_with(ends)
}

fn is_digest(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let hexadecimal = text.strip_prefix("sha256:");
    hexadecimal.is_some_and(|digits| digits.len() == 64 && digits.bytes().all(allowed))
}

#[cfg(test)]
mod tests;
