//! A Harbor: images by their tags, and the one endpoint that deletes a tag (HARBOR api/v2.0/swagger.yaml).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use percent_encoding::percent_decode_str;
use serde_json::json;

use crate::journal::Effect;
use crate::message::{Reply, Request};
use crate::state::Shared;

/// Harbor's whole state.
#[derive(Debug, Default)]
pub(crate) struct HarborState {
    /// Robot accounts, as `name:secret`, and the projects in which each may delete tags.
    pub(crate) robots: BTreeMap<String, BTreeSet<String>>,
    /// Tags by `<project>/<repository>`.
    pub(crate) tags: BTreeMap<String, BTreeSet<String>>,
    /// Tags that a rule makes immutable, as `<project>/<repository>:<tag>`.
    pub(crate) immutable: BTreeSet<String>,
}

/// The simulated Harbor.
#[derive(Debug, Clone)]
pub struct Harbor {
    pub(crate) shared: Arc<Shared>,
}

impl Harbor {
    /// Pushes the image `<project>/<repository>` with these tags.
    pub fn push_image(&self, path: &str, tags: &[&str]) {
        let tags: Vec<String> = tags.iter().map(ToString::to_string).collect();
        self.shared.change(|state| {
            let known = state.harbor.tags.entry(path.to_owned()).or_default();
            known.extend(tags);
        });
    }

    /// The tags of `<project>/<repository>`.
    #[must_use]
    pub fn image_tags(&self, path: &str) -> BTreeSet<String> {
        self.shared
            .look(|state| state.harbor.tags.get(path).cloned().unwrap_or_default())
    }

    /// A rule makes this tag immutable.
    pub fn make_immutable(&self, path: &str, tag: &str) {
        let key = format!("{path}:{tag}");
        self.shared
            .change(|state| state.harbor.immutable.insert(key));
    }

    /// A robot account, as `name:secret`, that may delete tags in these projects.
    pub fn add_robot(&self, robot: &str, projects: &[&str]) {
        let projects = projects.iter().map(ToString::to_string).collect();
        self.shared
            .change(|state| state.harbor.robots.insert(robot.to_owned(), projects));
    }
}

/// An error in Harbor's form.
fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(
        status,
        &json!({"errors": [{"code": code, "message": message}]}),
    )
}

/// Answers one request.
pub(crate) fn answer(shared: &Arc<Shared>, request: &Request) -> Reply {
    shared.change(|state| {
        let harbor = &mut state.harbor;
        let robot = robot(request);
        let Some(projects) = robot.and_then(|robot| harbor.robots.get(&robot)) else {
            return error(401, "UNAUTHORIZED", "unauthorized");
        };
        let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
        let [
            "api",
            "v2.0",
            "projects",
            project,
            "repositories",
            repository,
            "artifacts",
            reference,
            "tags",
            tag,
        ] = segments.as_slice()
        else {
            return error(404, "NOT_FOUND", "The resource does not exist");
        };
        if request.method != "DELETE" {
            return error(405, "METHOD_NOT_ALLOWED", "method not allowed");
        }
        if !projects.contains(*project) {
            return error(403, "FORBIDDEN", "forbidden");
        }
        // One decoding is the server's, the other one Harbor's.
        let repository = percent_decode_str(repository).decode_utf8_lossy();
        let path = format!("{project}/{repository}");
        delete(harbor, &path, (reference, tag))
    })
}

fn delete(harbor: &mut HarborState, path: &str, (reference, tag): (&str, &str)) -> Reply {
    let missing = format!("artifact {path}:{reference} not found");
    let Some(tags) = harbor.tags.get_mut(path) else {
        return error(404, "NOT_FOUND", &missing);
    };
    if !tags.contains(reference) || !tags.contains(tag) {
        return error(404, "NOT_FOUND", &missing);
    }
    if harbor.immutable.contains(&format!("{path}:{tag}")) {
        let message = format!("the tag {tag} configured as immutable, cannot be deleted");
        return error(412, "PRECONDITION", &message);
    }
    tags.remove(tag);
    Reply::empty(200).effect(Effect::ImageDeleted {
        image: path.to_owned(),
        tags: vec![tag.to_owned()],
    })
}

/// Who asks, as `name:secret`.
fn robot(request: &Request) -> Option<String> {
    let encoded = request.header("authorization")?.strip_prefix("Basic ")?;
    String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()
}
