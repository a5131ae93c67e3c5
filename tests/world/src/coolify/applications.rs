//! Looking at applications, and the endpoint that deletes one whole (VENDORS 1.5).

use serde_json::{Value, json};

use super::api::message;
use super::state::{Application, CoolifyState, Health};
use crate::clock::coolify_time;
use crate::message::Reply;

fn written(coolify: &CoolifyState, application: &Application) -> Value {
    let container = coolify.containers.get(&(application.uuid.clone(), 0));
    let status = match container.map(|container| container.health) {
        Some(Health::Healthy) => "running:healthy",
        Some(Health::Starting(_)) => "running:unknown",
        Some(Health::Sick) => "running:unhealthy",
        None => "exited",
    };
    let created = coolify_time(application.created_at);
    json!({
        "id": application.id, "uuid": application.uuid, "name": application.name, "description": null,
        "fqdn": application.fqdn, "build_pack": application.build_pack, "git_repository": "coollabsio/coolify",
        "git_branch": "main", "git_commit_sha": "HEAD", "docker_registry_image_name": application.image,
        "docker_registry_image_tag": application.tag, "preview_url_template": application.url_template, "status": status,
        "ports_exposes": "80", "health_check_enabled": false, "health_check_path": "/", "destination_id": 0,
        "environment_id": 1, "created_at": created, "updated_at": created, "deleted_at": null,
    })
}

/// `GET /applications`.
pub(super) fn list(coolify: &CoolifyState) -> Reply {
    let all: Vec<Value> = coolify
        .applications
        .values()
        .map(|application| written(coolify, application))
        .collect();
    Reply::json(200, &Value::Array(all))
}

/// `GET /applications/{uuid}`.
pub(super) fn get(coolify: &CoolifyState, uuid: &str) -> Reply {
    let found = coolify.applications.get(uuid);
    found.map_or_else(
        || message(404, "Application not found."),
        |application| Reply::json(200, &written(coolify, application)),
    )
}

/// `DELETE /applications/{uuid}`: the application with all its previews.
pub(super) fn delete(coolify: &mut CoolifyState, uuid: &str) -> Reply {
    if coolify.applications.remove(uuid).is_none() {
        return message(404, "Application not found");
    }
    coolify.previews.retain(|place, _| place.0 != uuid);
    coolify.containers.retain(|place, _| place.0 != uuid);
    message(200, "Application deletion request queued.")
}
