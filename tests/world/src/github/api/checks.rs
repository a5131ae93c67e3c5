//! Check runs: only Apps make them, and each sees and changes its own.

use serde_json::{Value, json};

use super::{Call, Caller, apps, error, invalid};
use crate::clock::github_time;
use crate::github::state::{Check, GitHubState};
use crate::message::Reply;

/// More annotations than this at once are refused.
const ANNOTATIONS_MAX: usize = 50;

/// `POST /repos/{owner}/{repo}/check-runs`.
pub(super) fn create(call: &Call<'_>, github: &mut GitHubState, repository: u64) -> Reply {
    let wish = match call.json_body() {
        Ok(wish) => wish,
        Err(reply) => return reply,
    };
    let Some(app) = app_of(call, github) else {
        let message = "You must authenticate via a GitHub App.";
        return error(403, message);
    };
    let text = |name: &str| wish.get(name).and_then(Value::as_str).map(str::to_owned);
    let (Some(name), Some(head)) = (text("name"), text("head_sha")) else {
        return invalid("CheckRun", "name", "missing_field", "is missing");
    };
    let known = github
        .repositories
        .get(&repository)
        .is_some_and(|found| found.commits.contains_key(&head));
    if !known {
        return error(422, &format!("No commit found for SHA: {head}"));
    }
    if let Some(refusal) = wrong(&wish) {
        return refusal;
    }
    let check = Check {
        id: call.shared.names.number(),
        app,
        repository,
        head,
        name,
        external_id: text("external_id"),
        status: text("status").unwrap_or_else(|| "queued".to_owned()),
        conclusion: text("conclusion"),
        output: wish.get("output").cloned().unwrap_or_default(),
        at: call.shared.clock.now(),
    };
    let reply = Reply::json(201, &shown(call, github, &check));
    github.checks.insert(check.id, check);
    reply
}

/// What GitHub refuses in a check run.
fn wrong(wish: &Value) -> Option<Reply> {
    let completed = wish.get("status").and_then(Value::as_str) == Some("completed");
    if completed && wish.get("conclusion").is_none_or(Value::is_null) {
        return Some(invalid(
            "CheckRun",
            "conclusion",
            "missing_field",
            "is missing",
        ));
    }
    let output = wish.get("output")?;
    let text = |name: &str| output.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("title").is_empty() || text("summary").is_empty() {
        return Some(invalid("CheckRun", "output", "missing_field", "is missing"));
    }
    if text("summary").len() > 65_535 {
        return Some(invalid("CheckRun", "summary", "invalid", "is too long"));
    }
    let annotations = output.get("annotations").and_then(Value::as_array);
    let many = annotations.is_some_and(|annotations| annotations.len() > ANNOTATIONS_MAX);
    many.then(|| {
        invalid(
            "CheckRun",
            "annotations",
            "invalid",
            "has more than 50 items",
        )
    })
}

/// `GET /repos/{owner}/{repo}/commits/{ref}/check-runs`.
pub(super) fn of_commit(
    call: &Call<'_>,
    github: &GitHubState,
    repository: u64,
    head: &str,
) -> Reply {
    let name = call.request.query("check_name");
    let found: Vec<Value> = github
        .checks
        .values()
        .filter(|check| check.repository == repository && check.head == head)
        .filter(|check| name.is_none_or(|name| name == check.name))
        .map(|check| shown(call, github, check))
        .collect();
    let count = found.len();
    call.page(
        &found,
        |runs| json!({"total_count": count, "check_runs": runs}),
    )
}

/// The App that acts.
fn app_of(call: &Call<'_>, github: &GitHubState) -> Option<u64> {
    let Caller::Installation { token, .. } = &call.caller else {
        return None;
    };
    let installation = github.installed.installations.get(&token.installation)?;
    Some(installation.app)
}

fn shown(call: &Call<'_>, github: &GitHubState, check: &Check) -> Value {
    let name = github
        .repositories
        .get(&check.repository)
        .map(|found| github.full_name(found))
        .unwrap_or_default();
    let url = format!(
        "{}/repos/{name}/check-runs/{}",
        call.shared.github_url(),
        check.id
    );
    let app = github.installed.apps.get(&check.app);
    let app = app.map(|app| apps::shown_app(call, github, app));
    let done = (check.status == "completed").then(|| github_time(check.at));
    let text = |name: &str| check.output.get(name).cloned().unwrap_or_default();
    let annotations = check
        .output
        .get("annotations")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    json!({
        "id": check.id, "head_sha": check.head, "node_id": format!("CR_{}", check.id), "external_id": check.external_id,
        "url": url, "html_url": format!("https://github.com/{name}/runs/{}", check.id),
        "details_url": "https://slipway.example.com", "status": check.status, "conclusion": check.conclusion,
        "started_at": github_time(check.at), "completed_at": done, "name": check.name,
        "output": {"title": text("title"), "summary": text("summary"), "text": null, "annotations_count": annotations,
            "annotations_url": format!("{url}/annotations")},
        "check_suite": {"id": check.id}, "app": app, "pull_requests": [],
    })
}
