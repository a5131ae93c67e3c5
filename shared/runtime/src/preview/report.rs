//! Telling GitHub of a head commit besides the comment: its check run and its deployment, found by their marks or made.

use std::{collections::BTreeSet, time::Duration};

use domain::{
    PreviewId, RepositoryName,
    preview::{
        CHECK, CheckState, CheckText, DeploymentText, ReportFact, ReportKind, ReportText,
        ReportWish, Trouble, check_id, environment,
    },
    release::DeploymentState,
};
use ports::{Clock, Http, Log, Store};
use vendors::{
    CallError,
    github::{Button, CheckRun, CheckStatus, Client, Deletion, Deployment, Repository, Status},
};

use super::PreviewExecutor;
use crate::Claim;

/// A report is made only so soon after the look for one began, as a comment is: later the lease may run out before the request
/// arrives.
const LOOK: Duration = Duration::from_secs(20);
/// So many deployments are deleted in one go, and none is begun with later than this.
const BATCH: usize = 10;
const BATCH_TIME: Duration = Duration::from_secs(15);

impl<V: Http, H: Http, C: Clock, L: Log, S: Store, P> PreviewExecutor<V, H, C, L, S, P> {
    pub(super) async fn publish_report(
        &self,
        id: PreviewId,
        wish: &ReportWish,
        claim: Claim,
    ) -> Result<ReportFact, Trouble> {
        if wish.report.kind == ReportKind::Check && !self.checks {
            return Ok(ReportFact::Impossible);
        }
        let (github, repository) = self.github(id, &wish.repository)?;
        if claim == Claim::Later {
            let reason = "somebody else is making it".to_owned();
            return Err(CallError::Unknown { reason }.into());
        }
        match &wish.text {
            ReportText::Check(text) => self.check(id, github, repository, wish, text).await,
            ReportText::Deployment(text) => {
                self.deployment(id, github, repository, wish, text).await
            }
        }
    }

    async fn check(
        &self,
        id: PreviewId,
        github: &Client<V, C, S>,
        repository: Repository<'_>,
        wish: &ReportWish,
        text: &CheckText,
    ) -> Result<ReportFact, Trouble> {
        let external_id = check_id(id);
        let head = &wish.report.commit;
        let buttons: Vec<Button<'_>> = text
            .buttons
            .iter()
            .map(|button| Button {
                label: button.label(),
                description: button.description(),
                identifier: button.identifier(),
            })
            .collect();
        let run = CheckRun {
            name: CHECK,
            head,
            external_id: &external_id,
            status: status_of(text.state),
            title: &text.title,
            summary: &text.summary,
            annotations: &[],
            details_url: text.details_url.as_deref(),
            buttons: &buttons,
        };
        let begun = self.clock.now();
        let there = match wish.known {
            Some(known) => Some(known),
            None => {
                github
                    .own_check_run(repository, head, CHECK, &external_id)
                    .await?
            }
        };
        let Some(there) = there else {
            if wish.make.is_none() {
                return Ok(ReportFact::Gone);
            }
            self.in_time(begun)?;
            let made = github.create_check_run(repository, &run).await?;
            return Ok(published(wish, made));
        };
        github.update_check_run(repository, there, &run).await?;
        Ok(published(wish, there))
    }

    async fn deployment(
        &self,
        id: PreviewId,
        github: &Client<V, C, S>,
        repository: Repository<'_>,
        wish: &ReportWish,
        text: &DeploymentText,
    ) -> Result<ReportFact, Trouble> {
        let Some(known) = wish.known else {
            return self.made_deployment(id, github, repository, wish).await;
        };
        let Some(status) = &text.status else {
            return Ok(published(wish, known));
        };
        let shown = Status {
            state: status.state.as_str(),
            description: &status.description,
            environment_url: status.environment_url.as_deref(),
            log_url: status.log_url.as_deref(),
        };
        let is_there = github
            .set_deployment_status(repository, known, shown)
            .await?;
        Ok(if is_there {
            published(wish, known)
        } else {
            ReportFact::Gone
        })
    }

    /// Finds the deployment by its mark, or makes it. Its status comes next.
    async fn made_deployment(
        &self,
        id: PreviewId,
        github: &Client<V, C, S>,
        repository: Repository<'_>,
        wish: &ReportWish,
    ) -> Result<ReportFact, Trouble> {
        let mark = format!("{}{}", mark(id), wish.report.commit);
        let deployment = Deployment {
            commit: &wish.report.commit,
            environment: &environment(id.number),
            mark: &mark,
            description: "Preview by Slipway",
            transient: true,
            production: false,
        };
        let begun = self.clock.now();
        let there = match github.find_deployment(repository, deployment).await? {
            Some(there) => there,
            None if wish.make.is_none() => return Ok(ReportFact::Gone),
            None => {
                self.in_time(begun)?;
                github.create_deployment(repository, deployment).await?
            }
        };
        Ok(ReportFact::Published {
            id: there,
            digest: DeploymentText::MADE.to_owned(),
        })
    }

    fn in_time(&self, begun: domain::Timestamp) -> Result<(), Trouble> {
        if self.clock.now().since(begun) <= LOOK {
            return Ok(());
        }
        Err(Trouble::retry(
            "GitHub took so long to show what is there that nothing is made now",
        ))
    }

    /// Deletes a batch of our deployments to the pull request's environment, but for those to keep. Returns whether some are left.
    pub(super) async fn sweep_deployments(
        &self,
        id: PreviewId,
        name: &RepositoryName,
        keep: &BTreeSet<u64>,
    ) -> Result<bool, Trouble> {
        let (github, repository) = self.github(id, name)?;
        let begun = self.clock.now();
        let environment = environment(id.number);
        let found = github
            .marked_deployments(repository, &environment, &mark(id))
            .await?;
        let mut old = found.into_iter().filter(|found| !keep.contains(found));
        for deployment in old.by_ref().take(BATCH) {
            if self.clock.now().since(begun) > BATCH_TIME {
                return Ok(true);
            }
            if github.delete_deployment(repository, deployment).await? == Deletion::Active {
                let status = Status {
                    state: DeploymentState::Inactive.as_str(),
                    description: "nobody needs it any more",
                    environment_url: None,
                    log_url: None,
                };
                github
                    .set_deployment_status(repository, deployment, status)
                    .await?;
                github.delete_deployment(repository, deployment).await?;
            }
        }
        if old.next().is_some() {
            return Ok(true);
        }
        if keep.is_empty() {
            github.delete_environment(repository, &environment).await?;
        }
        Ok(false)
    }
}

fn published(wish: &ReportWish, id: u64) -> ReportFact {
    ReportFact::Published {
        id,
        digest: wish.digest.clone(),
    }
}

/// With what the marks of all deployments of a preview begin.
fn mark(id: PreviewId) -> String {
    format!("{id}:")
}

const fn status_of(state: CheckState) -> CheckStatus {
    match state {
        CheckState::Queued => CheckStatus::Queued,
        CheckState::InProgress => CheckStatus::InProgress,
        CheckState::Success => CheckStatus::Success,
        CheckState::Failure => CheckStatus::Failure,
        CheckState::Neutral => CheckStatus::Neutral,
    }
}

/// What a fact says, for the log.
pub(super) fn told(kind: ReportKind, fact: &ReportFact) -> (&'static str, Option<&Trouble>) {
    match (kind, fact) {
        (ReportKind::Check, ReportFact::Intended { .. }) => ("about to make a check run", None),
        (ReportKind::Check, ReportFact::Changing) => ("about to change the check run", None),
        (ReportKind::Check, ReportFact::Published { .. }) => ("wrote the check run", None),
        (ReportKind::Check, ReportFact::Gone) => ("there is no check run", None),
        (ReportKind::Check, ReportFact::Impossible) => ("only an App makes check runs", None),
        (ReportKind::Check, ReportFact::NotPublished { trouble }) => {
            ("could not write the check run", Some(trouble))
        }
        (ReportKind::Deployment, ReportFact::Intended { .. }) => {
            ("about to make a deployment on GitHub", None)
        }
        (ReportKind::Deployment, ReportFact::Changing) => {
            ("about to change the deployment on GitHub", None)
        }
        (ReportKind::Deployment, ReportFact::Published { .. }) => {
            ("wrote the deployment on GitHub", None)
        }
        (ReportKind::Deployment, ReportFact::Gone | ReportFact::Impossible) => {
            ("there is no deployment on GitHub", None)
        }
        (ReportKind::Deployment, ReportFact::NotPublished { trouble }) => {
            ("could not write the deployment on GitHub", Some(trouble))
        }
    }
}
