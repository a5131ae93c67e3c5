//! The control API, as somebody with curl uses it.

use serde_json::json;

use crate::asking;

#[tokio::test]
async fn a_pull_request_is_played_with_the_control_api_alone() {
    let world = asking::world().await;
    let control = asking::control(&world);
    let said = async |path: &str, body: serde_json::Value| {
        let answer = control.post(path, &body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    };
    said("/files", json!({"repository": "acme/shop", "path": ".github/slipway.yml", "content": "version: 1\n"})).await;
    said(
        "/applications",
        json!({"uuid": "a1b2c3", "image": "ghcr.io/acme/shop-web"}),
    )
    .await;
    let opened = said(
        "/pull-requests",
        json!({"repository": "acme/shop", "title": "Add cart", "branch": "cart"}),
    )
    .await;
    let pushed = said("/pull-requests/1/push", json!({"repository": "acme/shop"})).await;
    assert_ne!(opened["head"], pushed["head"]);
    said(
        "/runs",
        json!({"repository": "acme/shop", "number": 1, "workflow": "CI", "conclusion": "failure"}),
    )
    .await;
    let merged = said("/pull-requests/1/merge", json!({"repository": "acme/shop"})).await;
    assert_eq!(merged["open"], false);

    let deliveries = control.get("/deliveries").await.json();
    let actions: Vec<&str> = deliveries
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|delivery| delivery["action"].as_str())
        .collect();
    assert_eq!(
        actions,
        [
            "opened",
            "synchronize",
            "requested",
            "in_progress",
            "completed",
            "closed"
        ]
    );
    let state = control.get("/state").await.json();
    assert_eq!(
        (
            &state["pull_requests"][0]["number"],
            &state["addresses"]["github"]
        ),
        (&json!(1), &json!(world.github_url()))
    );
    assert_eq!(control.get("/check").await.json(), json!({"findings": []}));
}

#[tokio::test]
async fn faults_are_put_in_force_and_lifted_with_the_control_api() {
    let world = asking::world().await;
    let control = asking::control(&world);
    let fault = json!({"vendor": "coolify", "method": "GET", "path": "/version", "times": 1, "fault": {"status": 503}});
    assert_eq!(control.post("/faults", &fault).await.status, 200);
    control
        .post("/faults", &json!({"vendor": "github", "fault": "rubbish"}))
        .await;
    let coolify = asking::coolify(&world);
    assert_eq!(
        [
            coolify.get("/version").await.status,
            coolify.get("/version").await.status
        ],
        [503, 200]
    );
    assert!(
        asking::github(&world)
            .get("/user")
            .await
            .text()
            .starts_with("<!doctype")
    );
    control.call("DELETE", "/faults", None).await;
    assert_eq!(
        asking::github(&world).get("/user").await.json()["login"],
        "slipway-bot"
    );
    assert_eq!(
        control
            .get("/journal")
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        4
    );
}

#[tokio::test]
async fn wishes_that_make_no_sense_are_told_what_would() {
    let world = asking::world().await;
    let control = asking::control(&world);
    for (path, body, status, says) in [
        ("/nothing", json!({}), 404, "README.md"),
        (
            "/pull-requests",
            json!({"repository": "acme/shop"}),
            400,
            "`title`",
        ),
        (
            "/pull-requests/3/merge",
            json!({"repository": "acme/shop"}),
            404,
            "no pull request 3",
        ),
        (
            "/faults",
            json!({"vendor": "gitlab", "fault": "close"}),
            400,
            "unknown variant",
        ),
        ("/deliveries/x/redeliver", json!({}), 409, "webhook URL"),
    ] {
        let answer = control.post(path, &body).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.text().contains(says), "{path}: {}", answer.text());
    }
}
