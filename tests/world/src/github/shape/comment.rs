//! Comments, and pull requests as issues, as GitHub writes them.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{Shape, overlay, replace_everywhere};
use crate::clock::github_time;
use crate::github::state::{Comment, PullRequest, Repository};

/// `issue` of GitHub's example of a new comment, which is on an issue.
static ISSUE: LazyLock<Value> = LazyLock::new(|| {
    let example = include_str!("../../../vendor/github/payloads/issue_comment.created.4.json");
    serde_json::from_str::<Value>(example)
        .ok()
        .and_then(|example| example.get("issue").cloned())
        .unwrap_or_default()
});

impl Shape<'_> {
    /// An `issue-comment`.
    pub(crate) fn comment(self, comment: &Comment) -> Value {
        let full_name = self
            .github
            .repositories
            .get(&comment.repository)
            .map(|found| self.github.full_name(found))
            .unwrap_or_default();
        let (api, number) = (
            format!("{}/repos/{full_name}", self.api),
            comment.pull_request,
        );
        let of = |content: &str| {
            let reactions = self.github.reactions.iter();
            reactions
                .filter(|reaction| reaction.comment == comment.id)
                .filter(|reaction| content.is_empty() || reaction.content == content)
                .count()
        };
        let reactions = json!({"url": format!("{api}/issues/comments/{}/reactions", comment.id), "total_count": of(""),
            "+1": of("+1"), "-1": of("-1"), "laugh": of("laugh"), "hooray": of("hooray"), "confused": of("confused"),
            "heart": of("heart"), "rocket": of("rocket"), "eyes": of("eyes")});
        json!({
            "url": format!("{api}/issues/comments/{}", comment.id),
            "html_url": format!("https://github.com/{full_name}/pull/{number}#issuecomment-{}", comment.id),
            "issue_url": format!("{api}/issues/{number}"), "id": comment.id, "node_id": format!("IC_{}", comment.id),
            "user": self.user(comment.author), "created_at": github_time(comment.created_at),
            "updated_at": github_time(comment.updated_at), "author_association": "CONTRIBUTOR", "body": comment.body,
            "reactions": reactions, "performed_via_github_app": null,
        })
    }

    /// A pull request as the issue that it is too.
    pub(crate) fn issue(self, repository: &Repository, pull: &PullRequest) -> Value {
        let full_name = self.github.full_name(repository);
        let number = pull.number;
        let mut value = ISSUE.clone();
        replace_everywhere(
            &mut value,
            &[
                (
                    "Codertocat/Hello-World/issues/1".to_owned(),
                    format!("{full_name}/issues/{number}"),
                ),
                ("Codertocat/Hello-World".to_owned(), full_name.clone()),
                ("https://api.github.com".to_owned(), self.api.to_owned()),
            ],
        );
        let page = format!("https://github.com/{full_name}/pull/{number}");
        overlay(
            &mut value,
            json!({
                "id": pull.id, "node_id": format!("PR_{}", pull.id), "number": number, "title": pull.title, "body": null,
                "user": self.user(pull.author), "state": if pull.open { "open" } else { "closed" },
                "locked": pull.locked, "draft": pull.draft, "labels": self.labels(repository, pull),
                "assignee": null, "assignees": [], "milestone": null, "html_url": page,
                "created_at": github_time(pull.created_at), "updated_at": github_time(pull.updated_at),
                "closed_at": pull.closed_at.map(github_time), "author_association": "CONTRIBUTOR",
                "pull_request": {
                    "url": format!("{}/repos/{full_name}/pulls/{number}", self.api), "html_url": page,
                    "diff_url": format!("{page}.diff"), "patch_url": format!("{page}.patch"),
                },
            }),
        );
        value
    }
}
