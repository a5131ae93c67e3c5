//! Records a command that somebody gives by a comment on a pull request, and follows it after the answer: GitHub is asked who
//! that is, and the preview or the environment is told. It reaches GitHub, and can wake whoever runs previews and releases; it
//! has no right to do anything about them itself.

use std::{cell::RefCell, collections::BTreeSet};

use bytes::Bytes;
use domain::{
    PreviewId,
    command::{Command, CommandId, Fact},
    release::LineId,
};
use http_body_util::Full;
use ports::{Clock, Level, Log};
use previews::{
    DeliveryLog, FOLLOWED_FOR, GitHub, Refusal, Seen, answered, delivery_log, github_client,
    payload, wake,
};
use runtime::{Runner, command::CommandExecutor};
use slipway_spin::{SpinClock, SpinStore, spawn};
use spin_sdk::{
    http::{IntoResponse, Request},
    http_service,
};
use webhooks::issue_comment_event;

/// Who runs previews.
const PREVIEWS: &str = "pull-request";
/// Who runs releases.
const RELEASES: &str = "push";

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    respond(request).await
}

async fn respond(request: Request) -> http::Response<Full<Bytes>> {
    let log = delivery_log("commands", &request);
    let taken = accept(&log, request).await;
    answered(&log, taken)
}

async fn accept(log: &DeliveryLog, request: Request) -> Result<(), Refusal> {
    let payload = payload(request).await?;
    let event = issue_comment_event(&payload)?;
    let github = github_client(log)
        .await
        .map_err(|error| Refusal::unavailable(&error))?;
    let recorder = runner(log, ());
    let seen = Seen {
        repository: event.id.repository,
        full_name: event.written.repository.clone(),
        as_of: event.written.written_at,
        touches_configuration: false,
    };
    let mail = recorder
        .post::<Command>(&event.id, &Fact::Written(event.written))
        .await
        .map_err(|error| Refusal::unavailable(&error))?;
    let news = seen.note(&recorder, &payload).await?;
    let log = log.clone();
    spawn(async move {
        news.take_in(&recorder, github.as_ref()).await;
        let (previews, lines) = follow(&log, github.as_ref(), event.id, mail).await;
        for line in lines {
            wake(&log, RELEASES, &line).await;
        }
        for preview in previews {
            wake(&log, PREVIEWS, &preview).await;
        }
    });
    Ok(())
}

fn runner<X>(log: &DeliveryLog, executor: X) -> Runner<SpinStore, SpinClock, DeliveryLog, X> {
    Runner {
        store: SpinStore::new(),
        clock: SpinClock,
        log: log.clone(),
        executor,
    }
}

/// Follows the command; returns the previews and the release lines that were told. What is not finished, or is cut off, is due for
/// `POST /reconcile`.
async fn follow(
    log: &DeliveryLog,
    github: Option<&GitHub>,
    id: CommandId,
    mail: u64,
) -> (BTreeSet<PreviewId>, BTreeSet<LineId>) {
    let executor = CommandExecutor {
        github,
        store: SpinStore::new(),
        clock: SpinClock,
        log: log.clone(),
        told: RefCell::default(),
        told_lines: RefCell::default(),
    };
    let runner = runner(log, executor);
    let deadline = runner.clock.now().after(FOLLOWED_FOR);
    if let Err(error) = runner.follow::<Command>(&id, &[mail], deadline).await {
        let fields = [
            ("entity", id.to_string().into()),
            ("reason", error.to_string().into()),
        ];
        runner
            .log
            .write(Level::Error, "could not follow a command", &fields);
    }
    let told = runner.executor.told.take();
    let told_lines = runner.executor.told_lines.take();
    (told.into_iter().collect(), told_lines.into_iter().collect())
}
