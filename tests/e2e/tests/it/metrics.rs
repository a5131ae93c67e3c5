//! `/metrics`, on the built components.

use anyhow::{Context, Result};
use e2e::{Message, Story};

/// The value of a series; none if it is not told.
fn value(text: &str, series: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(series))?;
    line.strip_prefix(' ')?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_is_told_how_things_stand_if_it_bears_a_token() -> Result<()> {
    let story = Story::start().await?;
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    story.comment_with(&pull, "Waiting for `CI`").await?;
    story.world.github().webhooks().settled().await;
    let closed = Message {
        method: "GET",
        path: "/metrics",
        headers: Vec::new(),
        body: Vec::new(),
    };
    assert_eq!(story.post(&closed).await?.status, 401);
    let answer = story.read("/metrics").await?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let content_type = answer.header("content-type").context("a type")?;
    assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text();
    let told = |series: &str| value(&text, series);
    let kept = told(r#"slipway_deliveries_kept{event="pull_request",outcome="done"}"#);
    assert_eq!(kept, Some(1), "{text}");
    assert_eq!(told("slipway_deliveries_pending"), Some(0), "{text}");
    let signed = told(r#"slipway_webhook_secret_deliveries_kept{secret="0"}"#);
    assert!(signed >= Some(1), "{text}");
    assert_eq!(
        told(r#"slipway_github_rate_limit{payer="token"}"#),
        Some(5_000),
        "{text}"
    );
    let left = told(r#"slipway_github_rate_limit_remaining{payer="token"}"#);
    assert!(
        left.is_some_and(|left| (4_500..5_000).contains(&left)),
        "{text}"
    );
    assert_eq!(
        told(r#"slipway_previews{phase="waiting"}"#),
        Some(1),
        "{text}"
    );
    assert_eq!(
        told(r#"slipway_entities{kind="repository"}"#),
        Some(1),
        "{text}"
    );
    story.world.assert_clean();
    Ok(())
}
