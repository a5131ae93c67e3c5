//! Answers requests to `/webhooks/github`: every check in its order, before anything costs more than it must.
//!
//! The component reads the body between [`admit`] and [`receive`], and processes what was accepted after it has answered.

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use ports::{Clock, Level, Log, Store};
use serde::Serialize;
use serde_json::Value;
use webhooks::{
    ContentType, Envelope, Malformed, Route, Routed, SIGNATURE_HEADER, payload_text, route,
};

use crate::{Acceptance, Claimed, Inbox, Incoming};

/// When GitHub may be asked to deliver again after the store failed, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("30");

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

/// The answer to a body longer than `limit` bytes.
pub fn too_large(limit: usize) -> Answer {
    let reason = format!("body: longer than {limit} bytes");
    Answer::refused(StatusCode::PAYLOAD_TOO_LARGE, &reason)
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

/// Verifies a delivery, takes it in, and says what to answer. `verify` tells which secret made a signature over a body; it
/// is none if no secret is configured, and then nothing is accepted.
pub async fn receive<S: Store, H, C: Clock, L: Log>(
    inbox: &Inbox<S, H, C, L>,
    received: Received,
    verify: Option<impl FnOnce(&[u8], &str) -> Option<u32>>,
) -> Reception {
    let Some(verify) = verify else {
        inbox.log.write(
            Level::Error,
            "delivery refused: no webhook secret is configured (variable github_webhook_secrets)",
            &[("outcome", Value::from("refused"))],
        );
        return unauthorized().into();
    };
    let signature = received.headers.get(SIGNATURE_HEADER);
    let signature = signature
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let Some(secret) = verify(&received.body, signature) else {
        inbox.log.write(
            Level::Warn,
            "delivery refused: its signature is missing or wrong",
            &[("outcome", Value::from("refused"))],
        );
        return unauthorized().into();
    };
    let parsed = Envelope::parse(&received.headers).and_then(|envelope| parse(envelope, received));
    match parsed {
        Ok(delivery) => delivery.settle(inbox, secret).await,
        Err(malformed) => {
            let reason = malformed.to_string();
            inbox.log.write(
                Level::Warn,
                "delivery refused: it cannot be understood",
                &[
                    ("outcome", Value::from("refused")),
                    ("error", Value::from(reason.as_str())),
                ],
            );
            Answer::refused(StatusCode::BAD_REQUEST, &reason).into()
        }
    }
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

fn parse(envelope: Envelope, received: Received) -> Result<Delivery, Malformed> {
    let text = payload_text(received.content_type, &received.body)?;
    let routed = route(&envelope.event, &text)?;
    let payload = match text {
        std::borrow::Cow::Borrowed(_) => received.body,
        std::borrow::Cow::Owned(text) => text.into_bytes(),
    };
    Ok(Delivery {
        envelope,
        routed,
        payload,
    })
}

impl Delivery {
    /// Takes the delivery in if a component is to have it, and says so in the answer and in one line of the log.
    async fn settle<S: Store, H, C: Clock, L: Log>(
        self,
        inbox: &Inbox<S, H, C, L>,
        secret: u32,
    ) -> Reception {
        let Self {
            envelope: Envelope { event, guid },
            routed:
                Routed {
                    action,
                    repository,
                    route,
                },
            payload,
        } = self;
        let (mut accepted, mut failure) = (None, None);
        let (status, outcome, reason) = match route {
            Route::Ping => (StatusCode::OK, "pong", None),
            Route::Ignored { reason } => (StatusCode::OK, "ignored", Some(reason)),
            Route::PullRequest | Route::WorkflowRun => {
                let incoming = Incoming {
                    guid: guid.clone(),
                    event: event.as_str().to_owned(),
                    action: action.clone(),
                    repository,
                    payload,
                };
                match inbox.accept(incoming).await {
                    Ok(Acceptance::Accepted(claimed)) => {
                        accepted = Some(claimed);
                        (StatusCode::ACCEPTED, "accepted", None)
                    }
                    Ok(Acceptance::Duplicate) => (StatusCode::OK, "duplicate", None),
                    Err(error) => {
                        failure = Some(error.to_string());
                        let reason = "the store is not available".to_owned();
                        (StatusCode::SERVICE_UNAVAILABLE, "refused", Some(reason))
                    }
                }
            }
        };
        let said = Said {
            delivery: Some(guid.as_str()),
            event: Some(event.as_str()),
            action: action.as_deref(),
            outcome,
            reason: reason.as_deref(),
        };
        let mut fields = vec![
            ("delivery", Value::from(guid.as_str())),
            ("event", Value::from(event.as_str())),
            ("action", Value::from(action.as_deref())),
            ("repository", Value::from(repository.map(|id| id.0))),
            ("outcome", Value::from(outcome)),
            ("secret", Value::from(secret)),
        ];
        let (level, message) = match &failure {
            Some(error) => {
                fields.push(("error", Value::from(error.as_str())));
                (Level::Error, "delivery not stored")
            }
            None => (Level::Info, "delivery received"),
        };
        inbox.log.write(level, message, &fields);
        let mut answer = Answer::new(status, &said);
        if failure.is_some() {
            answer = answer.with(header::RETRY_AFTER, RETRY_AFTER);
        }
        Reception { answer, accepted }
    }
}

#[cfg(test)]
mod tests;
