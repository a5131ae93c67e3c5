//! Reading workflow runs.

use serde_json::{Value, json};

use super::{Call, not_found};
use crate::clock::github_time;
use crate::github::state::{GitHubState, Repository, Run};
use crate::message::Reply;

/// `GET /repos/{owner}/{repo}/actions/runs`: newest first, by head, branch, event and status (which also takes conclusions).
pub(super) fn list(call: &Call<'_>, github: &GitHubState, repository: &Repository) -> Reply {
    list_of(call, github, repository, |_| true)
}

/// The same for those runs that fit.
pub(super) fn list_of(
    call: &Call<'_>,
    github: &GitHubState,
    repository: &Repository,
    fits: impl Fn(&Run) -> bool,
) -> Reply {
    let is = |name: &str, value: &str| {
        call.request
            .query(name)
            .is_none_or(|wanted| wanted == value)
    };
    let wanted = |run: &&Run| {
        let status = call.request.query("status");
        let since = call
            .request
            .query("created")
            .and_then(|created| created.strip_prefix(">="));
        fits(run)
            && since.is_none_or(|since| github_time(run.created_at).as_str() >= since)
            && is("head_sha", &run.head_sha)
            && is("branch", &run.head_branch)
            && is("event", &run.event)
            && status.is_none_or(|wanted| {
                wanted == run.status || run.conclusion.as_deref() == Some(wanted)
            })
    };
    let mut found: Vec<&Run> = repository.runs.values().filter(wanted).collect();
    found.sort_by_key(|run| std::cmp::Reverse((run.created_at, run.id)));
    let shape = call.shape(github);
    let items: Vec<Value> = found
        .into_iter()
        .map(|run| shape.run(repository, run))
        .collect();
    let total = items.len();
    call.page(
        &items,
        |items| json!({"total_count": total, "workflow_runs": items}),
    )
}

/// `GET /repos/{owner}/{repo}/actions/runs/{run_id}`.
pub(super) fn get(
    call: &Call<'_>,
    github: &GitHubState,
    repository: &Repository,
    run: &str,
) -> Reply {
    let run = run
        .parse()
        .ok()
        .and_then(|id: u64| repository.runs.get(&id));
    run.map_or_else(not_found, |run| {
        Reply::json(200, &call.shape(github).run(repository, run))
    })
}
