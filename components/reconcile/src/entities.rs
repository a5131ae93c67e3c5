//! Previews that are due: first a step for each, then, after the answer, those that go on within minutes.

use domain::{PreviewId, Timestamp, preview::Preview};
use futures_util::future::join_all;
use ports::{Clock, Level, Log, StoreError};
use previews::{FOLLOWED_FOR, PreviewRunner};
use runtime::reconcile::{self, Report};

/// At most so many previews are followed after the answer.
const FOLLOWED_MAX: usize = 32;

/// Brings on what is due, until `deadline`.
pub(crate) async fn advance(
    runner: &PreviewRunner,
    deadline: Timestamp,
) -> Result<Report, StoreError> {
    let work = reconcile::work(&runner.store).await?;
    Ok(runner
        .advance_all::<Preview>(&work.entities, deadline)
        .await)
}

/// Follows those that are due again soon. What is not finished in time, or is cut off, is due for the next call.
pub(crate) async fn follow(runner: PreviewRunner, report: Report) {
    let deadline = runner.clock.now().after(FOLLOWED_FOR);
    let soon = report
        .waiting
        .iter()
        .filter(|(_, until)| *until <= deadline)
        .take(FOLLOWED_MAX);
    join_all(soon.map(|(entity, until)| {
        let runner = &runner;
        async move {
            let Ok(id) = entity.parse::<PreviewId>() else {
                return;
            };
            runner.clock.sleep(until.since(runner.clock.now())).await;
            if let Err(error) = runner.follow::<Preview>(&id, &[], deadline).await {
                let fields = [
                    ("entity", entity.as_str().into()),
                    ("reason", error.to_string().into()),
                ];
                runner
                    .log
                    .write(Level::Error, "could not bring the preview on", &fields);
            }
        }
    }))
    .await;
}
