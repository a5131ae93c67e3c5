//! Records what a `workflow_run` delivery says for the previews of its pull requests and for releases, and runs them after the
//! answer.
//!
//! A run of a fork names no pull request: the previews that wait for it ask for the runs of their commit themselves.

use bytes::Bytes;
use domain::{
    PreviewId,
    preview::Fact,
    release::{IntakeFact, Place},
};
use futures_util::future::join;
use http_body_util::Full;
use previews::{DeliveryLog, Learnt, Refusal, Seen, answered, delivery_log, payload};
use slipway_spin::spawn;
use spin_sdk::{
    http::{IntoResponse, Request},
    http_service,
};
use webhooks::{WorkflowRunEvent, workflow_run_event};

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    respond(request).await
}

async fn respond(request: Request) -> http::Response<Full<Bytes>> {
    let log = delivery_log("workflow-run", &request);
    let taken = accept(&log, request).await;
    answered(&log, taken)
}

async fn accept(log: &DeliveryLog, request: Request) -> Result<(), Refusal> {
    let payload = payload(request).await?;
    let event = workflow_run_event(&payload)?;
    let previews = previews::take(log, &payload, learnt(&event)).await?;
    // A run of anything else than a push builds nothing that is released. If its branch bears the name of the default one, as
    // a fork's may, it is recorded that it proves nothing.
    let is_named_so =
        event.run.head_branch.is_some() && event.run.head_branch == event.default_branch;
    if event.run.event != "push" && !is_named_so {
        spawn(previews.follow());
        return Ok(());
    }
    let fact = IntakeFact::RunSeen {
        place: Place {
            repository: event.repository_name,
            as_of: event.updated_at,
        },
        run: event.run,
    };
    let releases = releases::take(log, event.repository, &fact).await?;
    spawn(async move {
        join(previews.follow(), releases.follow()).await;
    });
    Ok(())
}

fn learnt(event: &WorkflowRunEvent) -> Learnt {
    let previews = event.pull_requests.iter().map(|number| {
        let id = PreviewId {
            repository: event.repository,
            number: *number,
        };
        let (repository, run) = (event.repository_name.clone(), event.run.clone());
        (id, Fact::RunDelivered { repository, run })
    });
    Learnt {
        seen: Seen {
            repository: event.repository,
            full_name: event.repository_name.clone(),
            as_of: event.updated_at,
            touches_configuration: false,
        },
        previews: previews.collect(),
        act: None,
    }
}
