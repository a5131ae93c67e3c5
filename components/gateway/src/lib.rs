//! `POST /webhooks/github`: verifies a delivery, stores it, answers, and only then hands it on.
//!
//! Adapts Spin to `inbox`, which decides everything: see its `ingress` for the order of the checks and all answers.

mod ready;
mod signature;

use inbox::{
    Claimed, Inbox, Received, Reception, admit, broken_off, challenge, receive, too_large, too_slow,
};
use ports::{Level, Log};
use serde_json::Value;
use slipway_spin::{
    BodyError, JsonLog, SpinClock, SpinHttp, SpinStore, Variables, read_request_body, response,
    spawn,
};
use spin_sdk::{
    http::{IntoResponse, Request},
    http_service,
};

/// GitHub sends nothing larger; `max_body_bytes` may lower it.
const BODY_BYTES_MAX: usize = 25 * 1024 * 1024;

type GatewayInbox = Inbox<SpinStore, SpinHttp, SpinClock, JsonLog>;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let inbox = Inbox {
        store: SpinStore::new(),
        http: SpinHttp,
        clock: SpinClock,
        log: JsonLog::new("gateway"),
    };
    if request.uri().path() == readiness::PATH {
        return ready::report(&inbox.store, &inbox.log).await;
    }
    let reception = take(&inbox, request).await;
    if let Some(claimed) = reception.accepted {
        spawn(process(inbox, claimed));
    }
    let answer = reception.answer;
    response(answer.status, answer.headers, answer.body)
}

async fn take(inbox: &GatewayInbox, request: Request) -> Reception {
    let (head, body) = request.into_parts();
    let content_type = match admit(&head.method, &head.headers) {
        Ok(content_type) => content_type,
        Err(answer) => return answer.into(),
    };
    let secrets = secrets(inbox.log).await;
    if let Err(answer) = challenge(&inbox.log, &head.headers, !secrets.is_empty()) {
        return answer.into();
    }
    let limit = body_bytes_max(inbox.log).await;
    let body = match read_request_body(body, limit).await {
        Ok(body) => body,
        Err(error) => {
            let fields = [
                ("outcome", Value::from("refused")),
                ("error", Value::from(error.to_string())),
            ];
            inbox.log.write(
                Level::Warn,
                "delivery refused: its body was not read",
                &fields,
            );
            return match error {
                BodyError::TooLong { limit } => too_large(limit).into(),
                BodyError::TooSlow { limit } => too_slow(limit).into(),
                BodyError::Broken { .. } => broken_off().into(),
            };
        }
    };
    let verify = |body: &[u8], claimed: &str| signature::verify(&secrets, body, claimed);
    let received = Received {
        content_type,
        headers: head.headers,
        body,
    };
    receive(inbox, received, verify).await
}

/// Runs after the answer. What is interrupted here is in the queue, and `reconcile` finds it there.
async fn process(inbox: GatewayInbox, claimed: Claimed) {
    if let Err(error) = inbox.run(claimed).await {
        let error = Value::from(error.to_string());
        inbox.log.write(
            Level::Error,
            "what became of the delivery was not stored; it will be processed again",
            &[("error", error)],
        );
    }
}

async fn body_bytes_max(log: JsonLog) -> usize {
    let most = BODY_BYTES_MAX as u64;
    match Variables.number("max_body_bytes", 1, most).await {
        Ok(limit) => limit
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(BODY_BYTES_MAX),
        Err(error) => {
            let error = Value::from(error.to_string());
            log.write(
                Level::Error,
                "the limit for bodies is GitHub's own",
                &[("error", error)],
            );
            BODY_BYTES_MAX
        }
    }
}

/// The webhook secrets; none if they cannot be read either, so that nothing is accepted unverified.
async fn secrets(log: JsonLog) -> Vec<String> {
    match Variables.secrets("github_webhook_secrets").await {
        Ok(secrets) => secrets
            .iter()
            .map(|secret| secret.expose().to_owned())
            .collect(),
        Err(error) => {
            let error = Value::from(error.to_string());
            log.write(
                Level::Error,
                "the webhook secrets cannot be read",
                &[("error", error)],
            );
            Vec::new()
        }
    }
}
