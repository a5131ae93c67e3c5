//! Reactions to comments: one of a kind for each account.

use serde_json::{Value, json};

use super::{Call, error, invalid, not_found};
use crate::clock::github_time;
use crate::github::state::{GitHubState, Reaction};
use crate::message::Reply;

/// What can be reacted with.
const CONTENTS: [&str; 8] = [
    "+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes",
];

/// `POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions`: 201, or 200 for a reaction that is there already.
pub(super) fn create(
    call: &Call<'_>,
    github: &mut GitHubState,
    repository: u64,
    comment: &str,
) -> Reply {
    let found = comment
        .parse()
        .ok()
        .and_then(|id: u64| github.comments.get(&id))
        .filter(|comment| comment.repository == repository);
    let Some((id, pull_request)) = found.map(|comment| (comment.id, comment.pull_request)) else {
        return not_found();
    };
    let json = match call.json_body() {
        Ok(json) => json,
        Err(reply) => return reply,
    };
    let content = json.get("content").and_then(Value::as_str);
    let content = content.and_then(|content| CONTENTS.into_iter().find(|known| *known == content));
    let Some(content) = content else {
        return invalid(
            "Reaction",
            "content",
            "invalid",
            "content is not included in the list",
        );
    };
    if github
        .pull(repository, pull_request)
        .is_some_and(|pull| pull.locked)
    {
        return error(403, "Unable to react to a comment of a locked issue.");
    }
    let user = call.user.unwrap_or_default();
    let known = github.reactions.iter().find(|reaction| {
        (reaction.comment, reaction.user, reaction.content) == (id, user, content)
    });
    if let Some(known) = known.cloned() {
        return Reply::json(200, &shown(call, github, &known));
    }
    let reaction = Reaction {
        id: call.shared.names.number(),
        comment: id,
        user,
        content,
        at: call.shared.clock.now(),
    };
    github.reactions.push(reaction.clone());
    Reply::json(201, &shown(call, github, &reaction))
}

fn shown(call: &Call<'_>, github: &GitHubState, reaction: &Reaction) -> Value {
    json!({
        "id": reaction.id, "node_id": format!("REA_{}", reaction.id), "user": call.shape(github).user(reaction.user),
        "content": reaction.content, "created_at": github_time(reaction.at),
    })
}
