//! Sees what happens at GitHub and Coolify, and tells each thing once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use world::{Attempt, Delivery, Effect, OperationKind, Repository, World};

use super::narration::Narration;

/// What has been told already.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Attempts at deliveries, by GitHub's id.
    attempts: BTreeSet<u64>,
    /// How many effects.
    effects: usize,
    /// The comments by pull request.
    comments: BTreeMap<u64, String>,
}

impl Watch {
    /// Tells what is new.
    pub(super) fn look(&mut self, world: &World, repository: &Repository, narration: &Narration) {
        for delivery in world.github().webhooks().all() {
            for attempt in &delivery.attempts {
                if self.attempts.insert(attempt.id) {
                    narration.tell_of("delivery", &delivery_told(&delivery, attempt));
                }
            }
        }
        let effects = world.effects();
        for effect in effects.iter().skip(self.effects) {
            if let Some(told) = effect_told(effect) {
                narration.tell_of("Coolify", &told);
            }
        }
        self.effects = effects.len();
        for pull in repository.pull_requests() {
            let Some(comment) = pull.slipway_comment() else {
                continue;
            };
            if self.comments.get(&pull.number()) != Some(&comment.body) {
                narration.tell_of("comment", &comment_told(&comment.body));
                self.comments.insert(pull.number(), comment.body);
            }
        }
    }
}

fn delivery_told(delivery: &Delivery, attempt: &Attempt) -> String {
    let action = delivery.action.as_deref().unwrap_or_default();
    let again = if attempt.redelivery { " once more" } else { "" };
    let status = attempt
        .status
        .map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let outcome = serde_json::from_str::<Value>(&attempt.answer)
        .ok()
        .and_then(|answer| answer.get("outcome")?.as_str().map(str::to_owned))
        .unwrap_or_else(|| attempt.answer.clone());
    format!(
        "{} {action}{again}: {status} {outcome} in {} ms",
        delivery.event, attempt.milliseconds
    )
}

/// What a vendor did; comments are told by their text.
fn effect_told(effect: &Effect) -> Option<String> {
    match effect {
        Effect::DeployRequested {
            application, tag, ..
        } => {
            let tag = tag.as_deref().unwrap_or("its own tag");
            Some(format!("deploys {application} with the image tag {tag}"))
        }
        Effect::PreviewRemoved { application, .. } => {
            Some(format!("removes the preview on {application}"))
        }
        Effect::DeployRefused { message, .. } => Some(format!("refuses: {message}")),
        Effect::PhantomAnswered { .. } => {
            Some("answers with a deployment that it does not have".to_owned())
        }
        Effect::DeploymentCancelled { deployment } => {
            Some(format!("cancels the deployment {deployment}"))
        }
        Effect::OperationBegun {
            application,
            kind: OperationKind::Sync,
            ..
        } => Some(format!("begins to sync {application}")),
        Effect::OperationBegun {
            application,
            kind: OperationKind::Rollback,
            ..
        } => Some(format!("begins to roll {application} back")),
        Effect::OperationTerminated { application } => {
            Some(format!("stops the operation of {application}"))
        }
        Effect::SpecificationChanged { application } => {
            Some(format!("takes a change of {application}"))
        }
        Effect::FileCommitted { path, .. } => Some(format!("has a new commit of {path}")),
        Effect::WorkflowDispatched { workflow, .. } => Some(format!("starts {workflow}")),
        Effect::EntityRefreshed { entity } => Some(format!("reads {entity} again")),
        Effect::MessagePosted { channel } => Some(format!("has a new message in {channel}")),
        Effect::NoticeReceived { event, .. } => Some(format!("takes the notice {event}")),
        Effect::CommentCreated { .. }
        | Effect::CommentUpdated { .. }
        | Effect::CommentDeleted { .. } => None,
    }
}

/// The comment as it looks on the page: the rows of its table, and its notes.
fn comment_told(body: &str) -> String {
    let lines = body.lines().map(str::trim);
    let visible = lines.filter(|line| {
        let invisible = line.is_empty() || line.starts_with("<!--");
        let heading =
            line.starts_with('#') || line.starts_with("| ---") || line.starts_with("| Service ");
        !invisible && !heading
    });
    let told: Vec<String> = visible
        .map(|line| {
            let cells = line
                .trim_matches('|')
                .split('|')
                .map(|cell| cell.trim().trim_matches(['<', '>']));
            let cells: Vec<&str> = cells
                .filter(|cell| !cell.is_empty() && *cell != "–")
                .collect();
            cells.join("  ").replace('`', "")
        })
        .collect();
    told.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_told_as_it_looks() {
        let body = "<!-- slipway:preview repository=1 pr=2 -->\n### Preview\n\n| Service | Status | URL | Commit |\n\
                    | --- | --- | --- | --- |\n| shop | ✅ Ready | <http://x/pr-1> | `abc1234` |\n| api | ⏳ Building | – | – |\n\nA note.\n";
        assert_eq!(
            comment_told(body),
            "shop  ✅ Ready  http://x/pr-1  abc1234\napi  ⏳ Building\nA note."
        );
    }
}
