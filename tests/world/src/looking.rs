//! Looking at what was asked of a world and what came of it: the journal, conditions to wait for, the final assertion.

use std::sync::Arc;
use std::time::Duration;

use crate::journal::{Effect, Entry};
use crate::state::Shared;
use crate::{Delivery, World, clean};

/// A condition did not come true in time.
#[derive(Debug, thiserror::Error)]
#[error("waited {limit:?} for {what}, in vain; what was asked of the world:\n{journal}")]
pub struct Impatient {
    /// What was waited for.
    pub what: String,
    /// How long.
    pub limit: Duration,
    /// The journal, a request a line.
    pub journal: String,
}

impl World {
    /// Every request so far, in the order of arrival.
    #[must_use]
    pub fn journal(&self) -> Vec<Entry> {
        self.shared.look(|state| state.journal.entries.clone())
    }

    /// What happened in the world, for whoever looks when this value is gone.
    #[must_use]
    pub fn records(&self) -> Records {
        Records {
            shared: Arc::clone(&self.shared),
        }
    }

    /// The journal, a request a line, for messages.
    #[must_use]
    pub fn journal_lines(&self) -> String {
        self.journal()
            .iter()
            .map(Entry::line)
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Everything that requests changed, in order.
    #[must_use]
    pub fn effects(&self) -> Vec<Effect> {
        self.journal()
            .into_iter()
            .flat_map(|entry| entry.effects)
            .collect()
    }

    /// Those effects that are deployments which Coolify really queued.
    #[must_use]
    pub fn deploys(&self) -> Vec<Effect> {
        self.effects()
            .into_iter()
            .filter(|effect| matches!(effect, Effect::DeployRequested { .. }))
            .collect()
    }

    /// Everything in which the world is not as it must be, one sentence each; empty at the end of a good story.
    #[must_use]
    pub fn untidy(&self) -> Vec<String> {
        clean::untidy(&self.shared)
    }

    /// Holds that no request broke a vendor's contract or came without credentials, that no pull request has two Slipway
    /// comments, and that nothing is left of pull requests that are not open.
    ///
    /// # Panics
    /// When one of these is not so, saying which and telling the whole journal.
    #[track_caller]
    #[expect(clippy::panic, reason = "an assertion of tests")]
    pub fn assert_clean(&self) {
        let found = self.untidy();
        if !found.is_empty() {
            panic!("{}", clean::complaint(&found, &self.shared));
        }
    }

    /// Waits until a condition holds, asking again at every change of the world, and every 50 ms for what changes
    /// elsewhere.
    ///
    /// # Errors
    /// When it does not within `limit`; the error tells the journal.
    pub async fn until(
        &self,
        what: &str,
        limit: Duration,
        mut holds: impl FnMut(&Self) -> bool,
    ) -> Result<(), Impatient> {
        let mut changes = self.shared.changes();
        let deadline = tokio::time::Instant::now() + limit;
        while !holds(self) {
            if tokio::time::Instant::now() >= deadline {
                return Err(Impatient {
                    what: what.to_owned(),
                    limit,
                    journal: self.journal_lines(),
                });
            }
            let next = deadline.min(tokio::time::Instant::now() + Duration::from_millis(50));
            // Either way the condition is asked again.
            drop(tokio::time::timeout_at(next, changes.changed()).await);
        }
        Ok(())
    }
}

/// What happened in a world.
#[derive(Debug, Clone)]
pub struct Records {
    shared: Arc<Shared>,
}

impl Records {
    /// Every request so far, in the order of arrival.
    #[must_use]
    pub fn journal(&self) -> Vec<Entry> {
        self.shared.look(|state| state.journal.entries.clone())
    }

    /// All deliveries of GitHub's webhook so far, oldest first.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.look(|state| state.github.hook.outbox.clone())
    }
}
