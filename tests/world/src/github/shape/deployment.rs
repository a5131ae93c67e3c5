//! Commits, deployments and their statuses as GitHub writes them.

use serde_json::{Value, json};

use super::Shape;
use crate::clock::github_time;
use crate::github::deployments::{Deployment, DeploymentStatus};
use crate::github::state::Repository;

impl Shape<'_> {
    /// A `commit`.
    pub(crate) fn commit(self, repository: &Repository, sha: &str) -> Value {
        let api = format!("{}/repos/{}", self.api, self.github.full_name(repository));
        let url = format!("{api}/commits/{sha}");
        let found = repository.commits.get(sha);
        let at = github_time(found.map_or(0, |commit| commit.at));
        let person = json!({"name": "Mona Octocat", "email": "mona@github.com", "date": at});
        let parents: Vec<Value> = found
            .into_iter()
            .flat_map(|commit| &commit.parents)
            .map(|parent| json!({"sha": parent, "url": format!("{api}/commits/{parent}"), "html_url": url}))
            .collect();
        json!({
            "url": url, "sha": sha, "node_id": format!("C_{sha}"), "html_url": url, "comments_url": format!("{url}/comments"),
            "commit": {
                "url": url, "author": person, "committer": person, "comment_count": 0,
                "message": found.map(|commit| commit.message.as_str()).unwrap_or_default(),
                "tree": {"sha": sha, "url": format!("{api}/git/trees/{sha}")},
            },
            "author": self.user(repository.owner), "committer": self.user(repository.owner), "parents": parents,
        })
    }

    /// A `deployment`.
    pub(crate) fn deployment(self, repository: &Repository, one: &Deployment) -> Value {
        let api = format!("{}/repos/{}", self.api, self.github.full_name(repository));
        let url = format!("{api}/deployments/{}", one.id);
        let at = github_time(one.created_at);
        json!({
            "url": url, "id": one.id, "node_id": format!("DE_{}", one.id), "sha": one.sha, "ref": one.reference, "task": "deploy",
            "payload": one.payload, "original_environment": one.environment, "environment": one.environment,
            "description": one.description, "creator": self.user(one.creator), "created_at": at, "updated_at": at,
            "statuses_url": format!("{url}/statuses"), "repository_url": api, "transient_environment": one.transient,
            "production_environment": one.production, "performed_via_github_app": null,
        })
    }

    /// The same of a repository by its id.
    pub(crate) fn deployment_of(self, repository: u64, one: &Deployment) -> Value {
        let found = self.github.repositories.get(&repository);
        found.map_or(Value::Null, |found| self.deployment(found, one))
    }

    /// A `deployment-status`.
    pub(crate) fn deployment_status(
        self,
        repository: &Repository,
        of: &Deployment,
        status: &DeploymentStatus,
    ) -> Value {
        let api = format!("{}/repos/{}", self.api, self.github.full_name(repository));
        let deployment = format!("{api}/deployments/{}", of.id);
        let at = github_time(status.created_at);
        let page = format!(
            "https://github.com/{}/deployments",
            self.github.full_name(repository)
        );
        let (log, environment) = (status.log_url.as_ref(), status.environment_url.as_ref());
        json!({
            "url": format!("{deployment}/statuses/{}", status.id), "id": status.id, "node_id": format!("DES_{}", status.id),
            "state": status.state, "creator": self.user(of.creator), "description": status.description,
            "environment": of.environment, "target_url": log.unwrap_or(&page), "created_at": at,
            "updated_at": at, "deployment_url": deployment, "repository_url": api,
            "environment_url": environment.unwrap_or(&page), "log_url": log.unwrap_or(&page), "performed_via_github_app": null,
        })
    }
}
