//! `/` and `/dashboard`: the dashboard for people in browsers. Adapts Spin to `dashboard_pages`, which decides everything.
//!
//! It opens no store and reaches nothing but `api`, with the token of who signed in.

use dashboard_pages::{Asked, BODY_BYTES_MAX, Dashboard, GitHub, KeyError, SessionKey};
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
        client_address_header: Variables.text("client_address_header").await.ok().flatten(),
        github: github().await,
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

/// GitHub, if the App's client id is known; what cannot be read is not offered.
async fn github() -> Option<GitHub> {
    Some(GitHub {
        url: Variables.url("github_url").await.ok()??,
        client_id: Variables.text("github_app_client_id").await.ok()??,
    })
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
