//! Commands that are due: those that were cut off, or wait for GitHub. Before everything else, since they tell previews and
//! releases.

use std::cell::RefCell;

use domain::{Timestamp, command::Command};
use previews::PreviewRunner;
use runtime::{
    RunError, Runner,
    command::CommandExecutor,
    reconcile::{self, Report, Work},
};
use slipway_spin::SpinStore;

/// Brings on the commands in `work`, until `deadline`. Also returns what is due of others then.
pub(crate) async fn advance(
    runner: &PreviewRunner,
    mut work: Work,
    deadline: Timestamp,
) -> Result<(Report, Work), RunError> {
    let due = work.take::<Command>();
    if due.is_empty() {
        return Ok((Report::default(), work));
    }
    let command_runner = Runner {
        store: &runner.store,
        clock: runner.clock,
        log: runner.log.clone(),
        executor: CommandExecutor {
            github: runner.executor.github.as_ref(),
            store: SpinStore::new(),
            clock: runner.clock,
            log: runner.log.clone(),
            told: RefCell::default(),
            told_lines: RefCell::default(),
        },
    };
    let report = command_runner.advance_all::<Command>(&due, deadline).await;
    if report.advanced > 0 {
        // Whom they told has mail now.
        work = reconcile::work(&runner.store).await?;
        work.take::<Command>();
    }
    Ok((report, work))
}
