//! The platform API: makes a virtual cluster for a pull request and removes it.
//!
//! Two calls are all that is known of it: `POST /api/v1/previews` with `prNumber`, `repository`, `branch`, `commitSha` and
//! `imageTag`, and `DELETE /api/v1/previews/pr-<number>`. What follows from that:
//!
//! - The preview has its name from the number, so asking again for the same one makes no second one; it goes to another commit
//!   in the same way.
//! - Nothing tells how far it is. That it was taken is a 2xx; the preview's own URL tells the rest ([`crate::probe`]).
//! - 409 is its word that the number is taken, by another repository for example.
//! - Its answers are JSON or empty. A page of a proxy's is neither, whatever its status: a 404 of one does not mean that nothing
//!   is there.

use std::time::Duration;

use domain::{CommitSha, ImageTag, PullRequestNumber, RepositoryName};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use ports::{Http, Request, Response};
use serde_json::{Value, json};

use crate::{
    CallError,
    address::{Access, Names},
    error::{excerpt, held_back},
    exchange::{Exchange, Repeat, USER_AGENT},
};

/// The platform API's name for people.
pub const VENDOR: &str = "Platform API";

const NAMES: Names = Names {
    vendor: VENDOR,
    url_variable: "platform_api_url",
    token_variable: "platform_api_token",
};

const TIMEOUT: Duration = Duration::from_secs(30);

/// A client of one platform API.
pub struct Client<H> {
    http: H,
    access: Result<Access, String>,
}

/// What is to run in the virtual cluster of a pull request.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// Whose pull request it is.
    pub repository: &'a RepositoryName,
    /// Its number.
    pub number: PullRequestNumber,
    /// Its head branch.
    pub branch: &'a str,
    /// Its head commit.
    pub commit: &'a CommitSha,
    /// The tag of the image that was built of it.
    pub tag: &'a ImageTag,
}

/// What the platform did about a request to deploy a preview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deployed {
    /// The platform took it.
    Taken,
    /// The platform has one of this number for somebody else: why, for people.
    OfAnother(CallError),
}

/// What the platform did about a request to remove a preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// It is being removed.
    Requested,
    /// There is none of this number.
    NothingThere,
}

impl<H: Http> Client<H> {
    /// A client of the API at `base_url` (without `/api/v1`). A URL or token that cannot work is reported by every call as
    /// [`CallError::Refused`].
    pub fn new(http: H, base_url: &str, token: &str) -> Self {
        Self {
            http,
            access: Access::new(base_url, token, NAMES),
        }
    }

    /// Why a preview would not be asked for at present, without asking: the platform does not answer others either.
    pub async fn held_back(&self) -> Option<CallError> {
        held_back(&self.http, "Deploying").await
    }

    /// Makes the virtual cluster of a pull request, or brings it to another commit. An answer that is lost is
    /// [`CallError::Unknown`]: something may be there.
    pub async fn deploy(&self, wish: Wish<'_>) -> Result<Deployed, CallError> {
        let what = format!(
            "deploying pull request {} to a virtual cluster",
            wish.number
        );
        let body = json!({
            "prNumber": wish.number.0,
            "repository": wish.repository.to_string(),
            "branch": wish.branch,
            "commitSha": wish.commit.as_str(),
            "imageTag": wish.tag.as_str(),
        });
        let path = "/api/v1/previews".to_owned();
        let (exchange, response) = self
            .call(what, Repeat::Harmful, (Method::POST, path), Some(&body))
            .await?;
        match response.status {
            status if status.is_success() && is_own(&response) => Ok(Deployed::Taken),
            status if status.is_success() => Err(exchange.unreadable(&response, "a page")),
            StatusCode::CONFLICT => {
                let hint = "The platform knows a preview by its number alone: the number may be taken by another repository";
                let refused = exchange.refused(exchange.reason(&said(&exchange, &response)), hint);
                Ok(Deployed::OfAnother(refused))
            }
            StatusCode::NOT_FOUND => Err(exchange.refused(
                exchange.reason(&said(&exchange, &response)),
                "The variable platform_api_url must be its address without /api/v1",
            )),
            _ => Err(exchange.failure(&response, hint(&response))),
        }
    }

    /// Removes the virtual cluster of a pull request. A repeat is harmless: it finds nothing.
    pub async fn remove(&self, number: PullRequestNumber) -> Result<Removal, CallError> {
        let what = format!("removing the virtual cluster of pull request {number}");
        let path = format!("/api/v1/previews/pr-{number}");
        let (exchange, response) = self
            .call(what, Repeat::Harmless, (Method::DELETE, path), None)
            .await?;
        match response.status {
            status if status.is_success() && is_own(&response) => Ok(Removal::Requested),
            status if status.is_success() => Err(exchange.unreadable(&response, "a page")),
            // Its own word, and not that of a proxy on the way.
            StatusCode::NOT_FOUND | StatusCode::GONE if object(&response).is_some() => {
                Ok(Removal::NothingThere)
            }
            // It is at it.
            StatusCode::CONFLICT if object(&response).is_some() => Ok(Removal::Requested),
            _ => Err(exchange.failure(&response, hint(&response))),
        }
    }

    async fn call(
        &self,
        what: String,
        repeat: Repeat,
        (method, path): (Method, String),
        body: Option<&Value>,
    ) -> Result<(Exchange<'_>, Response), CallError> {
        let access = self.access.as_ref().map_err(|problem| CallError::Refused {
            reason: format!("{what}: {problem}"),
        })?;
        let exchange = Exchange {
            names: NAMES,
            what,
            repeat,
            secrets: &access.secrets,
        };
        let json = HeaderValue::from_static("application/json");
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, json.clone());
        headers.insert(header::AUTHORIZATION, access.bearer.clone());
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        if body.is_some() {
            headers.insert(header::CONTENT_TYPE, json);
        }
        let request = Request {
            method,
            url: access.base.url(&path),
            headers,
            body: body
                .map(|body| body.to_string().into_bytes())
                .unwrap_or_default(),
            timeout: TIMEOUT,
        };
        let sent = self.http.send(request).await;
        let response = sent.map_err(|error| exchange.no_answer(&error))?;
        Ok((exchange, response))
    }
}

/// The body, if it is a JSON object.
fn object(response: &Response) -> Option<Value> {
    let body: Value = serde_json::from_slice(&response.body).ok()?;
    body.is_object().then_some(body)
}

/// Whether the platform wrote the answer.
fn is_own(response: &Response) -> bool {
    response.body.iter().all(u8::is_ascii_whitespace) || object(response).is_some()
}

/// `Platform API answered 409 "..."`, by the words in `error` or `message` if it has any.
fn said(exchange: &Exchange<'_>, response: &Response) -> String {
    let body = object(response);
    let words = ["error", "message", "detail"].into_iter();
    let words = words.filter_map(|key| body.as_ref()?.get(key)?.as_str().map(str::to_owned));
    match words.into_iter().next() {
        Some(words) => {
            let words = excerpt(&exchange.without_secrets(&words));
            format!("{VENDOR} answered {} \"{words}\"", response.status.as_u16())
        }
        None => exchange.said(response),
    }
}

/// A sentence for people on what to change.
fn hint(response: &Response) -> &'static str {
    match response.status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "The variable platform_api_token must hold a token that may make and remove previews"
        }
        _ => "",
    }
}
