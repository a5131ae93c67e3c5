//! Removing previews, which is done half at once and half later (VENDORS 1.3).

use super::api::message;
use super::state::{CoolifyState, Removal};
use crate::journal::Effect;
use crate::message::Reply;

/// `DELETE /applications/{uuid}/previews/{pull_request_id}`.
pub(super) fn delete(coolify: &mut CoolifyState, uuid: &str, number: &str) -> Reply {
    let Some(number) = number.parse().ok().filter(|number: &u64| *number > 0) else {
        return message(422, "Invalid pull_request_id.");
    };
    if !coolify.applications.contains_key(uuid) {
        return message(404, "Application not found.");
    }
    let place = (uuid.to_owned(), number);
    if coolify.previews.remove(&place).is_none() {
        return message(404, "Preview not found.");
    }
    let active = coolify.deployments.iter_mut().filter(|found| {
        found.application == uuid && found.pull_request == number && found.status.is_active()
    });
    for deployment in active {
        deployment.status = super::state::DeploymentStatus::Cancelled;
    }
    // With the server out of reach the answer is the same, but the container stays and no job is queued.
    if coolify.settings.server_reachable {
        coolify.containers.remove(&place);
        coolify.removals.push(Removal {
            place,
            requests_left: 1,
        });
    }
    message(200, "Preview deletion request queued.").effect(Effect::PreviewRemoved {
        application: uuid.to_owned(),
        pull_request: number,
    })
}
