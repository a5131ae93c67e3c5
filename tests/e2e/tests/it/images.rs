//! Images of pull requests that are over: their tags are deleted from the registry, and nothing else is.

use anyhow::Result;
use e2e::{PATIENCE, Setup, Story};
use world::{Effect, Options, PullRequest, World};

/// A classic token of GitHub's.
const CLASSIC: &str = "ghp_classic_of_the_registry";
/// A robot account of Harbor's.
const ROBOT: &str = "robot$slipway:robots-secret";

async fn with_packages(scopes: &[&str]) -> Result<Story> {
    let world = World::start(Options::default()).await?;
    world.github().add_classic_token(CLASSIC, "janitor", scopes);
    world.github().push_image("acme/shop", &["latest"]);
    let url = world.github_url();
    let setup = Setup::default()
        .as_app()
        .variable("registry_url", &url)
        .variable("registry_token", CLASSIC);
    setup.start_in(world).await
}

/// A pull request whose image the build pushed, with these tags too, and that is deployed.
async fn deployed(story: &Story, branch: &str, also: &[&str]) -> Result<PullRequest> {
    let pull = story.repository.open_pull_request("Add a cart", branch);
    let tag = format!("pr-{}", pull.number());
    let mut tags = vec![tag.as_str()];
    tags.extend(also);
    story.world.github().push_image("acme/shop", &tags);
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story.comment_with(&pull, "✅ Ready").await?;
    Ok(pull)
}

fn tags(story: &Story) -> Vec<String> {
    let tags = story.world.github().image_tags("acme/shop");
    tags.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn at_githubs_registry_what_bears_the_tag_alone_is_deleted_after_the_preview() -> Result<()> {
    let story = with_packages(&["read:packages", "delete:packages"]).await?;
    let first = deployed(&story, "one", &[]).await?;
    let second = deployed(&story, "two", &["stable"]).await?;
    first.merge();
    story
        .comment_with(&first, "Its image `ghcr.io/acme/shop:pr-1` was deleted")
        .await?;
    assert_eq!(tags(&story), ["latest", "pr-2", "stable"]);
    let effects = story.world.effects();
    let place = |wanted: fn(&Effect) -> bool| effects.iter().position(wanted);
    let removed = place(|effect| matches!(effect, Effect::PreviewRemoved { .. }));
    let deleted = place(|effect| matches!(effect, Effect::ImageDeleted { .. }));
    assert!(removed.is_some() && removed < deleted, "{effects:?}");

    second.close();
    let stays =
        "The image `ghcr.io/acme/shop:pr-2` stays in the registry: what it names is also `stable`";
    story.comment_with(&second, stays).await?;
    assert_eq!(tags(&story), ["latest", "pr-2", "stable"]);
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_may_not_delete_is_told_of_once() -> Result<()> {
    let story = with_packages(&["read:packages"]).await?;
    let pull = deployed(&story, "one", &[]).await?;
    pull.close();
    story
        .comment_with(&pull, "❌ Its image could not be deleted from the registry")
        .await?;
    let answer = story.reconcile().await?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let journal = story.world.journal();
    let asked = journal
        .iter()
        .filter(|entry| entry.method == "DELETE" && entry.path.contains("/packages/"));
    assert_eq!(asked.count(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_harbor_the_tag_alone_is_deleted() -> Result<()> {
    let world = World::start(Options::default()).await?;
    let harbor = world.harbor();
    harbor.add_robot(ROBOT, &["acme"]);
    harbor.push_image("acme/shop/web", &["pr-1", "latest"]);
    let url = world.harbor_url();
    let setup = Setup::default()
        .variable("registry_url", &url)
        .variable("registry_token", ROBOT);
    let story = setup.start_in(world).await?;
    let host = url.trim_start_matches("http://");
    let image = format!("  web:\n    image: {host}/acme/shop/web\n");
    let configuration = story.configuration().replace("  web:\n", &image);
    story
        .repository
        .write_file(".github/slipway.yml", configuration);
    let pull = story.repository.open_pull_request("Add a cart", "one");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story.comment_with(&pull, "✅ Ready").await?;
    pull.merge();
    let only_latest = |_: &World| harbor.image_tags("acme/shop/web").len() == 1;
    story
        .world
        .until("the deletion of the tag", PATIENCE, only_latest)
        .await?;
    story
        .comment_with(&pull, "acme/shop/web:pr-1` was deleted from the registry")
        .await?;
    story.world.assert_clean();
    Ok(())
}
