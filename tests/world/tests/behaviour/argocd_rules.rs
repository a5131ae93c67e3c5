//! Argo CD: what it refuses and how it says so, whom it lets in, and that its answers fit its own document.

use std::time::Duration;

use serde_json::{Value, json};
use world::WindowKind;

use crate::argocd::{SECOND, body, patch, refused, release, shop, shown, told};
use crate::asking;

#[tokio::test]
async fn one_operation_at_a_time_and_terminating_only_asks() {
    let (world, _, argocd) = shop().await;
    let none = argocd
        .with_json("DELETE", "/applications/shop/operation?project=default")
        .await;
    assert_eq!(
        refused(none),
        (
            400,
            3,
            "Unable to terminate operation. No operation is in progress".to_owned()
        )
    );
    argocd
        .post("/applications/shop/sync", &body(json!({})))
        .await;
    let busy = argocd
        .post("/applications/shop/sync", &body(json!({})))
        .await;
    let (status, code, message) = refused(busy);
    assert_eq!((status, code), (400, 9));
    assert!(
        message.ends_with("another operation is already in progress"),
        "{message}"
    );
    shown(&argocd).await;
    let asked = argocd
        .with_json("DELETE", "/applications/shop/operation?project=default")
        .await;
    assert_eq!((asked.status, asked.text().as_str()), (200, "{}"));
    assert_eq!(
        told(&shown(&argocd).await),
        "Synced Healthy Terminating, in operation"
    );
    world.advance(2 * SECOND);
    let ended = shown(&argocd).await;
    assert_eq!(told(&ended), "Synced Healthy Failed");
    assert_eq!(
        ended["status"]["operationState"]["message"],
        "Operation terminated"
    );
}

#[tokio::test]
async fn a_commit_of_another_repository_is_taken_and_fails_later() {
    let (world, _, argocd) = shop().await;
    world.argocd().pace(Duration::ZERO, Duration::ZERO);
    let unknown = body(json!({"revision": "v9"}));
    let (status, code, message) = refused(argocd.post("/applications/shop/sync", &unknown).await);
    assert_eq!((status, code), (400, 9));
    assert!(
        message.contains("unable to resolve 'v9' to a commit SHA"),
        "{message}"
    );
    let foreign = body(json!({"revision": "0123456789012345678901234567890123456789"}));
    assert_eq!(
        argocd
            .post("/applications/shop/sync", &foreign)
            .await
            .status,
        200,
        "it is not looked up"
    );
    let later = shown(&argocd).await;
    assert_eq!(told(&later), "Synced Healthy Error");
    assert!(
        later["status"]["operationState"]["message"]
            .as_str()
            .unwrap()
            .contains("unable to read tree")
    );
}

#[tokio::test]
async fn who_may_not_and_what_is_not_there_look_alike_without_a_project() {
    let (world, application, argocd) = shop().await;
    application.project("web");
    let reader = world.argocd().token_with("reader", &["get"], Some("web"));
    let reader = asking::argocd_as(&world, &reader);
    for (caller, path, expected) in [
        (&argocd, "/applications/nope", (403, 7, "permission denied")),
        (
            &argocd,
            "/applications/nope?project=web",
            (404, 5, "applications.argoproj.io \"nope\" not found"),
        ),
        (
            &argocd,
            "/applications/shop?project=default",
            (404, 5, "applications.argoproj.io \"shop\" not found"),
        ),
        (
            &reader,
            "/applications/shop?project=default",
            (403, 7, "permission denied"),
        ),
        (&argocd, "/nothing", (5, 5, "Not Found")),
    ] {
        let (status, code, message) = refused(caller.get(path).await);
        let status_expected = if expected.0 == 5 { 404 } else { expected.0 };
        assert_eq!(
            (status, code, message.as_str()),
            (status_expected, expected.1, expected.2),
            "{path}"
        );
    }
    assert_eq!(
        argocd.get("/applications/shop").await.status,
        200,
        "without a project, what may be seen is seen"
    );
    let sync = json!({"name": "shop", "project": "web"});
    let denied = refused(reader.post("/applications/shop/sync", &sync).await);
    assert_eq!(
        denied,
        (
            403,
            7,
            "permission denied: applications, sync, web/shop, sub: reader".to_owned()
        )
    );
    let change = json!({"name": "shop", "project": "web", "patchType": "merge", "patch": "{}"});
    let denied = refused(
        reader
            .call("PATCH", "/applications/shop", Some(&change))
            .await,
    );
    assert_eq!((denied.0, denied.1), (403, 7));
    world.argocd().revoke_token(&world.options().argocd_token);
    let (status, code, message) = refused(argocd.get("/applications/shop").await);
    assert_eq!((status, code), (401, 16));
    assert!(message.starts_with("invalid session"), "{message}");
    let opaque = asking::argocd_as(&world, "not-a-jwt")
        .get("/applications/shop")
        .await;
    assert_eq!(
        refused(opaque),
        (401, 16, "no session information".to_owned())
    );
}

#[tokio::test]
async fn every_change_needs_the_one_content_type() {
    let (_world, _, argocd) = shop().await;
    let bare = argocd
        .call(
            "DELETE",
            "/applications/shop/operation?project=default",
            None,
        )
        .await;
    assert_eq!(
        (bare.status, bare.text().as_str()),
        (415, "Invalid content type\n")
    );
    let with_character_set = argocd.with("content-type", "application/json; charset=utf-8");
    let answer = with_character_set
        .call(
            "DELETE",
            "/applications/shop/operation?project=default",
            None,
        )
        .await;
    assert_eq!(answer.status, 415);
}

#[tokio::test]
async fn windows_hold_syncs_back_and_say_so() {
    let (world, application, argocd) = shop().await;
    world.argocd().pace(Duration::ZERO, Duration::ZERO);
    world
        .argocd()
        .window("default", WindowKind::Deny, true, false);
    let windows = argocd
        .get("/applications/shop/syncwindows?project=default")
        .await
        .json();
    assert_eq!(
        (&windows["canSync"], &windows["activeWindows"][0]["kind"]),
        (&json!(false), &json!("deny"))
    );
    let denied = refused(
        argocd
            .post("/applications/shop/sync", &body(json!({})))
            .await,
    );
    assert_eq!(
        denied,
        (403, 7, "cannot sync: blocked by sync window".to_owned())
    );
    application.auto_sync(false);
    release(&application, "v2");
    world.advance(181 * SECOND);
    assert_eq!(told(&shown(&argocd).await), "OutOfSync Healthy -");
    world.argocd().open_windows("default", false);
    world.advance(181 * SECOND);
    assert_eq!(told(&shown(&argocd).await), "Synced Healthy Succeeded");
}

#[tokio::test]
async fn a_window_that_closes_brings_an_operation_under_way_to_a_standstill() {
    let (world, _, argocd) = shop().await;
    argocd
        .post("/applications/shop/sync", &body(json!({})))
        .await;
    shown(&argocd).await;
    world
        .argocd()
        .window("default", WindowKind::Deny, true, false);
    world.advance(2_000 * SECOND);
    let held = shown(&argocd).await;
    assert_eq!(told(&held), "Synced Healthy Running, in operation");
    assert_eq!(
        held["status"]["operationState"]["message"],
        "Sync operation blocked by sync window"
    );
    world.argocd().open_windows("default", false);
    world.advance(SECOND);
    assert_eq!(told(&shown(&argocd).await), "Synced Healthy Succeeded");
}

#[tokio::test]
async fn without_its_controller_requests_are_answered_and_nothing_goes_on() {
    let (world, _, argocd) = shop().await;
    shown(&argocd).await;
    world.argocd().controller(false);
    assert_eq!(
        argocd
            .post("/applications/shop/sync", &body(json!({})))
            .await
            .status,
        200
    );
    world.advance(10_000 * SECOND);
    assert_eq!(
        told(&shown(&argocd).await),
        "Synced Healthy -, in operation"
    );
    let refresh = argocd
        .get("/applications/shop?project=default&refresh=hard")
        .await;
    assert_eq!(
        refused(refresh),
        (500, 2, "application refresh deadline exceeded".to_owned())
    );
}

#[tokio::test]
async fn every_answer_fits_argo_cds_own_document() {
    let (world, application, argocd) = shop().await;
    world.argocd().sick_image("ghcr.io/acme/shop:v2");
    release(&application, "v2");
    let fits = |method: &str, path: &str, answer: &world::Answer| {
        let path = format!("/api/v1{}", path.split('?').next().unwrap());
        let found = world::answer_differences(
            world::Vendor::ArgoCd,
            method,
            &path,
            answer.status,
            &answer.json(),
        );
        assert_eq!(
            found,
            Vec::<String>::new(),
            "{method} {path}: {}",
            answer.text()
        );
    };
    let get = async |path: &str| fits("GET", path, &argocd.get(path).await);
    get("/applications/shop?project=default&refresh=hard").await;
    get("/applications/shop/syncwindows?project=default").await;
    get("/applications/nope?project=default").await;
    let begun = argocd
        .post("/applications/shop/sync", &body(json!({})))
        .await;
    fits("POST", "/applications/shop/sync", &begun);
    get("/applications/shop?project=default").await;
    world.advance(1_001 * SECOND);
    get("/applications/shop?project=default").await;
    world.advance(1_001 * SECOND);
    get("/applications/shop?project=default").await;
    let back = argocd
        .post("/applications/shop/rollback", &body(json!({"id": 0})))
        .await;
    fits("POST", "/applications/shop/rollback", &back);
    let images = json!({"spec": {"source": {"kustomize": {"images": ["ghcr.io/acme/shop:v2"]}}}});
    let patched = argocd
        .call(
            "PATCH",
            "/applications/shop",
            Some(&patch("merge", &images)),
        )
        .await;
    fits("PATCH", "/applications/shop", &patched);
    world.assert_clean();
}

#[tokio::test]
async fn requests_that_argo_cd_would_ignore_in_part_are_violations() {
    let (world, _, argocd) = shop().await;
    argocd
        .post("/applications/shop/sync", &body(json!({"pruen": true})))
        .await;
    argocd.get("/applications/shop?projekt=default").await;
    argocd
        .post("/applications/shop/resync", &body(json!({})))
        .await;
    let violations: Vec<String> = world
        .journal()
        .into_iter()
        .flat_map(|entry| entry.violations)
        .collect();
    assert_eq!(
        violations,
        [
            "body $.pruen: is unknown",
            "query parameter `projekt` is unknown",
            "/api/v1/applications/shop/resync is no path of the vendor's document",
        ]
    );
}

#[tokio::test]
async fn argo_cd_is_played_with_the_control_api_alone() {
    let world = asking::world().await;
    let control = asking::control(&world);
    let said = async |path: &str, body: Value| {
        let answer = control.post(path, &body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    };
    said("/argocd/pace", json!({"sync": 0, "rollout": 0})).await;
    said(
        "/argocd/applications",
        json!({"name": "shop", "image": "ghcr.io/acme/shop:v1", "auto_sync": true}),
    )
    .await;
    said("/argocd/applications/shop/degrade-next", json!({})).await;
    said(
        "/argocd/windows",
        json!({"project": "default", "kind": "deny", "open": true}),
    )
    .await;
    said("/argocd/windows/close", json!({"project": "default"})).await;
    let content = "resources: []\nimages:\n- name: ghcr.io/acme/shop\n  newTag: v2\n";
    said(
        "/files",
        json!({"repository": "acme/gitops", "path": "shop/kustomization.yaml", "content": content}),
    )
    .await;
    said("/clock", json!({"seconds": 181})).await;
    let state = control.get("/state").await.json();
    assert_eq!(
        state["argocd"][0]["images"],
        json!(["ghcr.io/acme/shop:v2"])
    );
    assert_eq!(
        state["argocd"][0]["shown"]["status"]["health"]["status"],
        "Degraded"
    );
    said(
        "/argocd/trouble",
        json!({"no_repo_server": true, "conflicts": 1}),
    )
    .await;
    for path in [
        "/argocd/applications/nope/drift",
        "/argocd/applications/shop/fly",
        "/argocd/nothing",
    ] {
        assert_eq!(control.post(path, &json!({})).await.status, 404, "{path}");
    }
}
