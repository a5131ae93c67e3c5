//! Whether what Slipway needs is there: what components report of themselves, and what `/readyz` makes of it.

mod collect;

use std::time::Duration;

use ports::{Label, Level, Log, Store};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use collect::collect;

/// Where a component reports under its own address; no public route leads there.
pub const PATH: &str = "/ready";

/// The components that report, which together hold every variable.
pub const COMPONENTS: [&str; 3] = ["gateway", "reconcile", "notices"];

/// How long a component may take to report.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A key that nobody writes: that it can be looked for is what is tried.
const PROBE: &str = "readiness";

/// How it stands with one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is there.
    Ready,
    /// It is not configured: what needs it is switched off.
    Off,
    /// It is configured, and left alone at present since it keeps failing.
    Paused,
    /// Without it Slipway does not work, or it is configured wrongly.
    Failed,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What: a variable, a store, a vendor.
    pub name: String,
    /// How it stands.
    pub status: Standing,
    /// What that means and what would be right, for people; never a secret.
    pub detail: String,
}

impl Check {
    /// A check with its result.
    pub fn new(name: &str, status: Standing, detail: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            status,
            detail: detail.into(),
        }
    }

    /// Whether the store with `label` answers. Why it does not is for the log: anybody may read a report.
    pub async fn store(store: &impl Store, log: &impl Log, label: Label) -> Self {
        let name = format!("store {}", label.name());
        match store.get(label, PROBE).await {
            Ok(_) => Self::new(&name, Standing::Ready, "answers"),
            Err(error) => {
                let error = Value::from(error.to_string());
                log.write(
                    Level::Error,
                    "the store does not answer",
                    &[("error", error)],
                );
                let detail = "does not answer: the log says why";
                Self::new(&name, Standing::Failed, detail)
            }
        }
    }
}

/// What a component reports, as its body.
pub fn report(checks: &[Check]) -> Vec<u8> {
    // Text in, text out: this cannot fail, and an empty report is taken for a failure.
    serde_json::to_vec(checks).unwrap_or_default()
}
