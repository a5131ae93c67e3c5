//! Vendors that refuse, fail, lie and lose their answers.

use anyhow::Result;
use e2e::Story;
use world::{Effect, Fault, Vendor};

/// An open pull request whose image is built.
async fn built(story: &Story) -> Result<world::PullRequest> {
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    story.comment_with(&pull, "Waiting for `CI`").await?;
    story.repository.run("CI").for_pull_request(&pull).succeed();
    Ok(pull)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_whose_answer_is_lost_is_found_and_not_asked_for_twice() -> Result<()> {
    let story = Story::start().await?;
    story
        .world
        .fault(Vendor::Coolify)
        .on("POST", "/deploy")
        .once()
        .is(Fault::DropAnswer);
    let pull = built(&story).await?;
    story.comment_with(&pull, "✅ Ready").await?;
    assert_eq!(story.deployments_of(&pull), 1);
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_200_that_is_a_refusal_is_shown_as_one() -> Result<()> {
    let story = Story::start().await?;
    story.application().built_from_git();
    let pull = built(&story).await?;
    let comment = story.comment_with(&pull, "❌").await?;
    assert!(
        comment.contains("Docker Image"),
        "the comment says what would be right: {comment}"
    );
    assert_eq!(story.deployments_of(&pull), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phantom_deployment_is_not_believed() -> Result<()> {
    let story = Story::start().await?;
    // Somebody deploys the same tag by hand just before: Coolify answers 200 with a uuid that it never stored.
    let coolify = story.world.coolify();
    coolify.pace(world::Pace::ByHand);
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    story.comment_with(&pull, "Waiting for `CI`").await?;
    let token = story.world.options().coolify_token.clone();
    let url = format!(
        "{}/api/v1/deploy?uuid={}&pull_request_id={}&docker_tag=pr-{}",
        story.world.coolify_url(),
        story.application().uuid(),
        pull.number(),
        pull.number()
    );
    let headers = [("authorization".to_owned(), format!("Bearer {token}"))];
    let by_hand = world::send("POST", &url, &headers, Vec::new(), e2e::PATIENCE).await?;
    assert_eq!(by_hand.status, 200, "{}", by_hand.text());
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story
        .comment_with(&pull, "Waiting for another deployment")
        .await?;
    let phantom = |effect: &Effect| matches!(effect, Effect::PhantomAnswered { .. });
    assert!(
        story.world.effects().iter().any(phantom),
        "{:?}",
        story.world.effects()
    );
    coolify.pace(world::Pace::ByPolling);
    story.comment_with(&pull, "✅ Ready").await?;
    assert_eq!(story.deployments_of(&pull), 2, "theirs, and then ours");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn finished_is_not_healthy() -> Result<()> {
    let story = Story::start().await?;
    story.world.coolify().sick_image("pr-1");
    let pull = built(&story).await?;
    story.comment_with(&pull, "checking its health").await?;
    let comment = story.comment_with(&pull, "❌ Not healthy").await?;
    assert!(
        comment.contains("502"),
        "the last answer is shown: {comment}"
    );
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_deployment_is_shown() -> Result<()> {
    let story = Story::start().await?;
    story.world.coolify().lacks_image("pr-1");
    let pull = built(&story).await?;
    story.comment_with(&pull, "❌ Failed").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn vendors_that_are_down_for_a_while_delay_and_lose_nothing() -> Result<()> {
    let story = Story::start().await?;
    story
        .world
        .fault(Vendor::GitHub)
        .on("GET", "/contents/")
        .times(2)
        .is(Fault::Status(502));
    story
        .world
        .fault(Vendor::Coolify)
        .on("POST", "/deploy")
        .once()
        .is(Fault::Close);
    story
        .world
        .fault(Vendor::GitHub)
        .on("POST", "/comments")
        .once()
        .is(Fault::SecondaryRateLimit(1));
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story.comment_with(&pull, "✅ Ready").await?;
    assert_eq!(story.deployments_of(&pull), 1);
    assert_eq!(pull.comments().len(), 1);
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_conversation_does_not_hold_up_the_preview() -> Result<()> {
    let story = Story::start().await?;
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    pull.lock();
    story.repository.run("CI").for_pull_request(&pull).succeed();
    let application = story.application();
    story
        .until("the preview", |_| {
            application.container(pull.number()).is_some()
        })
        .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_told_by_name() -> Result<()> {
    let story = e2e::Setup::default()
        .variable("coolify_token", "2|wrong")
        .start()
        .await?;
    let pull = built(&story).await?;
    let comment = story.comment_with(&pull, "❌").await?;
    assert!(comment.contains("coolify_token"), "{comment}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_that_somebody_removed_by_hand_counts_as_removed() -> Result<()> {
    let story = Story::start().await?;
    let pull = built(&story).await?;
    story.comment_with(&pull, "✅ Ready").await?;
    let url = format!(
        "{}/api/v1/applications/{}/previews/{}",
        story.world.coolify_url(),
        story.application().uuid(),
        pull.number()
    );
    let token = story.world.options().coolify_token.clone();
    let headers = [("authorization".to_owned(), format!("Bearer {token}"))];
    world::send("DELETE", &url, &headers, Vec::new(), e2e::PATIENCE).await?;
    pull.close();
    story.comment_with(&pull, "its preview was removed").await?;
    Ok(())
}
