//! Records what a `pull_request` delivery says, or the button of a check run, and runs the preview after the answer.

use domain::{PreviewId, Timestamp, preview::Fact};
use previews::{Learnt, Seen};
use spin_sdk::{
    http::{HeaderName, IntoResponse, Request},
    http_service,
};
use webhooks::{DELIVERY_HEADER, EVENT_HEADER, Malformed, check_run_event, pull_request_event};

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let (event, delivery) = (
        text(&request, &EVENT_HEADER),
        text(&request, &DELIVERY_HEADER),
    );
    previews::answer("pull-request", request, |payload| {
        if event == "check_run" {
            pressed(payload, &delivery)
        } else {
            learnt(payload)
        }
    })
    .await
}

/// A header that the gateway set; empty if it is missing.
fn text(request: &Request, name: &HeaderName) -> String {
    let value = request.headers().get(name);
    let text = value.and_then(|value| value.to_str().ok());
    text.unwrap_or_default().to_owned()
}

/// What somebody asks for by a button of a check run.
fn pressed(payload: &[u8], delivery: &str) -> Result<Learnt, Malformed> {
    let event = check_run_event(payload, delivery)?;
    Ok(Learnt {
        seen: Seen {
            repository: event.preview.repository,
            full_name: event.full_name,
            // The payload does not say when: any other sighting of the name is newer.
            as_of: Timestamp::default(),
            touches_configuration: false,
        },
        previews: vec![(event.preview, Fact::Requested(event.request))],
    })
}

fn learnt(payload: &[u8]) -> Result<Learnt, Malformed> {
    let event = pull_request_event(payload)?;
    let id = PreviewId {
        repository: event.repository,
        number: event.number,
    };
    // Commits of the repository's own branches need no approval.
    let approval = event.label_added.clone().filter(|_| event.is_of_fork());
    let pull_request = event.pull_request;
    Ok(Learnt {
        seen: Seen {
            repository: event.repository,
            full_name: pull_request.repository.clone(),
            as_of: pull_request.updated_at,
            touches_configuration: false,
        },
        previews: [Fact::PullRequestDelivered { pull_request }]
            .into_iter()
            .chain(approval.map(Fact::LabelAdded))
            .map(|fact| (id, fact))
            .collect(),
    })
}
