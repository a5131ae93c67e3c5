//! Does what the plan of an installation asks for: asks GitHub as the App, counts previews, and posts facts to repositories. Only
//! reconcile does: finding the previews lists the whole store of entities.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    InstallationId, RepositoryId,
    entity::Entity,
    installation::{Action, Fact, HeldBack, Installation, Key, Look, News, Shown},
    preview::{Preview, Trouble},
    repository::{self, AccessFact, Repository, SurveyPolicy},
};
use ports::{Clock, Http, Label, Level, Log, Store};
use vendors::{CallError, github};

use crate::{Claim, Executor, RunError, mailbox, repository::StoredPreviews};

/// Does what the plan of an installation asks for. `P` is the preview as it is stored.
pub struct InstallationExecutor<'a, P, H, S, C, L> {
    /// GitHub; none if it is not configured.
    pub github: Option<&'a github::Client<H, C, S>>,
    /// Where repositories are.
    pub store: S,
    /// The time.
    pub clock: C,
    /// Where it is told what was done.
    pub log: L,
    /// The bounds of surveys.
    pub policy: SurveyPolicy,
    /// The stored previews.
    pub previews: &'a StoredPreviews<P>,
}

impl<P, H, S, C, L> Executor<Installation> for InstallationExecutor<'_, P, H, S, C, L>
where
    P: Entity<Id = domain::PreviewId> + AsRef<Preview>,
    H: Http,
    S: Store,
    C: Clock,
    L: Log,
{
    async fn execute(&self, id: &Key, action: &Action, _claim: Claim) -> Fact {
        let fact = match action {
            Action::Look { app } => match self.look(id.0, *app).await {
                Ok(shown) => Fact::Looked(Look {
                    shown,
                    policy: self.policy,
                }),
                Err(error) => Fact::NotLooked {
                    trouble: error.into(),
                },
            },
            Action::Weigh { repositories } => match self.weigh(repositories).await {
                Ok(deployed) => Fact::Weighed {
                    deployed,
                    limit: self.policy.removal_limit,
                },
                Err(error) => Fact::NotTold {
                    trouble: Trouble::retry(error.to_string()),
                },
            },
            Action::Tell { news } => match self.tell_repositories(id.0, news).await {
                Ok(()) => Fact::Told { news: news.clone() },
                Err(error) => Fact::NotTold {
                    trouble: Trouble::retry(error.to_string()),
                },
            },
            Action::Alert { held_back } => {
                self.alert(*id, held_back);
                Fact::Alerted {
                    repositories: held_back.repositories.clone(),
                }
            }
        };
        self.tell(*id, &fact);
        fact
    }
}

impl<P, H, S, C, L> InstallationExecutor<'_, P, H, S, C, L>
where
    P: Entity<Id = domain::PreviewId> + AsRef<Preview>,
    H: Http,
    S: Store,
    C: Clock,
    L: Log,
{
    async fn look(&self, id: InstallationId, app: Option<u64>) -> Result<Shown, CallError> {
        let github = self.github.ok_or_else(|| CallError::Refused {
            reason: "the variable github_api_url is not set".to_owned(),
        })?;
        let shown = github.look_at_installation(id, app).await?;
        if shown == Shown::Gone
            && let Err(error) = github.forget_installation(id).await
        {
            return Err(CallError::Retry {
                reason: error.to_string(),
                after: None,
            });
        }
        Ok(shown)
    }

    /// How many previews of each of the repositories hold something.
    async fn weigh(
        &self,
        repositories: &BTreeSet<RepositoryId>,
    ) -> Result<BTreeMap<RepositoryId, usize>, RunError> {
        let mut deployed = BTreeMap::new();
        for repository in repositories {
            let previews = self.previews.of(&self.store, *repository).await?;
            let count = previews
                .values()
                .filter(|preview| preview.is_deployed())
                .count();
            deployed.insert(*repository, count);
        }
        Ok(deployed)
    }

    /// Posts to each repository that is known.
    async fn tell_repositories(
        &self,
        installation: InstallationId,
        news: &BTreeMap<RepositoryId, News>,
    ) -> Result<(), RunError> {
        for (repository, news) in news {
            let key = repository::Key(*repository);
            if self
                .store
                .get(Label::Default, &key.to_string())
                .await?
                .is_none()
            {
                continue;
            }
            if let (None, Some(github)) = (news.lost, self.github) {
                github
                    .remember_installation(*repository, installation)
                    .await?;
            }
            let fact = repository::Fact::Access(AccessFact::Told {
                installation,
                name: news.name.clone(),
                lost: news.lost,
                as_of: news.as_of,
            });
            mailbox::post::<Repository>(&self.store, &key, &fact, self.clock.now()).await?;
        }
        Ok(())
    }

    fn alert(&self, id: Key, held_back: &HeldBack) {
        let repositories: Vec<u64> = held_back.repositories.iter().map(|id| id.0).collect();
        let fields = [
            ("entity", id.to_string().into()),
            ("installation", id.0.0.into()),
            ("reason", held_back.to_string().into()),
            ("repositories", repositories.into()),
        ];
        let message = "removals are held back until a person allows them";
        self.log.write(Level::Error, message, &fields);
    }

    /// Logs what was done, and how it failed if it did.
    fn tell(&self, id: Key, fact: &Fact) {
        let mut fields = vec![
            ("entity", id.to_string().into()),
            ("installation", id.0.0.into()),
        ];
        let (level, message) = match fact {
            Fact::Looked(look) => match &look.shown {
                Shown::Active { repositories, .. } => {
                    fields.push(("repositories", repositories.len().into()));
                    (Level::Info, "read the App's installation")
                }
                Shown::Suspended { .. } => (Level::Warn, "the App's installation is suspended"),
                Shown::Gone => (Level::Warn, "the App's installation is gone"),
            },
            Fact::Told { news } => {
                let lost = news.values().filter(|news| news.lost.is_some()).count();
                fields.push(("reached", (news.len() - lost).into()));
                fields.push(("lost", lost.into()));
                (Level::Info, "told repositories of the App's installation")
            }
            Fact::NotLooked { trouble } => {
                fields.push(("reason", trouble.reason.as_str().into()));
                (Level::Warn, "could not read the App's installation")
            }
            Fact::NotTold { trouble } => {
                fields.push(("reason", trouble.reason.as_str().into()));
                (
                    Level::Warn,
                    "could not tell repositories of the App's installation",
                )
            }
            Fact::Heard(_) | Fact::Weighed { .. } | Fact::Alerted { .. } | Fact::LossesAllowed => {
                return;
            }
        };
        self.log.write(level, message, &fields);
    }
}
