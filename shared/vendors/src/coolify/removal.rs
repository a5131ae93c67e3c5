//! Removing the preview of a pull request (VENDORS 1.3).

use std::time::Duration;

use domain::{ApplicationUuid, PullRequestNumber};
use http::{Method, StatusCode};
use ports::Http;

use super::{ApiRequest, Client, refusal};
use crate::{
    CallError,
    exchange::{Repeat, message},
};

/// Coolify stops the containers over SSH before it answers; and a lease must outlast every request.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What Coolify did about a request to remove a preview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removal {
    /// The preview is being removed: deployments are cancelled, and a job clears the rest. The containers stay if Coolify cannot
    /// reach the server, and the answer is the same.
    Requested,
    /// The application exists and has no preview of this pull request.
    NothingThere,
    /// There is no such application, as far as the token's team can see: with it Coolify deletes its previews too.
    NoApplication {
        /// What was asked, what Coolify answered, and what would be right.
        refusal: CallError,
    },
}

impl<H: Http> Client<H> {
    /// Removes the application's preview of the pull request. A repeat is harmless: it finds nothing.
    pub async fn remove_preview(
        &self,
        application: &ApplicationUuid,
        number: PullRequestNumber,
    ) -> Result<Removal, CallError> {
        let what = format!(
            "removing the preview of pull request {number} from Coolify application {application}"
        );
        let exchange = self.exchange(what, Repeat::Harmless)?;
        let request = ApiRequest {
            method: Method::DELETE,
            path: format!("/applications/{application}/previews/{number}"),
            body: Vec::new(),
            timeout: TIMEOUT,
        };
        let response = self.send(&exchange, request).await?;
        match response.status {
            // A page of a proxy's or of Coolify's own is a 200 too; only its own words mean that something happened.
            StatusCode::OK if message(&response).is_some() => Ok(Removal::Requested),
            StatusCode::OK => Err(exchange.unreadable(&response, "no message")),
            StatusCode::NOT_FOUND
                if message(&response).as_deref() == Some("Preview not found.") =>
            {
                Ok(Removal::NothingThere)
            }
            StatusCode::NOT_FOUND
                if message(&response).as_deref() == Some("Application not found.") =>
            {
                let refusal = exchange.failure(&response, refusal::hint(&response));
                Ok(Removal::NoApplication { refusal })
            }
            _ => Err(exchange.failure(&response, refusal::hint(&response))),
        }
    }
}
