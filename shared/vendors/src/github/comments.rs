//! Comments on a pull request: found again by marker and author, written, changed, deleted.

use domain::{PullRequestNumber, Timestamp};
use http::{Method, StatusCode};
use ports::{Clock, Http, Response, Store};
use serde::{Deserialize, Serialize};

use super::{Client, Repository};
use crate::{
    CallError,
    exchange::{Exchange, Repeat, message},
};

/// So few that a page of the longest comments (65,536 characters, six bytes each when escaped) is within `BODY_BYTES_MAX`.
const PER_PAGE: usize = 20;

/// 5,000 comments: GitHub itself closes conversations at half of that.
const PAGES: usize = 250;

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// GitHub's numeric id.
    pub id: u64,
    /// The account that wrote it; none if that was deleted.
    pub author: Option<u64>,
    /// The text, in Markdown.
    pub body: String,
    /// When it was written, to the second.
    pub created_at: Timestamp,
    /// Its page.
    pub html_url: String,
}

/// What became of a change to a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// It has the new text.
    Updated,
    /// There is no such comment any more.
    Gone,
}

#[derive(Deserialize)]
struct Wire {
    id: u64,
    #[serde(default)]
    body: Option<String>,
    user: Option<Author>,
    created_at: String,
    html_url: String,
}

#[derive(Deserialize)]
struct Author {
    id: u64,
}

#[derive(Serialize)]
struct Body<'a> {
    body: &'a str,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// The comments of the account `own_user` with `marker` in their text, oldest first, from all pages.
    pub async fn own_comments(
        &self,
        repository: Repository<'_>,
        number: PullRequestNumber,
        marker: &str,
        own_user: u64,
    ) -> Result<Vec<Comment>, CallError> {
        let exchange = self.exchange(
            repository,
            format!("reading the comments of {}#{number}", repository.name),
            Repeat::Harmless,
        )?;
        let path = format!(
            "/repos/{}/issues/{number}/comments?per_page={PER_PAGE}",
            repository.name
        );
        let mut found: Vec<Comment> = Vec::new();
        self.each_page(&exchange, &path, PAGES, |response| {
            let page: Vec<Wire> = exchange.read(response)?;
            for wire in page {
                let is_own = wire.user.as_ref().is_some_and(|user| user.id == own_user);
                let is_marked = wire
                    .body
                    .as_deref()
                    .is_some_and(|body| body.contains(marker));
                // A comment that was deleted in between moves later ones on to the page before, or one is seen twice.
                if is_own && is_marked && !found.iter().any(|known| known.id == wire.id) {
                    found.push(shown(wire, &exchange, response)?);
                }
            }
            Ok(())
        })
        .await?;
        found.sort_by_key(|comment| (comment.created_at, comment.id));
        Ok(found)
    }

    /// Writes a comment. [`CallError::Unknown`] means that it may be there: look with [`Client::own_comments`].
    pub async fn create_comment(
        &self,
        repository: Repository<'_>,
        number: PullRequestNumber,
        body: &str,
    ) -> Result<Comment, CallError> {
        let exchange = self.exchange(
            repository,
            format!("commenting on {}#{number}", repository.name),
            Repeat::Harmful,
        )?;
        let path = format!("/repos/{}/issues/{number}/comments", repository.name);
        let response = self
            .send(&exchange, Method::POST, &path, encoded(body, &exchange)?)
            .await?;
        if response.status != StatusCode::CREATED {
            return Err(self.failure(&exchange, &response));
        }
        let wire: Wire = exchange.read(&response)?;
        shown(wire, &exchange, &response)
    }

    /// Gives the comment another text.
    pub async fn update_comment(
        &self,
        repository: Repository<'_>,
        comment: u64,
        body: &str,
    ) -> Result<Update, CallError> {
        let exchange = self.exchange(
            repository,
            format!("editing comment {comment} of {}", repository.name),
            Repeat::Harmless,
        )?;
        let path = format!("/repos/{}/issues/comments/{comment}", repository.name);
        let response = self
            .send(&exchange, Method::PATCH, &path, encoded(body, &exchange)?)
            .await?;
        match response.status {
            StatusCode::OK => {
                // A proxy's page is a 200 too; only the comment itself means that it was edited.
                let edited: Wire = exchange.read(&response)?;
                if edited.id == comment {
                    Ok(Update::Updated)
                } else {
                    Err(exchange.unreadable(&response, "another comment"))
                }
            }
            StatusCode::NOT_FOUND if message(&response).is_some() => Ok(Update::Gone),
            _ => Err(self.failure(&exchange, &response)),
        }
    }

    /// Deletes the comment; one that is gone already is fine.
    pub async fn delete_comment(
        &self,
        repository: Repository<'_>,
        comment: u64,
    ) -> Result<(), CallError> {
        let exchange = self.exchange(
            repository,
            format!("deleting comment {comment} of {}", repository.name),
            Repeat::Harmless,
        )?;
        let path = format!("/repos/{}/issues/comments/{comment}", repository.name);
        let response = self
            .send(&exchange, Method::DELETE, &path, Vec::new())
            .await?;
        match response.status {
            StatusCode::NO_CONTENT => Ok(()),
            StatusCode::NOT_FOUND if message(&response).is_some() => Ok(()),
            _ => Err(self.failure(&exchange, &response)),
        }
    }
}

fn encoded(body: &str, exchange: &Exchange<'_>) -> Result<Vec<u8>, CallError> {
    serde_json::to_vec(&Body { body })
        .map_err(|error| exchange.refused(exchange.reason(&error.to_string()), ""))
}

fn shown(wire: Wire, exchange: &Exchange<'_>, response: &Response) -> Result<Comment, CallError> {
    let created_at = Timestamp::parse(&wire.created_at).ok_or_else(|| {
        exchange.unreadable(
            response,
            &format!("{:?} instead of a time in created_at", wire.created_at),
        )
    })?;
    Ok(Comment {
        id: wire.id,
        author: wire.user.map(|user| user.id),
        body: wire.body.unwrap_or_default(),
        created_at,
        html_url: wire.html_url,
    })
}
