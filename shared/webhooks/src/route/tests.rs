use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::{
    ContentType, Envelope, issue_comment_event, payload_text, protection_event, pull_request_event,
    workflow_run_event,
};

fn event(name: &str) -> EventName {
    let mut headers = HeaderMap::new();
    headers.insert("x-github-event", HeaderValue::from_str(name).unwrap());
    headers.insert("x-github-delivery", HeaderValue::from_static("a-1"));
    Envelope::parse(&headers).unwrap().event
}

fn outcome(name: &str, payload: &str) -> String {
    match route(&event(name), payload) {
        Ok(Routed {
            route: Route::Ignored { reason },
            ..
        }) => format!("ignored: {reason}"),
        Ok(routed) => format!("{:?}", routed.route),
        Err(error) => format!("malformed: {error}"),
    }
}

fn outcomes(deliveries: &[(&str, &str)]) -> String {
    let outcomes: Vec<String> = deliveries
        .iter()
        .map(|(name, payload)| outcome(name, payload))
        .collect();
    outcomes.join("\n")
}

#[test]
fn an_event_that_is_not_used_is_ignored_and_says_why() {
    insta::assert_snapshot!(outcomes(&[
        ("ping", r#"{"zen":"Speak like a human."}"#),
        (
            "push",
            r#"{"ref":"refs/heads/gone","deleted":true,"head_commit":null,"repository":{"id":1,"full_name":"a/b"}}"#
        ),
        ("star", r#"{"action":"created"}"#),
        ("star", r#"{"action":7,"repository":[]}"#),
    ]), @"
    Ping
    ignored: a branch or tag was deleted: nothing is released for that
    ignored: star events are not used
    ignored: star events are not used
    ");
}

#[test]
fn whatever_the_event_the_payload_must_be_a_json_object() {
    for name in [
        "ping",
        "push",
        "star",
        "pull_request",
        "workflow_run",
        "issue_comment",
    ] {
        for payload in ["", "payload", "[]", "null", "{\"a\":"] {
            let outcome = outcome(name, payload);
            assert!(
                outcome.starts_with("malformed: payload: "),
                "{name} {payload:?} gave {outcome}"
            );
        }
    }
}

#[test]
fn an_action_that_is_not_used_is_ignored_even_when_other_fields_are_wrong() {
    insta::assert_snapshot!(outcomes(&[
        ("pull_request", r#"{"action":"assigned","number":"seven"}"#),
        ("workflow_run", r#"{"action":"rerequested"}"#),
        ("pull_request", r#"{"action":"opened","number":"seven"}"#),
        ("pull_request", r#"{"number":7}"#),
    ]), @r#"
    ignored: pull_request assigned is not used
    ignored: workflow_run rerequested is not used
    malformed: number: found string "seven", expected a whole number from 0
    malformed: action: missing
    "#);
}

#[test]
fn every_routed_event_has_its_component_and_no_other_does() {
    assert_eq!(component_of("pull_request"), Some("pull-request"));
    assert_eq!(component_of("check_run"), Some("pull-request"));
    assert_eq!(component_of("workflow_run"), Some("workflow-run"));
    assert_eq!(component_of("issue_comment"), Some("commands"));
    assert_eq!(component_of("deployment_protection_rule"), Some("push"));
    for name in [
        "installation",
        "installation_repositories",
        "installation_target",
        "repository",
    ] {
        assert_eq!(component_of(name), Some("installation"), "{name}");
    }
    for name in NOT_YET.into_iter().chain(["ping", "star", ""]) {
        assert_eq!(component_of(name), None, "{name}");
    }
}

/// JSON that looks like a payload here and there.
fn payload_like() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        "[ -~]{0,12}".prop_map(|text| serde_json::Value::from(text).to_string()),
        Just("\"opened\"".to_owned()),
        Just("\"6dcb09b5b57875f334f61aebed695e2e4193db5e\"".to_owned()),
    ];
    let field = prop::sample::select(vec![
        "action",
        "number",
        "pull_request",
        "repository",
        "head",
        "base",
        "sha",
        "repo",
        "id",
        "labels",
        "changes",
        "workflow_run",
        "issue",
        "comment",
        "body",
        "state",
        "environment",
        "deployment",
        "deployment_callback_url",
    ]);
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((field.clone(), inner), 0..8).prop_map(|fields| {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|(name, value)| format!("\"{name}\":{value}"))
                    .collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

fn survives(body: &[u8]) {
    for content_type in [ContentType::Json, ContentType::Form] {
        if let Ok(text) = payload_text(content_type, body) {
            for name in [
                "ping",
                "push",
                "pull_request",
                "workflow_run",
                "issue_comment",
                "deployment_protection_rule",
            ] {
                if let Err(error) = route(&event(name), &text) {
                    let line = error.to_string();
                    assert!(
                        !line.contains('\n') && line.chars().count() <= 300,
                        "{line:?}"
                    );
                }
            }
        }
    }
    // What a component refuses, the route has refused or ignored before.
    pull_request_event(body).ok();
    workflow_run_event(body).ok();
    issue_comment_event(body).ok();
    protection_event(body).ok();
}

proptest! {
    #[test]
    fn any_bytes_are_routed_or_refused_in_one_line(body: Vec<u8>) {
        survives(&body);
    }

    #[test]
    fn any_json_is_routed_or_refused_in_one_line(payload in payload_like()) {
        survives(payload.as_bytes());
        let encoded: String = payload.bytes().map(|byte| format!("%{byte:02x}")).collect();
        survives(format!("payload={encoded}").as_bytes());
    }

    #[test]
    fn what_is_routed_to_a_component_is_parsed_by_it(payload in payload_like()) {
        if let Ok(Routed { route: Route::PullRequest, .. }) = route(&event("pull_request"), &payload) {
            prop_assert!(pull_request_event(payload.as_bytes()).is_ok());
        }
        if let Ok(Routed { route: Route::WorkflowRun, .. }) = route(&event("workflow_run"), &payload) {
            prop_assert!(workflow_run_event(payload.as_bytes()).is_ok());
        }
        if let Ok(Routed { route: Route::Commands, .. }) = route(&event("issue_comment"), &payload) {
            prop_assert!(issue_comment_event(payload.as_bytes()).is_ok());
        }
        if let Ok(Routed { route: Route::Push, .. }) = route(&event("deployment_protection_rule"), &payload) {
            prop_assert!(protection_event(payload.as_bytes()).is_ok());
        }
    }
}
