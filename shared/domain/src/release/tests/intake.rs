//! Who is told of what.

use super::desk::{Desk, TWO, place, reading};
use super::*;
use crate::release::{
    ImageReport, Intake, IntakeAction, IntakeFact, IntakeId, News, Place, Reading, SKIP,
};

#[test]
fn each_environment_is_told_of_what_it_tracks_and_of_nothing_else() {
    let mut desk = Desk::new();
    desk.pushed("refs/heads/staging", '1');
    desk.pushed("refs/heads/v1", '2');
    desk.pushed("refs/tags/v1", '3');
    desk.pushed("refs/tags/staging", '4');
    insta::assert_snapshot!(desk.go(), @"
    read acme/shop
    production: terms
    production: push 3
    staging: terms
    staging: push 1
    ");
    assert_eq!(desk.go(), "", "nobody is told twice");
}

#[test]
fn runs_that_prove_nothing_are_refused_and_recorded() {
    let mut desk = Desk::new();
    let fork = WorkflowRun {
        head_branch: Some("staging".into()),
        head_repository: Some(RepositoryId(2)),
        ..run(1, '1', RunProgress::Succeeded)
    };
    let good = WorkflowRun {
        head_branch: Some("staging".into()),
        ..run(2, '1', RunProgress::Succeeded)
    };
    desk.ran(fork);
    desk.ran(good);
    let told = desk.go();
    assert!(
        told.contains("staging: run 2") && !told.contains("run 1"),
        "{told}"
    );
    let refused: Vec<String> = desk
        .intake
        .refused()
        .iter()
        .map(|refused| refused.reason.to_string())
        .collect();
    assert_eq!(
        refused,
        ["its commit is of the repository 2, a fork, and only the repository's own count"]
    );
}

#[test]
fn what_a_run_reports_is_told_to_its_service_where_the_run_and_the_image_fit() {
    let mut desk = Desk::new();
    desk.reading = reading(&format!(
        "{TWO}      later: {{ after: [staging], argocd: {{ application: shop-later }} }}\n  till:\n    environments:\n      \
         staging: {{ branch: staging, argocd: {{ application: till }} }}\n"
    ));
    let built = |id: u64, branch: &str, change: &dyn Fn(&mut ImageReport)| {
        let run = WorkflowRun {
            head_branch: Some(branch.into()),
            ..run(id, '1', RunProgress::Running)
        };
        let mut report = images::report(run, 'd');
        change(&mut report);
        report
    };
    for report in [
        built(1, "staging", &|_| ()),
        built(2, "feature", &|_| ()),
        built(3, "staging", &|report| {
            report.run.event = "pull_request".into()
        }),
        built(4, "staging", &|report| {
            report.image = "ghcr.io/mallory/shop".into()
        }),
        built(5, "staging", &|report| {
            report.run.name = "Other".into();
            report.run.path = ".github/workflows/other.yml".into();
        }),
    ] {
        let fact = IntakeFact::ImageReported {
            place: place(1),
            report,
        };
        desk.intake.record(&fact, at(1));
        desk.intake.record(&fact, at(1));
    }
    let told = desk.go();
    let images: Vec<&str> = told.lines().filter(|line| line.contains("image")).collect();
    insta::assert_snapshot!(images.join("\n"), @"
    later: image of run 1
    later: image of run 2
    staging: image of run 1
    ");
    let refused = desk.intake.refused().iter();
    let refused: Vec<String> = refused
        .map(|one| format!("{} of {}: {}", one.line.environment, one.run, one.reason))
        .collect();
    insta::assert_snapshot!(refused.join("\n"), @r#"
    later of 3: it was started by "pull_request", and only runs of a push count
    later of 4: it reports the image "ghcr.io/mallory/shop", and the service's is "ghcr.io/acme/shop"
    later of 5: it is of the workflow "Other", and "CI" builds the image
    staging of 3: it was started by "pull_request", and only runs of a push count
    staging of 4: it reports the image "ghcr.io/mallory/shop", and the service's is "ghcr.io/acme/shop"
    staging of 5: it is of the workflow "Other", and "CI" builds the image
    "#);
    assert_eq!(desk.go(), "", "nobody is told twice");
}

#[test]
fn a_run_of_a_test_is_told_to_what_it_tests_and_is_nobodys_build() {
    let mut desk = Desk::new();
    desk.reading = reading(&TWO.replace("{ branch: staging,", "{ branch: main, test: e2e.yml,"));
    desk.ran(WorkflowRun {
        name: "End to end".into(),
        path: ".github/workflows/e2e.yml".into(),
        event: "workflow_dispatch".into(),
        ..run(1, '1', RunProgress::Running)
    });
    desk.ran(WorkflowRun {
        event: "workflow_dispatch".into(),
        ..run(2, '1', RunProgress::Succeeded)
    });
    let told = desk.go();
    assert!(told.contains("staging: TestRunSeen { run: 1 }"), "{told}");
    assert!(!told.contains("production: TestRunSeen"), "{told}");
    let refused: Vec<u64> = desk.intake.refused().iter().map(|one| one.run).collect();
    assert_eq!(refused, [2], "only what could be taken for a build");
}

#[test]
fn the_last_valid_configuration_stays_in_force_and_one_that_is_gone_ends_its_environments() {
    let mut desk = Desk::new();
    desk.pushed("refs/heads/staging", '1');
    desk.go();
    desk.reading = Reading::Invalid {
        message: "line 3".into(),
    };
    desk.version = '1';
    desk.pushed("refs/heads/staging", '2');
    let told = desk.go();
    assert!(told.contains("staging: push 2"), "{told}");
    assert_eq!(desk.intake.problem(), Some("line 3"));
    desk.reading = Reading::Missing;
    desk.version = '2';
    desk.pushed("refs/heads/staging", '3');
    assert_eq!(
        desk.go(),
        "read acme/shop",
        "that may be an answer that lags"
    );
    desk.now = at(100);
    let told = desk.go();
    assert!(
        told.contains("production: not any more") && told.contains("staging: not any more"),
        "{told}"
    );
}

#[test]
fn the_order_of_deliveries_and_their_copies_make_no_difference() {
    let facts = [
        IntakeFact::Pushed {
            place: place(1),
            push: push('1', 1),
        },
        IntakeFact::Pushed {
            place: place(2),
            push: push('2', 2),
        },
        IntakeFact::RunSeen {
            place: place(3),
            run: run(1, '1', RunProgress::Running),
        },
        IntakeFact::RunSeen {
            place: place(3),
            run: run(1, '1', RunProgress::Succeeded),
        },
    ];
    let record = |order: &[usize]| {
        let mut intake = Intake::new(IntakeId(REPOSITORY));
        for index in order {
            intake.record(&facts[*index], at(5));
        }
        intake
    };
    let expected = record(&[0, 1, 2, 3]);
    for order in [[3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
        assert_eq!(record(&order), expected);
    }
    assert_eq!(record(&[0, 0, 1, 2, 3, 2, 1]), expected);
    assert_eq!(SKIP, "[skip deploy]");
    assert_eq!(News::default().pushes, []);
}

#[test]
fn a_file_that_is_missing_once_ends_nothing() {
    let mut desk = Desk::new();
    desk.pushed("refs/heads/staging", '1');
    desk.go();
    let found = std::mem::replace(&mut desk.reading, Reading::Missing);
    desk.version = '1';
    desk.pushed("refs/heads/staging", '2');
    desk.go();
    desk.reading = found;
    desk.now = at(100);
    let told = desk.go();
    assert!(told.contains("staging: push 2"), "{told}");
    assert!(!told.contains("not any more"), "{told}");
}

#[test]
fn a_configuration_that_changes_without_a_push_is_read_when_somebody_tells_of_it() {
    let mut desk = Desk::new();
    desk.pushed("refs/heads/staging", '1');
    desk.go();
    desk.intake.record(&IntakeFact::ConfigurationChanged, at(3));
    assert_eq!(
        desk.go(),
        "read acme/shop",
        "nothing is told of what is the same"
    );
    desk.reading = reading(&TWO.replace("shop-stg", "shop-staging"));
    desk.version = '1';
    desk.intake.record(&IntakeFact::ConfigurationChanged, at(3));
    assert_eq!(desk.go(), "read acme/shop\nstaging: terms");
}

#[test]
fn a_renamed_repository_is_read_anew_and_every_environment_is_told_its_name() {
    let mut desk = Desk::new();
    desk.pushed("refs/heads/staging", '1');
    desk.go();
    let renamed = Place {
        repository: "acme/store".parse().unwrap(),
        ..place(5)
    };
    let run = run(9, '1', RunProgress::Running);
    desk.intake.record(
        &IntakeFact::RunSeen {
            place: renamed,
            run,
        },
        at(5),
    );
    assert_eq!(
        desk.go(),
        "read acme/store\nproduction: terms\nstaging: terms"
    );
}

#[test]
fn a_repository_that_the_app_lost_releases_nothing_and_is_forgotten() {
    let mut desk = Desk::new();
    desk.pushed("refs/heads/staging", '1');
    desk.go();
    desk.intake.record(&IntakeFact::AccessLost, at(3));
    assert_eq!(desk.go(), "production: not any more\nstaging: not any more");
    assert_eq!(desk.intake.plan(at(4)), Step::Forget);
}

#[test]
fn a_repository_without_environments_leaves_nothing_behind() {
    let mut desk = Desk::new();
    desk.reading = Reading::Missing;
    desk.pushed("refs/heads/staging", '1');
    desk.ran(run(1, '1', RunProgress::Succeeded));
    desk.go();
    assert_eq!(desk.intake.plan(at(4)), Step::Forget);
}

#[test]
fn news_is_bounded_while_the_configuration_cannot_be_read_and_the_newest_is_kept() {
    let mut desk = Desk::new();
    let record = |desk: &mut Desk, number: i64| {
        let push = Push {
            pushed_at: at(number),
            title: format!("Change {number}"),
            ..push('1', 1)
        };
        desk.intake.record(
            &IntakeFact::Pushed {
                place: place(1),
                push,
            },
            at(1),
        );
        let run = run(u64::try_from(number).unwrap(), '1', RunProgress::Succeeded);
        desk.intake.record(
            &IntakeFact::RunSeen {
                place: place(1),
                run,
            },
            at(1),
        );
    };
    desk.pushed("refs/tags/v1", '3');
    for number in 2..2_000 {
        record(&mut desk, number);
    }
    let size = serde_json::to_string(&desk.intake).unwrap().len();
    assert!(size < 200_000, "{size} bytes");
    assert!(
        desk.intake
            .given_up()
            .iter()
            .any(|it| it.what.contains("keeping all pushes")),
        "and somebody is told"
    );
    let told = desk.go();
    assert!(
        told.contains("production: push 3"),
        "the only one of its tag, however old: {told}"
    );
    assert_eq!(desk.intake.given_up(), []);
}

#[test]
fn what_is_told_later_counts_though_the_clock_of_the_machine_is_behind() {
    let mut desk = Desk::new();
    desk.now = at(1_000);
    desk.pushed("refs/heads/staging", '1');
    desk.go();
    desk.reading = reading(&TWO.replace("shop-stg", "shop-staging"));
    desk.version = '1';
    desk.intake.record(&IntakeFact::ConfigurationChanged, at(3));
    // Another machine, whose clock is minutes behind.
    desk.now = at(500);
    while let Step::Act(action) = desk.intake.plan(desk.now) {
        if let IntakeAction::Tell { messages, .. } = &action {
            #[expect(
                clippy::wildcard_enum_match_arm,
                reason = "only what the configuration says is looked for"
            )]
            let times = messages.iter().filter_map(|(_, fact)| match fact {
                Fact::Configured { as_of, .. } => Some(*as_of),
                _ => None,
            });
            let times: Vec<Timestamp> = times.collect();
            assert_eq!(times.len(), 1);
            assert!(times[0] > at(1_000), "{times:?}");
            return;
        }
        let fact = desk.answer(action);
        desk.intake.record(&fact, desk.now);
    }
    panic!("nobody is told");
}
