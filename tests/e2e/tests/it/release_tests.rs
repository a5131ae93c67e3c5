//! An environment whose releases are tested before they go on, on the built components.

use anyhow::Result;
use e2e::{Setup, Story};
use world::{Effect, Fault, Vendor};

use crate::release::{images, said, says};

/// The workflow that the templates give to applications.
const WORKFLOW: &str = include_str!("../../../../templates/github/workflows/e2e.yml");

/// A workflow that a directive starts.
const ANSIBLE: &str = "name: Ansible
on:
  workflow_dispatch:
    inputs:
      playbook: { required: true }
jobs:
  run:
    runs-on: ubuntu-latest
    steps:
      - run: ansible-playbook \"$PLAYBOOK\"
        env:
          PLAYBOOK: ${{ inputs.playbook }}
";

/// Staging, which is tested, and production after it.
async fn story() -> Result<Story> {
    let story = Setup::default().as_app().start().await?;
    let url = story.world.environment_url("shop-staging");
    story
        .repository
        .write_file(".github/workflows/e2e.yml", WORKFLOW);
    story.repository.write_file(
        ".github/slipway.yml",
        format!(
            "version: 1\n\
             build: {{ workflow: CI }}\n\
             services:\n\
             \x20 web:\n\
             \x20   environments:\n\
             \x20     staging:\n\
             \x20       branch: main\n\
             \x20       argocd: {{ application: shop-staging, update: kustomize-image }}\n\
             \x20       url: {url}\n\
             \x20       test: e2e.yml\n\
             \x20     production:\n\
             \x20       after: [staging]\n\
             \x20       argocd: {{ application: shop, update: kustomize-image }}\n"
        ),
    );
    for application in ["shop", "shop-staging"] {
        story
            .world
            .argocd()
            .application(application, "ghcr.io/acme/shop:v1");
    }
    Ok(story)
}

/// How often the workflow was started.
fn started(story: &Story) -> usize {
    let effects = story.world.effects();
    effects
        .iter()
        .filter(|effect| matches!(effect, Effect::WorkflowDispatched { .. }))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_live_in_staging_goes_on_only_when_its_test_succeeded() -> Result<()> {
    let story = story().await?;
    // Of the first start the answer is lost, so the run is found by its title.
    story
        .world
        .fault(Vendor::GitHub)
        .on("POST", "/dispatches")
        .once()
        .is(Fault::DropAnswer);
    let first = story.repository.push("main", "Add a cart");
    story.repository.run("CI").for_commit(&first).succeed();
    story.until("the test", |_| started(&story) == 1).await?;
    let dispatched = &story.repository.dispatches()[0];
    assert_eq!(dispatched.workflow, "e2e.yml");
    assert_eq!(dispatched.inputs["commit"], first);
    let url = story.world.environment_url("shop-staging");
    assert_eq!(dispatched.inputs["url"], url);
    said(&story, &first, "queued: e2e.yml tests staging").await?;
    let run = story.repository.runs().into_iter().last();
    let run = run.expect("the run of the test");
    run.fail();
    let failed = "queued: not tested well in staging: e2e.yml did not succeed";
    story
        .reconcile_until("the failure", |_| says(&story, &first).contains(failed))
        .await?;
    assert_eq!(images(&story), ["ghcr.io/acme/shop:v1"]);
    // Somebody runs it again on GitHub.
    run.rerun();
    run.succeed();
    said(&story, &first, "success: released and found healthy").await?;
    assert_eq!(images(&story), [format!("ghcr.io/acme/shop:{first}")]);
    assert_eq!(started(&story), 1);

    let second = story.repository.push("main", "Add a till");
    story.repository.run("CI").for_commit(&second).succeed();
    said(&story, &second, "queued: e2e.yml tests staging").await?;
    story
        .until("the second test", |_| started(&story) == 2)
        .await?;
    let run = story.repository.runs().into_iter().last();
    run.expect("the run of the second test").succeed();
    said(&story, &second, "success: released and found healthy").await?;
    assert_eq!(started(&story), 2);
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directive_in_a_commit_on_a_tracked_branch_starts_its_workflow_once() -> Result<()> {
    let story = story().await?;
    let configuration = story.repository.file_on("main", ".github/slipway.yml");
    story
        .repository
        .write_file(".github/workflows/ansible.yml", ANSIBLE);
    story.repository.write_file(
        ".github/slipway.yml",
        format!(
            "{}directives: {{ ansible: {{ workflow: ansible.yml, input: playbook }} }}\n",
            configuration.unwrap_or_default()
        ),
    );
    // Nothing runs for a branch that no environment tracks, and nothing that a shell would read is passed on.
    story
        .repository
        .push("feature", "Try it [ansible site.yml]");
    story.repository.push("main", "Break in [ansible $(id)]");
    story
        .repository
        .push("main", "Move it\n\n[ansible site.yml -l web]");
    story.until("the start", |_| started(&story) == 1).await?;
    let dispatched = &story.repository.dispatches()[0];
    assert_eq!(dispatched.workflow, "ansible.yml");
    assert_eq!(dispatched.inputs["playbook"], "site.yml -l web");
    // GitHub sends the deliveries once more, as somebody may ask of it.
    let webhooks = story.world.github().webhooks();
    let url = format!("{}/webhooks/github", story.slipway.url);
    for delivery in webhooks.all() {
        webhooks.redeliver(&delivery.guid, &url).await;
    }
    story.reconcile().await?;
    assert_eq!(started(&story), 1);
    let refused = "ansible is not started: the value of playbook has characters";
    let log = story.slipway.log();
    assert!(log.iter().any(|line| line.contains(refused)), "{log:#?}");
    story.world.assert_clean();
    Ok(())
}
