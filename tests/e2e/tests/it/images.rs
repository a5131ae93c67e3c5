//! Images of pull requests: their tags stay for a day after the end. What is deleted then, and what is refused, is told by the stories of
//! `domain::preview` and of `vendors::registry`, since no test waits for a day.

use anyhow::Result;
use e2e::Setup;
use world::{Effect, Options, World};

/// A classic token of GitHub's.
const CLASSIC: &str = "ghp_classic_of_the_registry";

#[tokio::test(flavor = "multi_thread")]
async fn the_image_of_a_merged_pull_request_stays_for_a_day_while_its_preview_goes() -> Result<()> {
    let world = World::start(Options::default()).await?;
    let github = world.github();
    github.add_classic_token(CLASSIC, "janitor", &["read:packages", "delete:packages"]);
    github.push_image("acme/shop", &["latest"]);
    let url = world.github_url();
    let setup = Setup::default()
        .as_app()
        .variable("registry_url", &url)
        .variable("registry_token", CLASSIC);
    let story = setup.start_in(world).await?;
    let pull = story.repository.open_pull_request("Add a cart", "one");
    github.push_image("acme/shop", &["pr-1"]);
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story.comment_with(&pull, "✅ Ready").await?;
    pull.merge();
    story.comment_with(&pull, "its preview was removed").await?;
    let answer = story.reconcile().await?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let effects = story.world.effects();
    let removed = |effect: &Effect| matches!(effect, Effect::PreviewRemoved { .. });
    assert!(effects.iter().any(removed), "{effects:?}");
    let tags: Vec<String> = github.image_tags("acme/shop").into_iter().collect();
    assert_eq!(tags, ["latest", "pr-1"]);
    let journal = story.world.journal();
    let asked = journal
        .iter()
        .filter(|entry| entry.path.contains("/packages/"));
    assert_eq!(asked.count(), 0, "the registry is asked nothing before");
    story.world.assert_clean();
    Ok(())
}
