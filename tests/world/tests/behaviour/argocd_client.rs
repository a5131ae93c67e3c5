//! Slipway's own client against the simulated Argo CD: both were written from the same facts, and must fit each other.

use std::time::Duration;

use domain::argocd::{
    Application, ApplicationId, Health, ImageVersion, Rollout, Setting, SyncStatus,
};
use vendors::argocd::{Begun, Client, Prune, Refresh, Set, Termination};
use world::{Fault, Vendor, World};

use crate::argocd::{SECOND, release, shop};
use crate::wire::Wire;

fn client(world: &World) -> Client<Wire> {
    Client::new(Wire, &world.argocd_url(), &world.options().argocd_token)
}

fn id() -> ApplicationId {
    ApplicationId {
        project: "default".parse().unwrap(),
        name: "shop".parse().unwrap(),
    }
}

fn image(tag: &str) -> Setting {
    Setting::KustomizeImage {
        image: "ghcr.io/acme/shop".to_owned(),
        version: ImageVersion::Tag(tag.parse().unwrap()),
    }
}

async fn read(client: &Client<Wire>) -> Application {
    client.application(&id()).await.unwrap()
}

async fn settled(world: &World, client: &Client<Wire>) -> Application {
    read(client).await;
    world.advance(1_001 * SECOND);
    read(client).await;
    world.advance(1_001 * SECOND);
    read(client).await
}

#[tokio::test]
async fn a_release_by_image_is_set_synced_followed_and_taken_back() {
    let (world, application, _) = shop().await;
    let client = client(&world);
    assert_eq!(read(&client).await.rollout(), Rollout::Complete);
    world.argocd().lag(60 * SECOND, Duration::ZERO);
    let Set::Yes {
        application: changed,
        before,
    } = client.set(&id(), &image("v2")).await.unwrap()
    else {
        panic!("it was v1");
    };
    assert_eq!(before, None, "no override was there; Git said v1");
    assert_eq!(
        changed.rollout(),
        Rollout::Stale,
        "healthy, but of the image before"
    );
    assert!(matches!(
        client.set(&id(), &image("v2")).await.unwrap(),
        Set::Already(_)
    ));
    let begun = client
        .sync(&id(), None, Prune::No, "release-1/1")
        .await
        .unwrap();
    assert!(matches!(begun, Begun::Yes(_)), "{begun:?}");
    assert_eq!(
        client
            .sync(&id(), None, Prune::No, "release-1/2")
            .await
            .unwrap(),
        Begun::Busy
    );
    assert!(read(&client).await.bears_mark("release-1/1"));
    world.advance(1_001 * SECOND);
    assert_eq!(
        read(&client).await.rollout(),
        Rollout::Stale,
        "over, but not looked at since"
    );
    world.advance(60 * SECOND);
    assert_eq!(
        read(&client).await.rollout(),
        Rollout::NotHealthy(Health::Progressing)
    );
    world.advance(1_001 * SECOND);
    let done = read(&client).await;
    assert_eq!(done.rollout(), Rollout::Complete);
    assert!(done.shows_image("ghcr.io/acme/shop:v2") && done.bears_mark("release-1/1"));

    let old = done.history[0].clone();
    assert!(matches!(
        client.rollback(&id(), old.id, Prune::No).await.unwrap(),
        Begun::Yes(_)
    ));
    world.argocd().lag(Duration::ZERO, Duration::ZERO);
    let back = settled(&world, &client).await;
    assert_eq!(back.rollout(), Rollout::NotSynced(SyncStatus::OutOfSync));
    assert_eq!(back.rollout_of_rollback(), Rollout::Complete);
    assert!(back.runs_again(&old));
    assert_eq!(application.images(), ["ghcr.io/acme/shop:v1"]);
    world.assert_clean();
}

#[tokio::test]
async fn a_sync_whose_answer_was_lost_is_found_by_its_mark() {
    let (world, application, _) = shop().await;
    let client = client(&world);
    release(&application, "v2");
    world
        .fault(Vendor::ArgoCd)
        .on("POST", "/sync")
        .once()
        .is(Fault::DropAnswer);
    let lost = client.sync(&id(), None, Prune::No, "release-1/1").await;
    assert!(
        matches!(lost, Err(vendors::CallError::Unknown { .. })),
        "{lost:?}"
    );
    assert!(read(&client).await.bears_mark("release-1/1"));
    assert_eq!(client.terminate(&id()).await.unwrap(), Termination::Asked);
    world.advance(2 * SECOND);
    assert_eq!(read(&client).await.rollout(), Rollout::OperationFailed);
    assert_eq!(
        client.terminate(&id()).await.unwrap(),
        Termination::NothingRuns
    );
    world.assert_clean();
}

#[tokio::test]
async fn a_degraded_rollout_names_the_resource_and_a_wrong_revision_the_reason() {
    let (world, application, _) = shop().await;
    let client = client(&world);
    world.argocd().sick_image("ghcr.io/acme/shop:v2");
    release(&application, "v2");
    client
        .sync(&id(), None, Prune::No, "release-1/1")
        .await
        .unwrap();
    let sick = settled(&world, &client).await;
    assert_eq!(sick.rollout(), Rollout::NotHealthy(Health::Degraded));
    assert_eq!(sick.troubles[0].resource, "Deployment apps/web");
    let foreign = "0123456789012345678901234567890123456789";
    client
        .sync(&id(), Some(foreign), Prune::No, "release-2/1")
        .await
        .unwrap();
    let wrong = settled(&world, &client).await;
    assert_eq!(wrong.rollout(), Rollout::OperationFailed);
    let message = wrong.operation.unwrap().message;
    assert!(message.contains("unable to read tree"), "{message}");
}

#[tokio::test]
async fn a_refresh_shows_what_git_says_now_and_windows_what_they_let_through() {
    let (world, application, _) = shop().await;
    let client = client(&world);
    let revision = release(&application, "v2");
    assert!(!read(&client).await.shows_revision(&revision));
    let seen = client.refreshed(&id(), Refresh::Hard).await.unwrap();
    assert!(seen.shows_revision(&revision));
    assert_eq!(seen.rollout(), Rollout::NotSynced(SyncStatus::OutOfSync));
    world
        .argocd()
        .window("default", world::WindowKind::Deny, true, false);
    assert!(!client.sync_windows(&id()).await.unwrap().may_sync);
    let held = client.sync(&id(), None, Prune::No, "release-1/1").await;
    assert!(
        matches!(held, Err(vendors::CallError::Paused { .. })),
        "{held:?}"
    );
    application.child_of("apps");
    let refused = client.set(&id(), &image("v2")).await.unwrap_err();
    assert!(
        refused.reason().contains("belongs to the application apps"),
        "{refused}"
    );
    application.delete();
    assert!(read(&client).await.would_refuse_sync(None).is_some());
    world.assert_clean();
}

#[tokio::test]
async fn with_auto_sync_a_changed_image_rolls_out_by_itself_and_goes_back_the_same_way() {
    let (world, application, _) = shop().await;
    world.argocd().pace(Duration::ZERO, Duration::ZERO);
    application.auto_sync(true);
    let client = client(&world);
    client.set(&id(), &image("v2")).await.unwrap();
    let done = read(&client).await;
    assert_eq!(done.rollout(), Rollout::Complete);
    assert_eq!(application.images(), ["ghcr.io/acme/shop:v2"]);
    let operation = done.operation.clone().unwrap();
    assert_eq!(
        operation.requested.initiator,
        domain::argocd::Initiator::Automation
    );
    assert!(
        done.would_refuse_rollback(0).is_some(),
        "Argo CD would refuse"
    );
    let Set::Yes { before, .. } = client.set(&id(), &image("v3")).await.unwrap() else {
        panic!("it was v2");
    };
    read(&client).await;
    assert_eq!(application.images(), ["ghcr.io/acme/shop:v3"]);
    client.set(&id(), &before.unwrap()).await.unwrap();
    read(&client).await;
    assert_eq!(application.images(), ["ghcr.io/acme/shop:v2"]);
    world.assert_clean();
}

#[tokio::test]
async fn of_several_sources_the_right_one_is_changed_and_all_are_synced_and_rolled_back() {
    let (world, application, _) = shop().await;
    world.argocd().pace(Duration::ZERO, Duration::ZERO);
    let gitops = application.gitops();
    gitops.write_file("chart/Chart.yaml", "name: db\n");
    gitops.write_file(
        "chart/values.yaml",
        "image:\n  repository: ghcr.io/acme/db\n  tag: \"7\"\n",
    );
    let source = |path: &str| serde_json::json!({"repoURL": "https://github.com/acme/gitops", "path": path, "targetRevision": "main"});
    application.sources(serde_json::json!([source("chart"), source("shop")]));
    let client = client(&world);
    let both = client.refreshed(&id(), Refresh::Normal).await.unwrap();
    assert_eq!((both.sources.len(), both.sync.revisions.len()), (2, 2));
    assert!(
        both.would_refuse_sync(Some("v2")).is_some(),
        "one revision does not say enough"
    );

    client
        .sync(&id(), None, Prune::No, "release-1/1")
        .await
        .unwrap();
    let before = read(&client).await;
    assert_eq!(before.rollout(), Rollout::Complete);
    client.set(&id(), &image("v2")).await.unwrap();
    let parameter = Setting::HelmParameter {
        name: "image.tag".to_owned(),
        value: "8".to_owned(),
    };
    client.set(&id(), &parameter).await.unwrap();
    client
        .sync(&id(), None, Prune::No, "release-2/1")
        .await
        .unwrap();
    assert_eq!(read(&client).await.rollout(), Rollout::Complete);
    assert_eq!(
        application.images(),
        ["ghcr.io/acme/db:8", "ghcr.io/acme/shop:v2"]
    );

    let old = before.history.last().unwrap().clone();
    client.rollback(&id(), old.id, Prune::No).await.unwrap();
    let back = read(&client).await;
    assert!(back.runs_again(&old), "{:?}", back.history);
    assert_eq!(
        application.images(),
        ["ghcr.io/acme/db:7", "ghcr.io/acme/shop:v1"]
    );
    world.assert_clean();
}

#[tokio::test]
async fn trouble_of_argo_cds_own_is_tried_again_and_changes_nothing() {
    let (world, application, _) = shop().await;
    let client = client(&world);
    let passes = |result: Result<String, vendors::CallError>| {
        assert!(
            matches!(result, Err(vendors::CallError::Retry { .. })),
            "{result:?}"
        );
    };
    world.argocd().repo_server(false);
    passes(
        client
            .sync(&id(), None, Prune::No, "release-1/1")
            .await
            .map(|begun| format!("{begun:?}")),
    );
    passes(
        client
            .set(&id(), &image("v2"))
            .await
            .map(|set| format!("{set:?}")),
    );
    world.argocd().repo_server(true);
    world.argocd().next_changes_conflict(2);
    passes(
        client
            .sync(&id(), None, Prune::No, "release-1/1")
            .await
            .map(|begun| format!("{begun:?}")),
    );
    passes(
        client
            .set(&id(), &image("v2"))
            .await
            .map(|set| format!("{set:?}")),
    );
    assert!(!read(&client).await.is_in_operation());
    assert_eq!(application.images(), ["ghcr.io/acme/shop:v1"]);
    assert!(matches!(
        client.set(&id(), &image("v2")).await.unwrap(),
        Set::Yes { .. }
    ));
    world.assert_clean();
}
