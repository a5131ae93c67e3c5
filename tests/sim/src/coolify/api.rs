//! Coolify's API, as far as Slipway uses it.

use std::rc::Rc;

use ::http::{HeaderValue, Method};
use ports::Response;
use serde_json::{Value, json};

use super::{Deployment, Status, work_off};
use crate::{
    http::{Asked, json_response},
    kernel::{MILLISECOND, SECOND},
    random::mix,
    sim::Sim,
};

/// Answers a request.
pub(crate) fn answer(sim: &Rc<Sim>, asked: &Asked) -> Response {
    let over = sim.coolify.borrow_mut().count(sim.kernel.now());
    if let Some(seconds) = over {
        return too_many("Too Many Attempts.", seconds);
    }
    let parts = asked.parts();
    let parts = parts.get(2..).unwrap_or_default();
    match (&asked.method, parts) {
        (&Method::POST, ["deploy"]) => deploy(sim, asked),
        (&Method::GET, ["deployments", "applications", application]) => {
            list(sim, application, asked)
        }
        (&Method::GET, ["deployments", uuid]) => show(sim, uuid),
        (&Method::GET, ["applications", application, "envs"]) => variables(sim, application),
        (&Method::DELETE, ["applications", application, "previews", number]) => {
            remove(sim, application, number)
        }
        _ => {
            sim.violate(|| format!("unexpected request: {} {}", asked.method, asked.path));
            json_response(404, &json!({"message": "Not found."}))
        }
    }
}

fn too_many(message: &str, seconds: u64) -> Response {
    let mut response = json_response(429, &json!({"message": message}));
    response
        .headers
        .insert("retry-after", HeaderValue::from(seconds));
    response
}

/// Remembers that a deployment was refused for good.
pub(crate) fn note_refusal(sim: &Rc<Sim>, asked: &Asked) {
    let application = asked.text("uuid");
    let number = asked.number("pull_request_id");
    sim.oracle.borrow_mut().refused(&application, number);
}

fn deploy(sim: &Rc<Sim>, asked: &Asked) -> Response {
    let application = asked.text("uuid");
    let number = asked.number("pull_request_id");
    let tag = asked.text("docker_tag");
    if number == 0 || tag.is_empty() {
        sim.violate(|| format!("{} would deploy production", asked.by));
    }
    let uuid = format!("d{:016x}", mix(sim.random.next()));
    let mut coolify = sim.coolify.borrow_mut();
    if let Some(seconds) = coolify.queue_full() {
        let text = "Deployment queue is full. Please wait for existing deployments to complete.";
        return too_many(text, seconds);
    }
    let Some(found) = coolify.applications.get_mut(&application) else {
        return json_response(404, &json!({"message": "No resources found."}));
    };
    let entry = |message: &str, uuid: &str| {
        json!({"deployments": [{
            "message": message, "resource_uuid": application, "deployment_uuid": uuid,
        }]})
    };
    let identical = found.deployments.iter().any(|deployment| {
        deployment.number == number && deployment.tag == tag && deployment.status.is_under_way()
    });
    if identical {
        sim.oracle.borrow_mut().in_the_way(&application, number);
        return json_response(
            200,
            &entry("Deployment already queued for this commit.", &uuid),
        );
    }
    let is_shown = |other: &&u64| found.previews.get(*other).is_some_and(|one| one.shown);
    let live = found.previews.keys().filter(is_shown).count();
    let is_new = !is_shown(&&number);
    found.previews.entry(number).or_default().shown = true;
    found.deployments.push(Deployment {
        uuid: uuid.clone(),
        number,
        tag: tag.clone(),
        status: Status::Queued,
        created_at: sim.kernel.now(),
    });
    drop(coolify);
    let limit = sim
        .github
        .borrow()
        .service_of(&application)
        .and_then(|service| service.limit);
    if limit.is_some_and(|limit| is_new && live >= limit) {
        sim.violate(|| format!("{application} #{number}: {live} previews are live already"));
    }
    sim.statistics.deployments.add(1);
    sim.tell("coolify", || {
        format!(
            "{application} #{number}: queued {uuid} ({tag}) for {}",
            asked.by
        )
    });
    let image = sim.github.borrow().image(&application, &tag);
    sim.oracle
        .borrow_mut()
        .deployment_queued(sim, &application, number, image.as_deref());
    let response = json_response(200, &entry("Application deployment queued.", &uuid));
    sim.after(sim.random.below(2 * SECOND), move |sim| {
        work_off(sim, &application, number);
    });
    response
}

fn shown(sim: &Sim, deployment: &Deployment) -> Value {
    json!({
        "id": 1,
        "application_id": "7",
        "deployment_uuid": deployment.uuid,
        "deployment_url": format!("/project/p/environment/e/application/a/deployment/{}", deployment.uuid),
        "pull_request_id": deployment.number,
        "docker_registry_image_tag": deployment.tag,
        "commit": "HEAD",
        "status": deployment.status.name(),
        "created_at": sim.time_at(deployment.created_at).to_string(),
    })
}

fn list(sim: &Rc<Sim>, application: &str, asked: &Asked) -> Response {
    let number = |name: &str, default: usize| {
        asked
            .parameter(name)
            .and_then(|text| text.parse::<usize>().ok())
            .unwrap_or(default)
    };
    let (skip, take) = (number("skip", 0), number("take", 10));
    let coolify = sim.coolify.borrow();
    let Some(found) = coolify.applications.get(application) else {
        return json_response(404, &json!({"message": "Application not found"}));
    };
    let newest = found.deployments.iter().rev();
    let page: Vec<Value> = newest
        .skip(skip)
        .take(take)
        .map(|deployment| shown(sim, deployment))
        .collect();
    // PHP writes a list with gaps in its numbers as an object (VENDORS 1.4).
    let page = if sim.random.percent(20) {
        let numbered = page.into_iter().enumerate();
        Value::Object(
            numbered
                .map(|(index, value)| (index.to_string(), value))
                .collect(),
        )
    } else {
        Value::Array(page)
    };
    json_response(
        200,
        &json!({"count": found.deployments.len(), "deployments": page}),
    )
}

fn show(sim: &Rc<Sim>, uuid: &str) -> Response {
    let coolify = sim.coolify.borrow();
    let found = coolify
        .applications
        .values()
        .flat_map(|application| &application.deployments)
        .find(|deployment| deployment.uuid == uuid);
    match found {
        Some(deployment) => json_response(200, &shown(sim, deployment)),
        None => json_response(404, &json!({"message": "Deployment not found."})),
    }
}

/// One of production's with its copy for previews, without values: the token may not see them.
fn variables(sim: &Rc<Sim>, application: &str) -> Response {
    if !sim.coolify.borrow().applications.contains_key(application) {
        return json_response(404, &json!({"message": "Application not found"}));
    }
    let made = sim.time_at(0).to_string();
    let of = |is_preview: bool| {
        json!({
            "key": "DATABASE_URL", "is_preview": is_preview, "is_runtime": true, "created_at": made, "updated_at": made,
        })
    };
    json_response(200, &json!([of(false), of(true)]))
}

fn remove(sim: &Rc<Sim>, application: &str, number: &str) -> Response {
    let number: u64 = number.parse().unwrap_or_default();
    let mut coolify = sim.coolify.borrow_mut();
    let Some(found) = coolify.applications.get_mut(application) else {
        return json_response(404, &json!({"message": "Application not found."}));
    };
    let Some(preview) = found
        .previews
        .get_mut(&number)
        .filter(|preview| preview.shown)
    else {
        return json_response(404, &json!({"message": "Preview not found."}));
    };
    preview.shown = false;
    preview.container = None;
    for deployment in &mut found.deployments {
        if deployment.number == number && deployment.status.is_under_way() {
            deployment.status = Status::Cancelled;
        }
    }
    drop(coolify);
    sim.statistics.removals.add(1);
    sim.oracle.borrow_mut().removed(application, number);
    sim.tell("coolify", || {
        format!("{application} #{number}: preview removed")
    });
    // The job that follows kills whatever runs for the pull request then (VENDORS 1.3).
    let application = application.to_owned();
    sim.after(sim.random.between(200, 6_000) * MILLISECOND, move |sim| {
        let mut coolify = sim.coolify.borrow_mut();
        let preview = coolify
            .applications
            .get_mut(&application)
            .and_then(|found| found.previews.get_mut(&number));
        if let Some(preview) = preview {
            preview.container = None;
        }
    });
    json_response(200, &json!({"message": "Preview deletion request queued."}))
}
