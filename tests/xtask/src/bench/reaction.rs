//! The time from the webhook of a finished build to `POST /deploy`, in the scene of the demo, beside what the vendors take of it.
//!
//! The clock starts when the simulated GitHub lets the run end, and so sends its delivery, and stops when the simulated Coolify has the
//! request. What the vendors that are asked on the way take to answer is theirs, and what is left is Slipway's. A build takes longer than a
//! look at the pull request counts, so all of them begin first, and end one after the other once that time is over.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Serialize;
use world::{Entry, PullRequest, Run, Vendor};

use crate::demo::stage::Stage;
use crate::scene;

/// What each vendor waits before it answers: nothing, and about as long as a real one takes.
pub(super) const PAUSES: [Duration; 2] = [Duration::ZERO, Duration::from_millis(50)];

/// The bar: the median from the delivery of a finished build to the deployment, whatever the vendors take of it.
const BAR_MILLISECONDS: f64 = 100.0;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Once the vendors were asked nothing for so long, nothing is left to do of what came before.
const QUIET: Duration = Duration::from_millis(400);
/// A pull request that was read longer ago is read again before a deployment (`domain::preview`).
const STALE: Duration = Duration::from_secs(31);
/// The path of the request that is waited for.
const DEPLOY: &str = "/api/v1/deploy";

/// The figures with vendors of one speed.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    vendors_wait_milliseconds: u128,
    runs: usize,
    /// Requests to vendors between the delivery and the deployment.
    calls: usize,
    p50_milliseconds: f64,
    p90_milliseconds: f64,
    /// What the vendors took of it, the median.
    vendors_milliseconds: f64,
    /// The median by that; none if the vendors were asked nothing.
    of_vendors: Option<f64>,
}

/// One run.
#[derive(Debug, Clone, Copy)]
struct Reaction {
    whole: Duration,
    vendors: Duration,
    calls: usize,
}

/// Finishes so many builds, one after the other, each of a pull request of its own.
pub(super) async fn measure(
    manifest: PathBuf,
    pause: Duration,
    runs: usize,
) -> anyhow::Result<Row> {
    let stage = Stage::set_up(manifest, scene::variables).await?;
    let mut builds = Vec::new();
    // The first one opens stores and connections.
    for number in 0..=runs {
        builds.push(begin(&stage, number).await?);
    }
    tokio::time::sleep(STALE).await;
    let mut reactions = Vec::new();
    for (pull, run) in &builds {
        reactions.push(react(&stage, pause, pull, run).await?);
    }
    stage.tear_down().await;
    Ok(Row::of(pause, reactions.get(1..).unwrap_or_default()))
}

/// Opens a pull request and begins its build.
async fn begin(stage: &Stage, number: usize) -> anyhow::Result<(PullRequest, Run)> {
    let repository = &stage.repository;
    let pull = repository.open_pull_request("Add a cart", &format!("feature/{number}"));
    says(stage, &pull, "Waiting for").await?;
    let run = repository
        .run(scene::WORKFLOW)
        .for_pull_request(&pull)
        .start();
    says(stage, &pull, "Building").await?;
    Ok((pull, run))
}

/// Ends a build, and sees the deployment through.
async fn react(
    stage: &Stage,
    pause: Duration,
    pull: &PullRequest,
    run: &Run,
) -> anyhow::Result<Reaction> {
    let world = &stage.world;
    quiet(stage).await?;
    let before = world.journal().len();
    let slow = (!pause.is_zero())
        .then(|| [Vendor::GitHub, Vendor::Coolify].map(|vendor| world.fault(vendor).delay(pause)));
    let begin = Instant::now();
    run.succeed();
    let number = pull.number();
    let asked = |_: &world::World| {
        let deployments = stage.application.deployments();
        deployments
            .iter()
            .any(|deployment| deployment.pull_request == number)
    };
    world
        .until("the deployment", PATIENCE, asked)
        .await
        .with_context(|| stage.last_words())?;
    for fault in slow.iter().flatten() {
        fault.lift();
    }
    let journal = world.journal();
    let asked = journal.get(before..).unwrap_or_default();
    let found = Reaction::of(asked, number, begin)?;
    says(stage, pull, "✅ Ready").await?;
    Ok(found)
}

async fn says(stage: &Stage, pull: &PullRequest, text: &str) -> anyhow::Result<()> {
    let says = |_: &world::World| {
        let comment = pull.slipway_comment();
        comment.is_some_and(|comment| comment.body.contains(text))
    };
    let waited = stage.world.until(text, PATIENCE, says).await;
    waited.with_context(|| stage.last_words())
}

/// Waits until what happened before has come to its end.
async fn quiet(stage: &Stage) -> anyhow::Result<()> {
    let calm = |world: &world::World| {
        let last = world.journal().last().map(|entry| entry.arrived);
        last.is_none_or(|last| last.elapsed() >= QUIET)
    };
    let waited = stage.world.until("an end", PATIENCE, calm).await;
    waited.with_context(|| stage.last_words())
}

impl Reaction {
    /// Of what was asked of the vendors for the pull request since the beginning.
    fn of(journal: &[Entry], number: u64, begin: Instant) -> anyhow::Result<Self> {
        let place = journal
            .iter()
            .position(|entry| entry.vendor == Vendor::Coolify && entry.path == DEPLOY);
        let place = place.context("Coolify was not asked for a deployment")?;
        let (before, rest) = journal.split_at(place);
        let deploy = rest.first().context("the request is in the journal")?;
        let own = format!("/{number}");
        let on_the_way: Vec<&Entry> = before
            .iter()
            .filter(|entry| entry.path.ends_with(&own))
            .collect();
        let taken = on_the_way
            .iter()
            .filter_map(|entry| Some(entry.answered?.duration_since(entry.arrived)));
        Ok(Self {
            whole: deploy.arrived.duration_since(begin),
            vendors: taken.sum(),
            calls: on_the_way.len(),
        })
    }
}

impl Row {
    fn of(pause: Duration, reactions: &[Reaction]) -> Self {
        let whole = sorted(reactions, |reaction| reaction.whole);
        let vendors = sorted(reactions, |reaction| reaction.vendors);
        let (p50, theirs) = (percentile(&whole, 50), percentile(&vendors, 50));
        Self {
            vendors_wait_milliseconds: pause.as_millis(),
            runs: reactions.len(),
            calls: reactions
                .iter()
                .map(|reaction| reaction.calls)
                .max()
                .unwrap_or_default(),
            p50_milliseconds: p50,
            p90_milliseconds: percentile(&whole, 90),
            vendors_milliseconds: theirs,
            of_vendors: (theirs > 0.0).then(|| p50 / theirs),
        }
    }
}

fn sorted(reactions: &[Reaction], what: fn(&Reaction) -> Duration) -> Vec<Duration> {
    let mut sorted: Vec<Duration> = reactions.iter().map(what).collect();
    sorted.sort_unstable();
    sorted
}

/// In milliseconds, what `percent` of them do not exceed.
fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    let found = sorted.get(rank.saturating_sub(1)).copied();
    found.unwrap_or_default().as_secs_f64() * 1000.0
}

/// The rows as a Markdown table.
pub(super) fn markdown(rows: &[Row]) -> String {
    let head = "| from a finished build to `POST /deploy`: each vendor waits | runs | calls on the way | p50 ms | p90 ms | \
                the vendors' own ms | by the vendors' own |\n| ---: | ---: | ---: | ---: | ---: | ---: | ---: |";
    let rows = rows.iter().map(|row| {
        format!(
            "| {} ms | {} | {} | {:.1} | {:.1} | {:.1} | {} |",
            row.vendors_wait_milliseconds,
            row.runs,
            row.calls,
            row.p50_milliseconds,
            row.p90_milliseconds,
            row.vendors_milliseconds,
            row.of_vendors
                .map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"))
        )
    });
    [head.to_owned()]
        .into_iter()
        .chain(rows)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Whether the bar is kept, in a line for each speed of the vendors.
pub(super) fn verdict(rows: &[Row]) -> String {
    let lines = rows.iter().map(|row| {
        let (p50, own) = (row.p50_milliseconds, row.p50_milliseconds - row.vendors_milliseconds);
        let kept = if p50 < BAR_MILLISECONDS { "kept" } else { "NOT kept" };
        format!(
            "The bar, a median under {BAR_MILLISECONDS:.0} ms, is {kept} with vendors that wait {} ms: {p50:.1} ms, of which {own:.1} ms \
             are Slipway's.",
            row.vendors_wait_milliseconds
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_tells_the_median_and_how_it_is_to_the_vendors_own() {
        let reaction = |whole, vendors| Reaction {
            whole: Duration::from_millis(whole),
            vendors: Duration::from_millis(vendors),
            calls: 1,
        };
        let reactions = [reaction(90, 50), reaction(75, 50), reaction(300, 60)];
        let rows = [Row::of(Duration::from_millis(50), &reactions)];
        assert_eq!(
            verdict(&rows),
            "The bar, a median under 100 ms, is kept with vendors that wait 50 ms: 90.0 ms, of which 40.0 ms are Slipway's."
        );
        let table = markdown(&rows);
        assert_eq!(
            table.lines().last(),
            Some("| 50 ms | 3 | 1 | 90.0 | 300.0 | 50.0 | 1.80 |")
        );
    }
}
