//! What is measured: each case is an application, and requests to it.

use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use serde_json::Value;

use super::load::Traffic;
use crate::{scene, workspace};

/// Deliveries of pull requests are about so many different ones.
const PULL_REQUESTS: u64 = 64;
/// What deliveries are signed with.
pub(super) const SECRET: &str = "the secret of the benchmark";

/// One case.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) traffic: Traffic,
    pub(super) application: Application,
}

/// What runs on the host.
#[derive(Debug, Clone, Copy)]
pub(super) enum Application {
    /// The component that answers an empty 200.
    Hello,
    /// A component that writes one value to a store in SQLite.
    OneWrite,
    /// Slipway, with its stores in SQLite.
    OnSqlite,
    /// Slipway, with its stores in Redis.
    OnRedis,
}

impl Case {
    /// All cases, the ceiling first.
    pub(super) fn all() -> anyhow::Result<Vec<Self>> {
        let opened = payload("pull_request.opened.1.json")?;
        let completed = payload("workflow_run.completed-success-repository_dispatch.1.json")?;
        let created = payload("create.tag.1.json")?;
        let run = deliveries(
            "workflow_run",
            vec![completed],
            SECRET,
            StatusCode::ACCEPTED,
        );
        let pull_requests = numbered(&opened)?;
        let preview = deliveries("pull_request", pull_requests, SECRET, StatusCode::ACCEPTED);
        let case = |name, application, traffic| Self {
            name,
            traffic,
            application,
        };
        use Application::{Hello, OnRedis, OnSqlite, OneWrite};
        Ok(vec![
            case("hello world (the ceiling)", Hello, get(|_| "/".to_owned())),
            case(
                "one value of 20 kB written, SQLite",
                OneWrite,
                get(|number| format!("/set-large/default/{number}/20000")),
            ),
            case(
                "rejected signature",
                OnSqlite,
                deliveries(
                    "pull_request",
                    vec![opened],
                    "another secret",
                    StatusCode::UNAUTHORIZED,
                ),
            ),
            case(
                "ignored event",
                OnSqlite,
                deliveries("create", vec![created], SECRET, StatusCode::OK),
            ),
            case("accepted, nothing follows, SQLite", OnSqlite, run.clone()),
            case("accepted, nothing follows, Redis", OnRedis, run),
            case(
                "accepted, a preview is run, SQLite",
                OnSqlite,
                preview.clone(),
            ),
            case("accepted, a preview is run, Redis", OnRedis, preview),
        ])
    }
}

fn payload(file: &str) -> anyhow::Result<Vec<u8>> {
    let path = workspace::file("tests/world/vendor/github/payloads").join(file);
    std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// The payload as it is for each of several pull requests.
fn numbered(payload: &[u8]) -> anyhow::Result<Vec<Vec<u8>>> {
    let payload: Value = serde_json::from_slice(payload)?;
    let numbered = (1..=PULL_REQUESTS).map(|number| {
        let mut payload = payload.clone();
        for pointer in ["/number", "/pull_request/number"] {
            let place = payload
                .pointer_mut(pointer)
                .with_context(|| format!("the payload has no {pointer}"))?;
            *place = number.into();
        }
        Ok(serde_json::to_vec(&payload)?)
    });
    numbered.collect()
}

/// Requests without a body.
fn get(path: fn(usize) -> String) -> Traffic {
    Traffic {
        request: Arc::new(move |number| {
            Ok(Request::get(path(number))
                .header("host", "bench")
                .body(Full::default())?)
        }),
        expected: StatusCode::OK,
    }
}

/// Signed deliveries, each with an id of its own, that take turns with the payloads.
fn deliveries(
    event: &'static str,
    payloads: Vec<Vec<u8>>,
    secret: &str,
    expected: StatusCode,
) -> Traffic {
    let signed: Vec<(Bytes, String)> = payloads
        .into_iter()
        .map(|body| {
            let signature = world::sign(secret, &body);
            (Bytes::from(body), signature)
        })
        .collect();
    let request = move |number: usize| {
        let place = number
            .checked_rem(signed.len())
            .context("there is no payload")?;
        let (body, signature) = signed.get(place).context("there is no payload")?;
        let request = Request::builder()
            .method(Method::POST)
            .uri(scene::WEBHOOK_PATH)
            .header("host", "bench")
            .header("content-type", "application/json")
            .header("x-github-event", event)
            .header(
                "x-github-delivery",
                format!("00000000-0000-4000-8000-{number:012x}"),
            )
            .header("x-hub-signature-256", signature)
            .body(Full::new(body.clone()))?;
        Ok(request)
    };
    Traffic {
        request: Arc::new(request),
        expected,
    }
}
