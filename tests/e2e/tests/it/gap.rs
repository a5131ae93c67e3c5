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

/// Where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:9/webhooks/github";

#[tokio::test(flavor = "multi_thread")]
async fn whichever_three_of_ten_deliveries_are_lost_it_ends_as_if_none_had_been() -> Result<()> {
    let story = Setup::default().as_app().held().start().await?;
    let webhooks = story.world.github().webhooks();
    let url = format!("{}/webhooks/github", story.slipway.url);
    let (mut kept, mut closed) = (Vec::new(), Vec::new());
    for lost in [[0, 1, 2], [3, 6, 9], [1, 5, 8]] {
        let branch = |name: &str| format!("{name}-{}", kept.len());
        let stays = story
            .repository
            .open_pull_request("Add a cart", &branch("cart"));
        let goes = story
            .repository
            .open_pull_request("Add a till", &branch("till"));
        for pull in [&stays, &goes] {
            story.repository.run("CI").for_pull_request(pull).succeed();
        }
        goes.close();
        story.repository.open_draft("Think", &branch("thoughts"));
        let mut sent = 0;
        while let Some(guid) = webhooks.take() {
            let to = if lost.contains(&sent) { NOWHERE } else { &url };
            webhooks.deliver(&guid, to).await;
            sent += 1;
        }
        assert_eq!(sent, 10);
        kept.push(stays);
        closed.push(goes);
    }
    for pull in &kept {
        let ready = |_: &world::World| {
            let comment = pull.slipway_comment();
            comment.is_some_and(|comment| comment.body.contains("✅ Ready"))
        };
        story.reconcile_until("the preview", ready).await?;
        assert_eq!(story.deployments_of(pull), 1, "once");
    }
    for pull in &closed {
        let is_gone = |_: &world::World| !story.application().has_preview(pull.number());
        story.reconcile_until("the removal", is_gone).await?;
    }
    let metrics = story.read("/metrics").await?.text();
    let recovered = metrics
        .lines()
        .find_map(|line| line.strip_prefix("slipway_delivery_gap_recovered_total "));
    let recovered: u64 = recovered.unwrap_or_default().parse()?;
    assert!((4..=9).contains(&recovered), "{metrics}");
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
