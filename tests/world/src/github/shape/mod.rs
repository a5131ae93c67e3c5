//! GitHub's JSON, made from its published examples so that every field is there, with the world's own facts put in.

mod check;
mod comment;
pub(crate) mod deployment;
mod installation;
pub(crate) mod pull_request;
pub(crate) mod repository;
pub(crate) mod run;

use serde_json::{Map, Value, json};

use super::state::{GitHubState, User};

/// Sees the state and knows the address that API links lead to.
#[derive(Clone, Copy)]
pub(crate) struct Shape<'a> {
    pub(crate) github: &'a GitHubState,
    /// The API's address, `https://api.github.com` in the real world.
    pub(crate) api: &'a str,
}

/// Puts fields over those of an object.
pub(crate) fn overlay(target: &mut Value, fields: Value) {
    if let (Value::Object(target), Value::Object(fields)) = (target, fields) {
        target.extend(fields);
    }
}

/// Replaces text in all strings of a value.
pub(crate) fn replace_everywhere(value: &mut Value, pairs: &[(String, String)]) {
    match value {
        Value::String(text) => {
            for (from, to) in pairs {
                if text.contains(from.as_str()) {
                    *text = text.replace(from.as_str(), to);
                }
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| replace_everywhere(item, pairs)),
        Value::Object(object) => object
            .values_mut()
            .for_each(|item| replace_everywhere(item, pairs)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Keeps only the named fields.
pub(crate) fn only(value: &Value, names: &[&str]) -> Value {
    let object = value.as_object();
    let kept: Map<String, Value> = names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), object?.get(*name)?.clone())))
        .collect();
    Value::Object(kept)
}

impl Shape<'_> {
    /// A `simple-user`.
    pub(crate) fn user(self, id: u64) -> Value {
        let ghost = User {
            id: 10137,
            login: "ghost".to_owned(),
            kind: "User",
        };
        let user = self.github.user(id).unwrap_or(&ghost);
        let (api, login) = (format!("{}/users/{}", self.api, user.login), &user.login);
        json!({
            "login": login, "id": user.id, "node_id": format!("U_{}", user.id),
            "avatar_url": format!("https://avatars.githubusercontent.com/u/{}?v=4", user.id), "gravatar_id": "",
            "url": api, "html_url": format!("https://github.com/{login}"),
            "followers_url": format!("{api}/followers"), "following_url": format!("{api}/following{{/other_user}}"),
            "gists_url": format!("{api}/gists{{/gist_id}}"), "starred_url": format!("{api}/starred{{/owner}}{{/repo}}"),
            "subscriptions_url": format!("{api}/subscriptions"), "organizations_url": format!("{api}/orgs"),
            "repos_url": format!("{api}/repos"), "events_url": format!("{api}/events{{/privacy}}"),
            "received_events_url": format!("{api}/received_events"), "type": user.kind, "site_admin": false,
        })
    }
}
