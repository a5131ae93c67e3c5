//! Answers requests to `/webhooks/github`: every check in its order, before anything costs more than it must.
//!
//! The component reads the body between [`admit`] and [`receive`], and processes what was accepted after it has answered.

use std::{borrow::Cow, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use ports::{Clock, Level, Log, Store, StoreError};
use serde::Serialize;
use serde_json::Value;
use webhooks::{
    ContentType, Envelope, Malformed, Route, Routed, SIGNATURE_HEADER, payload_text, route,
};

use crate::{Acceptance, Claimed, Inbox, Incoming};

/// When GitHub may be asked to deliver again after the store failed, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("30");

/// The log's words for a delivery that nobody who knows a secret has signed.
const NOT_SIGNED: &str = "delivery refused: its signature is missing or wrong";

/// The answer to a request.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers, `Content-Type` among them.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body, JSON.
    pub body: String,
}

/// The fields of an answer's body, in order.
#[derive(Serialize)]
struct Said<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a str>,
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl Answer {
    fn new(status: StatusCode, said: &Said<'_>) -> Self {
        let json = HeaderValue::from_static("application/json");
        Self {
            status,
            headers: vec![(header::CONTENT_TYPE, json)],
            body: serde_json::to_string(said).unwrap_or_default(),
        }
    }

    fn refused(status: StatusCode, reason: &str) -> Self {
        Self::new(
            status,
            &Said {
                delivery: None,
                event: None,
                action: None,
                outcome: "refused",
                reason: Some(reason),
            },
        )
    }

    fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// Checks what needs no body: the method and the content type.
pub fn admit(method: &Method, headers: &HeaderMap) -> Result<ContentType, Answer> {
    if method != Method::POST {
        let answer = Answer::refused(
            StatusCode::METHOD_NOT_ALLOWED,
            "webhooks are delivered by POST",
        );
        return Err(answer.with(header::ALLOW, HeaderValue::from_static("POST")));
    }
    ContentType::of(headers).ok_or_else(|| {
        Answer::refused(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "header Content-Type: expected application/json or application/x-www-form-urlencoded",
        )
    })
}

/// Checks what can be seen of the signature without the body, so that nobody's body is read who does not even claim to have
/// signed it: whether a secret is configured at all, and whether the header has the form of a signature.
pub fn challenge<L: Log>(
    log: &L,
    headers: &HeaderMap,
    secret_configured: bool,
) -> Result<(), Answer> {
    let refused = |level, message| {
        log.write(level, message, &[("outcome", Value::from("refused"))]);
        Err(unauthorized())
    };
    if !secret_configured {
        return refused(
            Level::Error,
            "delivery refused: no webhook secret is configured (variable github_webhook_secrets)",
        );
    }
    if claimed_signature(headers).is_none() {
        return refused(Level::Warn, NOT_SIGNED);
    }
    Ok(())
}

/// The answer to a body longer than `limit` bytes.
pub fn too_large(limit: usize) -> Answer {
    let reason = format!("body: longer than {limit} bytes");
    Answer::refused(StatusCode::PAYLOAD_TOO_LARGE, &reason)
}

/// The answer to a body that did not arrive within `limit`.
pub fn too_slow(limit: Duration) -> Answer {
    let reason = format!("body: did not arrive within {} s", limit.as_secs());
    Answer::refused(StatusCode::REQUEST_TIMEOUT, &reason)
}

/// The answer to a body that broke off.
pub fn broken_off() -> Answer {
    Answer::refused(StatusCode::BAD_REQUEST, "body: broke off")
}

/// A request that was admitted.
#[derive(Debug, Clone)]
pub struct Received {
    /// How the payload is written in the body.
    pub content_type: ContentType,
    /// The headers.
    pub headers: HeaderMap,
    /// The raw body, which is what is signed.
    pub body: Vec<u8>,
}

/// What becomes of a request.
#[derive(Debug)]
pub struct Reception {
    /// To be sent at once.
    pub answer: Answer,
    /// To be processed after the answer: [`Inbox::run`].
    pub accepted: Option<Claimed>,
}

impl From<Answer> for Reception {
    fn from(answer: Answer) -> Self {
        Self {
            answer,
            accepted: None,
        }
    }
}

/// Verifies a delivery, takes it in, and says what to answer. `verify` tells which secret made a signature over a body.
pub async fn receive<S: Store, H, C: Clock, L: Log>(
    inbox: &Inbox<S, H, C, L>,
    received: Received,
    verify: impl FnOnce(&[u8], &str) -> Option<u32>,
) -> Reception {
    let signature = claimed_signature(&received.headers);
    let Some(secret) = signature.and_then(|signature| verify(&received.body, signature)) else {
        let fields = [("outcome", Value::from("refused"))];
        inbox.log.write(Level::Warn, NOT_SIGNED, &fields);
        return unauthorized().into();
    };
    let envelope = match Envelope::parse(&received.headers) {
        Ok(envelope) => envelope,
        Err(malformed) => return not_understood(inbox, &malformed, None),
    };
    match parse(&envelope, received) {
        Ok((routed, payload)) => {
            let delivery = Delivery {
                envelope,
                routed,
                payload,
            };
            delivery.settle(inbox, secret).await
        }
        Err(malformed) => not_understood(inbox, &malformed, Some(&envelope)),
    }
}

/// The signature that the headers claim, if it has the form of one.
fn claimed_signature(headers: &HeaderMap) -> Option<&str> {
    let claimed = headers.get(SIGNATURE_HEADER)?.to_str().ok()?;
    let digits = claimed.strip_prefix("sha256=")?;
    let is_digest = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest.then_some(claimed)
}

fn not_understood<S, H, C, L: Log>(
    inbox: &Inbox<S, H, C, L>,
    malformed: &Malformed,
    envelope: Option<&Envelope>,
) -> Reception {
    let reason = malformed.to_string();
    inbox.log.write(
        Level::Warn,
        "delivery refused: it cannot be understood",
        &[
            (
                "delivery",
                Value::from(envelope.map(|envelope| envelope.guid.as_str())),
            ),
            (
                "event",
                Value::from(envelope.map(|envelope| envelope.event.as_str())),
            ),
            ("outcome", Value::from("refused")),
            ("error", Value::from(reason.as_str())),
        ],
    );
    Answer::refused(StatusCode::BAD_REQUEST, &reason).into()
}

/// Always the same, so that it tells nothing about what was wrong.
fn unauthorized() -> Answer {
    Answer::refused(StatusCode::UNAUTHORIZED, "signature missing or wrong")
}

/// A delivery that is genuine and understood.
struct Delivery {
    envelope: Envelope,
    routed: Routed,
    payload: Vec<u8>,
}

/// The route of a payload, and the payload's JSON.
fn parse(envelope: &Envelope, received: Received) -> Result<(Routed, Vec<u8>), Malformed> {
    let text = payload_text(received.content_type, &received.body)?;
    let routed = route(&envelope.event, &text)?;
    let payload = match text {
        Cow::Borrowed(_) => received.body,
        Cow::Owned(text) => text.into_bytes(),
    };
    Ok((routed, payload))
}

/// What became of a delivery that is genuine and understood.
enum Outcome {
    Pong,
    Ignored(String),
    Duplicate,
    Accepted(Claimed),
    NotStored(StoreError),
}

impl Outcome {
    const fn status(&self) -> StatusCode {
        match self {
            Self::Pong | Self::Ignored(_) | Self::Duplicate => StatusCode::OK,
            Self::Accepted(_) => StatusCode::ACCEPTED,
            Self::NotStored(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Pong => "pong",
            Self::Ignored(_) => "ignored",
            Self::Duplicate => "duplicate",
            Self::Accepted(_) => "accepted",
            Self::NotStored(_) => "refused",
        }
    }

    fn reason(&self) -> Option<&str> {
        match self {
            Self::Ignored(reason) => Some(reason),
            Self::NotStored(_) => Some("the store is not available"),
            Self::Pong | Self::Duplicate | Self::Accepted(_) => None,
        }
    }
}

impl Delivery {
    /// Takes the delivery in if a component is to have it, and says so in the answer and in one line of the log.
    async fn settle<S: Store, H, C: Clock, L: Log>(
        self,
        inbox: &Inbox<S, H, C, L>,
        secret: u32,
    ) -> Reception {
        let Envelope { event, guid } = self.envelope;
        let Routed {
            action,
            repository,
            route,
        } = self.routed;
        let outcome = match route {
            Route::Ping => Outcome::Pong,
            Route::Ignored { reason } => Outcome::Ignored(reason),
            Route::PullRequest
            | Route::Push
            | Route::WorkflowRun
            | Route::Installation
            | Route::Commands => {
                let incoming = Incoming {
                    guid: guid.clone(),
                    event: event.as_str().to_owned(),
                    action: action.clone(),
                    repository,
                    secret: Some(secret),
                    payload: self.payload,
                };
                match inbox.accept(incoming).await {
                    Ok(Acceptance::Accepted(claimed)) => Outcome::Accepted(claimed),
                    Ok(Acceptance::Duplicate) => Outcome::Duplicate,
                    Err(error) => Outcome::NotStored(error),
                }
            }
        };
        let mut fields = vec![
            ("delivery", Value::from(guid.as_str())),
            ("event", Value::from(event.as_str())),
            ("action", Value::from(action.as_deref())),
            ("repository", Value::from(repository.map(|id| id.0))),
            ("outcome", Value::from(outcome.name())),
            // By its position: the proof that a rotated secret is no longer used.
            ("secret", Value::from(secret)),
        ];
        let mut answer = Answer::new(
            outcome.status(),
            &Said {
                delivery: Some(guid.as_str()),
                event: Some(event.as_str()),
                action: action.as_deref(),
                outcome: outcome.name(),
                reason: outcome.reason(),
            },
        );
        if let Outcome::NotStored(error) = &outcome {
            answer = answer.with(header::RETRY_AFTER, RETRY_AFTER);
            fields.push(("error", Value::from(error.to_string())));
            inbox
                .log
                .write(Level::Error, "delivery not stored", &fields);
        } else {
            inbox.log.write(Level::Info, "delivery received", &fields);
        }
        let accepted = match outcome {
            Outcome::Accepted(claimed) => Some(claimed),
            Outcome::Pong | Outcome::Ignored(_) | Outcome::Duplicate | Outcome::NotStored(_) => {
                None
            }
        };
        Reception { answer, accepted }
    }
}

#[cfg(test)]
mod tests;
