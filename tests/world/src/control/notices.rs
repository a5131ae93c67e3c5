//! The control API's part for Backstage, Slack and the receiver of outgoing webhooks.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Outcome, Wish};
use crate::backstage::Backstage;
use crate::receiver::Receiver;
use crate::slack::Slack;

impl Wish<'_> {
    pub(super) fn slack(&self) -> Slack {
        Slack {
            shared: Arc::clone(self.shared),
        }
    }

    pub(super) fn receiver(&self) -> Receiver {
        Receiver {
            shared: Arc::clone(self.shared),
        }
    }

    /// `POST /_world/entities`.
    pub(super) fn entity(&self) -> Outcome {
        let backstage = Backstage {
            shared: Arc::clone(self.shared),
        };
        let entity = self.text("entity")?;
        backstage.entity(entity, self.text("repository").ok());
        Ok(json!({"entity": entity}))
    }

    /// All entities of Backstage's, with how often each was refreshed.
    pub(super) fn entities(&self) -> Value {
        self.shared.look(|state| {
            let all = state.backstage.entities.iter();
            all.map(|(entity, found)| json!({"entity": entity, "refreshes": found.refreshes}))
                .collect()
        })
    }

    /// `POST /_world/slack/{channel}/{verb}`.
    pub(super) fn channel(&self, channel: &str, verb: &str) -> Outcome {
        match verb {
            "webhook" => {}
            "revoke" => self.slack().revoke(channel),
            "archive" => self.slack().archive(channel),
            _ => {
                return Err((
                    404,
                    format!("a channel cannot `{verb}`; it can webhook, revoke, archive"),
                ));
            }
        }
        Ok(json!({"channel": channel, "url": self.slack().webhook(channel)}))
    }

    /// `POST /_world/receiver`.
    pub(super) fn receives(&self) -> Outcome {
        let status = self
            .number("status")
            .and_then(|status| u16::try_from(status).ok());
        self.receiver().answers(status);
        Ok(json!({"status": status, "url": self.receiver().url("")}))
    }
}
