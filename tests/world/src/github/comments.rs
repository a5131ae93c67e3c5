//! Comments on a pull request, as people see and write them.

use serde::Serialize;
use serde_json::json;

use super::pull_request::PullRequest;
use super::state::{Comment as Record, GitHubState};
use crate::clean::COMMENT_MARKER;

/// One comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comment {
    /// GitHub's numeric id.
    pub id: u64,
    /// Who wrote it.
    pub author: String,
    /// Markdown.
    pub body: String,
    /// Seconds since 1970.
    pub created_at: i64,
    /// Seconds since 1970.
    pub updated_at: i64,
    /// Reactions to it, oldest first, as `eyes` with the login of who reacted.
    pub reactions: Vec<(String, String)>,
}

impl Comment {
    /// Whether it carries Slipway's hidden marker.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        self.body.contains(COMMENT_MARKER)
    }
}

fn seen(github: &GitHubState, comment: &Record) -> Comment {
    Comment {
        id: comment.id,
        author: login(github, comment.author),
        body: comment.body.clone(),
        created_at: comment.created_at,
        updated_at: comment.updated_at,
        reactions: github
            .reactions
            .iter()
            .filter(|reaction| reaction.comment == comment.id)
            .map(|reaction| (reaction.content.to_owned(), login(github, reaction.user)))
            .collect(),
    }
}

fn login(github: &GitHubState, user: u64) -> String {
    let user = github.user(user);
    user.map_or_else(|| "ghost".to_owned(), |user| user.login.clone())
}

impl PullRequest {
    /// All its comments, oldest first.
    #[must_use]
    pub fn comments(&self) -> Vec<Comment> {
        self.shared.look(|state| {
            let github = &state.github;
            github
                .comments_of(self.repository, self.number)
                .into_iter()
                .map(|comment| seen(github, comment))
                .collect()
        })
    }

    /// Slipway's comment, found by its hidden marker: the oldest one.
    #[must_use]
    pub fn slipway_comment(&self) -> Option<Comment> {
        self.comments().into_iter().find(Comment::is_marked)
    }

    /// Somebody comments; gives the comment's id. GitHub takes it for a change of the pull request too.
    pub fn comment_by(&self, login: &str, body: &str) -> u64 {
        self.comment_by_a("User", login, body)
    }

    /// A program comments; gives the comment's id.
    pub fn comment_by_bot(&self, login: &str, body: &str) -> u64 {
        self.comment_by_a("Bot", login, body)
    }

    fn comment_by_a(&self, kind: &'static str, login: &str, body: &str) -> u64 {
        let shared = &self.shared;
        shared.change(|state| {
            let author = state.github.user_named(login, kind, &shared.names);
            let (id, now) = (shared.names.number(), shared.clock.now());
            let comment = Record {
                id,
                repository: self.repository,
                pull_request: self.number,
                author,
                body: body.to_owned(),
                created_at: now,
                updated_at: now,
            };
            state.github.comments.insert(id, comment);
            if let Some(pull) = state.github.pull_mut(self.repository, self.number) {
                pull.updated_at = now;
            }
            let api = shared.github_url();
            state
                .github
                .emit_comment("created", id, json!({}), api, &shared.names);
            id
        })
    }

    /// Its writer changes a comment.
    pub fn edit_comment(&self, id: u64, body: &str) {
        let shared = &self.shared;
        shared.change(|state| {
            let Some(comment) = state.github.comments.get_mut(&id) else {
                return;
            };
            let before = std::mem::replace(&mut comment.body, body.to_owned());
            comment.updated_at = shared.clock.now();
            let changes = json!({"changes": {"body": {"from": before}}});
            let api = shared.github_url();
            state
                .github
                .emit_comment("edited", id, changes, api, &shared.names);
        });
    }

    /// The reactions to a comment, oldest first.
    #[must_use]
    pub fn reactions_to(&self, id: u64) -> Vec<String> {
        let comments = self.comments();
        let comment = comments.into_iter().find(|comment| comment.id == id);
        let reactions = comment.map(|comment| comment.reactions).unwrap_or_default();
        reactions.into_iter().map(|(content, _)| content).collect()
    }

    /// Somebody with the right to do so deletes a comment.
    pub fn delete_comment(&self, id: u64) {
        self.shared
            .change(|state| state.github.comments.remove(&id));
    }
}
