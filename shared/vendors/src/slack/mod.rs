//! Slack's incoming webhooks (VENDORS 5).
//!
//! - The URL is the secret: it is never shown, and there is no other credential.
//! - Success is 200 with the text `ok`. Errors are texts too, and their status varies, so that their class decides.
//! - An answer of 5xx is taken for Slack's word that it failed: the message is sent again.
//! - A message cannot be found, changed or taken back afterwards, and sending is not idempotent: whether a lost one arrived stays
//!   unknown.
//! - One message a second for each webhook: the client waits for that, and another client's messages are met with 429.
//! - `<!channel>` in a title of somebody else's would ring everybody: `&`, `<` and `>` are escaped (`blocks`).

mod blocks;

use std::{cell::RefCell, collections::BTreeMap, time::Duration};

use domain::{Timestamp, notice::Message};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use ports::{Clock, Http, Request, Response};

use crate::{
    CallError,
    address::Names,
    exchange::{Exchange, Repeat, USER_AGENT, retry_after},
    targets::Targets,
};

/// Slack's name for people.
pub const VENDOR: &str = "Slack";

const NAMES: Names = Names {
    vendor: VENDOR,
    url_variable: "slack_webhooks",
    token_variable: "slack_webhooks",
};

const TIMEOUT: Duration = Duration::from_secs(10);

/// From one message of a webhook to the next.
const PACE: Duration = Duration::from_secs(1);

/// Sends messages to the webhooks of one configuration.
pub struct Client<H, C> {
    http: H,
    clock: C,
    targets: Result<Targets, String>,
    /// When each webhook may have its next message.
    next: RefCell<BTreeMap<String, Timestamp>>,
}

impl<H: Http, C: Clock> Client<H, C> {
    /// A client of the webhooks in the variable `slack_webhooks`: a JSON object of keys and URLs. One that cannot be read is
    /// reported by every call as [`CallError::Refused`].
    pub fn new(http: H, clock: C, webhooks: &str) -> Self {
        Self {
            http,
            clock,
            targets: Targets::read(webhooks, "slack_webhooks"),
            next: RefCell::default(),
        }
    }

    /// Whether there is a webhook of this key: a channel that nobody configured is no trouble. If the variable cannot be read, it
    /// is said that there is one, and sending tells what is wrong.
    pub fn has(&self, key: &str) -> bool {
        self.targets
            .as_ref()
            .map_or(true, |targets| targets.url(key).is_some())
    }

    /// What is wrong with the variable, for people.
    pub fn problem(&self) -> Option<String> {
        self.targets.as_ref().err().cloned()
    }

    /// Sends a message to the webhook of this key. It waits for its turn, a second for each message before it.
    pub async fn send(&self, key: &str, message: &Message) -> Result<(), CallError> {
        let what = format!("sending a message to the Slack webhook {key}");
        let refused = |problem: &str| CallError::Refused {
            reason: format!("{what}: {problem}"),
        };
        let targets = self.targets.as_ref().map_err(|problem| refused(problem))?;
        let Some(url) = targets.url(key) else {
            return Err(refused("the variable slack_webhooks has no such key"));
        };
        let exchange = Exchange {
            names: NAMES,
            what: what.clone(),
            repeat: Repeat::Harmful,
            secrets: targets.secrets(),
        };
        self.await_turn(key).await;
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        let request = Request {
            method: Method::POST,
            url: url.to_owned(),
            headers,
            body: blocks::body(message).to_string().into_bytes(),
            timeout: TIMEOUT,
        };
        let sent = self.http.send(request).await;
        let response = sent.map_err(|error| exchange.no_answer(&error))?;
        judged(&exchange, &response)
    }

    /// Waits until the webhook may have its next message, and takes that moment.
    async fn await_turn(&self, key: &str) {
        let now = self.clock.now();
        let mine = {
            let mut next = self.next.borrow_mut();
            let mine = next.get(key).copied().unwrap_or(now).max(now);
            next.insert(key.to_owned(), mine.after(PACE));
            mine
        };
        let wait = mine.since(now);
        if !wait.is_zero() {
            self.clock.sleep(wait).await;
        }
    }
}

fn judged(exchange: &Exchange<'_>, response: &Response) -> Result<(), CallError> {
    let text = String::from_utf8_lossy(&response.body);
    let text = text.trim();
    let status = response.status;
    if status == StatusCode::OK {
        return if text == "ok" {
            Ok(())
        } else {
            Err(exchange.unreadable(response, "not the text ok"))
        };
    }
    // Slack's words for errors are single words, unlike a proxy's pages.
    let is_a_word = !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS && is_a_word {
        return Err(exchange.refused(exchange.reason(&exchange.said(response)), hint(text)));
    }
    if status.is_server_error() {
        // Its own word that it did not take the message, unlike an answer that is lost.
        let reason = exchange.reason(&exchange.said(response));
        return Err(exchange.retry(reason, retry_after(&response.headers)));
    }
    Err(exchange.failure(response, ""))
}

/// What would be right, for each refusal that Slack is known to give.
fn hint(word: &str) -> &'static str {
    match word {
        "invalid_payload" | "no_text" | "invalid_blocks" | "too_many_attachments" => {
            "That is a mistake of Slipway's: please report it"
        }
        "channel_not_found" | "channel_is_archived" | "user_not_found" => {
            "The channel of the webhook is gone: make a webhook for another one and put it into the variable slack_webhooks"
        }
        "no_service" | "no_service_id" | "no_active_hooks" | "no_team" | "team_disabled"
        | "invalid_token" => {
            "The webhook was revoked: make another one and put it into the variable slack_webhooks"
        }
        "action_prohibited" | "posting_to_general_channel_denied" => {
            "An administrator of the workspace restricts who may post to the channel of the webhook"
        }
        _ => "",
    }
}
