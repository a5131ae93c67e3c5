//! What people may do in a repository.

use serde_json::json;

use super::{Call, error, not_found};
use crate::github::shape::overlay;
use crate::github::state::{GitHubState, Repository};
use crate::message::Reply;

/// `GET /repos/{owner}/{repo}/collaborators/{username}/permission`.
pub(super) fn permission(
    call: &Call<'_>,
    github: &GitHubState,
    repository: &Repository,
    login: &str,
) -> Reply {
    if call.user.is_none() {
        return error(401, "Requires authentication");
    }
    let found = github
        .users
        .values()
        .find(|user| user.login.eq_ignore_ascii_case(login));
    let Some(user) = found else {
        return not_found();
    };
    let role = repository.role_of(user.id);
    // The word of old, which knows four; roles that came later are told as what they include.
    let permission = match role {
        "admin" => "admin",
        "maintain" | "write" => "write",
        "triage" | "read" => "read",
        _ => "none",
    };
    let at_least = |roles: &[&str]| roles.contains(&role);
    let mut account = call.shape(github).user(user.id);
    let permissions = json!({
        "admin": at_least(&["admin"]), "maintain": at_least(&["admin", "maintain"]),
        "push": at_least(&["admin", "maintain", "write"]),
        "triage": at_least(&["admin", "maintain", "write", "triage"]),
        "pull": role != "none",
    });
    overlay(
        &mut account,
        json!({"permissions": permissions, "role_name": role}),
    );
    Reply::json(
        200,
        &json!({"permission": permission, "role_name": role, "user": account}),
    )
}
