//! Asking GitHub for an installation token: for one repository, with the least permissions.

use std::collections::BTreeMap;

use domain::{RepositoryId, Timestamp};
use http::{Method, StatusCode};
use ports::{Clock, Http, Label, Store};
use serde::{Deserialize, Serialize};

use super::{
    App, InstallationId,
    installation::store_failed,
    permissions::{LISTING, PERMISSIONS, READING_FILES},
    token::{Failure, Purpose, Record, Token, TokenId},
};
use crate::{
    CallError,
    exchange::{Exchange, Repeat},
    github::{Client, Repository},
};

/// The repository of an owner in which defaults for all of its repositories are.
pub(in crate::github) const OWNERS_REPOSITORY: &str = ".github";

/// What a token is to be for.
#[derive(Serialize)]
pub(super) struct Wish {
    /// None: all that the installation reaches.
    #[serde(flatten)]
    repositories: Option<Only>,
    permissions: BTreeMap<&'static str, &'static str>,
}

/// The one repository that a token is for.
#[derive(Serialize)]
enum Only {
    #[serde(rename = "repository_ids")]
    Id([u64; 1]),
    /// By its name without the owner's.
    #[serde(rename = "repositories")]
    Name([&'static str; 1]),
}

impl Wish {
    fn of(id: TokenId) -> Self {
        match id.purpose {
            Purpose::Work => Self {
                repositories: Some(Only::Id([id.repository.0])),
                permissions: PERMISSIONS.into_iter().collect(),
            },
            Purpose::OwnersFiles => Self {
                repositories: Some(Only::Name([OWNERS_REPOSITORY])),
                permissions: BTreeMap::from([READING_FILES]),
            },
        }
    }

    /// Nothing but seeing that repositories are there: one, or all.
    pub(super) fn listing(repository: Option<RepositoryId>) -> Self {
        Self {
            repositories: repository.map(|repository| Only::Id([repository.0])),
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
        (repository, purpose): (Repository<'_>, Purpose),
        before: Option<&Record>,
        number: u64,
    ) -> Result<Token, CallError> {
        let id = TokenId {
            repository: repository.id,
            purpose,
        };
        let what = match purpose {
            Purpose::Work => format!("getting a token of the App for {}", repository.name),
            Purpose::OwnersFiles => format!(
                "getting a token of the App for {}/{OWNERS_REPOSITORY}",
                repository.name.owner()
            ),
        };
        // A second token does no harm: each ends by itself.
        let exchange = self.exchange_of(what, Repeat::Harmless)?;
        let asked = match purpose {
            Purpose::Work => self.new_token(app, &exchange, repository).await,
            Purpose::OwnersFiles => {
                // The repository's own token was asked for before, so its installation is known, and the right one.
                match self.installation(app, repository, false).await {
                    Ok((found, _)) => self.ask(app, &exchange, &Wish::of(id), found).await,
                    Err(error) => Err(error),
                }
            }
        };
        let now = self.clock.now();
        let (result, failure) = match asked {
            Ok(Asked::Given(token)) => (Ok(token), None),
            Ok(Asked::WrongInstallation(error)) => {
                let failure = match purpose {
                    Purpose::Work => Failure::of(&error, now),
                    Purpose::OwnersFiles => Failure::uncovered(&error, now),
                };
                (Err(error), Some(failure))
            }
            Err(error) => {
                let failure = Failure::of(&error, now);
                (Err(error), Some(failure))
            }
        };
        let token = result.as_ref().ok().cloned();
        let record = Record {
            number,
            token: token.or_else(|| before.and_then(|before| before.token.clone())),
            failure,
        };
        let written = self.write_token(id, &record).await;
        written.map_err(|error| store_failed(&exchange, &error))?;
        // Those before it are of no use. Its own stays: somebody may be about to go for it.
        let first = before.map_or(0, |before| before.number);
        let spent: Vec<String> = (first..number).map(|number| id.claim_key(number)).collect();
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
    ) -> Result<Asked, CallError> {
        let (installation, looked_up) = self.installation(app, repository, false).await?;
        let wish = Wish::of(TokenId {
            repository: repository.id,
            purpose: Purpose::Work,
        });
        let asked = self.ask(app, exchange, &wish, installation).await?;
        if looked_up || matches!(asked, Asked::Given(_)) {
            return Ok(asked);
        }
        let (found, _) = self.installation(app, repository, true).await?;
        if found == installation {
            return Ok(asked);
        }
        self.ask(app, exchange, &wish, found).await
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
