//! One simulated server: reads requests whole, keeps the journal, meets them with faults, and has them answered.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::StreamExt;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::Vendor;
use crate::connections::{self, Body, Closed, Presence};
use crate::contract;
use crate::faults::Fault;
use crate::journal::Entry;
use crate::message::{Reply, Request};
use crate::state::Shared;

/// GitHub's page about its secondary rate limit.
const SECONDARY_LIMIT_PAGE: &str = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api\
                                    #about-secondary-rate-limits";

/// How a server answers one request; whatever it changes, it changes at once.
pub(crate) type Answer = fn(&Arc<Shared>, &Request) -> Reply;

/// Serves until the task is aborted.
pub(crate) fn serve(
    listener: TcpListener,
    presence: Arc<Presence>,
    vendor: Vendor,
    asked: (Arc<Shared>, Answer),
) -> JoinHandle<()> {
    let (shared, answer) = asked;
    connections::serve(listener, presence, move |request| {
        respond(vendor, Arc::clone(&shared), answer, request)
    })
}

async fn respond(
    vendor: Vendor,
    shared: Arc<Shared>,
    answer: Answer,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Body>, Closed> {
    let (head, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .map_err(|_| Closed)?;
    let request = Request::new(vendor, &head, body);
    let (number, fault) = arrive(&shared, &request);

    if let Some(Fault::DelayMilliseconds(milliseconds)) = fault {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
    let instead = fault
        .as_ref()
        .and_then(|fault| instead_of_an_answer(&shared, &request, fault));
    let reply = match instead {
        Some(Instead::Close) => {
            shared.change(|state| state.journal.finish(number, None, Vec::new()));
            return Err(Closed);
        }
        Some(Instead::Reply(reply)) => reply,
        None if fault == Some(Fault::EmptyList) => emptied(answer(&shared, &request)),
        None => answer(&shared, &request),
    };
    let dropped = fault == Some(Fault::DropAnswer);
    let status = (!dropped).then_some(reply.status);
    shared.change(|state| state.journal.finish(number, status, reply.effects.clone()));
    if dropped {
        Err(Closed)
    } else {
        Ok(response(reply, fault.as_ref()))
    }
}

/// Writes the request into the journal and finds the fault that it meets.
fn arrive(shared: &Shared, request: &Request) -> (usize, Option<Fault>) {
    let violations = contract::violations(request);
    let at = shared.clock.now();
    shared.change(|state| {
        let fault = state.faults.meet(request);
        let entry = Entry {
            number: 0,
            at,
            arrived: Instant::now(),
            answered: None,
            vendor: request.vendor,
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            body: String::from_utf8_lossy(&request.body).into_owned(),
            status: None,
            effects: Vec::new(),
            violations,
            authenticated: request.headers.contains_key("authorization"),
            fault: fault.as_ref().map(|fault| format!("{fault:?}")),
            correlation: request.header("x-correlation-id").map(str::to_owned),
        };
        (state.journal.begin(entry), fault)
    })
}

enum Instead {
    Close,
    Reply(Reply),
}

/// What a fault answers in the vendor's place; none where the vendor acts as ever.
fn instead_of_an_answer(shared: &Shared, request: &Request, fault: &Fault) -> Option<Instead> {
    let reply = match fault {
        Fault::Close => return Some(Instead::Close),
        Fault::DropAnswer
        | Fault::DelayMilliseconds(_)
        | Fault::SlowBodyMilliseconds(_)
        | Fault::TruncatedJson
        | Fault::EmptyList => return None,
        Fault::TooManyRequests(seconds) => {
            Reply::json(429, &json!({"message": "Too Many Attempts."}))
                .header("retry-after", seconds)
        }
        Fault::Status(status) => {
            let page = format!("<html><body><h1>{status}</h1><hr>nginx</body></html>\n");
            Reply::text(*status, "text/html", page)
        }
        Fault::PrimaryRateLimit(seconds) => {
            let reset = shared
                .clock
                .now()
                .saturating_add(i64::try_from(*seconds).unwrap_or(i64::MAX));
            let body = json!({"message": "API rate limit exceeded for user ID 1000.",
                "documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api", "status": "403"});
            Reply::json(403, &body)
                .header("x-ratelimit-limit", 5000)
                .header("x-ratelimit-remaining", 0)
                .header("x-ratelimit-used", 5000)
                .header("x-ratelimit-reset", reset)
                .header("x-ratelimit-resource", "core")
        }
        Fault::SecondaryRateLimit(seconds) => {
            let body = json!({
                "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
                "documentation_url": SECONDARY_LIMIT_PAGE,
                "status": "403",
            });
            Reply::json(403, &body)
                .header("retry-after", seconds)
                .header("x-ratelimit-remaining", 4321)
        }
        Fault::Rubbish => {
            let page = format!(
                "<!doctype html><title>Sign in</title><p>{} is behind a login.</p>\n",
                request.path
            );
            Reply::text(200, "text/html", page)
        }
    };
    Some(Instead::Reply(reply))
}

/// The answer without its elements, if it is a list.
fn emptied(mut reply: Reply) -> Reply {
    if reply.body.first() == Some(&b'[') {
        reply.body = b"[]".to_vec();
        reply
            .headers
            .retain(|(name, _)| !name.eq_ignore_ascii_case("link"));
    }
    reply
}

fn response(reply: Reply, fault: Option<&Fault>) -> hyper::Response<Body> {
    let mut builder = hyper::Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        builder = builder.header(name, value);
    }
    let bytes = Bytes::from(reply.body);
    let body = match fault {
        Some(Fault::TruncatedJson) => whole(bytes.slice(..bytes.len() / 2)),
        Some(Fault::SlowBodyMilliseconds(pause)) => in_pieces(bytes, Duration::from_millis(*pause)),
        _ => whole(bytes),
    };
    builder.body(body).unwrap_or_else(|error| {
        let mut broken = hyper::Response::new(whole(Bytes::from(format!(
            "the world made an impossible answer: {error}"
        ))));
        *broken.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        broken
    })
}

fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).boxed_unsync()
}

fn in_pieces(bytes: Bytes, pause: Duration) -> Body {
    let size = bytes.len().div_ceil(8).max(1);
    let pieces: Vec<Bytes> = bytes.chunks(size).map(Bytes::copy_from_slice).collect();
    let stream = futures::stream::iter(pieces).then(move |piece| async move {
        tokio::time::sleep(pause).await;
        Ok::<_, Infallible>(Frame::data(piece))
    });
    StreamBody::new(stream).boxed_unsync()
}
