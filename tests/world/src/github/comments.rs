//! Comments on a pull request, as people see and write them.

use serde::Serialize;

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
        author: github
            .user(comment.author)
            .map_or_else(|| "ghost".to_owned(), |user| user.login.clone()),
        body: comment.body.clone(),
        created_at: comment.created_at,
        updated_at: comment.updated_at,
    }
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

    /// Somebody comments; gives the comment's id.
    pub fn comment_by(&self, login: &str, body: &str) -> u64 {
        let shared = &self.shared;
        shared.change(|state| {
            let author = state.github.user_named(login, "User", &shared.names);
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
            id
        })
    }

    /// Somebody with the right to do so deletes a comment.
    pub fn delete_comment(&self, id: u64) {
        self.shared
            .change(|state| state.github.comments.remove(&id));
    }
}
