//! Releases through Argo CD, on the built components.

use std::time::Duration;

use anyhow::Result;
use e2e::{Message, Setup, Story};
use world::{Effect, World};

/// The embedded host as a process of its own.
const HOST: &str = env!("CARGO_BIN_EXE_slipway-host");

/// A story with an environment `production` of the application `shop`.
pub(crate) async fn story() -> Result<Story> {
    Ok(prepared(Story::start().await?))
}

pub(crate) fn prepared(story: Story) -> Story {
    let url = story.world.environment_url("shop");
    story.repository.write_file(
        ".github/slipway.yml",
        format!(
            "version: 1\n\
             build: {{ workflow: CI }}\n\
             services:\n\
             \x20 web:\n\
             \x20   environments:\n\
             \x20     production:\n\
             \x20       branch: main\n\
             \x20       argocd: {{ application: shop, update: kustomize-image }}\n\
             \x20       url: {url}\n\
             \x20       health: {{ attempts: 3, interval: 1s }}\n\
             \x20       rollback: automatic\n"
        ),
    );
    story
        .world
        .argocd()
        .application("shop", "ghcr.io/acme/shop:v1");
    story
}

/// What GitHub's newest deployment of the commit to production says.
pub(crate) fn says(story: &Story, commit: &str) -> String {
    let deployments = story.repository.deployments_to("production");
    let of_commit = deployments.iter().rev().find(|one| one.sha == commit);
    of_commit.map(|one| one.says()).unwrap_or_default()
}

pub(crate) async fn said(story: &Story, commit: &str, text: &str) -> Result<()> {
    story
        .until(&format!("a deployment that says {text:?}"), |_| {
            says(story, commit).contains(text)
        })
        .await
}

pub(crate) fn images(story: &Story) -> Vec<String> {
    story.world.argocd().application("shop", "").images()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_released_and_a_bad_one_is_taken_back_and_held_until_a_person_lifts_it()
-> Result<()> {
    let story = story().await?;
    let first = story.repository.push("main", "Add a cart");
    story.repository.run("CI").for_commit(&first).succeed();
    said(&story, &first, "success: released and found healthy").await?;
    assert_eq!(images(&story), [format!("ghcr.io/acme/shop:{first}")]);

    let second = story.repository.push("main", "Break the cart");
    let bad = format!("ghcr.io/acme/shop:{second}");
    story.world.argocd().sick_image(&bad);
    story.repository.run("CI").for_commit(&second).succeed();
    said(&story, &second, "failure: rolled-back").await?;
    assert_eq!(images(&story), [format!("ghcr.io/acme/shop:{first}")]);

    let third = story.repository.push("main", "Mend the cart");
    story.repository.run("CI").for_commit(&third).succeed();
    said(&story, &third, "queued: held by Slipway").await?;
    let line = format!("{}/web/production", story.repository.id());
    let answer = story.reconcile_asking("?releases=all").await?;
    let shown = &answer.json()["releases"]["lines"][0];
    assert_eq!(shown["line"], format!("release/{line}"), "{shown}");
    assert_eq!(shown["live"]["commit"], first, "{shown}");
    assert_eq!(shown["hold"]["by"], "Slipway", "{shown}");
    assert_eq!(shown["waiting"][0]["commit"], third, "{shown}");

    let lifted = story
        .reconcile_asking(&format!("?lift_hold={line}"))
        .await?;
    assert_eq!(lifted.status, 200, "{}", lifted.text());
    said(&story, &third, "success: released and found healthy").await?;
    assert_eq!(images(&story), [format!("ghcr.io/acme/shop:{third}")]);
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_build_that_is_done_later_never_replaces_a_newer_one() -> Result<()> {
    let story = story().await?;
    let older = story.repository.push("main", "Older");
    let newer = story.repository.push("main", "Newer");
    story.repository.run("CI").for_commit(&newer).succeed();
    said(&story, &newer, "success").await?;
    story.repository.run("CI").for_commit(&older).succeed();
    story.world.github().webhooks().settled().await;
    let answer = story.reconcile_asking("?releases=all").await?;
    let ended = answer.json()["releases"]["lines"][0]["ended"].clone();
    let of_older = ended
        .as_array()
        .and_then(|ended| ended.iter().find(|one| one["commit"] == older));
    assert_eq!(
        of_older.map(|one| one["phase"].clone()),
        Some("superseded".into()),
        "{ended}"
    );
    assert_eq!(images(&story), [format!("ghcr.io/acme/shop:{newer}")]);
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_argo_cd_a_release_says_what_is_missing() -> Result<()> {
    let story = Setup::default()
        .variable("argocd_token", "")
        .start()
        .await?;
    story.repository.write_file(
        ".github/slipway.yml",
        "version: 1\nbuild: { workflow: CI }\nservices:\n  web:\n    environments:\n      \
         production: { branch: main, argocd: { application: shop } }\n",
    );
    let commit = story.repository.push("main", "Add a cart");
    story.repository.run("CI").for_commit(&commit).succeed();
    said(
        &story,
        &commit,
        "failure: the variables argocd_url and argocd_token are not set",
    )
    .await?;
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_waits_for_the_approvals_of_people_who_did_not_write_it() -> Result<()> {
    let story = story().await?;
    let configuration = story
        .repository
        .file_on("main", ".github/slipway.yml")
        .unwrap_or_default();
    story.repository.write_file(
        ".github/slipway.yml",
        configuration.replace("branch: main", "branch: main\n        approvals: 1"),
    );
    let commit = story.repository.push("main", "Add a cart");
    story.repository.run("CI").for_commit(&commit).succeed();
    said(&story, &commit, "queued: 0 of 1 approvals").await?;
    let line = format!("{}/web/production", story.repository.id());
    // `acme` is whose commit it is.
    for (by, says) in [("acme", "queued: 0 of 1 approvals"), ("ada", "success")] {
        let query = format!("?approve={line}/{commit}&by={by}");
        let answer = story.reconcile_asking(&query).await?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        said(&story, &commit, says).await?;
    }
    let answer = story.reconcile_asking("?releases=all").await?;
    let shown = &answer.json()["releases"]["lines"][0];
    assert_eq!(shown["ended"][0]["approved_by"][0], "ada", "{shown}");
    let unnamed = story
        .reconcile_asking(&format!("?approve={line}/{commit}"))
        .await?;
    assert_eq!(unnamed.status, 400, "{}", unnamed.text());
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_by_git_is_committed_where_the_manifests_are_and_argo_cd_rolls_it_out()
-> Result<()> {
    let story = story().await?;
    let configuration = story
        .repository
        .file_on("main", ".github/slipway.yml")
        .unwrap_or_default();
    story.repository.write_file(
        ".github/slipway.yml",
        configuration.replace("update: kustomize-image", "update: git"),
    );
    let application = story.world.argocd().application("shop", "");
    application.auto_sync(true);
    let commit = story.repository.push("main", "Add a cart");
    story.repository.run("CI").for_commit(&commit).succeed();
    said(&story, &commit, "success: released and found healthy").await?;
    assert_eq!(images(&story), [format!("ghcr.io/acme/shop:{commit}")]);
    let file = application
        .gitops()
        .file_on("main", "shop/kustomization.yaml");
    assert!(file.is_some_and(|file| file.contains(&commit)));
    let effects = story.world.effects();
    let committed = effects
        .iter()
        .filter(|effect| matches!(effect, Effect::FileCommitted { .. }));
    assert_eq!(committed.count(), 1);
    story.world.assert_clean();
    Ok(())
}

/// `POST /webhooks/argocd` with this secret and this body.
async fn notify(story: &Story, secret: &str, body: &str) -> Result<u16> {
    let message = Message {
        method: "POST",
        path: "/webhooks/argocd",
        headers: vec![("authorization".to_owned(), format!("Bearer {secret}"))],
        body: body.as_bytes().to_vec(),
    };
    Ok(story.post(&message).await?.status)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_of_argo_cds_wakes_up_the_release_that_it_is_about_and_no_other_sender_does()
-> Result<()> {
    let mut story = prepared(
        Setup::default()
            .variable("argocd_webhook_secret", "told by Argo CD alone")
            .apart(HOST)
            .start()
            .await?,
    );
    story.world.argocd().controller(false);
    let commit = story.repository.push("main", "Add a cart");
    story.repository.run("CI").for_commit(&commit).succeed();
    said(&story, &commit, "in_progress: rolling out").await?;
    // Whoever followed it is dead, and nobody reconciles.
    story.restart().await?;
    story.world.argocd().controller(true);
    let body = r#"{"application":"shop","project":"default"}"#;
    assert_eq!(notify(&story, "guessed", body).await?, 401);
    assert_eq!(notify(&story, "told by Argo CD alone", "{}").await?, 400);
    let rolled_out = |_: &World| images(&story) == [format!("ghcr.io/acme/shop:{commit}")];
    story.until("the rollout", rolled_out).await?;
    assert!(
        says(&story, &commit).starts_with("in_progress"),
        "nobody was woken up"
    );
    // A lease of the dead process may have to run out first: Argo CD tells again of every change.
    let started = std::time::Instant::now();
    while !says(&story, &commit).starts_with("success") {
        assert!(
            started.elapsed() < e2e::PATIENCE,
            "{}",
            says(&story, &commit)
        );
        assert_eq!(notify(&story, "told by Argo CD alone", body).await?, 202);
        let live = story
            .world
            .until("the release", Duration::from_secs(5), |_| {
                says(&story, &commit).starts_with("success")
            });
        drop(live.await);
    }
    story.world.assert_clean();
    Ok(())
}
