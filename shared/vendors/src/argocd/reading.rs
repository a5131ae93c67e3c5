//! Reading an application, and having Argo CD look at it again first (VENDORS 2.3).

use domain::argocd::{Application, ApplicationId};
use http::{Method, StatusCode};
use ports::{Http, Response};
use serde_json::Value;

use super::{ApiRequest, Client, refusal, wire};
use crate::{
    CallError,
    exchange::{Exchange, Repeat},
};

/// How thoroughly Argo CD looks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// It compares the cluster with Git again.
    Normal,
    /// It makes the manifests again too, even if Git has not changed.
    Hard,
}

/// An application as it was read: in our words, and in Argo CD's.
pub(super) struct Reading {
    pub(super) application: Application,
    pub(super) raw: Value,
}

impl<H: Http> Client<H> {
    /// The application as Argo CD shows it.
    pub async fn application(&self, id: &ApplicationId) -> Result<Application, CallError> {
        let exchange = self.exchange(
            format!("reading Argo CD application {id}"),
            Repeat::Harmless,
        )?;
        Ok(self.read(id, &exchange).await?.application)
    }

    /// Has Argo CD look at the application again, and shows it then. The request lasts until that is done, some seconds as a
    /// rule: nothing for a request that a webhook waits for. That it took too long says nothing but that.
    pub async fn refreshed(
        &self,
        id: &ApplicationId,
        refresh: Refresh,
    ) -> Result<Application, CallError> {
        let what = format!("refreshing Argo CD application {id}");
        let exchange = self.exchange(what, Repeat::Harmless)?;
        let query = match refresh {
            Refresh::Normal => "&refresh=normal",
            Refresh::Hard => "&refresh=hard",
        };
        let request = ApiRequest::bare(Method::GET, id, "", query);
        let response = self.send(&exchange, request).await?;
        Ok(shown(id, &exchange, &response)?.application)
    }

    pub(super) async fn read(
        &self,
        id: &ApplicationId,
        exchange: &Exchange<'_>,
    ) -> Result<Reading, CallError> {
        let request = ApiRequest::bare(Method::GET, id, "", "");
        let response = self.send(exchange, request).await?;
        shown(id, exchange, &response)
    }
}

/// The application in an answer.
pub(super) fn shown(
    id: &ApplicationId,
    exchange: &Exchange<'_>,
    response: &Response,
) -> Result<Reading, CallError> {
    if response.status != StatusCode::OK {
        return Err(refusal::failure(exchange, response));
    }
    let raw: Value = exchange.read(response)?;
    let found = wire::Application::of(&raw)
        .map_err(|error| exchange.unreadable(response, &error.to_string()))?;
    if found.metadata.name != id.name.as_str() {
        return Err(exchange.unreadable(response, "another application"));
    }
    let application = found.shown(exchange);
    Ok(Reading { application, raw })
}
