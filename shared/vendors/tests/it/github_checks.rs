//! Check runs, and which commit changed a file.

use domain::CommitSha;
use vendors::{
    CallError,
    github::{Annotation, Button, CheckRun, CheckStatus, FileContent},
};

use crate::{
    github_pull_request::{client, name, repository},
    script::{Script, now, told},
};

#[expect(clippy::unwrap_used, reason = "it is one")]
fn head() -> CommitSha {
    "6dcb09b5b57875f334f61aebed695e2e4193db5e".parse().unwrap()
}

fn run<'a>(head: &'a CommitSha, annotations: &'a [Annotation<'a>]) -> CheckRun<'a> {
    CheckRun {
        name: "Slipway configuration",
        head,
        external_id: "ours",
        status: CheckStatus::Failure,
        title: "One thing is wrong",
        summary: "- line 5",
        annotations,
        details_url: None,
        buttons: &[],
    }
}

fn create(script: &Script, run: &CheckRun<'_>) -> Result<u64, CallError> {
    now(client(script).create_check_run(repository(&name()), run))
}

#[test]
fn a_verdict_is_sent_with_its_conclusion_and_the_lines_that_are_wrong() {
    let annotations = [Annotation {
        path: ".github/slipway.yml",
        line: 5,
        column: 3,
        message: "found \"previews\"",
    }];
    let script = Script::one(201, r#"{"id": 4, "external_id": "ours"}"#);
    assert_eq!(create(&script, &run(&head(), &annotations)).unwrap(), 4);
    insta::assert_snapshot!(script.asked(), @r#"
    POST https://api.github.com/repos/acme/shop/check-runs
    accept: "application/vnd.github+json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    x-github-api-version: "2022-11-28"
    content-type: "application/json"
    time limit: 30 s
    {"name":"Slipway configuration","head_sha":"6dcb09b5b57875f334f61aebed695e2e4193db5e","external_id":"ours","status":"completed","conclusion":"failure","output":{"title":"One thing is wrong","summary":"- line 5","annotations":[{"path":".github/slipway.yml","start_line":5,"end_line":5,"start_column":3,"end_column":3,"annotation_level":"failure","message":"found \"previews\""}]}}
    "#);
    let script = Script::one(201, r#"{"id": 4}"#);
    let head = head();
    let waiting = CheckRun {
        status: CheckStatus::Queued,
        ..run(&head, &[])
    };
    create(&script, &waiting).unwrap();
    let asked = script.asked();
    assert!(asked.contains(r#""status":"queued","output""#), "{asked}");
}

#[test]
fn what_github_would_refuse_is_cut() {
    let long = "ä".repeat(50_000);
    let annotation = Annotation {
        path: "a",
        line: 1,
        column: 1,
        message: "x",
    };
    let many = vec![annotation; 80];
    let head = head();
    let script = Script::one(201, r#"{"id": 4}"#);
    let long = CheckRun {
        summary: &long,
        ..run(&head, &many)
    };
    create(&script, &long).unwrap();
    let asked = script.asked();
    assert_eq!(asked.matches("start_line").count(), 50);
    assert_eq!(
        asked.matches('ä').count(),
        32_767,
        "65,534 bytes, and no half letter"
    );
}

#[test]
fn an_answer_that_is_lost_may_have_made_it_and_a_refusal_says_why() {
    let told_of = |status, body: &str| told(create(&Script::one(status, body), &run(&head(), &[])));
    insta::assert_snapshot!(told_of(502, "<html>"), @r#"unknown: making a check run on 6dcb09b of acme/shop: GitHub answered 502 "<html>""#);
    insta::assert_snapshot!(told_of(403, r#"{"message": "Resource not accessible by integration"}"#), @r#"
    refused: making a check run on 6dcb09b of acme/shop: GitHub answered 403 "Resource not accessible by
        integration". The token in github_token needs to read contents and actions, and to write pull
        requests
    "#);
}

#[test]
fn our_own_check_run_is_known_by_the_id_that_we_gave_it() {
    let body = r#"{"total_count": 3, "check_runs": [{"id": 7, "external_id": "theirs"}, {"id": 5, "external_id": "ours"},
        {"id": 6, "external_id": null}]}"#;
    let script = Script::one(200, body);
    let found = now(client(&script).own_check_run(
        repository(&name()),
        &head(),
        "Slipway configuration",
        "ours",
    ));
    assert_eq!(found.unwrap(), Some(5));
    assert_eq!(
        script.lines(),
        [
            "GET https://api.github.com/repos/acme/shop/commits/6dcb09b5b57875f334f61aebed695e2e4193db5e/check-runs?check_name=Slipway%20configuration&filter=all&per_page=100"
        ]
    );
}

#[test]
fn the_last_change_of_a_file_is_the_newest_commit_with_it() {
    let last = |script: &Script| {
        now(client(script).last_change(repository(&name()), ".github/slipway.yml"))
    };
    let script = Script::one(200, &format!(r#"[{{"sha": "{}"}}]"#, head()));
    assert_eq!(last(&script).unwrap(), Some(head()));
    assert_eq!(
        script.lines(),
        [
            "GET https://api.github.com/repos/acme/shop/commits?path=.github%2Fslipway.yml&per_page=1"
        ]
    );
    assert_eq!(last(&Script::one(200, "[]")).unwrap(), None);
    let empty = Script::one(409, r#"{"message": "Git Repository is empty."}"#);
    assert_eq!(last(&empty).unwrap(), None);
    let hidden = Script::one(404, r#"{"message": "Not Found"}"#);
    insta::assert_snapshot!(told(last(&hidden)), @r#"
    refused: looking for the last change of .github/slipway.yml in acme/shop: GitHub answered 404 "Not
        Found". The repository must exist, and the token in github_token have access to it
    "#);
}

#[test]
fn the_owners_file_is_read_with_the_repositorys_own_token_and_missing_where_that_may_not() {
    let read = |script: &Script| {
        now(client(script).owner_file(repository(&name()), ".github/slipway.yml"))
    };
    let script = Script::one(404, r#"{"message": "Not Found"}"#);
    assert_eq!(read(&script).unwrap(), FileContent::Missing);
    assert_eq!(
        script.lines(),
        ["GET https://api.github.com/repos/acme/.github/contents/.github/slipway.yml"]
    );
}

#[test]
fn a_check_run_is_changed_with_its_buttons_and_stays_on_its_commit() {
    let head = head();
    let buttons = [Button {
        label: "Redeploy",
        description: "Deploy this commit once more",
        identifier: "redeploy",
    }];
    let skipped = CheckRun {
        status: CheckStatus::Neutral,
        details_url: Some("https://7.example.com"),
        buttons: &buttons,
        ..run(&head, &[])
    };
    let script = Script::one(200, r#"{"id": 4}"#);
    let changed = now(client(&script).update_check_run(repository(&name()), 4, &skipped));
    assert_eq!(changed, Ok(()));
    let asked = script.asked();
    let lines: Vec<&str> = asked.lines().collect();
    assert_eq!(
        lines.first(),
        Some(&"PATCH https://api.github.com/repos/acme/shop/check-runs/4")
    );
    insta::assert_snapshot!(lines.last().unwrap(), @r#"{"name":"Slipway configuration","external_id":"ours","details_url":"https://7.example.com","status":"completed","conclusion":"neutral","output":{"title":"One thing is wrong","summary":"- line 5"},"actions":[{"label":"Redeploy","description":"Deploy this commit once more","identifier":"redeploy"}]}"#);
    // A proxy's page, or another check run, is no answer to that.
    for body in ["<html>Welcome</html>", r#"{"id": 5}"#] {
        let script = Script::one(200, body);
        let changed = now(client(&script).update_check_run(repository(&name()), 4, &skipped));
        assert!(changed.is_err(), "{body}: {changed:?}");
    }
    // Without buttons those that are there go.
    let script = Script::one(404, r#"{"message": "Not Found"}"#);
    let changed = now(client(&script).update_check_run(repository(&name()), 4, &run(&head, &[])));
    assert!(
        matches!(changed, Err(CallError::Retry { after: None, .. })),
        "nobody can delete one: {changed:?}"
    );
    assert!(
        script.asked().contains(r#""actions":[]"#),
        "{}",
        script.asked()
    );
}
