//! GitHub's REST API, version 2022-11-28: pull requests, files, workflow runs, comments (VENDORS 4).
//!
//! - 4.4: every request has a `User-Agent`; without one GitHub answers 403.
//! - 4.5: the API version is pinned.
//! - 4.6: a limit is a 403 or a 429, and is told from a lack of rights by `Retry-After`, `X-RateLimit-Remaining` or the message.
//! - 4.6: a renamed repository answers with a redirect, which is followed with the same method, on the same host only.
//! - A name may come to belong to another repository: where an answer says whose it is, another id is refused.

mod comments;
mod contents;
mod limits;
mod link;
mod pull_request;
mod user;
mod workflow_runs;

use std::time::Duration;

use domain::{RepositoryId, RepositoryName};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use ports::{Clock, Http, Request, Response};

use crate::{
    CallError,
    address::{Access, Names},
    exchange::{Exchange, Repeat, USER_AGENT},
};

pub use comments::{Comment, Update};
pub use contents::FileContent;
pub use user::User;

const NAMES: Names = Names {
    vendor: "GitHub",
    url_variable: "github_api_url",
    token_variable: "github_token",
};

/// How long an answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A name that was changed several times leads to the present one in one step; more than a few are a loop.
const REDIRECTS_MAX: usize = 3;

/// A repository: its identity, and the name to reach it by, which may be an old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repository<'a> {
    /// What answers are checked against.
    pub id: RepositoryId,
    /// What requests are addressed to.
    pub name: &'a RepositoryName,
}

/// A client of GitHub.
pub struct Client<H, C> {
    http: H,
    clock: C,
    access: Result<Access, String>,
}

impl<H: Http, C: Clock> Client<H, C> {
    /// A client of the API at `base_url` (`https://api.github.com`) by a token. A URL or token that cannot work is reported by
    /// every call as [`CallError::Refused`]. The clock is for limits that end at a time.
    pub fn new(http: H, clock: C, base_url: &str, token: &str) -> Self {
        Self {
            http,
            clock,
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

    /// Sends a request to a path, and on to where a renamed repository is now.
    async fn send(
        &self,
        exchange: &Exchange<'_>,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Response, CallError> {
        let url = self.access(&exchange.what)?.url(path);
        self.send_to(exchange, method, url, body).await
    }

    async fn send_to(
        &self,
        exchange: &Exchange<'_>,
        method: Method,
        url: String,
        body: Vec<u8>,
    ) -> Result<Response, CallError> {
        let access = self.access(&exchange.what)?;
        let mut url = url;
        for _ in 0..=REDIRECTS_MAX {
            let request = Request {
                method: method.clone(),
                url,
                headers: headers(access, !body.is_empty()),
                body: body.clone(),
                timeout: TIMEOUT,
            };
            let response = self
                .http
                .send(request)
                .await
                .map_err(|error| exchange.no_answer(&error))?;
            let Some(location) = redirect(&response) else {
                return Ok(response);
            };
            match access.on_same_host(location) {
                Some(next) => url = next,
                None => return Err(exchange.failure(&response, "")),
            }
        }
        let reason = exchange.reason("GitHub redirects in a loop");
        Err(exchange.refused(reason, "The repository's present name would be right"))
    }

    /// The error for an answer that is no success: limits first, then what all vendors have in common.
    fn failure(&self, exchange: &Exchange<'_>, response: &Response) -> CallError {
        match limits::pause(response, self.clock.now()) {
            Some(pause) => exchange.retry(exchange.reason(&exchange.said(response)), Some(pause)),
            None => exchange.failure(response, &limits::hint(response)),
        }
    }

    /// The error for an answer about another repository than the one that was asked for.
    fn another_repository(
        exchange: &Exchange<'_>,
        repository: Repository<'_>,
        found: RepositoryId,
    ) -> CallError {
        let happened = format!(
            "{} is now the repository with id {found}, not {}",
            repository.name, repository.id
        );
        let hint = "It was replaced: the repository's present name would be right, which its next delivery brings";
        exchange.refused(exchange.reason(&happened), hint)
    }
}

fn headers(access: &Access, with_body: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::ACCEPT,
        HeaderValue::from_static("application/vnd.github+json"),
    );
    headers.insert(header::AUTHORIZATION, access.bearer.clone());
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    headers.insert(
        "x-github-api-version",
        HeaderValue::from_static("2022-11-28"),
    );
    if with_body {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
    }
    headers
}

/// Where a renamed repository is. GitHub means the same method by each of these codes, which is not what browsers make of 301.
fn redirect(response: &Response) -> Option<&str> {
    let follows = matches!(
        response.status,
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    if !follows {
        return None;
    }
    response.headers.get(header::LOCATION)?.to_str().ok()
}
