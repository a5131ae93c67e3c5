//! `GET /healthz` and `GET /readyz`.

use anyhow::Result;
use e2e::{Message, Setup, Story};
use serde_json::Value;
use world::Answer;

async fn get(story: &Story, path: &'static str) -> Result<Answer> {
    let message = Message {
        method: "GET",
        path,
        headers: Vec::new(),
        body: Vec::new(),
    };
    story.post(&message).await
}

/// Each check as `name: status`.
fn standings(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let checks = body.get("checks").and_then(Value::as_array);
    let text = |check: &Value, name| {
        check.get(name).map_or_else(String::new, |value| {
            value.as_str().unwrap_or_default().to_owned()
        })
    };
    checks
        .into_iter()
        .flatten()
        .map(|check| format!("{}: {}", text(check, "name"), text(check, "status")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_is_configured_is_ready_and_tells_no_secret() -> Result<()> {
    let story = Story::start().await?;
    let alive = get(&story, "/healthz").await?;
    assert_eq!((alive.status, alive.text().as_str()), (200, "ok\n"));

    let answer = get(&story, "/readyz").await?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["status"], "ready");
    assert_eq!(
        standings(&answer),
        [
            "github_webhook_secrets: ready",
            "store queue: ready",
            "store inbox: ready",
            "reconcile_token: ready",
            "store default: ready",
            "GitHub: ready",
            "Coolify: ready",
            "Platform API: ready",
            "Kubernetes: ready",
            "Registry: off",
            "Argo CD: ready",
            "Slack: ready",
            "outgoing webhooks: ready",
            "Backstage: ready",
        ]
    );
    assert!(!answer.text().contains("reconcile-me"), "{}", answer.text());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_configured_is_off_and_what_is_half_configured_has_failed() -> Result<()> {
    let story = Setup::default()
        .variable("github_webhook_secrets", "")
        .variable("reconcile_token", "")
        .variable("github_token", "")
        .variable("coolify_token", "")
        .variable("platform_api_token", "")
        .variable("kubernetes_api_url", "http://unset.invalid")
        .variable("kubernetes_token", "")
        .variable("registry_token", "ghp_forgotten_url")
        .variable("slack_webhooks", "")
        .variable("notify_secret", "")
        .variable("backstage_token", "")
        .start()
        .await?;
    let answer = get(&story, "/readyz").await?;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["status"], "not ready");
    assert_eq!(
        standings(&answer),
        [
            "github_webhook_secrets: failed",
            "store queue: ready",
            "store inbox: ready",
            "reconcile_token: off",
            "store default: ready",
            "GitHub: off",
            "Coolify: failed",
            "Platform API: failed",
            "Kubernetes: off",
            "Registry: failed",
            "Argo CD: ready",
            "Slack: off",
            "outgoing webhooks: failed",
            "Backstage: failed",
        ]
    );
    assert!(
        answer
            .text()
            .contains("coolify_url is set and coolify_token is not"),
        "{}",
        answer.text()
    );
    assert_eq!(get(&story, "/healthz").await?.status, 200);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_of_components_have_no_public_way_in() -> Result<()> {
    let story = Story::start().await?;
    for path in ["/ready", "/webhooks/github/ready", "/reconcile/ready"] {
        assert_eq!(get(&story, path).await?.status, 404, "{path}");
    }
    let message = Message {
        method: "POST",
        path: "/readyz",
        headers: Vec::new(),
        body: Vec::new(),
    };
    assert_eq!(story.post(&message).await?.status, 405);
    Ok(())
}
