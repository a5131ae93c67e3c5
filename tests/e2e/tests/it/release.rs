//! Releases through Argo CD, on the built components.

use anyhow::Result;
use e2e::Story;

/// A story with an environment `production` of the application `shop`.
pub(crate) async fn story() -> Result<Story> {
    let story = Story::start().await?;
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
    Ok(story)
}

/// What GitHub's newest deployment of the commit to production says.
fn says(story: &Story, commit: &str) -> String {
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
    let story = e2e::Setup::default()
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
