//! Applications in Argo CD's JSON. The Go types leave out what is empty.

use serde_json::{Map, Value, json};

use super::state::{Application, OperationState, Seen};
use crate::clock::github_time;

/// Sets a field of a JSON object.
pub(crate) fn put(object: &mut Value, key: &str, value: impl Into<Value>) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(key.to_owned(), value.into());
    }
}

/// RFC 3339 to the second, as Kubernetes writes times.
pub(crate) fn time(seconds: i64) -> String {
    github_time(seconds)
}

/// The one resource that every application here has, as the result of a sync.
pub(crate) fn named_resource(status: &str) -> Value {
    json!({"group": "apps", "version": "v1", "kind": "Deployment", "namespace": "apps", "name": "web", "status": status,
        "message": "deployment.apps/web configured", "hookPhase": "Running", "syncPhase": "Sync"})
}

/// An application as every call answers with it.
pub(crate) fn application(application: &Application) -> Value {
    let mut metadata = json!({
        "name": application.name, "namespace": "argocd", "uid": application.uid,
        "resourceVersion": application.version.to_string(), "generation": application.version,
        "creationTimestamp": time(application.created_at),
    });
    if !application.annotations.is_empty() {
        put(
            &mut metadata,
            "annotations",
            Value::Object(application.annotations.clone()),
        );
    }
    if !application.owners.is_empty() {
        put(
            &mut metadata,
            "ownerReferences",
            Value::Array(application.owners.clone()),
        );
    }
    if application.deleting {
        put(
            &mut metadata,
            "deletionTimestamp",
            time(application.created_at),
        );
        put(&mut metadata, "deletionGracePeriodSeconds", 0);
    }
    let mut shown =
        json!({"metadata": metadata, "spec": application.spec, "status": status(application)});
    if let Some(operation) = &application.operation {
        put(&mut shown, "operation", operation.shown.clone());
    }
    shown
}

fn status(application: &Application) -> Value {
    let mut status = Map::new();
    // Structs that are no pointers are there even if nothing is in them.
    status.insert(
        "sync".to_owned(),
        json!({"status": "", "comparedTo": {"source": {"repoURL": ""}, "destination": {}}}),
    );
    status.insert("health".to_owned(), json!({}));
    status.insert("summary".to_owned(), json!({}));
    if let Some(seen) = &application.seen {
        seen_in(&mut status, application, seen);
    }
    if !application.history.is_empty() {
        status.insert(
            "history".to_owned(),
            Value::Array(application.history.clone()),
        );
    }
    if let Some(state) = &application.state {
        status.insert("operationState".to_owned(), operation_state(state));
    }
    Value::Object(status)
}

fn seen_in(status: &mut Map<String, Value>, application: &Application, seen: &Seen) {
    let mut sync = json!({"status": seen.status, "comparedTo": seen.compared_to});
    if application.has_several_sources() {
        put(&mut sync, "revisions", json!(seen.revisions));
        status.insert("sourceTypes".to_owned(), json!(seen.kinds));
    } else {
        put(
            &mut sync,
            "revision",
            json!(seen.revisions.first().cloned().unwrap_or_default()),
        );
        status.insert(
            "sourceType".to_owned(),
            json!(seen.kinds.first().copied().unwrap_or_default()),
        );
    }
    status.insert("sync".to_owned(), sync);
    let health = json!({"status": seen.health, "lastTransitionTime": time(seen.health_since)});
    status.insert("health".to_owned(), health);
    status.insert("reconciledAt".to_owned(), time(seen.at).into());
    status.insert("controllerNamespace".to_owned(), "argocd".into());
    if !seen.images.is_empty() {
        status.insert("summary".to_owned(), json!({"images": seen.images}));
    }
    let mut resource_health = json!({"status": seen.health});
    if seen.health == "Degraded" {
        put(
            &mut resource_health,
            "message",
            "Deployment \"web\" exceeded its progress deadline",
        );
    }
    let resource = json!({"group": "apps", "version": "v1", "kind": "Deployment", "namespace": "apps", "name": "web",
        "status": seen.status, "health": resource_health});
    status.insert("resources".to_owned(), json!([resource]));
    if let Some(error) = &seen.error {
        let condition = json!({"type": "ComparisonError", "message": error, "lastTransitionTime": time(seen.at)});
        status.insert("conditions".to_owned(), json!([condition]));
    }
}

fn operation_state(state: &OperationState) -> Value {
    let mut shown = json!({
        "operation": state.operation, "phase": state.phase, "message": state.message, "startedAt": time(state.started_at),
    });
    if let Some(finished) = state.finished_at {
        put(&mut shown, "finishedAt", time(finished));
    }
    if !state.revision.is_empty() || !state.revisions.is_empty() {
        let mut result = json!({"revision": state.revision});
        if !state.revisions.is_empty() {
            put(&mut result, "revisions", json!(state.revisions));
        }
        if !state.resources.is_empty() {
            put(
                &mut result,
                "resources",
                Value::Array(state.resources.clone()),
            );
        }
        let sync = state.operation.get("sync");
        put(
            &mut result,
            "source",
            sync.and_then(|sync| sync.get("source"))
                .cloned()
                .unwrap_or_else(|| json!({"repoURL": ""})),
        );
        put(&mut shown, "syncResult", result);
    }
    shown
}
