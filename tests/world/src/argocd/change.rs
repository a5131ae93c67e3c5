//! Patching an application's specification (VENDORS 2.4).

use serde_json::Value;

use super::api::{Answer, Call, NO_REPO_SERVER, Status};
use super::state::{ArgoCdState, sources_of};
use super::{manifests, patch as patches, shape};
use crate::github::state::GitHubState;
use crate::journal::Effect;

/// `PATCH /applications/{name}`: only the specification and annotations are taken over.
pub(super) fn patch(
    call: &Call<'_>,
    argocd: &mut ArgoCdState,
    github: &GitHubState,
    name: &str,
) -> Answer {
    let repo_server = argocd.settings.repo_server;
    let application = call.application(argocd, name, "get")?;
    if !call.may("update", application.project()) {
        return Err(call.denied("update", application));
    }
    // The patch is a text within the JSON.
    let patch: Value = serde_json::from_str(call.text("patch"))
        .map_err(|error| Status::new(2, format!("error decoding json patch: {error}")))?;
    let mut document = shape::application(application);
    match call.text("patchType") {
        "json" | "" => {
            patches::json_patch(&mut document, &patch).map_err(|problem| Status::new(2, problem))?
        }
        "merge" => patches::merge_patch(&mut document, &patch),
        other => {
            return Err(Status::new(
                3,
                format!("Patch type '{other}' is not supported"),
            ));
        }
    }
    let spec = document.get("spec").cloned().unwrap_or_default();
    // Argo CD makes the manifests to see whether the specification is good.
    let rendered = if repo_server {
        manifests::render(github, &sources_of(&spec), &[])
    } else {
        Err(NO_REPO_SERVER.to_owned())
    };
    rendered.map_err(|problem| {
        Status::new(
            3,
            format!(
                "error validating and normalizing app: rpc error: code = InvalidArgument desc = application spec for {name} is \
                 invalid: InvalidSpecError: Unable to generate manifests: {problem}"
            ),
        )
    })?;
    application.spec = spec;
    if let Some(annotations) = document
        .pointer("/metadata/annotations")
        .and_then(Value::as_object)
    {
        application.annotations.clone_from(annotations);
    }
    application.version += 1;
    let lag = argocd.settings.lag;
    let application = call.application(argocd, name, "get")?;
    application.compare_at = application.compare_at.min(call.now + lag);
    let reply = call.shown(argocd, name)?;
    Ok(reply.effect(Effect::SpecificationChanged {
        application: name.to_owned(),
    }))
}
