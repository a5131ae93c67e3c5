//! What GitHub shows of a preview beside the comment: a check run with buttons, and a deployment.

use anyhow::{Context, Result};
use e2e::{APP, Setup, Story};
use world::{CheckRun, PullRequest};

/// The one check run of the preview on the head commit.
fn check(story: &Story, pull: &PullRequest) -> Option<CheckRun> {
    let runs = story.repository.check_runs(&pull.head_sha());
    let mut own = runs
        .into_iter()
        .filter(|check| check.name == "Slipway preview");
    let first = own.next();
    assert!(own.next().is_none(), "one check run for each head commit");
    first
}

async fn check_that(
    story: &Story,
    pull: &PullRequest,
    what: &str,
    is: impl Fn(&CheckRun) -> bool,
) -> Result<CheckRun> {
    let waited = story
        .until(what, |_| check(story, pull).is_some_and(|check| is(&check)))
        .await;
    waited.with_context(|| format!("the check run: {:?}", check(story, pull)))?;
    check(story, pull).context("the check run is gone")
}

fn succeeded(check: &CheckRun) -> bool {
    check.conclusion.as_deref() == Some("success")
}

/// The newest state of each deployment, oldest first.
fn deployments(story: &Story, pull: &PullRequest) -> Vec<String> {
    let environment = format!("preview-pr-{}", pull.number());
    let all = story.repository.deployments_to(&environment);
    all.iter().map(world::GitHubDeployment::says).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_run_and_a_deployment_follow_the_preview_to_its_end() -> Result<()> {
    let story = Setup::default().as_app().start().await?;
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    let waiting = check_that(&story, &pull, "a check run that waits", |check| {
        check.status == "queued"
    })
    .await?;
    assert_eq!(waiting.output["title"], "Waiting for the build");
    story
        .until("a deployment", |_| deployments(&story, &pull) == [""])
        .await?;
    story.repository.run("CI").for_pull_request(&pull).succeed();
    let ready = check_that(&story, &pull, "a check run that succeeded", succeeded).await?;
    let url = story
        .world
        .preview_url_template()
        .replace("{number}", &pull.number().to_string());
    assert_eq!(ready.id, waiting.id);
    assert_eq!(ready.details_url.as_deref(), Some(url.as_str()));
    assert_eq!(ready.buttons, ["redeploy", "remove"]);
    let live = ["success: deployed and found healthy"];
    story
        .until("a live deployment", |_| deployments(&story, &pull) == live)
        .await?;
    let environment = format!("preview-pr-{}", pull.number());
    let shown = story.repository.deployments_to(&environment);
    let shown = shown.first().context("a deployment")?;
    assert!(shown.transient && !shown.production);
    let status = shown.statuses.last().context("a status")?;
    assert_eq!(status.environment_url.as_deref(), Some(url.as_str()));
    assert!(status.log_url.is_some(), "{status:?}");

    pull.merge();
    story.comment_with(&pull, "was merged").await?;
    let over = ["inactive: the pull request is closed"];
    story
        .until("an inactive deployment", |_| {
            deployments(&story, &pull) == over
        })
        .await?;
    assert!(check(&story, &pull).is_some_and(|check| succeeded(&check)));
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn buttons_deploy_again_and_remove_for_those_who_may_write() -> Result<()> {
    let story = Setup::default().as_app().start().await?;
    story.repository.give_role("grace", "write");
    story.repository.give_role("mallory", "triage");
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    let ready = check_that(&story, &pull, "a check run that succeeded", succeeded).await?;
    assert_eq!(story.deployments_of(&pull), 1);

    story.repository.press(ready.id, "remove", "mallory");
    story
        .comment_with(&pull, "`mallory` asked for something")
        .await?;
    assert!(story.application().has_preview(pull.number()));

    story.repository.press(ready.id, "redeploy", "grace");
    story
        .until("another deployment", |_| story.deployments_of(&pull) == 2)
        .await?;
    check_that(&story, &pull, "success once more", succeeded).await?;

    story.repository.press(ready.id, "remove", "grace");
    let removed = check_that(&story, &pull, "a check run that says so", |check| {
        check.output["title"] == "No preview: grace asked for its removal"
    })
    .await?;
    assert_eq!(removed.conclusion.as_deref(), Some("neutral"));
    assert_eq!(removed.buttons, ["redeploy"]);
    assert!(!story.application().has_preview(pull.number()));

    assert_eq!(
        on_github(&story).await?,
        [
            "mallory preview-remove refused",
            "grace redeploy allowed",
            "grace preview-remove allowed",
        ]
    );

    pull.push();
    story.repository.run("CI").for_pull_request(&pull).succeed();
    check_that(&story, &pull, "a preview of the next push", succeeded).await?;
    story.world.assert_clean();
    Ok(())
}

/// What the audit knows of acts on GitHub's own pages, the oldest first: `grace redeploy allowed`.
pub(crate) async fn on_github(story: &Story) -> Result<Vec<String>> {
    assert_eq!(story.reconcile().await?.status, 200);
    let audit = story.api("GET", "/api/v1/audit").await?.json();
    let acts = audit.get("acts").and_then(|acts| acts.as_array());
    let of = |act: &serde_json::Value, field: &str| {
        let text = act.get(field).and_then(|text| text.as_str());
        text.unwrap_or_default().to_owned()
    };
    let on_github = acts.into_iter().flatten().rev();
    let on_github = on_github.filter(|act| of(act, "via") == "github");
    let told = on_github.map(|act| {
        ["by", "act", "outcome"]
            .map(|field| of(act, field))
            .join(" ")
    });
    Ok(told.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn where_check_runs_are_refused_previews_go_on() -> Result<()> {
    // A plain token may make none, and is not even used to try.
    let story = Story::start().await?;
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story.comment_with(&pull, "✅ Ready").await?;
    let live = ["success: deployed and found healthy"];
    story
        .until("a live deployment", |_| deployments(&story, &pull) == live)
        .await?;
    assert!(check(&story, &pull).is_none());
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn deployments_of_a_long_series_of_pushes_are_deleted_from_github() -> Result<()> {
    let story = Setup::default().as_app().start().await?;
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    let live = "success: deployed and found healthy";
    let is_live = |shown: &str| shown == live;
    let environment = format!("preview-pr-{}", pull.number());
    for _ in 0..8 {
        let head = pull.push();
        story.repository.run("CI").for_pull_request(&pull).succeed();
        let shows_it = |_: &world::World| {
            let shown = story.repository.deployments_to(&environment);
            let last = shown.last();
            last.is_some_and(|last| last.sha == head && is_live(&last.says()))
        };
        story
            .until("a live deployment of the push", shows_it)
            .await?;
    }
    let is_swept = |_: &world::World| deployments(&story, &pull).len() <= 2;
    story.reconcile_until("few deployments", is_swept).await?;
    let left = deployments(&story, &pull);
    assert_eq!(left.iter().filter(|shown| is_live(shown)).count(), 1);
    assert_eq!(left.last().map(String::as_str), Some(live));
    let journal = story.world.journal();
    let deleted =
        |entry: &&world::Entry| entry.method == "DELETE" && entry.path.contains("/deployments/");
    assert!(journal.iter().filter(deleted).count() >= 6, "{left:?}");
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_comments_of_slipways_one_is_left() -> Result<()> {
    let story = Setup::default().as_app().start().await?;
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    let waiting = story.comment_with(&pull, "Waiting for `CI`").await?;
    let own = pull.slipway_comment().context("the comment")?;
    // Somebody deletes it, and two others of ours appear, as two installations of before would leave them.
    pull.delete_comment(own.id);
    let bot = format!("{APP}[bot]");
    let oldest = pull.comment_by_bot(&bot, &waiting);
    pull.comment_by_bot(&bot, &waiting);
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story.comment_with(&pull, "✅ Ready").await?;
    let left: Vec<u64> = pull.comments().iter().map(|comment| comment.id).collect();
    assert_eq!(left, [oldest]);
    story.world.assert_clean();
    Ok(())
}
