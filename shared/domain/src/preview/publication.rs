//! Something that Slipway keeps up to date on GitHub: made once, found again if nobody knows whether it was made, and changed
//! whenever it is to say something else. The comment is one, and so are check runs and deployments.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Action, Effort, Trouble,
    plan::{Next, when_due},
};
use crate::Timestamp;

/// What was to be made and has no known outcome after this long is looked for again.
const SETTLE: Duration = Duration::from_secs(60);
/// Between two changes.
const PAUSE: Duration = Duration::from_secs(2);

/// Something that is kept up to date on GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Publication {
    /// GitHub's id of it, once known.
    pub(super) id: Option<u64>,
    /// The digest of what it says; none if nobody knows.
    pub(super) digest: Option<String>,
    /// The newest attempt at making it.
    pub(super) attempts: u32,
    /// Whether any attempt at making it may have succeeded, as far as is known without a look.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unsure: bool,
    /// The attempt whose outcome is not known yet, and since when.
    pub(super) pending: Option<(u32, Timestamp)>,
    /// When it was last written.
    pub(super) published_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) effort: Effort,
}

impl Publication {
    /// It is about to be made.
    pub(super) fn intended(&mut self, attempt: u32, at: Timestamp) {
        self.attempts = self.attempts.max(attempt);
        self.pending = Some((attempt, at));
        self.unsure = true;
    }

    /// It is about to be changed: until that is known to have worked, nobody knows what it says.
    pub(super) fn changing(&mut self) {
        self.digest = None;
    }

    pub(super) fn published(&mut self, id: u64, digest: &str, at: Timestamp) {
        self.id = Some(id);
        self.digest = Some(digest.to_owned());
        self.pending = None;
        self.published_at = Some(at);
        self.effort.succeed();
    }

    /// It is no more.
    pub(super) fn gone(&mut self) {
        self.id = None;
        self.digest = None;
        self.pending = None;
        self.unsure = false;
    }

    pub(super) fn failed(&mut self, trouble: &Trouble, at: Timestamp, seed: u64) {
        if !trouble.may_have_happened() {
            self.pending = None;
        }
        self.effort.fail(trouble, at, seed);
    }

    /// Whether it is there, or may be.
    pub(super) fn may_exist(&self) -> bool {
        self.id.is_some() || self.unsure
    }

    /// `action` as soon as it may be written.
    pub(super) fn when_free(&self, now: Timestamp, action: impl FnOnce() -> Action) -> Next {
        let pending = self.pending.map(|(_, since)| since.after(SETTLE));
        let paced = self
            .published_at
            .map(|published_at| published_at.after(PAUSE));
        match pending.max(paced).filter(|free_at| *free_at > now) {
            Some(free_at) => Next::At(free_at),
            None => when_due(&self.effort, now, action),
        }
    }
}
