//! `/setup` and `/api/github/setup`: how the GitHub App comes about. Adapts Spin to `registration`, which decides everything.

use http::{HeaderMap, StatusCode, header};
use ports::{Level, Log};
use registration::{Asked, COOKIE, Ports, Reply, Settings, answer};
use slipway_spin::{
    JsonLog, Secret, SpinClock, SpinHttp, SpinStore, VariableError, Variables, read_request_body,
    response,
};
use spin_sdk::{
    http::{IntoResponse, Request},
    http_service,
};
use vendors::github::{Client, Credentials};

/// A token, a login and a name are far shorter.
const FORM_BYTES_MAX: usize = 8 * 1024;

type GitHub = Client<SpinHttp, SpinClock, SpinStore>;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let log = JsonLog::new("setup");
    match respond(log, request).await {
        Ok(reply) => response(reply.status, reply.headers, reply.body),
        Err(reason) => {
            let fields = [("reason", reason.as_str().into())];
            log.write(Level::Error, "could not show a page", &fields);
            response(StatusCode::SERVICE_UNAVAILABLE, [], "not available\n")
        }
    }
}

async fn respond(log: JsonLog, request: Request) -> Result<Reply, String> {
    let (settings, github) = configured().await.map_err(|error| error.to_string())?;
    let (head, body) = request.into_parts();
    let form = read_request_body(body, FORM_BYTES_MAX)
        .await
        .map_err(|error| error.to_string())?;
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| error.to_string())?;
    let ports = Ports {
        http: SpinHttp,
        clock: SpinClock,
        store: SpinStore::new(),
        log,
    };
    let asked = Asked {
        method: &head.method,
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        cookie: cookie(&head.headers),
        form: &form,
    };
    Ok(answer(&ports, github.as_ref(), &settings, asked, &random).await)
}

/// What the variables say, and the App if they name one.
async fn configured() -> Result<(Settings, Option<GitHub>), VariableError> {
    let app_id = Variables.text("github_app_id").await?;
    let private_key = Variables.secret("github_app_private_key").await?;
    let github_api_url = Variables.url("github_api_url").await?;
    let is_app = app_id.is_some() || private_key.is_some();
    let github = github_api_url.as_deref().filter(|_| is_app).map(|url| {
        let private_key = private_key.as_ref().map(Secret::expose);
        let credentials = Credentials::of(app_id.as_deref(), private_key, None);
        Client::new(SpinHttp, SpinClock, SpinStore::new(), url, &credentials)
    });
    let reconcile_token = Variables.secret("reconcile_token").await?;
    let settings = Settings {
        reconcile_token: reconcile_token.map(|token| token.expose().to_owned()),
        public_url: Variables.url("public_url").await?,
        github_url: Variables.url("github_url").await?,
        github_api_url,
        is_app,
    };
    Ok((settings, github))
}

/// The value of the cookie; empty if there is none.
fn cookie(headers: &HeaderMap) -> &str {
    let all = headers.get_all(header::COOKIE).iter();
    all.filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map_or("", |(_, value)| value)
}
