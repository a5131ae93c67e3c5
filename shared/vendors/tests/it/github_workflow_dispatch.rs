//! Starting a workflow, and following its run.

use std::collections::BTreeMap;

use domain::{
    Timestamp,
    preview::{RunProgress, WorkflowRun},
};
use serde_json::{Value, json};
use vendors::{
    CallError,
    github::{Dispatched, DispatchedRun, WorkflowDispatch},
};

use crate::{
    github_pull_request::{client, name, repository},
    script::{Script, broken, now, told},
};

fn inputs(count: usize) -> BTreeMap<String, String> {
    (0..count)
        .map(|number| (format!("input_{number}"), "x".to_owned()))
        .collect()
}

fn dispatch(script: &Script, inputs: &BTreeMap<String, String>) -> Result<Dispatched, CallError> {
    let dispatch = WorkflowDispatch {
        workflow: "smoke test.yml",
        branch: "main",
        inputs,
    };
    now(client(script).dispatch_workflow(repository(&name()), dispatch))
}

fn since(script: &Script) -> Result<Vec<DispatchedRun>, CallError> {
    let dispatch = WorkflowDispatch {
        workflow: "smoke.yml",
        branch: "release/1",
        inputs: &inputs(0),
    };
    let since = Timestamp::parse("2026-11-21T10:31:07Z").expect("a time");
    now(client(script).dispatched_since(repository(&name()), dispatch, since))
}

fn follow(script: &Script) -> Result<Option<WorkflowRun>, CallError> {
    now(client(script).workflow_run(repository(&name()), 9))
}

fn run(id: u64, repository: u64) -> Value {
    json!({"id": id, "name": "Smoke", "display_title": "Smoke of ec26c3e", "path": ".github/workflows/smoke.yml", "event": "workflow_dispatch", "actor": {"id": 77}, "status": "completed",
        "conclusion": "success", "head_branch": "main", "head_sha": "ec26c3e57ca3a959ca5aad62de7213c562f8c821", "run_attempt": 1,
        "html_url": "https://github.com/acme/shop/actions/runs/9", "head_repository": {"id": repository},
        "repository": {"id": repository}})
}

#[test]
fn a_workflow_is_started_by_its_file_and_github_names_the_run() {
    let answer = json!({"workflow_run_id": 9, "run_url": "https://api.github.com/repos/acme/shop/actions/runs/9",
        "html_url": "https://github.com/acme/shop/actions/runs/9"});
    let script = Script::one(200, &answer.to_string());
    let started = dispatch(&script, &inputs(1)).unwrap();
    let url = "https://github.com/acme/shop/actions/runs/9".to_owned();
    assert_eq!(started, Dispatched::Run { id: 9, url });
    insta::assert_snapshot!(script.asked(), @r#"
    POST https://api.github.com/repos/acme/shop/actions/workflows/smoke%20test.yml/dispatches
    accept: "application/vnd.github+json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    x-github-api-version: "2022-11-28"
    content-type: "application/json"
    time limit: 30 s
    {"ref":"main","inputs":{"input_0":"x"},"return_run_details":true}
    "#);
}

#[test]
fn an_older_server_starts_it_without_naming_the_run() {
    assert_eq!(
        dispatch(&Script::one(204, ""), &inputs(0)).unwrap(),
        Dispatched::Unnamed
    );
}

#[test]
fn refusals_say_what_would_be_right_and_a_lost_answer_is_not_repeated() {
    let refused =
        |status: u16, message: &str| Script::one(status, &json!({"message": message}).to_string());
    let cases = [
        refused(404, "Not Found"),
        refused(422, "Workflow does not have 'workflow_dispatch' trigger"),
        refused(422, "No ref found for: main"),
        refused(422, "Required input 'url' not provided"),
        refused(422, "Unexpected inputs provided: [\"input_0\"]"),
        refused(
            422,
            "Cannot trigger a 'workflow_dispatch' on a disabled workflow",
        ),
        Script::default().then(
            403,
            &[("x-accepted-github-permissions", "actions=write")],
            r#"{"message":"Resource not accessible by personal access token"}"#,
        ),
        Script::one(502, "<html>Bad Gateway</html>"),
        Script::one(200, "{}"),
        Script::default().then_fails(broken()),
    ];
    let told: Vec<String> = cases
        .iter()
        .map(|script| told(dispatch(script, &inputs(1))))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    refused: starting the workflow smoke test.yml of acme/shop on main: GitHub answered 404 "Not Found".
        The repository must exist, and the token in github_token have access to it. The workflow's file
        must be in .github/workflows on the default branch
    refused: starting the workflow smoke test.yml of acme/shop on main: GitHub answered 422 "Workflow
        does not have 'workflow_dispatch' trigger". The workflow must have `workflow_dispatch` among its
        triggers
    refused: starting the workflow smoke test.yml of acme/shop on main: GitHub answered 422 "No ref
        found for: main". It can run on a branch or a tag only
    refused: starting the workflow smoke test.yml of acme/shop on main: GitHub answered 422 "Required
        input 'url' not provided". The inputs in .github/slipway.yml and those of the workflow must be
        the same
    refused: starting the workflow smoke test.yml of acme/shop on main: GitHub answered 422 "Unexpected
        inputs provided: ["input_0"]". The inputs in .github/slipway.yml and those of the workflow must
        be the same
    refused: starting the workflow smoke test.yml of acme/shop on main: GitHub answered 422 "Cannot
        trigger a 'workflow_dispatch' on a disabled workflow". Somebody must enable the workflow again
    refused: starting the workflow smoke test.yml of acme/shop on main: GitHub answered 403 "Resource
        not accessible by personal access token". The token in github_token needs the permission
        actions=write
    unknown: starting the workflow smoke test.yml of acme/shop on main: GitHub answered 502 "<html>Bad
        Gateway</html>"
    unknown: starting the workflow smoke test.yml of acme/shop on main: GitHub answered 200 with
        something else than expected (missing field `workflow_run_id` at line 1 column 2)
    unknown: starting the workflow smoke test.yml of acme/shop on main: the answer from
        https://vendor.example:443 broke off: connection reset
    "#);
}

#[test]
fn more_inputs_than_github_takes_are_not_even_sent() {
    let script = Script::default();
    let told = told(dispatch(&script, &inputs(26)));
    assert!(told.contains("26 inputs"), "{told}");
    assert!(script.lines().is_empty(), "nothing may be sent");
}

#[test]
fn the_runs_that_a_lost_dispatch_may_have_started_are_listed() {
    let list = json!({"total_count": 1, "workflow_runs": [run(9, 1_296_269)]});
    let script = Script::one(200, &list.to_string());
    let found = since(&script).unwrap();
    assert_eq!(
        (
            found[0].run.id,
            found[0].title.as_str(),
            found[0].started_by
        ),
        (9, "Smoke of ec26c3e", Some(77))
    );
    insta::assert_snapshot!(script.lines().join("\n"), @"GET https://api.github.com/repos/acme/shop/actions/workflows/smoke.yml/runs?event=workflow_dispatch&branch=release%2F1&created=%3E%3D2026-11-21T10%3A31%3A07Z&exclude_pull_requests=true&per_page=100");
    let foreign = json!({"total_count": 1, "workflow_runs": [run(9, 7)]});
    assert!(matches!(
        since(&Script::one(200, &foreign.to_string())),
        Err(CallError::Refused { .. })
    ));
}

#[test]
fn a_run_is_followed_by_its_id_until_it_is_gone() {
    let script = Script::one(200, &run(9, 1_296_269).to_string());
    assert_eq!(
        follow(&script).unwrap().unwrap().progress,
        RunProgress::Succeeded
    );
    assert_eq!(
        script.lines(),
        ["GET https://api.github.com/repos/acme/shop/actions/runs/9?exclude_pull_requests=true"]
    );
    assert_eq!(
        follow(&Script::one(404, r#"{"message":"Not Found"}"#)).unwrap(),
        None
    );
    let another = follow(&Script::one(200, &run(8, 1_296_269).to_string()));
    assert!(
        matches!(another, Err(CallError::Retry { .. })),
        "{another:?}"
    );
}
