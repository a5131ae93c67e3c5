//! `/api/v1`: what is known, and acting on it. Adapts Spin to `http-api`, which decides everything.

use domain::DeliveryGuid;
use http_api::{
    Access, Asked, BODY_BYTES_MAX, Problem, REQUESTS_PER_MINUTE, Reply, Token, answer, parse_tokens,
};
use inbox::Inbox;
use ports::{Level, Log};
use slipway_spin::{
    BodyError, JsonLog, SpinClock, SpinHttp, SpinStore, Variables, read_request_body, response,
    spawn,
};
use spin_sdk::{
    http::{IntoResponse, Request},
    http_service,
};

type ApiInbox = Inbox<SpinStore, SpinHttp, SpinClock, JsonLog>;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let inbox = Inbox {
        store: SpinStore::new(),
        http: SpinHttp,
        clock: SpinClock,
        log: JsonLog::new("api"),
    };
    let mut reply = match configured().await {
        Ok((tokens, requests_per_minute)) => {
            let access = Access {
                tokens: &tokens,
                requests_per_minute,
            };
            let_in(&inbox, access, request).await
        }
        Err(reason) => {
            let fields = [("reason", reason.into())];
            inbox
                .log
                .write(Level::Error, "the API refuses every request", &fields);
            Problem::unauthorized().into()
        }
    };
    let process = std::mem::take(&mut reply.process);
    if !process.is_empty() {
        spawn(process_all(inbox, process));
    }
    response(reply.status, reply.headers, reply.body)
}

async fn let_in(inbox: &ApiInbox, access: Access<'_>, request: Request) -> Reply {
    let (parts, body) = request.into_parts();
    let body = match read_request_body(body, BODY_BYTES_MAX).await {
        Ok(body) => body,
        Err(BodyError::TooLong { .. }) => return Problem::too_large().into(),
        // Perhaps there is nobody to answer; in any case nothing is done.
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
    answer(inbox, access, asked).await
}

/// The configured tokens, and how often each may ask in a minute.
async fn configured() -> Result<(Vec<Token>, u64), String> {
    let limit = Variables
        .number("api_requests_per_minute", 0, 1_000_000)
        .await
        .map_err(|error| error.to_string())?;
    Ok((tokens().await?, limit.unwrap_or(REQUESTS_PER_MINUTE)))
}

/// The configured tokens; none are configured unless `api_tokens` is set.
async fn tokens() -> Result<Vec<Token>, String> {
    match Variables.secret("api_tokens").await {
        Ok(Some(text)) => parse_tokens(text.expose()).map_err(|error| error.to_string()),
        Ok(None) => Ok(Vec::new()),
        Err(error) => Err(error.to_string()),
    }
}

/// Runs after the answer. What is interrupted here is in the queue, and `reconcile` finds it there.
async fn process_all(inbox: ApiInbox, deliveries: Vec<DeliveryGuid>) {
    for guid in deliveries {
        if let Err(error) = inbox.process(&guid).await {
            let fields = [
                ("delivery", guid.as_str().into()),
                ("reason", error.to_string().into()),
            ];
            inbox
                .log
                .write(Level::Error, "could not run a delivery again", &fields);
        }
    }
}
