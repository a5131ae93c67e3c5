//! Who writes our comments.

use http::{Method, StatusCode};
use ports::{Clock, Http, Store};
use serde::Deserialize;

use super::{Client, Repository, credentials::Login};
use crate::{CallError, exchange::Repeat};

/// A GitHub account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// GitHub's numeric id.
    pub id: u64,
    /// The name, which its owner may change.
    pub login: String,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// The id of the account that writes our comments: the App's own, or the plain token's.
    pub async fn account(&self, repository: Repository<'_>) -> Result<u64, CallError> {
        let what = "reading the account of the GitHub token".to_owned();
        let call = self.exchange(repository, what, Repeat::Harmless)?;
        if let Login::App(app) = &self.setup(&call.what)?.login {
            return self.app_account(app, repository).await;
        }
        let response = self.send(&call, Method::GET, "/user", Vec::new()).await?;
        if response.status != StatusCode::OK {
            return Err(self.failure(&call, &response));
        }
        let user: User = call.read(&response)?;
        Ok(user.id)
    }
}
