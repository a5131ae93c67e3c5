//! The contents API: files, folders, raw bytes and the limits on large files.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Call, error, not_found};
use crate::github::state::{Commit, GitHubState, Repository};
use crate::message::Reply;

/// Above this the JSON form has no content and the encoding `none`; only the raw form has it (GHDOCS rest/repos/contents).
const INLINE_LIMIT: usize = 1024 * 1024;
/// Above this there is only 403.
const READABLE_LIMIT: usize = 100 * 1024 * 1024;

/// `GET /repos/{owner}/{repo}/contents/{path}`.
pub(super) fn get(
    call: &Call<'_>,
    github: &GitHubState,
    repository: &Repository,
    path: &str,
) -> Reply {
    let reference = call.request.query("ref");
    let Some(commit) = repository.commit(reference) else {
        return error(
            404,
            &format!(
                "No commit found for the ref {}",
                reference.unwrap_or_default()
            ),
        );
    };
    if let Some(content) = commit.files.get(path) {
        return file(call, github, repository, path, content);
    }
    let items = entries(call, github, repository, commit, path);
    if items.is_empty() {
        not_found()
    } else {
        Reply::json(200, &Value::Array(items))
    }
}

fn file(
    call: &Call<'_>,
    github: &GitHubState,
    repository: &Repository,
    path: &str,
    content: &[u8],
) -> Reply {
    if content.len() > READABLE_LIMIT {
        return error(
            403,
            "This API returns blobs up to 100 MB in size. The requested blob is too large to fetch via the API.",
        );
    }
    if call
        .request
        .header("accept")
        .is_some_and(|accept| accept.contains("raw"))
    {
        return Reply::text(
            200,
            "application/vnd.github.raw+json; charset=utf-8",
            content,
        );
    }
    let mut entry = described(call, github, repository, path, "file", content);
    let inline = content.len() <= INLINE_LIMIT;
    let text = if inline {
        in_lines(&STANDARD.encode(content))
    } else {
        String::new()
    };
    let encoding = if inline { "base64" } else { "none" };
    super::super::shape::overlay(&mut entry, json!({"content": text, "encoding": encoding}));
    Reply::json(200, &entry)
}

/// Base64 in lines of 60 characters, each ended by a newline, as GitHub sends it.
fn in_lines(encoded: &str) -> String {
    let mut lines = String::with_capacity(encoded.len() + encoded.len() / 60 + 1);
    for (place, character) in encoded.chars().enumerate() {
        if place > 0 && place % 60 == 0 {
            lines.push('\n');
        }
        lines.push(character);
    }
    if !lines.is_empty() {
        lines.push('\n');
    }
    lines
}

/// What lies directly in a folder.
fn entries(
    call: &Call<'_>,
    github: &GitHubState,
    repository: &Repository,
    commit: &Commit,
    folder: &str,
) -> Vec<Value> {
    let prefix = if folder.is_empty() {
        String::new()
    } else {
        format!("{folder}/")
    };
    let mut seen: Vec<String> = Vec::new();
    let mut items = Vec::new();
    for (path, content) in &commit.files {
        let Some(inside) = path.strip_prefix(&prefix) else {
            continue;
        };
        let name = inside.split('/').next().unwrap_or(inside).to_owned();
        if seen.contains(&name) {
            continue;
        }
        let (kind, bytes) = if inside.contains('/') {
            ("dir", &[][..])
        } else {
            ("file", content.as_slice())
        };
        items.push(described(
            call,
            github,
            repository,
            &format!("{prefix}{name}"),
            kind,
            bytes,
        ));
        seen.push(name);
    }
    items
}

/// A file or a folder as a list has it.
pub(super) fn described(
    call: &Call<'_>,
    github: &GitHubState,
    repository: &Repository,
    path: &str,
    kind: &str,
    content: &[u8],
) -> Value {
    let full_name = github.full_name(repository);
    let reference = call
        .request
        .query("ref")
        .unwrap_or(&repository.default_branch);
    let sha = blob(content);
    let url = format!(
        "{}/repos/{full_name}/contents/{path}?ref={reference}",
        call.shared.github_url()
    );
    let git = format!(
        "{}/repos/{full_name}/git/blobs/{sha}",
        call.shared.github_url()
    );
    let html = format!("https://github.com/{full_name}/blob/{reference}/{path}");
    let download = (kind == "file")
        .then(|| format!("https://raw.githubusercontent.com/{full_name}/{reference}/{path}"));
    json!({
        "name": path.rsplit('/').next(), "path": path, "sha": sha, "size": content.len(), "url": url, "html_url": html,
        "git_url": git, "download_url": download, "type": kind, "_links": {"self": url, "git": git, "html": html},
    })
}

/// The id of a file's content.
pub(super) fn blob(content: &[u8]) -> String {
    hex::encode(Sha256::digest(content))
        .chars()
        .take(40)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_broken_every_sixty_characters_and_ends_with_a_newline() {
        let lines = in_lines(&"A".repeat(125));
        assert_eq!(
            lines.split('\n').map(str::len).collect::<Vec<_>>(),
            [60, 60, 5, 0]
        );
        assert_eq!(in_lines(""), "");
    }
}
