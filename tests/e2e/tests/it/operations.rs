//! Operations that people start, on the built components.

use std::time::Instant;

use anyhow::{Result, bail};
use e2e::{PATIENCE, Setup, Story};
use serde_json::{Value, json};
use world::{Fault, Vendor};

/// A workflow that an operation starts.
const MIGRATION: &str = "name: Database
on:
  workflow_dispatch:
    inputs:
      command:
        type: choice
        required: true
        options: [migrate, rollback, status]
jobs:
  run:
    runs-on: ubuntu-latest
    steps:
      - run: ./migrate \"$COMMAND\"
        env:
          COMMAND: ${{ inputs.command }}
";

/// A repository with two operations, of whose workflows one cannot be started by hand, once Slipway knows them.
async fn story() -> Result<Story> {
    let story = Setup::default().as_app().start().await?;
    for (file, text) in [
        ("db-migration.yml", MIGRATION),
        ("restart.yml", "name: Restart\non: push\njobs: {}\n"),
    ] {
        story
            .repository
            .write_file(&format!(".github/workflows/{file}"), text);
    }
    let configuration = story.configuration();
    story.repository.write_file(
        ".github/slipway.yml",
        format!(
            "{configuration}operations:\n\
             \x20 db-migrate: {{ workflow: db-migration.yml, inputs: {{ command: [migrate, rollback, status] }} }}\n\
             \x20 restart: {{ workflow: restart.yml }}\n"
        ),
    );
    story.repository.push("main", "Begin");
    let path = operations(&story);
    let started = Instant::now();
    loop {
        story.reconcile().await?;
        let known = story.api("GET", &path).await?;
        let first = known.json().pointer("/operations/0/name").cloned();
        if first == Some("db-migrate".into()) {
            return Ok(story);
        }
        if started.elapsed() > PATIENCE {
            bail!("the operations are not known: {}", known.text());
        }
    }
}

fn operations(story: &Story) -> String {
    format!("/api/v1/repositories/{}/operations", story.repository.id())
}

/// Starts an operation and returns what it is known by.
async fn start(story: &Story, operation: &str, body: &Value) -> Result<String> {
    let path = format!("{}/{operation}", operations(story));
    let answer = story.act(&path, body).await?;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let run = answer.json().get("id").cloned().unwrap_or_default();
    Ok(run.as_str().unwrap_or_default().to_owned())
}

/// The operation once it stands like this, brought on by an impatient scheduler.
async fn that_is(story: &Story, run: &str, state: &str) -> Result<Value> {
    let path = format!("/api/v1/operations/{}/{run}", story.repository.id());
    let started = Instant::now();
    loop {
        let answer = story.api("GET", &path).await?;
        if answer.json().get("state") == Some(&state.into()) {
            return Ok(answer.json());
        }
        if started.elapsed() > PATIENCE {
            let log = story.slipway.log().join("\n");
            bail!("{run} is not {state}: {}\n{log}", answer.text());
        }
        story.reconcile().await?;
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_runs_its_workflow_once_with_inputs_that_are_allowed() -> Result<()> {
    let story = story().await?;
    let path = format!("{}/db-migrate", operations(&story));
    let refused = story
        .act(&path, &json!({ "inputs": { "command": "drop" } }))
        .await?;
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.json()["detail"],
        "db-migrate is not started: command may be migrate, rollback or status"
    );
    let run = start(
        &story,
        "db-migrate",
        &json!({ "inputs": { "command": "migrate" } }),
    )
    .await?;
    that_is(&story, &run, "running").await?;
    let dispatches = story.repository.dispatches();
    assert_eq!(dispatches.len(), 1, "{dispatches:?}");
    assert_eq!(dispatches[0].workflow, "db-migration.yml");
    assert_eq!(dispatches[0].inputs["command"], "migrate");
    let on_github = story.repository.runs().into_iter().last();
    on_github.expect("its run").succeed();
    let shown = that_is(&story, &run, "succeeded").await?;
    let url = shown["run_url"].as_str().unwrap_or_default();
    assert!(
        url.ends_with(&format!("/runs/{}", dispatches[0].run)),
        "{shown}"
    );
    assert_eq!(shown["by"], "stories");
    let audit = story.api("GET", "/api/v1/audit?act=operate").await?.json();
    let noted = audit["acts"].as_array().map_or(0, Vec::len);
    assert_eq!(noted, 1, "a request that makes no sense is no act: {audit}");
    assert_eq!(audit["acts"][0]["said"], "db-migrate command=migrate");
    assert_eq!(story.repository.dispatches().len(), 1);
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_lost_answer_the_run_is_found_and_a_workflow_that_cannot_be_started_is_refused()
-> Result<()> {
    let story = story().await?;
    story
        .world
        .fault(Vendor::GitHub)
        .on("POST", "/dispatches")
        .once()
        .is(Fault::DropAnswer);
    let run = start(
        &story,
        "db-migrate",
        &json!({ "inputs": { "command": "status" } }),
    )
    .await?;
    that_is(&story, &run, "running").await?;
    assert_eq!(
        story.repository.dispatches().len(),
        1,
        "it is never started twice"
    );
    let on_github = story.repository.runs().into_iter().last();
    on_github.expect("its run").fail();
    let failed = that_is(&story, &run, "failed").await?;
    assert_eq!(failed["reason"], "its run did not succeed");

    let run = start(&story, "restart", &json!({})).await?;
    let refused = that_is(&story, &run, "refused").await?;
    let reason = refused["reason"].as_str().unwrap_or_default();
    assert!(
        reason.contains("The workflow must have `workflow_dispatch` among its triggers"),
        "{reason}"
    );
    story.reconcile().await?;
    let asked = story.slipway.log();
    let asked = asked
        .iter()
        .filter(|line| line.contains("could not start an operation"));
    assert_eq!(asked.count(), 2, "the lost answer, and the refusal once");
    story.world.assert_clean();
    Ok(())
}
