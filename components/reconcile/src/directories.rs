//! Directories of entities that are due: what they were told is taken in, and looked after. And now and then they are compared with
//! the keys of the store.

use std::marker::PhantomData;

use domain::{Timestamp, directory::Directory, preview::Preview};
use ports::{Level, Log};
use previews::DeliveryLog;
use runtime::{
    RunError, Runner,
    directory::{self, DirectoryExecutor},
    reconcile::Work,
};
use slipway_spin::{SpinClock, SpinStore};

/// Brings on the directories in `work`, until `deadline`. Nobody waits for them, so nobody is told of them but by the log.
pub(crate) async fn advance(log: &DeliveryLog, work: &mut Work, deadline: Timestamp) {
    let due = work.take::<Directory>();
    let runner = Runner {
        store: SpinStore::new(),
        clock: SpinClock,
        log: log.clone(),
        executor: DirectoryExecutor {
            store: SpinStore::new(),
            log: log.clone(),
            preview: PhantomData::<Preview>,
        },
    };
    runner.advance_all::<Directory>(&due, deadline).await;
}

/// Compares them with what is stored if nobody did in the last hour.
pub(crate) async fn compare(log: &DeliveryLog, now: Timestamp) -> Result<(), RunError> {
    let compared = directory::compare_when_due(&SpinStore::new(), now).await?;
    if let Some(compared) = compared.filter(|compared| compared.differed > 0) {
        let fields = [("entries", compared.differed.into())];
        let message = "directories of entities did not name what is stored, or the other way round";
        log.write(Level::Info, message, &fields);
    }
    Ok(())
}
