use serde_json::{Value, json};

use super::*;

fn payload() -> Value {
    json!({
        "action": "completed",
        "workflow": { "name": "CI", "path": ".github/workflows/ci.yml" },
        "workflow_run": {
            "id": 30433642,
            "run_attempt": 2,
            "name": "CI",
            "path": ".github/workflows/ci.yml@main",
            "event": "pull_request",
            "status": "completed",
            "conclusion": "success",
            "head_branch": "fix-login",
            "head_sha": "6dcb09b5b57875f334f61aebed695e2e4193db5e",
            "head_repository": { "id": 42 },
            "html_url": "https://github.com/acme/shop/actions/runs/30433642",
            "pull_requests": [
                { "number": 7, "base": { "repo": { "id": 42 } } },
                { "number": 9, "base": { "repo": { "id": 43 } } }
            ]
        },
        "repository": { "id": 42, "full_name": "acme/shop", "default_branch": "trunk" }
    })
}

fn parse(payload: &Value) -> Result<WorkflowRunEvent, Malformed> {
    workflow_run_event(payload.to_string().as_bytes())
}

/// The payload with one field of the run changed.
fn with(field: &str, value: Value) -> Value {
    let mut payload = payload();
    payload["workflow_run"][field] = value;
    payload
}

#[test]
fn a_delivery_becomes_a_sighting_of_the_run_for_the_pull_requests_of_this_repository() {
    insta::assert_debug_snapshot!(parse(&payload()).unwrap(), @r#"
    WorkflowRunEvent {
        action: Completed,
        repository: RepositoryId(
            42,
        ),
        repository_name: acme/shop,
        default_branch: Some(
            "trunk",
        ),
        updated_at: 1970-01-01T00:00:00Z,
        run: WorkflowRun {
            id: 30433642,
            attempt: 2,
            name: "CI",
            path: ".github/workflows/ci.yml",
            event: "pull_request",
            head_branch: Some(
                "fix-login",
            ),
            head_commit: 6dcb09b,
            head_repository: Some(
                RepositoryId(
                    42,
                ),
            ),
            progress: Succeeded,
            html_url: "https://github.com/acme/shop/actions/runs/30433642",
            skips_preview: false,
        },
        pull_requests: [
            PullRequestNumber(
                7,
            ),
        ],
    }
    "#);
}

#[test]
fn only_completed_with_success_counts_as_success() {
    let progress = |status: &str, conclusion: Value| {
        let mut payload = with("status", json!(status));
        payload["workflow_run"]["conclusion"] = conclusion;
        parse(&payload).unwrap().run.progress
    };
    for (status, conclusion, expected) in [
        ("completed", json!("success"), RunProgress::Succeeded),
        ("completed", json!("failure"), RunProgress::Failed),
        ("completed", json!("neutral"), RunProgress::Failed),
        ("completed", json!("timed_out"), RunProgress::Failed),
        ("completed", json!("action_required"), RunProgress::Failed),
        ("completed", json!("startup_failure"), RunProgress::Failed),
        ("completed", json!("something_new"), RunProgress::Failed),
        ("completed", json!("cancelled"), RunProgress::Cancelled),
        ("completed", json!("skipped"), RunProgress::Cancelled),
        ("completed", json!("stale"), RunProgress::Cancelled),
        ("completed", Value::Null, RunProgress::Running),
        ("in_progress", Value::Null, RunProgress::Running),
        ("in_progress", json!("success"), RunProgress::Running),
        ("queued", Value::Null, RunProgress::Waiting),
        ("requested", Value::Null, RunProgress::Waiting),
        ("something_new", json!("success"), RunProgress::Waiting),
    ] {
        assert_eq!(
            progress(status, conclusion.clone()),
            expected,
            "{status} {conclusion}"
        );
    }
}

#[test]
fn a_run_without_name_or_path_takes_those_of_its_workflow() {
    let mut payload = with("name", json!(""));
    payload["workflow_run"]
        .as_object_mut()
        .unwrap()
        .remove("path");
    let run = parse(&payload).unwrap().run;
    assert_eq!(
        (run.name.as_str(), run.path.as_str()),
        ("CI", ".github/workflows/ci.yml")
    );
    payload.as_object_mut().unwrap().remove("workflow");
    let run = parse(&payload).unwrap().run;
    assert_eq!((run.name.as_str(), run.path.as_str()), ("", ""));
}

#[test]
fn a_head_repository_that_was_deleted_is_unknown() {
    let event = parse(&with("head_repository", Value::Null)).unwrap();
    assert_eq!(event.run.head_repository, None);
}

#[test]
fn a_needed_field_that_is_wrong_is_named_with_what_was_expected() {
    let reasons: Vec<String> = [
        ("head_sha", json!("main")),
        ("id", json!(1.5)),
        ("pull_requests", json!([{ "number": 7 }])),
        ("status", Value::Null),
    ]
    .into_iter()
    .map(|(field, value)| parse(&with(field, value)).unwrap_err().to_string())
    .collect();
    insta::assert_snapshot!(reasons.join("\n"), @r#"
    workflow_run.head_sha: found "main", expected a commit SHA (40 or 64 lower-case hexadecimal digits)
    workflow_run.id: found floating point `1.5`, expected a whole number from 0
    workflow_run.pull_requests[0].base: missing
    workflow_run.status: found null, expected a string
    "#);
}
