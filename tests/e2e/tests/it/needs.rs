//! Previews in order: a service that needs another one begins after it and goes before it.

use anyhow::Result;
use e2e::Story;
use world::{Effect, PullRequest};

/// The application of the service that is needed.
const NEEDED: &str = "shop-api";

/// Two services: `web`, as in every story, needs `api`.
async fn ordered() -> Result<Story> {
    let story = Story::start().await?;
    let application = story.world.coolify().application(NEEDED);
    application.image("ghcr.io/acme/shop");
    let url = |application: &str| {
        let template = story.world.preview_url_template();
        format!("{template}/{application}")
    };
    let web = story.configuration().replace(
        &story.world.preview_url_template(),
        &url(story.application().uuid()),
    );
    let api = format!(
        "  api:\n    preview:\n      coolify: {{ application: {NEEDED}, tag: 'pr-{{number}}' }}\n      url: {}\n      \
         health: {{ path: /, attempts: 3, interval: 1s }}\n",
        url(NEEDED)
    );
    let text = format!("{web}      needs: [api]\n{api}");
    story.repository.write_file(".github/slipway.yml", text);
    Ok(story)
}

/// On which applications Coolify deployed or removed a preview of `pull`, in order.
fn effects(story: &Story, pull: &PullRequest) -> Vec<String> {
    let journal = story.world.journal();
    let effects = journal.iter().flat_map(|entry| &entry.effects);
    let told = |effect: &Effect| {
        if let Effect::DeployRequested {
            application,
            pull_request,
            ..
        } = effect
            && *pull_request == pull.number()
        {
            return Some(format!("deploy {application}"));
        }
        if let Effect::PreviewRemoved {
            application,
            pull_request,
        } = effect
            && *pull_request == pull.number()
        {
            return Some(format!("remove {application}"));
        }
        None
    };
    effects.filter_map(told).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_begins_when_what_it_needs_is_ready_and_is_removed_before_it() -> Result<()> {
    let story = ordered().await?;
    story.world.coolify().sick_image("pr-1");
    let pull = story.repository.open_pull_request("One", "one");
    assert_eq!(pull.number(), 1, "the image that is sick");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story
        .comment_with(
            &pull,
            "Waiting for `api`, which it needs and which is not well",
        )
        .await?;
    assert_eq!(effects(&story, &pull), ["deploy shop-api"]);

    // With the next commit it is well, and then the other one begins.
    story.world.coolify().mend_images();
    pull.push();
    story.repository.run("CI").for_pull_request(&pull).succeed();
    let both = |_: &world::World| {
        let comment = pull.slipway_comment().map(|comment| comment.body);
        comment.is_some_and(|body| body.matches("✅ Ready").count() == 2)
    };
    story.until("both are ready", both).await?;
    let until_then = ["deploy shop-api", "deploy shop-api", "deploy shop-web"];
    assert_eq!(effects(&story, &pull), until_then);

    pull.merge();
    story
        .comment_with(&pull, "was merged: its preview was removed")
        .await?;
    let all = effects(&story, &pull);
    let removed: Vec<&str> = all.iter().skip(3).map(String::as_str).collect();
    assert_eq!(removed, ["remove shop-web", "remove shop-api"]);
    story.world.assert_clean();
    Ok(())
}
