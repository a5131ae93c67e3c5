//! Operations: asking for a sync or a rollback, and for the end of one (VENDORS 2.2, 2.5). All are asynchronous: the application
//! tells how they go on.

use domain::argocd::{Application, ApplicationId};
use http::{Method, StatusCode};
use ports::Http;
use serde_json::{Map, Value, json};

use super::{ApiRequest, Client, reading, refusal, wire::MARK};
use crate::{CallError, exchange::Repeat};

/// Whether what is no longer in Git is deleted from the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prune {
    /// It stays.
    No,
    /// It is deleted.
    Yes,
}

/// What came of asking for an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Argo CD took it; this is the application with the operation that is asked for.
    Yes(Box<Application>),
    /// Another operation is asked for or under way: nothing happened. It may be one's own, after a lost answer.
    Busy,
}

/// What came of asking an operation to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Termination {
    /// It is asked to; its phase tells when it did.
    Asked,
    /// None is under way.
    NothingRuns,
}

impl<H: Http> Client<H> {
    /// Asks for a sync to `revision`, or to what the application tracks. `mark` is written on the operation
    /// ([`Application::bears_mark`]): after [`CallError::Unknown`] it tells whether the sync was begun.
    pub async fn sync(
        &self,
        id: &ApplicationId,
        revision: Option<&str>,
        prune: Prune,
        mark: &str,
    ) -> Result<Begun, CallError> {
        let mut body = Map::new();
        if let Some(revision) = revision {
            body.insert("revision".to_owned(), revision.into());
        }
        if prune == Prune::Yes {
            body.insert("prune".to_owned(), Value::Bool(true));
        }
        body.insert("infos".to_owned(), json!([{"name": MARK, "value": mark}]));
        let what = match revision {
            Some(revision) => format!("syncing Argo CD application {id} to {revision}"),
            None => format!("syncing Argo CD application {id}"),
        };
        self.begin(id, what, "/sync", body).await
    }

    /// Asks for a rollback to an earlier deployment. No mark can be written on it: after [`CallError::Unknown`] look at the
    /// operation that is asked for, and whether the application [`Application::runs_again`] what it ran then.
    pub async fn rollback(
        &self,
        id: &ApplicationId,
        history: u64,
        prune: Prune,
    ) -> Result<Begun, CallError> {
        let mut body = Map::new();
        body.insert("id".to_owned(), history.into());
        if prune == Prune::Yes {
            body.insert("prune".to_owned(), Value::Bool(true));
        }
        let what = format!("rolling Argo CD application {id} back to its deployment {history}");
        self.begin(id, what, "/rollback", body).await
    }

    async fn begin(
        &self,
        id: &ApplicationId,
        what: String,
        path: &str,
        body: Map<String, Value>,
    ) -> Result<Begun, CallError> {
        let exchange = self.exchange(what, Repeat::Harmful)?;
        let request = ApiRequest::with_body(Method::POST, id, path, body);
        let response = self.send(&exchange, request).await?;
        if refusal::is_busy(&response) {
            return Ok(Begun::Busy);
        }
        let application = reading::shown(id, &exchange, &response)?.application;
        if !application.is_in_operation() {
            return Err(exchange.unreadable(&response, "no operation"));
        }
        Ok(Begun::Yes(Box::new(application)))
    }

    /// Asks the operation that is under way to stop, whosever it is. A repeat is harmless.
    pub async fn terminate(&self, id: &ApplicationId) -> Result<Termination, CallError> {
        let what = format!("terminating the operation of Argo CD application {id}");
        let exchange = self.exchange(what, Repeat::Harmless)?;
        let request = ApiRequest::bare(Method::DELETE, id, "/operation", "");
        let response = self.send(&exchange, request).await?;
        if refusal::says(&response, "No operation is in progress") {
            return Ok(Termination::NothingRuns);
        }
        if response.status != StatusCode::OK {
            return Err(refusal::failure(&exchange, &response));
        }
        // `{}`; a proxy's page is a 200 too.
        exchange.read::<Map<String, Value>>(&response)?;
        Ok(Termination::Asked)
    }
}
