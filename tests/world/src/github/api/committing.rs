//! Committing one file: only on top of the content that was read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::contents::{blob, described};
use super::{Call, error, not_found};
use crate::clock::github_time;
use crate::github::push::Moved;
use crate::github::state::{Change, GitHubState};
use crate::journal::Effect;
use crate::message::Reply;

/// `PUT /repos/{owner}/{repo}/contents/{path}`.
pub(super) fn put(call: &Call<'_>, github: &mut GitHubState, id: u64, path: &str) -> Reply {
    let body = match call.json_body() {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let Ok(content) = STANDARD.decode(text("content")) else {
        return error(422, "content is not valid Base64");
    };
    let Some(repository) = github.repositories.get_mut(&id) else {
        return not_found();
    };
    let default_branch = repository.default_branch.clone();
    let branch = if text("branch").is_empty() {
        &default_branch
    } else {
        text("branch")
    };
    let Some(before) = repository.branches.get(branch).cloned() else {
        return error(404, &format!("Branch {branch} not found"));
    };
    let commit = repository.commits.get(&before);
    let present = commit
        .and_then(|commit| commit.files.get(path))
        .map(|content| blob(content));
    let existed = present.is_some();
    match present {
        Some(_) if text("sha").is_empty() => {
            return error(422, "Invalid request.\n\n\"sha\" wasn't supplied.");
        }
        Some(present) if text("sha") != present => {
            return error(409, &format!("{path} does not match {}", text("sha")));
        }
        Some(_) | None => {}
    }
    if repository.protected.contains(branch) {
        let message =
            "Repository rule violations found\n\nChanges must be made through a pull request.\n\n";
        return error(409, message);
    }
    let (shared, message) = (call.shared, text("message"));
    let change = Change::Write(path, &content);
    let sha = repository.commit_to(branch, message, change, &shared.clock, &shared.names);
    let moved = Moved {
        reference: format!("refs/heads/{branch}"),
        before: before.clone(),
        after: sha.clone(),
        forced: false,
    };
    github.emit_push(id, &moved, shared.github_url(), &shared.names);
    let Some(repository) = github.repositories.get(&id) else {
        return not_found();
    };
    let full_name = github.full_name(repository);
    let api = format!("{}/repos/{full_name}/git/commits", shared.github_url());
    let html = format!("https://github.com/{full_name}/commit");
    let person = json!({"name": "World", "email": "world@example.com", "date": github_time(shared.clock.now())});
    let answer = json!({
        "content": described(call, github, repository, path, "file", &content),
        "commit": {
            "sha": sha, "node_id": format!("C_{sha}"), "url": format!("{api}/{sha}"), "html_url": format!("{html}/{sha}"),
            "author": person, "committer": person, "message": message,
            "tree": {"url": format!("{api}/{sha}"), "sha": sha},
            "parents": [{"url": format!("{api}/{before}"), "html_url": format!("{html}/{before}"), "sha": before}],
            "verification": {"verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null},
        },
    });
    Reply::json(if existed { 200 } else { 201 }, &answer).effect(Effect::FileCommitted {
        repository: id,
        path: path.to_owned(),
        commit: sha,
    })
}
