//! GitHub's deliveries: headers, bodies and payloads, parsed once at the edge. And Argo CD's notifications.
//!
//! Pure. Only what is needed is read, straight from the payload's text; what is not needed may be missing or anything at
//! all. What is needed and wrong is told in one line that names the field. Shapes and names are GitHub's, as in the JSON
//! schema of its payloads.

mod access;
mod argocd;
mod body;
mod check_run;
mod deployment_protection;
mod form;
mod header;
mod installation;
mod issue_comment;
mod json;
mod place;
mod pull_request;
mod push;
mod route;
mod workflow_run;

pub use access::{AccessEvent, access_event};
pub use argocd::argocd_notification;
pub use body::payload_text;
pub use check_run::{CheckRunEvent, check_run_event};
pub use deployment_protection::{ProtectionEvent, protection_event};
pub use header::{
    ContentType, DELIVERY_HEADER, EVENT_HEADER, Envelope, EventName, SIGNATURE_HEADER,
};
pub use installation::installation_of;
pub use issue_comment::{IssueCommentEvent, issue_comment_event};
pub use pull_request::{PullRequestAction, PullRequestEvent, pull_request_event};
pub use push::{PushEvent, push_event};
pub use route::{Route, Routed, component_of, route, use_of};
pub use workflow_run::{WorkflowRunAction, WorkflowRunEvent, workflow_run_event};

/// A delivery that cannot be understood: what is wrong, in one line for its sender, naming the header or field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(String);

impl Malformed {
    /// The longest reason in characters: a line that can be read, whatever was sent.
    const CHARACTERS_MAX: usize = 300;

    fn new(reason: &str) -> Self {
        let printable = |character: char| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        };
        Self(
            reason
                .chars()
                .map(printable)
                .take(Self::CHARACTERS_MAX)
                .collect(),
        )
    }
}
