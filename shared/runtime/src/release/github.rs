//! What GitHub is asked on behalf of a release line: runs, how commits stand to each other, deployments.

use domain::{
    CommitSha, RepositoryName,
    preview::{Trouble, WorkflowRun},
    release::{
        Brought, Fact, LineId, Push, Relation, ReportAction, ReportFact, SKIP, Source, Untold,
        Writers, mark,
    },
};
use futures_util::future::{try_join, try_join_all, try_join3};
use ports::{Clock, Http, Log, Store};
use vendors::github::{At, Client, Commit, Deployment, Repository, Status};

use super::{ReleaseExecutor, not_set};

impl<V: Http, H: Http, C: Clock, L: Log, S: Store> ReleaseExecutor<V, H, C, L, S> {
    pub(super) fn github<'a>(
        &'a self,
        repository: domain::RepositoryId,
        name: &'a RepositoryName,
    ) -> Result<(&'a Client<V, C, S>, Repository<'a>), Trouble> {
        let github = self
            .github
            .as_ref()
            .ok_or_else(|| not_set("the variable github_api_url is"))?;
        let repository = Repository {
            id: repository,
            name,
        };
        Ok((github, repository))
    }

    pub(super) async fn read_runs(
        &self,
        id: &LineId,
        name: &RepositoryName,
        commit: &CommitSha,
    ) -> Result<Vec<WorkflowRun>, Trouble> {
        let (github, repository) = self.github(id.repository, name)?;
        Ok(github.workflow_runs(repository, commit).await?)
    }

    /// How `head` stands to `base`. Commits of which GitHub knows one no longer, or without a common history, have diverged.
    pub(super) async fn compare(
        &self,
        id: &LineId,
        name: &RepositoryName,
        base: &CommitSha,
        head: &CommitSha,
    ) -> Result<Relation, Trouble> {
        let (github, repository) = self.github(id.repository, name)?;
        let relation = github.compare(repository, base, head).await?;
        Ok(relation.unwrap_or(Relation::Diverged))
    }

    /// Whether the commit is in what the environment tracks, with all runs on it.
    pub(super) async fn check(
        &self,
        id: &LineId,
        name: &RepositoryName,
        commit: &CommitSha,
        (source, tag): (&Source, Option<&str>),
        asks_writers: bool,
    ) -> Result<Fact, Trouble> {
        let (github, repository) = self.github(id.repository, name)?;
        let tracked = match (source, tag) {
            (Source::Branch(branch), _) => Some(At::Branch(branch)),
            (Source::Tag(_), Some(tag)) => Some(At::Tag(tag)),
            (Source::Tag(_), None) | (Source::Promotion, _) => None,
        };
        // At once, since a lease lasts for few answers of a slow GitHub.
        let tip = async {
            match tracked {
                Some(at) => github.commit(repository, at).await,
                None => Ok(None),
            }
        };
        let runs = github.workflow_runs(repository, commit);
        let (runs, tip) = try_join(runs, tip).await?;
        let missing = async {
            Ok(match (tracked, &tip) {
                (None, _) => None,
                (Some(_), None) => Some(format!("{source} is gone")),
                (Some(_), Some(tip)) if tip.sha == *commit => None,
                // A tag is at one commit; a branch contains those before it.
                (Some(At::Branch(_)), Some(tip)) => {
                    self.missing(id, name, commit, &tip.sha, source).await?
                }
                (Some(At::Tag(_) | At::Commit(_)), Some(tip)) => {
                    Some(format!("the tag is at {} now", tip.sha.short()))
                }
            })
        };
        let own = async {
            match tip.as_ref().filter(|tip| tip.sha == *commit) {
                Some(tip) => Ok(Some(tip.clone())),
                None => {
                    let own = github.commit(repository, At::Commit(commit)).await;
                    own.map_err(Trouble::from)
                }
            }
        };
        let writers = async {
            match asks_writers {
                true => Ok(Some(github.writers(repository, commit).await?)),
                false => Ok(None),
            }
        };
        let (missing, own, writers) = try_join3(missing, own, writers).await?;
        let is_head = match source {
            Source::Branch(_) => Some(tip.is_some_and(|tip| tip.sha == *commit)),
            Source::Tag(_) => Some(false),
            Source::Promotion => None,
        };
        let writers = writers.map(|came_by| everybody(commit, own.as_ref(), came_by));
        let message = own.map(|own| own.message);
        Ok(Fact::Checked {
            commit: commit.clone(),
            runs,
            missing,
            title: message.as_deref().map(Push::title_of),
            skip: message.is_some_and(|message| message.contains(SKIP)),
            is_head,
            writers,
        })
    }

    /// What is in the commit and not in what is live; by what was live before, where GitHub knows what is live no longer.
    pub(super) async fn brought(
        &self,
        id: &LineId,
        name: &RepositoryName,
        commit: &CommitSha,
        live: &[CommitSha],
    ) -> Result<Brought, Trouble> {
        let (github, repository) = self.github(id.repository, name)?;
        for base in live {
            match github.brought(repository, (base, commit)).await? {
                Brought::Lost => {}
                brought @ Brought::Commits { .. } => return Ok(brought),
            }
        }
        Ok(Brought::Lost)
    }

    /// By whose pull requests the commits came.
    pub(super) async fn read_writers(
        &self,
        id: &LineId,
        name: &RepositoryName,
        of: &[CommitSha],
    ) -> Result<Writers, Trouble> {
        let (github, repository) = self.github(id.repository, name)?;
        let asked = of.iter().map(|commit| github.writers(repository, commit));
        let mut writers = Writers::Known(Vec::new());
        for came_by in try_join_all(asked).await? {
            writers = writers.and(came_by);
        }
        Ok(writers)
    }

    /// Why the commit is not in a branch whose head is `tip`; none if it is.
    async fn missing(
        &self,
        id: &LineId,
        name: &RepositoryName,
        commit: &CommitSha,
        tip: &CommitSha,
        source: &Source,
    ) -> Result<Option<String>, Trouble> {
        Ok(match self.compare(id, name, commit, tip).await? {
            Relation::Ahead | Relation::Identical => None,
            Relation::Behind | Relation::Diverged => Some(format!("it is no longer in {source}")),
        })
    }

    /// Finds or makes a release's deployment on GitHub, or sets its status.
    pub(super) async fn report(
        &self,
        id: &LineId,
        key: &str,
        name: &RepositoryName,
        action: &ReportAction,
    ) -> Result<ReportFact, Trouble> {
        let (github, repository) = self.github(id.repository, name)?;
        match action {
            ReportAction::Find {
                commit,
                environment,
            } => {
                let mark = mark(id, key);
                let description = format!("{} by Slipway", id.service);
                let deployment = Deployment {
                    commit,
                    environment,
                    mark: &mark,
                    description: &description,
                    transient: false,
                    production: environment.starts_with("prod"),
                };
                // What an earlier try made, whose answer was lost.
                let found = github.find_deployment(repository, deployment).await?;
                let deployment = match found {
                    Some(found) => found,
                    None => github.create_deployment(repository, deployment).await?,
                };
                Ok(ReportFact::Known { deployment })
            }
            ReportAction::Status { deployment, status } => {
                let shown = Status {
                    state: status.state.as_str(),
                    description: &status.description,
                    environment_url: status.environment_url.as_deref(),
                    log_url: status.log_url.as_deref(),
                };
                let is_there = github
                    .set_deployment_status(repository, *deployment, shown)
                    .await?;
                if is_there {
                    Ok(ReportFact::StatusSet {
                        digest: status.digest(),
                    })
                } else {
                    // Somebody deleted it: there is nobody to tell any more.
                    let reason = format!("GitHub's deployment {deployment} was deleted");
                    Err(vendors::CallError::Refused { reason }.into())
                }
            }
        }
    }
}

/// The authors of a commit and of the pull requests that it came by. Of a commit that GitHub does not show nobody knows them.
fn everybody(commit: &CommitSha, shown: Option<&Commit>, came_by: Writers) -> Writers {
    let own = match shown {
        None => Writers::Untold(Untold::Lost {
            commit: commit.clone(),
        }),
        Some(shown) if shown.authors.is_empty() => Writers::Untold(Untold::NoAccount {
            of: commit.short().to_owned(),
        }),
        Some(shown) => Writers::Known(shown.authors.clone()),
    };
    own.and(came_by)
}
