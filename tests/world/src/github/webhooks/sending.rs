//! Sending deliveries as GitHub does: headers, signatures, ten seconds, no retries by itself (VENDORS 4.3).

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::outbox::{Attempt, Fate, Hook};
use super::signature::{sign, sign_sha1};
use crate::client;
use crate::state::Shared;

/// GitHub gives a receiver ten seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes the next delivery that waits, and gives its GUID.
pub(super) fn take_next(shared: &Shared) -> Option<String> {
    let waits = shared.look(|state| {
        state
            .github
            .hook
            .outbox
            .iter()
            .any(|delivery| delivery.fate == Fate::Waiting)
    });
    if !waits {
        return None;
    }
    shared.change(|state| {
        let next = state
            .github
            .hook
            .outbox
            .iter_mut()
            .find(|delivery| delivery.fate == Fate::Waiting)?;
        next.fate = Fate::Sending;
        Some(next.guid.clone())
    })
}

/// The headers of one delivery of a body.
pub(crate) fn headers(
    hook: &Hook,
    guid: &str,
    event: &str,
    body: &[u8],
    repository: u64,
) -> Vec<(String, String)> {
    let content_type = if hook.form {
        "application/x-www-form-urlencoded"
    } else {
        "application/json"
    };
    let mut headers = vec![
        ("accept".to_owned(), "*/*".to_owned()),
        ("content-type".to_owned(), content_type.to_owned()),
        (
            "user-agent".to_owned(),
            "GitHub-Hookshot/044aadd".to_owned(),
        ),
        ("x-github-delivery".to_owned(), guid.to_owned()),
        ("x-github-event".to_owned(), event.to_owned()),
        ("x-github-hook-id".to_owned(), hook.id.to_string()),
        (
            "x-github-hook-installation-target-id".to_owned(),
            repository.to_string(),
        ),
        (
            "x-github-hook-installation-target-type".to_owned(),
            "repository".to_owned(),
        ),
    ];
    if let Some(secret) = &hook.secret {
        headers.push(("x-hub-signature".to_owned(), sign_sha1(secret, body)));
        headers.push(("x-hub-signature-256".to_owned(), sign(secret, body)));
    }
    headers
}

/// Makes one attempt and records it; none when there is no such delivery.
pub(super) async fn attempt(
    shared: &Arc<Shared>,
    guid: &str,
    url: &str,
    redelivery: bool,
) -> Option<Attempt> {
    let (headers, body, asked_again) = shared.look(|state| {
        let hook = &state.github.hook;
        let delivery = hook.outbox.iter().find(|delivery| delivery.guid == guid)?;
        let body = if hook.form {
            as_form(&delivery.body)
        } else {
            delivery.body.clone()
        };
        Some((
            headers(hook, guid, &delivery.event, &body, delivery.repository),
            body,
            delivery.asked_again,
        ))
    })?;
    let (begun, delivered_at) = (Instant::now(), shared.clock.now());
    let result = client::send("POST", url, &headers, body, PATIENCE).await;
    let attempt = Attempt {
        id: shared.names.number(),
        url: url.to_owned(),
        redelivery: redelivery || asked_again,
        delivered_at,
        status: result.as_ref().ok().map(|answer| answer.status),
        answer: result.map_or_else(|error| error.to_string(), |answer| answer.text()),
        milliseconds: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    shared.change(|state| {
        if let Some(delivery) = state
            .github
            .hook
            .outbox
            .iter_mut()
            .find(|delivery| delivery.guid == guid)
        {
            delivery.fate = Fate::Sent;
            delivery.asked_again = false;
            delivery.attempts.push(attempt.clone());
        }
    });
    Some(attempt)
}

fn as_form(body: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("payload", &text)
        .finish()
        .into_bytes()
}

/// Sends whatever waits, as long as the hook has a URL; for ever.
pub(crate) async fn deliver_by_itself(shared: Arc<Shared>) {
    let mut changes = shared.changes();
    loop {
        while let Some(url) = shared.look(|state| state.github.hook.url.clone()) {
            let Some(guid) = take_next(&shared) else {
                break;
            };
            attempt(&shared, &guid, &url, false).await;
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}
