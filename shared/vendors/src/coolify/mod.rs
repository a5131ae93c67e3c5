//! Coolify: deploys and removes previews of "Docker Image" applications, and shows deployments.
//!
//! What a naive client gets wrong (VENDORS is the page of vendor facts; observed on v4.3.10):
//!
//! - 1.1: without `Accept: application/json` errors are HTML and redirects.
//! - 1.1: `{"success":true,"message":"API is disabled."}` is a 403: `success` in a body means nothing.
//! - 1.1: applications have a uuid, never a name.
//! - 1.2: `GET /deploy` is refused from 4.2.0 on, and the URL that Coolify shows as "deploy webhook" deploys production: both the
//!   uuid and the pull request are in the body of a `POST` here, and `force` is left out (old versions read "false" as true).
//! - 1.2: 200 is not success: an entry without `deployment_uuid` is a refusal ([`DeployRefusal`]).
//! - 1.2: `Deployment already queued for this commit.` carries the uuid of a deployment that does not exist
//!   ([`DeployOutcome::AlreadyQueued`]); that uuid is dropped.
//! - 1.3: the tag is only the tag; the image's name is the application's.
//! - 1.4: a deployment of the application itself shows 0 as its pull request; 0 is never asked for.
//! - 1.3: `finished` says that a container was started, not that it is healthy: probe the URL ([`crate::probe`]).
//! - 1.3: two different 404s answer a removal: only `Preview not found.` means gone ([`Removal::NothingThere`]).
//! - 1.3: a removal works over SSH within the request: it gets a longer time.
//! - 1.3: previews run with variables of production's unless somebody gave them values of their own: [`Client::inherited_variables`].
//! - 1.4: the list of an application's deployments is an object with `deployments`, which PHP may write as an object with numbers
//!   for keys; the OpenAPI document says otherwise on both.

mod cancellation;
mod deploy;
mod deployment;
mod refusal;
mod removal;
mod variables;

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, header};
use ports::{Http, Request, Response};

use crate::{
    CallError,
    address::{Access, Names},
    error::held_back,
    exchange::{Exchange, Repeat, USER_AGENT},
};

pub use cancellation::Cancellation;
pub use deploy::{DeployOutcome, DeployRefusal};
pub use deployment::{Deployment, DeploymentStatus};
pub use removal::Removal;

/// Coolify's name for people.
pub const VENDOR: &str = "Coolify";

const NAMES: Names = Names {
    vendor: VENDOR,
    url_variable: "coolify_url",
    token_variable: "coolify_token",
};

/// How long an answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A client of one Coolify instance.
pub struct Client<H> {
    http: H,
    access: Result<Access, String>,
}

impl<H: Http> Client<H> {
    /// A client of the instance at `base_url` (without `/api/v1`), by an API token with the abilities read, write and deploy.
    /// A URL or token that cannot work is reported by every call as [`CallError::Refused`].
    pub fn new(http: H, base_url: &str, token: &str) -> Self {
        Self {
            http,
            access: Access::new(base_url, token, NAMES),
        }
    }

    /// Why a deployment would be held back at present, without asking for one: Coolify does not answer others either. None if it
    /// would be asked for.
    pub async fn held_back(&self) -> Option<CallError> {
        held_back(&self.http, "Deploying").await
    }

    fn access(&self, what: &str) -> Result<&Access, CallError> {
        self.access.as_ref().map_err(|problem| CallError::Refused {
            reason: format!("{what}: {problem}"),
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
        if !request.body.is_empty() {
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
            timeout: request.timeout,
        };
        self.http
            .send(request)
            .await
            .map_err(|error| exchange.no_answer(&error))
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
}

/// What differs between requests.
struct ApiRequest {
    method: Method,
    path: String,
    body: Vec<u8>,
    timeout: Duration,
}

impl ApiRequest {
    fn get(path: String) -> Self {
        Self {
            method: Method::GET,
            path,
            body: Vec::new(),
            timeout: TIMEOUT,
        }
    }
}
