//! What an App may ask as itself: who it is, where it is installed, and tokens.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Call, deliveries, error, invalid, not_found};
use crate::clock::github_time;
use crate::github::installed::{Installation, Permissions, Token, grants};
use crate::github::state::{GitHubState, Repository};
use crate::message::Reply;

/// A token lasts so long.
const LIFE_SECONDS: i64 = 3_600;

/// Routes below `/app`, for the App that asks.
pub(super) fn route(call: &Call<'_>, github: &mut GitHubState, app: u64, rest: &[&str]) -> Reply {
    let Some(found) = github.installed.apps.get(&app) else {
        return not_found();
    };
    match (call.request.method.as_str(), rest) {
        ("GET", []) => Reply::json(200, &call.shape(github).app(found)),
        (_, ["hook", "deliveries", rest @ ..]) => deliveries::route(call, github, app, rest),
        ("GET", ["installations"]) => {
            let all = github.installed.installations.values();
            let listed: Vec<Value> = all
                .filter(|found| found.app == app)
                .map(|found| shown(call, github, found))
                .collect();
            call.page(&listed, |page| page.into())
        }
        ("GET", ["installations", id]) => match installation(github, app, id) {
            Some(found) => Reply::json(200, &shown(call, github, found)),
            None => not_found(),
        },
        ("POST", ["installations", id, "access_tokens"]) => match installation(github, app, id) {
            Some(found) => {
                let id = found.id;
                access_token(call, github, id)
            }
            None => not_found(),
        },
        _ => not_found(),
    }
}

/// `GET /repos/{owner}/{repo}/installation`.
pub(super) fn on_repository(
    call: &Call<'_>,
    github: &GitHubState,
    app: u64,
    repository: u64,
) -> Reply {
    let found = github
        .repositories
        .get(&repository)
        .and_then(|found| github.installation_on(Some(app), found));
    found.map_or_else(not_found, |found| {
        Reply::json(200, &shown(call, github, found))
    })
}

fn installation<'a>(github: &'a GitHubState, app: u64, id: &str) -> Option<&'a Installation> {
    let found = github.installed.installations.get(&id.parse().ok()?)?;
    (found.app == app).then_some(found)
}

/// `POST /app/installations/{installation_id}/access_tokens`.
fn access_token(call: &Call<'_>, github: &mut GitHubState, installation: u64) -> Reply {
    let Some(found) = github.installed.installations.get(&installation) else {
        return not_found();
    };
    if found.suspended_at.is_some() {
        return error(403, "This installation has been suspended");
    }
    let wish = match call.request.body.is_empty() {
        true => json!({}),
        false => match call.json_body() {
            Ok(wish) => wish,
            Err(reply) => return reply,
        },
    };
    let repositories = match wished_repositories(github, found, &wish) {
        Ok(repositories) => repositories,
        Err(reply) => return reply,
    };
    let permissions = match wished_permissions(found, &wish) {
        Ok(permissions) => permissions,
        Err(reply) => return reply,
    };
    let expires_at = call.shared.clock.now() + LIFE_SECONDS;
    let token = format!("ghs_{}", call.shared.names.sha());
    let mut answer = json!({"token": token, "expires_at": github_time(expires_at), "permissions": permissions,
        "repository_selection": if repositories.is_some() { "selected" } else { "all" }});
    if let (Some(ids), Some(fields)) = (&repositories, answer.as_object_mut()) {
        let shape = call.shape(github);
        let listed: Vec<Value> = ids
            .iter()
            .filter_map(|id| github.repositories.get(id))
            .map(|found| shape.repository(found))
            .collect();
        fields.insert("repositories".to_owned(), listed.into());
    }
    let made = Token {
        installation,
        repositories,
        permissions,
        expires_at,
    };
    github.installed.tokens.insert(token, made);
    Reply::json(201, &answer)
}

fn wished_repositories(
    github: &GitHubState,
    installation: &Installation,
    wish: &Value,
) -> Result<Option<BTreeSet<u64>>, Reply> {
    let list = |field: &str| wish.get(field).and_then(Value::as_array);
    let ids: Option<BTreeSet<u64>> = match (list("repository_ids"), list("repositories")) {
        (Some(ids), _) => Some(ids.iter().filter_map(Value::as_u64).collect()),
        (None, Some(names)) => {
            // A name that is none of the account's is an id that is none.
            let id_of = |name: &Value| {
                let owned = |found: &&Repository| found.owner == installation.account;
                let mut owned = github.repositories.values().filter(owned);
                let named = owned.find(|found| Some(found.name.as_str()) == name.as_str());
                named.map_or(0, |found| found.id)
            };
            Some(names.iter().map(id_of).collect())
        }
        (None, None) if wish.get("repository_ids").is_some() => None,
        (None, None) => return Ok(installation.repositories.clone()),
    };
    let ids = ids
        .filter(|ids| !ids.is_empty() && ids.len() <= 500)
        .ok_or_else(|| invalid("Installation", "repository_ids", "invalid", "is invalid"))?;
    let covered = |id: &u64| {
        let found = github.repositories.get(id);
        found.is_some_and(|found| installation.covers(found))
    };
    if ids.iter().all(covered) {
        return Ok(Some(ids));
    }
    let message = "There is at least one repository that does not exist or is not accessible to the parent installation.";
    Err(error(422, message))
}

fn wished_permissions(installation: &Installation, wish: &Value) -> Result<Permissions, Reply> {
    let Some(wished) = wish.get("permissions").and_then(Value::as_object) else {
        return Ok(installation.permissions.clone());
    };
    let wished: Permissions = wished
        .iter()
        .map(|(name, level)| {
            let level = level.as_str().unwrap_or_default();
            (name.clone(), level.to_owned())
        })
        .collect();
    let is_granted =
        |(name, level): (&String, &String)| grants(&installation.permissions, name, level);
    if wished.iter().all(is_granted) {
        return Ok(wished);
    }
    let message = "The permissions requested are not granted to this installation.";
    Err(error(422, message))
}

/// `GET /installation/repositories`, for the installation whose token asks.
pub(super) fn repositories(call: &Call<'_>, github: &GitHubState, token: &Token) -> Reply {
    let shape = call.shape(github);
    let reached: Vec<Value> = github
        .reached_by(token.installation)
        .iter()
        .filter(|id| {
            let only = token.repositories.as_ref();
            only.is_none_or(|only| only.contains(id))
        })
        .filter_map(|id| github.repositories.get(id))
        .map(|found| shape.repository(found))
        .collect();
    let total = reached.len();
    let selection = if token.repositories.is_some() {
        "selected"
    } else {
        "all"
    };
    call.page(&reached, |page| {
        json!({"total_count": total, "repository_selection": selection, "repositories": page})
    })
}

fn shown(call: &Call<'_>, github: &GitHubState, installation: &Installation) -> Value {
    call.shape(github).installation(installation)
}
