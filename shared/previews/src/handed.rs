//! What every component has in common that is handed events by the gateway: the payload, and the answer that tells the gateway
//! whether to hand it on again.
//!
//! `200`: all that the event tells is durable. `422`: the payload can never be used. `503`: hand it on again.

use bytes::Bytes;
use http::{Method, StatusCode, header};
use http_body_util::Full;
use ports::{Level, Log};
use slipway_spin::{BodyError, read_request_body};
use spin_sdk::http::Request;
use webhooks::{DELIVERY_HEADER, Malformed};

use crate::DeliveryLog;

/// GitHub's largest payload, and more than the gateway lets through.
const PAYLOAD_BYTES_MAX: usize = 26 * 1024 * 1024;

/// Why an event was not taken.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    reason: String,
}

impl Refusal {
    /// It may be taken the next time.
    pub fn unavailable(error: &impl ToString) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            reason: error.to_string(),
        }
    }

    /// It can never be used.
    pub fn unusable(error: &impl ToString) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            reason: error.to_string(),
        }
    }
}

impl From<Malformed> for Refusal {
    fn from(error: Malformed) -> Self {
        Self::unusable(&error)
    }
}

/// The log of `component` for the delivery that `request` hands on.
pub fn delivery_log(component: &'static str, request: &Request) -> DeliveryLog {
    let delivery = request
        .headers()
        .get(DELIVERY_HEADER)
        .and_then(|value| value.to_str().ok());
    DeliveryLog::new(component, delivery.map(str::to_owned))
}

/// The payload of the delivery that `request` hands on.
pub async fn payload(request: Request) -> Result<Vec<u8>, Refusal> {
    if request.method() != Method::POST {
        return Err(Refusal {
            status: StatusCode::METHOD_NOT_ALLOWED,
            reason: "expected POST".to_owned(),
        });
    }
    let read = read_request_body(request.into_body(), PAYLOAD_BYTES_MAX).await;
    read.map_err(|error| Refusal {
        status: match error {
            BodyError::TooLong { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            BodyError::TooSlow { .. } | BodyError::Broken { .. } => StatusCode::SERVICE_UNAVAILABLE,
        },
        reason: error.to_string(),
    })
}

/// The answer to the gateway; a refusal is logged.
pub fn answered(log: &DeliveryLog, taken: Result<(), Refusal>) -> http::Response<Full<Bytes>> {
    let Err(Refusal { status, reason }) = taken else {
        return response(StatusCode::OK, String::new());
    };
    let level = if status == StatusCode::SERVICE_UNAVAILABLE {
        Level::Error
    } else {
        Level::Warn
    };
    let fields = [("reason", reason.as_str().into())];
    log.write(level, "did not take the event", &fields);
    response(status, reason)
}

fn response(status: StatusCode, reason: String) -> http::Response<Full<Bytes>> {
    let mut response = http::Response::new(Full::new(Bytes::from(reason)));
    *response.status_mut() = status;
    let text = header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    response
}
