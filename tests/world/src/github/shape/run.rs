//! Workflow runs as GitHub writes them.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{Shape, overlay, replace_everywhere};
use crate::clock::github_time;
use crate::github::state::{Repository, Run};

static TEMPLATE: LazyLock<Value> = LazyLock::new(|| {
    let example = include_str!(
        "../../../vendor/github/payloads/workflow_run.completed-success-repository_dispatch.1.json"
    );
    serde_json::from_str(example).unwrap_or_default()
});

/// The file of a workflow: `CI` is `.github/workflows/ci.yml`.
pub(crate) fn workflow_path(name: &str) -> String {
    let file: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    format!(".github/workflows/{file}.yml")
}

impl Shape<'_> {
    fn filled_in(self, part: &str, repository: &Repository, run: &Run) -> Value {
        let mut value = TEMPLATE.get(part).cloned().unwrap_or_default();
        let runs = |of: &str, id: u64| format!("{}/actions/runs/{id}", of);
        let full_name = self.github.full_name(repository);
        let path = workflow_path(&run.workflow);
        replace_everywhere(
            &mut value,
            &[
                (
                    runs("octo-org/octo-repo", 289_782_451),
                    runs(&full_name, run.id),
                ),
                (
                    "actions/workflows/2823525".to_owned(),
                    format!("actions/workflows/{}", run.workflow_id),
                ),
                (".github/workflows/test.yml".to_owned(), path),
                ("octo-org/octo-repo".to_owned(), full_name),
                ("https://api.github.com".to_owned(), self.api.to_owned()),
                (
                    "3484a3fb816e0859fd6e1cea078d76385ff50625".to_owned(),
                    run.head_sha.clone(),
                ),
            ],
        );
        value
    }

    /// A workflow run.
    pub(crate) fn run(self, repository: &Repository, run: &Run) -> Value {
        let mut value = self.filled_in("workflow_run", repository, run);
        let head = run
            .head_repository
            .and_then(|id| self.github.repositories.get(&id));
        let commit = head.unwrap_or(repository).commits.get(&run.head_sha);
        let message = commit.map_or("", |commit| commit.message.as_str());
        let person = json!({"name": "World", "email": "world@example.com"});
        let own_head = run.head_repository == Some(repository.id);
        let matching = |pull: &&crate::github::state::PullRequest| {
            own_head && pull.open && pull.head_sha == run.head_sha
        };
        let pulls: Vec<Value> = repository
            .pulls
            .values()
            .filter(matching)
            .map(|pull| self.minimal_pull_request(repository, pull))
            .collect();
        let updated = github_time(run.updated_at);
        let committed = github_time(commit.map_or(run.created_at, |commit| commit.at));
        let head_commit = json!({"id": run.head_sha, "tree_id": run.head_sha, "message": message, "timestamp": committed,
            "author": person, "committer": person});
        overlay(
            &mut value,
            json!({
                "id": run.id, "node_id": format!("WFR_{}", run.id), "name": run.workflow, "path": workflow_path(&run.workflow),
                "display_title": run.title.as_deref().unwrap_or(message), "event": run.event, "status": run.status, "conclusion": run.conclusion,
                "head_branch": run.head_branch, "head_sha": run.head_sha,
                "head_commit": head_commit,
                "head_repository": head.map(|head| self.lite_repository(head)),
                "repository": self.lite_repository(repository), "pull_requests": pulls, "run_number": run.number,
                "run_attempt": run.attempt, "workflow_id": run.workflow_id, "created_at": github_time(run.created_at),
                "run_started_at": updated, "updated_at": updated, "actor": self.user(run.actor.unwrap_or(repository.owner)),
                "triggering_actor": self.user(run.actor.unwrap_or(repository.owner)), "referenced_workflows": [], "previous_attempt_url": null,
            }),
        );
        value
    }

    /// The workflow that a run is of.
    pub(crate) fn workflow(self, repository: &Repository, run: &Run) -> Value {
        let mut value = self.filled_in("workflow", repository, run);
        let fields = json!({"id": run.workflow_id, "name": run.workflow, "node_id": format!("W_{}", run.workflow_id),
            "path": workflow_path(&run.workflow)});
        overlay(&mut value, fields);
        value
    }
}
