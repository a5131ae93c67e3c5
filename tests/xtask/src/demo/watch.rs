//! Sees what happens at the vendors, and tells each thing once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use world::{Attempt, Delivery, Effect, OperationKind, Repository, World};

use super::narration::Narration;
use crate::scene;

/// What has been told already.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Attempts at deliveries, by GitHub's id.
    attempts: BTreeSet<u64>,
    /// How many effects.
    effects: usize,
    /// The comments by pull request.
    comments: BTreeMap<u64, String>,
    /// How many statuses of each of GitHub's deployments.
    statuses: BTreeMap<u64, usize>,
    /// How many messages in Slack.
    messages: usize,
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
            if let Some((who, told)) = effect_told(effect) {
                narration.tell_of(who, &told);
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
        self.look_at_releases(world, repository, narration);
    }

    fn look_at_releases(&mut self, world: &World, repository: &Repository, narration: &Narration) {
        for environment in scene::ENVIRONMENTS {
            for deployment in repository.deployments_to(environment) {
                let seen = self.statuses.entry(deployment.id).or_default();
                for status in deployment.statuses.iter().skip(*seen) {
                    let commit: String = deployment.sha.chars().take(7).collect();
                    let told = format!("{commit} {}: {}", status.state, status.description);
                    narration.tell_of(environment, &told);
                }
                *seen = deployment.statuses.len();
            }
        }
        let messages = world.slack().all_messages();
        for message in messages.iter().skip(self.messages) {
            narration.tell_of("Slack", &format!("#{} {}", message.channel, message.text));
        }
        self.messages = messages.len();
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

/// Who did what; comments and messages are told by their text.
fn effect_told(effect: &Effect) -> Option<(&'static str, String)> {
    match effect {
        Effect::DeployRequested {
            application, tag, ..
        } => {
            let tag = tag.as_deref().unwrap_or("its own tag");
            let told = format!("deploys {application} with the image tag {tag}");
            Some(("Coolify", told))
        }
        Effect::PreviewRemoved { application, .. } => {
            Some(("Coolify", format!("removes the preview on {application}")))
        }
        Effect::DeployRefused { message, .. } => Some(("Coolify", format!("refuses: {message}"))),
        Effect::PhantomAnswered { .. } => {
            let told = "answers with a deployment that it does not have";
            Some(("Coolify", told.to_owned()))
        }
        Effect::DeploymentCancelled { deployment } => {
            Some(("Coolify", format!("cancels the deployment {deployment}")))
        }
        Effect::OperationBegun {
            application, kind, ..
        } => {
            let told = match kind {
                OperationKind::Sync => format!("begins to sync {application}"),
                OperationKind::Rollback => format!("begins to roll {application} back"),
            };
            Some(("Argo CD", told))
        }
        Effect::OperationTerminated { application } => {
            Some(("Argo CD", format!("stops the operation of {application}")))
        }
        Effect::SpecificationChanged { application } => {
            Some(("Argo CD", format!("takes a change of {application}")))
        }
        Effect::FileCommitted { path, .. } => {
            Some(("GitHub", format!("has a new commit of {path}")))
        }
        Effect::WorkflowDispatched { workflow, .. } => {
            Some(("GitHub", format!("starts {workflow}")))
        }
        Effect::EntityRefreshed { entity } => Some(("Backstage", format!("reads {entity} again"))),
        Effect::NoticeReceived { event, .. } => {
            Some(("webhook", format!("takes the notice {event}")))
        }
        Effect::ImageDeleted { image, tags } => {
            Some(("registry", format!("deletes {image}:{}", tags.join(", "))))
        }
        Effect::MessagePosted { .. }
        | Effect::CommentCreated { .. }
        | Effect::CommentUpdated { .. }
        | Effect::CommentDeleted { .. } => None,
    }
}

/// The comment as it looks on the page: the rows of its table without their times, and its notes; not what is folded away, nor the
/// hint what to do next.
fn comment_told(body: &str) -> String {
    let lines = body
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("<details>"))
        .filter(|line| !line.starts_with("**Next:**"));
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
                .filter(|cell| !cell.is_empty() && *cell != "–" && !cell.ends_with(" UTC"))
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
        let body = "<!-- slipway:preview repository=1 pr=2 -->\n### Preview\n\n| Service | Status | URL | Commit | Updated |\n\
                    | --- | --- | --- | --- | --- |\n| shop | ✅ Ready | <http://x/pr-1> | `abc1234` | 2026-11-21 10:31 UTC |\n\
                    | api | ⏳ Building | – | – | – |\n\nA note.\n\n**Next:** push.\n\n<details><summary>Past</summary>\n";
        assert_eq!(
            comment_told(body),
            "shop  ✅ Ready  http://x/pr-1  abc1234\napi  ⏳ Building\nA note."
        );
    }
}
