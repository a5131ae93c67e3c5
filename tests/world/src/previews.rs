//! The previews themselves: one server that answers for every container that Coolify's server runs.
//!
//! `/pr-{number}` is the preview of a pull request where one application has one, `/pr-{number}/{application}` that of
//! one application; whatever follows, like a health check's path, is the preview's own. `/environment/{application}` is
//! what an application of Argo CD's runs, `/vcluster/pr-{number}` and `/namespace/{name}` what runs in those.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::coolify::DeploymentStatus::InProgress;
use crate::coolify::Health;
use crate::coolify::state::{CoolifyState, Place};
use crate::message::{Reply, Request};
use crate::state::Shared;

/// What a preview serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// 200 when it is up, 502 while it is not, 404 when nothing runs there.
    pub status: u16,
    /// The image with its tag; none unless it is up.
    pub image: Option<String>,
    /// The tag alone.
    pub tag: Option<String>,
}

/// The header in which a preview names its image.
pub(crate) const IMAGE_HEADER: &str = "x-preview-image";

/// Answers one request.
pub(crate) fn answer(shared: &Arc<Shared>, request: &Request) -> Reply {
    if let [first, application, ..] = request.segments.as_slice()
        && first == "environment"
    {
        return environment(shared, application);
    }
    if let [first, name, ..] = request.segments.as_slice()
        && ["vcluster", "namespace"].contains(&first.as_str())
    {
        return cluster(shared, first, name);
    }
    shared.change(|state| {
        let coolify = &mut state.coolify;
        coolify.time_passes();
        let nothing = || Reply::text(404, "text/plain; charset=utf-8", "404 page not found\n");
        let Some(number) = request
            .segments
            .first()
            .and_then(|part| part.strip_prefix("pr-"))
            .and_then(|text| text.parse().ok())
        else {
            return nothing();
        };
        match place(coolify, number, request.segments.get(1).map(String::as_str)) {
            Err(reply) => reply,
            Ok(None) => nothing(),
            Ok(Some(place)) => serve(coolify, &place, number),
        }
    })
}

/// What an application of Argo CD's runs: while a rollout is under way, or does not get ready, that is what ran before.
fn environment(shared: &Arc<Shared>, application: &str) -> Reply {
    let text = |status: u16, text: &str| Reply::text(status, "text/plain; charset=utf-8", text);
    let Some((status, images)) = shared.site_of(application) else {
        return text(404, "404 page not found\n");
    };
    if let Some(status) = status {
        return text(status, "the application answers this on a story's wish\n");
    }
    match images.first() {
        Some(image) => {
            let page =
                format!("<!doctype html>\n<title>{application}</title>\n<p>Runs {image}.</p>\n");
            Reply::text(200, "text/html; charset=utf-8", page).header(IMAGE_HEADER, image)
        }
        None => text(503, "no healthy upstream\n"),
    }
}

/// What runs in a virtual cluster or in a namespace.
fn cluster(shared: &Arc<Shared>, kind: &str, name: &str) -> Reply {
    let text = |status: u16, text: &str| Reply::text(status, "text/plain; charset=utf-8", text);
    let image = shared.look(|state| match kind {
        "vcluster" => state.platform.image(name),
        _ => state.kubernetes.image(name),
    });
    match image {
        Some(image) => {
            let page = format!("<!doctype html>\n<title>{name}</title>\n<p>Runs {image}.</p>\n");
            Reply::text(200, "text/html; charset=utf-8", page).header(IMAGE_HEADER, image)
        }
        None => text(404, "default backend - 404"),
    }
}

/// The container that a path means.
fn place(
    coolify: &CoolifyState,
    number: u64,
    second: Option<&str>,
) -> Result<Option<Place>, Reply> {
    if let Some(uuid) = second.filter(|uuid| coolify.applications.contains_key(*uuid)) {
        return Ok(Some((uuid.to_owned(), number)));
    }
    let mut found: BTreeSet<Place> = coolify
        .containers
        .keys()
        .filter(|place| place.1 == number)
        .cloned()
        .collect();
    let coming = coolify
        .deployments
        .iter()
        .filter(|found| found.pull_request == number && found.status == InProgress);
    found.extend(coming.map(|deployment| (deployment.application.clone(), number)));
    if found.len() < 2 {
        return Ok(found.pop_first());
    }
    let text = format!(
        "several applications have a preview of {number}: ask for /pr-{number}/<application>\n"
    );
    Err(Reply::text(500, "text/plain; charset=utf-8", text))
}

fn serve(coolify: &mut CoolifyState, place: &Place, number: u64) -> Reply {
    let bad_gateway = || Reply::text(502, "text/plain; charset=utf-8", "Bad Gateway");
    let Some(container) = coolify.containers.get_mut(place) else {
        let deploying = coolify.deployments.iter().any(|found| {
            found.application == place.0
                && found.pull_request == place.1
                && found.status == InProgress
        });
        return if deploying {
            bad_gateway()
        } else {
            Reply::text(404, "text/plain; charset=utf-8", "404 page not found\n")
        };
    };
    match container.health {
        Health::Sick => bad_gateway(),
        Health::Starting(left) if left > 0 => {
            container.health = Health::Starting(left - 1);
            bad_gateway()
        }
        Health::Starting(_) | Health::Healthy => {
            container.health = Health::Healthy;
            let image = container.image.clone();
            let page = format!(
                "<!doctype html>\n<title>Preview {number}</title>\n<h1>Pull request {number}</h1>\n<p>Runs {image}.</p>\n"
            );
            Reply::text(200, "text/html; charset=utf-8", page).header(IMAGE_HEADER, image)
        }
    }
}
