//! Reading the workflow runs of a commit.

use domain::{
    CommitSha,
    preview::{RunProgress, WorkflowRun},
};
use serde_json::{Value, json};
use vendors::CallError;

use crate::{
    github_pull_request::{client, name, repository},
    script::{Script, now, told},
};

const HEAD: &str = "ec26c3e57ca3a959ca5aad62de7213c562f8c821";

fn runs(script: &Script) -> Result<Vec<WorkflowRun>, CallError> {
    let head: CommitSha = HEAD.parse().expect("a commit");
    now(client(script).workflow_runs(repository(&name()), &head))
}

fn run(id: u64, attempt: u64, status: &str, conclusion: Option<&str>) -> Value {
    json!({
        "id": id, "name": "CI", "node_id": "WFR_1", "head_branch": "changes", "head_sha": HEAD,
        "path": ".github/workflows/ci.yml",
        "display_title": "Update the README", "run_number": 562, "event": "pull_request",
        "status": status, "conclusion": conclusion,
        "workflow_id": 159038, "html_url": format!("https://github.com/acme/shop/actions/runs/{id}"), "pull_requests": [],
        "run_attempt": attempt, "head_commit": {"id": HEAD, "message": "x"},
        "head_repository": {"id": 42, "full_name": "octocat/shop"},
        "repository": {"id": 1296269, "full_name": "acme/shop"}
    })
}

fn list(runs: &[Value]) -> String {
    json!({"total_count": runs.len(), "workflow_runs": runs}).to_string()
}

#[test]
fn the_runs_of_a_commit_are_read_from_all_pages_each_as_its_newest_attempt() {
    let next = r#"<https://api.github.com/repositories/1296269/actions/runs?head_sha=ec26&page=2>; rel="next""#;
    let script = Script::default()
        .then(
            200,
            &[("link", next)],
            &list(&[
                run(9, 1, "in_progress", None),
                run(5, 2, "completed", Some("success")),
            ]),
        )
        .then(200, &[], &list(&[run(5, 1, "completed", Some("failure"))]));
    let runs = runs(&script).unwrap();
    let seen: Vec<_> = runs
        .iter()
        .map(|run| (run.id, run.attempt, run.progress))
        .collect();
    assert_eq!(
        seen,
        [(5, 2, RunProgress::Succeeded), (9, 1, RunProgress::Running)]
    );
    insta::assert_debug_snapshot!(runs.first(), @r#"
Some(
    WorkflowRun {
        id: 5,
        attempt: 2,
        name: "CI",
        path: ".github/workflows/ci.yml",
        event: "pull_request",
        head_branch: Some(
            "changes",
        ),
        head_commit: ec26c3e,
        head_repository: Some(
            RepositoryId(
                42,
            ),
        ),
        progress: Succeeded,
        html_url: "https://github.com/acme/shop/actions/runs/5",
        skips_preview: false,
    },
)
"#);
    insta::assert_snapshot!(script.lines().join("\n").replace(HEAD, "<head>"), @"
GET https://api.github.com/repos/acme/shop/actions/runs?head_sha=<head>&exclude_pull_requests=true&per_page=50
GET https://api.github.com/repositories/1296269/actions/runs?head_sha=ec26&page=2
");
}

#[test]
fn only_a_completed_run_with_the_conclusion_success_has_succeeded() {
    for (status, conclusion, expected) in [
        ("requested", None, RunProgress::Waiting),
        ("queued", None, RunProgress::Waiting),
        ("waiting", None, RunProgress::Waiting),
        ("pending", Some("success"), RunProgress::Waiting),
        ("in_progress", None, RunProgress::Running),
        ("completed", None, RunProgress::Running),
        ("completed", Some("success"), RunProgress::Succeeded),
        ("completed", Some("cancelled"), RunProgress::Cancelled),
        ("completed", Some("skipped"), RunProgress::Cancelled),
        ("completed", Some("stale"), RunProgress::Cancelled),
        ("completed", Some("neutral"), RunProgress::Failed),
        ("completed", Some("failure"), RunProgress::Failed),
        ("completed", Some("timed_out"), RunProgress::Failed),
        ("completed", Some("action_required"), RunProgress::Failed),
        ("completed", Some("startup_failure"), RunProgress::Failed),
        ("completed", Some("something new"), RunProgress::Failed),
    ] {
        let runs = runs(&Script::one(200, &list(&[run(5, 1, status, conclusion)]))).unwrap();
        assert_eq!(
            runs.first().map(|run| run.progress),
            Some(expected),
            "{status}, {conclusion:?}"
        );
    }
}

#[test]
fn fields_that_github_leaves_out_or_empty_are_no_trouble_and_no_run_of_another_commit_slips_in() {
    let mut bare = run(5, 1, "completed", Some("success"));
    bare["name"] = Value::Null;
    bare["head_repository"] = Value::Null;
    bare.as_object_mut().unwrap().remove("run_attempt");
    bare.as_object_mut().unwrap().remove("path");
    let mut other = run(6, 1, "completed", Some("success"));
    other["head_sha"] = "f95f852bd8fca8fcc58a9a2d6c842781e32a215e".into();
    let runs = runs(&Script::one(200, &list(&[bare, other]))).unwrap();
    let seen: Vec<_> = runs
        .iter()
        .map(|run| (run.id, run.attempt, run.name.as_str(), run.head_repository))
        .collect();
    assert_eq!(seen, [(5, 1, "", None)]);
}

#[test]
fn runs_of_another_repository_that_took_the_name_are_refused() {
    let mut foreign = run(5, 1, "completed", Some("success"));
    foreign["repository"]["id"] = 999.into();
    insta::assert_snapshot!(told(runs(&Script::one(200, &list(&[foreign])))), @"
refused: reading the workflow runs of acme/shop on ec26c3e: acme/shop is now the repository with id
    999, not 1296269. It was replaced: the repository's present name would be right, which its next
    delivery brings
");
}

#[test]
fn a_commit_without_runs_has_none_and_an_answer_without_the_list_is_asked_for_again() {
    assert_eq!(runs(&Script::one(200, &list(&[]))).unwrap(), []);
    let told = [
        told(runs(&Script::one(200, "{}"))),
        told(runs(&Script::one(404, r#"{"message":"Not Found"}"#))),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
retry: reading the workflow runs of acme/shop on ec26c3e: GitHub answered 200 with something else
    than expected (missing field `workflow_runs` at line 1 column 2)
refused: reading the workflow runs of acme/shop on ec26c3e: GitHub answered 404 "Not Found". The
    repository must exist, and the token in github_token have access to it
"#);
}

#[test]
fn pages_that_never_end_are_given_up() {
    let next = r#"<https://api.github.com/repositories/1296269/actions/runs?page=2>; rel="next""#;
    let mut script = Script::default();
    for _ in 0..20 {
        script = script.then(200, &[("link", next)], &list(&[]));
    }
    insta::assert_snapshot!(told(runs(&script)), @"
refused: reading the workflow runs of acme/shop on ec26c3e: GitHub's list has more than 20 pages.
    Slipway reads no longer ones
");
}
