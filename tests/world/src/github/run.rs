//! Workflow runs: they are requested, progress and end, each with its webhook, and can be run again.

use std::sync::Arc;

use super::pull_request::PullRequest;
use super::repository::Repository;
use super::state::{GitHubState, Run as Record};
use crate::state::Shared;

/// A run that has not begun.
#[must_use = "a run begins with `start`, `succeed` or another end"]
#[derive(Debug)]
pub struct RunBuilder {
    repository: Repository,
    workflow: String,
    event: String,
    branch: String,
    sha: Option<String>,
    head_repository: Option<u64>,
}

/// A run of the simulated GitHub.
#[derive(Debug, Clone)]
pub struct Run {
    pub(crate) shared: Arc<Shared>,
    pub(crate) repository: u64,
    pub(crate) id: u64,
}

/// What a run begins with.
pub(crate) struct RunWish {
    pub(crate) workflow: String,
    pub(crate) title: Option<String>,
    pub(crate) event: String,
    pub(crate) branch: String,
    pub(crate) sha: String,
    pub(crate) head_repository: Option<u64>,
    /// Whoever starts it; the repository's owner if it is nobody.
    pub(crate) actor: Option<u64>,
}

impl GitHubState {
    /// A queued run, and its webhook `requested`; gives the run's id.
    pub(crate) fn request_run(&mut self, repository: u64, wish: RunWish, shared: &Shared) -> u64 {
        let (id, now) = (shared.names.number(), shared.clock.now());
        let Some(found) = self.repositories.get_mut(&repository) else {
            return id;
        };
        let workflow_id = *found
            .workflows
            .entry(wish.workflow.clone())
            .or_insert_with(|| shared.names.number());
        let of_workflow = found
            .runs
            .values()
            .filter(|run| run.workflow_id == workflow_id);
        let run = Record {
            id,
            workflow: wish.workflow,
            title: wish.title,
            workflow_id,
            event: wish.event,
            head_branch: wish.branch,
            head_sha: wish.sha,
            head_repository: wish.head_repository,
            actor: wish.actor,
            number: 1 + of_workflow.count() as u64,
            attempt: 1,
            status: "queued",
            conclusion: None,
            created_at: now,
            updated_at: now,
        };
        found.runs.insert(id, run);
        self.emit_run(
            "requested",
            repository,
            id,
            shared.github_url(),
            &shared.names,
        );
        id
    }
}

impl RunBuilder {
    pub(crate) fn new(repository: Repository, workflow: &str) -> Self {
        let branch = repository
            .read(|found| found.default_branch.clone())
            .unwrap_or_default();
        let head_repository = Some(repository.id());
        Self {
            repository,
            workflow: workflow.to_owned(),
            event: "push".to_owned(),
            branch,
            sha: None,
            head_repository,
        }
    }

    /// For the newest commit of a pull request, by the event `pull_request`; of its fork if it comes from one.
    pub fn for_pull_request(mut self, pull: &PullRequest) -> Self {
        if let Some((branch, sha, head)) = pull.read(|pull| {
            (
                pull.head_branch.clone(),
                pull.head_sha.clone(),
                pull.head_repository,
            )
        }) {
            self.branch = branch;
            self.sha = Some(sha);
            self.head_repository = head;
        }
        self.event("pull_request")
    }

    /// For this commit, whatever the branch's head is.
    pub fn for_commit(mut self, sha: &str) -> Self {
        self.sha = Some(sha.to_owned());
        self
    }

    /// On this branch.
    pub fn on_branch(mut self, branch: &str) -> Self {
        branch.clone_into(&mut self.branch);
        self
    }

    /// Begun by this event; `push` unless said otherwise.
    pub fn event(mut self, event: &str) -> Self {
        event.clone_into(&mut self.event);
        self
    }

    /// Begins it: webhooks `requested` and `in_progress`.
    pub fn start(self) -> Run {
        let run = self.request();
        run.progress("in_progress", "in_progress", None);
        run
    }

    /// Begins it and ends it well.
    pub fn succeed(self) -> Run {
        let run = self.start();
        run.succeed();
        run
    }

    /// Begins it and ends it badly.
    pub fn fail(self) -> Run {
        let run = self.start();
        run.fail();
        run
    }

    /// It waits for somebody's approval, as runs of first-time contributors do: completed, `action_required` (VENDORS 4.7).
    pub fn require_approval(self) -> Run {
        let run = self.request();
        run.complete("action_required");
        run
    }

    fn request(self) -> Run {
        let shared = Arc::clone(&self.repository.shared);
        let repository = self.repository.id();
        let sha = self
            .sha
            .unwrap_or_else(|| self.repository.head_of(&self.branch));
        let wish = RunWish {
            workflow: self.workflow,
            title: None,
            event: self.event,
            branch: self.branch,
            sha,
            head_repository: self.head_repository,
            actor: None,
        };
        let id = shared.change(|state| state.github.request_run(repository, wish, &shared));
        Run {
            shared,
            repository,
            id,
        }
    }
}

impl Run {
    /// GitHub's numeric id, which a re-run keeps.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Ends it well.
    pub fn succeed(&self) {
        self.complete("success");
    }

    /// Ends it badly.
    pub fn fail(&self) {
        self.complete("failure");
    }

    /// Somebody cancels it.
    pub fn cancel(&self) {
        self.complete("cancelled");
    }

    /// Ends it with any of GitHub's conclusions.
    pub fn complete(&self, conclusion: &str) {
        self.progress("completed", "completed", Some(conclusion));
    }

    /// Runs it again: the same id, the next attempt, and no `requested` webhook (VENDORS 4.3).
    pub fn rerun(&self) {
        self.change(|run| run.attempt += 1);
        self.progress("in_progress", "in_progress", None);
    }

    fn progress(&self, action: &str, status: &'static str, conclusion: Option<&str>) {
        let now = self.shared.clock.now();
        self.change(|run| {
            run.status = status;
            run.conclusion = conclusion.map(str::to_owned);
            run.updated_at = now;
        });
        let (api, names) = (self.shared.github_url(), &self.shared.names);
        self.shared.change(|state| {
            state
                .github
                .emit_run(action, self.repository, self.id, api, names)
        });
    }

    fn change(&self, change: impl FnOnce(&mut Record)) {
        self.shared.change(|state| {
            let found = state.github.repositories.get_mut(&self.repository);
            if let Some(run) = found.and_then(|found| found.runs.get_mut(&self.id)) {
                change(run);
            }
        });
    }
}
