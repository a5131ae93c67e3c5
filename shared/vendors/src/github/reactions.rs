//! Reactions to comments: how people see that a command was seen, and what became of it.

use http::{Method, StatusCode};
use ports::{Clock, Http, Store};
use serde::{Deserialize, Serialize};

use super::{Client, Repository, Update};
use crate::{
    CallError,
    exchange::{Repeat, message},
};

/// A reaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reaction {
    /// 👀
    Eyes,
    /// 🚀
    Rocket,
    /// 😕
    Confused,
}

#[derive(Serialize)]
struct Body {
    content: Reaction,
}

#[derive(Deserialize)]
struct Wire {
    /// Any reaction has one; a proxy's page has none.
    #[serde(rename = "id")]
    _id: u64,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// Reacts to a comment on an issue or pull request. A reaction that is there already stays the only one of its kind, so a repeat
    /// is harmless.
    pub async fn react(
        &self,
        repository: Repository<'_>,
        comment: u64,
        reaction: Reaction,
    ) -> Result<Update, CallError> {
        let call = self.exchange(
            repository,
            format!("reacting to comment {comment} of {}", repository.name),
            Repeat::Harmless,
        )?;
        let path = format!(
            "/repos/{}/issues/comments/{comment}/reactions",
            repository.name
        );
        let body = serde_json::to_vec(&Body { content: reaction })
            .map_err(|error| call.refused(call.reason(&error.to_string()), ""))?;
        let response = self.send(&call, Method::POST, &path, body).await?;
        match response.status {
            StatusCode::OK | StatusCode::CREATED => {
                let _made: Wire = call.read(&response)?;
                Ok(Update::Updated)
            }
            StatusCode::NOT_FOUND if message(&response).is_some() => Ok(Update::Gone),
            _ => Err(self.failure(&call, &response)),
        }
    }
}
