//! Protected environments: jobs that wait until the App whose rule protects them answers.

use serde_json::json;

use super::repository::Repository;
use super::run::Run;
use super::shape::overlay;
use super::state::GitHubState;
use crate::names::Names;

/// A job that waits before it deploys to a protected environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WaitingJob {
    /// The repository's numeric id.
    pub repository: u64,
    /// The run's id.
    pub run: u64,
    /// The environment.
    pub environment: String,
    /// The answer, `approved` or `rejected`, with its comment.
    pub answer: Option<(String, String)>,
    /// What was said of how things stand, the oldest first.
    pub said: Vec<String>,
}

impl Run {
    /// A job of the run would deploy to an environment that the App's rule protects: it waits, and the App is told.
    pub fn deploys_to(&self, environment: &str) {
        let (api, names) = (self.shared.github_url(), &self.shared.names);
        self.shared.change(|state| {
            state.github.jobs.push(WaitingJob {
                repository: self.repository,
                run: self.id,
                environment: environment.to_owned(),
                answer: None,
                said: Vec::new(),
            });
            state
                .github
                .emit_protection(self, environment, (api, names));
        });
    }
}

impl Repository {
    /// Jobs that wait or waited before they deploy, oldest first.
    #[must_use]
    pub fn waiting_jobs(&self) -> Vec<WaitingJob> {
        let all = self.shared.look(|state| state.github.jobs.clone());
        all.into_iter()
            .filter(|job| job.repository == self.id)
            .collect()
    }
}

impl GitHubState {
    /// Queues a `deployment_protection_rule` delivery.
    fn emit_protection(&mut self, run: &Run, environment: &str, (api, names): (&str, &Names)) {
        let Some(found) = self.repositories.get(&run.repository) else {
            return;
        };
        let Some(record) = found.runs.get(&run.id) else {
            return;
        };
        let url = format!(
            "{api}/repos/{}/actions/runs/{}/deployment_protection_rule",
            self.full_name(found),
            run.id
        );
        let mut payload = self.envelope(found, found.owner, api);
        overlay(
            &mut payload,
            json!({
                "action": "requested", "environment": environment, "event": record.event, "deployment_callback_url": url,
                "deployment": {"id": names.number(), "sha": record.head_sha, "ref": record.head_branch, "environment": environment},
                "pull_requests": [],
            }),
        );
        self.enqueue(
            "deployment_protection_rule",
            run.repository,
            &payload,
            names,
        );
    }
}
