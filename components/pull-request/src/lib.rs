//! Records what a `pull_request` delivery says, or the button of a check run, and runs the preview after the answer.

use domain::{
    PreviewId, Timestamp,
    audit::{Act, Door, Outcome},
    preview::Fact,
};
use previews::{Learnt, Seen};
use runtime::witnessed::{LabelMoved, Witnessed};
use spin_sdk::{
    http::{HeaderName, IntoResponse, Request},
    http_service,
};
use webhooks::{
    DELIVERY_HEADER, EVENT_HEADER, Malformed, PullRequestEvent, check_run_event, pull_request_event,
};

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
            learnt(payload, &delivery)
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
        // It is one once GitHub was asked about who pressed it.
        act: None,
    })
}

fn learnt(payload: &[u8], delivery: &str) -> Result<Learnt, Malformed> {
    let event = pull_request_event(payload)?;
    let act = moved_label(&event, delivery);
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
        act,
    })
}

/// What somebody did with a label, who may do at least that; only the configuration says whether it means anything.
fn moved_label(event: &PullRequestEvent, delivery: &str) -> Option<Witnessed> {
    let (by, added) = match (&event.label_added, &event.label_removed) {
        (Some(by), _) => (by, true),
        (None, Some(by)) => (by, false),
        (None, None) => return None,
    };
    let preview = PreviewId {
        repository: event.repository,
        number: event.number,
    };
    let act = Act {
        at: by.as_of,
        by: by.login.clone(),
        door: Door::GitHub,
        act: if added { "label" } else { "unlabel" }.to_owned(),
        on: preview.to_string(),
        repository: Some(event.repository),
        said: None,
        outcome: Outcome::Allowed,
        reason: None,
    };
    Some(Witnessed {
        act: act.saying(&by.label),
        mark: delivery.to_owned(),
        label: Some(LabelMoved {
            name: by.label.clone(),
            of_fork: event.is_of_fork(),
        }),
    })
}
