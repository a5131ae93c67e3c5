//! One request on its way: its headers, and on to where a renamed repository is now.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use ports::{Clock, Http, Request, Response, Store};

use super::Client;
use crate::{
    CallError,
    exchange::{Exchange, USER_AGENT},
};

/// A name that was changed several times leads to the present one in one step; more than a few are a loop.
const REDIRECTS_MAX: usize = 3;

/// A request to send.
pub(super) struct Outgoing<'a> {
    pub(super) bearer: &'a HeaderValue,
    pub(super) method: &'a Method,
    pub(super) url: String,
    pub(super) body: &'a [u8],
    pub(super) timeout: Duration,
    /// What is known already: an answer with this `ETag` comes as 304 and costs nothing of the rate limit.
    pub(super) etag: Option<&'a str>,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// Sends a request, and on to where a renamed repository is now, with the same method and on the same host only.
    pub(super) async fn follow(
        &self,
        exchange: &Exchange<'_>,
        outgoing: Outgoing<'_>,
    ) -> Result<Response, CallError> {
        let base = &self.setup(&exchange.what)?.base;
        let headers = headers(&outgoing);
        let mut url = outgoing.url;
        for _ in 0..=REDIRECTS_MAX {
            let request = Request {
                method: outgoing.method.clone(),
                url,
                headers: headers.clone(),
                body: outgoing.body.to_vec(),
                timeout: outgoing.timeout,
            };
            let response = self
                .http
                .send(request)
                .await
                .map_err(|error| exchange.no_answer(&error))?;
            let Some(location) = redirect(&response) else {
                return Ok(response);
            };
            match base.on_same_host(location) {
                Some(next) => url = next,
                None => return Err(exchange.failure(&response, "")),
            }
        }
        let reason = exchange.reason("GitHub redirects in a loop");
        Err(exchange.refused(reason, "The repository's present name would be right"))
    }
}

fn headers(outgoing: &Outgoing<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::ACCEPT,
        HeaderValue::from_static("application/vnd.github+json"),
    );
    headers.insert(header::AUTHORIZATION, outgoing.bearer.clone());
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    headers.insert(
        "x-github-api-version",
        HeaderValue::from_static("2022-11-28"),
    );
    if !outgoing.body.is_empty() {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
    }
    let etag = outgoing.etag.map(HeaderValue::from_str);
    if let Some(Ok(etag)) = etag {
        headers.insert(header::IF_NONE_MATCH, etag);
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
