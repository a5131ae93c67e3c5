//! GitHub's log of what it delivered to the App, in the seeds that have one: in them three of ten deliveries are lost, nobody asks
//! GitHub to send anything again, and reconcile finds in the log what is missing.

use std::rc::Rc;

use ::http::{HeaderValue, header};
use ports::{Label, Response};
use serde_json::{Value, json};

use super::{GitHub, deliveries::whole_second};
use crate::{
    http::{Asked, GITHUB, json_response, plain},
    kernel::Micros,
    sim::Sim,
};

/// The key that signs requests as the App: a short one, since a seed makes many and nobody looks at the signature.
pub(crate) const KEY: &str = include_str!("app.pem");

/// Shorter pages than GitHub's, so that a seed has gaps that are longer than one.
const PAGE: usize = 20;

/// An attempt at a delivery.
#[derive(Debug)]
pub(crate) struct Attempt {
    id: u64,
    delivery: usize,
    at: Micros,
    ok: bool,
}

impl GitHub {
    /// A new GitHub, with a log of deliveries or without.
    pub(crate) fn new(has_log: bool) -> Self {
        Self {
            log: has_log.then(Vec::new),
            ..Self::default()
        }
    }

    /// An attempt begins; as long as it has no answer, it failed.
    pub(super) fn log_attempt(&mut self, delivery: usize, at: Micros) {
        if self.log.is_none() {
            return;
        }
        let attempt = Attempt {
            id: self.number(),
            delivery,
            at,
            ok: false,
        };
        self.log.get_or_insert_default().push(attempt);
    }

    /// The attempt that began then was answered well in time.
    pub(super) fn log_success(&mut self, delivery: usize, begun: Micros) {
        let attempts = self.log.iter_mut().flatten();
        let mut found = attempts.filter(|one| one.delivery == delivery && one.at == begun);
        if let Some(attempt) = found.next() {
            attempt.ok = true;
        }
    }
}

/// Answers a request below `/app/hook/deliveries`.
pub(super) fn answer(sim: &Rc<Sim>, rest: &[&str], asked: &Asked) -> Response {
    let github = sim.github.borrow();
    let attempts = github.log.as_deref().unwrap_or_default();
    match rest {
        [] => page(sim, &github, attempts, asked.parameter("cursor")),
        [id] => {
            let attempt = attempts.iter().find(|one| one.id.to_string() == *id);
            let found = attempt.and_then(|attempt| github.deliveries.get(attempt.delivery));
            let payload = found.and_then(|found| std::str::from_utf8(&found.payload).ok());
            let Some(payload) = payload else {
                return super::api::not_found();
            };
            sim.statistics.fetched.add(1);
            plain(200, &format!(r#"{{"request":{{"payload":{payload}}}}}"#))
        }
        _ => super::api::not_found(),
    }
}

/// The newest attempts, or those before the one that the cursor names.
fn page(sim: &Rc<Sim>, github: &GitHub, attempts: &[Attempt], cursor: Option<&str>) -> Response {
    let before: u64 = cursor
        .and_then(|cursor| cursor.parse().ok())
        .unwrap_or(u64::MAX);
    let mut older = attempts.iter().rev().filter(|one| one.id < before);
    let shown: Vec<&Attempt> = older.by_ref().take(PAGE).collect();
    let listed: Vec<Value> = shown
        .iter()
        .filter_map(|one| Some((one, github.deliveries.get(one.delivery)?)))
        .map(|(one, delivery)| {
            let payload: Value = serde_json::from_slice(&delivery.payload).unwrap_or_default();
            let delivered_at = whole_second(sim.time_at(one.at)).to_string();
            let status = if one.ok { "OK" } else { "failed to connect to host" };
            json!({"id": one.id, "guid": delivery.guid, "delivered_at": delivered_at, "status": status,
                "event": delivery.event, "action": payload.get("action")})
        })
        .collect();
    let mut response = json_response(200, &listed.into());
    let next = older.next().and(shown.last()).map(|last| {
        format!(
            "<{GITHUB}/app/hook/deliveries?per_page=100&cursor={}>; rel=\"next\"",
            last.id
        )
    });
    if let Some(next) = next.and_then(|next| HeaderValue::from_str(&next).ok()) {
        response.headers.insert(header::LINK, next);
    }
    response
}

/// The deliveries that Slipway left to people, since they could not be fetched again and again.
pub(crate) fn passed_over(sim: &Sim) -> Vec<usize> {
    let stored = sim
        .store
        .borrow_mut()
        .value(Label::Default, "github/deliveries");
    let progress: Value = stored
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    let guids = progress.get("passed_over").and_then(Value::as_array);
    let is_named = |guid: &str| guids.is_some_and(|guids| guids.contains(&guid.into()));
    let github = sim.github.borrow();
    let deliveries = github.deliveries.iter().enumerate();
    deliveries
        .filter(|(_, delivery)| is_named(&delivery.guid))
        .map(|(index, _)| index)
        .collect()
}
