//! Records what a `workflow_run` delivery says for the previews of its pull requests, and runs them after the answer.
//!
//! A run of a fork names no pull request: the previews that wait for it ask for the runs of their commit themselves.

use domain::{PreviewId, preview::Fact};
use previews::Learnt;
use spin_sdk::{
    http::{IntoResponse, Request},
    http_service,
};
use webhooks::{Malformed, workflow_run_event};

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    previews::answer("workflow-run", request, learnt).await
}

fn learnt(payload: &[u8]) -> Result<Learnt, Malformed> {
    let event = workflow_run_event(payload)?;
    let previews = event.pull_requests.into_iter().map(|number| {
        let id = PreviewId {
            repository: event.repository,
            number,
        };
        let (repository, run) = (event.repository_name.clone(), event.run.clone());
        (id, Fact::RunDelivered { repository, run })
    });
    Ok(Learnt {
        repository: event.repository,
        as_of: event.updated_at,
        previews: previews.collect(),
        full_name: event.repository_name.clone(),
    })
}
