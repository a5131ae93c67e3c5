//! Deliveries whose processing was interrupted or failed, those that never came, and old ones.

use std::{cell::RefCell, time::Duration};

use domain::{DeliveryGuid, Timestamp};
use futures_util::stream::{self, StreamExt};
use inbox::{Inbox, Processed};
use ports::{Clock, Level, Log, StoreError};
use previews::{DeliveryLog, PreviewRunner};
use runtime::gap;
use serde::Serialize;
use slipway_spin::{SpinClock, SpinHttp, SpinStore};

/// At most so many deliveries are processed in one request.
const PROCESSED_MAX: usize = 50;

/// So many of them at the same time: one that a component is slow with holds few others up.
const AT_ONCE: usize = 8;

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
    fn count(
        &mut self,
        log: &DeliveryLog,
        guid: &DeliveryGuid,
        processed: Result<Processed, StoreError>,
    ) {
        match processed {
            Ok(Processed::Done) => self.done += 1,
            Ok(Processed::Waiting { until, .. }) => {
                self.waiting += 1;
                self.due_at(until);
            }
            Ok(Processed::Dead { .. }) => self.dead += 1,
            Ok(Processed::InHand | Processed::NotPending | Processed::Newer) => {}
            Err(error) => {
                // Others may fare better, and what became of this one is found by the next call.
                self.waiting += 1;
                let fields = [
                    ("delivery", guid.as_str().into()),
                    ("reason", error.to_string().into()),
                ];
                log.write(Level::Error, "could not process a delivery", &fields);
            }
        }
    }

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
    let deliveries = RefCell::new(Deliveries {
        next_at: pending.next_at,
        ..Deliveries::default()
    });
    stream::iter(pending.due)
        .for_each_concurrent(AT_ONCE, |guid| {
            let (inbox, deliveries) = (&inbox, &deliveries);
            async move {
                if SpinClock.now() > deadline {
                    let mut deliveries = deliveries.borrow_mut();
                    deliveries.left += 1;
                    deliveries.due_at(deadline);
                    return;
                }
                let processed = inbox.process(&guid).await;
                deliveries.borrow_mut().count(log, &guid, processed);
            }
        })
        .await;
    Ok(deliveries.into_inner())
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
