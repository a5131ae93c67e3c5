//! Jobs on GitHub that wait before they deploy to a protected environment, on the built components.

use anyhow::Result;
use e2e::{Setup, Story};
use serde_json::json;
use world::WaitingJob;

use crate::release::said;

/// Production, which one person has to approve.
async fn story() -> Result<Story> {
    let story = Setup::default().as_app().start().await?;
    story.repository.write_file(
        ".github/slipway.yml",
        "version: 1\n\
         build: { workflow: CI }\n\
         services:\n\
         \x20 web:\n\
         \x20   environments:\n\
         \x20     production:\n\
         \x20       branch: main\n\
         \x20       approvals: 1\n\
         \x20       argocd: { application: shop, update: kustomize-image }\n",
    );
    story
        .world
        .argocd()
        .application("shop", "ghcr.io/acme/shop:v1");
    Ok(story)
}

fn job(story: &Story, number: usize) -> WaitingJob {
    let jobs = story.repository.waiting_jobs();
    jobs.get(number).cloned().unwrap_or_default()
}

/// Brings everything on until the job is answered, and returns the answer.
async fn answer(story: &Story, number: usize) -> Result<String> {
    story
        .reconcile_until("an answer to the job", |_| {
            job(story, number).answer.is_some()
        })
        .await?;
    let (state, comment) = job(story, number).answer.unwrap_or_default();
    Ok(format!("{state}: {comment}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_would_deploy_waits_for_the_rules_of_its_environment_and_is_answered_once()
-> Result<()> {
    let story = story().await?;
    let first = story.repository.push("main", "Add a cart");
    story.repository.run("CI").for_commit(&first).succeed();
    said(&story, &first, "0 of 1 approvals").await?;
    let deploy = story.repository.run("Deploy").for_commit(&first).start();
    deploy.deploys_to("production");
    story
        .reconcile_until("a word on what is waited for", |_| {
            !job(&story, 0).said.is_empty()
        })
        .await?;
    let short = &first[..7];
    assert_eq!(
        job(&story, 0).said,
        [format!("{short} to production: web: 0 of 1 approvals")]
    );
    let line = format!("{}/web/production", story.repository.id());
    let approve = format!("/api/v1/environments/{line}/approve");
    let approved = story.act(&approve, &json!({ "commit": first })).await?;
    assert_eq!(approved.status, 202, "{}", approved.text());
    let answered = answer(&story, 0).await?;
    assert!(
        answered.starts_with(&format!("approved: {short} to production: web: ")),
        "{answered}"
    );
    said(&story, &first, "success: released").await?;

    // GitHub sends the delivery once more, as somebody may ask of it: nothing is answered again.
    let webhooks = story.world.github().webhooks();
    let url = format!("{}/webhooks/github", story.slipway.url);
    for delivery in webhooks.all() {
        if delivery.event == "deployment_protection_rule" {
            webhooks.redeliver(&delivery.guid, &url).await;
        }
    }
    let second = story.repository.push("main", "Add a till");
    story.repository.run("CI").for_commit(&second).succeed();
    said(&story, &second, "0 of 1 approvals").await?;
    story.act(&approve, &json!({ "commit": second })).await?;
    story.reconcile().await?;
    said(&story, &second, "success: released").await?;

    // Run again by somebody, the older commit is none that may go there any more.
    let late = story.repository.run("Deploy").for_commit(&first).start();
    late.deploys_to("production");
    let answered = answer(&story, 1).await?;
    assert_eq!(
        answered,
        format!(
            "rejected: {short} to production: web: it was live, and something else went there since"
        )
    );
    assert_eq!(job(&story, 0).said.len(), 1);
    story.world.assert_clean();
    Ok(())
}
