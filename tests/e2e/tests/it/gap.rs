//! Deliveries that nobody took: Slipway was down, GitHub sends nothing twice, and no person presses Redeliver.

use anyhow::Result;
use e2e::{Setup, Story};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_while_slipway_was_down_is_recovered_by_reconcile_and_deployed_once()
-> Result<()> {
    let mut story = Setup::default().as_app().start().await?;
    let webhooks = story.world.github().webhooks();
    story.slipway.kill().await?;
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    webhooks.settled().await;
    story.restart().await?;

    let (one, two) = tokio::join!(story.reconcile(), story.reconcile());
    let told = [one?.json(), two?.json()];
    let recovered: u64 = told
        .iter()
        .filter_map(|told| told["delivery_gaps"]["recovered"].as_u64())
        .sum();
    assert!(
        recovered >= 2,
        "the pull request and its run at least: {told:#?}"
    );
    for told in &told {
        assert_eq!(told["delivery_gaps"]["problem"], Value::Null, "{told:#}");
    }
    story.comment_with(&pull, "✅ Ready").await?;
    assert_eq!(story.deployments_of(&pull), 1);
    assert_eq!(pull.comments().len(), 1);

    let again = story.reconcile().await?.json();
    assert_eq!(again["delivery_gaps"]["recovered"], 0, "{again:#}");
    for delivery in webhooks.all() {
        let came = delivery.attempts.iter().any(world::Attempt::is_ok);
        assert!(!came, "nobody redelivered: {delivery:?}");
    }
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_token_has_no_log_of_deliveries_to_look_at() -> Result<()> {
    let story = Story::start().await?;
    let told = story.reconcile().await?.json();
    let fields = told.as_object();
    let gaps = fields.and_then(|fields| fields.get("delivery_gaps"));
    assert_eq!(gaps, Some(&Value::Null), "{told:#}");
    Ok(())
}
