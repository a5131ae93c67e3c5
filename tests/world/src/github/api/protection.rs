//! Answering a job that waits before it deploys.

use serde_json::Value;

use super::{Call, error, not_found};
use crate::github::state::GitHubState;
use crate::message::Reply;

/// So many words on how things stand does GitHub take of each job.
const SAID_MAX: usize = 10;

/// `POST /repos/{owner}/{repo}/actions/runs/{run_id}/deployment_protection_rule`.
pub(super) fn review(call: &Call<'_>, github: &mut GitHubState, id: u64, run: &str) -> Reply {
    let body = match call.json_body() {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let (environment, comment) = (text("environment_name"), text("comment"));
    let job = github.jobs.iter_mut().find(|job| {
        job.repository == id && job.run.to_string() == run && job.environment == environment
    });
    let Some(job) = job else {
        return not_found();
    };
    if job.answer.is_some() {
        return error(422, "No pending deployment requests to approve or reject");
    }
    match text("state") {
        "" if comment.is_empty() => error(422, "comment is missing"),
        "" if job.said.len() >= SAID_MAX => error(422, "There are too many status reports"),
        "" => {
            job.said.push(comment.to_owned());
            Reply::empty(204)
        }
        state @ ("approved" | "rejected") => {
            job.answer = Some((state.to_owned(), comment.to_owned()));
            Reply::empty(204)
        }
        other => error(422, &format!("{other} is no state")),
    }
}
