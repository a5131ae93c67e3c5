//! Deliveries whose processing was interrupted or failed, those that never came, and old ones.

use std::time::Duration;

use domain::Timestamp;
use inbox::{Inbox, Processed};
use ports::{Clock, StoreError};
use previews::{DeliveryLog, PreviewRunner};
use runtime::gap;
use serde::Serialize;
use slipway_spin::{SpinClock, SpinHttp, SpinStore};

/// At most so many deliveries are processed in one request.
const PROCESSED_MAX: usize = 50;

/// How long finished deliveries are kept, unless configured otherwise.
const RETENTION_DAYS: u64 = 3;

/// For how long deliveries that never came are looked for in one request.
const GAPS_BUDGET: Duration = Duration::from_secs(8);

/// What became of the deliveries that were due.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Deliveries {
    /// Their component took them.
    pub(crate) done: u64,
    /// They failed and are tried again.
    pub(crate) waiting: u64,
    /// They were refused or failed too often.
    pub(crate) dead: u64,
    /// There was no time left for these.
    pub(crate) left: u64,
    /// When one is due again; told once, with what else is due.
    #[serde(skip)]
    pub(crate) next_at: Option<Timestamp>,
}

impl Deliveries {
    fn due_at(&mut self, at: Timestamp) {
        self.next_at = Some(self.next_at.map_or(at, |next_at| next_at.min(at)));
    }
}

fn inbox(log: &DeliveryLog) -> Inbox<SpinStore, SpinHttp, SpinClock, DeliveryLog> {
    Inbox {
        store: SpinStore::new(),
        http: SpinHttp,
        clock: SpinClock,
        log: log.clone(),
    }
}

/// Processes deliveries that are due, until `deadline`.
pub(crate) async fn process_due(
    log: &DeliveryLog,
    deadline: Timestamp,
) -> Result<Deliveries, StoreError> {
    let inbox = inbox(log);
    let pending = inbox.pending(PROCESSED_MAX).await?;
    let mut deliveries = Deliveries {
        next_at: pending.next_at,
        ..Deliveries::default()
    };
    for guid in pending.due {
        if SpinClock.now() > deadline {
            deliveries.left += 1;
            deliveries.due_at(deadline);
            continue;
        }
        match inbox.process(&guid).await? {
            Processed::Done => deliveries.done += 1,
            Processed::Waiting { until, .. } => {
                deliveries.waiting += 1;
                deliveries.due_at(until);
            }
            Processed::Dead { .. } => deliveries.dead += 1,
            Processed::InHand | Processed::NotPending | Processed::Newer => {}
        }
    }
    Ok(deliveries)
}

/// How long finished deliveries are kept.
pub(crate) fn retention(days: Option<u64>) -> Duration {
    let seconds = days.unwrap_or(RETENTION_DAYS).saturating_mul(86_400);
    Duration::from_secs(seconds)
}

/// Takes in deliveries that GitHub's log has and that never came. None unless Slipway is an App.
pub(crate) async fn close_gaps(
    runner: &PreviewRunner,
    retention: Duration,
) -> Result<Option<gap::Report>, StoreError> {
    let Some(github) = &runner.executor.github else {
        return Ok(None);
    };
    let deadline = runner.clock.now().after(GAPS_BUDGET);
    gap::repair(github, &inbox(&runner.log), retention, deadline).await
}

/// Deletes deliveries that were done long enough ago. Returns how many.
pub(crate) async fn expire(log: &DeliveryLog, retention: Duration) -> Result<usize, StoreError> {
    inbox(log).expire(retention).await
}
