//! Deployments and their statuses (VENDORS 4.5).

use serde_json::{Value, json};

use super::{Call, error, invalid, not_found};
use crate::github::deployments::{Deployment, DeploymentStatus};
use crate::github::state::{GitHubState, Repository};
use crate::message::Reply;

/// The longest description of a status in characters.
const DESCRIPTION_LIMIT: usize = 140;

const STATES: [&str; 7] = [
    "error",
    "failure",
    "inactive",
    "in_progress",
    "queued",
    "pending",
    "success",
];

/// `GET /repos/{owner}/{repo}/deployments`: newest first, by sha, ref, task and environment.
pub(super) fn list(call: &Call<'_>, github: &GitHubState, repository: &Repository) -> Reply {
    let is = |name: &str, value: &str| {
        let wanted = call.request.query(name);
        wanted.is_none_or(|wanted| wanted == value || wanted == "none")
    };
    let wanted = |one: &&Deployment| {
        is("sha", &one.sha)
            && is("ref", &one.reference)
            && is("task", "deploy")
            && is("environment", &one.environment)
    };
    let shape = call.shape(github);
    let items: Vec<Value> = repository
        .deployments
        .values()
        .rev()
        .filter(wanted)
        .map(|one| shape.deployment(repository, one))
        .collect();
    call.page(&items, |items| Value::Array(items.to_vec()))
}

/// `POST /repos/{owner}/{repo}/deployments`.
pub(super) fn create(call: &Call<'_>, github: &mut GitHubState, id: u64) -> Reply {
    let body = match call.json_body() {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let flag = |name: &str, default| body.get(name).and_then(Value::as_bool).unwrap_or(default);
    let Some(repository) = github.repositories.get(&id) else {
        return not_found();
    };
    let reference = text("ref").unwrap_or_default().to_owned();
    let Some(sha) = repository.sha_at(&reference) else {
        return error(422, &format!("No ref found for: {reference}"));
    };
    // Without these two fields GitHub merges the default branch, or waits for every status of the commit.
    if flag("auto_merge", true) && sha != repository.head_of(&repository.default_branch) {
        let message = format!(
            "Auto-merged {} into {reference} on deployment.",
            repository.default_branch
        );
        return Reply::json(202, &json!({"message": message}));
    }
    let waits = body.get("required_contexts").is_none_or(|contexts| {
        contexts
            .as_array()
            .is_none_or(|contexts| !contexts.is_empty())
    });
    if waits {
        return error(409, "Conflict: Commit status checks failed for the commit.");
    }
    let environment = text("environment").unwrap_or("production").to_owned();
    let deployment = Deployment {
        id: call.shared.names.number(),
        sha,
        reference,
        production: flag("production_environment", environment == "production"),
        environment,
        description: text("description").map(str::to_owned),
        payload: body.get("payload").cloned().unwrap_or_else(|| json!({})),
        transient: flag("transient_environment", false),
        creator: call.user.unwrap_or_default(),
        created_at: call.shared.clock.now(),
        statuses: Vec::new(),
    };
    let answer = call.shape(github).deployment_of(id, &deployment);
    if let Some(repository) = github.repositories.get_mut(&id) {
        // An environment is made by the first deployment to it, and stays when the last one is deleted.
        repository
            .environments
            .insert(deployment.environment.clone());
        repository.deployments.insert(deployment.id, deployment);
    }
    Reply::json(201, &answer)
}

/// `DELETE /repos/{owner}/{repo}/deployments/{deployment_id}`: only of one that is inactive, or the only one.
pub(super) fn delete(_: &Call<'_>, github: &mut GitHubState, id: u64, deployment: &str) -> Reply {
    let deployment: u64 = deployment.parse().unwrap_or_default();
    let Some(repository) = github.repositories.get_mut(&id) else {
        return not_found();
    };
    let only = repository.deployments.len() == 1;
    let Some(found) = repository.deployments.get(&deployment) else {
        return not_found();
    };
    let is_active = found
        .statuses
        .last()
        .is_none_or(|status| status.state != "inactive");
    if is_active && !only {
        return error(
            422,
            "We cannot delete an active deployment unless it is the only deployment in a given environment.",
        );
    }
    repository.deployments.remove(&deployment);
    Reply::empty(204)
}

/// `DELETE /repos/{owner}/{repo}/environments/{environment_name}`: with all deployments to it, by administrators.
pub(super) fn delete_environment(
    _: &Call<'_>,
    github: &mut GitHubState,
    id: u64,
    environment: &str,
) -> Reply {
    let Some(repository) = github.repositories.get_mut(&id) else {
        return not_found();
    };
    if !repository.environments.remove(environment) {
        return not_found();
    }
    Reply::empty(204)
}

/// `GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses`, newest first.
pub(super) fn statuses(
    call: &Call<'_>,
    github: &GitHubState,
    repository: &Repository,
    deployment: &str,
) -> Reply {
    let found = deployment
        .parse()
        .ok()
        .and_then(|id: u64| repository.deployments.get(&id));
    let Some(deployment) = found else {
        return not_found();
    };
    let shape = call.shape(github);
    let items: Vec<Value> = deployment
        .statuses
        .iter()
        .rev()
        .map(|status| shape.deployment_status(repository, deployment, status))
        .collect();
    call.page(&items, |items| Value::Array(items.to_vec()))
}

/// `POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses`. With `auto_inactive`, a success makes the earlier
/// deployments to the same environment inactive, unless the environment is transient or one of production.
pub(super) fn set_status(
    call: &Call<'_>,
    github: &mut GitHubState,
    id: u64,
    deployment: &str,
) -> Reply {
    let body = match call.json_body() {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let state = text("state").unwrap_or_default();
    if !STATES.contains(&state.as_str()) {
        return invalid(
            "DeploymentStatus",
            "state",
            "invalid",
            "state is not one of the known ones",
        );
    }
    let description = text("description").unwrap_or_default();
    if description.chars().count() > DESCRIPTION_LIMIT {
        return invalid(
            "DeploymentStatus",
            "description",
            "too_long",
            "description is too long (maximum is 140 characters)",
        );
    }
    let (now, status_id) = (call.shared.clock.now(), call.shared.names.number());
    let status = DeploymentStatus {
        id: status_id,
        state: state.clone(),
        description,
        environment_url: text("environment_url"),
        log_url: text("log_url"),
        created_at: now,
    };
    let deployment: u64 = deployment.parse().unwrap_or_default();
    let Some(repository) = github.repositories.get_mut(&id) else {
        return not_found();
    };
    let Some(found) = repository.deployments.get_mut(&deployment) else {
        return not_found();
    };
    found.statuses.push(status.clone());
    let environment = found.environment.clone();
    let auto_inactive = body.get("auto_inactive").and_then(Value::as_bool) != Some(false);
    if state == "success" && auto_inactive {
        repository.deactivate_before(deployment, &environment, now);
    }
    let Some(repository) = github.repositories.get(&id) else {
        return not_found();
    };
    let Some(found) = repository.deployments.get(&deployment) else {
        return not_found();
    };
    Reply::json(
        201,
        &call
            .shape(github)
            .deployment_status(repository, found, &status),
    )
}
