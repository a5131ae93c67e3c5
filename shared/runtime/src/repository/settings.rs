//! What is done about a repository's configuration: reading it, telling on its commit what is wrong with it, telling previews.

use domain::{
    CommitSha, PreviewId, RepositoryName,
    configuration::PATH,
    entity::Entity,
    preview::{self, Preview, PullRequestState, Trouble},
    release::IntakeFact,
    repository::{CHECK, ConfigurationAction, ConfigurationFact, Key, Reading, Report, Repository},
};
use ports::{Clock, Http, Level, Log, Store};
use vendors::{
    CallError,
    github::{self, Annotation, CheckRun, CheckStatus},
};

use super::{RepositoryExecutor, executor::trouble};
use crate::{RunError, configuration, mailbox, record::Record};

impl<P, H, S, C, L> RepositoryExecutor<'_, P, H, S, C, L>
where
    P: Entity<Id = PreviewId> + AsRef<Preview>,
    P::Fact: From<preview::Fact>,
    H: Http,
    S: Store,
    C: Clock,
    L: Log,
{
    pub(super) async fn execute_on_configuration(
        &self,
        id: Key,
        action: &ConfigurationAction,
    ) -> ConfigurationFact {
        let fact = match action {
            ConfigurationAction::Read { repository } => {
                match self.read_configuration(id, repository).await {
                    Ok(Some(reading)) => ConfigurationFact::Read(reading),
                    Ok(None) => ConfigurationFact::Unchanged,
                    Err(trouble) => ConfigurationFact::NotRead { trouble },
                }
            }
            ConfigurationAction::Report {
                repository,
                commit,
                report,
            } => match self.report(id, repository, commit, report).await {
                Ok(()) => ConfigurationFact::Reported {
                    commit: commit.clone(),
                },
                Err(error) => ConfigurationFact::NotReported {
                    trouble: error.into(),
                },
            },
            ConfigurationAction::Tell { version } => match self.tell_all(id).await {
                Ok(()) => ConfigurationFact::Told {
                    version: version.clone(),
                },
                Err(error) => ConfigurationFact::NotTold {
                    trouble: trouble(&error),
                },
            },
        };
        self.log_configuration(id, &fact);
        fact
    }

    async fn read_configuration(
        &self,
        id: Key,
        name: &RepositoryName,
    ) -> Result<Option<Reading>, Trouble> {
        let stored: Option<Record<Repository>> = Record::read(&self.store, &id)
            .await
            .map_err(|error| trouble(&error))?;
        let known = stored
            .as_ref()
            .and_then(|record| record.state.configuration_version());
        let repository = github::Repository { id: id.0, name };
        Ok(configuration::read(self.github()?, repository, known).await?)
    }

    /// Makes the check run on the commit, unless it is there.
    async fn report(
        &self,
        id: Key,
        name: &RepositoryName,
        commit: &CommitSha,
        report: &Report,
    ) -> Result<(), CallError> {
        let github = self.github()?;
        if !github.may_check() {
            let reason = "only an App may make check runs, and github_token is a plain token";
            return Err(CallError::Refused {
                reason: reason.to_owned(),
            });
        }
        let repository = github::Repository { id: id.0, name };
        let external_id = format!("slipway:configuration:{commit}");
        let there = github
            .own_check_run(repository, commit, CHECK, &external_id)
            .await?;
        if there.is_some() {
            return Ok(());
        }
        let annotations: Vec<Annotation<'_>> = report
            .problems
            .iter()
            .map(|problem| Annotation {
                path: PATH,
                line: problem.line,
                column: problem.column,
                message: &problem.message,
            })
            .collect();
        let run = CheckRun {
            name: CHECK,
            head: commit,
            external_id: &external_id,
            status: CheckStatus::Failure,
            title: &report.title,
            summary: &report.summary,
            annotations: &annotations,
            details_url: None,
            buttons: &[],
        };
        github.create_check_run(repository, &run).await.map(drop)
    }

    /// Tells every preview of an open pull request to look which configuration counts, and what releases, if there is anything.
    async fn tell_all(&self, id: Key) -> Result<(), RunError> {
        self.tell_intake(id, &IntakeFact::ConfigurationChanged)
            .await?;
        for (number, preview) in self.previews.of(&self.store, id.0).await? {
            let is_open = |known: &preview::PullRequest| known.state == PullRequestState::Open;
            if !preview.pull_request().is_some_and(is_open) {
                continue;
            }
            let preview = PreviewId {
                repository: id.0,
                number,
            };
            let fact = preview::Fact::ConfigurationChanged;
            mailbox::post::<P>(&self.store, &preview, &fact.into(), self.clock.now()).await?;
        }
        Ok(())
    }

    fn log_configuration(&self, id: Key, fact: &ConfigurationFact) {
        let mut fields = vec![
            ("entity", id.to_string().into()),
            ("repository", id.0.0.into()),
        ];
        let (message, trouble) = match fact {
            ConfigurationFact::Unchanged | ConfigurationFact::Touched => return,
            ConfigurationFact::Read(_) => ("read another configuration", None),
            ConfigurationFact::NotRead { trouble } => {
                ("could not read the configuration", Some(trouble))
            }
            ConfigurationFact::Reported { .. } => (
                "told on the commit what is wrong with the configuration",
                None,
            ),
            ConfigurationFact::NotReported { trouble } => (
                "could not tell on the commit what is wrong with the configuration",
                Some(trouble),
            ),
            ConfigurationFact::Told { .. } => {
                ("told previews that another configuration counts", None)
            }
            ConfigurationFact::NotTold { trouble } => (
                "could not tell previews that another configuration counts",
                Some(trouble),
            ),
        };
        let level = if let Some(trouble) = trouble {
            fields.push(("reason", trouble.reason.as_str().into()));
            Level::Warn
        } else {
            Level::Info
        };
        self.log.write(level, message, &fields);
    }
}
