//! Webhook deliveries that wait, and what became of those that were sent.

use serde::Serialize;
use serde_json::{Value, json};

use crate::clock::github_time;
use crate::github::shape::{Shape, overlay};
use crate::github::state::{GitHubState, Repository};
use crate::names::Names;

/// The one webhook of all the world's repositories.
#[derive(Debug, Default)]
pub(crate) struct Hook {
    pub(crate) id: u64,
    pub(crate) secret: Option<String>,
    /// Sent as a form field `payload` instead of JSON.
    pub(crate) form: bool,
    /// Where deliveries go by themselves; none: only by hand.
    pub(crate) url: Option<String>,
    /// New deliveries are held back until the story releases them.
    pub(crate) holding: bool,
    pub(crate) outbox: Vec<Delivery>,
}

/// One webhook delivery and its attempts.
#[derive(Debug, Clone, Serialize)]
pub struct Delivery {
    /// `X-GitHub-Delivery`; a redelivery keeps it.
    pub guid: String,
    /// `X-GitHub-Event`.
    pub event: String,
    /// The payload's action; none for `ping`.
    pub action: Option<String>,
    /// The repository's numeric id; 0 for a delivery about an installation.
    pub repository: u64,
    /// The payload's JSON, byte for byte.
    #[serde(skip)]
    pub body: Vec<u8>,
    /// Whether it waits, is held back, was lost or sent.
    pub fate: Fate,
    /// Somebody asked by the API that it be delivered again.
    #[serde(skip)]
    pub(crate) asked_again: bool,
    /// What the receiver said, first attempt first.
    pub attempts: Vec<Attempt>,
}

/// What happened to a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// To be sent next.
    Waiting,
    /// The story keeps it back.
    Held,
    /// It never arrives, unless it is redelivered.
    Lost,
    /// It is on its way.
    Sending,
    /// It was sent at least once.
    Sent,
}

/// One attempt at a delivery.
#[derive(Debug, Clone, Serialize)]
pub struct Attempt {
    /// GitHub's numeric delivery id, another for every attempt.
    pub id: u64,
    /// Where it went.
    pub url: String,
    /// Whether it was a redelivery.
    pub redelivery: bool,
    /// When it was made, in seconds since 1970.
    pub delivered_at: i64,
    /// The status answered; none when there was no answer.
    pub status: Option<u16>,
    /// The answer's body, or why there was none.
    pub answer: String,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
}

impl Attempt {
    /// Whether GitHub shows it as delivered: any 2xx (VENDORS 4.3).
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.status
            .is_some_and(|status| (200..300).contains(&status))
    }
}

impl GitHubState {
    pub(crate) fn enqueue(
        &mut self,
        event: &str,
        repository: u64,
        payload: &Value,
        names: &Names,
    ) -> String {
        let fate = if self.hook.holding {
            Fate::Held
        } else {
            Fate::Waiting
        };
        let guid = names.guid();
        self.hook.outbox.push(Delivery {
            guid: guid.clone(),
            event: event.to_owned(),
            action: payload
                .get("action")
                .and_then(Value::as_str)
                .map(str::to_owned),
            repository,
            body: payload.to_string().into_bytes(),
            fate,
            asked_again: false,
            attempts: Vec::new(),
        });
        guid
    }

    /// The fields that every payload has.
    pub(crate) fn envelope(&self, repository: &Repository, sender: u64, api: &str) -> Value {
        let shape = Shape { github: self, api };
        let mut envelope =
            json!({"repository": shape.repository(repository), "sender": shape.user(sender)});
        // An App's deliveries name the installation (VENDORS 4.2).
        if let Some(installation) = self.installation_on(None, repository) {
            let id = installation.id;
            let named = json!({"id": id, "node_id": format!("MDIzOkludGVncmF0aW9u{id}")});
            overlay(&mut envelope, json!({"installation": named}));
        }
        envelope
    }

    /// Queues a `pull_request` delivery; `extra` are the fields that only this action has.
    pub(crate) fn emit_pull_request(
        &mut self,
        action: &str,
        place: (u64, u64),
        extra: Value,
        api: &str,
        names: &Names,
    ) {
        let (repository, number) = place;
        let Some(found) = self.repositories.get(&repository) else {
            return;
        };
        let Some(pull) = found.pulls.get(&number) else {
            return;
        };
        let mut payload = self.envelope(found, pull.author, api);
        let pull_request = Shape { github: self, api }.pull_request(found, pull);
        overlay(
            &mut payload,
            json!({"action": action, "number": number, "pull_request": pull_request}),
        );
        overlay(&mut payload, extra);
        self.enqueue("pull_request", repository, &payload, names);
    }

    /// Queues a `workflow_run` delivery.
    pub(crate) fn emit_run(
        &mut self,
        action: &str,
        repository: u64,
        run: u64,
        api: &str,
        names: &Names,
    ) {
        let Some(found) = self.repositories.get(&repository) else {
            return;
        };
        let Some(run) = found.runs.get(&run) else {
            return;
        };
        let mut payload = self.envelope(found, found.owner, api);
        let shape = Shape { github: self, api };
        let fields = json!({"action": action, "workflow_run": shape.run(found, run), "workflow": shape.workflow(found, run)});
        overlay(&mut payload, fields);
        self.enqueue("workflow_run", repository, &payload, names);
    }

    /// Queues a `check_run` delivery: somebody pressed a button.
    pub(crate) fn emit_check_run(
        &mut self,
        check: u64,
        button: Value,
        sender: u64,
        api: &str,
        names: &Names,
    ) {
        let Some(check) = self.checks.get(&check) else {
            return;
        };
        let Some(found) = self.repositories.get(&check.repository) else {
            return;
        };
        let repository = check.repository;
        let mut payload = self.envelope(found, sender, api);
        let shown = Shape { github: self, api }.check_run(check);
        overlay(
            &mut payload,
            json!({"action": "requested_action", "check_run": shown, "requested_action": button}),
        );
        self.enqueue("check_run", repository, &payload, names);
    }

    /// Queues the `ping` that GitHub sends when a hook is made; gives its guid.
    pub(crate) fn emit_ping(&mut self, repository: u64, api: &str, names: &Names) -> String {
        let Some(found) = self.repositories.get(&repository) else {
            return String::new();
        };
        let mut payload = self.envelope(found, found.owner, api);
        let hook = format!(
            "{api}/repos/{}/hooks/{}",
            self.full_name(found),
            self.hook.id
        );
        let created = github_time(found.created_at);
        let content_type = if self.hook.form { "form" } else { "json" };
        let receiver = self.hook.url.as_deref().unwrap_or("http://localhost/");
        let details = json!({
            "type": "Repository", "id": self.hook.id, "name": "web", "active": true,
            "events": ["pull_request", "workflow_run"],
            "config": {"content_type": content_type, "insecure_ssl": "0", "url": receiver},
            "updated_at": created, "created_at": created, "url": hook, "test_url": format!("{hook}/test"),
            "ping_url": format!("{hook}/pings"), "deliveries_url": format!("{hook}/deliveries"),
            "last_response": {"code": null, "status": "unused", "message": null},
        });
        let zen = "Keep it logically awesome.";
        overlay(
            &mut payload,
            json!({"zen": zen, "hook_id": self.hook.id, "hook": details}),
        );
        self.enqueue("ping", repository, &payload, names)
    }
}
