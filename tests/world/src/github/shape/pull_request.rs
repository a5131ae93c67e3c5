//! Pull requests as GitHub writes them.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::{Shape, overlay, replace_everywhere};
use crate::clock::github_time;
use crate::github::state::{PullRequest, Repository};

/// `pull_request` of GitHub's example of a synchronized pull request.
static TEMPLATE: LazyLock<Value> = LazyLock::new(|| {
    let example = include_str!("../../../vendor/github/payloads/pull_request.synchronize.1.json");
    serde_json::from_str::<Value>(example)
        .ok()
        .and_then(|example| example.get("pull_request").cloned())
        .unwrap_or_default()
});

/// Fields that a list of pull requests does not have.
const ONLY_ONE_BY_ONE: [&str; 12] = [
    "merged",
    "mergeable",
    "rebaseable",
    "mergeable_state",
    "merged_by",
    "comments",
    "review_comments",
    "maintainer_can_modify",
    "commits",
    "additions",
    "deletions",
    "changed_files",
];

impl Shape<'_> {
    /// A pull request as asked for alone and as in webhooks.
    pub(crate) fn pull_request(self, repository: &Repository, pull: &PullRequest) -> Value {
        let full_name = self.github.full_name(repository);
        let number = pull.number;
        let mut value = TEMPLATE.clone();
        replace_everywhere(
            &mut value,
            &[
                (
                    "ec26c3e57ca3a959ca5aad62de7213c562f8c821".to_owned(),
                    pull.head_sha.clone(),
                ),
                (
                    "Codertocat/Hello-World/pulls/2".to_owned(),
                    format!("{full_name}/pulls/{number}"),
                ),
                (
                    "Codertocat/Hello-World/issues/2".to_owned(),
                    format!("{full_name}/issues/{number}"),
                ),
                (
                    "Codertocat/Hello-World/pull/2".to_owned(),
                    format!("{full_name}/pull/{number}"),
                ),
                ("Codertocat/Hello-World".to_owned(), full_name),
                ("https://api.github.com".to_owned(), self.api.to_owned()),
            ],
        );
        let head_repository = pull
            .head_repository
            .and_then(|id| self.github.repositories.get(&id));
        let optional_time = |at: Option<i64>| at.map(github_time);
        let mergeable = pull.open.then_some(true);
        overlay(
            &mut value,
            json!({
                "id": pull.id, "node_id": format!("PR_{}", pull.id), "number": number, "title": pull.title,
                "body": null, "state": if pull.open { "open" } else { "closed" }, "locked": pull.locked,
                "active_lock_reason": null, "user": self.user(pull.author), "draft": pull.draft, "auto_merge": null,
                "created_at": github_time(pull.created_at), "updated_at": github_time(pull.updated_at),
                "closed_at": optional_time(pull.closed_at), "merged_at": optional_time(pull.merged_at),
                "merge_commit_sha": pull.merge_commit, "assignee": null, "assignees": [], "requested_reviewers": [],
                "requested_teams": [], "labels": self.labels(repository, pull),
                "head": self.side(pull.head_owner, &pull.head_branch, &pull.head_sha, head_repository),
                "base": self.side(repository.owner, &pull.base_branch, &pull.base_sha, Some(repository)),
                "author_association": "CONTRIBUTOR", "merged": pull.merged_at.is_some(), "mergeable": mergeable,
                "rebaseable": mergeable, "mergeable_state": if pull.open { "clean" } else { "unknown" },
                "merged_by": pull.merged_at.map(|_| self.user(repository.owner)), "maintainer_can_modify": false,
                "comments": self.github.comments_of(repository.id, number).len(),
            }),
        );
        value
    }

    /// A pull request as in `GET /repos/{owner}/{repo}/pulls`.
    pub(crate) fn listed_pull_request(self, repository: &Repository, pull: &PullRequest) -> Value {
        let mut value = self.pull_request(repository, pull);
        if let Value::Object(object) = &mut value {
            object.retain(|name, _| !ONLY_ONE_BY_ONE.contains(&name.as_str()));
        }
        value
    }

    fn side(self, owner: u64, branch: &str, sha: &str, repository: Option<&Repository>) -> Value {
        let login = self
            .github
            .user(owner)
            .map_or("ghost", |user| user.login.as_str());
        json!({"label": format!("{login}:{branch}"), "ref": branch, "sha": sha, "user": self.user(owner),
            "repo": repository.map(|repository| self.repository(repository))})
    }

    /// A pull request's labels.
    pub(super) fn labels(self, repository: &Repository, pull: &PullRequest) -> Vec<Value> {
        pull.labels
            .iter()
            .map(|label| self.label(repository, label))
            .collect()
    }

    /// One label.
    pub(crate) fn label(self, repository: &Repository, name: &str) -> Value {
        let id = 208_045_946
            + name
                .bytes()
                .fold(0_u64, |sum, byte| sum * 31 % 1_000_003 + u64::from(byte));
        json!({"id": id, "node_id": format!("LA_{id}"), "name": name, "color": "ededed", "default": false, "description": "",
            "url": format!("{}/repos/{}/labels/{name}", self.api, self.github.full_name(repository))})
    }

    /// A pull request as inside a workflow run.
    pub(crate) fn minimal_pull_request(self, repository: &Repository, pull: &PullRequest) -> Value {
        let side = |branch: &str, sha: &str, of: &Repository| {
            let url = format!("{}/repos/{}", self.api, self.github.full_name(of));
            json!({"ref": branch, "sha": sha, "repo": {"id": of.id, "name": of.name, "url": url}})
        };
        let mut object = Map::new();
        object.insert("id".to_owned(), json!(pull.id));
        object.insert("number".to_owned(), json!(pull.number));
        let url = format!(
            "{}/repos/{}/pulls/{}",
            self.api,
            self.github.full_name(repository),
            pull.number
        );
        object.insert("url".to_owned(), json!(url));
        object.insert(
            "head".to_owned(),
            side(&pull.head_branch, &pull.head_sha, repository),
        );
        object.insert(
            "base".to_owned(),
            side(&pull.base_branch, &pull.base_sha, repository),
        );
        Value::Object(object)
    }
}
