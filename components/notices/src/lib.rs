//! Private: tells Slack, receivers of webhooks and Backstage what outboxes have for them. The only component that knows their
//! secrets and reaches them; it reaches nothing else.
//!
//! `POST /wake` is answered at once, and the outboxes are run after the answer: so a release is not held up by a notice.
//! `POST /advance` brings on what is due and says what came of it, for `POST /reconcile`.

mod ready;
mod runner;

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use domain::{
    Timestamp,
    outbox::{Outbox, OutboxId},
};
use futures_util::future::join_all;
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use ports::{Clock, Level, Log};
use previews::{DeliveryLog, FOLLOWED_FOR};
use runtime::{
    outbox::{ADVANCE_FOR, ADVANCE_PATH, WAKE_PATH},
    reconcile::{Pending, Report},
};
use slipway_spin::{read_request_body, spawn};
use spin_sdk::{
    http::{IntoResponse, Request},
    http_service,
};

use runner::{OutboxRunner, runner};

/// Far more than the names of all that is ever due at once.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What lies in the queue for entities, by the text of their ids.
type Work = BTreeMap<String, Pending>;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let log = DeliveryLog::new("notices", None);
    let path = request.uri().path().to_owned();
    if path == readiness::PATH {
        return ready::report(&log).await;
    }
    if request.method() != Method::POST {
        return answer(StatusCode::METHOD_NOT_ALLOWED, b"expected POST\n".to_vec());
    }
    let answered = match path.as_str() {
        WAKE_PATH => wake(log, request).await,
        ADVANCE_PATH => advance(log, request).await,
        _ => Err((StatusCode::NOT_FOUND, "there is nothing here".to_owned())),
    };
    match answered {
        Ok(body) => answer(StatusCode::OK, body),
        Err((status, reason)) => answer(status, reason.into_bytes()),
    }
}

type Refusal = (StatusCode, String);

/// Takes outboxes on, to be run after the answer.
async fn wake(log: DeliveryLog, request: Request) -> Result<Vec<u8>, Refusal> {
    let work = work(request).await?;
    let runner = runner(log).await.map_err(unavailable)?;
    let deadline = runner.clock.now().after(FOLLOWED_FOR);
    spawn(async move {
        let followed = work
            .iter()
            .map(|(entity, pending)| follow(&runner, entity, &pending.mail, deadline));
        join_all(followed).await;
    });
    Ok(Vec::new())
}

/// Brings outboxes on, and follows after the answer those that go on soon.
async fn advance(log: DeliveryLog, request: Request) -> Result<Vec<u8>, Refusal> {
    let work = work(request).await?;
    let runner = runner(log).await.map_err(unavailable)?;
    let deadline = runner.clock.now().after(ADVANCE_FOR);
    let report: Report = runner.advance_all::<Outbox>(&work, deadline).await;
    let body = serde_json::to_vec(&report).map_err(unavailable)?;
    spawn(async move {
        let deadline = runner.clock.now().after(FOLLOWED_FOR);
        let soon = report
            .waiting
            .iter()
            .filter(|(_, until)| *until <= deadline);
        let followed = soon.map(|(entity, until)| {
            let runner = &runner;
            async move {
                let pause: Duration = until.since(runner.clock.now());
                runner.clock.sleep(pause).await;
                follow(runner, entity, &[], deadline).await;
            }
        });
        join_all(followed).await;
    });
    Ok(body)
}

/// Follows one outbox. What is not finished in time, or is cut off, is due for `POST /reconcile`.
async fn follow(runner: &OutboxRunner, entity: &str, mail: &[u64], deadline: Timestamp) {
    let reason = match entity.parse::<OutboxId>() {
        Ok(id) => match runner.follow::<Outbox>(&id, mail, deadline).await {
            Ok(_) => return,
            Err(error) => error.to_string(),
        },
        Err(error) => error.to_string(),
    };
    let fields = [("entity", entity.into()), ("reason", reason.into())];
    runner
        .log
        .write(Level::Error, "could not bring notices on", &fields);
}

async fn work(request: Request) -> Result<Work, Refusal> {
    let body = read_request_body(request.into_body(), BODY_BYTES_MAX)
        .await
        .map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
    serde_json::from_slice(&body).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))
}

fn unavailable(error: impl ToString) -> Refusal {
    (StatusCode::SERVICE_UNAVAILABLE, error.to_string())
}

fn answer(status: StatusCode, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response
}
