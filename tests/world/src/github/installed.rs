//! What GitHub knows of Apps: their keys, where they are installed, and the tokens that they got.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::state::{GitHubState, Repository};

/// Permission name to level, `read` or `write`.
pub(crate) type Permissions = BTreeMap<String, String>;

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Apps {
    pub(crate) apps: BTreeMap<u64, App>,
    pub(crate) installations: BTreeMap<u64, Installation>,
    pub(crate) tokens: BTreeMap<String, Token>,
    /// Manifests of Apps to be, by the codes that were given for them.
    pub(crate) manifests: BTreeMap<String, Value>,
    /// What people agreed to, by the codes that they were sent back with.
    pub(crate) codes: BTreeMap<String, Code>,
    /// Tokens of people for an App.
    pub(crate) authorized: BTreeMap<String, Authorized>,
}

/// Somebody authorized an App.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) app: u64,
    pub(crate) user: u64,
    pub(crate) redirect_uri: String,
    /// The SHA-256 of the verifier that must come with the code (PKCE).
    pub(crate) challenge: Option<String>,
    pub(crate) expires_at: i64,
}

/// What a person's token for an App is worth.
#[derive(Debug, Clone)]
pub(crate) struct Authorized {
    pub(crate) app: u64,
    pub(crate) user: u64,
    pub(crate) expires_at: i64,
}

#[derive(Debug)]
pub(crate) struct App {
    pub(crate) id: u64,
    pub(crate) slug: String,
    /// The account that acts for it.
    pub(crate) bot: u64,
    pub(crate) owner: u64,
    /// The private keys whose public halves GitHub has, as PEM.
    pub(crate) keys: Vec<&'static str>,
    /// By which people's browsers and exchanges of codes name it.
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// Where people may be sent back to.
    pub(crate) callback_urls: Vec<String>,
    pub(crate) created_at: i64,
}

#[derive(Debug)]
pub(crate) struct Installation {
    pub(crate) id: u64,
    pub(crate) app: u64,
    pub(crate) account: u64,
    pub(crate) permissions: Permissions,
    /// None: all of the account's.
    pub(crate) repositories: Option<BTreeSet<u64>>,
    pub(crate) suspended_at: Option<i64>,
    pub(crate) created_at: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) installation: u64,
    /// None: all of the installation's.
    pub(crate) repositories: Option<BTreeSet<u64>>,
    pub(crate) permissions: Permissions,
    pub(crate) expires_at: i64,
}

/// Whether a permission is among those that were granted; `write` includes `read`.
pub(crate) fn grants(granted: &Permissions, name: &str, level: &str) -> bool {
    granted
        .get(name)
        .is_some_and(|found| found == level || found == "write")
}

impl Installation {
    pub(crate) fn covers(&self, repository: &Repository) -> bool {
        repository.owner == self.account
            && self
                .repositories
                .as_ref()
                .is_none_or(|only| only.contains(&repository.id))
    }
}

impl GitHubState {
    /// By which installation an App reaches the repository; any App's if none is named.
    pub(crate) fn installation_on(
        &self,
        app: Option<u64>,
        repository: &Repository,
    ) -> Option<&Installation> {
        self.installed.installations.values().find(|installation| {
            app.is_none_or(|app| app == installation.app) && installation.covers(repository)
        })
    }
}
