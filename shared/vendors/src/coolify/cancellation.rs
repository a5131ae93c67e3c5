//! Cancelling a deployment (VENDORS 1.4).

use domain::DeploymentUuid;
use http::{Method, StatusCode};
use ports::Http;

use super::{ApiRequest, Client, TIMEOUT, refusal};
use crate::{
    CallError,
    exchange::{Repeat, message},
};

/// What Coolify did about a request to cancel a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancellation {
    /// It is cancelled, and its containers are stopped.
    Cancelled,
    /// It came to its end before, or there is none: how it ended is to be asked for.
    NothingToCancel,
}

impl<H: Http> Client<H> {
    /// Cancels the deployment. A repeat is harmless: it finds nothing to cancel. So does the one after a 500, which some versions
    /// answer although they cancelled.
    pub async fn cancel(&self, uuid: &DeploymentUuid) -> Result<Cancellation, CallError> {
        let what = format!("cancelling Coolify deployment {uuid}");
        let exchange = self.exchange(what, Repeat::Harmless)?;
        let request = ApiRequest {
            method: Method::POST,
            path: format!("/deployments/{uuid}/cancel"),
            body: Vec::new(),
            timeout: TIMEOUT,
        };
        let response = self.send(&exchange, request).await?;
        let said = message(&response);
        let says = |words: &str| said.as_deref().is_some_and(|said| said.starts_with(words));
        match response.status {
            // A proxy's page is a 200 too; only Coolify's own words mean that something happened.
            StatusCode::OK if said.is_some() => Ok(Cancellation::Cancelled),
            StatusCode::OK => Err(exchange.unreadable(&response, "no message")),
            StatusCode::BAD_REQUEST if says("Deployment cannot be cancelled.") => {
                Ok(Cancellation::NothingToCancel)
            }
            StatusCode::NOT_FOUND if says("Deployment not found.") => {
                Ok(Cancellation::NothingToCancel)
            }
            _ => Err(exchange.failure(&response, refusal::hint(&response))),
        }
    }
}
