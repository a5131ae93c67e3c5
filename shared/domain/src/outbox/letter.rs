//! A letter: one change of an environment's state, and who is told of it.

use serde::{Deserialize, Serialize};

use super::{Key, To};
use crate::{EntityRef, RepositoryName, configuration::Notify, notice::Notice, release::LineId};

/// A notice, and who is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The release line that it is of.
    pub line: LineId,
    /// Its number among the line's letters.
    pub number: u64,
    /// What happened.
    pub notice: Notice,
    /// Under which key the Slack channel is configured.
    pub slack: Key,
    /// Under which key the receiver of webhooks is configured.
    pub webhook: Key,
    /// What Backstage is to read again; none if nothing new runs.
    pub catalog: Option<Catalog>,
}

/// What Backstage is to read again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalog {
    /// The repository whose entities are to be looked up.
    pub repository: RepositoryName,
    /// The entity that the configuration names instead.
    pub entity: Option<EntityRef>,
}

impl Letter {
    /// The letter of a line under its number, to whom the configuration names or else to whoever is configured for the channel.
    pub fn new(
        (line, number): (LineId, u64),
        notice: Notice,
        notify: Option<&Notify>,
        catalog: Option<Catalog>,
    ) -> Self {
        let channel = notice.channel();
        let slack = notify.and_then(|notify| notify.slack.as_ref());
        let slack = slack.and_then(|slack| match channel {
            crate::notice::Channel::Deployments => slack.deployments.clone(),
            crate::notice::Channel::Alerts => slack.alerts.clone(),
        });
        let webhook = notify.and_then(|notify| notify.webhook.clone());
        let key = |named: Option<String>| named.map_or_else(|| Key::OfChannel(channel), Key::Named);
        Self {
            line,
            number,
            notice,
            slack: key(slack),
            webhook: key(webhook),
            catalog,
        }
    }

    /// What it is known by, the same whenever it is posted: safe in a header.
    pub fn name(&self) -> String {
        let line = &self.line;
        format!(
            "{}-{}-{}-{}-{}",
            line.repository,
            line.service,
            line.environment,
            self.number,
            self.notice.at.milliseconds()
        )
    }

    /// Everybody who is told.
    pub(super) fn recipients(&self) -> Vec<To> {
        let mut recipients = vec![
            To::Slack {
                key: self.slack.clone(),
                notice: Box::new(self.notice.clone()),
            },
            To::Webhook {
                key: self.webhook.clone(),
                delivery: self.name(),
                notice: Box::new(self.notice.clone()),
            },
        ];
        recipients.extend(self.catalog.as_ref().map(|catalog| match &catalog.entity {
            Some(entity) => To::Entity {
                entity: entity.clone(),
            },
            None => To::Catalog {
                repository: catalog.repository.clone(),
            },
        }));
        recipients
    }
}
