//! The pace of requests that create content: 80 in a minute and 500 in an hour for each installation (VENDORS 4.6).
//!
//! They are counted by `increment` in windows of a minute and an hour. The windows that have counters are listed in one value, so
//! that past ones can be deleted; only the first request of a window writes it.

use std::time::Duration;

use domain::Timestamp;
use ports::{Label, Store, StoreError};

use super::app::InstallationId;

const MINUTE: Window = Window {
    name: "minute",
    seconds: 60,
    requests: 80,
};
const HOUR: Window = Window {
    name: "hour",
    seconds: 3600,
    requests: 500,
};

struct Window {
    name: &'static str,
    seconds: i64,
    requests: i64,
}

impl Window {
    fn index(&self, now: Timestamp) -> i64 {
        now.milliseconds().div_euclid(self.seconds * 1000)
    }

    fn key(&self, index: i64) -> String {
        format!("{}/{index}", self.name)
    }

    fn left(&self, now: Timestamp) -> Duration {
        let end = (self.index(now) + 1).saturating_mul(self.seconds * 1000);
        Timestamp::from_milliseconds(end).since(now)
    }
}

/// All keys of an installation's pace.
pub(super) async fn keys(
    store: &impl Store,
    installation: InstallationId,
) -> Result<Vec<String>, StoreError> {
    let list = list(installation);
    let windows = known(store, &list).await?;
    let mut keys: Vec<String> = windows
        .iter()
        .map(|window| format!("{list}/{window}"))
        .collect();
    keys.push(list);
    Ok(keys)
}

fn list(installation: InstallationId) -> String {
    format!("github/pace/{installation}")
}

/// The windows that have counters.
async fn known(store: &impl Store, list: &str) -> Result<Vec<String>, StoreError> {
    let stored = store.get(Label::Default, list).await?;
    Ok(stored
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default())
}

/// Counts one request; gives for how long it must wait instead, if there were too many.
pub(super) async fn pause(
    store: &impl Store,
    installation: InstallationId,
    now: Timestamp,
) -> Result<Option<Duration>, StoreError> {
    let list = list(installation);
    open_windows(store, &list, now).await?;
    for window in [&MINUTE, &HOUR] {
        let counter = format!("{list}/{}", window.key(window.index(now)));
        if store.increment(Label::Default, &counter, 1).await? > window.requests {
            return Ok(Some(window.left(now)));
        }
    }
    Ok(None)
}

/// Lists the present windows before anything is counted in them, and deletes the counters of past ones.
async fn open_windows(store: &impl Store, list: &str, now: Timestamp) -> Result<(), StoreError> {
    let known = known(store, list).await?;
    let present: Vec<String> = [&MINUTE, &HOUR]
        .map(|window| window.key(window.index(now)))
        .into();
    if present.iter().all(|window| known.contains(window)) {
        return Ok(());
    }
    // The windows just before stay a while: somebody who is slow may still count in one.
    let mut kept = present;
    kept.extend([&MINUTE, &HOUR].map(|window| window.key(window.index(now) - 1)));
    let past: Vec<String> = known
        .iter()
        .filter(|window| !kept.contains(window))
        .map(|window| format!("{list}/{window}"))
        .collect();
    let past: Vec<&str> = past.iter().map(String::as_str).collect();
    store.delete_many(Label::Default, &past).await?;
    let bytes = serde_json::to_vec(&kept).unwrap_or_default();
    store.set(Label::Default, list, &bytes).await
}
