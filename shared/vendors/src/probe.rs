//! Whether a preview's URL answers: Coolify's `finished` does not say so (VENDORS 1.3).

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use ports::{Http, HttpError, Request};

use crate::{
    CallError,
    error::{append, excerpt},
    exchange::USER_AGENT,
};

/// How long an answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What a URL answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The status of the answer; none if there was none.
    pub status: Option<u16>,
    /// Whether the status is the expected one, or 2xx or 3xx if none is named. Redirects are not followed.
    pub healthy: bool,
    /// The answer, or why there was none, for people: `503 Service Unavailable`.
    pub answer: String,
}

/// Asks for `url` once, without any token. `expected` is the status of a healthy answer. A URL that Slipway may not reach is
/// [`CallError::Refused`] with the `hosts_variable` that must list its host; every other trouble is an unhealthy answer.
pub async fn probe<H: Http>(
    http: &H,
    url: &str,
    expected: Option<u32>,
    hosts_variable: &str,
) -> Result<Health, CallError> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    let request = Request {
        method: Method::GET,
        url: url.to_owned(),
        headers,
        body: Vec::new(),
        timeout: TIMEOUT,
    };
    match http.send(request).await {
        Ok(response) => Ok(Health {
            status: Some(response.status.as_u16()),
            healthy: match expected {
                Some(expected) => u32::from(response.status.as_u16()) == expected,
                None => response.status.is_success() || response.status.is_redirection(),
            },
            answer: match expected {
                Some(expected) if u32::from(response.status.as_u16()) != expected => {
                    format!("{}, expected {expected}", answer(response.status))
                }
                Some(_) | None => answer(response.status),
            },
        }),
        Err(HttpError::NotAllowed { host, reason }) => {
            let mut reason = format!(
                "probing {url}: the request to {host} is not allowed: {}",
                excerpt(&reason)
            );
            append(
                &mut reason,
                &format!("The variable {hosts_variable} must list {host}"),
            );
            Err(CallError::Refused { reason })
        }
        Err(
            error @ (HttpError::NoConnection { .. }
            | HttpError::Paused { .. }
            | HttpError::TimedOut { .. }
            | HttpError::TooLong { .. }
            | HttpError::Broken { .. }),
        ) => Ok(Health {
            status: None,
            healthy: false,
            answer: excerpt(&error.to_string()),
        }),
    }
}

/// `503 Service Unavailable`, or the number alone.
fn answer(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(name) => format!("{} {name}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}
