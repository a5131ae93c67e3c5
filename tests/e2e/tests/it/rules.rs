//! Which pull requests get a preview, and for how long.

use anyhow::Result;
use e2e::{Setup, Story};
use world::PullRequest;

async fn configured(more: &str) -> Result<Story> {
    let story = Story::start().await?;
    let text = format!("{}{more}", story.configuration());
    story.repository.write_file(".github/slipway.yml", text);
    Ok(story)
}

async fn ready(story: &Story, pull: &PullRequest) -> Result<String> {
    story.repository.run("CI").for_pull_request(pull).succeed();
    story.comment_with(pull, "✅ Ready").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_into_another_branch_gets_no_preview_until_it_is_retargeted() -> Result<()> {
    let story = configured("      when: { base: [main, 'release/*'] }\n").await?;
    let first = story.repository.open_pull_request("One", "one");
    ready(&story, &first).await?;
    let stacked = story.repository.open_pull_request_onto("one", "Two", "two");
    story
        .repository
        .run("CI")
        .for_pull_request(&stacked)
        .succeed();
    first.retarget("two");
    story
        .comment_with(&first, "pull requests into `two` get none")
        .await?;
    assert_eq!(story.deployments_of(&stacked), 0);
    stacked.retarget("main");
    story.comment_with(&stacked, "✅ Ready").await?;
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_asks_for_no_preview_is_not_deployed_and_the_last_one_stays() -> Result<()> {
    let story = configured("").await?;
    let pull = story.repository.open_pull_request("One", "one");
    ready(&story, &pull).await?;
    let head = pull.push_with_message("Try something [skip preview]");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    let short = head.get(..7).unwrap_or_default();
    let skipped = format!("`{short}` says `[skip preview]`");
    story.comment_with(&pull, &skipped).await?;
    assert_eq!(story.deployments_of(&pull), 1);
    assert_eq!(story.world.preview_of(&pull).await?.status, 200);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_that_nobody_uses_goes_and_a_label_brings_it_back() -> Result<()> {
    let story = configured("      ttl: 8s\n").await?;
    let pull = story.repository.open_pull_request("One", "one");
    let comment = ready(&story, &pull).await?;
    assert!(comment.contains("8s after the last activity"), "{comment}");
    story.comment_with(&pull, "nothing happened for 8s").await?;
    story
        .until("the removal", |_| {
            !story.application().has_preview(pull.number())
        })
        .await?;
    pull.label("please");
    story.comment_with(&pull, "✅ Ready").await?;
    assert_eq!(story.deployments_of(&pull), 2);
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_with_another_status_than_expected_is_told() -> Result<()> {
    let story = Story::start().await?;
    let text = story
        .configuration()
        .replace("attempts: 10", "status: 204, attempts: 2");
    story.repository.write_file(".github/slipway.yml", text);
    let pull = story.repository.open_pull_request("One", "one");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story
        .comment_with(&pull, "❌ Not healthy: `200 OK, expected 204`")
        .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_that_changes_nothing_of_the_service_gets_no_preview_until_it_does()
-> Result<()> {
    let story = Setup::default().as_app().start().await?;
    let text = story
        .configuration()
        .replace("  web:\n", "  web:\n    paths: ['apps/web/**']\n");
    story.repository.write_file(".github/slipway.yml", text);
    let pull = story.repository.open_pull_request("One", "one");
    pull.push_file("docs/cart.md", "Carts");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story
        .until("the check run that says so", |_| {
            let runs = story.repository.check_runs(&pull.head_sha());
            runs.iter().any(|check| {
                check.conclusion.as_deref() == Some("neutral")
                    && check.output["title"]
                        == "No preview: none of its changed files (1) matches apps/web/**"
            })
        })
        .await?;
    assert_eq!(story.deployments_of(&pull), 0);
    assert!(pull.slipway_comment().is_none(), "nothing to tell there");

    pull.push_file("apps/web/cart.rs", "struct Cart;");
    ready(&story, &pull).await?;
    assert_eq!(story.deployments_of(&pull), 1);
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn more_previews_than_the_limit_wait_in_their_order_and_what_is_live_is_never_held_up()
-> Result<()> {
    let story = configured("      when: { limit: 1 }\n").await?;
    let first = story.repository.open_pull_request("One", "one");
    ready(&story, &first).await?;
    let next =
        "Waiting for a place: at most one of its previews is live at a time, and this one is next";
    let second = story.repository.open_pull_request("Two", "two");
    story
        .repository
        .run("CI")
        .for_pull_request(&second)
        .succeed();
    story.comment_with(&second, next).await?;
    let third = story.repository.open_pull_request("Three", "three");
    story
        .repository
        .run("CI")
        .for_pull_request(&third)
        .succeed();
    story
        .comment_with(&third, "and one waits before this one")
        .await?;

    let head = first.push();
    story
        .repository
        .run("CI")
        .for_pull_request(&first)
        .succeed();
    let updated = format!("`{}`", head.get(..7).unwrap_or_default());
    story.comment_with(&first, &updated).await?;
    story.comment_with(&first, "✅ Ready").await?;
    assert_eq!(story.deployments_of(&first), 2);
    let waiting = [&second, &third].map(|pull| story.deployments_of(pull));
    assert_eq!(waiting, [0, 0], "all places are taken");

    first.close();
    story.comment_with(&second, "✅ Ready").await?;
    story.comment_with(&third, next).await?;
    second.merge();
    story.comment_with(&third, "✅ Ready").await?;
    story.world.assert_clean();
    Ok(())
}
