//! Outgoing webhooks: a notice as JSON to whoever wants it, signed as GitHub signs its own.
//!
//! A receiver checks `X-Slipway-Signature-256` (`sha256=` and the hexadecimal HMAC-SHA-256 of the raw body under the variable
//! `notify_secret`) in constant time, and knows a repeat by `X-Slipway-Delivery`.

use std::time::Duration;

use domain::notice::{Message, Notice};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use ports::{Http, Request};
use serde::Serialize;
use sha2::Sha256;

use crate::{
    CallError,
    address::Names,
    error::Secrets,
    exchange::{Exchange, Repeat, USER_AGENT},
    targets::Targets,
};

const NAMES: Names = Names {
    vendor: "the receiver",
    url_variable: "notify_webhooks",
    token_variable: "notify_secret",
};

const TIMEOUT: Duration = Duration::from_secs(10);

/// A receiver could not tell it from anybody else's.
const UNSIGNED: &str = "nothing is sent unsigned: set the variable notify_secret";

const SIGNATURE: HeaderName = HeaderName::from_static("x-slipway-signature-256");
const EVENT: HeaderName = HeaderName::from_static("x-slipway-event");
const DELIVERY: HeaderName = HeaderName::from_static("x-slipway-delivery");

/// Sends notices to the webhooks of one configuration.
pub struct Client<H> {
    http: H,
    targets: Result<Targets, String>,
    secret: String,
}

/// What a receiver gets.
#[derive(Serialize)]
struct Body<'a> {
    event: &'a str,
    /// The same as in the header.
    delivery: &'a str,
    /// RFC 3339.
    at: String,
    /// For people who read it where the receiver shows it.
    text: String,
    #[serde(flatten)]
    notice: Plain<'a>,
}

/// The notice without its time, which has a form of its own here.
#[derive(Serialize)]
struct Plain<'a> {
    place: &'a domain::notice::Place,
    change: &'a domain::notice::Event,
    version: &'a domain::notice::Version,
    links: &'a [domain::notice::Link],
}

impl<H: Http> Client<H> {
    /// A client of the webhooks in the variable `notify_webhooks` (a JSON object of keys and URLs), which signs with
    /// `notify_secret`. What cannot be read, and an empty secret, is reported by every call as [`CallError::Refused`].
    pub fn new(http: H, webhooks: &str, secret: &str) -> Self {
        Self {
            http,
            targets: Targets::read(webhooks, "notify_webhooks"),
            secret: secret.trim().to_owned(),
        }
    }

    /// Whether there is a webhook of this key. If the variable cannot be read, it is said that there is one, and sending tells
    /// what is wrong.
    pub fn has(&self, key: &str) -> bool {
        self.targets
            .as_ref()
            .map_or(true, |targets| targets.url(key).is_some())
    }

    /// What is wrong with the variables, for people.
    pub fn problem(&self) -> Option<String> {
        let unsigned = || self.secret.is_empty().then(|| UNSIGNED.to_owned());
        self.targets.as_ref().err().cloned().or_else(unsigned)
    }

    /// Sends a notice to the webhook of this key. `delivery` names it, the same for every repeat, so that a repeat is harmless.
    pub async fn send(&self, key: &str, delivery: &str, notice: &Notice) -> Result<(), CallError> {
        let what = format!("sending {} to the webhook {key}", notice.name());
        let refused = |problem: &str| CallError::Refused {
            reason: format!("{what}: {problem}"),
        };
        let targets = self.targets.as_ref().map_err(|problem| refused(problem))?;
        let Some(url) = targets.url(key) else {
            return Err(refused("the variable notify_webhooks has no such key"));
        };
        if self.secret.is_empty() {
            return Err(refused(UNSIGNED));
        }
        let secrets: &Secrets = targets.secrets();
        secrets.add(&self.secret);
        let exchange = Exchange {
            names: NAMES,
            what: what.clone(),
            repeat: Repeat::Harmless,
            secrets,
        };
        let body = body(delivery, notice, &notice.message())
            .map_err(|error| refused(&error.to_string()))?;
        let headers = headers(&self.secret, delivery, notice.name(), &body)
            .ok_or_else(|| refused("its name has characters that no header may carry"))?;
        let request = Request {
            method: Method::POST,
            url: url.to_owned(),
            headers,
            body,
            timeout: TIMEOUT,
        };
        let sent = self.http.send(request).await;
        let response = sent.map_err(|error| exchange.no_answer(&error))?;
        let status = response.status;
        if status.is_success() {
            return Ok(());
        }
        let passes = matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
        );
        if status.is_client_error() && !passes {
            // Anything may be behind a webhook: a 404 without a body is its own word too.
            let reason = exchange.reason(&exchange.said(&response));
            return Err(exchange.refused(reason, "It must answer 2xx"));
        }
        Err(exchange.failure(&response, ""))
    }
}

fn body(delivery: &str, notice: &Notice, message: &Message) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Body {
        event: notice.name(),
        delivery,
        at: notice.at.to_string(),
        text: message.to_string(),
        notice: Plain {
            place: &notice.place,
            change: &notice.event,
            version: &notice.version,
            links: &notice.links,
        },
    })
}

fn headers(secret: &str, delivery: &str, event: &str, body: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    headers.insert(EVENT, HeaderValue::from_str(event).ok()?);
    headers.insert(DELIVERY, HeaderValue::from_str(delivery).ok()?);
    headers.insert(
        SIGNATURE,
        HeaderValue::from_str(&signature(secret, body)?).ok()?,
    );
    Some(headers)
}

/// `sha256=` and the hexadecimal HMAC-SHA-256 of the body.
fn signature(secret: &str, body: &[u8]) -> Option<String> {
    // HMAC takes keys of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(body);
    Some(format!(
        "sha256={}",
        hex::encode(mac.finalize().into_bytes())
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_signed_as_github_signs_its_own() {
        // GitHub's own example (VENDORS 4.3).
        assert_eq!(
            signature("It's a Secret to Everybody", b"Hello, World!").unwrap(),
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
    }
}
