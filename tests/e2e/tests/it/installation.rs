//! What the App reaches: repositories that it loses take their previews down, and get them back.

use std::time::Instant;

use anyhow::{Context, Result, bail};
use e2e::{APP, PATIENCE, Setup, Story};
use serde_json::Value;
use world::{Installation, PullRequest, World};

async fn start() -> Result<Story> {
    started(Setup::default()).await
}

/// Slipway as an App, with a look at everything every second.
async fn started(setup: Setup) -> Result<Story> {
    setup.as_app().variable("survey_seconds", "1").start().await
}

fn installation(story: &Story) -> Result<Installation> {
    let mut all = story.world.github().installations();
    all.pop().context("the App is installed")
}

async fn ready(story: &Story, title: &str, branch: &str) -> Result<PullRequest> {
    let pull = story.repository.open_pull_request(title, branch);
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story.comment_with(&pull, "✅ Ready").await?;
    Ok(pull)
}

/// Reconciles until an answer is as it should be, and returns it.
async fn answer_with(story: &Story, what: &str, holds: impl Fn(&Value) -> bool) -> Result<Value> {
    let started = Instant::now();
    loop {
        let answer = story.reconcile().await?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let answer = answer.json();
        if holds(&answer) {
            return Ok(answer);
        }
        if started.elapsed() > PATIENCE {
            bail!("waited for {what} in vain; the last answer: {answer}");
        }
        // The next look is due after a second.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

/// Slipway has looked at its installation, which reaches so many repositories.
async fn known(story: &Story, repositories: u64) -> Result<Value> {
    answer_with(story, "the installation", |answer| {
        answer.pointer("/installations/0/repositories") == Some(&repositories.into())
    })
    .await
}

fn is_gone<'a>(story: &'a Story, pull: &'a PullRequest) -> impl FnMut(&World) -> bool + 'a {
    |_| !story.application().has_preview(pull.number())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_is_known_with_what_it_reaches_also_if_nobody_told_of_it() -> Result<()> {
    let story = start().await?;
    story.world.github().repository("acme/till");
    let answer = known(&story, 2).await?;
    let found = &answer["installations"][0];
    assert_eq!(found["id"], installation(&story)?.id());
    assert_eq!(found["account"], "acme");
    assert_eq!(found["suspended_at"], Value::Null);
    assert_eq!(answer["installations_problem"], Value::Null);
    // One that a delivery tells of is known at once, and looked at with the next reconcile.
    let other = story.world.github().app(APP).install("globex");
    let named = |answer: &Value| {
        let all = answer["installations"].as_array();
        all.is_some_and(|all| {
            all.iter()
                .any(|found| found["id"] == other.id() && found["account"] == "globex")
        })
    };
    answer_with(&story, "the other installation", named).await?;
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_is_taken_from_the_app_loses_its_previews_and_gets_them_back()
-> Result<()> {
    let story = start().await?;
    let till = story.world.github().repository("acme/till");
    let pull = ready(&story, "Add a cart", "feature/cart").await?;
    known(&story, 2).await?;
    installation(&story)?.limit_to(&[&till]);
    story
        .reconcile_until("the removal", is_gone(&story, &pull))
        .await?;
    let lost = answer_with(&story, "the loss", |answer| {
        answer["access_lost"][0].is_object()
    })
    .await?;
    assert_eq!(lost["access_lost"][0]["repository"], "acme/shop");
    assert_eq!(
        lost["access_lost"][0]["reason"],
        "the App's installation does not include the repository any more"
    );
    assert!(pull.is_open(), "it was not closed");
    installation(&story)?.reach_all();
    let back = |_: &World| story.application().has_preview(pull.number());
    story.reconcile_until("the preview is back", back).await?;
    story.comment_with(&pull, "✅ Ready").await?;
    assert_eq!(pull.comments().len(), 1, "the same comment");
    pull.close();
    story
        .reconcile_until("the removal", is_gone(&story, &pull))
        .await?;
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_uninstalled_unheard_takes_all_previews_down_whatever_the_limit()
-> Result<()> {
    let story = started(Setup::default().variable("removal_limit", "1")).await?;
    let mut pulls = Vec::new();
    for branch in ["one", "two", "three"] {
        pulls.push(ready(&story, "Add a cart", branch).await?);
    }
    known(&story, 1).await?;
    story.world.github().webhooks().hold();
    installation(&story)?.delete();
    story.world.github().webhooks().lose_all();
    for pull in &pulls {
        story
            .reconcile_until("the removal", is_gone(&story, pull))
            .await?;
    }
    let forgotten = |answer: &Value| answer["installations"] == Value::Array(Vec::new());
    answer_with(&story, "the installation is forgotten", forgotten).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_installation_takes_its_previews_down_until_it_goes_on() -> Result<()> {
    let story = start().await?;
    let pull = ready(&story, "Add a cart", "feature/cart").await?;
    known(&story, 1).await?;
    installation(&story)?.suspend();
    story
        .reconcile_until("the removal", is_gone(&story, &pull))
        .await?;
    let answer = story.reconcile().await?.json();
    assert!(
        answer["installations"][0]["suspended_at"].is_string(),
        "{answer}"
    );
    installation(&story)?.unsuspend();
    let back = |_: &World| story.application().has_preview(pull.number());
    story.reconcile_until("the preview is back", back).await?;
    story.comment_with(&pull, "✅ Ready").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_roster_that_shrinks_without_an_event_is_held_back_until_a_person_allows_it() -> Result<()>
{
    let story = started(Setup::default().variable("removal_limit", "0")).await?;
    let till = story.world.github().repository("acme/till");
    let pull = ready(&story, "Add a cart", "feature/cart").await?;
    known(&story, 2).await?;
    story.world.github().webhooks().hold();
    installation(&story)?.limit_to(&[&till]);
    story.world.github().webhooks().lose_all();
    story.world.github().webhooks().release();
    let held = |answer: &Value| answer["installations"][0]["held_back"].is_string();
    let answer = answer_with(&story, "what is held back", held).await?;
    assert_eq!(
        answer["installations"][0]["held_back"],
        "1 repositories are missing from the App's installation without an event that says so: 1 previews would be removed, and \
         removal_limit allows 0 at once"
    );
    assert!(story.application().has_preview(pull.number()));
    let wrong = story.reconcile_asking("?allow_losses=4711").await?;
    assert_eq!(wrong.status, 404, "{}", wrong.text());
    let allowed = format!("?allow_losses={}", installation(&story)?.id());
    assert_eq!(story.reconcile_asking(&allowed).await?.status, 200);
    story
        .reconcile_until("the removal", is_gone(&story, &pull))
        .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_is_renamed_transferred_and_archived_keeps_its_previews() -> Result<()> {
    let story = start().await?;
    let pull = ready(&story, "Add a cart", "feature/cart").await?;
    story.world.github().app(APP).install("globex");
    known(&story, 1).await?;
    story.repository.rename("store");
    story.repository.transfer("globex");
    let moved = |answer: &Value| answer["surveys"][0]["repository"] == "globex/store";
    answer_with(&story, "the new name", moved).await?;
    story.repository.archive();
    let archived = |answer: &Value| answer["archived"] == serde_json::json!(["globex/store"]);
    answer_with(&story, "what is archived", archived).await?;
    assert!(story.application().has_preview(pull.number()));
    assert_eq!(story.deployments_of(&pull), 1, "it was never taken down");
    story.repository.unarchive();
    let unarchived = |answer: &Value| answer["archived"] == serde_json::json!([]);
    answer_with(&story, "that it is not any more", unarchived).await?;
    pull.close();
    story
        .reconcile_until("the removal", is_gone(&story, &pull))
        .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_renamed_keeps_its_previews_under_its_new_name() -> Result<()> {
    let story = Setup::default()
        .as_app()
        .variable("survey_seconds", "600")
        .start()
        .await?;
    let pull = ready(&story, "Add a cart", "feature/cart").await?;
    known(&story, 1).await?;
    story.world.github().rename_account("acme", "acme-corp");
    // No survey is due for long: it is the delivery that has the installation looked at.
    let renamed = |answer: &Value| answer["installations"][0]["account"] == "acme-corp";
    answer_with(&story, "the account's new name", renamed).await?;
    let told = story.world.github().webhooks().all();
    assert!(
        told.iter()
            .any(|delivery| delivery.event == "installation_target")
    );
    let survey = story.reconcile_asking("?survey=now").await?.json();
    assert_eq!(
        survey["surveys"][0]["repository"], "acme-corp/shop",
        "{survey}"
    );
    assert!(story.application().has_preview(pull.number()));
    assert_eq!(story.deployments_of(&pull), 1, "it was never taken down");
    // What comes afterwards is done under the new name.
    pull.push();
    story.repository.run("CI").for_pull_request(&pull).succeed();
    let again = |_: &World| story.deployments_of(&pull) == 2;
    story.reconcile_until("the next deployment", again).await?;
    story.comment_with(&pull, "✅ Ready").await?;
    assert_eq!(pull.comments().len(), 1, "the same comment");
    pull.close();
    story
        .reconcile_until("the removal", is_gone(&story, &pull))
        .await?;
    story.world.assert_clean();
    Ok(())
}
