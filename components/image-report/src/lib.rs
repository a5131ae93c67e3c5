//! `POST /api/v1/services/{service}/deployments`: takes what runs of GitHub Actions report of the images that they built. Adapts
//! Spin to `http_api::report`, which decides everything.
//!
//! It is apart from `api`, whose tokens it has not, and from `push`, which alone it reaches beside the issuer of the tokens that
//! jobs show: so whoever reports talks to nothing that knows a secret.

use http_api::{Asked, BODY_BYTES_MAX, Problem, Reply, report};
use slipway_spin::{
    BodyError, JsonLog, SpinClock, SpinHttp, SpinStore, VariableError, Variables,
    read_request_body, response,
};
use spin_sdk::{
    http::{IntoResponse, Request},
    http_service,
};
use vendors::github::Issuer;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let log = JsonLog::new("image-report");
    let reply = match configured().await {
        Ok((issuer, settings)) => take(&issuer, &settings, &log, request).await,
        Err(error) => Problem::unavailable(&error.to_string()).into(),
    };
    response(reply.status, reply.headers, reply.body)
}

type Actions = Issuer<SpinHttp, SpinClock, SpinStore>;

async fn configured() -> Result<(Actions, report::Settings), VariableError> {
    let issuer = Issuer {
        http: SpinHttp,
        clock: SpinClock,
        store: SpinStore::new(),
        url: Variables.url("github_oidc_url").await?.unwrap_or_default(),
    };
    let settings = report::Settings {
        public_url: Variables.url("public_url").await?,
    };
    Ok((issuer, settings))
}

async fn take(
    issuer: &Actions,
    settings: &report::Settings,
    log: &JsonLog,
    request: Request,
) -> Reply {
    let (parts, body) = request.into_parts();
    let body = match read_request_body(body, BODY_BYTES_MAX).await {
        Ok(body) => body,
        Err(BodyError::TooLong { .. }) => return Problem::too_large().into(),
        Err(error @ (BodyError::Broken { .. } | BodyError::TooSlow { .. })) => {
            return Problem::broken(&error.to_string()).into();
        }
    };
    let asked = Asked {
        method: &parts.method,
        path: parts.uri.path(),
        query: parts.uri.query(),
        headers: &parts.headers,
        body: &body,
    };
    report::answer(issuer, settings, log, asked).await
}
