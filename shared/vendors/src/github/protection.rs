//! Answering a custom deployment protection rule: a job that would deploy to a protected environment waits for it.
//!
//! - Without a state it is a word on how things stand, of which GitHub takes ten; with one it is the answer.
//! - GitHub takes one answer. A second one, one that nobody waits for, and one of a run that is gone are 422 or 404: nothing is left to do.
//! - The token needs `deployments: write`, and only the App whose rule it is may answer.

use http::{Method, StatusCode};
use ports::{Clock, Http, Store};
use serde::Serialize;

use super::{Client, Repository};
use crate::{
    CallError,
    exchange::{Repeat, message},
};

/// The longest comment that is sent, in characters.
const COMMENT_MAX: usize = 600;

/// A word about a job that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Review<'a> {
    /// GitHub's id of the run.
    pub run: u64,
    /// The environment's name.
    pub environment: &'a str,
    /// Whether the job may go on; none to tell only how things stand.
    pub is_approved: Option<bool>,
    /// Why, in plain text.
    pub comment: &'a str,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reviewed {
    /// GitHub has it.
    Taken,
    /// Nobody waits for it (any more): what GitHub said.
    NotAsked(String),
}

#[derive(Serialize)]
struct Body<'a> {
    environment_name: &'a str,
    comment: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// Lets a job that waits go on, stops it, or says how things stand. The same again is harmless.
    pub async fn review_deployment(
        &self,
        repository: Repository<'_>,
        review: Review<'_>,
    ) -> Result<Reviewed, CallError> {
        let what = format!(
            "answering the run {} of {} that would deploy",
            review.run, repository.name
        );
        let call = self.exchange(repository, what, Repeat::Harmless)?;
        let body = Body {
            environment_name: review.environment,
            comment: review.comment.chars().take(COMMENT_MAX).collect(),
            state: review.is_approved.map(|is_approved| match is_approved {
                true => "approved",
                false => "rejected",
            }),
        };
        let body = serde_json::to_vec(&body)
            .map_err(|error| call.refused(call.reason(&error.to_string()), ""))?;
        let path = format!(
            "/repos/{}/actions/runs/{}/deployment_protection_rule",
            repository.name, review.run
        );
        let response = self.send(&call, Method::POST, &path, body).await?;
        match (response.status, message(&response)) {
            (StatusCode::NO_CONTENT | StatusCode::OK, _) => Ok(Reviewed::Taken),
            (StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY, Some(said)) => {
                Ok(Reviewed::NotAsked(said))
            }
            _ => Err(self.failure(&call, &response)),
        }
    }
}
