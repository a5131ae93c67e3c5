//! Does what the plan of a preview asks for, with the clients of GitHub, the registry and whoever has the previews.

mod admission;
mod comment;
mod namespace;
mod pace;
mod report;
mod target;
mod virtual_cluster;
mod word;

use std::{
    cell::{Cell, RefCell},
    marker::PhantomData,
    ops::ControlFlow,
};

use domain::{
    ImageTag, PreviewId, RepositoryName, TargetId,
    entity::Entity,
    preview::{
        Action, Fact, ImageOutcome, Permission, Preview, Reading, ReportFact, Sieve, Sifted,
        TargetAction, TargetFact, Trouble,
    },
    repository::{self, ConfigurationFact},
};
use ports::{Clock, Http, Level, Log, Store};
use vendors::{
    CallError, coolify,
    github::{self, ChangedFile, Repository},
    kubernetes, platform, registry,
};

pub use pace::coolify_limit;

use crate::{Claim, Executor, RunError, browse, configuration, mailbox};

/// Does what the plan of a preview asks for. `P` is the preview as it is stored.
pub struct PreviewExecutor<V, H, C, L, S, P = Preview> {
    /// GitHub; none if it is not configured.
    pub github: Option<github::Client<V, C, S>>,
    /// Coolify; none if it is not configured.
    pub coolify: Option<coolify::Client<V>>,
    /// The platform API; none if it is not configured.
    pub platform: Option<platform::Client<V>>,
    /// Kubernetes; none if it is not configured.
    pub kubernetes: Option<kubernetes::Client<V>>,
    /// The registry of images; none if it is not configured.
    pub registry: Option<registry::Client<V, C, S>>,
    /// For the probes: a preview that does not answer is an answer too, so no circuit breaker is between.
    pub http: H,
    /// Where the repository is, which knows the configuration in force.
    pub store: S,
    /// The time.
    pub clock: C,
    /// Where it is told what was done.
    pub log: L,
    /// Whether check runs can be made: only an App may.
    pub checks: bool,
    /// The id of the account that writes our comments on GitHub, once known.
    pub account: Cell<Option<u64>>,
    /// Other previews that were told of a place: whoever may run them does so next.
    pub told: RefCell<Vec<PreviewId>>,
    /// The preview as it is stored.
    pub preview: PhantomData<P>,
}

impl<V, H, C, L, S, P> Executor<Preview> for PreviewExecutor<V, H, C, L, S, P>
where
    V: Http,
    H: Http,
    C: Clock,
    L: Log,
    S: Store,
    P: Entity<Id = PreviewId, Fact: From<Fact>> + AsRef<Preview>,
{
    async fn execute(&self, id: &PreviewId, action: &Action, claim: Claim) -> Fact {
        let fact = match action {
            Action::ReadPullRequest { repository } => self.read_pull_request(*id, repository).await,
            Action::ReadConfiguration {
                repository,
                commit,
                changes,
            } => match self.read_configuration(*id, repository).await {
                Ok(reading) => Fact::ConfigurationRead {
                    commit: commit.clone(),
                    changes: *changes,
                    reading,
                },
                Err(trouble) => Fact::ConfigurationNotRead { trouble },
            },
            Action::ReadPermission { repository, added } => {
                match self.judge_approval(*id, repository, added).await {
                    Ok(permission) => Fact::PermissionRead {
                        added: added.clone(),
                        permission,
                    },
                    Err(trouble) => Fact::PermissionNotRead { trouble },
                }
            }
            Action::JudgeRequest {
                repository,
                request,
            } => match self.judge_request(*id, repository, request).await {
                Ok(permission) => Fact::RequestJudged {
                    request: request.clone(),
                    permission,
                },
                Err(trouble) => Fact::RequestNotJudged { trouble },
            },
            Action::PublishReport(wish) => Fact::Report {
                report: wish.report.clone(),
                fact: match self.publish_report(*id, wish, claim).await {
                    Ok(fact) => fact,
                    Err(trouble) => ReportFact::NotPublished { trouble },
                },
            },
            Action::SweepDeployments { repository, keep } => {
                match self.sweep_deployments(*id, repository, keep).await {
                    Ok(left) => Fact::DeploymentsSwept { left },
                    Err(trouble) => Fact::DeploymentsNotSwept { trouble },
                }
            }
            Action::NoteExpiry {
                service,
                activity,
                over,
            } => Fact::ExpiryNoted {
                service: service.clone(),
                activity: *activity,
                over: *over,
            },
            Action::ReadRuns { repository, commit } => match self.github(*id, repository) {
                Ok((github, repository)) => match github.workflow_runs(repository, commit).await {
                    Ok(runs) => Fact::RunsRead {
                        commit: commit.clone(),
                        runs,
                    },
                    Err(error) => Fact::RunsNotRead {
                        trouble: error.into(),
                    },
                },
                Err(trouble) => Fact::RunsNotRead { trouble },
            },
            Action::ReadFiles { repository, sieve } => {
                match self.read_files(*id, repository, sieve).await {
                    Ok(sifted) => Fact::FilesRead {
                        sieve: Box::new(sieve.clone()),
                        sifted,
                    },
                    Err(trouble) => Fact::FilesNotRead { trouble },
                }
            }
            Action::Admission {
                application,
                action,
            } => Fact::Admission {
                application: application.clone(),
                fact: self.see_to_place(*id, application, action).await,
            },
            Action::Target {
                application,
                action,
            } => Fact::Target {
                application: application.clone(),
                fact: self
                    .execute_on_target(*id, application, action, claim)
                    .await,
            },
            Action::DeleteImage {
                repository,
                image,
                tag,
            } => self.delete_image(*id, repository, (image, tag)).await,
            Action::PublishComment {
                repository,
                comment,
                body,
                digest,
                ..
            } => {
                let text = comment::Text { body, digest };
                match self
                    .publish_comment(*id, repository, *comment, text, claim)
                    .await
                {
                    Ok(fact) => fact,
                    Err(trouble) => Fact::CommentNotPublished { trouble },
                }
            }
        };
        self.tell(*id, &fact);
        fact
    }

    async fn held_back(&self, id: &PreviewId, action: &Action) -> Option<Fact> {
        match action {
            Action::Target {
                application,
                action: TargetAction::Start { .. },
            } => {
                let error = match application {
                    TargetId::Coolify(_) => match self.coolify.as_ref()?.held_back().await {
                        Some(error) => error,
                        None => self.pause_of_deployment(*id).await?,
                    },
                    TargetId::VirtualCluster => self.platform.as_ref()?.held_back().await?,
                    TargetId::Namespace => return None,
                };
                let trouble = error.into();
                Some(Fact::Target {
                    application: application.clone(),
                    fact: TargetFact::Troubled { trouble },
                })
            }
            Action::PublishComment { .. } => {
                let trouble = self.github.as_ref()?.held_back().await?.into();
                Some(Fact::CommentNotPublished { trouble })
            }
            Action::PublishReport(wish) => {
                let trouble = self.github.as_ref()?.held_back().await?.into();
                Some(Fact::Report {
                    report: wish.report.clone(),
                    fact: ReportFact::NotPublished { trouble },
                })
            }
            Action::Target { .. }
            | Action::ReadPullRequest { .. }
            | Action::ReadConfiguration { .. }
            | Action::ReadPermission { .. }
            | Action::JudgeRequest { .. }
            | Action::SweepDeployments { .. }
            | Action::DeleteImage { .. }
            | Action::NoteExpiry { .. }
            | Action::ReadFiles { .. }
            | Action::Admission { .. }
            | Action::ReadRuns { .. } => None,
        }
    }
}

impl<V: Http, H: Http, C: Clock, L: Log, S: Store, P> PreviewExecutor<V, H, C, L, S, P> {
    fn github<'a>(
        &'a self,
        id: PreviewId,
        name: &'a RepositoryName,
    ) -> Result<(&'a github::Client<V, C, S>, Repository<'a>), Trouble> {
        let repository = Repository {
            id: id.repository,
            name,
        };
        match &self.github {
            Some(github) => Ok((github, repository)),
            None => Err(refused("the variable github_api_url is not set")),
        }
    }

    async fn read_pull_request(&self, id: PreviewId, name: &RepositoryName) -> Fact {
        let read = match self.github(id, name) {
            Ok((github, repository)) => github
                .pull_request(repository, id.number)
                .await
                .map_err(Trouble::from),
            Err(trouble) => Err(trouble),
        };
        match read {
            Ok(Some(pull_request)) => Fact::PullRequestRead { pull_request },
            Ok(None) => {
                let reason = format!(
                    "GitHub shows no pull request {name}#{} to Slipway",
                    id.number
                );
                Fact::PullRequestNotRead {
                    trouble: Trouble::retry(reason),
                }
            }
            Err(trouble) => Fact::PullRequestNotRead { trouble },
        }
    }

    /// Finds out which configuration is in force, and tells the repository of one that it does not know yet.
    async fn read_configuration(
        &self,
        id: PreviewId,
        name: &RepositoryName,
    ) -> Result<Reading, Trouble> {
        let (github, repository) = self.github(id, name)?;
        let key = repository::Key(id.repository);
        let failed = |error: RunError| Trouble::retry(error.to_string());
        // With what other previews may have read just now.
        let mut known: repository::Repository =
            browse::current(&self.store, &key).await.map_err(failed)?;
        let version = known.configuration_version();
        let now = self.clock.now();
        if let Some(reading) = configuration::read(github, repository, version).await? {
            let fact = repository::Fact::Configuration(ConfigurationFact::Read(reading));
            known.record(&fact, now);
            mailbox::post::<repository::Repository>(&self.store, &key, &fact, now)
                .await
                .map_err(failed)?;
        }
        Ok(known.preview_settings().unwrap_or(Reading::Missing))
    }

    async fn read_permission(
        &self,
        id: PreviewId,
        name: &RepositoryName,
        (login, account): (&str, u64),
    ) -> Result<Permission, Trouble> {
        let (github, repository) = self.github(id, name)?;
        Ok(github.permission(repository, login, account).await?)
    }

    /// Deletes the tag of an image, if its registry is configured.
    async fn delete_image(
        &self,
        id: PreviewId,
        name: &RepositoryName,
        (image, tag): (&str, &ImageTag),
    ) -> Fact {
        let repository = Repository {
            id: id.repository,
            name,
        };
        let outcome = match &self.registry {
            Some(registry) => {
                let of = (tag, id.number);
                registry.delete_image_tag(repository, image, of).await
            }
            None => Ok(ImageOutcome::NotOurs),
        };
        match outcome {
            Ok(outcome) => Fact::ImageDeleted {
                image: image.to_owned(),
                tag: tag.clone(),
                outcome,
            },
            Err(error) => Fact::ImageNotDeleted {
                image: image.to_owned(),
                tag: tag.clone(),
                trouble: error.into(),
            },
        }
    }

    async fn read_files(
        &self,
        id: PreviewId,
        name: &RepositoryName,
        sieve: &Sieve,
    ) -> Result<Sifted, Trouble> {
        let (github, repository) = self.github(id, name)?;
        let mut sifted = Sifted::default();
        let take = |file: &ChangedFile| match sieve.sift(&mut sifted, file.paths()) {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        };
        let listed = github.changed_files(repository, id.number, &sieve.commit, take);
        let incomplete = listed.await?;
        Ok(Sifted {
            incomplete,
            ..sifted
        })
    }

    /// Logs what was done, and how it failed if it did.
    fn tell(&self, id: PreviewId, fact: &Fact) {
        let (message, trouble) = told(fact);
        let level = if trouble.is_some() {
            Level::Warn
        } else {
            Level::Info
        };
        let mut fields = vec![
            ("entity", id.to_string().into()),
            ("repository", id.repository.0.into()),
        ];
        if let Fact::Target { application, .. } = fact {
            fields.push(("application", application.as_str().into()));
        }
        if let Some(trouble) = trouble {
            fields.push(("reason", trouble.reason.as_str().into()));
        }
        self.log.write(level, message, &fields);
    }
}

/// What a fact says, for the log.
fn told(fact: &Fact) -> (&'static str, Option<&Trouble>) {
    match fact {
        Fact::PullRequestDelivered { .. } => ("a delivery showed the pull request", None),
        Fact::PullRequestDoubted { .. } => ("a list disagrees about the pull request", None),
        Fact::LabelAdded(_) => ("a delivery showed a label on a fork's pull request", None),
        Fact::PermissionRead { permission, .. } if permission.may_write() => {
            ("somebody who may write approves the commit", None)
        }
        Fact::PermissionRead { .. } => ("somebody who may not write put the label on", None),
        Fact::PermissionNotRead { trouble } => {
            ("could not ask what somebody may do", Some(trouble))
        }
        Fact::ExpiryNoted { over: false, .. } => {
            ("the preview ends soon, since nothing happens", None)
        }
        Fact::ExpiryNoted { over: true, .. } => {
            ("the preview is over, since nothing happened", None)
        }
        Fact::Access { lost: Some(_), .. } => ("the App does not reach the repository", None),
        Fact::Access { lost: None, .. } => ("the App reaches the repository again", None),
        Fact::RetryAsked => ("a person asks to try again", None),
        Fact::Commanded(_) => ("somebody gave a command", None),
        Fact::PullRequestRead { .. } => ("read the pull request", None),
        Fact::PullRequestNotRead { trouble } => ("could not read the pull request", Some(trouble)),
        Fact::RunDelivered { .. } => ("a delivery showed a workflow run", None),
        Fact::RunsRead { .. } => ("read the workflow runs", None),
        Fact::RunsNotRead { trouble } => ("could not read the workflow runs", Some(trouble)),
        Fact::FilesRead { .. } => ("read which files the pull request changes", None),
        Fact::FilesNotRead { trouble } => ("could not read the changed files", Some(trouble)),
        Fact::ConfigurationRead { .. } => ("read the configuration", None),
        Fact::ConfigurationChanged => ("another configuration counts", None),
        Fact::ConfigurationNotRead { trouble } => {
            ("could not read the configuration", Some(trouble))
        }
        Fact::Target { fact, .. } => target::told(fact),
        Fact::Report { report: of, fact } => report::told(of.kind, fact),
        Fact::DeploymentsSwept { .. } => ("deleted old deployments on GitHub", None),
        Fact::DeploymentsNotSwept { trouble } => {
            ("could not delete old deployments on GitHub", Some(trouble))
        }
        Fact::ImageDeleted { outcome, .. } => match outcome {
            ImageOutcome::Deleted => ("deleted the tag of an image", None),
            ImageOutcome::NotThere => ("the tag of an image is gone already", None),
            ImageOutcome::Shared { .. } => ("left an image that has other tags too", None),
            ImageOutcome::NotOurs => ("no registry is configured for an image", None),
        },
        Fact::ImageNotDeleted { trouble, .. } => {
            ("could not delete the tag of an image", Some(trouble))
        }
        Fact::Requested(_) => ("somebody asks for something", None),
        Fact::RequestJudged { permission, .. } if permission.may_write() => {
            ("somebody who may write asks for something", None)
        }
        Fact::RequestJudged { .. } => ("somebody who may not write asks for something", None),
        Fact::RequestNotJudged { trouble } => ("could not ask what somebody may do", Some(trouble)),
        Fact::Admission { fact, .. } => admission::told(fact),
        Fact::CommentIntended { .. } => ("about to comment", None),
        Fact::CommentChanging => ("about to change the comment", None),
        Fact::CommentPublished { .. } => ("wrote the comment", None),
        Fact::CommentGone => ("the comment is gone", None),
        Fact::CommentNotPublished { trouble } => ("could not write the comment", Some(trouble)),
    }
}

fn refused(reason: &str) -> Trouble {
    CallError::Refused {
        reason: reason.to_owned(),
    }
    .into()
}
