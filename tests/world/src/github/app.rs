//! GitHub Apps as stories see them: made, installed, suspended, their keys replaced and their tokens ended.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::installed::{self, Permissions};
use super::{GitHub, Repository};
use crate::state::Shared;

pub(super) const FIRST_KEY: &str = include_str!("../../keys/first.pem");
pub(super) const SECOND_KEY: &str = include_str!("../../keys/second.pem");

/// What an App is granted when it is installed, unless the story says otherwise.
const GRANTED: [(&str, &str); 7] = [
    ("actions", "write"),
    ("checks", "write"),
    ("contents", "read"),
    ("deployments", "write"),
    ("issues", "read"),
    ("metadata", "read"),
    ("pull_requests", "write"),
];

/// A GitHub App.
#[derive(Debug, Clone)]
pub struct App {
    shared: Arc<Shared>,
    id: u64,
}

/// An App on an account.
#[derive(Debug, Clone)]
pub struct Installation {
    shared: Arc<Shared>,
    id: u64,
}

impl GitHub {
    /// The App with this slug, made if there is none; it is installed nowhere yet.
    pub fn app(&self, slug: &str) -> App {
        let (names, clock) = (&self.shared.names, &self.shared.clock);
        let id = self.shared.change(|state| {
            let github = &mut state.github;
            let found = github.installed.apps.values().find(|app| app.slug == slug);
            if let Some(found) = found {
                return found.id;
            }
            let id = names.number();
            let app = installed::App {
                id,
                slug: slug.to_owned(),
                bot: github.user_named(&format!("{slug}[bot]"), "Bot", names),
                owner: github.user_named("acme", "Organization", names),
                keys: vec![FIRST_KEY],
                client_id: format!("Iv23li{id}"),
                client_secret: names.sha(),
                callback_urls: Vec::new(),
                created_at: clock.now(),
            };
            github.installed.apps.insert(id, app);
            id
        });
        App {
            shared: Arc::clone(&self.shared),
            id,
        }
    }

    /// All installations.
    #[must_use]
    pub fn installations(&self) -> Vec<Installation> {
        let ids: Vec<u64> = self.shared.look(|state| {
            state
                .github
                .installed
                .installations
                .keys()
                .copied()
                .collect()
        });
        ids.into_iter()
            .map(|id| Installation {
                shared: Arc::clone(&self.shared),
                id,
            })
            .collect()
    }
}

impl App {
    /// For `github_app_id`.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// For `github_app_private_key`: the newest key, as the file that GitHub lets people download.
    #[must_use]
    pub fn private_key(&self) -> &'static str {
        self.shared.look(|state| {
            let app = state.github.installed.apps.get(&self.id);
            app.and_then(|app| app.keys.last().copied())
                .unwrap_or_default()
        })
    }

    /// For `github_app_client_id`.
    #[must_use]
    pub fn client_id(&self) -> String {
        self.look(|app| app.client_id.clone())
    }

    /// For `github_app_client_secret`.
    #[must_use]
    pub fn client_secret(&self) -> String {
        self.look(|app| app.client_secret.clone())
    }

    /// Where people may be sent back to who authorize it.
    pub fn call_back_to(&self, url: &str) {
        self.shared.change(|state| {
            if let Some(app) = state.github.installed.apps.get_mut(&self.id) {
                app.callback_urls.push(url.to_owned());
            }
        });
    }

    /// How many tokens of people for it are good.
    #[must_use]
    pub fn people_tokens(&self) -> usize {
        self.shared.look(|state| {
            let all = state.github.installed.authorized.values();
            all.filter(|token| token.app == self.id).count()
        })
    }

    fn look<T: Default>(&self, of: impl FnOnce(&installed::App) -> T) -> T {
        self.shared
            .look(|state| state.github.installed.apps.get(&self.id).map(of))
            .unwrap_or_default()
    }

    /// Somebody replaces the key: the old one is good no more. Gives the new one.
    pub fn replace_key(&self) -> &'static str {
        self.shared.change(|state| {
            if let Some(app) = state.github.installed.apps.get_mut(&self.id) {
                let is_first = app.keys.contains(&FIRST_KEY);
                app.keys = vec![if is_first { SECOND_KEY } else { FIRST_KEY }];
            }
        });
        self.private_key()
    }

    /// Installs it on all repositories of an account, as people do: the delivery tells of it.
    pub fn install(&self, account: &str) -> Installation {
        let installation = self.install_on(account);
        installation.tell("created");
        installation
    }

    /// It was installed on all repositories of an account, long before the story begins.
    pub fn install_on(&self, account: &str) -> Installation {
        let (names, clock) = (&self.shared.names, &self.shared.clock);
        let id = self.shared.change(|state| {
            let id = names.number();
            let account = state.github.user_named(account, "Organization", names);
            let granted = GRANTED.map(|(name, level)| (name.to_owned(), level.to_owned()));
            let installation = installed::Installation {
                id,
                app: self.id,
                account,
                permissions: Permissions::from(granted),
                repositories: None,
                suspended_at: None,
                created_at: clock.now(),
            };
            state
                .github
                .installed
                .installations
                .insert(id, installation);
            id
        });
        Installation {
            shared: Arc::clone(&self.shared),
            id,
        }
    }
}

impl Installation {
    /// GitHub's numeric id.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    fn change(&self, change: impl FnOnce(&mut installed::Installation)) {
        self.shared.change(|state| {
            let found = state.github.installed.installations.get_mut(&self.id);
            found.map(change)
        });
    }

    /// Sends an `installation` delivery.
    fn tell(&self, action: &str) {
        let shared = &self.shared;
        shared.change(|state| {
            let (api, names) = (shared.github_url(), &shared.names);
            state.github.emit_installation(action, self.id, api, names);
        });
    }

    /// Only these repositories may be reached by it, tokens that exist included.
    pub fn limit_to(&self, repositories: &[&Repository]) {
        let only = repositories
            .iter()
            .map(|repository| repository.id)
            .collect();
        self.reach(Some(only));
    }

    /// All repositories of the account may be reached by it.
    pub fn reach_all(&self) {
        self.reach(None);
    }

    fn reach(&self, only: Option<BTreeSet<u64>>) {
        let shared = &self.shared;
        shared.change(|state| {
            let github = &mut state.github;
            let before = github.reached_by(self.id);
            if let Some(found) = github.installed.installations.get_mut(&self.id) {
                found.repositories = only;
            }
            let after = github.reached_by(self.id);
            let (api, names) = (shared.github_url(), &shared.names);
            github.emit_reach(self.id, (&before, &after), api, names);
        });
    }

    /// The account's owner accepts new permissions.
    pub fn accept_permissions(&self) {
        self.tell("new_permissions_accepted");
    }

    /// Grants a permission, or another level of it; `none` takes it away.
    pub fn grant(&self, name: &str, level: &str) {
        self.change(|found| {
            if level == "none" {
                found.permissions.remove(name);
            } else {
                found.permissions.insert(name.to_owned(), level.to_owned());
            }
        });
    }

    /// The account's owner suspends it: 403 for all that it does.
    pub fn suspend(&self) {
        let now = self.shared.clock.now();
        self.change(|found| found.suspended_at = Some(now));
        self.tell("suspend");
    }

    /// The account's owner lets it go on.
    pub fn unsuspend(&self) {
        self.change(|found| found.suspended_at = None);
        self.tell("unsuspend");
    }

    /// The account's owner uninstalls it: its tokens are good no more.
    pub fn delete(&self) {
        self.tell("deleted");
        self.shared.change(|state| {
            let installed = &mut state.github.installed;
            installed.installations.remove(&self.id);
            installed
                .tokens
                .retain(|_, token| token.installation != self.id);
        });
    }

    /// All tokens that it got are good no more.
    pub fn end_tokens(&self) {
        self.shared.change(|state| {
            let tokens = &mut state.github.installed.tokens;
            tokens.retain(|_, token| token.installation != self.id);
        });
    }
}
