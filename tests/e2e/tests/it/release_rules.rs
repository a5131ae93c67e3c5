//! Rules of releases on the built components that take more of Argo CD than a good day shows: a running operation that ends for a newer
//! commit or for a way back, and sync windows.

use std::time::Duration;

use anyhow::Result;
use e2e::Story;
use serde_json::json;
use world::{Effect, WindowKind};

use crate::release::{images, said, says, story};

const SECOND: Duration = Duration::from_secs(1);
/// Longer than any story lasts.
const FOR_EVER: Duration = Duration::from_secs(100_000);

/// The environment with this beside what it says else.
fn with(story: &Story, more: &str) {
    let configuration = story
        .repository
        .file_on("main", ".github/slipway.yml")
        .unwrap_or_default();
    story.repository.write_file(
        ".github/slipway.yml",
        configuration.replace("branch: main", &format!("branch: main\n        {more}")),
    );
}

/// A push that was built.
fn built(story: &Story, message: &str) -> String {
    let commit = story.repository.push("main", message);
    story.repository.run("CI").for_commit(&commit).succeed();
    commit
}

fn stops(story: &Story) -> usize {
    let is_stop = |effect: &&Effect| matches!(effect, Effect::OperationTerminated { .. });
    story.world.effects().iter().filter(is_stop).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_operation_ends_for_a_newer_commit_where_that_is_wanted() -> Result<()> {
    let story = story().await?;
    with(&story, "superseded: cancel");
    story.world.argocd().pace(FOR_EVER, SECOND);
    let first = built(&story, "Add a cart");
    said(&story, &first, "in_progress").await?;
    let second = built(&story, "Mend the cart");
    story
        .until("the end of the operation", |_| stops(&story) == 1)
        .await?;
    story.world.argocd().pace(SECOND, SECOND);
    said(&story, &second, "success: released and found healthy").await?;
    let instead = format!("inactive: cancelled: {} goes instead", &second[..7]);
    said(&story, &first, &instead).await?;
    assert_eq!(images(&story), [format!("ghcr.io/acme/shop:{second}")]);
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_that_a_person_asks_for_does_not_wait_for_the_release_in_hand() -> Result<()> {
    let story = story().await?;
    let first = built(&story, "Add a cart");
    said(&story, &first, "success: released and found healthy").await?;
    story.world.argocd().pace(FOR_EVER, SECOND);
    let second = built(&story, "Sell coins");
    said(&story, &second, "in_progress").await?;
    let line = format!("{}/web/production", story.repository.id());
    let asked = story
        .act(
            &format!("/api/v1/environments/{line}/rollback"),
            &json!({ "back": 1, "reason": "coins are free" }),
        )
        .await?;
    assert_eq!(asked.status, 202, "{}", asked.text());
    story
        .reconcile_until("the end of the operation", |_| stops(&story) == 1)
        .await?;
    story.world.argocd().pace(SECOND, SECOND);
    let back = format!(
        "inactive: cancelled: the environment goes back to {}: stories asked for it",
        &first[..7]
    );
    story
        .reconcile_until("the way back", |_| {
            says(&story, &second).contains(&back) && images(&story).concat().ends_with(&first)
        })
        .await?;
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_sync_window_is_waited_for_with_auto_sync_and_nothing_is_changed_meanwhile()
-> Result<()> {
    let story = story().await?;
    let argocd = story.world.argocd();
    argocd.application("shop", "").auto_sync(false);
    argocd.window("default", WindowKind::Deny, true, false);
    let commit = built(&story, "Add a cart");
    said(
        &story,
        &commit,
        "queued: Argo CD's sync windows hold it back",
    )
    .await?;
    assert_eq!(images(&story), ["ghcr.io/acme/shop:v1"]);
    argocd.open_windows("default", false);
    // Without a person's word the windows are looked at once a minute.
    let line = format!("{}/web/production", story.repository.id());
    let retry = format!("/api/v1/environments/{line}/retry");
    let asked = story.act(&retry, &json!({})).await?;
    assert_eq!(asked.status, 202, "{}", asked.text());
    story.reconcile().await?;
    said(&story, &commit, "success: released and found healthy").await?;
    assert_eq!(images(&story), [format!("ghcr.io/acme/shop:{commit}")]);
    story.world.assert_clean();
    Ok(())
}
