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

#[test]
fn two_workflows_of_one_name_prove_nothing_until_the_file_is_named() {
    let mut story = Story::new(PRODUCTION);
    story.push('1');
    story.runs = vec![
        run(7, '1', RunProgress::Failed),
        WorkflowRun {
            path: ".github/workflows/docs.yml".into(),
            ..run(8, '1', RunProgress::Succeeded)
        },
    ];
    story.record(&Fact::RunSeen {
        run: story.runs[1].clone(),
    });
    story.go();
    assert_eq!(story.given, []);
    assert_eq!(
        story.waiting(),
        "1 waiting-for-build: two workflows are called \"CI\", .github/workflows/ci.yml and .github/workflows/docs.yml: \
         name the file in build.workflow"
    );
    let text = configuration(PRODUCTION).replace("workflow: CI", "workflow: docs.yml");
    story.record(&Fact::Configured {
        repository: None,
        terms: Some(Box::new(terms(&text))),
        as_of: story.now,
    });
    story.go_until(Duration::from_secs(600));
    assert_eq!(story.live(), Some('1'));
}

#[test]
fn a_tag_is_known_by_its_own_run_though_the_branch_has_one_on_the_same_commit() {
    let mut story = Story::new("tag: 'v*'\nargocd: { application: shop, update: kustomize-image }");
    let of_branch = run(7, '1', RunProgress::Succeeded);
    let of_tag = |progress| WorkflowRun {
        head_branch: Some("v1".into()),
        ..run(8, '1', progress)
    };
    story.record(&Fact::RunSeen {
        run: of_tag(RunProgress::Running),
    });
    story.runs = vec![of_branch, of_tag(RunProgress::Succeeded)];
    let mut asked = Vec::new();
    for _ in 0..40 {
        match story.line.plan(story.now) {
            Step::Act(action) => {
                if let Action::Check { tag, .. } = &action {
                    asked.push(tag.clone());
                }
                story.act(&action);
            }
            Step::Wait { until } => story.now = until,
            Step::Settled | Step::Forget => break,
        }
    }
    assert_eq!(asked, [Some("v1".to_owned())]);
}

#[test]
fn runs_that_prove_nothing_are_not_kept_with_a_commit() {
    let mut story = Story::new(PRODUCTION);
    story.push('1');
    let size = |story: &Story| serde_json::to_string(&story.line).unwrap().len();
    story.go();
    let before = size(&story);
    for id in 0..500 {
        let run = WorkflowRun {
            name: "Lint".into(),
            path: ".github/workflows/lint.yml".into(),
            ..run(1_000 + id, '1', RunProgress::Succeeded)
        };
        story.record(&Fact::RunSeen { run: run.clone() });
        story.runs.push(run);
    }
    story.go_until(Duration::from_secs(600));
    assert!(size(&story) < before + 1_000, "{}", size(&story));
}
