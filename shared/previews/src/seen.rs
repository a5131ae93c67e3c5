//! That a repository was seen. The first event of a repository, or one that shows a new name, makes it known: so its surveys
//! begin.

use domain::{
    RepositoryId, RepositoryName, Timestamp,
    repository::{self, ConfigurationFact, Key, Repository},
};
use ports::{Level, Log};
use runtime::{RunError, Runner};
use slipway_spin::{SpinClock, SpinStore};
use vendors::github::InstallationId;

use crate::{DeliveryLog, GitHub, Refusal};

/// A repository as an event shows it.
pub struct Seen {
    /// Which one.
    pub repository: RepositoryId,
    /// Its name then.
    pub full_name: RepositoryName,
    /// GitHub's own time of what the event tells.
    pub as_of: Timestamp,
    /// Whether the event may have changed the configuration: then it is looked at.
    pub touches_configuration: bool,
}

/// What is new of a repository, durable.
pub struct News {
    repository: Key,
    mail: Vec<u64>,
    installation: Option<(RepositoryId, InstallationId)>,
}

/// A runner of whatever the component runs.
type AnyRunner<X> = Runner<SpinStore, SpinClock, DeliveryLog, X>;

impl Seen {
    /// Makes durable what is new.
    pub async fn note<X>(self, runner: &AnyRunner<X>, payload: &[u8]) -> Result<News, Refusal> {
        let repository = Key(self.repository);
        let seen = repository::Fact::Seen {
            full_name: self.full_name,
            as_of: self.as_of,
        };
        let noted = async {
            let news = runner.post_news(repository, &seen).await?;
            let mut mail: Vec<u64> = news.into_iter().collect();
            if self.touches_configuration {
                let touched = repository::Fact::Configuration(ConfigurationFact::Touched);
                mail.push(runner.post::<Repository>(&repository, &touched).await?);
            }
            Ok(mail)
        };
        let mail = match noted.await {
            Ok(mail) => mail,
            Err(RunError::Store(error)) => return Err(Refusal::unavailable(&error)),
            // What cannot be read stays so however often the delivery comes; nothing else depends on it.
            Err(error @ (RunError::Unreadable { .. } | RunError::Unwritable { .. })) => {
                let fields = [("reason", error.to_string().into())];
                let message = "could not note the repository";
                runner.log.write(Level::Error, message, &fields);
                Vec::new()
            }
        };
        let installation = webhooks::installation_of(payload);
        Ok(News {
            repository,
            mail,
            installation,
        })
    }
}

impl News {
    /// Takes in what is new; the repository's surveys are made by `POST /reconcile`. If it is cut off, that takes it in too.
    pub async fn take_in<X>(self, runner: &AnyRunner<X>, github: Option<&GitHub>) {
        if !self.mail.is_empty()
            && let Err(error) = runner
                .take_in::<Repository>(&self.repository, &self.mail)
                .await
        {
            let fields = [
                ("entity", self.repository.to_string().into()),
                ("reason", error.to_string().into()),
            ];
            let message = "could not note the repository";
            runner.log.write(Level::Error, message, &fields);
        }
        // By which installation of the App the repository is reached. Where that fails GitHub is asked for it later.
        if let (Some(github), Some((repository, installation))) = (github, self.installation)
            && let Err(error) = github.remember_installation(repository, installation).await
        {
            let fields = [
                ("repository", repository.0.into()),
                ("reason", error.to_string().into()),
            ];
            let message = "could not remember the installation of the App";
            runner.log.write(Level::Warn, message, &fields);
        }
    }
}
