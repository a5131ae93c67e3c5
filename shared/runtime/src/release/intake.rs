//! What the plan of an intake asks for: reading the configuration, and telling lines.

use domain::{
    RepositoryName,
    configuration::ConfigurationError,
    dispatch::Dispatch,
    preview::Trouble,
    release::{
        Intake, IntakeAction as Action, IntakeFact as Fact, IntakeId, Known, Reading, Refused,
        Start, StartFact, StartState, terms_of,
    },
    repository::{Outcome, Version},
};
use ports::{Clock, Http, Level, Log, Store};
use vendors::github::{Dispatched, WorkflowDispatch};

use super::ReleaseExecutor;
use crate::{Claim, Executor, configuration};

impl<V: Http, H: Http, C: Clock, L: Log, S: Store> Executor<Intake>
    for ReleaseExecutor<V, H, C, L, S>
{
    async fn execute(&self, id: &IntakeId, action: &Action, claim: Claim) -> Fact {
        match action {
            Action::ReadConfiguration { repository, known } => {
                match self.read(*id, repository, known.as_ref()).await {
                    Ok(fact) => fact,
                    Err(trouble) => {
                        self.warn(
                            *id,
                            "could not read the configuration for releases",
                            &trouble.reason,
                        );
                        Fact::ConfigurationNotRead { trouble }
                    }
                }
            }
            Action::Tell {
                messages,
                news,
                terms,
                refused,
                starts,
                repository,
            } => {
                for refused in refused {
                    self.refuse(*id, refused);
                }
                for start in starts {
                    self.refuse_start(*id, start);
                }
                for (line, fact) in messages {
                    if let Err(error) = self.post(line, fact).await {
                        let reason = error.to_string();
                        self.warn(*id, "could not tell an environment", &reason);
                        return Fact::NotTold {
                            trouble: Trouble::retry(reason),
                        };
                    }
                }
                Fact::Told {
                    news: news.clone(),
                    terms: terms.clone(),
                    refused: refused.clone(),
                    starts: starts.clone(),
                    repository: Some(repository.clone()),
                }
            }
            Action::StartWorkflow {
                repository,
                attempt,
                dispatch,
            } => {
                let attempt = *attempt;
                let fact = match claim {
                    Claim::Later => StartFact::Lost { attempt },
                    Claim::First | Claim::NotNeeded => {
                        match self.start(*id, repository, dispatch).await {
                            Ok(_) => StartFact::Done { attempt },
                            Err(trouble) => StartFact::NotDone { attempt, trouble },
                        }
                    }
                };
                self.tell_start(*id, dispatch, &fact);
                Fact::Start(fact)
            }
        }
    }

    async fn held_back(&self, _id: &IntakeId, action: &Action) -> Option<Fact> {
        match action {
            Action::ReadConfiguration { .. } | Action::Tell { .. } => None,
            Action::StartWorkflow { .. } => {
                let trouble = self.github.as_ref()?.held_back().await?.into();
                Some(Fact::Start(StartFact::HeldBack { trouble }))
            }
        }
    }
}

impl<V: Http, H: Http, C: Clock, L: Log, S: Store> ReleaseExecutor<V, H, C, L, S> {
    /// Reads the configuration of which `known` was read last, in the same way as everybody else.
    async fn read(
        &self,
        id: IntakeId,
        name: &RepositoryName,
        known: Option<&Version>,
    ) -> Result<Fact, Trouble> {
        let (github, repository) = self.github(id.0, name)?;
        let Some(found) = configuration::read(github, repository, known).await? else {
            return Ok(Fact::ConfigurationUnchanged);
        };
        let reading = match found.outcome {
            Outcome::Missing => Reading::Missing,
            Outcome::Valid(configuration) => Reading::Valid {
                terms: terms_of(&configuration, name),
                directives: configuration.directives.clone(),
            },
            Outcome::Invalid(ConfigurationError { message, .. }) => {
                self.warn(
                    id,
                    "the configuration is not valid; the last valid one stays in force",
                    &message,
                );
                Reading::Invalid { message }
            }
        };
        Ok(Fact::ConfigurationRead {
            known: Known {
                repository: name.clone(),
                version: found.version,
            },
            reading,
        })
    }

    fn refuse(&self, id: IntakeId, refused: &Refused) {
        let fields = [
            ("entity", id.to_string().into()),
            ("repository", id.0.0.into()),
            ("environment", refused.line.to_string().into()),
            ("run", refused.run.into()),
            ("attempt", refused.attempt.into()),
            ("reason", refused.reason.to_string().into()),
        ];
        self.log.write(
            Level::Warn,
            "a workflow run proves nothing for an environment that tracks its branch",
            &fields,
        );
    }

    /// Starts a workflow on the default branch: what runs is what was merged there, whatever branch asks for it.
    async fn start(
        &self,
        id: IntakeId,
        name: &RepositoryName,
        dispatch: &Dispatch,
    ) -> Result<Dispatched, Trouble> {
        let (github, repository) = self.github(id.0, name)?;
        let branch = github.default_branch(repository).await?;
        let dispatch = WorkflowDispatch {
            workflow: &dispatch.workflow,
            branch: &branch,
            inputs: &dispatch.inputs,
        };
        Ok(github.dispatch_workflow(repository, dispatch).await?)
    }

    fn refuse_start(&self, id: IntakeId, start: &Start) {
        if let StartState::Refused { reason } = &start.state {
            let fields = [
                ("entity", id.to_string().into()),
                ("repository", id.0.0.into()),
                ("commit", start.commit.as_str().into()),
                ("reason", reason.as_str().into()),
            ];
            self.log
                .write(Level::Warn, "a directive starts nothing", &fields);
        }
    }

    fn tell_start(&self, id: IntakeId, dispatch: &Dispatch, fact: &StartFact) {
        let (level, message, reason) = match fact {
            StartFact::Intended { .. } | StartFact::HeldBack { .. } => return,
            StartFact::Done { .. } => (Level::Info, "started what a commit asks for", None),
            StartFact::Lost { .. } => (
                Level::Error,
                "nobody knows whether what a commit asks for was started: look on GitHub",
                None,
            ),
            StartFact::NotDone { trouble, .. } if trouble.may_have_happened() => (
                Level::Error,
                "nobody knows whether what a commit asks for was started: look on GitHub",
                Some(trouble.reason.as_str()),
            ),
            StartFact::NotDone { trouble, .. } => (
                Level::Warn,
                "could not start what a commit asks for",
                Some(trouble.reason.as_str()),
            ),
        };
        let mut fields = vec![
            ("entity", id.to_string().into()),
            ("repository", id.0.0.into()),
            ("directive", dispatch.name.as_str().into()),
            ("workflow", dispatch.workflow.as_str().into()),
        ];
        fields.extend(reason.map(|reason| ("reason", reason.into())));
        self.log.write(level, message, &fields);
    }

    fn warn(&self, id: IntakeId, message: &str, reason: &str) {
        let fields = [
            ("entity", id.to_string().into()),
            ("repository", id.0.0.into()),
            ("reason", reason.into()),
        ];
        self.log.write(Level::Warn, message, &fields);
    }
}
