//! `POST /reconcile`: brings everything on that is due, says what it did, what is left, and when to call again.
//!
//! Safe at any rate and at the same time as anything else. What waits for the next minutes is followed after the answer.

mod answer;
mod audit;
mod commands;
mod deliveries;
mod directories;
mod entities;
mod notices;
mod operations;
mod places;
mod ready;
mod releases;
mod requests;
mod wishes;

use std::time::Duration;

use bytes::Bytes;
use domain::{Timestamp, repository::SurveyPolicy};
use futures_util::future::join;
use http::{HeaderMap, Method, Response, StatusCode, header};
use http_body_util::Full;
use ports::{Clock, Level, Log, StoreError};
use previews::DeliveryLog;
use runtime::{breaker, reconcile, upkeep};
use slipway_spin::{SpinClock, SpinStore, VariableError, Variables, spawn};
use spin_sdk::{
    http::{IntoResponse, Request},
    http_service,
};

use answer::Done;
use entities::NotAdvanced;
use wishes::Wishes;

/// Nothing new is begun after this long, so that the answer comes well before callers give up.
const BUDGET: Duration = Duration::from_secs(20);

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let log = DeliveryLog::new("reconcile", None);
    if request.uri().path() == readiness::PATH {
        return ready::report(log).await;
    }
    if request.method() != Method::POST {
        let mut response = answer::problem(StatusCode::METHOD_NOT_ALLOWED, "expected POST");
        response
            .headers_mut()
            .insert(header::ALLOW, header::HeaderValue::from_static("POST"));
        return response;
    }
    match is_allowed(request.headers()).await {
        Ok(true) => {}
        Ok(false) => return unauthorized(&log),
        Err(error) => return unavailable(&log, &error.to_string()),
    }
    let wishes = match Wishes::parse(request.uri().query().unwrap_or_default()) {
        Ok(wishes) => wishes,
        Err(reason) => return answer::problem(StatusCode::BAD_REQUEST, &reason),
    };
    match reconcile(&log, &wishes).await {
        Ok(response) => response,
        Err(reason) => unavailable(&log, &reason),
    }
}

/// Whether the request bears the token. Without a configured token nobody does.
async fn is_allowed(headers: &HeaderMap) -> Result<bool, VariableError> {
    let Some(token) = Variables.secret("reconcile_token").await? else {
        return Ok(false);
    };
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    Ok(bearer.is_some_and(|bearer| token.matches(bearer)))
}

async fn reconcile(log: &DeliveryLog, wishes: &Wishes) -> Result<Response<Full<Bytes>>, String> {
    let started = SpinClock.now();
    let deadline = started.after(BUDGET);
    let retention = Variables
        .number("delivery_retention_days", 0, 3_650)
        .await
        .map_err(|error| error.to_string())?;
    let deliveries = deliveries::process_due(log, deadline)
        .await
        .map_err(|error| error.to_string())?;
    let retention = deliveries::retention(retention);
    let expired = deliveries::expire(log, retention)
        .await
        .map_err(|error| error.to_string())?;
    let runner = previews::runner(log.clone())
        .await
        .map_err(|error| error.to_string())?;
    let gaps = deliveries::close_gaps(&runner, retention)
        .await
        .map_err(|error| error.to_string())?;
    let policy = survey_policy().await.map_err(|error| error.to_string())?;
    let release_runner = ::releases::runner(log.clone())
        .await
        .map_err(|error| error.to_string())?;
    let acts = audit::acts(wishes, started);
    audit::note(&acts)
        .await
        .map_err(|error| error.to_string())?;
    let advanced = async {
        releases::post_wish(&release_runner, wishes).await?;
        let work = reconcile::work(&runner.store).await?;
        audit::note_witnessed(log, &work.acts, quarter(deadline)).await;
        let (commanded, mut work) = commands::advance(&runner, work, deadline).await?;
        directories::advance(log, &mut work, quarter(deadline)).await;
        let operated = operations::advance(&runner, &mut work, quarter(deadline)).await;
        let judged_until = quarter(deadline);
        let judged = ::releases::advance_requests(&release_runner, &mut work, judged_until).await;
        // Half of the time at most: however slowly Argo CD answers, previews and surveys get on too.
        let left = deadline.since(SpinClock.now());
        let due = (work, SpinClock.now().after(left / 2));
        let (released, work) = releases::advance(&release_runner, wishes, due).await?;
        let (placed, work) = places::advance(&runner, work, deadline).await?;
        let due = (work, deadline);
        let entities = entities::advance(&runner, policy, wishes, due).await?;
        Ok((commanded, operated, judged, released, placed, entities))
    };
    let (commanded, operated, judged, released, placed, entities) = match advanced.await {
        Ok(advanced) => advanced,
        Err(NotAdvanced::Failed(error)) => return Err(error.to_string()),
        Err(unknown) => {
            let detail = unknown.unknown().unwrap_or_default();
            let unknown = acts.iter().filter(|act| unknown.is_about(&act.on));
            let refused = audit::refuse(unknown, &detail).await;
            refused.map_err(|error| error.to_string())?;
            return Ok(answer::problem(StatusCode::NOT_FOUND, &detail));
        }
    };
    let github_problem = entities::github_problem(&runner).await;
    let paused = breaker::paused(&runner.store)
        .await
        .map_err(|error| error.to_string())?;
    let done = Done {
        started,
        deliveries,
        expired,
        gaps: gaps.as_ref(),
        commands: &commanded,
        operations: &operated,
        jobs: &judged,
        entities: &entities,
        places: &placed,
        releases: &released,
        github_problem: github_problem.as_deref(),
        paused: &paused,
    };
    log.write(Level::Info, "reconciled", &done.fields());
    let response = done.response();
    tidy(log, started).await;
    spawn(async move {
        let operations = operations::follow(&runner, &operated);
        join(operations, entities::follow(&runner, entities.previews)).await;
    });
    spawn(async move {
        let jobs = ::releases::follow_requests(&release_runner, &judged);
        join(jobs, releases::follow(&release_runner, released.lines)).await;
    });
    Ok(response)
}

/// A quarter of the time that is left until `deadline`, from now on.
fn quarter(deadline: Timestamp) -> Timestamp {
    let now = SpinClock.now();
    now.after(deadline.since(now) / 4)
}

/// Deletes what is kept for a time only and too old, and compares directories with what is stored, once in an hour. It can wait: what
/// was done stays done if it fails.
async fn tidy(log: &DeliveryLog, now: Timestamp) {
    let forgotten = async {
        audit::carry_over(now).await?;
        if upkeep::is_due(&SpinStore::new(), now).await? {
            requests::expire(now).await?;
            audit::expire(now).await?;
        }
        Ok::<(), StoreError>(())
    };
    if let Err(error) = forgotten.await {
        let fields = [("reason", error.to_string().into())];
        log.write(Level::Warn, "could not delete what is too old", &fields);
    }
    if let Err(error) = directories::compare(log, now).await {
        let fields = [("reason", error.to_string().into())];
        let message = "could not compare the directories of entities with what is stored";
        log.write(Level::Warn, message, &fields);
    }
}

/// The bounds of surveys, as they are configured.
async fn survey_policy() -> Result<SurveyPolicy, VariableError> {
    let interval = Variables
        .number("survey_seconds", 1, 86_400)
        .await?
        .map_or(SurveyPolicy::INTERVAL, Duration::from_secs);
    let removal_limit = Variables
        .number("removal_limit", 0, 10_000)
        .await?
        .and_then(|limit| u32::try_from(limit).ok())
        .unwrap_or(SurveyPolicy::REMOVAL_LIMIT);
    Ok(SurveyPolicy::new(interval, removal_limit))
}

fn unauthorized(log: &DeliveryLog) -> Response<Full<Bytes>> {
    log.write(
        Level::Warn,
        "refused a caller without the token in the variable reconcile_token",
        &[],
    );
    let mut response = answer::problem(
        StatusCode::UNAUTHORIZED,
        "expected Authorization: Bearer <reconcile_token>",
    );
    response.headers_mut().insert(
        header::WWW_AUTHENTICATE,
        header::HeaderValue::from_static("Bearer"),
    );
    response
}

fn unavailable(log: &DeliveryLog, reason: &str) -> Response<Full<Bytes>> {
    log.write(
        Level::Error,
        "could not reconcile",
        &[("reason", reason.into())],
    );
    let mut response = answer::problem(StatusCode::SERVICE_UNAVAILABLE, reason);
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, header::HeaderValue::from_static("30"));
    response
}
