//! Who the token is.

use http::{Method, StatusCode};
use ports::{Clock, Http};
use serde::Deserialize;

use super::Client;
use crate::{CallError, exchange::Repeat};

/// A GitHub account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// GitHub's numeric id.
    pub id: u64,
    /// The name, which its owner may change.
    pub login: String,
}

impl<H: Http, C: Clock> Client<H, C> {
    /// The account that the token acts as. Tokens of Apps are refused: they are no account.
    pub async fn user(&self) -> Result<User, CallError> {
        let exchange = self.exchange(
            "reading the account of the GitHub token".to_owned(),
            Repeat::Harmless,
        )?;
        let response = self
            .send(&exchange, Method::GET, "/user", Vec::new())
            .await?;
        if response.status != StatusCode::OK {
            return Err(self.failure(&exchange, &response));
        }
        exchange.read(&response)
    }
}
