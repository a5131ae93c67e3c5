//! Taking in a delivery that never came, from GitHub's own log.

use domain::DeliveryGuid;
use ports::{Clock, Http, Label, Level, Log, Store, StoreError};
use serde_json::Value;
use webhooks::{EventName, Route, route};

use crate::{Acceptance, Inbox, Incoming, Processed, delivery_key};

/// What became of a delivery that was missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// It is stored now, and this came of its first attempt.
    TakenIn(Processed),
    /// It came by itself meanwhile.
    Came,
    /// Nothing depends on it.
    Unused,
    /// It cannot be understood: why.
    Malformed(String),
}

impl<S: Store, H: Http, C: Clock, L: Log> Inbox<S, H, C, L> {
    /// Whether the delivery is stored, pending or not.
    pub async fn has(&self, guid: &DeliveryGuid) -> Result<bool, StoreError> {
        let key = delivery_key(guid);
        // First here, then there: a delivery that is finished meanwhile is written there before it is taken away here.
        for label in [Label::Queue, Label::Inbox] {
            if self.store.get(label, &key).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes in a delivery that never came, with the payload that GitHub's API gave to the App, and hands it on. What is
    /// checked of one that comes is checked of it too, but for the signature: whoever answers for the API can make up anything
    /// anyway.
    pub async fn recover(
        &self,
        guid: &DeliveryGuid,
        event: &str,
        payload: &str,
    ) -> Result<Recovery, StoreError> {
        let Some(event) = EventName::parse(event) else {
            return Ok(Recovery::Malformed("its event is no name".to_owned()));
        };
        let routed = match route(&event, payload) {
            Ok(routed) => routed,
            Err(malformed) => return Ok(Recovery::Malformed(malformed.to_string())),
        };
        match routed.route {
            Route::PullRequest
            | Route::Push
            | Route::WorkflowRun
            | Route::Installation
            | Route::Commands => {}
            Route::Ping | Route::Ignored { .. } => return Ok(Recovery::Unused),
        }
        let fields = [
            ("delivery", Value::from(guid.as_str())),
            ("event", Value::from(event.as_str())),
            ("action", Value::from(routed.action.as_deref())),
            ("repository", Value::from(routed.repository.map(|id| id.0))),
        ];
        let incoming = Incoming {
            guid: guid.clone(),
            event: event.as_str().to_owned(),
            action: routed.action.clone(),
            repository: routed.repository,
            secret: None,
            payload: payload.as_bytes().to_vec(),
        };
        let claimed = match self.accept(incoming).await? {
            Acceptance::Accepted(claimed) => claimed,
            Acceptance::Duplicate => return Ok(Recovery::Came),
        };
        self.log
            .write(Level::Warn, "recovered a delivery that never came", &fields);
        self.run(claimed).await.map(Recovery::TakenIn)
    }
}

#[cfg(test)]
mod tests;
