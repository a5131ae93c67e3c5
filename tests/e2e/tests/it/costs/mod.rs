//! What a delivery costs: one write before its answer, and after it so much and no more. The figures are in `docs/benchmarks.md`.

mod tally;

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use e2e::{PATIENCE, Slipway, Story};
use host::{StoreCall, StoreOperation};
use world::PullRequest;

use self::tally::{HEAD, Tally};

/// Once no store was asked for so long, what a delivery led to is over: longer than any pause within it.
const QUIET: Duration = Duration::from_millis(2_500);

/// The last row.
const TOTAL: &str = "in all";

/// A story of which is counted what it costs.
struct Counted {
    story: Story,
    /// So much had been counted before.
    calls: usize,
    requests: usize,
    rows: Vec<(String, usize, Tally)>,
}

impl Counted {
    async fn start() -> Result<Self> {
        let story = Story::start().await?;
        Ok(Self {
            story,
            calls: 0,
            requests: 0,
            rows: Vec::new(),
        })
    }

    /// Waits until nothing more comes of what happened, and returns the store's calls since the last time.
    async fn quiet(&mut self) -> Result<Vec<StoreCall>> {
        let began = Instant::now();
        let mut seen = (self.story.slipway.store_calls().len(), Instant::now());
        while seen.1.elapsed() < QUIET {
            ensure!(began.elapsed() < PATIENCE, "something goes on and on");
            tokio::time::sleep(Duration::from_millis(50)).await;
            let calls = self.story.slipway.store_calls().len();
            if calls != seen.0 {
                seen = (calls, Instant::now());
            }
        }
        let all = self.story.slipway.store_calls();
        let calls = all.get(self.calls..).unwrap_or_default().to_vec();
        self.calls = all.len();
        Ok(calls)
    }

    /// Counts what came of `deliveries` deliveries once they came to their end, as a row of the table.
    async fn row(&mut self, what: &str, deliveries: usize) -> Result<()> {
        let calls = self.quiet().await?;
        let journal = self.story.world.journal();
        let requests = journal.get(self.requests..).unwrap_or_default();
        self.rows
            .push((what.to_owned(), deliveries, Tally::of(&calls, requests)));
        self.requests = journal.len();
        Ok(())
    }

    /// The same once the comment says `text`.
    async fn row_with(
        &mut self,
        what: &str,
        deliveries: usize,
        pull: &PullRequest,
        text: &str,
    ) -> Result<()> {
        self.story.comment_with(pull, text).await?;
        self.row(what, deliveries).await
    }

    /// Adds up all rows.
    fn total(&mut self) {
        let mut total = (TOTAL.to_owned(), 0, Tally::default());
        for (_, deliveries, tally) in &self.rows {
            total.1 += deliveries;
            total.2 = total.2.and(tally);
        }
        self.rows.push(total);
    }

    fn table(&self) -> String {
        let rows = self
            .rows
            .iter()
            .map(|(what, deliveries, tally)| format!("| {what} | {deliveries} | {tally} |"));
        [HEAD.to_owned()]
            .into_iter()
            .chain(rows)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// `queue: Set delivery/…`, without what differs from one run to the next.
fn told(call: &StoreCall) -> String {
    let keys: Vec<&str> = call
        .keys
        .iter()
        .map(|key| key.split('/').next().unwrap_or_default())
        .collect();
    format!(
        "{}: {:?} {} {}/…",
        call.component,
        call.operation,
        call.label,
        keys.join(" ")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_accepted_with_one_write_and_finished_with_three() -> Result<()> {
    if Slipway::runs_on_spin() {
        // Spin tells nobody what components ask of its stores.
        return Ok(());
    }
    let mut counted = Counted::start().await?;
    let pull = counted
        .story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    counted.story.comment_with(&pull, "Waiting for").await?;
    let calls = counted.quiet().await?;
    // What the component does after its answer goes on at the same time, and is counted below.
    let gateway = calls.iter().filter(|call| &*call.component == "gateway");
    insta::assert_snapshot!(gateway.map(told).collect::<Vec<_>>().join("\n"), @"
    gateway: Get queue delivery/…
    gateway: Get inbox delivery/…
    gateway: Set queue delivery/…
    gateway: Increment inbox journal/…
    gateway: SetMany inbox delivery journal/…
    gateway: DeleteMany queue delivery/…
    ");
    let handed_on = calls
        .iter()
        .position(|call| &*call.component == "pull-request");
    let before = calls
        .get(..handed_on.context("nothing was handed on")?)
        .unwrap_or_default();
    let writes = before
        .iter()
        .filter(|call| !matches!(call.operation, StoreOperation::Get));
    assert_eq!(writes.count(), 1, "acceptance is one write: {before:#?}");

    // Once more the same: it is known, and costs one look.
    let webhooks = counted.story.world.github().webhooks();
    let guid = webhooks.all().first().context("a delivery")?.guid.clone();
    let url = format!("{}/webhooks/github", counted.story.slipway.url);
    let again = webhooks.redeliver(&guid, &url).await.context("an answer")?;
    assert!(again.answer.contains("duplicate"), "{again:?}");
    let calls = counted.quiet().await?;
    insta::assert_snapshot!(calls.iter().map(told).collect::<Vec<_>>().join("\n"), @"
    gateway: Get queue delivery/…
    gateway: Get inbox delivery/…
    ");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_life_of_a_pull_request_costs_no_more_than_is_written_down() -> Result<()> {
    if Slipway::runs_on_spin() {
        return Ok(());
    }
    let mut counted = Counted::start().await?;
    let repository = counted.story.repository.clone();
    let pull = repository.open_pull_request("Add a cart", "feature/cart");
    counted.row_with("opened", 1, &pull, "Waiting for").await?;
    let run = repository.run("CI").for_pull_request(&pull).start();
    counted
        .row_with("run requested and begun", 2, &pull, "Building")
        .await?;
    run.succeed();
    counted
        .row_with(
            "run completed: deployed, probed, ready",
            1,
            &pull,
            "✅ Ready",
        )
        .await?;
    pull.label("reviewed");
    counted.row("labelled, which changes nothing", 1).await?;
    pull.push();
    counted
        .row_with("pushed to", 1, &pull, "Waiting for")
        .await?;
    let run = repository.run("CI").for_pull_request(&pull).start();
    counted
        .row_with("run requested and begun", 2, &pull, "Building")
        .await?;
    run.fail();
    counted.row_with("run failed", 1, &pull, "failed").await?;
    run.rerun();
    run.succeed();
    counted
        .row_with(
            "run again and completed: deployed, probed, ready",
            2,
            &pull,
            "✅ Ready",
        )
        .await?;
    pull.lock();
    pull.unlock();
    counted.row("events that are not used", 2).await?;
    pull.merge();
    counted
        .row_with("merged: preview removed", 1, &pull, "was removed")
        .await?;
    let answer = counted.story.reconcile().await?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    counted.row("`POST /reconcile` with nothing due", 0).await?;
    counted.story.world.assert_clean();

    counted.total();
    let found = counted.table();
    println!("{found}");
    let written = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/benchmarks.md");
    let written = limits(&fs::read_to_string(written)?);
    for (what, deliveries, tally) in &counted.rows {
        let named = format!("{what} | {deliveries}");
        let limit = written
            .iter()
            .find(|(known, _)| *known == named)
            .map(|(_, limit)| limit);
        let limit = limit.with_context(|| {
            format!(
                "docs/benchmarks.md does not tell what {what:?} costs; its table should be\n{found}"
            )
        })?;
        let most = if what == TOTAL {
            limit.with_a_third()
        } else {
            limit.with_slack()
        };
        assert!(
            tally.is_within(&most),
            "{what}: found {tally}, docs/benchmarks.md says {limit}, and {most} at most; if that must be, its table should be\n\
             {found}"
        );
    }
    Ok(())
}

/// The rows of the table as it is written down: what happens and how many deliveries, and the counts.
fn limits(document: &str) -> Vec<(String, Tally)> {
    let after = document.split_once(HEAD).map_or("", |(_, after)| after);
    let rows = after
        .trim_start()
        .lines()
        .take_while(|line| line.starts_with('|'));
    rows.filter_map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let (named, counts) = cells.split_at_checked(2)?;
        let counts: Vec<usize> = counts
            .iter()
            .map(|count| count.parse().ok())
            .collect::<Option<_>>()?;
        Some((
            named.join(" | "),
            Tally::from_counts(counts.try_into().ok()?),
        ))
    })
    .collect()
}
