//! What the plan of an intake asks for: reading the configuration, and telling lines.

use domain::{
    RepositoryName,
    configuration::ConfigurationError,
    preview::Trouble,
    release::{
        Intake, IntakeAction as Action, IntakeFact as Fact, IntakeId, Known, Reading, Refused,
        terms_of,
    },
    repository::{Outcome, Version},
};
use ports::{Clock, Http, Level, Log, Store};

use super::ReleaseExecutor;
use crate::{Claim, Executor, configuration};

impl<V: Http, H: Http, C: Clock, L: Log, S: Store> Executor<Intake>
    for ReleaseExecutor<V, H, C, L, S>
{
    async fn execute(&self, id: &IntakeId, action: &Action, _claim: Claim) -> Fact {
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
                repository,
            } => {
                for refused in refused {
                    self.refuse(*id, refused);
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
                    repository: Some(repository.clone()),
                }
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

    fn warn(&self, id: IntakeId, message: &str, reason: &str) {
        let fields = [
            ("entity", id.to_string().into()),
            ("repository", id.0.0.into()),
            ("reason", reason.into()),
        ];
        self.log.write(Level::Warn, message, &fields);
    }
}
