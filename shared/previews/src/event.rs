//! The answer of a component to an event that the gateway hands on: `200` once all that the event tells is durable.
//!
//! The first event of a repository, or one that shows a new name, makes the repository known too: so its surveys begin.
//!
//! `422` says that the payload can never be used; `503` that it should be handed on again. What follows from the facts is done
//! after the answer.

use std::collections::BTreeMap;

use bytes::Bytes;
use domain::{
    PreviewId, RepositoryId, RepositoryName, Timestamp,
    preview::{Fact, Preview},
    repository::{self, Key, Repository},
};
use futures_util::future::join_all;
use http::{Method, StatusCode, header};
use http_body_util::Full;
use ports::{Clock, Level, Log};
use runtime::RunError;
use slipway_spin::{BodyError, read_body, spawn};
use spin_sdk::http::Request;
use vendors::github::InstallationId;
use webhooks::{DELIVERY_HEADER, Malformed};

use crate::{DeliveryLog, FOLLOWED_FOR, PreviewRunner, runner};

/// What an event tells.
pub struct Learnt {
    /// The repository that it happened in.
    pub repository: RepositoryId,
    /// The repository's name then.
    pub full_name: RepositoryName,
    /// GitHub's own time of what it tells.
    pub as_of: Timestamp,
    /// What it tells of previews.
    pub previews: Vec<(PreviewId, Fact)>,
}

/// GitHub's largest payload, and more than the gateway lets through.
const PAYLOAD_BYTES_MAX: usize = 26 * 1024 * 1024;

/// Answers an event of which `read` tells what it says.
pub async fn answer(
    component: &'static str,
    request: Request,
    read: fn(&[u8]) -> Result<Learnt, Malformed>,
) -> http::Response<Full<Bytes>> {
    let delivery = request
        .headers()
        .get(DELIVERY_HEADER)
        .and_then(|value| value.to_str().ok());
    let log = DeliveryLog::new(component, delivery.map(str::to_owned));
    match accept(&log, request, read).await {
        Ok(()) => response(StatusCode::OK, String::new()),
        Err((status, reason)) => {
            let level = if status == StatusCode::SERVICE_UNAVAILABLE {
                Level::Error
            } else {
                Level::Warn
            };
            log.write(
                level,
                "did not take the event",
                &[("reason", reason.as_str().into())],
            );
            response(status, reason)
        }
    }
}

async fn accept(
    log: &DeliveryLog,
    request: Request,
    read: fn(&[u8]) -> Result<Learnt, Malformed>,
) -> Result<(), (StatusCode, String)> {
    if request.method() != Method::POST {
        return Err((StatusCode::METHOD_NOT_ALLOWED, "expected POST".to_owned()));
    }
    let payload = read_body(request.into_body(), PAYLOAD_BYTES_MAX)
        .await
        .map_err(|error| match error {
            BodyError::TooLong { .. } => (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
            BodyError::Broken { .. } => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
        })?;
    let learnt =
        read(&payload).map_err(|error| (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
    let unavailable = |reason: String| (StatusCode::SERVICE_UNAVAILABLE, reason);
    let runner = runner(log.clone())
        .await
        .map_err(|error| unavailable(error.to_string()))?;
    let mut posted = Vec::new();
    for (id, fact) in &learnt.previews {
        let mail = runner
            .post::<Preview>(id, fact)
            .await
            .map_err(|error| unavailable(error.to_string()))?;
        posted.push((*id, mail));
    }
    let repository = Key(learnt.repository);
    let seen = repository::Fact::Seen {
        full_name: learnt.full_name,
        as_of: learnt.as_of,
    };
    let news = match runner.post_news(repository, &seen).await {
        Ok(news) => news,
        Err(RunError::Store(error)) => return Err(unavailable(error.to_string())),
        // What cannot be read stays so however often the delivery comes; the previews do not depend on it.
        Err(error @ (RunError::Unreadable { .. } | RunError::Unwritable { .. })) => {
            let fields = [("reason", error.to_string().into())];
            log.write(Level::Error, "could not note the repository", &fields);
            None
        }
    };
    let installation = webhooks::installation_of(&payload);
    spawn(async move {
        if let Some(mail) = news {
            note_repository(&runner, repository, mail).await;
        }
        if let Some((repository, installation)) = installation {
            remember(&runner, repository, InstallationId(installation)).await;
        }
        follow(runner, posted).await;
    });
    Ok(())
}

/// Takes in what is new of the repository; its surveys are made by `POST /reconcile`. If it is cut off, that takes it in too.
async fn note_repository(runner: &PreviewRunner, repository: Key, mail: u64) {
    if let Err(error) = runner.take_in::<Repository>(&repository, &[mail]).await {
        let fields = [
            ("entity", repository.to_string().into()),
            ("reason", error.to_string().into()),
        ];
        runner
            .log
            .write(Level::Error, "could not note the repository", &fields);
    }
}

/// Remembers by which installation of the App the repository is reached. Where that fails GitHub is asked for it later.
async fn remember(runner: &PreviewRunner, repository: RepositoryId, installation: InstallationId) {
    let Some(github) = &runner.executor.github else {
        return;
    };
    if let Err(error) = github.remember_installation(repository, installation).await {
        let fields = [
            ("repository", repository.0.into()),
            ("reason", error.to_string().into()),
        ];
        let message = "could not remember the installation of the App";
        runner.log.write(Level::Warn, message, &fields);
    }
}

/// Follows the previews after the answer. What is not finished in time, or is cut off, is due for `POST /reconcile`.
async fn follow(runner: PreviewRunner, posted: Vec<(PreviewId, u64)>) {
    let deadline = runner.clock.now().after(FOLLOWED_FOR);
    let mut mail_of: BTreeMap<PreviewId, Vec<u64>> = BTreeMap::new();
    for (id, mail) in posted {
        mail_of.entry(id).or_default().push(mail);
    }
    join_all(mail_of.iter().map(|(id, mail)| async {
        if let Err(error) = runner.follow::<Preview>(id, mail, deadline).await {
            let fields = [
                ("entity", id.to_string().into()),
                ("reason", error.to_string().into()),
            ];
            runner
                .log
                .write(Level::Error, "could not bring the preview on", &fields);
        }
    }))
    .await;
}

fn response(status: StatusCode, reason: String) -> http::Response<Full<Bytes>> {
    let mut response = http::Response::new(Full::new(Bytes::from(reason)));
    *response.status_mut() = status;
    let text = header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    response
}
