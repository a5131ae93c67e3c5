//! A receiver of Slipway's outgoing webhooks: it checks the signature as receivers should, and keeps what arrived.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::github::webhooks::signature::sign;
use crate::journal::Effect;
use crate::message::{Reply, Request};
use crate::state::Shared;

/// The receiver's whole state.
#[derive(Debug, Default)]
pub(crate) struct ReceiverState {
    pub(crate) secret: String,
    status: Option<u16>,
    received: Vec<Received>,
}

/// Something that arrived with a good signature.
#[derive(Debug, Clone, Serialize)]
pub struct Received {
    /// The path that it was sent to.
    pub path: String,
    /// `X-Slipway-Event`.
    pub event: String,
    /// `X-Slipway-Delivery`: the same for a repeat.
    pub delivery: String,
    /// The body.
    pub body: Value,
}

/// The simulated receiver.
#[derive(Debug, Clone)]
pub struct Receiver {
    pub(crate) shared: Arc<Shared>,
}

impl Receiver {
    /// A URL to which webhooks may go.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        let base = self
            .shared
            .addresses
            .get()
            .map_or_else(String::new, |at| at.receiver.clone());
        format!("{base}/{path}")
    }

    /// What arrived with a good signature, repeats included, oldest first.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared.look(|state| state.receiver.received.clone())
    }

    /// Answers everything with this status from now on, and takes nothing; none: takes it.
    pub fn answers(&self, status: Option<u16>) {
        self.shared.change(|state| state.receiver.status = status);
    }
}

/// Answers one request.
pub(crate) fn answer(shared: &Arc<Shared>, request: &Request) -> Reply {
    let text = |status: u16, text: &str| Reply::text(status, "text/plain; charset=utf-8", text);
    let header = |name: &str| request.header(name).unwrap_or_default().to_owned();
    shared.change(|state| {
        let receiver = &mut state.receiver;
        if let Some(status) = receiver.status {
            return text(status, "on a story's wish\n");
        }
        if request.method != "POST" {
            return text(405, "POST it\n");
        }
        if header("x-slipway-signature-256") != sign(&receiver.secret, &request.body) {
            return text(401, "the signature is wrong\n");
        }
        let (event, delivery) = (header("x-slipway-event"), header("x-slipway-delivery"));
        receiver.received.push(Received {
            path: request.path.clone(),
            event: event.clone(),
            delivery: delivery.clone(),
            body: request.json().unwrap_or_default(),
        });
        Reply::empty(204).effect(Effect::NoticeReceived { event, delivery })
    })
}
