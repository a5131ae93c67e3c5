//! Private: how often people may try to sign in, who they are at GitHub, and what they may see there. Adapts Spin to `sign_in`,
//! which decides everything.
//!
//! It is apart from `dashboard` so that what every browser talks to opens no store, reaches no GitHub and has no secret of the
//! App's; and it has no other secret of the App's than the one that GitHub wants for this.

use http::StatusCode;
use sign_in::{Asked, BODY_BYTES_MAX, People, Reply, SIGN_INS_PER_MINUTE};
use slipway_spin::{
    JsonLog, SpinClock, SpinHttp, SpinStore, VariableError, Variables, read_request_body, response,
};
use spin_sdk::{
    http::{IntoResponse, Request},
    http_service,
};
use vendors::github::Authorization;

type SpinPeople = People<SpinStore, SpinClock, JsonLog, SpinHttp, SpinClock>;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let reply = match configured().await {
        Ok(people) => answer(&people, request).await,
        Err(error) => Reply::told(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    };
    response(reply.status, reply.headers, reply.body)
}

async fn configured() -> Result<SpinPeople, VariableError> {
    let limit = Variables
        .number("sign_ins_per_minute", 0, 1_000_000)
        .await?;
    Ok(People {
        store: SpinStore::new(),
        clock: SpinClock,
        log: JsonLog::new("people"),
        sign_ins_per_minute: limit.unwrap_or(SIGN_INS_PER_MINUTE),
        github: authorization().await?,
    })
}

/// The App as people authorize it, or which variable is missing for that.
async fn authorization() -> Result<Result<Authorization<SpinHttp, SpinClock>, String>, VariableError>
{
    let missing = |name: &str| Ok(Err(format!("the variable {name} is not set")));
    let Some(client_id) = Variables.text("github_app_client_id").await? else {
        return missing("github_app_client_id");
    };
    let Some(client_secret) = Variables.secret("github_app_client_secret").await? else {
        return missing("github_app_client_secret");
    };
    let Some(github_url) = Variables.url("github_url").await? else {
        return missing("github_url");
    };
    let Some(github_api_url) = Variables.url("github_api_url").await? else {
        return missing("github_api_url");
    };
    Ok(Ok(Authorization {
        http: SpinHttp,
        clock: SpinClock,
        github_url,
        github_api_url,
        client_id,
        client_secret: client_secret.expose().to_owned(),
    }))
}

async fn answer(people: &SpinPeople, request: Request) -> Reply {
    let (parts, body) = request.into_parts();
    match read_request_body(body, BODY_BYTES_MAX).await {
        Ok(body) => {
            let asked = Asked {
                method: &parts.method,
                path: parts.uri.path(),
                body: &body,
            };
            people.answer(asked).await
        }
        Err(error) => Reply::told(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}
