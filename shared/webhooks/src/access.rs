//! Deliveries that tell of what the App may reach: `installation`, `installation_repositories`, `installation_target` and
//! `repository`.
//!
//! All that is taken from them is of whom they tell: the installation or the repository itself is asked for from the API. The
//! repositories that an installation lost are named too, since an API that does not show them agrees with the delivery then.

use std::collections::BTreeMap;

use domain::{InstallationId, RepositoryId, RepositoryName, Timestamp, installation::Hearsay};
use serde::Deserialize;

use crate::{
    Malformed,
    body::not_utf8,
    json::{self, Object},
};

/// What a delivery says of the App's reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessEvent {
    /// An installation is to be looked at.
    Installation {
        /// Which one.
        id: InstallationId,
        /// What the delivery says of it.
        hearsay: Hearsay,
    },
    /// A repository is to be looked at.
    Repository {
        /// Which one.
        id: RepositoryId,
        /// Its name then.
        full_name: RepositoryName,
        /// When GitHub last changed it.
        as_of: Timestamp,
        /// By which installation GitHub told of it; none in a delivery of a repository's own webhook.
        installation: Option<InstallationId>,
    },
}

/// The events that are parsed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Installation,
    InstallationRepositories,
    InstallationTarget,
    Repository,
}

impl Kind {
    pub(crate) fn of(event: &str) -> Option<Self> {
        match event {
            "installation" => Some(Self::Installation),
            "installation_repositories" => Some(Self::InstallationRepositories),
            "installation_target" => Some(Self::InstallationTarget),
            "repository" => Some(Self::Repository),
            _ => None,
        }
    }

    /// The actions that mean something here. GitHub sends `repository` `deleted` to no App.
    pub(crate) fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Installation => &[
                "created",
                "deleted",
                "suspend",
                "unsuspend",
                "new_permissions_accepted",
            ],
            Self::InstallationRepositories => &["added", "removed"],
            Self::InstallationTarget => &["renamed"],
            Self::Repository => &[
                "renamed",
                "transferred",
                "archived",
                "unarchived",
                "privatized",
                "publicized",
                EDITED,
            ],
        }
    }

    pub(crate) fn uses(self, action: &str) -> bool {
        self.actions().contains(&action)
    }
}

/// `repository` `edited`: used only if the default branch changed.
pub(crate) const EDITED: &str = "edited";

/// Parses the payload of a delivery of `event` that [`crate::route`] did not ignore.
pub fn access_event(event: &str, payload: &[u8]) -> Result<AccessEvent, Malformed> {
    let kind = Kind::of(event).ok_or_else(|| {
        Malformed::new(&format!("{event} events tell nothing of the App's reach"))
    })?;
    let payload = std::str::from_utf8(payload).map_err(not_utf8)?;
    let parsed = WireEvent::parse(kind, payload)?;
    if !parsed.is_used() {
        return Err(Malformed::new(&format!(
            "action: found {:?}, expected one that concerns the App's reach",
            parsed.action()
        )));
    }
    Ok(parsed.read())
}

/// What is read of a payload.
pub(crate) enum WireEvent {
    Installation(Kind, WireInstallationEvent),
    Repository(WireRepositoryEvent),
}

#[derive(Deserialize)]
pub(crate) struct WireInstallationEvent {
    action: String,
    installation: Object<WireInstallation>,
    repositories: Option<Vec<Object<WireRepository>>>,
    repositories_removed: Option<Vec<Object<WireRepository>>>,
}

#[derive(Deserialize)]
struct WireInstallation {
    id: u64,
    app_id: Option<u64>,
}

#[derive(Deserialize)]
struct WireRepository {
    id: u64,
    #[serde(deserialize_with = "json::identity")]
    full_name: RepositoryName,
}

#[derive(Deserialize)]
pub(crate) struct WireRepositoryEvent {
    action: String,
    repository: Object<WireChangedRepository>,
    installation: Option<Object<WireInstallation>>,
    changes: Option<WireChanges>,
}

#[derive(Deserialize)]
struct WireChangedRepository {
    id: u64,
    #[serde(deserialize_with = "json::identity")]
    full_name: RepositoryName,
    #[serde(deserialize_with = "json::timestamp")]
    updated_at: Timestamp,
}

#[derive(Deserialize)]
struct WireChanges {
    default_branch: Option<serde::de::IgnoredAny>,
}

impl WireEvent {
    pub(crate) fn parse(kind: Kind, payload: &str) -> Result<Self, Malformed> {
        match kind {
            Kind::Installation | Kind::InstallationRepositories | Kind::InstallationTarget => {
                Ok(Self::Installation(kind, json::parse(payload)?))
            }
            Kind::Repository => Ok(Self::Repository(json::parse(payload)?)),
        }
    }

    pub(crate) fn action(&self) -> &str {
        match self {
            Self::Installation(_, event) => &event.action,
            Self::Repository(event) => &event.action,
        }
    }

    /// The repository, if it tells of one alone.
    pub(crate) fn repository(&self) -> Option<RepositoryId> {
        match self {
            Self::Installation(..) => None,
            Self::Repository(event) => Some(RepositoryId(event.repository.0.id)),
        }
    }

    /// Whether the action means something here.
    pub(crate) fn is_used(&self) -> bool {
        match self {
            Self::Installation(kind, event) => kind.uses(&event.action),
            Self::Repository(event) => {
                let other_branch = event
                    .changes
                    .as_ref()
                    .is_some_and(|changes| changes.default_branch.is_some());
                Kind::Repository.uses(&event.action) && (event.action != EDITED || other_branch)
            }
        }
    }

    fn read(self) -> AccessEvent {
        match self {
            Self::Installation(_, event) => {
                let ended = matches!(event.action.as_str(), "deleted" | "suspend");
                let mut lost = event.repositories_removed.unwrap_or_default();
                if ended {
                    lost.extend(event.repositories.unwrap_or_default());
                }
                let installation = event.installation.0;
                AccessEvent::Installation {
                    id: InstallationId(installation.id),
                    hearsay: Hearsay {
                        app: installation.app_id,
                        ended,
                        lost: named(lost),
                    },
                }
            }
            Self::Repository(event) => {
                let repository = event.repository.0;
                AccessEvent::Repository {
                    id: RepositoryId(repository.id),
                    full_name: repository.full_name,
                    as_of: repository.updated_at,
                    installation: event.installation.map(|found| InstallationId(found.0.id)),
                }
            }
        }
    }
}

fn named(repositories: Vec<Object<WireRepository>>) -> BTreeMap<RepositoryId, RepositoryName> {
    repositories
        .into_iter()
        .map(|repository| (RepositoryId(repository.0.id), repository.0.full_name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn told(event: &str, payload: &str) -> String {
        match access_event(event, payload.as_bytes()) {
            Ok(event) => format!("{event:?}"),
            Err(error) => format!("malformed: {error}"),
        }
    }

    #[test]
    fn an_installation_is_named_with_the_repositories_that_it_lost() {
        let lost = r#"[{"id":7,"full_name":"acme/shop"}]"#;
        insta::assert_snapshot!([
            told("installation", &format!(r#"{{"action":"deleted","installation":{{"id":5,"app_id":3}},"repositories":{lost}}}"#)),
            told("installation", &format!(r#"{{"action":"created","installation":{{"id":5,"app_id":3}},"repositories":{lost}}}"#)),
            told("installation_repositories", &format!(r#"{{"action":"removed","installation":{{"id":5}},"repositories_removed":{lost}}}"#)),
            told("installation_target", r#"{"action":"renamed","installation":{"id":5,"node_id":"x"},"changes":{}}"#),
        ].join("\n"), @"
        Installation { id: InstallationId(5), hearsay: Hearsay { app: Some(3), ended: true, lost: {RepositoryId(7): acme/shop} } }
        Installation { id: InstallationId(5), hearsay: Hearsay { app: Some(3), ended: false, lost: {} } }
        Installation { id: InstallationId(5), hearsay: Hearsay { app: None, ended: false, lost: {RepositoryId(7): acme/shop} } }
        Installation { id: InstallationId(5), hearsay: Hearsay { app: None, ended: false, lost: {} } }
        ");
    }

    #[test]
    fn a_repository_is_named_with_its_name_and_time() {
        let repository = r#"{"id":7,"full_name":"acme/till","updated_at":"2026-11-21T10:31:07Z"}"#;
        insta::assert_snapshot!([
            told("repository", &format!(r#"{{"action":"renamed","installation":{{"id":5}},"repository":{repository}}}"#)),
            told("repository", &format!(r#"{{"action":"edited","changes":{{"default_branch":{{"from":"main"}}}},"repository":{repository}}}"#)),
            told("repository", &format!(r#"{{"action":"edited","changes":{{"description":{{"from":"old"}}}},"repository":{repository}}}"#)),
            told("repository", r#"{"action":"renamed","repository":{"id":7,"full_name":"a/../b","updated_at":"x"}}"#),
            told("repository", r#"{"action":"deleted","repository":{"id":7,"full_name":"a/b","updated_at":"2026-11-21T10:31:07Z"}}"#),
            told("push", "{}"),
        ].join("\n"), @r#"
        Repository { id: RepositoryId(7), full_name: acme/till, as_of: 2026-11-21T10:31:07Z, installation: Some(InstallationId(5)) }
        Repository { id: RepositoryId(7), full_name: acme/till, as_of: 2026-11-21T10:31:07Z, installation: None }
        malformed: action: found "edited", expected one that concerns the App's reach
        malformed: repository.full_name: found "a/../b", expected a repository name (owner/name)
        malformed: action: found "deleted", expected one that concerns the App's reach
        malformed: push events tell nothing of the App's reach
        "#);
    }
}
