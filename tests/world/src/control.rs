//! The control API: drives the world from outside, with curl. `README.md` has the endpoints.

mod argocd;
mod notices;

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::connections::{self, Body, Closed, Presence};
use crate::coolify::Coolify;
use crate::faults::{Fault, FaultBuilder};
use crate::github::{GitHub, PullRequest};
use crate::state::Shared;
use crate::{Vendor, clean};

type Outcome = Result<Value, (u16, String)>;

/// Serves until the task is aborted.
pub(crate) fn serve(listener: TcpListener, shared: Arc<Shared>) -> JoinHandle<()> {
    connections::serve(listener, Presence::new(), move |request| {
        respond(Arc::clone(&shared), request)
    })
}

async fn respond(
    shared: Arc<Shared>,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Body>, Closed> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
    let (status, answer) =
        match control(&shared, head.method.as_str(), head.uri.path(), &body).await {
            Ok(answer) => (200, answer),
            Err((status, why)) => (status, json!({"error": why})),
        };
    let text = serde_json::to_string_pretty(&answer).unwrap_or_default() + "\n";
    let mut response = hyper::Response::new(Full::new(Bytes::from(text)).boxed_unsync());
    *response.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(
        "content-type",
        http::HeaderValue::from_static("application/json"),
    );
    Ok(response)
}

/// What was asked for, with its JSON body.
struct Wish<'a> {
    shared: &'a Arc<Shared>,
    body: Value,
}

async fn control(shared: &Arc<Shared>, method: &str, path: &str, body: &[u8]) -> Outcome {
    let body = if body.is_empty() {
        json!({})
    } else {
        serde_json::from_slice(body).map_err(|error| (400, error.to_string()))?
    };
    let wish = Wish { shared, body };
    let parts: Vec<&str> = path
        .trim_start_matches("/_world")
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    match (method, parts.as_slice()) {
        ("GET", [] | ["state"]) => Ok(wish.state()),
        ("GET", ["journal"]) => Ok(shared.look(|state| json!(state.journal.entries))),
        ("GET", ["deliveries"]) => Ok(json!(wish.github().webhooks().all())),
        ("GET", ["messages"]) => Ok(
            json!({"slack": wish.slack().all_messages(), "webhooks": wish.receiver().received()}),
        ),
        ("GET", ["check"]) => Ok(json!({"findings": clean::untidy(shared)})),
        ("POST", ["webhook"]) => wish.webhook(),
        ("POST", ["files"]) => wish.write_file(),
        ("POST", ["applications"]) => wish.application(),
        ("POST", ["pull-requests"]) => wish.open(),
        ("POST", ["pull-requests", number, verb]) => wish.change(number, verb),
        ("POST", ["runs"]) => wish.run(),
        ("POST", ["runs", run, "complete"]) => wish.complete(run),
        ("POST", ["deliveries", guid, "redeliver"]) => wish.redeliver(guid).await,
        ("POST", ["argocd", rest @ ..]) => wish.argocd(rest),
        ("POST", ["entities"]) => wish.entity(),
        ("POST", ["slack", channel, verb]) => wish.channel(channel, verb),
        ("POST", ["receiver"]) => wish.receives(),
        ("POST", ["clock"]) => wish.clock(),
        ("POST", ["installations", verb]) => wish.installations(verb),
        ("POST", ["faults"]) => wish.fault(),
        ("DELETE", ["faults"]) => {
            shared.change(|state| state.faults.lift_all());
            Ok(json!({"faults": "lifted"}))
        }
        _ => Err((
            404,
            format!("{method} {path} is no control; README.md of tests/world lists them"),
        )),
    }
}

impl Wish<'_> {
    fn github(&self) -> GitHub {
        GitHub {
            shared: Arc::clone(self.shared),
        }
    }

    fn coolify(&self) -> Coolify {
        Coolify {
            shared: Arc::clone(self.shared),
        }
    }

    fn text(&self, name: &str) -> Result<&str, (u16, String)> {
        let missing = || (400, format!("the body needs `{name}`, a string"));
        self.body
            .get(name)
            .and_then(Value::as_str)
            .ok_or_else(missing)
    }

    fn pull_request(&self, number: &str) -> Result<PullRequest, (u16, String)> {
        let repository = self.github().repository(self.text("repository")?);
        let found = number
            .parse()
            .ok()
            .and_then(|number| repository.pull_request(number));
        found.ok_or_else(|| {
            (
                404,
                format!("{} has no pull request {number}", repository.full_name()),
            )
        })
    }

    fn state(&self) -> Value {
        let github = self.github();
        let pulls: Vec<Value> = github
            .repositories()
            .iter()
            .flat_map(|repository| repository.pull_requests().into_iter().map(|pull| (repository.full_name(), pull)))
            .map(|(repository, pull)| {
                json!({"repository": repository, "number": pull.number(), "open": pull.is_open(), "head": pull.head_sha(),
                    "comments": pull.comments()})
            })
            .collect();
        let addresses = self.shared.addresses.get().map(|at| {
            json!({"github": at.github, "coolify": at.coolify, "previews": at.previews, "argocd": at.argocd, "backstage": at.backstage, "slack": at.slack, "receiver": at.receiver, "harbor": at.harbor,
                "platform": at.platform, "kubernetes": at.kubernetes, "control": at.control})
        });
        let containers = self.shared.look(|state| {
            let all = state.coolify.containers.iter();
            all.map(|((uuid, number), container)| json!({"application": uuid, "pull_request": number, "container": container}))
                .collect::<Vec<_>>()
        });
        json!({
            "addresses": addresses,
            "pull_requests": pulls,
            "deployments": self.coolify().deployments(),
            "containers": containers,
            "argocd": self.argocd_state(),
            "entities": self.entities(),
            "dispatches": self.shared.look(|state| json!(state.github.dispatches)),
        })
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.body.get(name).and_then(Value::as_u64)
    }

    /// Lets time pass on the vendors' clocks.
    fn clock(&self) -> Outcome {
        let seconds = self.number("seconds");
        let seconds = seconds.ok_or((400, "the body needs `seconds`, a number".to_owned()))?;
        self.shared
            .clock
            .advance(i64::try_from(seconds).unwrap_or(i64::MAX));
        self.shared.change(|_| {});
        Ok(json!({"now": self.shared.clock.now()}))
    }

    fn webhook(&self) -> Outcome {
        let url = self.text("url")?;
        self.github().webhooks().send_to(url);
        Ok(json!({"webhook": url}))
    }

    fn write_file(&self) -> Outcome {
        let repository = self.github().repository(self.text("repository")?);
        Ok(json!({"commit": repository.write_file(self.text("path")?, self.text("content")?)}))
    }

    fn application(&self) -> Outcome {
        let application = self.coolify().application(self.text("uuid")?);
        if let Ok(image) = self.text("image") {
            application.image(image);
        }
        Ok(json!({"application": application.uuid()}))
    }

    fn open(&self) -> Outcome {
        let repository = self.github().repository(self.text("repository")?);
        let pull = repository.open_pull_request(self.text("title")?, self.text("branch")?);
        Ok(json!({"number": pull.number(), "head": pull.head_sha()}))
    }

    fn change(&self, number: &str, verb: &str) -> Outcome {
        let pull = self.pull_request(number)?;
        match verb {
            "push" => drop(pull.push()),
            "close" => pull.close(),
            "merge" => drop(pull.merge()),
            "reopen" => pull.reopen(),
            "draft" => pull.convert_to_draft(),
            "ready" => pull.ready_for_review(),
            "label" => pull.label(self.text("label")?),
            "unlabel" => pull.unlabel(self.text("label")?),
            _ => {
                return Err((
                    404,
                    format!(
                        "a pull request cannot `{verb}`; it can push, close, merge, reopen, draft, ready, label, unlabel"
                    ),
                ));
            }
        }
        Ok(json!({"number": pull.number(), "open": pull.is_open(), "head": pull.head_sha()}))
    }

    fn run(&self) -> Outcome {
        let number = self
            .body
            .get("number")
            .and_then(Value::as_u64)
            .ok_or((400, "the body needs `number`".to_owned()))?;
        let pull = self.pull_request(&number.to_string())?;
        let repository = self.github().repository(self.text("repository")?);
        let run = repository
            .run(self.text("workflow")?)
            .for_pull_request(&pull)
            .start();
        run.complete(self.text("conclusion").unwrap_or("success"));
        Ok(json!({"run": run.id()}))
    }

    /// Ends a run, such as one that was started by hand.
    fn complete(&self, run: &str) -> Outcome {
        let repository = self.github().repository(self.text("repository")?);
        let found = repository
            .runs()
            .into_iter()
            .find(|known| known.id().to_string() == run);
        let missing = || (404, format!("{} has no run {run}", repository.full_name()));
        let found = found.ok_or_else(missing)?;
        found.complete(self.text("conclusion").unwrap_or("success"));
        Ok(json!({"run": found.id()}))
    }

    async fn redeliver(&self, guid: &str) -> Outcome {
        let webhooks = self.github().webhooks();
        let known = self.shared.look(|state| state.github.hook.url.clone());
        let url = self
            .text("url")
            .ok()
            .map(str::to_owned)
            .or(known)
            .ok_or((409, "there is no webhook URL".to_owned()))?;
        let attempt = webhooks
            .redeliver(guid, &url)
            .await
            .ok_or_else(|| (404, format!("there is no delivery {guid}")))?;
        Ok(json!(attempt))
    }

    fn installations(&self, verb: &str) -> Outcome {
        let all = self.github().installations();
        for installation in &all {
            match verb {
                "end-tokens" => installation.end_tokens(),
                "suspend" => installation.suspend(),
                "unsuspend" => installation.unsuspend(),
                "delete" => installation.delete(),
                _ => {
                    return Err((
                        404,
                        format!(
                            "installations cannot `{verb}`; they can end-tokens, suspend, unsuspend, delete"
                        ),
                    ));
                }
            }
        }
        Ok(json!({"installations": all.len()}))
    }

    fn fault(&self) -> Outcome {
        let wrong = |error: serde_json::Error| (400, error.to_string());
        let vendor: Vendor =
            serde_json::from_value(self.body.get("vendor").cloned().unwrap_or_default())
                .map_err(wrong)?;
        let fault: Fault =
            serde_json::from_value(self.body.get("fault").cloned().unwrap_or_default())
                .map_err(wrong)?;
        let mut builder = FaultBuilder::new(Arc::clone(self.shared), vendor);
        if let Ok(path) = self.text("path") {
            builder = match self.text("method") {
                Ok(method) => builder.on(method, path),
                Err(_) => builder.on_path(path),
            };
        }
        if let Some(times) = self.body.get("times").and_then(Value::as_u64) {
            builder = builder.times(u32::try_from(times).unwrap_or(u32::MAX));
        }
        drop(builder.is(fault));
        Ok(json!({"fault": "in force"}))
    }
}
