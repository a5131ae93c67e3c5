//! GitHub as stories see it: repositories, people and the webhook.

pub(crate) mod api;
mod app;
mod checks;
mod comments;
pub(crate) mod deployments;
pub(crate) mod dispatches;
pub(crate) mod installed;
mod oidc;
pub(crate) mod packages;
pub(crate) mod protection;
mod pull_request;
mod push;
mod repository;
mod run;
mod shape;
pub(crate) mod state;
pub(crate) mod webhooks;

use std::sync::Arc;

pub use app::{App, Installation};
pub use checks::CheckRun;
pub use comments::Comment;
pub use deployments::{Deployment, DeploymentStatus};
pub use dispatches::Dispatch;
pub use protection::WaitingJob;
pub use pull_request::PullRequest;
pub use repository::Repository;
pub use run::{Run, RunBuilder};
pub use webhooks::Webhooks;

use crate::client::{Answer, ClientError};
use crate::state::Shared;
use webhooks::Delivery;

/// The simulated GitHub.
#[derive(Debug, Clone)]
pub struct GitHub {
    pub(crate) shared: Arc<Shared>,
}

impl GitHub {
    /// The repository with this full name, like `acme/shop`; made, with one commit on `main`, if there is none.
    pub fn repository(&self, full_name: &str) -> Repository {
        let (owner, name) = full_name.split_once('/').unwrap_or(("acme", full_name));
        let shared = &self.shared;
        let id = shared.change(|state| {
            if let Some(found) = state.github.named(full_name) {
                return found.id;
            }
            let owner = state
                .github
                .user_named(owner, "Organization", &shared.names);
            state
                .github
                .create_repository(owner, name, &shared.clock, &shared.names)
        });
        Repository {
            shared: Arc::clone(shared),
            id,
        }
    }

    /// All repositories.
    #[must_use]
    pub fn repositories(&self) -> Vec<Repository> {
        let ids: Vec<u64> = self
            .shared
            .look(|state| state.github.repositories.keys().copied().collect());
        ids.into_iter()
            .map(|id| Repository {
                shared: Arc::clone(&self.shared),
                id,
            })
            .collect()
    }

    /// An account takes another login: everything under the old one redirects as long as nobody else takes it, and Apps that are
    /// installed on the account are told.
    pub fn rename_account(&self, login: &str, to: &str) {
        let shared = &self.shared;
        shared.change(|state| {
            let github = &mut state.github;
            let account = github.user_named(login, "Organization", &shared.names);
            let owned = github.repositories.values();
            let former: Vec<(String, u64)> = owned
                .filter(|found| found.owner == account)
                .map(|found| (github.full_name(found).to_lowercase(), found.id))
                .collect();
            github.former_names.extend(former);
            if let Some(found) = github.users.get_mut(&account) {
                to.clone_into(&mut found.login);
            }
            github.emit_renamed_account(account, login, shared.github_url(), &shared.names);
        });
    }

    /// A token of this person, who is made if unknown.
    #[must_use]
    pub fn token_of(&self, login: &str) -> String {
        let token = format!("ghp_{}", self.shared.names.sha());
        self.add_token(&token, login);
        token
    }

    /// Makes this token one of this person's.
    pub fn add_token(&self, token: &str, login: &str) {
        let names = &self.shared.names;
        self.shared.change(|state| {
            let user = state.github.user_named(login, "User", names);
            state.github.tokens.insert(token.to_owned(), user);
        });
    }

    /// A person takes back what they authorized, or their account is suspended: their tokens for Apps are good no more.
    pub fn end_authorizations(&self, login: &str) {
        self.shared.change(|state| {
            let github = &mut state.github;
            let user = github.users.values().find(|user| user.login == login);
            let user = user.map(|user| user.id);
            let authorized = &mut github.installed.authorized;
            authorized.retain(|_, token| Some(token.user) != user);
        });
    }

    /// A token is no longer good: 401 from now on.
    pub fn revoke_token(&self, token: &str) {
        self.shared
            .change(|state| state.github.tokens.remove(token));
    }

    /// The webhook's deliveries.
    #[must_use]
    pub fn webhooks(&self) -> Webhooks {
        Webhooks {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Sends everything that waits to this URL; gives the deliveries with what the receiver said.
    pub async fn deliver_all_to(&self, url: &str) -> Vec<Delivery> {
        self.webhooks().deliver_all_to(url).await
    }

    /// Posts any headers and body to a URL, as somebody who pretends to be GitHub.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn deliver_raw(
        &self,
        url: &str,
        headers: &[(String, String)],
        body: Vec<u8>,
    ) -> Result<Answer, ClientError> {
        self.webhooks().deliver_raw(url, headers, body).await
    }
}
