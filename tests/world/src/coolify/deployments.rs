//! Looking at deployments and cancelling them (VENDORS 1.4).

use serde_json::{Map, Value, json};

use super::api::{Call, message};
use super::state::{CoolifyState, Deployment};
use crate::clock::coolify_time;
use crate::journal::Effect;
use crate::message::Reply;

/// One deployment as Coolify writes it; logs are left out, as for a token without `read:sensitive`.
fn written(coolify: &CoolifyState, deployment: &Deployment) -> Value {
    let application = coolify.applications.get(&deployment.application);
    let url = format!(
        "/project/world/environment/world/application/{}/deployment/{}",
        deployment.application, deployment.uuid
    );
    let finished = (!deployment.status.is_active()).then(|| coolify_time(deployment.updated_at));
    json!({
        "id": deployment.id, "application_id": application.map_or(0, |found| found.id).to_string(),
        "application_name": application.map(|found| found.name.clone()), "deployment_uuid": deployment.uuid,
        "deployment_url": url, "pull_request_id": deployment.pull_request, "docker_registry_image_tag": deployment.tag,
        "commit": "HEAD", "force_rebuild": deployment.force, "status": deployment.status.as_str(), "is_webhook": false,
        "is_api": true, "restart_only": false, "rollback": false, "git_type": null, "server_id": 0,
        "server_name": "localhost", "destination_id": "0", "only_this_server": false, "commit_message": null,
        "current_process_id": null, "build_server_id": null, "horizon_job_id": null, "finished_at": finished,
        "created_at": coolify_time(deployment.created_at), "updated_at": coolify_time(deployment.updated_at),
    })
}

/// `GET /deployments/{uuid}`.
pub(super) fn get(call: &Call<'_>, coolify: &mut CoolifyState, uuid: &str) -> Reply {
    let reply = match coolify.deployment(uuid) {
        Some(deployment) => Reply::json(200, &written(coolify, deployment)),
        None => message(404, "Deployment not found."),
    };
    coolify.polled(call.shared.clock.now());
    reply
}

/// `GET /deployments`: those queued or running, as a JSON object with numeric keys: what PHP makes of a collection that
/// was sorted and not numbered again.
pub(super) fn active(call: &Call<'_>, coolify: &mut CoolifyState) -> Reply {
    let active = coolify
        .deployments
        .iter()
        .filter(|deployment| deployment.status.is_active());
    let listed: Vec<Value> = active
        .map(|deployment| written(coolify, deployment))
        .collect();
    let body = if listed.len() > 1 {
        let numbered: Map<String, Value> = listed
            .into_iter()
            .enumerate()
            .map(|(key, item)| (key.to_string(), item))
            .rev()
            .collect();
        Value::Object(numbered)
    } else {
        Value::Array(listed)
    };
    coolify.polled(call.shared.clock.now());
    Reply::json(200, &body)
}

/// `GET /deployments/applications/{uuid}?skip&take`: newest first, in an envelope that the document does not show.
pub(super) fn of_application(call: &Call<'_>, coolify: &mut CoolifyState, uuid: &str) -> Reply {
    if !coolify.applications.contains_key(uuid) {
        return message(404, "Application not found");
    }
    let number = |name: &str, default: usize| {
        call.input(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let (skip, take) = (number("skip", 0), number("take", 10).max(1));
    let all: Vec<&Deployment> = coolify
        .deployments
        .iter()
        .rev()
        .filter(|found| found.application == uuid)
        .collect();
    let listed: Vec<Value> = all
        .iter()
        .skip(skip)
        .take(take)
        .map(|deployment| written(coolify, deployment))
        .collect();
    let body = json!({"count": all.len(), "deployments": listed});
    coolify.polled(call.shared.clock.now());
    Reply::json(200, &body)
}

/// `POST /deployments/{uuid}/cancel`.
pub(super) fn cancel(call: &Call<'_>, coolify: &mut CoolifyState, uuid: &str) -> Reply {
    let Some(status) = coolify.deployment(uuid).map(|deployment| deployment.status) else {
        return message(404, "Deployment not found.");
    };
    if !coolify.cancel(uuid, call.shared.clock.now()) {
        return message(
            400,
            &format!(
                "Deployment cannot be cancelled. Current status: {}",
                status.as_str()
            ),
        );
    }
    let body = json!({"message": "Deployment cancelled successfully.", "deployment_uuid": uuid, "status": "cancelled-by-user"});
    Reply::json(200, &body).effect(Effect::DeploymentCancelled {
        deployment: uuid.to_owned(),
    })
}
