//! Records what a `pull_request` delivery says, and runs the preview after the answer.

use domain::{PreviewId, preview::Fact};
use previews::{Learnt, Seen};
use spin_sdk::{
    http::{IntoResponse, Request},
    http_service,
};
use webhooks::{Malformed, pull_request_event};

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    previews::answer("pull-request", request, learnt).await
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
