//! Who the App is: its account writes its comments.

use domain::Timestamp;
use http::{Method, StatusCode};
use ports::{Clock, Http, Label, Store};
use serde::{Deserialize, Serialize};

use super::{App, installation::store_failed};
use crate::{
    CallError,
    address::percent_encoded,
    exchange::Repeat,
    github::{Client, Repository, credentials::Login, user::User},
};

/// An App as GitHub knows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AppIdentity {
    /// GitHub's numeric id.
    pub id: u64,
    /// The name in URLs; its account is called `<slug>[bot]`.
    pub slug: String,
}

/// The account that was found, and when: an App can be renamed, its account's id stays.
#[derive(Serialize, Deserialize)]
struct Known {
    user: u64,
    at: Timestamp,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// Asks GitHub who the App is, which shows whether id and key are right; none with a plain token.
    pub async fn app_identity(&self) -> Result<Option<AppIdentity>, CallError> {
        let exchange = self.exchange_of("signing in as the App".to_owned(), Repeat::Harmless)?;
        let Login::App(app) = &self.setup(&exchange.what)?.login else {
            return Ok(None);
        };
        let response = self
            .send_as_app(app, &exchange, Method::GET, "/app", Vec::new())
            .await?;
        if response.status != StatusCode::OK {
            return Err(self.app_failure(app, &exchange, &response));
        }
        exchange.read(&response).map(Some)
    }

    /// The id of the App's own account, asked for once and then remembered in the store.
    pub(in crate::github) async fn app_account(
        &self,
        app: &App,
        repository: Repository<'_>,
    ) -> Result<u64, CallError> {
        if let Some(account) = app.account.get() {
            return Ok(account);
        }
        let what = "looking up the account of the App".to_owned();
        let call = self.exchange(repository, what, Repeat::Harmless)?;
        let key = format!("github/app/{}", app.id);
        let stored = self.store.get(Label::Default, &key).await;
        let stored = stored.map_err(|error| store_failed(&call, &error))?;
        let known: Option<Known> = stored.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let account = match known {
            Some(known) => known.user,
            None => {
                let Some(identity) = self.app_identity().await? else {
                    return Err(call.refused(call.reason("there is no App"), ""));
                };
                let login = percent_encoded(&format!("{}[bot]", identity.slug), false);
                let path = format!("/users/{login}");
                let response = self.send(&call, Method::GET, &path, Vec::new()).await?;
                if response.status != StatusCode::OK {
                    return Err(self.failure(&call, &response));
                }
                let user: User = call.read(&response)?;
                let known = Known {
                    user: user.id,
                    at: self.clock.now(),
                };
                let bytes = serde_json::to_vec(&known).unwrap_or_default();
                let stored = self.store.set(Label::Default, &key, &bytes).await;
                stored.map_err(|error| store_failed(&call, &error))?;
                user.id
            }
        };
        app.account.set(Some(account));
        Ok(account)
    }
}
