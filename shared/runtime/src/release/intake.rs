//! What the plan of an intake asks for: reading the configuration, and telling lines.

use domain::{
    configuration::{self, ConfigurationError},
    preview::Trouble,
    release::{
        Intake, IntakeAction as Action, IntakeFact as Fact, IntakeId, Place, Reading, Refused,
        terms_of,
    },
};
use ports::{Clock, Http, Level, Log, Store};
use vendors::github::FileContent;

use super::ReleaseExecutor;
use crate::{Claim, Executor};

impl<V: Http, H: Http, C: Clock, L: Log, S: Store> Executor<Intake>
    for ReleaseExecutor<V, H, C, L, S>
{
    async fn execute(&self, id: &IntakeId, action: &Action, _claim: Claim) -> Fact {
        match action {
            Action::ReadConfiguration { place } => match self.read(*id, place).await {
                Ok(reading) => Fact::ConfigurationRead { reading },
                Err(trouble) => {
                    self.warn(
                        *id,
                        "could not read the configuration for releases",
                        &trouble.reason,
                    );
                    Fact::ConfigurationNotRead { trouble }
                }
            },
            Action::Tell {
                messages,
                news,
                terms,
                refused,
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
                }
            }
        }
    }
}

impl<V: Http, H: Http, C: Clock, L: Log, S: Store> ReleaseExecutor<V, H, C, L, S> {
    async fn read(&self, id: IntakeId, place: &Place) -> Result<Reading, Trouble> {
        let (github, repository) = self.github(id.0, &place.repository)?;
        let invalid = |message: String| {
            self.warn(
                id,
                "the configuration is not valid; the last valid one stays in force",
                &message,
            );
            Ok(Reading::Invalid { message })
        };
        let found = github
            .file(repository, configuration::PATH, &place.default_branch)
            .await?;
        match found {
            FileContent::Missing => Ok(Reading::Missing),
            FileContent::Found { text, .. } => match configuration::parse(&text) {
                Ok(configuration) => Ok(Reading::Valid {
                    terms: terms_of(&configuration, &place.repository),
                }),
                Err(ConfigurationError { message, .. }) => invalid(message),
            },
            FileContent::TooLarge { bytes } => invalid(format!(
                "the file has {bytes} bytes, and at most {} are read",
                configuration::BYTES_MAX
            )),
            FileContent::NotAFile => {
                invalid("found something that is not a file, expected a YAML file".to_owned())
            }
            FileContent::NotText => {
                invalid("found something that is not UTF-8, expected a YAML file".to_owned())
            }
        }
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
