//! An application in Argo CD's JSON.

use serde_json::{Value, json};

use super::{Application, Operation};
use crate::{github::deliveries::whole_second, kernel::Micros, sim::Sim};

/// Where the manifests are, with an override of the image.
fn source(image: &str) -> Value {
    json!({
        "repoURL": "https://git.test/acme/manifests.git",
        "path": "web",
        "targetRevision": "HEAD",
        "kustomize": {"images": [image]},
    })
}

/// The manifests never change: each revision is this one.
const REVISION: &str = "6dcb09b5b57875f334f61aebed695e2e4193db5e";

fn operation(shown: &Operation) -> Value {
    let info: Vec<Value> = shown
        .mark
        .iter()
        .map(|mark| json!({"name": "slipway", "value": mark}))
        .collect();
    json!({
        "sync": {"revision": REVISION, "source": source(&shown.image)},
        "initiatedBy": {"username": "slipway"},
        "info": info,
    })
}

/// An application as every call answers with it.
pub(super) fn application(sim: &Sim, shown: &Application) -> Value {
    // Kubernetes' times are whole seconds.
    let time = |at: Micros| whole_second(sim.time_at(at)).to_string();
    let seen = &shown.seen;
    let status = if seen.wanted == seen.live {
        "Synced"
    } else {
        "OutOfSync"
    };
    let history: Vec<Value> = shown
        .history
        .iter()
        .map(|entry| {
            json!({"id": entry.id, "revision": REVISION, "deployedAt": time(entry.deployed_at), "source": source(&entry.image)})
        })
        .collect();
    let operation_state = shown.state.as_ref().map(|state| {
        json!({
            "operation": operation(&state.operation),
            "phase": state.phase,
            "message": "",
            "startedAt": time(state.started_at),
            "finishedAt": state.finished_at.map(time),
            "syncResult": {"revision": REVISION},
        })
    });
    // What is null here is left out by Argo CD, which its clients take for the same.
    json!({
        "metadata": {"name": shown.name, "namespace": "argocd", "resourceVersion": shown.version.to_string()},
        "spec": {"project": "default", "source": source(&shown.wanted), "destination": {"namespace": "shop"}},
        "operation": shown.operation.as_ref().map(operation),
        "status": {
            "sync": {
                "status": status,
                "revision": REVISION,
                "comparedTo": {"source": source(&seen.wanted), "destination": {"namespace": "shop"}},
            },
            "health": {"status": seen.health},
            "summary": {"images": [seen.live]},
            "sourceType": "Kustomize",
            "reconciledAt": time(seen.at),
            "history": history,
            "operationState": operation_state,
        },
    })
}
