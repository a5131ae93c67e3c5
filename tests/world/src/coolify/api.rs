//! Coolify's API: who may ask, and which endpoint it is (VENDORS 1.1).

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::state::CoolifyState;
use super::{applications, deploy, deployments, previews, variables};
use crate::message::{Reply, Request};
use crate::state::Shared;

/// The version that the world behaves like.
pub(super) const VERSION: &str = "4.3.10";

/// `{"message": …}` as all of Coolify's errors.
pub(super) fn message(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({"message": message}))
}

/// One call.
pub(super) struct Call<'a> {
    pub(super) shared: &'a Shared,
    pub(super) request: &'a Request,
}

/// Answers one request.
pub(crate) fn answer(shared: &Arc<Shared>, request: &Request) -> Reply {
    shared.change(|state| {
        let coolify = &mut state.coolify;
        coolify.time_passes();
        let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
        let call = Call { shared, request };
        match segments.as_slice() {
            ["api", "health"] | ["api", "v1", "health"] => {
                Reply::text(200, "text/html; charset=UTF-8", "OK")
            }
            ["api", "v1", rest @ ..] => call.guarded(coolify, rest),
            _ => Reply::json(
                404,
                &json!({"message": "Not found.", "docs": "https://coolify.io/docs"}),
            ),
        }
    })
}

impl Call<'_> {
    /// In Coolify's order: the rate limit, the token, the instance's settings, the token's ability.
    fn guarded(&self, coolify: &mut CoolifyState, rest: &[&str]) -> Reply {
        let token = self.request.token().unwrap_or_default().to_owned();
        if self.request.header("authorization").is_none() {
            return message(401, "Unauthenticated.");
        }
        let Some(abilities) = coolify.tokens.get(&token).cloned() else {
            return message(401, "Invalid token.");
        };
        let rate = match self.charge(coolify, &token) {
            Ok(headers) => headers,
            Err(reply) => return reply,
        };
        let reply = if !coolify.settings.api_enabled {
            Reply::json(
                403,
                &json!({"success": true, "message": "API is disabled."}),
            )
        } else if !coolify.settings.address_allowed {
            Reply::json(
                403,
                &json!({"success": true, "message": "You are not allowed to access the API."}),
            )
        } else {
            match needed(&self.request.method, rest) {
                Some(ability) if !abilities.contains(ability) && !abilities.contains("root") => {
                    message(403, &format!("Missing required permissions: {ability}"))
                }
                _ => self.route(coolify, rest, &abilities),
            }
        };
        rate.into_iter()
            .fold(reply, |reply, (name, value)| reply.header(name, value))
    }

    /// Laravel's throttle: a number of requests a minute, told in headers.
    fn charge(
        &self,
        coolify: &mut CoolifyState,
        token: &str,
    ) -> Result<Vec<(&'static str, String)>, Reply> {
        let Some(limit) = coolify.settings.rate_limit else {
            return Ok(Vec::new());
        };
        let now = self.shared.clock.now();
        let entry = coolify
            .used
            .entry(token.to_owned())
            .or_insert((0, now + 60));
        if entry.1 <= now {
            *entry = (0, now + 60);
        }
        entry.0 += 1;
        let (used, end) = *entry;
        let headers = vec![
            ("x-ratelimit-limit", limit.to_string()),
            (
                "x-ratelimit-remaining",
                limit.saturating_sub(used).to_string(),
            ),
        ];
        if used <= limit {
            return Ok(headers);
        }
        let refused = message(429, "Too Many Attempts.")
            .header("retry-after", end - now)
            .header("x-ratelimit-reset", end);
        Err(headers
            .into_iter()
            .fold(refused, |reply, (name, value)| reply.header(name, value)))
    }

    fn route(
        &self,
        coolify: &mut CoolifyState,
        rest: &[&str],
        abilities: &BTreeSet<String>,
    ) -> Reply {
        match (self.request.method.as_str(), rest) {
            ("POST", ["deploy"]) => deploy::deploy(self, coolify),
            ("GET", ["deploy"]) => {
                message(405, "This endpoint has changed to a POST request.").header("allow", "POST")
            }
            ("GET", ["version"]) => Reply::text(200, "text/html; charset=UTF-8", VERSION),
            ("GET", ["deployments"]) => deployments::active(self, coolify),
            ("GET", ["deployments", "applications", uuid]) => {
                deployments::of_application(self, coolify, uuid)
            }
            ("GET", ["deployments", uuid]) => deployments::get(self, coolify, uuid),
            ("POST", ["deployments", uuid, "cancel"]) => deployments::cancel(self, coolify, uuid),
            ("GET", ["applications"]) => applications::list(coolify),
            ("GET", ["applications", uuid]) => applications::get(coolify, uuid),
            ("GET", ["applications", uuid, "envs"]) => variables::list(coolify, uuid, abilities),
            ("DELETE", ["applications", uuid, "previews", number]) => {
                previews::delete(coolify, uuid, number)
            }
            ("DELETE", ["applications", uuid]) => applications::delete(coolify, uuid),
            _ => Reply::json(
                404,
                &json!({"message": "Not found.", "docs": "https://coolify.io/docs"}),
            ),
        }
    }

    /// Laravel's `input()`: a field of the JSON body or else of the query, as text.
    pub(super) fn input(&self, name: &str) -> Option<String> {
        let from_body = self.request.json().and_then(|body| match body.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Some(other.to_string())
            }
        });
        from_body
            .or_else(|| self.request.query(name).map(str::to_owned))
            .filter(|text| !text.is_empty())
    }
}

/// The ability that a call needs (VENDORS 1.1).
fn needed(method: &str, rest: &[&str]) -> Option<&'static str> {
    match (method, rest) {
        ("POST", ["deploy"] | ["deployments", _, "cancel"]) => Some("deploy"),
        ("GET", _) => Some("read"),
        _ => Some("write"),
    }
}
