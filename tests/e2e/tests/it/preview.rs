//! One pull request from opening to merge, and its variations.

use anyhow::Result;
use e2e::{Setup, Story};

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_gets_a_preview_and_one_comment_and_merging_it_removes_everything()
-> Result<()> {
    let story = Story::start().await?;
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    story.comment_with(&pull, "Waiting for `CI` to run").await?;
    let run = story.repository.run("CI").for_pull_request(&pull).start();
    story.comment_with(&pull, "Building").await?;
    run.succeed();
    let comment = story.comment_with(&pull, "✅ Ready").await?;
    let url = story
        .world
        .preview_url_template()
        .replace("{number}", &pull.number().to_string());
    assert!(
        comment.contains(&url),
        "the comment names the preview's URL {url}: {comment}"
    );
    let seen = story.world.preview_of(&pull).await?;
    assert_eq!((seen.status, seen.tag.as_deref()), (200, Some("pr-1")));
    assert_eq!(story.deployments_of(&pull), 1);

    pull.merge();
    story
        .comment_with(&pull, "was merged: its preview was removed")
        .await?;
    assert!(
        !story.application().has_preview(pull.number()),
        "Coolify holds nothing any more"
    );
    assert_eq!(
        pull.comments().len(),
        1,
        "one comment, edited through all stages"
    );
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_supersedes_what_was_there() -> Result<()> {
    let story = Story::start().await?;
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story.comment_with(&pull, "✅ Ready").await?;
    let head = pull.push();
    story.comment_with(&pull, "Waiting for `CI`").await?;
    story.repository.run("CI").for_pull_request(&pull).succeed();
    let short = head.get(..7).unwrap_or_default().to_owned();
    let comment = story.comment_with(&pull, &format!("| `{short}` |")).await?;
    assert!(
        comment.contains("Deploying") || comment.contains("Ready") || comment.contains("Started"),
        "{comment}"
    );
    story.comment_with(&pull, "✅ Ready").await?;
    assert_eq!(story.deployments_of(&pull), 2, "one for each commit");
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_and_reopening_brings_the_preview_back() -> Result<()> {
    let story = Story::start().await?;
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story.comment_with(&pull, "✅ Ready").await?;
    pull.close();
    story
        .comment_with(&pull, "was closed: its preview was removed")
        .await?;
    pull.reopen();
    story.comment_with(&pull, "✅ Ready").await?;
    assert_eq!(story.world.preview_of(&pull).await?.status, 200);
    assert_eq!(pull.comments().len(), 1);
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_build_is_shown_with_its_link_and_a_rerun_mends_it() -> Result<()> {
    let story = Story::start().await?;
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    let run = story.repository.run("CI").for_pull_request(&pull).fail();
    let comment = story.comment_with(&pull, "Build failed").await?;
    assert!(
        comment.contains(&format!("actions/runs/{}", run.id())),
        "{comment}"
    );
    run.rerun();
    run.succeed();
    story.comment_with(&pull, "✅ Ready").await?;
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_gets_nothing_and_no_comment() -> Result<()> {
    let story = Story::start().await?;
    let pull = story
        .repository
        .open_pull_request_from_fork("mallory", "Free coins", "main");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    let own = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    story.repository.run("CI").for_pull_request(&own).succeed();
    story.comment_with(&own, "✅ Ready").await?;
    assert_eq!(story.deployments_of(&pull), 0);
    assert!(pull.comments().is_empty(), "{:?}", pull.comments());
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_configuration_is_told_in_the_comment() -> Result<()> {
    let story = Story::start().await?;
    story.repository.write_file(
        ".github/slipway.yml",
        "version: 1\nbuild: { workflow: CI }\nservice: {}\n",
    );
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    let comment = story.comment_with(&pull, "slipway.yml").await?;
    assert!(
        comment.contains("line 3, column 1: found the key \"service\""),
        "{comment}"
    );
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_between_requests_in_an_instance() -> Result<()> {
    let story = Setup::default().single_use().start().await?;
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story.comment_with(&pull, "✅ Ready").await?;
    pull.merge();
    story.comment_with(&pull, "its preview was removed").await?;
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_repository_and_many_pull_requests_at_once_are_kept_apart() -> Result<()> {
    let story = Story::start().await?;
    let pulls: Vec<_> = (0..6)
        .map(|number| {
            story
                .repository
                .open_pull_request(&format!("Change {number}"), &format!("change-{number}"))
        })
        .collect();
    story.repository.rename("shop-two");
    for pull in &pulls {
        story.repository.run("CI").for_pull_request(pull).succeed();
    }
    for pull in &pulls {
        story.comment_with(pull, "✅ Ready").await?;
        assert_eq!(
            story.deployments_of(pull),
            1,
            "pull request {}",
            pull.number()
        );
        assert_eq!(pull.comments().len(), 1);
    }
    story.world.assert_clean();
    Ok(())
}
