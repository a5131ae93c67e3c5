//! `POST /deploy`, with everything in which its 200 is not success (VENDORS 1.2, 1.3).

use serde_json::{Value, json};

use super::api::{Call, message};
use super::state::{CoolifyState, Deployment, DeploymentStatus, Preview};
use crate::journal::Effect;
use crate::message::Reply;

/// What was asked for, once it makes sense.
struct Order {
    pull_request: u64,
    tag: Option<String>,
    force: bool,
}

/// What became of one application: the entry of the answer, and the effect.
type Outcome = (Value, Effect);

pub(super) fn deploy(call: &Call<'_>, coolify: &mut CoolifyState) -> Reply {
    let (uuids, tags, tag) = (
        call.input("uuid"),
        call.input("tag"),
        call.input("docker_tag"),
    );
    let number = call.input("pull_request_id").or_else(|| call.input("pr"));
    let pull_request = number
        .as_deref()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0);
    if let Some(refusal) = nonsense(
        uuids.as_deref(),
        tags.as_deref(),
        pull_request,
        tag.as_deref(),
    ) {
        return message(400, refusal);
    }
    let Some(uuids) = uuids else {
        return message(404, "No resources found with this tag.");
    };
    let wanted: Vec<&str> = uuids
        .split(',')
        .map(str::trim)
        .filter(|uuid| !uuid.is_empty())
        .collect();
    if wanted.is_empty() {
        return message(400, "No UUIDs provided.");
    }
    if let Some(full) = queue_full(coolify) {
        return full;
    }
    let known: Vec<String> = wanted
        .iter()
        .filter(|uuid| coolify.applications.contains_key(**uuid))
        .map(ToString::to_string)
        .collect();
    if known.is_empty() {
        let effect = Effect::DeployRefused {
            application: uuids.clone(),
            message: "No resources found.".to_owned(),
        };
        return message(404, "No resources found.").effect(effect);
    }
    let force = call
        .input("force")
        .is_some_and(|force| matches!(force.as_str(), "true" | "1"));
    let order = Order {
        pull_request,
        tag,
        force,
    };
    let outcomes: Vec<Outcome> = known
        .iter()
        .map(|uuid| order_one(call, coolify, uuid, &order))
        .collect();
    let entries: Vec<&Value> = outcomes.iter().map(|(entry, _)| entry).collect();
    let reply = Reply::json(200, &json!({"deployments": entries}));
    outcomes
        .into_iter()
        .fold(reply, |reply, (_, effect)| reply.effect(effect))
}

/// Why the parameters do not go together.
fn nonsense(
    uuids: Option<&str>,
    tags: Option<&str>,
    pull_request: u64,
    docker_tag: Option<&str>,
) -> Option<&'static str> {
    match (uuids, tags) {
        (Some(_), Some(_)) => Some("You can only use uuid or tag, not both."),
        (_, Some(_)) if pull_request > 0 => Some("You can only use tag or pr, not both."),
        (_, Some(_)) if docker_tag.is_some() => {
            Some("You can only use docker_tag with uuid, not with tag.")
        }
        _ if docker_tag.is_some() && pull_request == 0 => {
            Some("docker_tag requires pull_request_id.")
        }
        (None, None) => Some("You must provide uuid or tag."),
        _ => None,
    }
}

fn queue_full(coolify: &CoolifyState) -> Option<Reply> {
    let queued = coolify
        .deployments
        .iter()
        .filter(|found| found.status == DeploymentStatus::Queued)
        .count();
    (queued >= coolify.settings.queue_limit).then(|| {
        let text = "Deployment queue is full. Please wait for existing deployments to complete.";
        message(429, text).header("retry-after", 60)
    })
}

fn refused(uuid: &str, text: String) -> Outcome {
    let entry = json!({"message": text, "resource_uuid": uuid});
    (
        entry,
        Effect::DeployRefused {
            application: uuid.to_owned(),
            message: text,
        },
    )
}

fn order_one(call: &Call<'_>, coolify: &mut CoolifyState, uuid: &str, order: &Order) -> Outcome {
    let (number, place) = (order.pull_request, (uuid.to_owned(), order.pull_request));
    if let Some(refusal) = prepare_preview(coolify, uuid, order) {
        return refused(uuid, refusal);
    }
    let stored = coolify
        .previews
        .get(&place)
        .and_then(|preview| preview.tag.clone());
    let tag = order.tag.clone().or(stored);
    let deployment = call.shared.names.coolify_uuid();
    let answered =
        |text: &str| json!({"message": text, "resource_uuid": uuid, "deployment_uuid": deployment});
    let same = |found: &Deployment| {
        found.application == uuid
            && found.pull_request == number
            && found.tag == tag
            && found.status.is_active()
    };
    if !order.force && coolify.deployments.iter().any(same) {
        // The phantom: a fresh uuid that is never stored.
        let effect = Effect::PhantomAnswered {
            application: uuid.to_owned(),
            pull_request: number,
        };
        return (
            answered("Deployment already queued for this commit."),
            effect,
        );
    }
    let now = call.shared.clock.now();
    coolify.deployments.push(Deployment {
        id: call.shared.names.number(),
        uuid: deployment.clone(),
        application: uuid.to_owned(),
        pull_request: number,
        tag: tag.clone(),
        force: order.force,
        status: DeploymentStatus::Queued,
        created_at: now,
        updated_at: now,
    });
    let name = coolify
        .applications
        .get(uuid)
        .map_or(uuid, |application| application.name.as_str());
    let entry = answered(&format!("Application {name} deployment queued."));
    (
        entry,
        Effect::DeployRequested {
            application: uuid.to_owned(),
            deployment,
            pull_request: number,
            tag,
        },
    )
}

/// Makes or updates the preview's record where the order is for one; or says why it cannot be.
fn prepare_preview(coolify: &mut CoolifyState, uuid: &str, order: &Order) -> Option<String> {
    let by_image = coolify
        .applications
        .get(uuid)
        .is_some_and(|found| found.build_pack == "dockerimage");
    if order.tag.is_some() && !by_image {
        return Some("docker_tag can only be used with Docker Image applications.".to_owned());
    }
    let (number, place) = (order.pull_request, (uuid.to_owned(), order.pull_request));
    match &order.tag {
        Some(_) => {
            coolify.previews.insert(
                place,
                Preview {
                    tag: order.tag.clone(),
                },
            );
            None
        }
        None if number == 0 || coolify.previews.contains_key(&place) => None,
        None => Some(format!(
            "Pull request {number} not found for this resource."
        )),
    }
}
