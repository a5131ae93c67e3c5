//! What follows a release outside of GitHub: Slack, signed webhooks and Backstage, on the built components.

use anyhow::{Result, ensure};
use e2e::{PATIENCE, Setup, Story};
use world::{Fault, SlackMessage, Vendor, World};

/// The embedded host as a process of its own.
const HOST: &str = env!("CARGO_BIN_EXE_slipway-host");

/// Furnishes a story with an environment `production` of the application `shop`, which is not taken back by itself.
fn furnish(story: &Story) {
    story.repository.write_file(
        ".github/slipway.yml",
        "version: 1\n\
         build: { workflow: CI }\n\
         services:\n\
         \x20 web:\n\
         \x20   environments:\n\
         \x20     production: { branch: main, argocd: { application: shop, update: kustomize-image } }\n\
         notify: { webhook: audit }\n",
    );
    let argocd = story.world.argocd();
    argocd.application("shop", "ghcr.io/acme/shop:v1");
    let backstage = story.world.backstage();
    backstage.entity("Component:default/Shop-Web", Some("acme/shop"));
    backstage.entity("Component:default/other", Some("acme/other"));
}

/// Pushes a commit and lets its build succeed.
fn release(story: &Story, title: &str) -> String {
    let commit = story.repository.push("main", title);
    story.repository.run("CI").for_commit(&commit).succeed();
    commit
}

/// The headlines of what arrived in a channel.
fn headlines(world: &World, channel: &str) -> Vec<String> {
    let headline = |message: SlackMessage| {
        let first = message.text.lines().next();
        first.unwrap_or_default().to_owned()
    };
    let messages = world.slack().messages(channel);
    messages.into_iter().map(headline).collect()
}

const BROKEN: &str = "shop web: production is broken";
const RECOVERED: &str = "shop web: production works again";
const RELEASED: &str = "shop web: production runs a new version";

#[tokio::test(flavor = "multi_thread")]
async fn slack_is_told_once_that_it_broke_and_once_that_it_recovered_whatever_is_killed_or_repeated()
-> Result<()> {
    let mut story = Setup::default().apart(HOST).start().await?;
    furnish(&story);
    release(&story, "Add a cart");
    let told = |world: &World| headlines(world, "deployments") == [RELEASED];
    story.reconcile_until("the first release", told).await?;
    let refreshed = |world: &World| world.backstage().refreshes("component:default/shop-web") == 1;
    story.until("the refresh of the entity", refreshed).await?;

    let bad = release(&story, "Break <!channel> the cart");
    story
        .world
        .argocd()
        .sick_image(&format!("ghcr.io/acme/shop:{bad}"));
    // Slack takes the message, and its answer is not over before the process is.
    story
        .world
        .fault(Vendor::Slack)
        .on("POST", "/services")
        .once()
        .is(Fault::SlowBodyMilliseconds(600_000));
    let broken = |world: &World| headlines(world, "alerts") == [BROKEN];
    story.until("the message that it broke", broken).await?;
    story.restart().await?;
    let webhooks = story.world.github().webhooks();
    let url = format!("{}/webhooks/github", story.slipway.url);
    for delivery in webhooks.all() {
        webhooks.redeliver(&delivery.guid, &url).await;
    }

    release(&story, "Mend the cart");
    let recovered = |world: &World| {
        headlines(world, "alerts").contains(&RECOVERED.to_owned())
            && world
                .receiver()
                .received()
                .iter()
                .any(|one| one.event == "environment.recovered")
    };
    story
        .reconcile_until("the message that it recovered", recovered)
        .await?;
    assert_eq!(headlines(&story.world, "alerts"), [BROKEN, RECOVERED]);
    assert_eq!(headlines(&story.world, "deployments"), [RELEASED]);
    // A receiver of webhooks knows a repeat by its name, so nothing is lost there.
    let mut received: Vec<(String, String)> = Vec::new();
    for one in story.world.receiver().received() {
        let known = (one.delivery, one.event);
        if !received.contains(&known) {
            received.push(known);
        }
    }
    let events: Vec<&str> = received.iter().map(|(_, event)| event.as_str()).collect();
    assert_eq!(
        events,
        [
            "environment.released",
            "environment.broke",
            "environment.recovered"
        ]
    );
    story
        .reconcile_until("the second refresh", |world| {
            world.backstage().refreshes("component:default/shop-web") == 2
        })
        .await?;
    assert_eq!(
        story.world.backstage().refreshes("component:default/other"),
        0
    );
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slack_that_is_down_holds_no_release_up_and_is_told_when_it_is_back() -> Result<()> {
    let story = Story::start().await?;
    furnish(&story);
    story.world.take_down(Vendor::Slack).await;
    let first = release(&story, "Add a cart");
    let live = |_: &World| {
        let deployments = story.repository.deployments_to("production");
        deployments
            .iter()
            .any(|one| one.sha == first && one.says().starts_with("success"))
    };
    story.until("the release", live).await?;
    ensure!(
        story.world.slack().all_messages().is_empty(),
        "Slack is down"
    );
    story
        .until("the webhook, which waits for nobody", |world| {
            world.receiver().received().len() == 1
        })
        .await?;
    story.world.bring_back(Vendor::Slack).await;
    let told = |world: &World| headlines(world, "deployments") == [RELEASED];
    story.reconcile_until("the message", told).await?;
    let again = story.world.until(
        "another message",
        std::time::Duration::from_secs(3),
        |world| world.slack().all_messages().len() > 1,
    );
    ensure!(again.await.is_err(), "it is told once");
    let answer = world::send(
        "GET",
        &format!("{}/readyz", story.slipway.url),
        &[],
        Vec::new(),
        PATIENCE,
    )
    .await?;
    let checks = answer.json();
    let names: Vec<&str> = checks["checks"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|check| check["name"].as_str())
        .collect();
    for name in ["Slack", "outgoing webhooks", "Backstage"] {
        assert!(names.contains(&name), "{checks}");
    }
    story.world.assert_clean();
    Ok(())
}
