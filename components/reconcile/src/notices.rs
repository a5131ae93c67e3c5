//! Notices that are due: brought on by the component `notices`, which alone may tell anybody. That it cannot be asked holds nothing
//! else up.

use std::collections::BTreeMap;

use ports::{Clock, Level, Log};
use previews::DeliveryLog;
use runtime::{
    outbox,
    reconcile::{Pending, Report},
};
use slipway_spin::{SpinClock, SpinHttp};

/// Has the outboxes in `work` brought on.
pub(crate) async fn advance(log: &DeliveryLog, work: &BTreeMap<String, Pending>) -> Report {
    if work.is_empty() {
        return Report::default();
    }
    match outbox::advance(&SpinHttp, work).await {
        Ok(report) => report,
        Err(reason) => {
            let fields = [("reason", reason.into())];
            log.write(Level::Error, "could not bring notices on", &fields);
            Report {
                failed: work.len() as u64,
                next_at: Some(SpinClock.now()),
                ..Report::default()
            }
        }
    }
}
