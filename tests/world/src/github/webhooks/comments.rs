//! `issue_comment` deliveries.

use serde_json::{Value, json};

use crate::github::shape::{Shape, overlay};
use crate::github::state::GitHubState;
use crate::names::Names;

impl GitHubState {
    /// Queues an `issue_comment` delivery; `extra` are the fields that only this action has.
    pub(crate) fn emit_comment(
        &mut self,
        action: &str,
        comment: u64,
        extra: Value,
        api: &str,
        names: &Names,
    ) {
        let Some(comment) = self.comments.get(&comment) else {
            return;
        };
        let Some(found) = self.repositories.get(&comment.repository) else {
            return;
        };
        let Some(pull) = found.pulls.get(&comment.pull_request) else {
            return;
        };
        let repository = comment.repository;
        let mut payload = self.envelope(found, comment.author, api);
        let shape = Shape { github: self, api };
        overlay(
            &mut payload,
            json!({"action": action, "issue": shape.issue(found, pull), "comment": shape.comment(comment)}),
        );
        overlay(&mut payload, extra);
        self.enqueue("issue_comment", repository, &payload, names);
    }
}
