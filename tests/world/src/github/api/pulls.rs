//! Reading pull requests.

use serde_json::Value;

use super::{Call, not_found};
use crate::github::state::{GitHubState, PullRequest, Repository};
use crate::message::Reply;

/// `GET /repos/{owner}/{repo}/pulls/{pull_number}`.
pub(super) fn get(
    call: &Call<'_>,
    github: &GitHubState,
    repository: &Repository,
    number: &str,
) -> Reply {
    let pull = number
        .parse()
        .ok()
        .and_then(|number: u64| repository.pulls.get(&number));
    pull.map_or_else(not_found, |pull| {
        Reply::json(200, &call.shape(github).pull_request(repository, pull))
    })
}

/// `GET /repos/{owner}/{repo}/pulls`: by state, head (`owner:branch`) and base.
pub(super) fn list(call: &Call<'_>, github: &GitHubState, repository: &Repository) -> Reply {
    let state = call.request.query("state").unwrap_or("open");
    let wanted = |pull: &&PullRequest| {
        let owner = github
            .user(pull.head_owner)
            .map_or("", |user| user.login.as_str());
        let head = format!("{owner}:{}", pull.head_branch);
        (state == "all" || pull.open == (state == "open"))
            && call
                .request
                .query("head")
                .is_none_or(|wanted| wanted == head)
            && call
                .request
                .query("base")
                .is_none_or(|wanted| wanted == pull.base_branch)
    };
    let mut found: Vec<&PullRequest> = repository.pulls.values().filter(wanted).collect();
    let by_update = call.request.query("sort") == Some("updated");
    found.sort_by_key(|pull| {
        (
            if by_update {
                pull.updated_at
            } else {
                pull.created_at
            },
            pull.number,
        )
    });
    if call.request.query("direction") != Some("asc") {
        found.reverse();
    }
    page(call, github, repository, &found)
}

/// `GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls`.
pub(super) fn of_commit(
    call: &Call<'_>,
    github: &GitHubState,
    repository: &Repository,
    sha: &str,
) -> Reply {
    let found: Vec<&PullRequest> = repository
        .pulls
        .values()
        .filter(|pull| pull.head_sha == sha || pull.merge_commit.as_deref() == Some(sha))
        .collect();
    page(call, github, repository, &found)
}

fn page(
    call: &Call<'_>,
    github: &GitHubState,
    repository: &Repository,
    found: &[&PullRequest],
) -> Reply {
    let shape = call.shape(github);
    let items: Vec<Value> = found
        .iter()
        .map(|pull| shape.listed_pull_request(repository, pull))
        .collect();
    call.page(&items, |items| Value::Array(items.to_vec()))
}
