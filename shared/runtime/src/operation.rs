//! Does what the plan of an operation asks for: starts the workflow, looks for its run, and how far that is.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    RepositoryName, Timestamp,
    dispatch::Dispatch,
    operation::{Action, Fact, OperationId, OperationRun, StartedRun},
    preview::{RunProgress, Trouble},
};
use ports::{Clock, Http, Level, Log, Store};
use vendors::{
    CallError,
    github::{Client, Dispatched, Repository, WorkflowDispatch},
};

use crate::{
    Claim, Executor, RunError,
    browse::{self, Listing},
};

/// Does what the plans of operations ask for.
pub struct OperationExecutor<'a, H, C, L, S> {
    /// GitHub; none if it is not configured.
    pub github: Option<&'a Client<H, C, S>>,
    /// Where other operations are.
    pub store: S,
    /// Where it is told what was done.
    pub log: L,
}

impl<H: Http, C: Clock, L: Log, S: Store> Executor<OperationRun>
    for OperationExecutor<'_, H, C, L, S>
{
    async fn execute(&self, id: &OperationId, action: &Action, claim: Claim) -> Fact {
        let fact = match action {
            Action::Start {
                repository,
                attempt,
                dispatch,
            } => {
                let attempt = *attempt;
                match claim {
                    Claim::Later => Fact::Lost { attempt },
                    Claim::First | Claim::NotNeeded => {
                        match self.start(id, repository, dispatch).await {
                            Ok(run) => Fact::Started { attempt, run },
                            Err(trouble) => Fact::NotStarted { attempt, trouble },
                        }
                    }
                }
            }
            Action::Leave => Fact::Left,
            Action::Find {
                repository,
                workflow,
                since,
            } => match self.find(id, repository, workflow, *since).await {
                Ok(runs) => Fact::Searched { runs },
                Err(trouble) => Fact::NotSeen { trouble },
            },
            Action::Look { repository, run } => match self.look(id, repository, *run).await {
                Ok(progress) => Fact::Seen { progress },
                Err(trouble) => Fact::NotSeen { trouble },
            },
        };
        self.tell(id, &fact);
        fact
    }

    async fn held_back(&self, _id: &OperationId, action: &Action) -> Option<Fact> {
        match action {
            Action::Start { .. } => {
                let trouble = self.github?.held_back().await?.into();
                Some(Fact::HeldBack { trouble })
            }
            Action::Leave | Action::Find { .. } | Action::Look { .. } => None,
        }
    }
}

impl<H: Http, C: Clock, L: Log, S: Store> OperationExecutor<'_, H, C, L, S> {
    fn github<'b>(
        &'b self,
        id: &OperationId,
        name: &'b RepositoryName,
    ) -> Result<(&'b Client<H, C, S>, Repository<'b>), Trouble> {
        let repository = Repository {
            id: id.repository,
            name,
        };
        match self.github {
            Some(github) => Ok((github, repository)),
            None => Err(CallError::Refused {
                reason: "the variable github_api_url is not set".to_owned(),
            }
            .into()),
        }
    }

    /// Starts it on the default branch: what runs is what was merged there.
    async fn start(
        &self,
        id: &OperationId,
        name: &RepositoryName,
        dispatch: &Dispatch,
    ) -> Result<Option<StartedRun>, Trouble> {
        let (github, repository) = self.github(id, name)?;
        let branch = github.default_branch(repository).await?;
        let dispatch = WorkflowDispatch {
            workflow: &dispatch.workflow,
            branch: &branch,
            inputs: &dispatch.inputs,
        };
        Ok(
            match github.dispatch_workflow(repository, dispatch).await? {
                Dispatched::Run { id, url } => Some(StartedRun { id, url }),
                Dispatched::Unnamed => None,
            },
        )
    }

    /// The runs since then that our own account started, but for those that other operations know to be theirs.
    async fn find(
        &self,
        id: &OperationId,
        name: &RepositoryName,
        workflow: &str,
        since: Timestamp,
    ) -> Result<Vec<StartedRun>, Trouble> {
        let (github, repository) = self.github(id, name)?;
        let branch = github.default_branch(repository).await?;
        let account = github.account(repository).await?;
        let dispatch = WorkflowDispatch {
            workflow,
            branch: &branch,
            inputs: &BTreeMap::new(),
        };
        let runs = github.dispatched_since(repository, dispatch, since).await?;
        let others = self.of_others(id).await;
        let others = others.map_err(|error| Trouble::retry(error.to_string()))?;
        let ours = runs
            .into_iter()
            .filter(|found| found.started_by == Some(account))
            .map(|found| StartedRun {
                id: found.run.id,
                url: found.run.html_url,
            });
        Ok(ours.filter(|run| !others.contains(&run.id)).collect())
    }

    /// The runs of other operations of the repository. The keys tell of all of them, also of those that a version without directories
    /// stores, and this is asked once for an answer that was lost.
    async fn of_others(&self, id: &OperationId) -> Result<BTreeSet<u64>, RunError> {
        let mut runs = BTreeSet::new();
        let all = Listing::of(&self.store).await?.ids::<OperationRun>();
        for other in all
            .iter()
            .filter(|other| other.repository == id.repository && *other != id)
        {
            let known = browse::state::<OperationRun>(&self.store, other).await?;
            runs.extend(known.and_then(|known| known.run().map(|run| run.id)));
        }
        Ok(runs)
    }

    async fn look(
        &self,
        id: &OperationId,
        name: &RepositoryName,
        run: u64,
    ) -> Result<Option<RunProgress>, Trouble> {
        let (github, repository) = self.github(id, name)?;
        let run = github.workflow_run(repository, run).await?;
        Ok(run.map(|run| run.progress))
    }

    /// Logs what was done, and how it failed if it did.
    fn tell(&self, id: &OperationId, fact: &Fact) {
        let (level, message, reason) = match fact {
            Fact::Ordered(_) | Fact::Intended { .. } | Fact::HeldBack { .. } => return,
            Fact::Started { .. } => (Level::Info, "started an operation", None),
            Fact::Lost { .. } => (
                Level::Warn,
                "whoever started an operation was cut off",
                None,
            ),
            Fact::NotStarted { trouble, .. } => (
                Level::Warn,
                "could not start an operation, or does not know",
                Some(trouble.reason.as_str()),
            ),
            Fact::Left => (Level::Warn, "left an operation that nobody started", None),
            Fact::Searched { .. } => (Level::Info, "looked for the run of an operation", None),
            Fact::Seen { .. } => (Level::Info, "looked at the run of an operation", None),
            Fact::NotSeen { trouble } => (
                Level::Warn,
                "could not look at the run of an operation",
                Some(trouble.reason.as_str()),
            ),
        };
        let mut fields = vec![
            ("entity", id.to_string().into()),
            ("repository", id.repository.0.into()),
        ];
        fields.extend(reason.map(|reason| ("reason", reason.into())));
        self.log.write(level, message, &fields);
    }
}
