//! Who is told of what.

use super::*;
use crate::release::{Intake, IntakeAction, IntakeFact, IntakeId, News, Place, Reading, SKIP};

fn place(seconds: i64) -> Place {
    Place {
        repository: "acme/shop".parse().unwrap(),
        default_branch: "main".into(),
        as_of: at(seconds),
    }
}

fn reading(text: &str) -> Reading {
    let configuration = configuration::parse(text).unwrap();
    Reading::Valid {
        terms: terms_of(&configuration, &"acme/shop".parse().unwrap()),
    }
}

const TWO: &str = "version: 1
build: { workflow: CI }
services:
  web:
    environments:
      staging: { branch: staging, argocd: { application: shop-stg } }
      production: { tag: 'v*', argocd: { application: shop } }
";

struct Desk {
    intake: Intake,
    reading: Reading,
    told: Vec<String>,
}

impl Desk {
    fn new() -> Self {
        Self {
            intake: Intake::new(IntakeId(REPOSITORY)),
            reading: reading(TWO),
            told: Vec::new(),
        }
    }

    fn pushed(&mut self, reference: &str, head: char) {
        let push = Push {
            reference: Reference::parse(reference).unwrap(),
            ..push(head, 1)
        };
        self.intake.record(
            &IntakeFact::Pushed {
                place: place(1),
                push,
            },
            at(1),
        );
    }

    fn ran(&mut self, run: WorkflowRun) {
        self.intake.record(
            &IntakeFact::RunSeen {
                place: place(1),
                run,
            },
            at(1),
        );
    }

    fn go(&mut self) -> String {
        while let Step::Act(action) = self.intake.plan(at(2)) {
            let fact = match action {
                IntakeAction::ReadConfiguration { place } => {
                    self.told.push(format!("read {}", place.default_branch));
                    IntakeFact::ConfigurationRead {
                        reading: self.reading.clone(),
                    }
                }
                IntakeAction::Tell {
                    messages,
                    news,
                    terms,
                    refused,
                } => {
                    #[expect(
                        clippy::wildcard_enum_match_arm,
                        reason = "nothing else is told by an intake"
                    )]
                    for (line, fact) in &messages {
                        let what = match fact {
                            Fact::Configured { terms: Some(_), .. } => "terms".to_owned(),
                            Fact::Configured { terms: None, .. } => "not any more".to_owned(),
                            Fact::Pushed { push } => format!("push {}", digit(&push.commit)),
                            Fact::RunSeen { run } => format!("run {}", run.id),
                            _ => format!("{fact:?}"),
                        };
                        self.told.push(format!("{}: {what}", line.environment));
                    }
                    IntakeFact::Told {
                        news,
                        terms,
                        refused,
                    }
                }
            };
            // It is stored as JSON.
            let json = serde_json::to_string(&fact).unwrap();
            assert_eq!(serde_json::from_str::<IntakeFact>(&json).unwrap(), fact);
            self.intake.record(&fact, at(2));
        }
        let json = serde_json::to_string(&self.intake).unwrap();
        assert_eq!(serde_json::from_str::<Intake>(&json).unwrap(), self.intake);
        std::mem::take(&mut self.told).join("\n")
    }
}

#[test]
fn each_environment_is_told_of_what_it_tracks_and_of_nothing_else() {
    let mut desk = Desk::new();
    desk.pushed("refs/heads/staging", '1');
    desk.pushed("refs/heads/v1", '2');
    desk.pushed("refs/tags/v1", '3');
    desk.pushed("refs/tags/staging", '4');
    insta::assert_snapshot!(desk.go(), @"
    read main
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
fn the_last_valid_configuration_stays_in_force_and_one_that_is_gone_ends_its_environments() {
    let mut desk = Desk::new();
    desk.pushed("refs/heads/staging", '1');
    desk.go();
    desk.reading = Reading::Invalid {
        message: "line 3".into(),
    };
    desk.pushed("refs/heads/staging", '2');
    let told = desk.go();
    assert!(told.contains("staging: push 2"), "{told}");
    assert_eq!(desk.intake.problem(), Some("line 3"));
    desk.reading = Reading::Missing;
    desk.pushed("refs/heads/staging", '3');
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
