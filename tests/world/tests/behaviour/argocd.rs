//! Argo CD: operations go on by themselves, what is shown lags behind, and refusals are as the real one's.

use std::time::Duration;

use serde_json::{Value, json};
use world::{ArgoCdApplication, Effect, OperationKind, World};

use crate::asking::{self, Caller};

pub const SECOND: Duration = Duration::from_secs(1);

/// A world with an application that runs `ghcr.io/acme/shop:v1`, whose clock only the story moves.
pub async fn shop() -> (World, ArgoCdApplication, Caller) {
    let world = asking::world().await;
    // Long enough that the machine's own seconds do not count.
    world.argocd().pace(1_000 * SECOND, 1_000 * SECOND);
    let application = world.argocd().application("shop", "ghcr.io/acme/shop:v1");
    let argocd = asking::argocd(&world);
    (world, application, argocd)
}

pub async fn shown(argocd: &Caller) -> Value {
    let answer = argocd.get("/applications/shop?project=default").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// Sync status, health, phase, and whether an operation is asked for.
pub fn told(application: &Value) -> String {
    let at = |path: &str| {
        application
            .pointer(path)
            .and_then(Value::as_str)
            .unwrap_or("-")
            .to_owned()
    };
    let operation = if application.get("operation").is_some() {
        ", in operation"
    } else {
        ""
    };
    format!(
        "{} {} {}{operation}",
        at("/status/sync/status"),
        at("/status/health/status"),
        at("/status/operationState/phase")
    )
}

pub fn refused(answer: world::Answer) -> (u16, u64, String) {
    let body = answer.json();
    (
        answer.status,
        body["code"].as_u64().unwrap_or_default(),
        body["message"].as_str().unwrap_or_default().to_owned(),
    )
}

pub fn release(application: &ArgoCdApplication, tag: &str) -> String {
    let content = format!(
        "resources:\n- deployment.yaml\nimages:\n- name: ghcr.io/acme/shop\n  newTag: {tag}\n"
    );
    application
        .gitops()
        .write_file("shop/kustomization.yaml", content)
}

pub fn body(fields: Value) -> Value {
    let mut body = json!({"name": "shop", "project": "default"});
    body.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    body
}

pub fn patch(kind: &str, patch: &Value) -> Value {
    body(json!({"patchType": kind, "patch": patch.to_string()}))
}

#[tokio::test]
async fn a_sync_runs_rolls_out_and_is_seen_healthy_only_after_the_controller_looked() {
    let (world, application, argocd) = shop().await;
    assert_eq!(told(&shown(&argocd).await), "Synced Healthy -");
    let revision = release(&application, "v2");
    assert_eq!(
        told(&shown(&argocd).await),
        "Synced Healthy -",
        "Git is looked at every three minutes"
    );
    let refreshed = argocd
        .get("/applications/shop?project=default&refresh=normal")
        .await;
    assert_eq!(told(&refreshed.json()), "OutOfSync Healthy -");

    let sync = body(json!({"infos": [{"name": "slipway", "value": "release-1/1"}]}));
    let begun = argocd.post("/applications/shop/sync", &sync).await.json();
    assert_eq!(told(&begun), "OutOfSync Healthy -, in operation");
    assert_eq!(
        told(&shown(&argocd).await),
        "OutOfSync Healthy Running, in operation"
    );
    world.argocd().lag(60 * SECOND, Duration::ZERO);
    world.advance(1_001 * SECOND);
    let stale = shown(&argocd).await;
    assert_eq!(
        told(&stale),
        "OutOfSync Healthy Succeeded",
        "what is shown is from before"
    );
    assert!(
        stale["status"]["reconciledAt"].as_str()
            < stale["status"]["operationState"]["finishedAt"].as_str()
    );
    assert_eq!(
        stale["status"]["operationState"]["operation"]["info"][0]["value"],
        "release-1/1"
    );
    world.advance(61 * SECOND);
    assert_eq!(told(&shown(&argocd).await), "Synced Progressing Succeeded");
    world.advance(1_061 * SECOND);
    let done = shown(&argocd).await;
    assert_eq!(told(&done), "Synced Healthy Succeeded");
    assert_eq!(done["status"]["sync"]["revision"], revision.as_str());
    assert_eq!(
        done["status"]["summary"]["images"],
        json!(["ghcr.io/acme/shop:v2"])
    );
    assert_eq!(done["status"]["history"][1]["id"], 1);
    let began = Effect::OperationBegun {
        application: "shop".to_owned(),
        kind: OperationKind::Sync,
        revision,
    };
    assert_eq!(world.effects(), [began]);
    world.assert_clean();
}

#[tokio::test]
async fn the_old_image_serves_until_the_new_one_is_ready_and_for_ever_if_it_never_is() {
    let (world, application, argocd) = shop().await;
    let serves = async || world.look_at(&world.environment_url("shop")).await.unwrap();
    assert_eq!(serves().await.tag.as_deref(), Some("v1"));
    release(&application, "v2");
    argocd
        .post("/applications/shop/sync", &body(json!({})))
        .await;
    world.advance(1_001 * SECOND);
    shown(&argocd).await;
    assert_eq!(
        serves().await.tag.as_deref(),
        Some("v1"),
        "the rollout is under way"
    );
    world.advance(1_001 * SECOND);
    assert_eq!(serves().await.tag.as_deref(), Some("v2"));

    world.argocd().sick_image("ghcr.io/acme/shop:v3");
    release(&application, "v3");
    argocd
        .post("/applications/shop/sync", &body(json!({})))
        .await;
    world.advance(1_001 * SECOND);
    shown(&argocd).await;
    world.advance(1_001 * SECOND);
    let degraded = shown(&argocd).await;
    assert_eq!(
        told(&degraded),
        "Synced Degraded Succeeded",
        "the sync worked, the rollout did not"
    );
    assert!(
        degraded["status"]["resources"][0]["health"]["message"]
            .as_str()
            .unwrap()
            .contains("progress deadline")
    );
    assert_eq!(serves().await.tag.as_deref(), Some("v2"));

    application.crash();
    assert_eq!(serves().await.status, 503);
    application.recover();
    application.site_answers(Some(500));
    assert_eq!(serves().await.status, 500);
}

#[tokio::test]
async fn a_rollback_runs_what_ran_and_stays_out_of_sync() {
    let (world, application, argocd) = shop().await;
    release(&application, "v2");
    argocd
        .post("/applications/shop/sync", &body(json!({})))
        .await;
    world.advance(1_001 * SECOND);
    shown(&argocd).await;
    world.advance(1_001 * SECOND);
    assert_eq!(application.images(), ["ghcr.io/acme/shop:v2"]);
    let unknown = argocd
        .post("/applications/shop/rollback", &body(json!({"id": 7})))
        .await;
    assert_eq!(
        refused(unknown),
        (
            400,
            3,
            "application shop does not have deployment with id 7".to_owned()
        )
    );
    let begun = argocd
        .post("/applications/shop/rollback", &body(json!({"id": 0})))
        .await;
    assert_eq!(begun.status, 200, "{}", begun.text());
    world.advance(1_001 * SECOND);
    shown(&argocd).await;
    world.advance(1_001 * SECOND);
    let back = shown(&argocd).await;
    assert_eq!(told(&back), "OutOfSync Healthy Succeeded");
    assert_eq!(application.images(), ["ghcr.io/acme/shop:v1"]);
    let history = back["status"]["history"].as_array().unwrap();
    assert_eq!(
        history[2]["source"], history[0]["source"],
        "a rollback is a deployment of its own"
    );

    application.auto_sync(false);
    let refusal = argocd
        .post("/applications/shop/rollback", &body(json!({"id": 0})))
        .await;
    assert_eq!(
        refused(refusal),
        (
            400,
            9,
            "rollback cannot be initiated when auto-sync is enabled".to_owned()
        )
    );
}

#[tokio::test]
async fn auto_sync_follows_git_and_the_specification_once_and_heals_only_if_told() {
    let (world, application, argocd) = shop().await;
    world.argocd().pace(Duration::ZERO, Duration::ZERO);
    application.auto_sync(false);
    release(&application, "v2");
    world.advance(181 * SECOND);
    let by_itself = shown(&argocd).await;
    assert_eq!(told(&by_itself), "Synced Healthy Succeeded");
    assert_eq!(
        by_itself["status"]["operationState"]["operation"]["initiatedBy"]["automated"],
        true
    );
    assert_eq!(application.images(), ["ghcr.io/acme/shop:v2"]);

    let asked = body(json!({"revision": "0123456789012345678901234567890123456789"}));
    let refusal = refused(argocd.post("/applications/shop/sync", &asked).await);
    let message =
        "Cannot sync to 0123456789012345678901234567890123456789: auto-sync currently set to main";
    assert_eq!(refusal, (400, 9, message.to_owned()));

    application.next_sync_fails("admission webhook denied the request");
    release(&application, "v3");
    world.advance(181 * SECOND);
    assert_eq!(told(&shown(&argocd).await), "OutOfSync Healthy Failed");
    world.advance(1_000 * SECOND);
    assert_eq!(
        application.images(),
        ["ghcr.io/acme/shop:v2"],
        "what failed is not tried again by itself"
    );

    release(&application, "v4");
    world.advance(181 * SECOND);
    assert_eq!(application.images(), ["ghcr.io/acme/shop:v4"]);
    application.drift();
    assert_eq!(told(&shown(&argocd).await), "OutOfSync Healthy Succeeded");
    application.auto_sync(true);
    shown(&argocd).await;
    assert_eq!(told(&shown(&argocd).await), "Synced Healthy Succeeded");
}

#[tokio::test]
async fn overrides_change_what_is_rendered_and_only_their_own_image() {
    let (world, application, argocd) = shop().await;
    world.argocd().pace(Duration::ZERO, Duration::ZERO);
    let images = json!({"spec": {"source": {"kustomize": {"images": ["ghcr.io/acme/shop:v2"]}}}});
    let patched = argocd
        .call(
            "PATCH",
            "/applications/shop",
            Some(&patch("merge", &images)),
        )
        .await;
    assert_eq!(patched.status, 200, "{}", patched.text());
    let seen = shown(&argocd).await;
    assert_eq!(
        (told(&seen).as_str(), &seen["status"]["summary"]["images"]),
        ("OutOfSync Healthy -", &json!(["ghcr.io/acme/shop:v2"]))
    );
    assert_eq!(
        application.images(),
        ["ghcr.io/acme/shop:v1"],
        "nobody synced"
    );
    argocd
        .post("/applications/shop/sync", &body(json!({})))
        .await;
    shown(&argocd).await;
    assert_eq!(application.images(), ["ghcr.io/acme/shop:v2"]);

    let source = shown(&argocd).await["spec"]["source"].clone();
    let change = |value: &Value| {
        patch(
            "json",
            &json!([{"op": "test", "path": "/spec/source", "value": value},
            {"op": "add", "path": "/spec/source/kustomize/images", "value": ["ghcr.io/acme/shop:v3"]}]),
        )
    };
    let done = argocd
        .call("PATCH", "/applications/shop", Some(&change(&source)))
        .await;
    assert_eq!(done.status, 200, "{}", done.text());
    let late = argocd
        .call("PATCH", "/applications/shop", Some(&change(&source)))
        .await;
    let message = "error applying patch: testing value /spec/source failed: test failed";
    assert_eq!(refused(late), (500, 2, message.to_owned()));
    let nonsense = argocd
        .call(
            "PATCH",
            "/applications/shop",
            Some(&patch("strategic", &json!({}))),
        )
        .await;
    assert_eq!(
        refused(nonsense),
        (400, 3, "Patch type 'strategic' is not supported".to_owned())
    );
    let nowhere = json!({"spec": {"source": {"path": "nowhere"}}});
    let invalid = argocd
        .call(
            "PATCH",
            "/applications/shop",
            Some(&patch("merge", &nowhere)),
        )
        .await;
    let (status, code, message) = refused(invalid);
    assert_eq!((status, code), (400, 3));
    assert!(
        message.contains("application spec for shop is invalid"),
        "{message}"
    );
}

#[tokio::test]
async fn helm_parameters_set_the_tag_and_hooks_can_fail() {
    let (world, application, argocd) = shop().await;
    world.argocd().pace(Duration::ZERO, Duration::ZERO);
    let gitops = application.gitops();
    gitops.write_file("chart/Chart.yaml", "name: shop\n");
    gitops.write_file(
        "chart/values.yaml",
        "image:\n  repository: ghcr.io/acme/shop\n  tag: v1\n",
    );
    let parameters = json!([{"name": "image.tag", "value": "1.10", "forceString": true}]);
    application.sources(json!({"repoURL": "https://github.com/acme/gitops.git", "path": "chart", "targetRevision": "main",
        "helm": {"parameters": parameters}}));
    application.next_hook_fails("Job has reached the specified backoff limit");
    argocd
        .post("/applications/shop/sync", &body(json!({})))
        .await;
    let failed = shown(&argocd).await;
    assert_eq!(told(&failed), "OutOfSync Healthy Failed");
    assert_eq!(
        failed["status"]["operationState"]["syncResult"]["resources"][0]["hookType"],
        "PreSync"
    );
    argocd
        .post("/applications/shop/sync", &body(json!({})))
        .await;
    shown(&argocd).await;
    assert_eq!(application.images(), ["ghcr.io/acme/shop:1.10"]);
    assert_eq!(shown(&argocd).await["status"]["sourceType"], "Helm");
}
