//! `POST /webhooks/argocd`: a notification of Argo CD's wakes up the releases of the application that it is about. Nothing else
//! follows from it: what happened is read from Argo CD, by the component `push`, which alone is reached from here.
//!
//! Argo CD signs nothing: whoever sends must bear the secret in the variable `argocd_webhook_secret`. A notification is not kept.
//! If nobody can be woken up the sender is told so and tries again, and a release that is never woken up looks by itself.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use http_body_util::Full;
use ports::{Http, Level, Log};
use slipway_spin::{BodyError, JsonLog, SpinHttp, Variables, read_request_body, response};
use spin_sdk::{
    http::{IntoResponse, Request},
    http_service,
};
use webhooks::argocd_notification;

/// Far more than the name of an application.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Where the component that runs releases takes the payload; its answer comes before anything is done.
const RELEASES: &str = "http://push.spin.internal/argocd";
const TIMEOUT: Duration = Duration::from_secs(5);

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let log = JsonLog::new("argocd-webhook");
    match take(&log, request).await {
        Ok(()) => {
            let body = r#"{"outcome":"accepted"}"#.to_owned();
            json(StatusCode::ACCEPTED, "application/json", body)
        }
        Err(refusal) => refusal,
    }
}

async fn take(log: &JsonLog, request: Request) -> Result<(), Response<Full<Bytes>>> {
    if request.method() != Method::POST {
        let mut refused = problem(StatusCode::METHOD_NOT_ALLOWED, "expected POST");
        let allowed = HeaderValue::from_static("POST");
        refused.headers_mut().insert(header::ALLOW, allowed);
        return Err(refused);
    }
    if !is_allowed(log, request.headers()).await {
        let mut refused = problem(
            StatusCode::UNAUTHORIZED,
            "expected Authorization: Bearer <argocd_webhook_secret>",
        );
        let bearer = HeaderValue::from_static("Bearer");
        refused
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, bearer);
        return Err(refused);
    }
    let body = read_request_body(request.into_body(), BODY_BYTES_MAX).await;
    let body = body.map_err(|error| {
        let status = match error {
            BodyError::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            BodyError::TooSlow { .. } => StatusCode::REQUEST_TIMEOUT,
            BodyError::Broken { .. } => StatusCode::BAD_REQUEST,
        };
        problem(status, &error.to_string())
    })?;
    let application = argocd_notification(&body)
        .map_err(|error| problem(StatusCode::BAD_REQUEST, &error.to_string()))?;
    let fields = [("application", application.to_string().into())];
    log.write(Level::Info, "Argo CD tells of an application", &fields);
    hand_on(body).await.map_err(|reason| {
        let fields = [("reason", reason.as_str().into())];
        log.write(Level::Error, "could not wake up any release", &fields);
        problem(StatusCode::SERVICE_UNAVAILABLE, &reason)
    })
}

/// Whether the request bears the secret. Without a configured one nobody does.
async fn is_allowed(log: &JsonLog, headers: &HeaderMap) -> bool {
    let secret = match Variables.secret("argocd_webhook_secret").await {
        Ok(secret) => secret,
        Err(error) => {
            let fields = [("reason", error.to_string().into())];
            log.write(
                Level::Error,
                "notifications of Argo CD's are refused",
                &fields,
            );
            None
        }
    };
    let claimed = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    secret
        .zip(claimed)
        .is_some_and(|(secret, claimed)| secret.matches(claimed))
}

async fn hand_on(body: Vec<u8>) -> Result<(), String> {
    let request = ports::Request {
        method: Method::POST,
        url: RELEASES.to_owned(),
        headers: HeaderMap::new(),
        body,
        timeout: TIMEOUT,
    };
    match SpinHttp.send(request).await {
        Ok(answer) if answer.status == StatusCode::OK => Ok(()),
        Ok(answer) => Err(format!("the component push answered {}", answer.status)),
        Err(error) => Err(format!("the component push gave no answer: {error}")),
    }
}

/// An error (RFC 9457).
fn problem(status: StatusCode, detail: &str) -> Response<Full<Bytes>> {
    let title = status.canonical_reason().unwrap_or_default();
    let body = serde_json::json!({"status": status.as_u16(), "title": title, "detail": detail});
    json(status, "application/problem+json", body.to_string())
}

fn json(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response(status, [kind], body)
}
