//! The steps of a release: looking at the application, changing it, asking for its sync or rollback, probing its URL.

use domain::{
    argocd::ApplicationId,
    preview::Trouble,
    release::{Fact, StepAction, StepFact},
};
use ports::{Clock, Http, Log, Store};
use vendors::{
    argocd::{Begun, Client, Prune, Set},
    probe,
};

use super::{ReleaseExecutor, not_set};

impl<V: Http, H: Http, C: Clock, L: Log, S: Store> ReleaseExecutor<V, H, C, L, S> {
    pub(super) async fn step(
        &self,
        mark: &str,
        application: &ApplicationId,
        step: &StepAction,
    ) -> Result<StepFact, Trouble> {
        match step {
            StepAction::Look { windows } => {
                let argocd = self.argocd()?;
                let shown = argocd.application(application).await?;
                let windows = match windows {
                    true => Some(argocd.sync_windows(application).await?),
                    false => None,
                };
                Ok(StepFact::Seen {
                    application: Box::new(shown),
                    windows,
                })
            }
            StepAction::Change { setting } => {
                match self.argocd()?.set(application, setting).await? {
                    Set::Yes { .. } | Set::Already(_) => Ok(StepFact::Changed),
                    Set::ChangedMeanwhile => Err(Trouble::retry(
                        "somebody else changed the application at the same moment",
                    )),
                }
            }
            StepAction::Commit { place, message } => self.commit(application, place, message).await,
            StepAction::Operate { history } => self.operate(mark, application, *history).await,
            StepAction::GiveWay { newer } => Ok(StepFact::GivesWay {
                newer: newer.clone(),
            }),
            StepAction::Stop => {
                self.argocd()?.terminate(application).await?;
                Ok(StepFact::StopAsked)
            }
            StepAction::Probe { url, expected } => {
                let health = probe::probe(&self.http, url, *expected, "environment_hosts").await?;
                Ok(StepFact::Probed {
                    healthy: health.healthy,
                    answer: health.answer,
                })
            }
        }
    }

    /// Asks for a sync, or for a rollback to an entry of the history. An operation in the way may be our own, after a lost
    /// answer: its mark tells.
    async fn operate(
        &self,
        mark: &str,
        application: &ApplicationId,
        history: Option<u64>,
    ) -> Result<StepFact, Trouble> {
        let argocd = self.argocd()?;
        let begun = match history {
            Some(entry) => argocd.rollback(application, entry, Prune::No).await?,
            None => argocd.sync(application, None, Prune::No, mark).await?,
        };
        match begun {
            Begun::Yes(_) => Ok(StepFact::OperationTaken),
            Begun::Busy if argocd.application(application).await?.bears_mark(mark) => {
                Ok(StepFact::OperationTaken)
            }
            Begun::Busy => Ok(StepFact::OperationWaits {
                reason: "Argo CD is at another operation of the application".to_owned(),
            }),
        }
    }

    /// The application's sync windows, as a fact; if Argo CD cannot be asked for them, as that.
    pub(super) async fn read_windows(&self, application: &ApplicationId) -> Fact {
        let asked = async { Ok(self.argocd()?.sync_windows(application).await?) };
        let application = application.clone();
        match asked.await {
            Ok(windows) => Fact::WindowsRead {
                application,
                windows,
            },
            Err(trouble) => Fact::WindowsNotRead {
                application,
                trouble,
            },
        }
    }

    fn argocd(&self) -> Result<&Client<V>, Trouble> {
        self.argocd
            .as_ref()
            .ok_or_else(|| not_set("the variables argocd_url and argocd_token are"))
    }
}

/// What a step's fact says, for the log, and what is wrong if anything is.
pub(super) fn told(fact: &StepFact) -> (&'static str, Option<&str>) {
    match fact {
        StepFact::Seen { .. } => ("looked at the application", None),
        StepFact::ChangeIntended => ("about to change the application", None),
        StepFact::Changed => ("changed the application", None),
        StepFact::Committed { commit: Some(_) } => ("committed the version to Git", None),
        StepFact::Committed { commit: None } => ("Git says the version already", None),
        StepFact::OperationIntended => ("about to ask for an operation", None),
        StepFact::OperationTaken => ("Argo CD took the operation on", None),
        StepFact::OperationWaits { reason } => ("another operation is in the way", Some(reason)),
        StepFact::GivesWay { .. } => ("the release gives way to a newer one", None),
        StepFact::StopAsked => ("asked Argo CD to stop the operation", None),
        StepFact::Probed { healthy: true, .. } => ("the environment is healthy", None),
        StepFact::Probed {
            healthy: false,
            answer,
        } => ("the environment is not healthy yet", Some(answer)),
        StepFact::Troubled { trouble } => {
            ("could not go on with the release", Some(&trouble.reason))
        }
    }
}
