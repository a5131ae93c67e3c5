//! Releases that are due: intakes first, since they tell lines; then lines, a step for each, and after the answer those that go
//! on within minutes. And what a person wishes of one.

use std::collections::BTreeSet;

use ::releases::ReleaseRunner;
use domain::{
    Speaker, Timestamp,
    outbox::Outbox,
    release::{self, Fact, Intake, Line, LineId, Overview, Shown},
};
use futures_util::future::join_all;
use ports::{Clock, Label, Level, Log, Store};
use previews::FOLLOWED_FOR;
use runtime::reconcile::{self, Report, Work};
use serde_json::{Value, json};

use crate::{entities::NotAdvanced, notices, wishes::Wishes};

/// Who asks, as far as that is known.
pub(crate) const CALLER: &str = "whoever has the token of /reconcile";

/// At most so many lines are followed after the answer.
const FOLLOWED_MAX: usize = 32;
/// So many of the releases that are over are shown of each line.
const ENDED_SHOWN: usize = 3;

/// What was done.
pub(crate) struct Advanced {
    pub(crate) intakes: Report,
    pub(crate) lines: Report,
    /// Notices of earlier changes: those of this call are on their way already.
    pub(crate) notices: Report,
    /// The lines that are due, or all if the caller asks for them.
    overviews: Vec<Overview>,
}

/// Whoever asks, of whom nothing is known.
fn caller() -> Speaker {
    Speaker {
        name: CALLER.to_owned(),
        account: None,
    }
}

/// Posts what the caller wishes of a line.
pub(crate) async fn post_wish(runner: &ReleaseRunner, wishes: &Wishes) -> Result<(), NotAdvanced> {
    let asked = wishes.release.as_ref();
    let asked = asked.map(|(line, intervention)| (line, intervention.fact(&caller())));
    let approved = wishes.approval.as_ref().map(|(line, commit, by)| {
        let (commit, by) = (commit.clone(), by.clone());
        let account = Speaker::called(&by).account;
        let of = None;
        let approved = Fact::Approved {
            commit,
            by,
            account,
            of,
        };
        (line, approved)
    });
    for (line, fact) in asked.into_iter().chain(approved) {
        let stored = runner.store.get(Label::Default, &line.to_string()).await?;
        if stored.is_none() {
            return Err(NotAdvanced::UnknownLine(line.clone()));
        }
        runner.post::<Line>(line, &fact).await?;
    }
    Ok(())
}

/// Brings on what is due of `work`, until `deadline`. Also returns what is due of others.
pub(crate) async fn advance(
    runner: &ReleaseRunner,
    wishes: &Wishes,
    (mut work, deadline): (Work, Timestamp),
) -> Result<(Advanced, Work), NotAdvanced> {
    let intakes = work.take::<Intake>();
    let intakes = runner.advance_all::<Intake>(&intakes, deadline).await;
    if intakes.advanced > 0 {
        // Lines that were told have mail now.
        work = reconcile::work(&runner.store).await?;
        work.take::<Intake>();
    }
    runner.executor.told.take();
    let notices = work.take::<Outbox>();
    let due = work.take::<Line>();
    let lines = runner.advance_all::<Line>(&due, deadline).await;
    let notices = notices::advance(&runner.log, &notices).await;
    let mut shown: BTreeSet<LineId> = due.keys().filter_map(|id| id.parse().ok()).collect();
    if wishes.all_releases {
        let keys = runner.store.keys(Label::Default).await?;
        shown.extend(keys.iter().filter_map(|key| key.parse().ok()));
    }
    let now = runner.clock.now();
    let mut overviews = Vec::new();
    for line in &shown {
        overviews.extend(runtime::release::overview(&runner.store, line, now).await?);
    }
    let advanced = Advanced {
        intakes,
        lines,
        notices,
        overviews,
    };
    Ok((advanced, work))
}

impl Advanced {
    /// When something is due again.
    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        [
            self.intakes.next_at,
            self.lines.next_at,
            self.notices.next_at,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The lines, for the caller.
    pub(crate) fn shown(&self) -> Value {
        let shown = self.overviews.iter().map(|line| {
            let ended = line.ended.iter().take(ENDED_SHOWN);
            json!({
                "line": line.id.to_string(),
                "live": line.live.as_ref().map(|live| json!({
                    "commit": live.commit,
                    "title": live.title,
                    "since": live.since.to_string(),
                    "test": line.test,
                })),
                "running": line.running.as_ref().map(release),
                "waiting": line.waiting.iter().map(release).collect::<Vec<_>>(),
                "ended": ended.map(release).collect::<Vec<_>>(),
                "hold": line.hold.as_ref().map(hold),
                "lock": line.lock.as_ref().map(hold),
                "trouble": line.trouble,
            })
        });
        shown.collect()
    }
}

fn release(shown: &Shown) -> Value {
    json!({
        "commit": shown.commit,
        "title": shown.title,
        "phase": shown.phase.to_string(),
        "reason": shown.reason,
        "rollback": shown.is_rollback,
        "approved_by": shown.approved_by,
    })
}

fn hold(hold: &release::Hold) -> Value {
    json!({ "since": hold.since.to_string(), "by": hold.by, "reason": hold.reason })
}

/// Follows those that are due again soon, and those that they tell. What is not finished in time is due for the next call.
pub(crate) async fn follow(runner: &ReleaseRunner, report: Report) {
    let deadline = runner.clock.now().after(FOLLOWED_FOR);
    let soon = report
        .waiting
        .iter()
        .filter(|(_, until)| *until <= deadline)
        .take(FOLLOWED_MAX);
    join_all(soon.map(|(entity, until)| async move {
        let Ok(id) = entity.parse::<LineId>() else {
            return;
        };
        runner.clock.sleep(until.since(runner.clock.now())).await;
        if let Err(error) = runner.follow::<Line>(&id, &[], deadline).await {
            let fields = [
                ("entity", entity.as_str().into()),
                ("reason", error.to_string().into()),
            ];
            let message = "could not bring the release on";
            runner.log.write(Level::Error, message, &fields);
        }
    }))
    .await;
    ::releases::follow_lines(runner, deadline).await;
}
