//! What is done about a preview on one of its targets; on Coolify: deploying, looking, probing, removing.

use domain::{
    ApplicationUuid, CommitSha, DeploymentUuid, ImageTag, PreviewId, TargetId, Timestamp,
    preview::{DeploymentProgress, Revision, TargetAction, TargetFact, Trouble},
};
use ports::{Clock, Http, Log, Store};
use vendors::{
    coolify::{Cancellation, Client, DeployOutcome, Deployment, DeploymentStatus, Removal},
    probe,
};

use super::{PreviewExecutor, refused};
use crate::Claim;

impl<V: Http, H: Http, C: Clock, L: Log, S: Store, P> PreviewExecutor<V, H, C, L, S, P> {
    pub(super) async fn execute_on_target(
        &self,
        id: PreviewId,
        target: &TargetId,
        action: &TargetAction,
        claim: Claim,
    ) -> TargetFact {
        if let TargetAction::Probe {
            deployment,
            url,
            expected,
        } = action
        {
            let probed = self.probe(deployment, url, *expected).await;
            return probed.unwrap_or_else(|trouble| TargetFact::Troubled { trouble });
        }
        match target {
            TargetId::Coolify(application) => {
                self.execute_on_coolify(id, application, action, claim)
                    .await
            }
            TargetId::VirtualCluster => self.execute_on_platform(id, action, claim).await,
            TargetId::Namespace => self.execute_on_namespace(id, action).await,
        }
    }

    async fn execute_on_coolify(
        &self,
        id: PreviewId,
        application: &ApplicationUuid,
        action: &TargetAction,
        claim: Claim,
    ) -> TargetFact {
        if let Some(error) = self.pause_of(action).await {
            return troubled(action, error.into());
        }
        let done = match action {
            TargetAction::Start {
                attempt, revision, ..
            } => {
                return self.start(id, application, *attempt, revision, claim).await;
            }
            TargetAction::ResolveStart { attempt } => {
                return match claim {
                    Claim::First => TargetFact::StartVoided { attempt: *attempt },
                    Claim::Later | Claim::NotNeeded => {
                        TargetFact::StartUncertain { attempt: *attempt }
                    }
                };
            }
            TargetAction::Look {
                attempt,
                tag,
                known,
                not_before,
            } => {
                let own = Own {
                    id,
                    tag,
                    known: known.as_ref(),
                    not_before: *not_before,
                };
                self.look(application, *attempt, own).await
            }
            TargetAction::Poll { deployment } => self.poll(deployment).await,
            TargetAction::Cancel { deployment } => self.cancel(deployment).await,
            TargetAction::Find { .. } | TargetAction::LookAfter | TargetAction::Probe { .. } => {
                Err(unfit(action))
            }
            TargetAction::ReadVariables { commit } => {
                self.read_variables(application, commit).await
            }
            TargetAction::Remove => self.remove(id, application).await,
        };
        match done {
            Ok(fact) => fact,
            Err(trouble) => {
                self.note_wish(&trouble).await;
                troubled(action, trouble)
            }
        }
    }

    fn coolify(&self) -> Result<&Client<V>, Trouble> {
        self.coolify
            .as_ref()
            .ok_or_else(|| refused("the variables coolify_url and coolify_token are not set"))
    }

    async fn start(
        &self,
        id: PreviewId,
        application: &ApplicationUuid,
        attempt: u32,
        revision: &Revision,
        claim: Claim,
    ) -> TargetFact {
        if claim != Claim::First {
            return TargetFact::StartUncertain { attempt };
        }
        let coolify = match self.coolify() {
            Ok(coolify) => coolify,
            Err(trouble) => return TargetFact::StartFailed { attempt, trouble },
        };
        match coolify.deploy(application, id.number, &revision.tag).await {
            Ok(DeployOutcome::Queued(deployment)) => TargetFact::Queued {
                attempt,
                deployment,
            },
            Ok(DeployOutcome::QueueFull(after)) => {
                let trouble = self.queue_full(after).await.into();
                TargetFact::StartFailed { attempt, trouble }
            }
            Ok(DeployOutcome::AlreadyQueued) => TargetFact::InTheWay { attempt },
            Ok(DeployOutcome::Refused(refusal)) => TargetFact::StartFailed {
                attempt,
                trouble: refused(&refusal.to_string()),
            },
            Err(error) => {
                let trouble = Trouble::from(error);
                self.note_wish(&trouble).await;
                if trouble.may_have_happened() {
                    TargetFact::StartUncertain { attempt }
                } else {
                    TargetFact::StartFailed { attempt, trouble }
                }
            }
        }
    }

    async fn look(
        &self,
        application: &ApplicationUuid,
        attempt: u32,
        own: Own<'_>,
    ) -> Result<TargetFact, Trouble> {
        let deployments = self.coolify()?.deployments(application).await?;
        let of_pull_request = || {
            deployments
                .iter()
                .filter(|deployment| deployment.pull_request == Some(own.id.number))
        };
        let busy = of_pull_request().any(|deployment| deployment.status.is_under_way());
        Ok(TargetFact::Looked {
            attempt,
            found: own.newest(&deployments),
            busy,
        })
    }

    async fn poll(&self, uuid: &DeploymentUuid) -> Result<TargetFact, Trouble> {
        let progress = match self.coolify()?.deployment(uuid).await? {
            None => DeploymentProgress::Unknown,
            Some(deployment) => match deployment.status {
                DeploymentStatus::Queued => DeploymentProgress::Queued,
                DeploymentStatus::InProgress | DeploymentStatus::Unrecognised => {
                    DeploymentProgress::Running
                }
                DeploymentStatus::Finished => DeploymentProgress::Finished,
                DeploymentStatus::Failed => DeploymentProgress::Failed,
                DeploymentStatus::Cancelled => DeploymentProgress::Cancelled,
            },
        };
        Ok(TargetFact::Seen {
            deployment: uuid.clone(),
            progress,
        })
    }

    async fn cancel(&self, uuid: &DeploymentUuid) -> Result<TargetFact, Trouble> {
        match self.coolify()?.cancel(uuid).await? {
            Cancellation::Cancelled => Ok(TargetFact::Seen {
                deployment: uuid.clone(),
                progress: DeploymentProgress::Overdue,
            }),
            Cancellation::NothingToCancel => self.poll(uuid).await,
        }
    }

    async fn probe(
        &self,
        deployment: &DeploymentUuid,
        url: &str,
        expected: Option<u32>,
    ) -> Result<TargetFact, Trouble> {
        let health = probe::probe(&self.http, url, expected, "preview_hosts").await?;
        Ok(TargetFact::Probed {
            deployment: deployment.clone(),
            healthy: health.healthy,
            answer: health.answer,
        })
    }

    async fn read_variables(
        &self,
        application: &ApplicationUuid,
        commit: &CommitSha,
    ) -> Result<TargetFact, Trouble> {
        let inherited = self.coolify()?.inherited_variables(application).await?;
        Ok(TargetFact::VariablesRead {
            commit: commit.clone(),
            inherited,
        })
    }

    async fn remove(
        &self,
        id: PreviewId,
        application: &ApplicationUuid,
    ) -> Result<TargetFact, Trouble> {
        let nothing_there = match self
            .coolify()?
            .remove_preview(application, id.number)
            .await?
        {
            Removal::Requested => false,
            Removal::NothingThere => true,
            Removal::NoApplication { refusal } => {
                let trouble = refusal.into();
                return Ok(TargetFact::ApplicationMissing { trouble });
            }
        };
        Ok(TargetFact::RemovalAsked {
            nothing_there,
            remains: None,
        })
    }
}

/// What did not work. That variables could not be looked at is no trouble of the preview's.
fn troubled(action: &TargetAction, trouble: Trouble) -> TargetFact {
    match action {
        TargetAction::ReadVariables { commit } => TargetFact::VariablesNotRead {
            commit: commit.clone(),
            trouble,
        },
        TargetAction::Start { .. }
        | TargetAction::ResolveStart { .. }
        | TargetAction::Find { .. }
        | TargetAction::LookAfter
        | TargetAction::Look { .. }
        | TargetAction::Poll { .. }
        | TargetAction::Cancel { .. }
        | TargetAction::Probe { .. }
        | TargetAction::Remove => TargetFact::Troubled { trouble },
    }
}

/// What no plan asks of this target.
pub(super) fn unfit(action: &TargetAction) -> Trouble {
    refused(&format!(
        "{action:?} is nothing that this target of a preview knows"
    ))
}

/// By what the deployment of a lost answer is recognised.
struct Own<'a> {
    id: PreviewId,
    tag: &'a ImageTag,
    known: Option<&'a DeploymentUuid>,
    not_before: Timestamp,
}

impl Own<'_> {
    /// The newest deployment that can be it, in Coolify's list, which begins with the newest.
    fn newest(&self, deployments: &[Deployment]) -> Option<DeploymentUuid> {
        deployments
            .iter()
            .take_while(|deployment| Some(&deployment.uuid) != self.known)
            .filter(|deployment| {
                deployment
                    .created_at
                    .is_none_or(|created_at| created_at >= self.not_before)
            })
            .find(|deployment| {
                deployment.pull_request == Some(self.id.number)
                    && deployment.tag.as_deref() == Some(self.tag.as_str())
            })
            .map(|deployment| deployment.uuid.clone())
    }
}

/// What a fact says, for the log.
pub(super) fn told(fact: &TargetFact) -> (&'static str, Option<&Trouble>) {
    match fact {
        TargetFact::StartIntended { .. } => ("about to ask for a deployment", None),
        TargetFact::StartVoided { .. } => ("an intended deployment was never asked for", None),
        TargetFact::StartUncertain { .. } => ("a deployment may have been asked for", None),
        TargetFact::Queued { .. } => ("asked for a deployment", None),
        TargetFact::Started { .. } => ("the image was taken", None),
        TargetFact::StartUnanswered { trouble, .. } => {
            ("a deployment may have been asked for", Some(trouble))
        }
        TargetFact::Found { .. } => ("found what others deployed", None),
        TargetFact::NotFound { .. } => ("what others deploy is not there yet", None),
        TargetFact::LookedAfter { found: true } => ("others deployed after the removal", None),
        TargetFact::LookedAfter { found: false } => ("nobody deployed after the removal", None),
        TargetFact::InTheWay { .. } => ("another deployment is in the way", None),
        TargetFact::StartFailed { trouble, .. } | TargetFact::OfAnother { trouble, .. } => {
            ("could not ask for a deployment", Some(trouble))
        }
        TargetFact::Looked { found: Some(_), .. } => ("found the deployment", None),
        TargetFact::Looked { found: None, .. } => ("looked for the deployment", None),
        TargetFact::Seen { progress, .. } => match progress {
            DeploymentProgress::Queued => ("the deployment is queued", None),
            DeploymentProgress::Running => ("the deployment runs", None),
            DeploymentProgress::Finished => ("the deployment finished", None),
            DeploymentProgress::Failed => ("the deployment failed", None),
            DeploymentProgress::Cancelled => ("the deployment was cancelled", None),
            DeploymentProgress::Overdue => ("cancelled a deployment that did not end", None),
            DeploymentProgress::Unknown => ("Coolify does not know the deployment", None),
        },
        TargetFact::Probed { healthy: true, .. } => ("the preview is healthy", None),
        TargetFact::Probed { healthy: false, .. } => ("the preview is not healthy yet", None),
        TargetFact::VariablesRead { inherited, .. } if inherited.count > 0 => {
            ("the preview runs with variables of production's", None)
        }
        TargetFact::VariablesRead { .. } => {
            ("the preview shares no variable with production", None)
        }
        TargetFact::VariablesNotRead { trouble, .. } => {
            ("could not look at the preview's variables", Some(trouble))
        }
        TargetFact::RemovalIntended => ("about to remove the preview", None),
        TargetFact::RemovalAsked {
            nothing_there: false,
            ..
        } => ("asked for the removal of the preview", None),
        TargetFact::RemovalAsked {
            nothing_there: true,
            ..
        } => ("the preview is not there", None),
        TargetFact::ApplicationMissing { trouble } => {
            ("could not remove the preview", Some(trouble))
        }
        TargetFact::Troubled { trouble } => ("could not do it", Some(trouble)),
    }
}
