//! Slipway is killed, and nothing is lost or done twice.

use anyhow::Result;
use e2e::Setup;
use world::{Fault, Vendor};

/// The embedded host as a process of its own.
const HOST: &str = env!("CARGO_BIN_EXE_slipway-host");

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_acceptance_and_processing_it_deploys_exactly_once_after_the_restart()
-> Result<()> {
    let mut story = Setup::default().apart(HOST).held().start().await?;
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    // Nothing gets further than the first call to GitHub before the process dies.
    let fault = story
        .world
        .fault(Vendor::GitHub)
        .on_path("/")
        .is(Fault::DelayMilliseconds(600_000));
    let url = format!("{}/webhooks/github", story.slipway.url);
    for delivery in story.world.github().webhooks().deliver_all_to(&url).await {
        let accepted = delivery.attempts.last().and_then(|attempt| attempt.status);
        assert!(matches!(accepted, Some(200 | 202)), "{delivery:?}");
    }
    story.slipway.kill().await?;
    fault.lift();
    story.restart().await?;
    let ready = |_: &world::World| {
        pull.slipway_comment()
            .is_some_and(|comment| comment.body.contains("✅ Ready"))
    };
    story.reconcile_until("the preview", ready).await?;
    assert_eq!(story.deployments_of(&pull), 1);
    assert_eq!(pull.comments().len(), 1);
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_coolify_is_being_asked_it_deploys_exactly_once() -> Result<()> {
    let mut story = Setup::default().apart(HOST).start().await?;
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    // Coolify queues the deployment, and its answer comes after the end of the process.
    let fault = story
        .world
        .fault(Vendor::Coolify)
        .on("POST", "/deploy")
        .once()
        .is(Fault::DelayMilliseconds(600_000));
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story
        .until("the request to deploy", |_| fault.hits() == 1)
        .await?;
    story.restart().await?;
    let ready = |_: &world::World| {
        pull.slipway_comment()
            .is_some_and(|comment| comment.body.contains("✅ Ready"))
    };
    story.reconcile_until("the preview", ready).await?;
    assert_eq!(story.deployments_of(&pull), 1);
    story.world.assert_clean();
    Ok(())
}
