//! Operations of a repository: what the page says, and what its forms send.

use super::*;

const PAGE: &str = "/dashboard/repositories/42/operations";

pub(super) fn known() -> Value {
    json!({
        "repository_id": 42, "repository": "acme/shop",
        "operations": [{
            "name": "db-migrate", "workflow": "db-migration.yml",
            "inputs": [
                { "name": "command", "values": ["migrate", "rollback", "status"] },
                { "name": "reason", "values": [] },
            ],
        }],
    })
}

pub(super) fn started() -> Value {
    json!({ "runs": [{
        "repository_id": 42, "repository": "acme/shop", "id": "01795257067000-1d7e4b8a6035c1d7",
        "operation": "db-migrate", "workflow": "db-migration.yml", "inputs": { "command": "status" },
        "by": "grace", "via": "api", "state": "failed", "reason": "its run did not succeed",
        "run_url": "https://github.com/acme/shop/actions/runs/11", "asked_at": "2026-11-21T10:21:07Z",
        "ended_at": "2026-11-21T10:25:07Z",
        "timeline": [
            { "at": "2026-11-21T10:21:07Z", "what": "grace asked for it by api" },
            { "at": "2026-11-21T10:25:07Z", "what": "failed: its run did not succeed" },
        ],
    }], "next": null })
}

#[test]
fn operations_are_started_by_choosing_among_the_values_that_the_configuration_lists() {
    let mut browser = Browser::signed_in("deployer");
    let page = browser.get(PAGE);
    insta::assert_snapshot!(said(&page), @"
    Repositories
    Operations of acme/shop
    Start
    db-migrate
    Runs db-migration.yml on the default branch.
    command
    choose
    migrate
    rollback
    status
    reason
    Start db-migrate
    Started
    db-migrate command=status ✕ failed
    its run did not succeed
    Started by grace, 10 min ago
    Its run on GitHub
    What happened
    6 min ago failed: its run did not succeed
    10 min ago grace asked for it by api
    ");
    let csrf = csrf_of(&page);
    let form = format!("csrf={csrf}&input.command=migrate&input.reason=&other=x");
    let answer = browser.post(&format!("{PAGE}/db-migrate"), &form);
    let there = header_of(&answer, &header::LOCATION).unwrap().to_owned();
    assert_eq!(there, format!("{PAGE}?done=operate"));
    assert!(text(&browser.get(&there)).contains("role=\"status\""));
    assert_eq!(
        browser.done(),
        ["deployer: /repositories/42/operations/db-migrate"]
    );
    assert_eq!(
        *browser.dashboard.http.bodies.borrow(),
        [r#"{"inputs":{"command":"migrate"}}"#]
    );
}

#[test]
fn a_viewer_sees_what_became_of_operations_and_starts_none() {
    let mut browser = Browser::signed_in("viewer");
    let page = browser.get(PAGE);
    let shown = text(&page);
    assert_eq!(
        shown.matches("<form").count(),
        1,
        "only the one for signing out: {shown}"
    );
    assert!(
        shown.contains("https://github.com/acme/shop/actions/runs/11"),
        "{shown}"
    );
    let csrf = csrf_of(&page);
    let answer = browser.post(&format!("{PAGE}/db-migrate"), &format!("csrf={csrf}"));
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let forged = browser.post(
        &format!("{PAGE}/db-migrate"),
        "csrf=guessed&input.command=migrate",
    );
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.done(), Vec::<String>::new());
}
