//! Comments on issues and pull requests: list, create, update and delete.

use serde_json::Value;

use super::{Call, error, invalid, not_found};
use crate::github::state::{Comment, GitHubState, Repository};
use crate::journal::Effect;
use crate::message::Reply;

/// Longest body in characters (VENDORS 4.5).
const BODY_LIMIT: usize = 65_536;

/// `GET /repos/{owner}/{repo}/issues/{issue_number}/comments`, oldest first.
pub(super) fn list(
    call: &Call<'_>,
    github: &GitHubState,
    repository: &Repository,
    number: &str,
) -> Reply {
    let Some(number) = number
        .parse()
        .ok()
        .filter(|number| repository.pulls.contains_key(number))
    else {
        return not_found();
    };
    let shape = call.shape(github);
    let items: Vec<Value> = github
        .comments_of(repository.id, number)
        .into_iter()
        .map(|comment| shape.comment(comment))
        .collect();
    call.page(&items, |items| Value::Array(items.to_vec()))
}

/// `POST /repos/{owner}/{repo}/issues/{issue_number}/comments`.
pub(super) fn create(
    call: &Call<'_>,
    github: &mut GitHubState,
    repository: u64,
    number: &str,
) -> Reply {
    let number = number.parse().unwrap_or_default();
    let Some(pull) = github.pull(repository, number) else {
        return not_found();
    };
    if pull.locked {
        return error(403, "Unable to create comment because issue is locked.");
    }
    let body = match body(call) {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let (id, now) = (call.shared.names.number(), call.shared.clock.now());
    let author = call.user.unwrap_or_default();
    let comment = Comment {
        id,
        repository,
        pull_request: number,
        author,
        body,
        created_at: now,
        updated_at: now,
    };
    let answer = call.shape(github).comment(&comment);
    let location = answer
        .get("url")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    github.comments.insert(id, comment);
    Reply::json(201, &answer)
        .header("location", location)
        .effect(Effect::CommentCreated {
            repository,
            pull_request: number,
            comment: id,
        })
}

/// `GET /repos/{owner}/{repo}/issues/comments/{comment_id}`.
pub(super) fn get(call: &Call<'_>, github: &GitHubState, repository: u64, comment: &str) -> Reply {
    let found = find(github, repository, comment);
    found.map_or_else(not_found, |comment| {
        Reply::json(200, &call.shape(github).comment(comment))
    })
}

/// `PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}`: own comments only, the token's user is no administrator.
pub(super) fn update(
    call: &Call<'_>,
    github: &mut GitHubState,
    repository: u64,
    comment: &str,
) -> Reply {
    let id = match may_change(call, github, repository, comment) {
        Ok(id) => id,
        Err(reply) => return reply,
    };
    let body = match body(call) {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let now = call.shared.clock.now();
    if let Some(comment) = github.comments.get_mut(&id) {
        comment.body = body;
        comment.updated_at = now;
    }
    get(call, github, repository, comment).effect(Effect::CommentUpdated { comment: id })
}

/// `DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}`.
pub(super) fn delete(
    call: &Call<'_>,
    github: &mut GitHubState,
    repository: u64,
    comment: &str,
) -> Reply {
    match may_change(call, github, repository, comment) {
        Ok(id) => {
            github.comments.remove(&id);
            Reply::empty(204).effect(Effect::CommentDeleted { comment: id })
        }
        Err(reply) => reply,
    }
}

fn find<'a>(github: &'a GitHubState, repository: u64, comment: &str) -> Option<&'a Comment> {
    let id: u64 = comment.parse().ok()?;
    github
        .comments
        .get(&id)
        .filter(|comment| comment.repository == repository)
}

fn may_change(
    call: &Call<'_>,
    github: &GitHubState,
    repository: u64,
    comment: &str,
) -> Result<u64, Reply> {
    let found = find(github, repository, comment).ok_or_else(not_found)?;
    if Some(found.author) != call.user {
        return Err(error(403, "Must have admin rights to Repository."));
    }
    if github
        .pull(repository, found.pull_request)
        .is_some_and(|pull| pull.locked)
    {
        return Err(error(
            403,
            "Unable to update comment because issue is locked.",
        ));
    }
    Ok(found.id)
}

fn body(call: &Call<'_>) -> Result<String, Reply> {
    let json = call.json_body()?;
    let Some(body) = json.get("body").and_then(Value::as_str) else {
        return Err(invalid(
            "IssueComment",
            "body",
            "missing_field",
            "body is missing",
        ));
    };
    if body.trim().is_empty() {
        return Err(invalid(
            "IssueComment",
            "body",
            "unprocessable",
            "Body cannot be blank",
        ));
    }
    if body.chars().count() > BODY_LIMIT {
        return Err(invalid(
            "IssueComment",
            "body",
            "unprocessable",
            "Body is too long (maximum is 65536 characters)",
        ));
    }
    Ok(body.to_owned())
}
