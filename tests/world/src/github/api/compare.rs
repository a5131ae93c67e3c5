//! Commits by what names them, and how two stand to each other.

use serde_json::{Value, json};

use super::{Call, error, not_found};
use crate::github::state::{GitHubState, Repository};
use crate::message::Reply;

/// `GET /repos/{owner}/{repo}/commits/{ref}`: a commit, `heads/<branch>` or `tags/<tag>`.
pub(super) fn commit(
    call: &Call<'_>,
    github: &GitHubState,
    repository: &Repository,
    reference: &str,
) -> Reply {
    match repository.sha_at(reference) {
        Some(sha) => Reply::json(200, &call.shape(github).commit(repository, &sha)),
        None => error(422, &format!("No commit found for SHA: {reference}")),
    }
}

/// `GET /repos/{owner}/{repo}/compare/{basehead}`: the commits in between on pages, the status on each of them.
pub(super) fn compare(
    call: &Call<'_>,
    github: &GitHubState,
    repository: &Repository,
    basehead: &str,
) -> Reply {
    let ends = basehead.split_once("...");
    let found =
        ends.and_then(|(base, head)| Some((repository.sha_at(base)?, repository.sha_at(head)?)));
    let Some((base, head)) = found else {
        return not_found();
    };
    let (of_base, of_head) = (repository.ancestors(&base), repository.ancestors(&head));
    let Some(merge_base) = merge_base(repository, &base, &head) else {
        return error(404, "No common ancestor between the two commits.");
    };
    let ahead: Vec<&String> = of_head.difference(&of_base).collect();
    let behind = of_base.difference(&of_head).count();
    let status = match (ahead.len(), behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        (_, _) => "diverged",
    };
    let shape = call.shape(github);
    let commits: Vec<Value> = ahead
        .iter()
        .map(|sha| shape.commit(repository, sha))
        .collect();
    let (total, base_commit) = (ahead.len(), shape.commit(repository, &base));
    let merge_base_commit = shape.commit(repository, &merge_base);
    let page = format!(
        "{}/repos/{}/compare/{basehead}",
        shape.api,
        github.full_name(repository)
    );
    call.page(&commits, |commits| {
        json!({
            "url": page, "html_url": page, "permalink_url": page, "diff_url": format!("{page}.diff"),
            "patch_url": format!("{page}.patch"), "base_commit": base_commit, "merge_base_commit": merge_base_commit,
            "status": status, "ahead_by": total, "behind_by": behind, "total_commits": total, "commits": commits,
        })
    })
}

/// The newest commit that both have.
pub(super) fn merge_base(repository: &Repository, left: &str, right: &str) -> Option<String> {
    let (left, right) = (repository.ancestors(left), repository.ancestors(right));
    let common = left.intersection(&right);
    common
        .max_by_key(|sha| repository.ancestors(sha).len())
        .cloned()
}
