//! Jobs on GitHub that wait before they deploy: their requests are recorded before the answer to their delivery, and followed after it.

use domain::{
    Timestamp,
    protection::{Fact, Protection, ProtectionId, Requested},
};
use futures_util::future::join_all;
use ports::{Clock, Level, Log};
use previews::{DeliveryLog, FOLLOWED_FOR, GitHub, Refusal, VendorHttp};
use runtime::{
    Runner,
    protection::ProtectionExecutor,
    reconcile::{Report, Work},
};
use slipway_spin::{SpinClock, SpinStore};

use crate::ReleaseRunner;

/// At most so many requests are followed after an answer.
const FOLLOWED_MAX: usize = 32;

/// A runner of requests on Spin.
type ProtectionRunner<'a> = Runner<
    SpinStore,
    SpinClock,
    DeliveryLog,
    ProtectionExecutor<'a, VendorHttp, SpinClock, DeliveryLog, SpinStore>,
>;

fn runner<'a>(github: Option<&'a GitHub>, log: &DeliveryLog) -> ProtectionRunner<'a> {
    Runner {
        store: SpinStore::new(),
        clock: SpinClock,
        log: log.clone(),
        executor: ProtectionExecutor {
            github,
            store: SpinStore::new(),
            clock: SpinClock,
            log: log.clone(),
        },
    }
}

/// Makes a request durable, and returns the number of its mail.
pub async fn request(
    releases: &ReleaseRunner,
    (id, requested): (&ProtectionId, Requested),
) -> Result<u64, Refusal> {
    let fact = Fact::Requested(requested);
    runner(None, &releases.log)
        .post::<Protection>(id, &fact)
        .await
        .map_err(|error| Refusal::unavailable(&error))
}

/// Follows a request. What is not finished in time, or is cut off, is due for `POST /reconcile`.
pub async fn follow_request(releases: &ReleaseRunner, id: &ProtectionId, mail: &[u64]) {
    let runner = runner(releases.executor.github.as_ref(), &releases.log);
    let deadline = runner.clock.now().after(FOLLOWED_FOR);
    if let Err(error) = runner.follow::<Protection>(id, mail, deadline).await {
        let fields = [
            ("entity", id.to_string().into()),
            ("reason", error.to_string().into()),
        ];
        let message = "could not follow a job that waits";
        runner.log.write(Level::Error, message, &fields);
    }
}

/// Brings on the requests in `work` that are due, until `deadline`.
pub async fn advance_requests(
    releases: &ReleaseRunner,
    work: &mut Work,
    deadline: Timestamp,
) -> Report {
    let due = work.take::<Protection>();
    runner(releases.executor.github.as_ref(), &releases.log)
        .advance_all::<Protection>(&due, deadline)
        .await
}

/// Follows those that are due again soon.
pub async fn follow_requests(releases: &ReleaseRunner, report: &Report) {
    let now = releases.clock.now();
    let soon = report
        .waiting
        .iter()
        .filter(|(_, until)| *until <= now.after(FOLLOWED_FOR))
        .take(FOLLOWED_MAX);
    join_all(soon.map(|(entity, until)| async move {
        if let Ok(id) = entity.parse::<ProtectionId>() {
            releases.clock.sleep(until.since(now)).await;
            follow_request(releases, &id, &[]).await;
        }
    }))
    .await;
}
