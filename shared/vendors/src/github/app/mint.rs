//! Asking GitHub for an installation token: for the one repository, with the least permissions.

use std::collections::BTreeMap;

use domain::{RepositoryId, Timestamp};
use http::{Method, StatusCode};
use ports::{Clock, Http, Label, Store};
use serde::{Deserialize, Serialize};

use super::{
    App, InstallationId,
    installation::store_failed,
    permissions::{LISTING, PERMISSIONS},
    token::{Failure, Record, Token, claim_key},
};
use crate::{
    CallError,
    exchange::{Exchange, Repeat},
    github::{Client, Repository},
};

/// What a token is to be for.
#[derive(Serialize)]
pub(super) struct Wish {
    /// None: all that the installation reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    repository_ids: Option<[u64; 1]>,
    permissions: BTreeMap<&'static str, &'static str>,
}

impl Wish {
    /// All that Slipway does with one repository.
    fn working(repository: RepositoryId) -> Self {
        Self {
            repository_ids: Some([repository.0]),
            permissions: PERMISSIONS.into_iter().collect(),
        }
    }

    /// Nothing but seeing that repositories are there: one, or all.
    pub(super) fn listing(repository: Option<RepositoryId>) -> Self {
        Self {
            repository_ids: repository.map(|repository| [repository.0]),
            permissions: BTreeMap::from([LISTING]),
        }
    }
}

#[derive(Deserialize)]
struct Wire {
    token: String,
    expires_at: String,
}

/// What became of one request for a token.
pub(super) enum Asked {
    Given(Token),
    /// The installation is gone, or is not the repository's any more.
    WrongInstallation(CallError),
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// Gets a token under the claim `number`, and tells everybody what came of it.
    pub(super) async fn renew_token(
        &self,
        app: &App,
        repository: Repository<'_>,
        before: Option<&Record>,
        number: u64,
    ) -> Result<Token, CallError> {
        let what = format!("getting a token of the App for {}", repository.name);
        // A second token does no harm: each ends by itself.
        let exchange = self.exchange_of(what, Repeat::Harmless)?;
        let result = self.new_token(app, &exchange, repository).await;
        let record = match &result {
            Ok(token) => Record {
                number,
                token: Some(token.clone()),
                failure: None,
            },
            Err(error) => Record {
                number,
                token: before.and_then(|before| before.token.clone()),
                failure: Some(Failure::of(error, self.clock.now())),
            },
        };
        let written = self.write_token(repository.id, &record).await;
        written.map_err(|error| store_failed(&exchange, &error))?;
        // Those before it are of no use. Its own stays: somebody may be about to go for it.
        let first = before.map_or(0, |before| before.number);
        let spent: Vec<String> = (first..number)
            .map(|number| claim_key(repository.id, number))
            .collect();
        let spent: Vec<&str> = spent.iter().map(String::as_str).collect();
        let deleted = self.store.delete_many(Label::Default, &spent).await;
        deleted.map_err(|error| store_failed(&exchange, &error))?;
        result
    }

    async fn new_token(
        &self,
        app: &App,
        exchange: &Exchange<'_>,
        repository: Repository<'_>,
    ) -> Result<Token, CallError> {
        let (installation, looked_up) = self.installation(app, repository, false).await?;
        let wish = Wish::working(repository.id);
        let error = match self.ask(app, exchange, &wish, installation).await? {
            Asked::Given(token) => return Ok(token),
            Asked::WrongInstallation(error) => error,
        };
        if looked_up {
            return Err(error);
        }
        let (found, _) = self.installation(app, repository, true).await?;
        if found == installation {
            return Err(error);
        }
        match self.ask(app, exchange, &wish, found).await? {
            Asked::Given(token) => Ok(token),
            Asked::WrongInstallation(error) => Err(error),
        }
    }

    /// Asks an installation for a token.
    pub(super) async fn ask(
        &self,
        app: &App,
        exchange: &Exchange<'_>,
        wish: &Wish,
        installation: InstallationId,
    ) -> Result<Asked, CallError> {
        let body = serde_json::to_vec(wish)
            .map_err(|error| exchange.refused(exchange.reason(&error.to_string()), ""))?;
        let path = format!("/app/installations/{installation}/access_tokens");
        let response = self
            .send_as_app(app, exchange, Method::POST, &path, body)
            .await?;
        match response.status {
            StatusCode::CREATED => {}
            StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY => {
                let error = self.app_failure(app, exchange, &response);
                return Ok(Asked::WrongInstallation(error));
            }
            _ => return Err(self.app_failure(app, exchange, &response)),
        }
        let wire: Wire = exchange.read(&response)?;
        let Some(expires_at) = Timestamp::parse(&wire.expires_at) else {
            return Err(exchange.unreadable(&response, "no time in expires_at"));
        };
        // On our clock, which may be another than GitHub's.
        let now = self.clock.now();
        let there = super::date(&response).unwrap_or(now);
        let expires_at = now.after(expires_at.since(there));
        Ok(Asked::Given(Token {
            token: wire.token,
            expires_at,
            installation,
        }))
    }
}
