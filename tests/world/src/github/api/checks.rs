//! Check runs: only Apps make them, and each sees and changes its own.

use serde_json::{Value, json};

use super::{Call, Caller, error, invalid, not_found};
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
        details_url: text("details_url"),
        output: wish.get("output").cloned().unwrap_or_default(),
        actions: buttons(&wish).unwrap_or_default(),
        at: call.shared.clock.now(),
    };
    let reply = Reply::json(201, &call.shape(github).check_run(&check));
    github.checks.insert(check.id, check);
    reply
}

/// `PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}`: only what is sent changes, and only the App's own.
pub(super) fn update(
    call: &Call<'_>,
    github: &mut GitHubState,
    repository: u64,
    check: &str,
) -> Reply {
    let wish = match call.json_body() {
        Ok(wish) => wish,
        Err(reply) => return reply,
    };
    let app = app_of(call, github);
    let id: u64 = check.parse().unwrap_or_default();
    let Some(check) = github
        .checks
        .get_mut(&id)
        .filter(|check| check.repository == repository)
    else {
        return not_found();
    };
    if app != Some(check.app) {
        let message = "Invalid app_id `0` - check run can only be modified by the GitHub App that created it.";
        return error(403, message);
    }
    if let Some(refusal) = wrong(&wish) {
        return refusal;
    }
    let text = |name: &str| wish.get(name).and_then(Value::as_str).map(str::to_owned);
    if let Some(status) = text("status") {
        check.status = status;
        // What runs again has no conclusion any more.
        check.conclusion = None;
    }
    if let Some(conclusion) = text("conclusion") {
        "completed".clone_into(&mut check.status);
        check.conclusion = Some(conclusion);
    }
    if let Some(output) = wish.get("output") {
        check.output = output.clone();
    }
    check.details_url = text("details_url").or(check.details_url.take());
    check.actions = buttons(&wish).unwrap_or(std::mem::take(&mut check.actions));
    let check = check.clone();
    Reply::json(200, &call.shape(github).check_run(&check))
}

/// The buttons of a check run; none if nothing is said of them.
fn buttons(wish: &Value) -> Option<Vec<Value>> {
    wish.get("actions").and_then(Value::as_array).cloned()
}

/// What GitHub refuses in the buttons of a check run: more than three, and longer texts than fit.
fn wrong_buttons(wish: &Value) -> Option<Reply> {
    let buttons = buttons(wish)?;
    let fits = |button: &Value, name: &str, characters: usize| {
        let text = button.get(name).and_then(Value::as_str);
        text.is_some_and(|text| (1..=characters).contains(&text.chars().count()))
    };
    let all_fit = buttons.iter().all(|button| {
        fits(button, "label", 20)
            && fits(button, "description", 40)
            && fits(button, "identifier", 20)
    });
    (buttons.len() > 3 || !all_fit)
        .then(|| invalid("CheckRun", "actions", "invalid", "are not valid"))
}

/// What GitHub refuses in a check run.
fn wrong(wish: &Value) -> Option<Reply> {
    if let Some(refusal) = wrong_buttons(wish) {
        return Some(refusal);
    }
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
        .map(|check| call.shape(github).check_run(check))
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
