//! The payloads of webhooks about pushes and the runs that build them, with the fields that Slipway reads.

use domain::{
    CommitSha,
    preview::{RunProgress, WorkflowRun},
};
use serde_json::{Value, json};

use super::{NAME, REPOSITORY};
use crate::{github::deliveries::whole_second, sim::Sim};

fn repository(sim: &Sim) -> Value {
    json!({
        "id": REPOSITORY.0,
        "full_name": NAME,
        "default_branch": "main",
        "pushed_at": whole_second(sim.now()).milliseconds() / 1_000,
    })
}

/// The payload of a `push` event.
pub(super) fn push(sim: &Sim, commit: &CommitSha, forced: bool) -> Vec<u8> {
    let payload = json!({
        "ref": "refs/heads/main",
        "after": commit,
        "forced": forced,
        "head_commit": {"id": commit, "message": "A change"},
        "commits": [],
        "repository": repository(sim),
    });
    payload.to_string().into_bytes()
}

/// A run as GitHub shows it.
pub(super) fn run(run: &WorkflowRun, updated_at: &str) -> Value {
    let (status, conclusion) = match run.progress {
        RunProgress::Waiting => ("queued", None),
        RunProgress::Running => ("in_progress", None),
        RunProgress::Succeeded => ("completed", Some("success")),
        RunProgress::Cancelled => ("completed", Some("cancelled")),
        RunProgress::Failed => ("completed", Some("failure")),
    };
    json!({
        "id": run.id,
        "name": run.name,
        "path": run.path,
        "event": run.event,
        "status": status,
        "conclusion": conclusion,
        "head_branch": run.head_branch,
        "head_sha": run.head_commit,
        "run_attempt": run.attempt,
        "html_url": run.html_url,
        "updated_at": updated_at,
        "head_commit": {"message": "A change"},
        "head_repository": run.head_repository.map(|id| json!({"id": id.0})),
        "repository": {"id": REPOSITORY.0},
        "pull_requests": [],
    })
}

/// The payload of a `workflow_run` event.
pub(super) fn workflow_run(sim: &Sim, shown: &WorkflowRun) -> Vec<u8> {
    let action = match shown.progress {
        RunProgress::Waiting => "requested",
        RunProgress::Running => "in_progress",
        RunProgress::Succeeded | RunProgress::Cancelled | RunProgress::Failed => "completed",
    };
    let updated_at = whole_second(sim.now()).to_string();
    let payload = json!({
        "action": action,
        "workflow": {"name": shown.name, "path": shown.path},
        "workflow_run": run(shown, &updated_at),
        "repository": repository(sim),
    });
    payload.to_string().into_bytes()
}
