//! The files that a pull request changes: what is at its head and not where it left its base branch.

use serde_json::{Value, json};

use super::{Call, compare, not_found};
use crate::github::state::{GitHubState, Repository};
use crate::message::Reply;

/// GitHub lists no more.
const LISTED_MAX: usize = 3_000;

/// `GET /repos/{owner}/{repo}/pulls/{pull_number}/files`.
pub(super) fn list(
    call: &Call<'_>,
    github: &GitHubState,
    repository: &Repository,
    number: &str,
) -> Reply {
    let number = number.parse::<u64>().ok();
    let Some(pull) = number.and_then(|number| repository.pulls.get(&number)) else {
        return not_found();
    };
    let base = repository.head_of(&pull.base_branch);
    let left_at = compare::merge_base(repository, &base, &pull.head_sha).unwrap_or(base);
    let files_of = |sha: &str| repository.commits.get(sha).map(|commit| &commit.files);
    let nothing = std::collections::BTreeMap::new();
    let (before, after) = (
        files_of(&left_at).unwrap_or(&nothing),
        files_of(&pull.head_sha).unwrap_or(&nothing),
    );
    let changed = |path: &str| match (before.contains_key(path), after.contains_key(path)) {
        (false, _) => "added",
        (true, false) => "removed",
        (true, true) => "modified",
    };
    let api = call.shape(github).api.to_owned();
    let (name, head) = (github.full_name(repository), &pull.head_sha);
    let mut paths: Vec<&String> = before.keys().chain(after.keys()).collect();
    paths.sort();
    paths.dedup();
    let items: Vec<Value> = paths
        .into_iter()
        .filter(|path| before.get(*path) != after.get(*path))
        .take(LISTED_MAX)
        .map(|path| {
            json!({
                "sha": "bbcd538c8e72b8c175046e27cc8f907076331401", "filename": path, "status": changed(path),
                "additions": 1, "deletions": 0, "changes": 1, "patch": "@@ -0,0 +1 @@",
                "blob_url": format!("https://github.com/{name}/blob/{head}/{path}"),
                "raw_url": format!("https://github.com/{name}/raw/{head}/{path}"),
                "contents_url": format!("{api}/repos/{name}/contents/{path}?ref={head}"),
            })
        })
        .collect();
    call.page(&items, |items| Value::Array(items.to_vec()))
}
