//! The platform API: virtual clusters of pull requests, known by the number alone. Of it two calls are specified; its error
//! bodies are objects with `error`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::message::{Reply, Request};
use crate::state::Shared;

/// Its whole state.
#[derive(Debug, Default)]
pub(crate) struct PlatformState {
    tokens: BTreeSet<String>,
    clusters: BTreeMap<u64, VirtualCluster>,
}

/// The virtual cluster of a pull request, as it was asked for last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VirtualCluster {
    /// The pull request.
    pub pr_number: u64,
    /// Whose it is: `acme/shop`.
    pub repository: String,
    /// Its head branch.
    pub branch: String,
    /// The commit.
    pub commit_sha: String,
    /// The tag of its image.
    pub image_tag: String,
}

impl PlatformState {
    /// What runs in `pr-<number>`.
    pub(crate) fn image(&self, name: &str) -> Option<String> {
        let number: u64 = name.strip_prefix("pr-")?.parse().ok()?;
        let cluster = self.clusters.get(&number)?;
        Some(format!(
            "ghcr.io/{}:{}",
            cluster.repository, cluster.image_tag
        ))
    }
}

/// The simulated platform API.
#[derive(Debug, Clone)]
pub struct Platform {
    pub(crate) shared: Arc<Shared>,
}

impl Platform {
    /// A token that may make and remove previews.
    pub fn add_token(&self, token: &str) {
        self.shared
            .change(|state| state.platform.tokens.insert(token.to_owned()));
    }

    /// The virtual cluster of a pull request; none if there is none.
    #[must_use]
    pub fn cluster(&self, number: u64) -> Option<VirtualCluster> {
        self.shared
            .look(|state| state.platform.clusters.get(&number).cloned())
    }

    /// Another repository takes a number.
    pub fn take(&self, number: u64, repository: &str) {
        let cluster = VirtualCluster {
            pr_number: number,
            repository: repository.to_owned(),
            branch: "main".to_owned(),
            commit_sha: "0".repeat(40),
            image_tag: "latest".to_owned(),
        };
        self.shared
            .change(|state| state.platform.clusters.insert(number, cluster));
    }
}

fn error(status: u16, text: &str) -> Reply {
    Reply::json(status, &json!({"error": text}))
}

/// Answers one request.
pub(crate) fn answer(shared: &Arc<Shared>, request: &Request) -> Reply {
    shared.change(|state| {
        let platform = &mut state.platform;
        if !request
            .token()
            .is_some_and(|token| platform.tokens.contains(token))
        {
            return error(401, "invalid token");
        }
        let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
        match (request.method.as_str(), segments.as_slice()) {
            ("POST", ["api", "v1", "previews"]) => make(platform, request),
            ("DELETE", ["api", "v1", "previews", name]) => remove(platform, name),
            (_, ["api", "v1", "previews", ..]) => error(405, "method not allowed"),
            (_, _) => Reply::text(404, "text/plain; charset=utf-8", "404 page not found\n"),
        }
    })
}

fn make(platform: &mut PlatformState, request: &Request) -> Reply {
    let cluster: VirtualCluster = match serde_json::from_slice(&request.body) {
        Ok(cluster) => cluster,
        Err(problem) => return error(422, &problem.to_string()),
    };
    let number = cluster.pr_number;
    let taken = platform.clusters.get(&number);
    if let Some(other) = taken.filter(|known| known.repository != cluster.repository) {
        return error(409, &format!("pr-{number} belongs to {}", other.repository));
    }
    let status = if taken.is_some() { 200 } else { 201 };
    platform.clusters.insert(number, cluster);
    Reply::json(
        status,
        &json!({"name": format!("pr-{number}"), "status": "creating"}),
    )
}

fn remove(platform: &mut PlatformState, name: &str) -> Reply {
    let number = name
        .strip_prefix("pr-")
        .and_then(|number| number.parse().ok());
    match number.and_then(|number: u64| platform.clusters.remove(&number)) {
        Some(_) => Reply::json(202, &json!({"name": name, "status": "deleting"})),
        None => error(404, &format!("preview {name} not found")),
    }
}
