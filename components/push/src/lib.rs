//! Records what a `push` delivery says for the release lines that track its branch or tag, and runs them after the answer. And
//! runs those that an application of Argo CD's rolls out when `argocd-webhook` says that something happened to it, and those that
//! `commands` told something. And records what `image-report` hands on. And jobs on GitHub that wait before they deploy, which it answers.

use bytes::Bytes;
use domain::{
    RepositoryId,
    release::{IntakeFact, LineId, Place},
};
use http_body_util::Full;
use previews::{DeliveryLog, Refusal, Seen, answered, delivery_log, payload, woken};
use slipway_spin::spawn;
use spin_sdk::{
    http::{IntoResponse, Request},
    http_service,
};
use webhooks::{EVENT_HEADER, argocd_notification, protection_event, push_event};

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    respond(request).await
}

/// Where a notification of Argo CD's is taken; no public route leads there.
const ARGOCD: &str = "/argocd";

/// Where `image-report` hands on what a run reported, followed by the repository's id; no public route leads there.
const IMAGE: &str = "/image/";

async fn respond(request: Request) -> http::Response<Full<Bytes>> {
    let log = delivery_log("push", &request);
    if let Some(line) = woken::<LineId>(&request) {
        return answered(&log, follow(&log, line).await);
    }
    let path = request.uri().path().to_owned();
    let taken = match path.strip_prefix(IMAGE) {
        Some(repository) => image_reported(&log, repository, request).await,
        None if path == ARGOCD => wake(&log, request).await,
        None if is_protection(&request) => protect(&log, request).await,
        None => accept(&log, request).await,
    };
    answered(&log, taken)
}

/// Follows a line after the answer.
async fn follow(log: &DeliveryLog, line: LineId) -> Result<(), Refusal> {
    let runner = releases::runner(log.clone())
        .await
        .map_err(|error| Refusal::unavailable(&error))?;
    spawn(async move { releases::follow_woken(&runner, &line).await });
    Ok(())
}

async fn wake(log: &DeliveryLog, request: Request) -> Result<(), Refusal> {
    let application = argocd_notification(&payload(request).await?)?;
    let runner = releases::runner(log.clone())
        .await
        .map_err(|error| Refusal::unavailable(&error))?;
    spawn(async move { releases::wake(&runner, &application).await });
    Ok(())
}

/// Records what a run reported of the image that it built: its token was verified before.
async fn image_reported(
    log: &DeliveryLog,
    repository: &str,
    request: Request,
) -> Result<(), Refusal> {
    let repository = repository
        .parse()
        .map_err(|error: std::num::ParseIntError| Refusal::unusable(&error))?;
    let payload = payload(request).await?;
    let fact: IntakeFact =
        serde_json::from_slice(&payload).map_err(|error| Refusal::unusable(&error))?;
    let taken = releases::take(log, RepositoryId(repository), &fact).await?;
    spawn(taken.follow());
    Ok(())
}

/// Whether a job that waits before it deploys is handed on.
fn is_protection(request: &Request) -> bool {
    let event = request.headers().get(EVENT_HEADER);
    event.is_some_and(|event| event.as_bytes() == b"deployment_protection_rule")
}

/// Records that a job waits, and judges and answers it after the answer.
async fn protect(log: &DeliveryLog, request: Request) -> Result<(), Refusal> {
    let event = protection_event(&payload(request).await?)?;
    let runner = releases::runner(log.clone())
        .await
        .map_err(|error| Refusal::unavailable(&error))?;
    let mail = releases::request(&runner, (&event.id, event.requested)).await?;
    spawn(async move { releases::follow_request(&runner, &event.id, &[mail]).await });
    Ok(())
}

async fn accept(log: &DeliveryLog, request: Request) -> Result<(), Refusal> {
    let payload = payload(request).await?;
    let event = push_event(&payload)?;
    let seen = Seen {
        repository: event.repository,
        full_name: event.repository_name.clone(),
        as_of: event.push.pushed_at,
        touches_configuration: event.touches_configuration,
    };
    let fact = IntakeFact::Pushed {
        place: Place {
            repository: event.repository_name,
            as_of: event.push.pushed_at,
        },
        push: event.push,
    };
    let taken = releases::take(log, event.repository, &fact).await?;
    let news = seen.note(&taken.runner, &payload).await?;
    spawn(async move {
        let github = taken.runner.executor.github.as_ref();
        news.take_in(&taken.runner, github).await;
        taken.follow().await;
    });
    Ok(())
}
