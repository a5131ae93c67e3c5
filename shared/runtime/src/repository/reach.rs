//! What is done about the App's access to a repository, and about what GitHub shows of it.

use domain::{
    PreviewId, RepositoryName,
    entity::Entity,
    installation::Loss,
    preview::{self, Preview, Trouble},
    release::{Intake, IntakeFact, IntakeId},
    repository::{AccessAction, AccessFact, DetailsFact, Key},
};
use ports::{Clock, Http, Label, Level, Log, Store};
use vendors::{
    CallError,
    github::{self, Reach},
};

use super::RepositoryExecutor;
use crate::{RunError, mailbox};

impl<P, H, S, C, L> RepositoryExecutor<'_, P, H, S, C, L>
where
    P: Entity<Id = PreviewId> + AsRef<Preview>,
    P::Fact: From<preview::Fact>,
    H: Http,
    S: Store,
    C: Clock,
    L: Log,
{
    pub(super) async fn attend_to_access(&self, id: Key, action: &AccessAction) -> AccessFact {
        let fact = match action {
            AccessAction::Confirm { repository, .. } => match self.reach(id, repository).await {
                Ok(Reach::None) => AccessFact::Confirmed,
                Ok(Reach::By(_)) => AccessFact::Refuted,
                Err(error) => AccessFact::NotConfirmed {
                    trouble: error.into(),
                },
            },
            AccessAction::TellPreviews { loss, .. } => match self.tell_of_loss(id, *loss).await {
                Ok(()) => AccessFact::PreviewsTold {
                    lost: loss.is_some(),
                },
                Err(error) => AccessFact::PreviewsNotTold {
                    trouble: Trouble::retry(error.to_string()),
                },
            },
        };
        self.report_access(id, action, &fact);
        fact
    }

    async fn reach(&self, id: Key, name: &RepositoryName) -> Result<Reach, CallError> {
        let github = self.github()?;
        let reach = github.reach(github::Repository { id: id.0, name }).await?;
        let noted = match reach {
            Reach::By(installation) => github.remember_installation(id.0, installation).await,
            // The token goes with the access.
            Reach::None => github.forget_repository(id.0).await,
        };
        noted.map_err(|error| CallError::Retry {
            reason: error.to_string(),
            after: None,
        })?;
        Ok(reach)
    }

    /// Posts to every stored preview of the repository, and to its intake. When the repository is reached again it is the next push or
    /// run that leads to releases.
    async fn tell_of_loss(&self, id: Key, lost: Option<Loss>) -> Result<(), RunError> {
        let as_of = self.clock.now();
        if lost.is_some() {
            self.tell_intake(id, &IntakeFact::AccessLost).await?;
        }
        for number in self.previews.of(&self.store, id.0).await?.into_keys() {
            let preview = PreviewId {
                repository: id.0,
                number,
            };
            let fact = preview::Fact::Access { lost, as_of };
            mailbox::post::<P>(&self.store, &preview, &fact.into(), as_of).await?;
        }
        Ok(())
    }

    /// Posts to the repository's intake, if there is one.
    pub(super) async fn tell_intake(&self, id: Key, fact: &IntakeFact) -> Result<(), RunError> {
        let intake = IntakeId(id.0);
        let stored = self.store.get(Label::Default, &intake.to_string()).await?;
        if stored.is_some() {
            mailbox::post::<Intake>(&self.store, &intake, fact, self.clock.now()).await?;
        }
        Ok(())
    }

    pub(super) async fn describe(&self, id: Key, name: &RepositoryName) -> DetailsFact {
        let described = match self.github() {
            Ok(github) => github.describe(github::Repository { id: id.0, name }).await,
            Err(error) => Err(error),
        };
        let fields = |reason: &str| {
            [
                ("entity", id.to_string().into()),
                ("repository", id.0.0.into()),
                ("reason", reason.into()),
            ]
        };
        match described {
            Ok(details) => {
                if details.archived {
                    let message = "the repository is archived: nothing new is deployed from it";
                    let [entity, repository, _] = fields("");
                    self.log.write(Level::Info, message, &[entity, repository]);
                }
                DetailsFact::Read { details }
            }
            Err(error) => {
                let message = "could not read the repository";
                self.log
                    .write(Level::Warn, message, &fields(error.reason()));
                DetailsFact::NotRead {
                    trouble: error.into(),
                }
            }
        }
    }

    fn report_access(&self, id: Key, action: &AccessAction, fact: &AccessFact) {
        let (level, message) = match fact {
            AccessFact::Confirmed => (
                Level::Warn,
                "the App does not reach the repository any more: its previews are taken down",
            ),
            AccessFact::Refuted => (
                Level::Warn,
                "the App reaches the repository, whatever was said of it",
            ),
            AccessFact::NotConfirmed { .. } => (
                Level::Warn,
                "could not ask whether the App reaches the repository",
            ),
            AccessFact::PreviewsTold { lost: true } => (
                Level::Info,
                "told the previews that the App does not reach the repository",
            ),
            AccessFact::PreviewsTold { lost: false } => (
                Level::Info,
                "told the previews that the App reaches the repository again",
            ),
            AccessFact::PreviewsNotTold { .. } => (
                Level::Warn,
                "could not tell the previews of the App's access",
            ),
            AccessFact::Told { .. } => return,
        };
        let (AccessAction::Confirm { repository, .. }
        | AccessAction::TellPreviews { repository, .. }) = action;
        let mut fields = vec![
            ("entity", id.to_string().into()),
            ("repository", id.0.0.into()),
            ("name", repository.as_str().into()),
        ];
        match (fact, action) {
            (AccessFact::NotConfirmed { trouble } | AccessFact::PreviewsNotTold { trouble }, _) => {
                fields.push(("reason", trouble.reason.as_str().into()))
            }
            (_, AccessAction::Confirm { loss, .. }) => {
                fields.push(("reason", loss.to_string().into()));
            }
            (_, AccessAction::TellPreviews { .. }) => {}
        }
        self.log.write(level, message, &fields);
    }
}
