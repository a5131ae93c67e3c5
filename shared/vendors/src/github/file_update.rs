//! Committing a changed file: one commit, on top of what was read and nothing else.
//!
//! - GitHub compares the content that is there with the one that was read (`sha`), so that a change by somebody else is never
//!   lost: it answers 409, and so it does when two commits to one branch meet.
//! - That makes a repeat harmless: after a lost answer it meets its own change.
//! - The token needs `contents: write` on the repository.

use base64::{Engine, prelude::BASE64_STANDARD};
use domain::CommitSha;
use http::{Method, StatusCode};
use ports::{Clock, Http, Store};
use serde::{Deserialize, Serialize};

use super::{Client, Repository};
use crate::{
    CallError,
    address::percent_encoded,
    error::append,
    exchange::{Repeat, message},
};

/// A file as it is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileUpdate<'a> {
    /// Its path, without a leading slash.
    pub path: &'a str,
    /// The branch.
    pub branch: &'a str,
    /// The id of the content that was read ([`super::FileContent::Found`]).
    pub read: &'a str,
    /// The whole new text.
    pub text: &'a str,
    /// The commit's message.
    pub message: &'a str,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It was committed.
    Committed {
        /// The commit.
        commit: CommitSha,
        /// Its page.
        url: String,
    },
    /// The file or the branch is not what it was when it was read: read again, and look whether there is still something to do.
    ChangedMeanwhile,
}

#[derive(Serialize)]
struct Body<'a> {
    message: &'a str,
    content: String,
    sha: &'a str,
    branch: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    commit: Commit,
}

#[derive(Deserialize)]
struct Commit {
    sha: CommitSha,
    html_url: String,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// Commits the new text of a file that exists. A repeat is harmless.
    pub async fn update_file(
        &self,
        repository: Repository<'_>,
        update: FileUpdate<'_>,
    ) -> Result<Written, CallError> {
        let what = format!(
            "committing {} to {} of {}",
            update.path, update.branch, repository.name
        );
        let call = self.exchange(repository, what, Repeat::Harmless)?;
        let body = Body {
            message: update.message,
            content: BASE64_STANDARD.encode(update.text),
            sha: update.read,
            branch: update.branch,
        };
        let body = serde_json::to_vec(&body)
            .map_err(|error| call.refused(call.reason(&error.to_string()), ""))?;
        let path = percent_encoded(update.path, true);
        let path = format!("/repos/{}/contents/{path}", repository.name);
        let response = self.send(&call, Method::PUT, &path, body).await?;
        let text = message(&response).unwrap_or_default();
        match response.status {
            StatusCode::OK | StatusCode::CREATED => {
                let answer: Answer = call.read(&response)?;
                Ok(Written::Committed {
                    commit: answer.commit.sha,
                    url: answer.commit.html_url,
                })
            }
            // A rule of the repository is a 409 too, and is not one that passes.
            StatusCode::CONFLICT if !is_about_rules(&text) => Ok(Written::ChangedMeanwhile),
            _ => {
                let mut error = self.failure(&call, &response);
                if let CallError::Refused { reason } = &mut error {
                    append(reason, hint(response.status, &text));
                }
                Err(error)
            }
        }
    }
}

fn is_about_rules(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("rule violation") || text.contains("protected branch")
}

/// What would be right, for each refusal that GitHub is known to give.
fn hint(status: StatusCode, text: &str) -> &'static str {
    match status.as_u16() {
        404 => "The branch must exist, and the token be allowed to write contents there",
        409 | 422 if is_about_rules(text) => {
            "The branch is protected: the rules of the GitOps repository must let Slipway commit to it"
        }
        _ => "",
    }
}
