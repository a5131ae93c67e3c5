//! The test of what is live: its workflow is started on the default branch, and its run followed.

use std::collections::BTreeMap;

use domain::{
    CommitSha, RepositoryName, Timestamp,
    preview::Trouble,
    release::{LineId, TestAction, TestFact},
};
use ports::{Clock, Http, Log, Store};
use vendors::github::{Dispatched, WorkflowDispatch};

use super::ReleaseExecutor;

impl<V: Http, H: Http, C: Clock, L: Log, S: Store> ReleaseExecutor<V, H, C, L, S> {
    pub(super) async fn test(
        &self,
        id: &LineId,
        name: &RepositoryName,
        action: &TestAction,
    ) -> TestFact {
        match action {
            TestAction::Start { workflow, inputs } => self
                .start_test(id, name, workflow, inputs)
                .await
                .unwrap_or_else(|trouble| TestFact::NotStarted { trouble }),
            TestAction::Find {
                workflow,
                commit,
                since,
            } => self
                .find_test(id, name, (workflow, commit), *since)
                .await
                .unwrap_or_else(|trouble| TestFact::NotSeen { trouble }),
            TestAction::Look { run } => self
                .look_at_test(id, name, *run)
                .await
                .unwrap_or_else(|trouble| TestFact::NotSeen { trouble }),
        }
    }

    async fn start_test(
        &self,
        id: &LineId,
        name: &RepositoryName,
        workflow: &str,
        inputs: &BTreeMap<String, String>,
    ) -> Result<TestFact, Trouble> {
        let (github, repository) = self.github(id.repository, name)?;
        let branch = github.default_branch(repository).await?;
        let dispatch = WorkflowDispatch {
            workflow,
            branch: &branch,
            inputs,
        };
        let run = match github.dispatch_workflow(repository, dispatch).await? {
            Dispatched::Run { id, url } => Some((id, url)),
            Dispatched::Unnamed => None,
        };
        Ok(TestFact::Started { run })
    }

    /// The oldest run since then whose title names the commit.
    async fn find_test(
        &self,
        id: &LineId,
        name: &RepositoryName,
        (workflow, commit): (&str, &CommitSha),
        since: Timestamp,
    ) -> Result<TestFact, Trouble> {
        let (github, repository) = self.github(id.repository, name)?;
        let branch = github.default_branch(repository).await?;
        let dispatch = WorkflowDispatch {
            workflow,
            branch: &branch,
            inputs: &BTreeMap::new(),
        };
        let runs = github.dispatched_since(repository, dispatch, since).await?;
        let mut oldest_first = runs.into_iter().rev();
        let found = oldest_first.find(|run| run.title.contains(commit.as_str()));
        Ok(TestFact::Searched {
            run: found.map(|found| (found.run.id, found.run.html_url)),
        })
    }

    async fn look_at_test(
        &self,
        id: &LineId,
        name: &RepositoryName,
        run: u64,
    ) -> Result<TestFact, Trouble> {
        let (github, repository) = self.github(id.repository, name)?;
        let run = github.workflow_run(repository, run).await?;
        Ok(TestFact::Seen {
            progress: run.map(|run| run.progress),
        })
    }
}

/// What a fact about a test says, for the log, and what is wrong if anything is.
pub(super) fn told(fact: &TestFact) -> (&'static str, Option<&str>) {
    match fact {
        TestFact::Intended { .. } => ("about to start the test of what is live", None),
        TestFact::Started { .. } => ("started the test of what is live", None),
        TestFact::Searched { run: Some(_) } => ("found the run of the test", None),
        TestFact::Searched { run: None } => ("no run is known to be that of the test", None),
        TestFact::Seen { .. } => ("looked at the run of the test", None),
        TestFact::NotStarted { trouble } => ("could not start the test", Some(&trouble.reason)),
        TestFact::NotSeen { trouble } => (
            "could not look at the run of the test",
            Some(&trouble.reason),
        ),
    }
}
