//! `/` and `/dashboard`: the dashboard for people in browsers. Adapts Spin to `dashboard_pages`, which decides everything.
//!
//! It opens no store and reaches nothing but `api`, with the token of who signed in.

use bytes::Bytes;
use dashboard_pages::{Answer, Asked, BODY_BYTES_MAX, Dashboard, KeyError, SessionKey};
use http::{HeaderValue, Response, header};
use http_body_util::Full;
use slipway_spin::{SpinClock, SpinHttp, Variables, read_request_body};
use spin_sdk::{
    http::{IntoResponse, Request},
    http_service,
};

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let dashboard = Dashboard {
        http: SpinHttp,
        clock: SpinClock,
        // Without it, or if it is not a URL, the host that the browser asks for decides.
        public_url: Variables.url("public_url").await.ok().flatten(),
        key: key().await,
    };
    let (parts, body) = request.into_parts();
    // A form that is too long or broke off is none: its token is missing, so nothing is done.
    let body = read_request_body(body, BODY_BYTES_MAX)
        .await
        .unwrap_or_default();
    let asked = Asked {
        method: &parts.method,
        path: parts.uri.path(),
        query: parts.uri.query(),
        headers: &parts.headers,
        body: &body,
    };
    response(dashboard.answer(asked).await)
}

async fn key() -> Result<SessionKey, KeyError> {
    match Variables.secret("session_secret").await {
        Ok(Some(secret)) => SessionKey::of(secret.expose()),
        Ok(None) => Err(KeyError::Missing),
        Err(error) => Err(KeyError::Unreadable {
            reason: error.to_string(),
        }),
    }
}

fn response(answer: Answer) -> Response<Full<Bytes>> {
    let length = HeaderValue::from(answer.body.len());
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = answer.status;
    response.headers_mut().extend(answer.headers);
    // Known beforehand, so that the answer is not chunked.
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length);
    response
}
