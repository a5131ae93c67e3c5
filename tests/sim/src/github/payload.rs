//! The payloads of webhooks, with the fields that Slipway reads.

use domain::{
    PullRequestNumber,
    preview::{PullRequest, RunProgress, WorkflowRun},
};
use serde_json::{Value, json};

use super::{
    LABEL, Pull, Repository,
    api::{pull_json, run_json},
};

fn repository_json(repository: &Repository) -> Value {
    json!({
        "id": repository.id.0,
        "full_name": repository.name(),
        "default_branch": "main",
    })
}

/// The payload of a `pull_request` event.
pub(super) fn pull_request(
    pull: &Pull,
    shown: &PullRequest,
    repository: &Repository,
    (action, by): (&str, (u64, &str)),
) -> Vec<u8> {
    let label = action.ends_with("labeled").then(|| json!({"name": LABEL}));
    let changes = (action == "edited").then(|| json!({"title": {"from": "before"}}));
    let payload = json!({
        "action": action,
        "changes": changes,
        "label": label,
        "sender": {"id": by.0, "login": by.1},
        "number": pull.id.number.0,
        "pull_request": pull_json(pull, shown, repository),
        "repository": repository_json(repository),
    });
    payload.to_string().into_bytes()
}

/// The payload of a `workflow_run` event.
pub(super) fn workflow_run(
    run: &WorkflowRun,
    repository: &Repository,
    named: Option<PullRequestNumber>,
) -> Vec<u8> {
    let action = match run.progress {
        RunProgress::Waiting => "requested",
        RunProgress::Running => "in_progress",
        RunProgress::Succeeded | RunProgress::Cancelled | RunProgress::Failed => "completed",
    };
    let pulls: Vec<Value> = named
        .iter()
        .map(|number| {
            let side = json!({"ref": "x", "sha": run.head_commit, "repo": {"id": repository.id.0}});
            json!({"number": number.0, "head": side, "base": side})
        })
        .collect();
    let payload = json!({
        "action": action,
        "workflow": {"name": run.name, "path": run.path},
        "workflow_run": run_json(run, repository, &pulls),
        "repository": repository_json(repository),
    });
    payload.to_string().into_bytes()
}
