//! `GET /metrics`: how things stand, for Prometheus. Adapts Spin to `http_api::metrics`, which decides everything.

use http_api::{Asked, Problem, Token, metrics, parse_tokens};
use inbox::Inbox;
use ports::{Level, Log};
use slipway_spin::{JsonLog, SpinClock, SpinHttp, SpinStore, Variables, response};
use spin_sdk::{
    http::{IntoResponse, Request},
    http_service,
};

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let inbox = Inbox {
        store: SpinStore::new(),
        http: SpinHttp,
        clock: SpinClock,
        log: JsonLog::new("metrics"),
    };
    let asked = Asked {
        method: request.method(),
        path: request.uri().path(),
        query: request.uri().query(),
        headers: request.headers(),
        body: &[],
    };
    let reply = match tokens().await {
        Ok(tokens) => metrics::answer(&inbox, &tokens, asked).await,
        Err(reason) => {
            let fields = [("reason", reason.into())];
            let message = "metrics are refused to everybody";
            inbox.log.write(Level::Error, message, &fields);
            Problem::unauthorized().into()
        }
    };
    response(reply.status, reply.headers, reply.body)
}

/// The configured tokens; none are configured unless `api_tokens` is set.
async fn tokens() -> Result<Vec<Token>, String> {
    match Variables.secret("api_tokens").await {
        Ok(Some(text)) => parse_tokens(text.expose()).map_err(|error| error.to_string()),
        Ok(None) => Ok(Vec::new()),
        Err(error) => Err(error.to_string()),
    }
}
