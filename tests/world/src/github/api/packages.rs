//! Versions of packages: only for classic tokens, never for Apps (VENDORS 4.6).

use serde_json::{Value, json};

use super::{Call, error, not_found};
use crate::clock::github_time;
use crate::github::packages::Version;
use crate::github::state::GitHubState;
use crate::journal::Effect;
use crate::message::Reply;

/// Answers what is below `/orgs/{org}/packages` (`kind` is `Organization`) or `/users/{username}/packages` (`User`).
pub(super) fn route(
    call: &Call<'_>,
    github: &mut GitHubState,
    (kind, owner): (&str, &str),
    rest: &[&str],
) -> Reply {
    let is_owner = github
        .users
        .values()
        .any(|user| user.login.eq_ignore_ascii_case(owner) && user.kind == kind);
    if !is_owner {
        return not_found();
    }
    let needed = if call.request.method == "GET" {
        "read:packages"
    } else {
        "delete:packages"
    };
    let scopes = call
        .request
        .token()
        .and_then(|token| github.scopes.get(token));
    if !scopes.is_some_and(|scopes| scopes.contains(needed)) {
        let message = format!("You need at least {needed} scope to do this.");
        return error(403, &message);
    }
    match (call.request.method.as_str(), rest) {
        ("GET", ["container", name, "versions"]) => {
            let Some(versions) = github.packages.get(&package(owner, name)) else {
                return error(404, "Package not found.");
            };
            let shown: Vec<Value> = versions
                .iter()
                .map(|version| written(call, version))
                .collect();
            call.page(&shown, |items| items.into())
        }
        ("GET", ["container", name]) => shown(call, github, (owner, name)),
        ("DELETE", ["container", name, "versions", id]) => {
            delete(github, &package(owner, name), id)
        }
        _ => not_found(),
    }
}

fn package(owner: &str, name: &str) -> String {
    format!("{owner}/{name}").to_lowercase()
}

/// A package, with the repository that it is linked to if there is one of its first name: by an action's push, or by its label.
fn shown(call: &Call<'_>, github: &GitHubState, (owner, name): (&str, &str)) -> Reply {
    let Some(versions) = github.packages.get(&package(owner, name)) else {
        return error(404, "Package not found.");
    };
    let first = name.split('/').next().unwrap_or(name);
    let linked = github
        .named(&format!("{owner}/{first}"))
        .map(|found| call.shape(github).lite_repository(found));
    let newest = versions.iter().map(|version| version.created_at).max();
    let at = github_time(newest.unwrap_or_default());
    let url = format!("{}{}", call.shared.github_url(), call.request.path);
    let answer = json!({
        "id": 197, "name": name, "package_type": "container", "url": url, "html_url": "https://github.com/packages",
        "version_count": versions.len(), "visibility": "private", "created_at": at, "updated_at": at,
        "repository": linked,
    });
    Reply::json(200, &answer)
}

fn written(call: &Call<'_>, version: &Version) -> Value {
    let url = format!("{}/versions/{}", call.shared.github_url(), version.id);
    let at = github_time(version.created_at);
    json!({
        "id": version.id, "name": version.digest, "url": url, "package_html_url": "https://github.com/packages",
        "created_at": at, "updated_at": at, "html_url": "https://github.com/packages",
        "metadata": {"package_type": "container", "container": {"tags": version.tags}},
    })
}

/// Deletes a version with all its tags; the last one with a tag is refused.
fn delete(github: &mut GitHubState, package: &str, id: &str) -> Reply {
    let Some(versions) = github.packages.get_mut(package) else {
        return error(404, "Package not found.");
    };
    let Some(place) = versions
        .iter()
        .position(|version| version.id.to_string() == id)
    else {
        return error(404, "Package version not found.");
    };
    let tagged = versions.iter().filter(|version| !version.tags.is_empty());
    if tagged.count() == 1 && versions.get(place).is_some_and(|one| !one.tags.is_empty()) {
        let message = "You cannot delete the last tagged version of a package. You must delete the package instead.";
        return error(400, message);
    }
    let deleted = versions.remove(place);
    Reply::empty(204).effect(Effect::ImageDeleted {
        image: format!("ghcr.io/{package}"),
        tags: deleted.tags.into_iter().collect(),
    })
}
