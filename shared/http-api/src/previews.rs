//! Previews: try again.

use domain::{
    PreviewId,
    preview::{Fact, Preview},
};
use http::StatusCode;
use inbox::Inbox;
use ports::{Clock, Label, Store};
use runtime::{RunError, mailbox};
use serde::Serialize;

use crate::{Problem, Reply};

#[derive(Serialize)]
struct Retried {
    preview: String,
    outcome: &'static str,
}

/// `POST /api/v1/previews/{repository id}/{number}/retry`
pub(crate) async fn retry<S: Store, H, C: Clock, L>(
    inbox: &Inbox<S, H, C, L>,
    id: PreviewId,
) -> Result<Reply, Problem> {
    let preview = id.to_string();
    if inbox.store.get(Label::Default, &preview).await?.is_none() {
        return Err(Problem::not_found(format!(
            "there is no preview {preview}: its pull request was never seen, or closed long ago"
        )));
    }
    mailbox::post::<Preview>(&inbox.store, &id, &Fact::RetryAsked, inbox.clock.now())
        .await
        .map_err(not_posted)?;
    let outcome = "queued";
    Ok(Reply::accepted(&Retried { preview, outcome }, Vec::new()))
}

fn not_posted(error: RunError) -> Problem {
    match error {
        RunError::Store(error) => error.into(),
        RunError::Unreadable { .. } | RunError::Unwritable { .. } => {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
        }
    }
}
