//! Argo CD: reads applications, syncs them, sets an image or a parameter, rolls back, terminates.
//!
//! What a naive client gets wrong (VENDORS is the page of vendor facts; from Argo CD v3.5.1 and its source):
//!
//! - 2.1: every request that is no GET needs `Content-Type: application/json`, whole and exact, a DELETE without a body too.
//! - 2.1: without `project` a missing application is 403 `permission denied`; with it 404. The project goes into the query of GET
//!   and DELETE, and into the body of the others.
//! - 2.1: messages come wrapped (`error setting app operation: rpc error: code = … desc = …`): their words are looked for.
//! - 2.2: sync is asynchronous and takes a revision of the manifests' repository, never of the code's.
//! - 2.2: `syncOptions` and `retryStrategy` replace those of the application: never sent. `prune` deletes: only if asked for.
//! - 2.2: with auto-sync a sync to another revision is refused, and so is every rollback: foreseen by [`domain::argocd`].
//! - 2.2: an operation is named by nothing; ours carries a mark in `infos`, by which it is found again after a lost answer.
//! - 2.3: `refresh` holds the request until the controller has looked: it is a read with a longer time limit.
//! - 2.4: a merge patch replaces whole arrays, and nothing guards against a change in between. A JSON patch with a `test` of the
//!   source as it was read does.
//! - 2.5: history id 0 is a real one; terminating only asks, the phase tells when it is over.

mod operations;
mod reading;
mod refusal;
mod setting;
mod windows;
mod wire;
mod wire_status;

use std::time::Duration;

use domain::argocd::ApplicationId;
use http::{HeaderMap, HeaderValue, Method, header};
use ports::{Http, Request, Response};

use crate::{
    CallError,
    address::{Access, Names, percent_encoded},
    exchange::{Exchange, Repeat, USER_AGENT},
};

pub use operations::{Begun, Prune, Termination};
pub use reading::Refresh;
pub use setting::Set;

/// Argo CD's name for people.
pub const VENDOR: &str = "Argo CD";

const NAMES: Names = Names {
    vendor: VENDOR,
    url_variable: "argocd_url",
    token_variable: "argocd_token",
};

/// How long an answer is waited for. A change is checked by making all manifests, which takes Argo CD a while.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A client of one Argo CD.
pub struct Client<H> {
    http: H,
    access: Result<Access, String>,
}

impl<H: Http> Client<H> {
    /// A client of the Argo CD at `base_url` (without `/api/v1`), by the token of an account or a project's role. A URL or token
    /// that cannot work is reported by every call as [`CallError::Refused`].
    pub fn new(http: H, base_url: &str, token: &str) -> Self {
        Self {
            http,
            access: Access::new(base_url, token, NAMES),
        }
    }

    fn access(&self, what: &str) -> Result<&Access, CallError> {
        self.access.as_ref().map_err(|problem| CallError::Refused {
            reason: format!("{what}: {problem}"),
        })
    }

    fn exchange(&self, what: String, repeat: Repeat) -> Result<Exchange<'_>, CallError> {
        let secrets = &self.access(&what)?.secrets;
        Ok(Exchange {
            names: NAMES,
            what,
            repeat,
            secrets,
        })
    }

    /// Sends a request; the path follows `/api/v1`.
    async fn send(
        &self,
        exchange: &Exchange<'_>,
        request: ApiRequest,
    ) -> Result<Response, CallError> {
        let access = self.access(&exchange.what)?;
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::AUTHORIZATION, access.bearer.clone());
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        if request.method != Method::GET {
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
        }
        let request = Request {
            method: request.method,
            url: access.base.url(&format!("/api/v1{}", request.path)),
            headers,
            body: request.body,
            timeout: TIMEOUT,
        };
        self.http
            .send(request)
            .await
            .map_err(|error| exchange.no_answer(&error))
    }
}

/// What differs between requests.
struct ApiRequest {
    method: Method,
    path: String,
    body: Vec<u8>,
}

impl ApiRequest {
    /// A request without a body, which names the project in its query.
    fn bare(method: Method, id: &ApplicationId, rest: &str, query: &str) -> Self {
        let (name, project) = (&id.name, percent_encoded(id.project.as_str(), false));
        Self {
            method,
            path: format!("/applications/{name}{rest}?project={project}{query}"),
            body: Vec::new(),
        }
    }

    /// A request whose body names the application and the project.
    fn with_body(
        method: Method,
        id: &ApplicationId,
        rest: &str,
        mut body: serde_json::Map<String, serde_json::Value>,
    ) -> Self {
        body.insert("name".to_owned(), id.name.as_str().into());
        body.insert("project".to_owned(), id.project.as_str().into());
        Self {
            method,
            path: format!("/applications/{}{rest}", id.name),
            body: serde_json::Value::Object(body).to_string().into_bytes(),
        }
    }
}
