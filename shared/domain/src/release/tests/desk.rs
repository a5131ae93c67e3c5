//! A repository's intake whose plan is carried out: what is told to whom, and what is started.

use super::*;
use crate::{
    dispatch::Dispatch,
    entity::Action as _,
    release::{Intake, IntakeAction, IntakeFact, IntakeId, Known, Place, Reading, StartFact},
    repository::{Origin, Version},
};

pub(super) fn place(seconds: i64) -> Place {
    Place {
        repository: "acme/shop".parse().unwrap(),
        as_of: at(seconds),
    }
}

pub(super) fn reading(text: &str) -> Reading {
    let configuration = configuration::parse(text).unwrap();
    Reading::Valid {
        terms: terms_of(&configuration, &"acme/shop".parse().unwrap()),
        directives: configuration.directives,
    }
}

pub(super) const TWO: &str = "version: 1
build: { workflow: CI }
services:
  web:
    environments:
      staging: { branch: staging, argocd: { application: shop-stg } }
      production: { tag: 'v*', argocd: { application: shop } }
";

pub(super) struct Desk {
    pub(super) intake: Intake,
    pub(super) now: Timestamp,
    pub(super) reading: Reading,
    /// How GitHub answers when a workflow is to be started; well if this is none.
    pub(super) trouble: Option<Trouble>,
    /// The commit that changed the file last.
    pub(super) version: char,
    pub(super) told: Vec<String>,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self {
            intake: Intake::new(IntakeId(REPOSITORY)),
            now: at(2),
            reading: reading(TWO),
            trouble: None,
            version: '0',
            told: Vec::new(),
        }
    }

    pub(super) fn pushed(&mut self, reference: &str, head: char) {
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

    pub(super) fn ran(&mut self, run: WorkflowRun) {
        self.intake.record(
            &IntakeFact::RunSeen {
                place: place(1),
                run,
            },
            at(1),
        );
    }

    pub(super) fn answer(&mut self, action: IntakeAction) -> IntakeFact {
        match action {
            IntakeAction::ReadConfiguration { repository, known } => {
                self.told.push(format!("read {repository}"));
                let version = Version {
                    origin: Origin::Own,
                    id: Some(commit(self.version)),
                };
                if known.as_ref() == Some(&version) {
                    IntakeFact::ConfigurationUnchanged
                } else {
                    IntakeFact::ConfigurationRead {
                        known: Known {
                            repository,
                            version,
                        },
                        reading: self.reading.clone(),
                    }
                }
            }
            IntakeAction::Tell {
                messages,
                news,
                terms,
                refused,
                starts,
                repository,
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
                        Fact::ImageReported { image } => format!("image of run {}", image.run),
                        _ => format!("{fact:?}"),
                    };
                    self.told.push(format!("{}: {what}", line.environment));
                }
                IntakeFact::Told {
                    news,
                    terms,
                    refused,
                    starts,
                    repository: Some(repository),
                }
            }
            IntakeAction::StartWorkflow {
                attempt, dispatch, ..
            } => {
                let Dispatch {
                    workflow, inputs, ..
                } = dispatch;
                self.told.push(format!(
                    "start {workflow} with {inputs:?} (attempt {attempt})"
                ));
                IntakeFact::Start(match self.trouble.take() {
                    None => StartFact::Done { attempt },
                    Some(trouble) => StartFact::NotDone { attempt, trouble },
                })
            }
        }
    }

    pub(super) fn go(&mut self) -> String {
        while let Step::Act(action) = self.intake.plan(self.now) {
            if let Some(intent) = action.intent() {
                self.intake.record(&intent, self.now);
            }
            let fact = self.answer(action);
            // It is stored as JSON.
            let json = serde_json::to_string(&fact).unwrap();
            assert_eq!(serde_json::from_str::<IntakeFact>(&json).unwrap(), fact);
            self.intake.record(&fact, self.now);
        }
        let json = serde_json::to_string(&self.intake).unwrap();
        assert_eq!(serde_json::from_str::<Intake>(&json).unwrap(), self.intake);
        std::mem::take(&mut self.told).join("\n")
    }
}
