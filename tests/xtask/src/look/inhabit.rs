//! Fills the scene with what pages must show beside what goes well: previews that wait or failed, a bad release, a dead delivery.

use std::time::Duration;

use anyhow::Context as _;
use rusqlite::Connection;
use world::PullRequest;

use crate::demo::stage::Stage;
use crate::scene;

/// How long a step may take: several times what it takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Fills it. Answers names and paths of previews that are worth a look.
pub(super) async fn inhabit(stage: &Stage) -> anyhow::Result<Vec<(&'static str, String)>> {
    let waiting = stage.repository.open_pull_request(
        "Remember carts that were left, and tell people of them with the next visit",
        "feature/carts-that-were-left-and-are-remembered",
    );
    let failed = stage
        .repository
        .open_pull_request("Add <b>gifts</b>", "feature/gifts");
    until_comment(stage, &failed, "Waiting for").await?;
    until_comment(stage, &waiting, "Waiting for").await?;
    stage
        .repository
        .run(scene::WORKFLOW)
        .for_pull_request(&failed)
        .fail();
    until_comment(stage, &failed, "failed").await?;
    bury_a_delivery(stage).await?;
    let ready = stage
        .repository
        .pull_requests()
        .into_iter()
        .find(|pull| pull.number() == 2)
        .context("the demo leaves the pull request 2")?;
    let path = |pull: &PullRequest| {
        let (repository, number) = (stage.repository.id(), pull.number());
        format!("/dashboard/previews/{repository}/{number}")
    };
    Ok(vec![
        ("ready", path(&ready)),
        ("waiting", path(&waiting)),
        ("failed", path(&failed)),
    ])
}

async fn until_comment(stage: &Stage, pull: &PullRequest, text: &str) -> anyhow::Result<()> {
    let what = format!(
        "the comment on pull request {} to say {text:?}",
        pull.number()
    );
    let says = |_: &world::World| {
        pull.slipway_comment()
            .is_some_and(|comment| comment.body.contains(text))
    };
    Ok(stage.world.until(&what, PATIENCE, says).await?)
}

/// A delivery that no attempt can take, as if the disk had given something else back than it was given: it is dead once it was tried.
async fn bury_a_delivery(stage: &Stage) -> anyhow::Result<()> {
    const DAMAGE: &str =
        "INSERT INTO spin_key_value (store, key, value) VALUES ('queue', 'delivery/damaged-1', ?1)";
    const BURIED: &str = "SELECT count(*) FROM spin_key_value WHERE key LIKE 'journal/dead/%' AND CAST(value AS TEXT) LIKE '%\"damaged-1\"%'";
    let queue = Connection::open(stage.state().join("queue.db"))?;
    queue.busy_timeout(PATIENCE)?;
    queue.execute(DAMAGE, (b"damaged",))?;
    let inbox = Connection::open(stage.state().join("inbox.db"))?;
    inbox.busy_timeout(PATIENCE)?;
    let buried = |_: &world::World| {
        let dead: rusqlite::Result<i64> = inbox.query_row(BURIED, (), |row| row.get(0));
        dead.is_ok_and(|dead| dead > 0)
    };
    Ok(stage
        .world
        .until("a damaged delivery to be dead", PATIENCE, buried)
        .await?)
}
