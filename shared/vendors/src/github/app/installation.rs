//! Which installation of the App a repository belongs to: told by deliveries, else asked for by name, and remembered.

use domain::{InstallationId, RepositoryId};
use http::{Method, StatusCode};
use ports::{Clock, Http, Label, Store, StoreError};
use serde::Deserialize;

use super::App;
use crate::{
    CallError,
    exchange::{Exchange, Repeat},
    github::{Client, Repository, credentials::Login, seen},
};

#[derive(Deserialize)]
struct Wire {
    id: InstallationId,
}

fn key(repository: RepositoryId) -> String {
    format!("github/installation/{repository}")
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// Remembers what a delivery said: by which installation GitHub told of the repository. Nothing is kept for a plain token.
    pub async fn remember_installation(
        &self,
        repository: RepositoryId,
        installation: InstallationId,
    ) -> Result<(), StoreError> {
        let Ok(setup) = &self.setup else {
            return Ok(());
        };
        let Login::App(app) = &setup.login else {
            return Ok(());
        };
        match self.known_installation(repository).await? {
            Some(known) if known == installation => return Ok(()),
            // A token of another installation does not reach the repository any more.
            Some(_) => {
                app.forget(repository);
                self.forget_repository(repository).await?;
            }
            None => {}
        }
        let text = installation.to_string();
        self.store
            .set(Label::Default, &key(repository), text.as_bytes())
            .await
    }

    /// Deletes all that is stored for the repository: its token, with what led to it, its installation, and what was read of it.
    pub async fn forget_repository(&self, repository: RepositoryId) -> Result<(), StoreError> {
        let mut spent = self.token_keys(repository).await?;
        spent.push(key(repository));
        spent.extend(seen::keys(repository));
        let spent: Vec<&str> = spent.iter().map(String::as_str).collect();
        self.store.delete_many(Label::Default, &spent).await
    }

    async fn known_installation(
        &self,
        repository: RepositoryId,
    ) -> Result<Option<InstallationId>, StoreError> {
        let stored = self.store.get(Label::Default, &key(repository)).await?;
        Ok(stored.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// The repository's installation, and whether GitHub itself said so just now. `anew` is for one that proved wrong.
    pub(super) async fn installation(
        &self,
        app: &App,
        repository: Repository<'_>,
        anew: bool,
    ) -> Result<(InstallationId, bool), CallError> {
        let what = format!("looking up the App's installation on {}", repository.name);
        let exchange = self.exchange_of(what, Repeat::Harmless)?;
        if !anew {
            let known = self.known_installation(repository.id).await;
            if let Some(known) = known.map_err(|error| store_failed(&exchange, &error))? {
                return Ok((known, false));
            }
        }
        let path = format!("/repos/{}/installation", repository.name);
        let response = self
            .send_as_app(app, &exchange, Method::GET, &path, Vec::new())
            .await?;
        if response.status != StatusCode::OK {
            return Err(self.app_failure(app, &exchange, &response));
        }
        let wire: Wire = exchange.read(&response)?;
        self.remember_installation(repository.id, wire.id)
            .await
            .map_err(|error| store_failed(&exchange, &error))?;
        Ok((wire.id, true))
    }
}

/// The error for a store that fails before GitHub is asked for anything that has an effect.
pub(in crate::github) fn store_failed(exchange: &Exchange<'_>, error: &StoreError) -> CallError {
    exchange.retry(exchange.reason(&error.to_string()), None)
}
