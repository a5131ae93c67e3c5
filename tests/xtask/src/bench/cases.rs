//! What is measured: each case is an application on a host, and requests to it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use host::{LogSink, Running};
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use serde_json::Value;
use tempfile::TempDir;

use super::load::Traffic;
use crate::redis::Redis;
use crate::{components, scene, workspace};

/// Deliveries of pull requests are about so many different ones.
const PULL_REQUESTS: u64 = 64;
const SECRET: &str = "the secret of the benchmark";

/// One case.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) traffic: Traffic,
    application: Application,
}

#[derive(Clone, Copy)]
enum Application {
    Hello,
    OnSqlite,
    OnRedis,
}

impl Case {
    /// All cases, the ceiling first.
    pub(super) fn all() -> anyhow::Result<Vec<Self>> {
        let opened = payload("pull_request.opened.1.json")?;
        let completed = payload("workflow_run.completed-success-repository_dispatch.1.json")?;
        let pushed = payload("push.branch-created.1.json")?;
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
        use Application::{Hello, OnRedis, OnSqlite};
        Ok(vec![
            case("hello world (the ceiling)", Hello, hello()),
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
                deliveries("push", vec![pushed], SECRET, StatusCode::OK),
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

fn hello() -> Traffic {
    Traffic {
        request: Arc::new(|_| {
            Ok(Request::get("/")
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

/// The built components.
pub(super) struct Components {
    slipway: PathBuf,
    hello: PathBuf,
}

impl Components {
    pub(super) fn build() -> anyhow::Result<Self> {
        Ok(Self {
            slipway: components::build()?,
            hello: components::build_other("hello")?,
        })
    }
}

/// A host with the application of one case, with stores of its own.
pub(super) struct Stage {
    running: Running,
    // They end and are deleted after the host.
    _redis: Option<Redis>,
    _directory: TempDir,
}

impl Stage {
    /// Starts it. No vendor is configured: what is measured is Slipway.
    pub(super) async fn start(components: &Components, case: &Case) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        let mut redis = None;
        let mut options = host::Options::new(&components.slipway);
        match case.application {
            Application::Hello => {
                options.manifest = directory.path().join("spin.toml");
                std::fs::write(&options.manifest, hello_manifest(&components.hello))?;
            }
            Application::OnSqlite => {
                let file = directory.path().join("runtime-config.toml");
                std::fs::write(&file, crate::stores::sqlite())?;
                options.runtime_config = Some(file);
            }
            Application::OnRedis => {
                let file = directory.path().join("runtime-config.toml");
                let server = Redis::start()?;
                std::fs::write(&file, server.runtime_config(&["default", "inbox", "queue"]))?;
                redis = Some(server);
                options.runtime_config = Some(file);
            }
        }
        options.state_dir = directory.path().join("state");
        options
            .variables
            .insert("github_webhook_secrets".to_owned(), SECRET.to_owned());
        // Writing lines to a terminal would be measured too.
        options.log = LogSink::callback(|_| {});
        if matches!(case.application, Application::Hello) {
            options.variables.clear();
        }
        let running = host::start(options).await?;
        Ok(Self {
            running,
            _redis: redis,
            _directory: directory,
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.running.address()
    }

    pub(super) async fn stop(self) {
        self.running.stop().await;
    }
}

fn hello_manifest(wasm: &std::path::Path) -> String {
    format!(
        "spin_manifest_version = 2\n[application]\nname = \"hello\"\n[[trigger.http]]\nroute = \"/...\"\ncomponent = \"hello\"\n\
         [component.hello]\nsource = {:?}\n",
        wasm.display().to_string()
    )
}
