//! Starting a workflow by hand, and its runs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Call, error, not_found, runs as all_runs};
use crate::github::dispatches::{self, Dispatch, Input};
use crate::github::run::RunWish;
use crate::github::shape::run::workflow_path;
use crate::github::state::{GitHubState, Repository};
use crate::journal::Effect;
use crate::message::Reply;

/// The most inputs that a dispatch has.
const INPUTS_MAX: usize = 25;

/// `POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches`.
pub(super) fn dispatch(call: &Call<'_>, github: &mut GitHubState, id: u64, file: &str) -> Reply {
    let body = match call.json_body() {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let Some(repository) = github.repositories.get(&id) else {
        return not_found();
    };
    let path = format!(".github/workflows/{file}");
    // It must be on the default branch, and is taken from where it runs.
    if repository
        .commit(None)
        .is_none_or(|commit| !commit.files.contains_key(&path))
    {
        return not_found();
    }
    let reference = body.get("ref").and_then(Value::as_str).unwrap_or_default();
    let branch = reference
        .trim_start_matches("refs/heads/")
        .trim_start_matches("refs/tags/");
    let found = repository
        .branches
        .get(branch)
        .or_else(|| repository.tags.get(branch));
    let Some(sha) = found.cloned() else {
        return error(422, &format!("No ref found for: {reference}"));
    };
    let content = repository
        .commits
        .get(&sha)
        .and_then(|commit| commit.files.get(&path));
    let content = content.map(|content| String::from_utf8_lossy(content).into_owned());
    let Some(known) = content.as_deref().and_then(dispatches::inputs) else {
        return error(422, "Workflow does not have 'workflow_dispatch' trigger");
    };
    let inputs = match checked(&known, body.get("inputs")) {
        Ok(inputs) => inputs,
        Err(problem) => return error(422, &problem),
    };
    let content = content.unwrap_or_default();
    let workflow = named(file, &content);
    let title = dispatches::run_name(&content, &inputs).unwrap_or_else(|| workflow.clone());
    let wish = RunWish {
        workflow,
        title: Some(title),
        event: "workflow_dispatch".to_owned(),
        branch: branch.to_owned(),
        sha,
        head_repository: Some(id),
        actor: call.user,
    };
    let full_name = github.full_name(repository);
    let branch = branch.to_owned();
    let run = github.request_run(id, wish, call.shared);
    github.dispatches.push(Dispatch {
        repository: id,
        workflow: file.to_owned(),
        branch,
        inputs,
        run,
    });
    let api = call.shared.github_url();
    let reply = if body.get("return_run_details") == Some(&Value::Bool(true)) {
        let details = json!({"workflow_run_id": run, "run_url": format!("{api}/repos/{full_name}/actions/runs/{run}"),
            "html_url": format!("https://github.com/{full_name}/actions/runs/{run}")});
        Reply::json(200, &details)
    } else {
        Reply::empty(204)
    };
    reply.effect(Effect::WorkflowDispatched {
        workflow: file.to_owned(),
        run,
    })
}

/// `GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs`, newest first.
pub(super) fn runs(
    call: &Call<'_>,
    github: &GitHubState,
    repository: &Repository,
    file: &str,
) -> Reply {
    let path = format!(".github/workflows/{file}");
    all_runs::list_of(call, github, repository, |run| {
        workflow_path(&run.workflow) == path || run.workflow_id.to_string() == file
    })
}

/// The inputs that a run gets, or GitHub's words for what is wrong with them.
fn checked(
    known: &BTreeMap<String, Input>,
    given: Option<&Value>,
) -> Result<BTreeMap<String, String>, String> {
    let empty = serde_json::Map::new();
    let given = given.and_then(Value::as_object).unwrap_or(&empty);
    if given.len() > INPUTS_MAX {
        return Err("Invalid request.\n\nNo more than 25 properties are allowed.".to_owned());
    }
    let unexpected: Vec<&String> = given
        .keys()
        .filter(|name| !known.contains_key(*name))
        .collect();
    if !unexpected.is_empty() {
        return Err(format!("Unexpected inputs provided: {}", json!(unexpected)));
    }
    let mut inputs = BTreeMap::new();
    for (name, input) in known {
        let value = match given.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(other) => Some(other.to_string()),
            None => input.default.clone(),
        };
        let Some(value) = value else {
            if input.required {
                return Err(format!("Required input '{name}' not provided"));
            }
            continue;
        };
        if !input.options.is_empty() && !input.options.contains(&value) {
            return Err(format!(
                "Provided value '{value}' for input '{name}' not in the list of allowed values"
            ));
        }
        inputs.insert(name.clone(), value);
    }
    Ok(inputs)
}

/// The workflow's name, if it is one that leads to this file; else what the file is called.
fn named(file: &str, content: &str) -> String {
    let name = content
        .lines()
        .find_map(|line| line.strip_prefix("name:"))
        .unwrap_or_default()
        .trim();
    let fits = workflow_path(name) == format!(".github/workflows/{file}");
    let stem = file.trim_end_matches(".yml").trim_end_matches(".yaml");
    if fits {
        name.to_owned()
    } else {
        stem.to_owned()
    }
}
