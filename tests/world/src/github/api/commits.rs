//! Lists of commits.

use serde_json::{Value, json};

use super::{Call, error};
use crate::clock::github_time;
use crate::github::state::{Commit, GitHubState, Repository};
use crate::message::Reply;

/// `GET /repos/{owner}/{repo}/commits`: by branch or commit (`sha`), and by a path that they changed.
pub(super) fn list(call: &Call<'_>, github: &GitHubState, repository: &Repository) -> Reply {
    let query = |name: &str| call.request.query(name);
    let start = query("sha").unwrap_or(&repository.default_branch);
    let branch = repository.branches.get(start).map_or(start, String::as_str);
    if !repository.commits.contains_key(branch) {
        return error(404, "Not Found");
    }
    let found: Vec<Value> = repository
        .history(branch)
        .filter(|(_, commit, parent)| {
            query("path").is_none_or(|path| changes(commit, *parent, path))
        })
        .map(|(sha, commit, _)| shown(call, github, repository, sha, commit))
        .collect();
    call.page(&found, |commits| Value::Array(commits.to_vec()))
}

/// `GET /repos/{owner}/{repo}/pulls/{pull_number}/commits`: those since its base, the oldest first, all of whoever opened it.
pub(super) fn of_pull(
    call: &Call<'_>,
    github: &GitHubState,
    repository: &Repository,
    number: &str,
) -> Reply {
    let pull = number
        .parse()
        .ok()
        .and_then(|number: u64| repository.pulls.get(&number));
    let Some(pull) = pull else {
        return error(404, "Not Found");
    };
    let since_base = repository
        .history(&pull.head_sha)
        .take_while(|(sha, _, _)| **sha != pull.base_sha);
    let author = call.shape(github).user(pull.author);
    let mut found: Vec<Value> = since_base
        .map(|(sha, commit, _)| {
            let mut shown = shown(call, github, repository, sha, commit);
            if let Some(fields) = shown.as_object_mut() {
                for person in ["author", "committer"] {
                    fields.insert(person.to_owned(), author.clone());
                }
            }
            shown
        })
        .collect();
    found.reverse();
    call.page(&found, |commits| Value::Array(commits.to_vec()))
}

/// Whether the file, or a file in the folder, is another one than in the parent.
fn changes(commit: &Commit, parent: Option<&Commit>, path: &str) -> bool {
    let folder = format!("{path}/");
    let of = |commit: &Commit| -> Vec<(String, Vec<u8>)> {
        let files = commit.files.iter();
        files
            .filter(|(name, _)| *name == path || name.starts_with(&folder))
            .map(|(name, content)| (name.clone(), content.clone()))
            .collect()
    };
    of(commit) != parent.map(of).unwrap_or_default()
}

fn shown(
    call: &Call<'_>,
    github: &GitHubState,
    repository: &Repository,
    sha: &str,
    commit: &Commit,
) -> Value {
    let shape = call.shape(github);
    let name = github.full_name(repository);
    let api = format!("{}/repos/{name}", call.shared.github_url());
    let html = format!("https://github.com/{name}/commit/{sha}");
    let who =
        json!({"name": "octocat", "email": "octocat@example.com", "date": github_time(commit.at)});
    let parents: Vec<Value> = commit
        .parents
        .iter()
        .map(|parent| json!({"sha": parent, "url": format!("{api}/commits/{parent}"), "html_url": html}))
        .collect();
    let author = shape.user(repository.owner);
    json!({
        "sha": sha, "node_id": format!("C_{sha}"), "url": format!("{api}/commits/{sha}"), "html_url": html,
        "comments_url": format!("{api}/commits/{sha}/comments"), "author": author, "committer": author, "parents": parents,
        "commit": {
            "url": format!("{api}/git/commits/{sha}"), "author": who, "committer": who, "message": commit.message,
            "comment_count": 0, "tree": {"sha": sha, "url": format!("{api}/git/trees/{sha}")},
            "verification": {"verified": false, "reason": "unsigned", "payload": null, "signature": null, "verified_at": null},
        },
    })
}
