use std::collections::BTreeMap;

use futures::executor::block_on;
use http::{HeaderMap, StatusCode};
use ports::{Http, HttpError, Request, Response};
use serde_json::Value;

use super::*;
use crate::report;

/// Components by the URL of their report; one that is not there refuses the connection.
struct Components(BTreeMap<&'static str, (StatusCode, Vec<u8>)>);

impl Http for Components {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let (status, body) = self
            .0
            .get(request.url.as_str())
            .ok_or(HttpError::NoConnection {
                host: request.url.clone(),
                reason: "connection refused".to_owned(),
            })?;
        Ok(Response {
            status: *status,
            headers: HeaderMap::new(),
            body: body.clone(),
        })
    }
}

fn told(gateway: Option<&[Check]>, reconcile: (StatusCode, Vec<u8>)) -> (u16, Value) {
    let nothing_to_tell = (StatusCode::OK, report(&[]));
    let mut components = BTreeMap::from([
        ("http://reconcile.spin.internal/ready", reconcile),
        ("http://notices.spin.internal/ready", nothing_to_tell),
    ]);
    if let Some(checks) = gateway {
        let ok = (StatusCode::OK, report(checks));
        components.insert("http://gateway.spin.internal/ready", ok);
    }
    let (status, body) = block_on(collect(&Components(components)));
    (status.as_u16(), serde_json::from_slice(&body).unwrap())
}

#[test]
fn what_is_switched_off_or_paused_does_not_make_it_unready() {
    let gateway = [Check::new(
        "github_webhook_secrets",
        Standing::Ready,
        "2 secrets",
    )];
    let reconcile = [
        Check::new("coolify", Standing::Off, "coolify_url is not set"),
        Check::new("github", Standing::Paused, "until 10:00"),
    ];
    let (status, body) = told(Some(&gateway), (StatusCode::OK, report(&reconcile)));
    assert_eq!((status, &body["status"]), (200, &Value::from("ready")));
    let told: Vec<String> = body["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| {
            format!(
                "{}: {}: {}",
                check["name"], check["status"], check["detail"]
            )
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    "github_webhook_secrets": "ready": "2 secrets"
    "coolify": "off": "coolify_url is not set"
    "github": "paused": "until 10:00"
    "#);
}

#[test]
fn one_failed_check_is_enough_and_is_named() {
    let gateway = [Check::new(
        "github_webhook_secrets",
        Standing::Failed,
        "no secret is set",
    )];
    let (status, body) = told(Some(&gateway), (StatusCode::OK, report(&[])));
    assert_eq!((status, &body["status"]), (503, &Value::from("not ready")));
    assert_eq!(body["checks"][0]["name"], "github_webhook_secrets");
}

#[test]
fn a_component_that_does_not_report_has_failed_and_the_others_are_still_told() {
    let ready = [Check::new("store queue", Standing::Ready, "answers")];
    let (status, body) = told(
        Some(&ready),
        (StatusCode::INTERNAL_SERVER_ERROR, Vec::new()),
    );
    assert_eq!(status, 503);
    assert_eq!(body["checks"][0]["name"], "store queue");
    assert_eq!(body["checks"][1]["name"], "component reconcile");
    assert_eq!(
        body["checks"][1]["detail"],
        "answered 500 Internal Server Error"
    );

    let (status, body) = told(None, (StatusCode::OK, b"<html>".to_vec()));
    assert_eq!(status, 503);
    let details = [&body["checks"][0]["detail"], &body["checks"][1]["detail"]];
    assert!(
        details[0].as_str().unwrap().starts_with("gave no answer")
            && details[1]
                .as_str()
                .unwrap()
                .starts_with("answered no report"),
        "{details:?}"
    );
}
