//! Operations that are due: those that people started are asked of GitHub, and their runs followed.

use domain::{
    Timestamp,
    operation::{OperationId, OperationRun},
};
use futures_util::future::join_all;
use ports::{Clock, Level, Log};
use previews::{DeliveryLog, FOLLOWED_FOR, GitHub, PreviewRunner};
use runtime::{
    Runner,
    operation::OperationExecutor,
    reconcile::{Report, Work},
};
use slipway_spin::{SpinClock, SpinStore};

/// At most so many operations are followed after the answer.
const FOLLOWED_MAX: usize = 32;

type OperationRunner<'a> = Runner<
    SpinStore,
    SpinClock,
    DeliveryLog,
    OperationExecutor<'a, previews::VendorHttp, SpinClock, DeliveryLog, SpinStore>,
>;

fn runner<'a>(github: Option<&'a GitHub>, log: &DeliveryLog) -> OperationRunner<'a> {
    Runner {
        store: SpinStore::new(),
        clock: SpinClock,
        log: log.clone(),
        executor: OperationExecutor {
            github,
            store: SpinStore::new(),
            log: log.clone(),
        },
    }
}

/// Brings on the operations in `work`, until `deadline`.
pub(crate) async fn advance(
    previews: &PreviewRunner,
    work: &mut Work,
    deadline: Timestamp,
) -> Report {
    let due = work.take::<OperationRun>();
    runner(previews.executor.github.as_ref(), &previews.log)
        .advance_all::<OperationRun>(&due, deadline)
        .await
}

/// Follows those that are due again soon. What is not finished in time, or is cut off, is due for the next call.
pub(crate) async fn follow(previews: &PreviewRunner, report: &Report) {
    let runner = runner(previews.executor.github.as_ref(), &previews.log);
    let deadline = runner.clock.now().after(FOLLOWED_FOR);
    let soon = report
        .waiting
        .iter()
        .filter(|(_, until)| *until <= deadline)
        .take(FOLLOWED_MAX);
    join_all(soon.map(|(entity, until)| {
        let runner = &runner;
        async move {
            let Ok(id) = entity.parse::<OperationId>() else {
                return;
            };
            runner.clock.sleep(until.since(runner.clock.now())).await;
            if let Err(error) = runner.follow::<OperationRun>(&id, &[], deadline).await {
                let fields = [
                    ("entity", entity.as_str().into()),
                    ("reason", error.to_string().into()),
                ];
                let message = "could not follow an operation";
                runner.log.write(Level::Error, message, &fields);
            }
        }
    }))
    .await;
}
