//! Repositories as GitHub writes them.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{Shape, overlay, replace_everywhere};
use crate::clock::github_time;
use crate::github::state::Repository;

/// `repository` of GitHub's example of a synchronized pull request.
static TEMPLATE: LazyLock<Value> = LazyLock::new(|| {
    let example = include_str!("../../../vendor/github/payloads/pull_request.synchronize.1.json");
    serde_json::from_str::<Value>(example)
        .ok()
        .and_then(|example| example.get("repository").cloned())
        .unwrap_or_default()
});

/// The fields of a `minimal-repository` in workflow runs (webhooks' `repository-lite`).
const LITE: [&str; 46] = [
    "archive_url",
    "assignees_url",
    "blobs_url",
    "branches_url",
    "collaborators_url",
    "comments_url",
    "commits_url",
    "compare_url",
    "contents_url",
    "contributors_url",
    "deployments_url",
    "description",
    "downloads_url",
    "events_url",
    "fork",
    "forks_url",
    "full_name",
    "git_commits_url",
    "git_refs_url",
    "git_tags_url",
    "hooks_url",
    "html_url",
    "id",
    "issue_comment_url",
    "issue_events_url",
    "issues_url",
    "keys_url",
    "labels_url",
    "languages_url",
    "merges_url",
    "milestones_url",
    "name",
    "node_id",
    "notifications_url",
    "owner",
    "private",
    "pulls_url",
    "releases_url",
    "stargazers_url",
    "statuses_url",
    "subscribers_url",
    "subscription_url",
    "tags_url",
    "teams_url",
    "trees_url",
    "url",
];

impl Shape<'_> {
    /// A repository as in webhooks and inside other objects.
    pub(crate) fn repository(self, repository: &Repository) -> Value {
        let full_name = self.github.full_name(repository);
        let mut value = TEMPLATE.clone();
        replace_everywhere(
            &mut value,
            &[
                ("Codertocat/Hello-World".to_owned(), full_name.clone()),
                ("https://api.github.com".to_owned(), self.api.to_owned()),
            ],
        );
        let (created, open) = (
            github_time(repository.created_at),
            repository.pulls.values().filter(|pull| pull.open).count(),
        );
        let visibility = if repository.private {
            "private"
        } else {
            "public"
        };
        overlay(
            &mut value,
            json!({
                "id": repository.id, "node_id": format!("R_{}", repository.id), "name": repository.name,
                "full_name": full_name, "owner": self.user(repository.owner), "private": repository.private,
                "visibility": visibility, "fork": repository.fork_of.is_some(), "default_branch": repository.default_branch,
                "created_at": created, "updated_at": created, "pushed_at": created, "open_issues": open,
                "open_issues_count": open, "archived": repository.archived, "disabled": false, "allow_forking": true, "is_template": false,
                "web_commit_signoff_required": false, "has_discussions": false, "topics": [],
            }),
        );
        value
    }

    /// A repository as `GET /repos/{owner}/{repo}` answers it.
    pub(crate) fn full_repository(self, repository: &Repository) -> Value {
        let mut value = self.repository(repository);
        overlay(
            &mut value,
            json!({"network_count": 0, "subscribers_count": 1,
            "permissions": {"admin": false, "maintain": false, "push": true, "triage": true, "pull": true}}),
        );
        value
    }

    /// A repository as inside workflow runs.
    pub(crate) fn lite_repository(self, repository: &Repository) -> Value {
        super::only(&self.repository(repository), &LITE)
    }
}
