//! `/` and `/dashboard`: the dashboard for people in browsers. Adapts Spin to `dashboard_pages`, which decides everything.
//!
//! It opens no store and reaches nothing but `api`, with the token of who signed in.

use dashboard_pages::{Asked, BODY_BYTES_MAX, Dashboard, KeyError, SessionKey};
use slipway_spin::{SpinClock, SpinHttp, Variables, read_request_body, response};
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
    let answer = dashboard.answer(asked).await;
    response(answer.status, answer.headers, answer.body)
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
