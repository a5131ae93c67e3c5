//! Asking for a sync or a rollback, and for the end of an operation (VENDORS 2.2, 2.5).

use serde_json::{Value, json};

use super::api::{Answer, Call, NO_REPO_SERVER, Status};
use super::state::{Application, ArgoCdState, Operation, sources_of};
use super::{manifests, shape::put, windows};
use crate::github::state::GitHubState;
use crate::journal::{Effect, OperationKind};
use crate::message::Reply;

/// `POST /applications/{name}/sync`.
pub(super) fn sync(
    call: &Call<'_>,
    argocd: &mut ArgoCdState,
    github: &GitHubState,
    name: &str,
) -> Answer {
    let project = call.application(argocd, name, "get")?.project().to_owned();
    if !windows::may_sync(argocd.projects.get(&project), true) {
        return Err(Status::new(7, "cannot sync: blocked by sync window"));
    }
    let needs_override = argocd.settings.revision_needs_override;
    let repo_server = argocd.settings.repo_server;
    let application = call.application(argocd, name, "get")?;
    if !call.may("sync", &project) {
        return Err(call.denied("sync", application));
    }
    if application.deleting {
        return Err(Status::new(9, "application is deleting"));
    }
    let asked = call.text("revision");
    if !asked.is_empty() && asked != application.tracked() && !application.has_several_sources() {
        if needs_override && !call.may("override", &project) {
            return Err(call.denied("override", application));
        }
        if application.syncs_by_itself() && call.field("dryRun") != Some(&Value::Bool(true)) {
            let tracked = application
                .spec
                .pointer("/source/targetRevision")
                .and_then(Value::as_str);
            let tracked = tracked.unwrap_or_default();
            return Err(Status::new(
                9,
                format!("Cannot sync to {asked}: auto-sync currently set to {tracked}"),
            ));
        }
    }
    if !repo_server {
        return Err(Status::new(
            9,
            format!("error resolving repo revision: {NO_REPO_SERVER}"),
        ));
    }
    let mut sync = json!({});
    let sources = application.sources();
    let resolved: Result<Vec<String>, String> = sources
        .iter()
        .map(|source| {
            let text = |key: &str| source.get(key).and_then(Value::as_str).unwrap_or_default();
            let revision = if asked.is_empty() {
                text("targetRevision")
            } else {
                asked
            };
            manifests::resolve(github, text("repoURL"), revision)
        })
        .collect();
    let resolved = resolved.map_err(|problem| {
        Status::new(
            9,
            format!("error resolving repo revision: rpc error: code = Unknown desc = {problem}"),
        )
    })?;
    if application.has_several_sources() {
        put(&mut sync, "sources", Value::Array(sources));
        put(&mut sync, "revisions", json!(resolved));
    } else {
        put(
            &mut sync,
            "source",
            sources.first().cloned().unwrap_or_default(),
        );
        put(&mut sync, "revision", json!(resolved.first()));
    }
    for key in ["prune", "dryRun", "resources"] {
        if let Some(value) = call.field(key) {
            put(&mut sync, key, value.clone());
        }
    }
    if let Some(strategy) = call.field("strategy") {
        put(&mut sync, "syncStrategy", strategy.clone());
    }
    let inherited = application.spec.pointer("/syncPolicy/syncOptions").cloned();
    if let Some(options) = call
        .field("syncOptions")
        .and_then(|options| options.get("items"))
        .cloned()
        .or(inherited)
    {
        put(&mut sync, "syncOptions", options);
    }
    let revision = resolved.first().cloned().unwrap_or_default();
    let mut shown =
        json!({"sync": sync, "initiatedBy": {"username": call.account.name}, "retry": {}});
    if let Some(infos) = call.field("infos") {
        put(&mut shown, "info", infos.clone());
    }
    begin(call, application, shown)?;
    let reply = call.shown(argocd, name)?;
    Ok(reply.effect(Effect::OperationBegun {
        application: name.to_owned(),
        kind: OperationKind::Sync,
        revision,
    }))
}

/// `POST /applications/{name}/rollback`.
pub(super) fn rollback(call: &Call<'_>, argocd: &mut ArgoCdState, name: &str) -> Answer {
    let application = call.application(argocd, name, "sync")?;
    if application.deleting {
        return Err(Status::new(9, "application is deleting"));
    }
    if application.syncs_by_itself() {
        return Err(Status::new(
            9,
            "rollback cannot be initiated when auto-sync is enabled",
        ));
    }
    // Missing is 0, which is a real one.
    let id = call.field("id").and_then(Value::as_u64).unwrap_or_default();
    let found = application
        .history
        .iter()
        .find(|entry| entry.get("id").and_then(Value::as_u64) == Some(id));
    let Some(entry) = found.cloned() else {
        return Err(Status::new(
            3,
            format!("application {name} does not have deployment with id {id}"),
        ));
    };
    let mut sync = json!({"syncStrategy": {"apply": {}}, "revision": entry.get("revision")});
    if entry.get("sources").is_some() {
        put(&mut sync, "sources", Value::Array(sources_of(&entry)));
        put(
            &mut sync,
            "revisions",
            entry.get("revisions").cloned().unwrap_or_default(),
        );
        put(&mut sync, "revision", "");
    } else {
        put(
            &mut sync,
            "source",
            entry.get("source").cloned().unwrap_or_default(),
        );
    }
    if let Some(prune) = call.field("prune") {
        put(&mut sync, "prune", prune.clone());
    }
    let shown = json!({"sync": sync, "initiatedBy": {"username": call.account.name}, "retry": {}});
    begin(call, application, shown)?;
    let revision = entry
        .get("revision")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let reply = call.shown(argocd, name)?;
    Ok(reply.effect(Effect::OperationBegun {
        application: name.to_owned(),
        kind: OperationKind::Rollback,
        revision,
    }))
}

/// Puts an operation on the application; the state of the last one goes (ARGOCD util/argo/argo.go, `SetAppOperation`).
fn begin(call: &Call<'_>, application: &mut Application, shown: Value) -> Result<(), Status> {
    if application.operation.is_some() {
        return Err(Status::new(
            9,
            "error setting app operation: rpc error: code = FailedPrecondition desc = another operation is already in progress",
        ));
    }
    application.operation = Some(Operation {
        shown,
        asked_at: call.now,
    });
    application.state = None;
    application.version += 1;
    Ok(())
}

/// `DELETE /applications/{name}/operation`: asks, and nothing more.
pub(super) fn terminate(call: &Call<'_>, argocd: &mut ArgoCdState, name: &str) -> Answer {
    let application = call.application(argocd, name, "sync")?;
    let (Some(_), Some(state)) = (&application.operation, &mut application.state) else {
        return Err(Status::new(
            3,
            "Unable to terminate operation. No operation is in progress",
        ));
    };
    state.phase = "Terminating";
    state.terminating_at.get_or_insert(call.now);
    application.version += 1;
    let reply = Reply::text(200, "application/json", "{}");
    Ok(reply.effect(Effect::OperationTerminated {
        application: name.to_owned(),
    }))
}
