//! Production's variables in previews: people are told the keys, and nobody any value.

use anyhow::{Context, Result};
use e2e::{Setup, Story};
use world::{CheckRun, PullRequest};

/// A value of production's that must be nowhere.
const SECRET: &str = "postgres://production:hunter22@db";

/// A story on an application whose previews have one variable of production's, one of their own, and lack one.
async fn story_with_token(abilities: &[&str]) -> Result<Story> {
    let world = world::World::start(world::Options::default()).await?;
    let token = world.coolify().token_with(abilities);
    let setup = Setup::default().as_app().variable("coolify_token", &token);
    let mut story = setup.start_in(world).await?;
    story.discretion.guards(SECRET);
    let application = story.application();
    for key in ["DATABASE_URL", "MAIL_URL", "STRIPE_KEY"] {
        application.variable(key, SECRET);
    }
    application.preview_variable("MAIL_URL", "smtp://catcher");
    application.delete_preview_variable("STRIPE_KEY");
    Ok(story)
}

async fn deployed(story: &Story, pull: &PullRequest) -> Result<CheckRun> {
    story.repository.run("CI").for_pull_request(pull).succeed();
    let ready = |check: &CheckRun| check.conclusion.as_deref() == Some("success");
    let check = || {
        let checks = story.repository.check_runs(&pull.head_sha());
        checks.into_iter().find(ready)
    };
    story
        .until("a check run that succeeded", |_| check().is_some())
        .await?;
    check().context("the check run is gone")
}

fn reads(story: &Story) -> usize {
    let journal = story.world.journal();
    let of_variables = journal.iter().filter(|entry| entry.path.ends_with("/envs"));
    of_variables.count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_run_names_what_previews_share_with_production() -> Result<()> {
    let story = story_with_token(&["read", "read:sensitive", "write", "deploy"]).await?;
    let pull = story.repository.open_pull_request("Add a cart", "cart");
    let check = deployed(&story, &pull).await?;
    assert_eq!(
        check.output["title"],
        "Ready, with variables of production's"
    );
    let summary = check.output["summary"].as_str().unwrap_or_default();
    assert!(
        summary.contains("production's: `DATABASE_URL`, `STRIPE_KEY`."),
        "{summary}"
    );
    let path = format!(
        "/api/v1/decisions?repository={}&pull_request={}",
        story.repository.id(),
        pull.number()
    );
    let decisions = story.api("GET", &path).await?.text();
    assert!(decisions.contains(r#""verdict":"warn""#), "{decisions}");

    // With values of their own the next commit is without a warning; each commit cost one look.
    for key in ["DATABASE_URL", "STRIPE_KEY"] {
        story.application().preview_variable(key, "harmless");
    }
    pull.push();
    let check = deployed(&story, &pull).await?;
    assert_eq!(check.output["title"], "Ready");
    assert_eq!(reads(&story), 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_values_the_times_of_variables_tell_what_was_copied() -> Result<()> {
    let story = story_with_token(&["read", "write", "deploy"]).await?;
    story.application().delete_preview_variable("MAIL_URL");
    let pull = story.repository.open_pull_request("Add a cart", "cart");
    let check = deployed(&story, &pull).await?;
    let summary = check.output["summary"].as_str().unwrap_or_default();
    assert!(
        summary.contains("by their times") && summary.contains("`DATABASE_URL`, `MAIL_URL`"),
        "{summary}"
    );
    assert_eq!(reads(&story), 1);
    Ok(())
}
