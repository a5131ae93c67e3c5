//! Slack's incoming webhooks as stories see them: what arrived in which channel (VENDORS 5).

mod blocks;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::journal::Effect;
use crate::message::{Reply, Request};
use crate::state::Shared;

/// Messages that may come at once; after them one a second.
const BURST: i64 = 5;

/// Slack's whole state.
#[derive(Debug, Default)]
pub(crate) struct SlackState {
    /// By the part of the path after `/services/`.
    webhooks: BTreeMap<String, Webhook>,
    messages: Vec<SlackMessage>,
}

#[derive(Debug)]
struct Webhook {
    channel: String,
    /// What it answers instead, and with which status.
    refuses: Option<(u16, &'static str)>,
    /// Messages that may still come at once, and since when.
    allowance: (i64, i64),
}

/// A message that arrived.
#[derive(Debug, Clone, Serialize)]
pub struct SlackMessage {
    /// The channel's name.
    pub channel: String,
    /// The plain form, as it was sent: with `&amp;`, `&lt;` and `&gt;`.
    pub text: String,
    /// The whole body.
    pub body: Value,
    /// Seconds since 1970 on the world's clock.
    pub at: i64,
}

/// The simulated Slack.
#[derive(Debug, Clone)]
pub struct Slack {
    pub(crate) shared: Arc<Shared>,
}

impl Slack {
    /// The URL of the webhook of a channel, made if there is none.
    #[must_use]
    pub fn webhook(&self, channel: &str) -> String {
        let fresh = format!(
            "T0WORLD/B{}/{}",
            self.shared.names.number(),
            self.shared.names.coolify_uuid()
        );
        let base = self
            .shared
            .addresses
            .get()
            .map_or_else(String::new, |at| at.slack.clone());
        let now = self.shared.clock.now();
        let path = self.shared.change(|state| {
            let webhooks = &mut state.slack.webhooks;
            let known = webhooks
                .iter()
                .find(|(_, webhook)| webhook.channel == channel);
            if let Some((path, _)) = known {
                return path.clone();
            }
            let webhook = Webhook {
                channel: channel.to_owned(),
                refuses: None,
                allowance: (BURST, now),
            };
            webhooks.insert(fresh.clone(), webhook);
            fresh
        });
        format!("{base}/services/{path}")
    }

    /// For `slack_webhooks`: the webhooks of these channels, under the channels' names.
    #[must_use]
    pub fn webhooks(&self, channels: &[&str]) -> String {
        let all: BTreeMap<&str, String> = channels
            .iter()
            .map(|channel| (*channel, self.webhook(channel)))
            .collect();
        serde_json::to_string(&all).unwrap_or_default()
    }

    /// Somebody revokes the webhook of a channel: 404 `no_service` from now on.
    pub fn revoke(&self, channel: &str) {
        self.refuse(channel, (404, "no_service"));
    }

    /// Somebody archives a channel: 410 `channel_is_archived` from now on.
    pub fn archive(&self, channel: &str) {
        self.refuse(channel, (410, "channel_is_archived"));
    }

    fn refuse(&self, channel: &str, answer: (u16, &'static str)) {
        self.shared.change(|state| {
            for webhook in state.slack.webhooks.values_mut() {
                if webhook.channel == channel {
                    webhook.refuses = Some(answer);
                }
            }
        });
    }

    /// What arrived in a channel, oldest first.
    #[must_use]
    pub fn messages(&self, channel: &str) -> Vec<SlackMessage> {
        let all = self.all_messages();
        all.into_iter()
            .filter(|message| message.channel == channel)
            .collect()
    }

    /// What arrived in all channels, oldest first.
    #[must_use]
    pub fn all_messages(&self) -> Vec<SlackMessage> {
        self.shared.look(|state| state.slack.messages.clone())
    }
}

/// Answers one request.
pub(crate) fn answer(shared: &Arc<Shared>, request: &Request) -> Reply {
    let now = shared.clock.now();
    let text = |status: u16, text: &str| Reply::text(status, "text/html; charset=utf-8", text);
    let Some(path) = request.path.strip_prefix("/services/") else {
        return text(404, "no_team");
    };
    if request.method != "POST" {
        return text(405, "method_not_allowed");
    }
    shared.change(|state| {
        let slack = &mut state.slack;
        let Some(webhook) = slack.webhooks.get_mut(path) else {
            return text(404, "no_service");
        };
        if let Some((status, word)) = webhook.refuses {
            return text(status, word);
        }
        if !webhook.allows(now) {
            return text(429, "rate_limited").header("retry-after", 1);
        }
        let is_json = request
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/json"));
        let Some(body) = request.json().filter(|body| is_json && body.is_object()) else {
            return text(400, "invalid_payload");
        };
        if let Err(word) = blocks::check(&body) {
            return text(400, word);
        }
        let channel = webhook.channel.clone();
        let plain = body.get("text").and_then(Value::as_str).unwrap_or_default();
        slack.messages.push(SlackMessage {
            channel: channel.clone(),
            text: plain.to_owned(),
            body,
            at: now,
        });
        text(200, "ok").effect(Effect::MessagePosted { channel })
    })
}

impl Webhook {
    /// Takes one message of the allowance, which grows by one a second.
    fn allows(&mut self, now: i64) -> bool {
        let (left, since) = self.allowance;
        let left = (left + (now - since).max(0)).min(BURST);
        self.allowance = ((left - 1).max(0), now);
        left > 0
    }
}

/// Everything in which messages are not as they must be: words of others that mention people.
pub(crate) fn untidy(slack: &SlackState) -> Vec<String> {
    let mentions = |message: &&SlackMessage| {
        let body = message.body.to_string();
        ["<!", "<@", "<#"].iter().any(|mark| body.contains(mark))
    };
    let wrong = slack.messages.iter().filter(mentions);
    wrong
        .map(|message| {
            format!(
                "a message in {} mentions somebody: {}",
                message.channel, message.body
            )
        })
        .collect()
}
