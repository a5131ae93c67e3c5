//! Places of previews that are due: where handing them out was cut off. Before previews, since they are told.

use std::marker::PhantomData;

use domain::{Timestamp, places::Places, preview::Preview};
use ports::Clock;
use previews::PreviewRunner;
use runtime::{
    RunError, Runner,
    places::PlacesExecutor,
    reconcile::{self, Report, Work},
};
use slipway_spin::SpinStore;

/// Hands out the places in `work`, until `deadline`. Also returns what is due of others then.
pub(crate) async fn advance(
    runner: &PreviewRunner,
    mut work: Work,
    deadline: Timestamp,
) -> Result<(Report, Work), RunError> {
    let due = work.take::<Places>();
    if due.is_empty() {
        return Ok((Report::default(), work));
    }
    // A quarter of the time at most.
    let left = deadline.since(runner.clock.now());
    let handed_out_until = runner.clock.now().after(left / 4);
    let places_runner = Runner {
        store: &runner.store,
        clock: runner.clock,
        log: runner.log.clone(),
        executor: PlacesExecutor::<_, _, _, Preview> {
            store: SpinStore::new(),
            clock: runner.clock,
            log: runner.log.clone(),
            told: &runner.executor.told,
            preview: PhantomData,
        },
    };
    let report = places_runner
        .advance_all::<Places>(&due, handed_out_until)
        .await;
    if report.advanced > 0 {
        // Whom they told has mail now.
        work = reconcile::work(&runner.store).await?;
        work.take::<Places>();
    }
    Ok((report, work))
}
