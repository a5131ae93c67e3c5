//! The log of what GitHub delivered to an App, three days long, newest first, and redelivery (VENDORS 4.3, 4.4).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Call, error, not_found};
use crate::clock::github_time;
use crate::github::shape::overlay;
use crate::github::state::GitHubState;
use crate::github::webhooks::{Attempt, Delivery, Fate, headers};
use crate::message::Reply;

/// Older attempts are neither listed nor made again.
const KEPT_SECONDS: i64 = 3 * 24 * 60 * 60;

/// An attempt in the log.
struct Logged<'a> {
    delivery: &'a Delivery,
    attempt: &'a Attempt,
    installation: u64,
}

/// Routes below `/app/hook/deliveries`.
pub(super) fn route(call: &Call<'_>, github: &mut GitHubState, app: u64, rest: &[&str]) -> Reply {
    match (call.request.method.as_str(), rest) {
        ("GET", []) => list(call, &log(call, github, app)),
        ("GET", [id]) => match find(&log(call, github, app), id) {
            Ok(logged) => Reply::json(200, &detail(github, logged)),
            Err(reply) => reply,
        },
        ("POST", [id, "attempts"]) => {
            let guid = match find(&log(call, github, app), id) {
                Ok(logged) => logged.delivery.guid.clone(),
                Err(reply) => return reply,
            };
            for delivery in &mut github.hook.outbox {
                if delivery.guid == guid {
                    delivery.fate = Fate::Waiting;
                    delivery.asked_again = true;
                }
            }
            Reply::json(202, &json!({}))
        }
        _ => not_found(),
    }
}

/// Attempts at deliveries of repositories that the App is installed on, newest first.
fn log<'a>(call: &Call<'_>, github: &'a GitHubState, app: u64) -> Vec<Logged<'a>> {
    let oldest = call.shared.clock.now() - KEPT_SECONDS;
    let mut log = Vec::new();
    for delivery in &github.hook.outbox {
        let repository = github.repositories.get(&delivery.repository);
        let installation = match repository {
            Some(found) => github
                .installation_on(Some(app), found)
                .map(|installation| installation.id),
            None => named_installation(github, delivery, app),
        };
        let Some(installation) = installation else {
            continue;
        };
        let kept = delivery
            .attempts
            .iter()
            .filter(|attempt| attempt.delivered_at >= oldest);
        log.extend(kept.map(|attempt| Logged {
            delivery,
            attempt,
            installation,
        }));
    }
    log.sort_by_key(|logged| std::cmp::Reverse(logged.attempt.id));
    log
}

/// The App's installation that a delivery without a repository is about; it may be gone by now.
fn named_installation(github: &GitHubState, delivery: &Delivery, app: u64) -> Option<u64> {
    let payload: Value = serde_json::from_slice(&delivery.body).ok()?;
    let named = payload.get("installation")?;
    let id = named.get("id").and_then(Value::as_u64)?;
    let of = match named.get("app_id").and_then(Value::as_u64) {
        Some(of) => Some(of),
        // Some deliveries name it by its id alone.
        None => github
            .installed
            .installations
            .get(&id)
            .map(|found| found.app),
    };
    (of == Some(app)).then_some(id)
}

fn find<'a, 'b>(log: &'b [Logged<'a>], id: &str) -> Result<&'b Logged<'a>, Reply> {
    let id: u64 = id.parse().map_err(|_| error(400, "Bad Request"))?;
    let found = log.iter().find(|logged| logged.attempt.id == id);
    found.ok_or_else(not_found)
}

fn list(call: &Call<'_>, log: &[Logged<'_>]) -> Reply {
    let wanted = match call.request.query("status") {
        None => None,
        Some("success") => Some(true),
        Some("failure") => Some(false),
        Some(_) => return error(422, "Validation Failed"),
    };
    let before = match call.request.query("cursor").map(|cursor| {
        let id = cursor.strip_prefix("v1_")?;
        id.parse::<u64>().ok()
    }) {
        None => u64::MAX,
        Some(Some(before)) => before,
        Some(None) => return error(422, "Validation Failed"),
    };
    let size = call.page_size();
    let mut rest = log.iter().filter(|logged| {
        logged.attempt.id < before && wanted.is_none_or(|wanted| wanted == logged.attempt.is_ok())
    });
    let page: Vec<&Logged<'_>> = rest.by_ref().take(size).collect();
    let items: Vec<Value> = page.iter().map(|logged| item(logged)).collect();
    let reply = Reply::json(200, &json!(items));
    match (page.last(), rest.next()) {
        (Some(last), Some(_)) => {
            let others = call.request.query.iter().filter(|(key, _)| key != "cursor");
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(others)
                .append_pair("cursor", &format!("v1_{}", last.attempt.id))
                .finish();
            let (api, path) = (call.shared.github_url(), &call.request.path);
            reply.header("link", format!("<{api}{path}?{query}>; rel=\"next\""))
        }
        (_, _) => reply,
    }
}

/// A `hook-delivery-item`. How GitHub words a failure is from experience; only `OK` is documented.
fn item(logged: &Logged<'_>) -> Value {
    let (delivery, attempt) = (logged.delivery, logged.attempt);
    let status = match attempt.status {
        Some(_) if attempt.is_ok() => "OK".to_owned(),
        Some(status) => format!("Invalid HTTP Response: {status}"),
        None => "failed to connect".to_owned(),
    };
    let milliseconds = u32::try_from(attempt.milliseconds).unwrap_or(u32::MAX);
    json!({
        "id": attempt.id, "guid": delivery.guid, "delivered_at": github_time(attempt.delivered_at),
        "redelivery": attempt.redelivery, "duration": f64::from(milliseconds) / 1_000.0, "status": status,
        "status_code": attempt.status.unwrap_or(0), "event": delivery.event, "action": delivery.action,
        "installation_id": logged.installation, "repository_id": (delivery.repository != 0).then_some(delivery.repository), "throttled_at": null,
    })
}

/// A `hook-delivery`.
fn detail(github: &GitHubState, logged: &Logged<'_>) -> Value {
    let (delivery, attempt) = (logged.delivery, logged.attempt);
    let payload: Value = serde_json::from_slice(&delivery.body).unwrap_or_default();
    let sent: BTreeMap<String, String> = headers(
        &github.hook,
        &delivery.guid,
        &delivery.event,
        &delivery.body,
        delivery.repository,
    )
    .into_iter()
    .collect();
    let answered = attempt.status.map(|_| attempt.answer.as_str());
    let received = answered.map(|_| json!({}));
    let mut detail = item(logged);
    overlay(
        &mut detail,
        json!({
            "url": attempt.url, "request": {"headers": sent, "payload": payload},
            "response": {"headers": received, "payload": answered},
        }),
    );
    detail
}
