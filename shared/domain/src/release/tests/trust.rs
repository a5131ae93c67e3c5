//! Which runs are believed.

use super::*;
use crate::release::judge;

#[test]
fn only_a_run_of_a_push_to_the_tracked_branch_of_the_repository_itself_is_believed() {
    let terms = terms(&configuration(PRODUCTION));
    let good = || run(1, '1', RunProgress::Succeeded);
    let cases = [
        ("as it should be", good()),
        (
            "another event",
            WorkflowRun {
                event: "pull_request".into(),
                ..good()
            },
        ),
        (
            "dispatched by hand",
            WorkflowRun {
                event: "workflow_dispatch".into(),
                ..good()
            },
        ),
        (
            "a fork whose branch is called main",
            WorkflowRun {
                head_repository: Some(RepositoryId(2)),
                ..good()
            },
        ),
        (
            "a fork that was deleted",
            WorkflowRun {
                head_repository: None,
                ..good()
            },
        ),
        (
            "another workflow",
            WorkflowRun {
                name: "Lint".into(),
                path: ".github/workflows/lint.yml".into(),
                ..good()
            },
        ),
        (
            "another workflow's folder",
            WorkflowRun {
                name: "x".into(),
                path: "evil/.github/workflows/CI".into(),
                ..good()
            },
        ),
        (
            "another branch",
            WorkflowRun {
                head_branch: Some("feature/main".into()),
                ..good()
            },
        ),
        (
            "no branch",
            WorkflowRun {
                head_branch: None,
                ..good()
            },
        ),
    ];
    let told = cases.map(|(what, run)| {
        let verdict = judge(&run, REPOSITORY, &terms);
        let verdict = verdict.map_or_else(|refusal| refusal.to_string(), |()| "believed".into());
        format!("{what}: {verdict}")
    });
    insta::assert_snapshot!(told.join("\n"), @r#"
    as it should be: believed
    another event: it was started by "pull_request", and only runs of a push count
    dispatched by hand: it was started by "workflow_dispatch", and only runs of a push count
    a fork whose branch is called main: its commit is of the repository 2, a fork, and only the repository's own count
    a fork that was deleted: the repository of its commit was deleted, so it was a fork's
    another workflow: it is of the workflow "Lint", and "CI" builds the image
    another workflow's folder: it is of the workflow "x", and "CI" builds the image
    another branch: it ran on "feature/main", which the environment does not track
    no branch: it ran on "", which the environment does not track
    "#);
}

#[test]
fn an_older_attempt_does_not_undo_a_newer_one_and_is_recorded() {
    let mut story = Story::new(PRODUCTION);
    story.push('1');
    let attempt = |attempt, progress| WorkflowRun {
        attempt,
        ..run(7, '1', progress)
    };
    let newer = attempt(2, RunProgress::Failed);
    story.runs.push(newer.clone());
    story.record(&Fact::RunSeen { run: newer });
    story.record(&Fact::RunSeen {
        run: attempt(1, RunProgress::Succeeded),
    });
    story.go();
    assert_eq!(story.waiting(), "1 waiting-for-build: CI did not succeed");
    let refused = story.line.refused();
    assert_eq!(refused.len(), 1);
    assert_eq!(
        refused[0].2.to_string(),
        "it is attempt 1 of the run, and attempt 2 is known"
    );
}

#[test]
fn what_a_delivery_says_is_asked_of_github_before_anything_begins() {
    let mut story = Story::new(PRODUCTION);
    story.push('1');
    // A delivery tells of a success that GitHub does not show.
    story.record(&Fact::RunSeen {
        run: run(7, '1', RunProgress::Succeeded),
    });
    story.go();
    assert_eq!(story.given, []);
    assert_eq!(
        story.waiting(),
        "1 waiting-for-build: waiting for CI to run"
    );
}
