//! What time brings about: operations are taken up and end, rollouts settle, the controller compares, and syncs by itself.

use serde_json::{Value, json};

use super::manifests::{self, Manifests};
use super::shape::{named_resource, put, time};
use super::state::{
    Application, ArgoCdState, Failure, Operation, OperationState, Seen, Settings, sources_of,
};
use super::windows;
use crate::github::state::GitHubState;

/// The longest history that is kept (`revisionHistoryLimit`).
const HISTORY_MAX: usize = 10;

/// So many steps follow each other at most before somebody looks again.
const STEPS_MAX: usize = 1_000;

/// Brings all applications to `now`.
pub(crate) fn time_passes(argocd: &mut ArgoCdState, github: &GitHubState, now: i64) {
    if !argocd.settings.controller {
        return;
    }
    let names: Vec<String> = argocd.applications.keys().cloned().collect();
    for name in names {
        for _ in 0..STEPS_MAX {
            if !step(argocd, github, &name, now) {
                break;
            }
        }
    }
}

/// Does the next thing that is due by `now`; false if nothing is.
fn step(argocd: &mut ArgoCdState, github: &GitHubState, name: &str, now: i64) -> bool {
    let Some(application) = argocd.applications.get(name) else {
        return false;
    };
    let operation = operation_due(application, &argocd.settings);
    let compare = application.compare_at;
    let is_held = is_held(argocd, application);
    match operation {
        Some(at) if at <= now && at <= compare && !is_held => advance(argocd, github, name, at),
        _ if compare <= now => {
            look(argocd, github, name, compare);
            sync_by_itself(argocd, name, compare);
        }
        _ => {
            if is_held {
                tell_held(argocd, name);
            }
            return false;
        }
    }
    true
}

/// Whether a window keeps an operation that was taken up from going on, its end included (ARGOCD controller/sync.go,
/// `syncWindowPreventsSync`).
fn is_held(argocd: &ArgoCdState, application: &Application) -> bool {
    let (Some(operation), Some(_)) = (&application.operation, &application.state) else {
        return false;
    };
    let automated = operation.shown.pointer("/initiatedBy/automated") == Some(&Value::Bool(true));
    !windows::may_sync(argocd.projects.get(application.project()), !automated)
}

fn tell_held(argocd: &mut ArgoCdState, name: &str) {
    let state = argocd
        .applications
        .get_mut(name)
        .and_then(|found| found.state.as_mut());
    if let Some(state) = state.filter(|state| state.phase == "Running") {
        "Sync operation blocked by sync window".clone_into(&mut state.message);
    }
}

/// When the operation goes on.
fn operation_due(application: &Application, settings: &Settings) -> Option<i64> {
    let asked = application.operation.as_ref()?;
    let Some(state) = &application.state else {
        return Some(asked.asked_at + settings.pick_up);
    };
    let end = state.started_at + settings.sync;
    Some(state.terminating_at.map_or(end, |asked| asked + 1))
}

/// Takes an operation up, or ends it.
fn advance(argocd: &mut ArgoCdState, github: &GitHubState, name: &str, at: i64) {
    let (lag, rollout) = (argocd.settings.lag, argocd.settings.rollout);
    let sick = argocd.sick_images.clone();
    let Some(application) = argocd.applications.get_mut(name) else {
        return;
    };
    let Some(operation) = application.operation.clone() else {
        return;
    };
    application.version += 1;
    let Some(mut state) = application.state.take() else {
        application.state = Some(begun(&operation, at));
        return;
    };
    let rendered = rendered(github, &operation.shown);
    state.finished_at = Some(at);
    application.operation = None;
    application.compare_at = at + lag;
    if state.terminating_at.is_some() {
        state.phase = "Failed";
        "Operation terminated".clone_into(&mut state.message);
    } else {
        match (rendered, application.next_failure.take()) {
            (Err(problem), _) => {
                state.phase = "Error";
                state.message = format!("ComparisonError: {problem}");
            }
            (Ok(manifests), Some(failure)) => fail(&mut state, &manifests, &failure),
            (Ok(manifests), None) => {
                let degrades = std::mem::take(&mut application.next_degrades)
                    || manifests.images.iter().any(|image| sick.contains(image));
                succeed(application, &mut state, &manifests);
                roll_out(application, &manifests, (at, rollout), !degrades);
            }
        }
    }
    application.state = Some(state);
}

fn begun(operation: &Operation, at: i64) -> OperationState {
    OperationState {
        operation: operation.shown.clone(),
        phase: "Running",
        message: "waiting for completion of hook and resources".to_owned(),
        started_at: at,
        terminating_at: None,
        finished_at: None,
        revision: String::new(),
        revisions: Vec::new(),
        resources: Vec::new(),
    }
}

/// What the sources of an operation render to.
fn rendered(github: &GitHubState, operation: &Value) -> Result<Manifests, String> {
    let sync = operation.get("sync").cloned().unwrap_or_default();
    let asked: Vec<String> = match sync.get("revisions").and_then(Value::as_array) {
        Some(several) => several
            .iter()
            .map(|one| one.as_str().unwrap_or_default().to_owned())
            .collect(),
        None => sync
            .get("revision")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .into_iter()
            .collect(),
    };
    manifests::render(github, &sources_of(&sync), &asked)
}

fn note_revisions(state: &mut OperationState, manifests: &Manifests) {
    match manifests.revisions.as_slice() {
        [one] if state.operation.pointer("/sync/sources").is_none() => {
            state.revision.clone_from(one)
        }
        several => state.revisions = several.to_vec(),
    }
}

fn fail(state: &mut OperationState, manifests: &Manifests, failure: &Failure) {
    note_revisions(state, manifests);
    state.phase = "Failed";
    "one or more synchronization tasks completed unsuccessfully".clone_into(&mut state.message);
    state.resources = vec![match failure {
        Failure::NotApplied(message) => {
            json!({"group": "apps", "version": "v1", "kind": "Deployment", "namespace": "apps", "name": "web",
                "status": "SyncFailed", "message": message, "hookPhase": "Failed", "syncPhase": "Sync"})
        }
        Failure::Hook(message) => {
            json!({"group": "batch", "version": "v1", "kind": "Job", "namespace": "apps", "name": "migrate",
                "message": message, "hookType": "PreSync", "hookPhase": "Failed", "syncPhase": "PreSync"})
        }
    }];
}

fn succeed(application: &mut Application, state: &mut OperationState, manifests: &Manifests) {
    note_revisions(state, manifests);
    state.phase = "Succeeded";
    "successfully synced (all tasks run)".clone_into(&mut state.message);
    state.resources = vec![named_resource("Synced")];
    let sync = state.operation.get("sync").cloned().unwrap_or_default();
    let mut entry = json!({
        "id": application.next_history, "deployStartedAt": time(state.started_at),
        "deployedAt": state.finished_at.map(time), "initiatedBy": state.operation.get("initiatedBy"),
    });
    if sync.get("sources").is_some() {
        put(
            &mut entry,
            "sources",
            sync.get("sources").cloned().unwrap_or_default(),
        );
        put(&mut entry, "revisions", json!(manifests.revisions));
        // The Go type has no pointer here: it is always there.
        put(&mut entry, "source", json!({"repoURL": ""}));
    } else {
        put(
            &mut entry,
            "source",
            sync.get("source").cloned().unwrap_or_default(),
        );
        put(&mut entry, "revision", json!(manifests.revisions.first()));
    }
    application.next_history += 1;
    application.history.push(entry);
    let excess = application.history.len().saturating_sub(HISTORY_MAX);
    application.history.drain(..excess);
}

/// The cluster takes the manifests; the old containers serve until the new ones are ready.
fn roll_out(
    application: &mut Application,
    manifests: &Manifests,
    (at, takes): (i64, i64),
    well: bool,
) {
    let serving = application.serving(at);
    let live = &mut application.live;
    live.drifted = false;
    if live.digest == manifests.digest && live.well == well {
        return;
    }
    live.digest.clone_from(&manifests.digest);
    live.images.clone_from(&manifests.images);
    live.settles_at = at + takes;
    live.well = well;
    live.crashed = false;
    live.serving = serving;
}

/// The controller compares the cluster with Git, and sees how it does.
pub(crate) fn look(argocd: &mut ArgoCdState, github: &GitHubState, name: &str, at: i64) {
    let git_poll = argocd.settings.git_poll.max(1);
    let lag = argocd.settings.lag;
    let Some(application) = argocd.applications.get_mut(name) else {
        return;
    };
    application.version += 1;
    application.compare_at = at + git_poll;
    if application.live.settles_at > at {
        application.compare_at = application
            .compare_at
            .min(application.live.settles_at + lag);
    }
    let rendered = manifests::render(github, &application.sources(), &[]);
    let health = application.health(at);
    let before = application.seen.take();
    let since = before
        .as_ref()
        .filter(|seen| seen.health == health)
        .map_or(at, |seen| seen.health_since);
    let key = if application.has_several_sources() {
        "sources"
    } else {
        "source"
    };
    let compared_to =
        json!({key: application.spec.get(key), "destination": application.spec.get("destination")});
    application.seen = Some(match rendered {
        Ok(manifests) => {
            let same = manifests.digest == application.live.digest && !application.live.drifted;
            Seen {
                at,
                status: if same { "Synced" } else { "OutOfSync" },
                revisions: manifests.revisions,
                compared_to,
                health,
                health_since: since,
                images: manifests.images,
                kinds: manifests.kinds,
                error: None,
            }
        }
        Err(problem) => Seen {
            at,
            status: "Unknown",
            revisions: before
                .as_ref()
                .map_or_else(Vec::new, |seen| seen.revisions.clone()),
            compared_to,
            health,
            health_since: since,
            images: before
                .as_ref()
                .map_or_else(Vec::new, |seen| seen.images.clone()),
            kinds: before.map_or_else(Vec::new, |seen| seen.kinds),
            error: Some(problem),
        },
    });
}

/// Auto-sync: once for each state of Git and specification, and again after a change in the cluster if it heals itself.
pub(crate) fn sync_by_itself(argocd: &mut ArgoCdState, name: &str, at: i64) {
    let may = argocd.applications.get(name).is_some_and(|application| {
        windows::may_sync(argocd.projects.get(application.project()), false)
    });
    let Some(application) = argocd.applications.get_mut(name) else {
        return;
    };
    let Some(seen) = &application.seen else {
        return;
    };
    if !may
        || !application.syncs_by_itself()
        || application.deleting
        || seen.status != "OutOfSync"
        || application.operation.is_some()
    {
        return;
    }
    let state = json!([seen.revisions, seen.compared_to]);
    let heals = application.heals_itself() && application.live.drifted;
    if application.synced_by_itself.as_ref() == Some(&state) && !heals {
        return;
    }
    let mut sync = json!({"revision": seen.revisions.first()});
    if application.has_several_sources() {
        sync = json!({"revisions": seen.revisions, "sources": application.sources()});
    } else if let Some(source) = application.spec.get("source") {
        put(&mut sync, "source", source.clone());
    }
    application.synced_by_itself = Some(state);
    application.operation = Some(Operation {
        shown: json!({"sync": sync, "initiatedBy": {"automated": true}, "retry": {"limit": 5}}),
        asked_at: at,
    });
    application.state = None;
}
