//! Deployments as stories look at them.

use serde::Serialize;
use serde_json::Value;

use super::repository::Repository;
use super::state::Repository as Record;

/// A deployment of a commit to an environment.
#[derive(Debug, Clone, Serialize)]
pub struct Deployment {
    /// GitHub's numeric id.
    pub id: u64,
    /// The commit.
    pub sha: String,
    /// What was asked to be deployed.
    pub reference: String,
    /// The name of the environment.
    pub environment: String,
    /// What it says of itself.
    pub description: Option<String>,
    /// Whatever who made it put there.
    pub payload: Value,
    /// The environment goes away again.
    pub transient: bool,
    /// The environment is one that users see.
    pub production: bool,
    pub(crate) creator: u64,
    /// When it was made, in seconds since 1970.
    pub created_at: i64,
    /// Its statuses, oldest first.
    pub statuses: Vec<DeploymentStatus>,
}

/// A status of a deployment.
#[derive(Debug, Clone, Serialize)]
pub struct DeploymentStatus {
    pub(crate) id: u64,
    /// `queued`, `in_progress`, `success`, `failure`, `error`, `inactive` or `pending`.
    pub state: String,
    /// What it says.
    pub description: String,
    /// Where the environment is reached.
    pub environment_url: Option<String>,
    /// The page of what was done.
    pub log_url: Option<String>,
    /// When it was set, in seconds since 1970.
    pub created_at: i64,
}

impl Deployment {
    /// What its newest status says, as `success: released`; empty before the first.
    #[must_use]
    pub fn says(&self) -> String {
        self.statuses
            .last()
            .map(|status| format!("{}: {}", status.state, status.description))
            .unwrap_or_default()
    }
}

impl Repository {
    /// All deployments to an environment, oldest first.
    #[must_use]
    pub fn deployments_to(&self, environment: &str) -> Vec<Deployment> {
        let of = |found: &Record| {
            let all = found.deployments.values();
            all.filter(|one| one.environment == environment)
                .cloned()
                .collect()
        };
        self.read(of).unwrap_or_default()
    }
}

impl Record {
    /// Makes the earlier deployments to the environment inactive that are live.
    pub(crate) fn deactivate_before(&mut self, deployment: u64, environment: &str, now: i64) {
        let earlier = self.deployments.values_mut().filter(|one| {
            one.id < deployment
                && one.environment == environment
                && !one.transient
                && !one.production
        });
        for one in earlier {
            let is_live = one
                .statuses
                .last()
                .is_some_and(|status| status.state == "success");
            if is_live {
                one.statuses.push(DeploymentStatus {
                    id: deployment,
                    state: "inactive".to_owned(),
                    description: String::new(),
                    environment_url: None,
                    log_url: None,
                    created_at: now,
                });
            }
        }
    }
}
