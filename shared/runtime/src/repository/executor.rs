//! Does what the plan of a repository asks for: reads the list of open pull requests and the stored previews, and posts facts to
//! previews. Only reconcile does: finding the previews lists the whole store of entities.

use std::collections::BTreeSet;

use domain::{
    PreviewId, PullRequestNumber, RepositoryName,
    entity::Entity,
    preview::{self, Preview, Trouble},
    repository::{
        Action, Comparison, Fact, HeldBack, Key, Repository, SurveyAction, SurveyFact, SurveyPolicy,
    },
};
use ports::{Clock, Http, Level, Log, Store};
use vendors::{CallError, github};

use super::StoredPreviews;
use crate::{Claim, Executor, RunError, mailbox};

/// Does what the plan of a repository asks for. `P` is the preview as it is stored.
pub struct RepositoryExecutor<'a, P, H, S, C, L> {
    /// GitHub; none if it is not configured.
    pub github: Option<&'a github::Client<H, C, S>>,
    /// Where previews are.
    pub store: S,
    /// The time.
    pub clock: C,
    /// Where it is told what was done.
    pub log: L,
    /// The bounds of surveys.
    pub policy: SurveyPolicy,
    /// The stored previews: one listing serves all surveys of a request.
    pub previews: &'a StoredPreviews<P>,
}

impl<P, H, S, C, L> Executor<Repository> for RepositoryExecutor<'_, P, H, S, C, L>
where
    P: Entity<Id = PreviewId> + AsRef<Preview>,
    P::Fact: From<preview::Fact>,
    H: Http,
    S: Store,
    C: Clock,
    L: Log,
{
    async fn execute(&self, id: &Key, action: &Action, _claim: Claim) -> Fact {
        let action = match action {
            Action::Survey(action) => action,
            Action::Configuration(action) => {
                return Fact::Configuration(self.execute_on_configuration(*id, action).await);
            }
            Action::Access(action) => {
                return Fact::Access(self.attend_to_access(*id, action).await);
            }
            Action::Describe { repository } => {
                return Fact::Details(self.describe(*id, repository).await);
            }
        };
        let fact = match action {
            SurveyAction::Compare { repository } => match self.compare(*id, repository).await {
                Ok(comparison) => SurveyFact::Compared {
                    name: comparison.0,
                    comparison: comparison.1,
                    policy: self.policy,
                },
                Err(trouble) => SurveyFact::Failed { trouble },
            },
            SurveyAction::Tell {
                repository,
                previews,
            } => match self.tell_previews(*id, repository, previews).await {
                Ok(()) => SurveyFact::Told {
                    previews: previews.clone(),
                },
                Err(error) => SurveyFact::NotTold {
                    trouble: trouble(&error),
                },
            },
            SurveyAction::Alert {
                repository,
                held_back,
            } => {
                self.alert(*id, repository, held_back);
                SurveyFact::Alerted {
                    previews: held_back.previews.clone(),
                }
            }
        };
        self.tell(*id, &fact);
        Fact::Survey(fact)
    }
}

impl<P, H, S, C, L> RepositoryExecutor<'_, P, H, S, C, L>
where
    P: Entity<Id = PreviewId> + AsRef<Preview>,
    P::Fact: From<preview::Fact>,
    H: Http,
    S: Store,
    C: Clock,
    L: Log,
{
    pub(super) fn github(&self) -> Result<&github::Client<H, C, S>, CallError> {
        self.github.ok_or_else(|| CallError::Refused {
            reason: "the variable github_api_url is not set".to_owned(),
        })
    }

    /// Compares the open pull requests with the stored previews. Also returns the name that the list shows.
    async fn compare(
        &self,
        id: Key,
        name: &RepositoryName,
    ) -> Result<(Option<RepositoryName>, Comparison), Trouble> {
        let github = self.github()?;
        let repository = github::Repository { id: id.0, name };
        // The previews first: what is closed meanwhile is missing from the list, and looked at once more. The other way round, a
        // preview that is new by then would be missing from it for no reason.
        let previews = self.previews.of(&self.store, id.0).await;
        let previews = previews.map_err(|error| trouble(&error))?;
        let open = github.open_pull_requests(repository).await?;
        let name = open
            .values()
            .next_back()
            .map(|pull_request| pull_request.repository.clone());
        Ok((name, Comparison::of(&open, &previews)))
    }

    /// Posts to each preview that the list disagrees with what it knows.
    async fn tell_previews(
        &self,
        id: Key,
        repository: &RepositoryName,
        previews: &BTreeSet<PullRequestNumber>,
    ) -> Result<(), RunError> {
        for number in previews {
            let preview = PreviewId {
                repository: id.0,
                number: *number,
            };
            let fact = preview::Fact::PullRequestDoubted {
                repository: repository.clone(),
            };
            mailbox::post::<P>(&self.store, &preview, &fact.into(), self.clock.now()).await?;
        }
        Ok(())
    }

    fn alert(&self, id: Key, repository: &RepositoryName, held_back: &HeldBack) {
        let numbers: Vec<u64> = held_back.previews.iter().map(|number| number.0).collect();
        let fields = [
            ("entity", id.to_string().into()),
            ("repository", id.0.0.into()),
            ("name", repository.as_str().into()),
            ("reason", held_back.brake.to_string().into()),
            ("pull_requests", numbers.into()),
        ];
        self.log.write(
            Level::Error,
            "removals are held back until a person allows them",
            &fields,
        );
    }

    /// Logs what was done, and how it failed if it did.
    fn tell(&self, id: Key, fact: &SurveyFact) {
        let mut fields = vec![
            ("entity", id.to_string().into()),
            ("repository", id.0.0.into()),
        ];
        let (level, message) = match fact {
            SurveyFact::Compared { comparison, .. } => {
                fields.push(("open", comparison.open.into()));
                fields.push(("news", comparison.news.len().into()));
                fields.push(("missing", comparison.missing.len().into()));
                (
                    Level::Info,
                    "compared the open pull requests with the previews",
                )
            }
            SurveyFact::Failed { trouble } => {
                fields.push(("reason", trouble.reason.as_str().into()));
                (
                    Level::Warn,
                    "could not compare the open pull requests with the previews",
                )
            }
            SurveyFact::Told { previews } => {
                fields.push(("previews", previews.len().into()));
                (Level::Info, "told previews to look at their pull request")
            }
            SurveyFact::NotTold { trouble } => {
                fields.push(("reason", trouble.reason.as_str().into()));
                (
                    Level::Warn,
                    "could not tell previews to look at their pull request",
                )
            }
            SurveyFact::Alerted { .. } | SurveyFact::Requested | SurveyFact::RemovalsAllowed => {
                return;
            }
        };
        self.log.write(level, message, &fields);
    }
}

/// The store failed for a moment, or holds what cannot be read.
pub(super) fn trouble(error: &RunError) -> Trouble {
    Trouble::retry(error.to_string())
}
