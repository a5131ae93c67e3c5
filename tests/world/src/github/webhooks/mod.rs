//! Webhooks: what waits to be delivered, and every way in which deliveries really arrive: late, twice, out of order,
//! never, and again by hand.

mod access;
mod comments;
pub(crate) mod outbox;
mod sending;
pub(crate) mod signature;

use std::sync::Arc;

pub use outbox::{Attempt, Delivery, Fate};
pub(crate) use sending::{deliver_by_itself, headers};

use crate::client::{self, Answer, ClientError};
use crate::state::Shared;

/// The hook's deliveries.
#[derive(Debug, Clone)]
pub struct Webhooks {
    pub(crate) shared: Arc<Shared>,
}

impl Webhooks {
    /// From now on deliveries go to this URL by themselves, in their order; those that wait go first.
    pub fn send_to(&self, url: &str) {
        self.shared
            .change(|state| state.github.hook.url = Some(url.to_owned()));
    }

    /// Deliveries go only by hand again.
    pub fn stop(&self) {
        self.shared.change(|state| state.github.hook.url = None);
    }

    /// Signs with another secret; none: unsigned.
    pub fn set_secret(&self, secret: Option<&str>) {
        self.shared
            .change(|state| state.github.hook.secret = secret.map(str::to_owned));
    }

    /// Sends payloads as a form field instead of JSON.
    pub fn send_as_form(&self, form: bool) {
        self.shared.change(|state| state.github.hook.form = form);
    }

    /// All deliveries so far, oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<Delivery> {
        self.shared.look(|state| state.github.hook.outbox.clone())
    }

    /// Those that wait to be sent, in the order in which they will be.
    #[must_use]
    pub fn waiting(&self) -> Vec<Delivery> {
        self.all()
            .into_iter()
            .filter(|delivery| delivery.fate == Fate::Waiting)
            .collect()
    }

    /// Takes the next that waits, and gives its GUID: whoever takes it sends it, with `deliver`.
    #[must_use]
    pub fn take(&self) -> Option<String> {
        sending::take_next(&self.shared)
    }

    /// Keeps new deliveries back until `release`.
    pub fn hold(&self) {
        self.shared.change(|state| state.github.hook.holding = true);
    }

    /// Lets held deliveries go.
    pub fn release(&self) {
        self.shared.change(|state| {
            state.github.hook.holding = false;
            for delivery in &mut state.github.hook.outbox {
                if delivery.fate == Fate::Held {
                    delivery.fate = Fate::Waiting;
                }
            }
        });
    }

    /// The delivery never arrives, unless it is redelivered. False when there is none with this GUID.
    pub fn lose(&self, guid: &str) -> bool {
        self.fate(guid, Fate::Lost)
    }

    /// Everything that waits or is held never arrives.
    pub fn lose_all(&self) {
        for delivery in self.all() {
            if matches!(delivery.fate, Fate::Waiting | Fate::Held) {
                self.fate(&delivery.guid, Fate::Lost);
            }
        }
    }

    /// Those that wait will be sent newest first.
    pub fn reverse(&self) {
        self.shared
            .change(|state| state.github.hook.outbox.reverse());
    }

    fn fate(&self, guid: &str, fate: Fate) -> bool {
        self.shared.change(|state| {
            let found = state
                .github
                .hook
                .outbox
                .iter_mut()
                .find(|delivery| delivery.guid == guid);
            found.map(|delivery| delivery.fate = fate).is_some()
        })
    }

    /// Sends everything that waits to this URL, one after the other; gives them with their attempts.
    pub async fn deliver_all_to(&self, url: &str) -> Vec<Delivery> {
        let mut sent = Vec::new();
        while let Some(guid) = sending::take_next(&self.shared) {
            sending::attempt(&self.shared, &guid, url, false).await;
            sent.extend(self.find(&guid));
        }
        sent
    }

    /// Sends one delivery now, whatever its fate; again if it was sent before, as a network that repeats would.
    pub async fn deliver(&self, guid: &str, url: &str) -> Option<Attempt> {
        self.fate(guid, Fate::Sending);
        sending::attempt(&self.shared, guid, url, false).await
    }

    /// Sends one delivery again as GitHub's "Redeliver" does: the same GUID and body, another delivery id.
    pub async fn redeliver(&self, guid: &str, url: &str) -> Option<Attempt> {
        self.fate(guid, Fate::Sending);
        sending::attempt(&self.shared, guid, url, true).await
    }

    /// Posts any headers and body, unsigned unless the headers sign it.
    ///
    /// # Errors
    /// When there is no answer within 30 seconds.
    pub async fn deliver_raw(
        &self,
        url: &str,
        headers: &[(String, String)],
        body: Vec<u8>,
    ) -> Result<Answer, ClientError> {
        client::send(
            "POST",
            url,
            headers,
            body,
            std::time::Duration::from_secs(30),
        )
        .await
    }

    /// The headers that GitHub sends with a body of this event, signed with the hook's secret.
    #[must_use]
    pub fn headers(&self, guid: &str, event: &str, body: &[u8]) -> Vec<(String, String)> {
        self.shared
            .look(|state| headers(&state.github.hook, guid, event, body, 0))
    }

    /// A GUID for `headers`.
    #[must_use]
    pub fn guid(&self) -> String {
        self.shared.names.guid()
    }

    /// Queues a `ping` of a repository's hook; gives its GUID.
    pub fn ping(&self, repository: &super::Repository) -> String {
        let names = &self.shared.names;
        self.shared.change(|state| {
            state
                .github
                .emit_ping(repository.id(), self.shared.github_url(), names)
        })
    }

    /// One delivery by its GUID.
    #[must_use]
    pub fn find(&self, guid: &str) -> Option<Delivery> {
        self.all()
            .into_iter()
            .find(|delivery| delivery.guid == guid)
    }

    /// Resolves when nothing waits and nothing is on its way; at once when deliveries go only by hand and none waits.
    pub async fn settled(&self) {
        let mut changes = self.shared.changes();
        while self
            .all()
            .iter()
            .any(|delivery| matches!(delivery.fate, Fate::Waiting | Fate::Sending))
        {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}
