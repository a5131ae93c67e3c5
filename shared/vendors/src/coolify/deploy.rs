//! Deploying an image tag as the preview of a pull request (VENDORS 1.2, 1.3).

use std::{fmt, time::Duration};

use domain::{
    ApplicationUuid, DeploymentUuid, ImageTag, PullRequestNumber,
    preview::{Reaction, Trouble},
};
use http::{Method, StatusCode};
use ports::{Http, Response};
use serde::{Deserialize, Serialize};

use super::{ApiRequest, Client, TIMEOUT, refusal};
use crate::{
    CallError,
    error::excerpt,
    exchange::{Exchange, Repeat, message, retry_after},
};

/// What Coolify did about a request to deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeployOutcome {
    /// A deployment was queued. Whether it is there is for [`Client::deployment`] to say.
    Queued(DeploymentUuid),
    /// The same deployment (application, pull request and tag) is queued or in progress already. Its uuid is not in the answer:
    /// [`Client::deployments`] has it (VENDORS 1.2, "phantom uuid").
    AlreadyQueued,
    /// Coolify's queue of deployments is full: nothing was queued, and there is no use in trying before so long, if it says so.
    QueueFull(Option<Duration>),
    /// Coolify answered 200 and did nothing; it will not work until a person changes something.
    Refused(DeployRefusal),
}

/// Why Coolify answered 200 and queued nothing (VENDORS 1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeployRefusal {
    /// The application has no preview of this pull request and cannot make one: it is built from Git.
    NoSuchPreview,
    /// The token may not deploy this application.
    NotAuthorized,
    /// The application is not of the type "Docker Image", so it takes no tag.
    NotADockerImage,
    /// Another message, cut to a sane length.
    Other(String),
}

impl fmt::Display for DeployRefusal {
    /// What Coolify said and what would be right.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchPreview => f.write_str(
                "Coolify has no preview of this pull request and can make none for this application: \
                 it must be of the type \"Docker Image\"",
            ),
            Self::NotAuthorized => f.write_str(
                "Coolify says that the token may not deploy this application: \
                 it must belong to an administrator of the team",
            ),
            Self::NotADockerImage => f.write_str(
                "Coolify says that the application takes no image tag: it must be of the type \"Docker Image\"",
            ),
            Self::Other(message) => write!(f, "Coolify queued no deployment and said \"{message}\""),
        }
    }
}

impl From<DeployRefusal> for Trouble {
    fn from(refusal: DeployRefusal) -> Self {
        Self {
            reason: refusal.to_string(),
            reaction: Reaction::GiveUp,
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    uuid: &'a ApplicationUuid,
    pull_request_id: PullRequestNumber,
    docker_tag: &'a ImageTag,
}

#[derive(Deserialize)]
struct Answer {
    deployments: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    message: String,
    resource_uuid: Option<String>,
    deployment_uuid: Option<String>,
}

impl<H: Http> Client<H> {
    /// Asks for the image tag to be deployed as the preview of the pull request; makes the preview if there is none.
    pub async fn deploy(
        &self,
        application: &ApplicationUuid,
        pull_request: PullRequestNumber,
        tag: &ImageTag,
    ) -> Result<DeployOutcome, CallError> {
        let what = format!(
            "deploying tag {tag} to Coolify application {application} for pull request {pull_request}"
        );
        let exchange = self.exchange(what, Repeat::Harmful)?;
        if pull_request.0 == 0 {
            // Coolify takes 0 for "no pull request": the application itself.
            return Err(exchange.refused(
                exchange.reason("0 is no pull request"),
                "Numbers of pull requests start at 1",
            ));
        }
        let body = Body {
            uuid: application,
            pull_request_id: pull_request,
            docker_tag: tag,
        };
        let request = ApiRequest {
            method: Method::POST,
            path: "/deploy".to_owned(),
            body: serde_json::to_vec(&body)
                .map_err(|error| exchange.refused(exchange.reason(&error.to_string()), ""))?,
            timeout: TIMEOUT,
        };
        let response = self.send(&exchange, request).await?;
        if is_queue_full(&response) {
            return Ok(DeployOutcome::QueueFull(retry_after(&response.headers)));
        }
        if response.status != StatusCode::OK {
            return Err(exchange.failure(&response, refusal::hint(&response)));
        }
        let answer: Answer = exchange.read(&response)?;
        let ours = |entry: &&Entry| {
            entry
                .resource_uuid
                .as_deref()
                .is_none_or(|uuid| uuid == application.as_str())
        };
        match answer.deployments.iter().find(ours) {
            Some(entry) => outcome(entry, pull_request, &exchange),
            None => Err(exchange.unreadable(&response, "no entry for this application")),
        }
    }
}

/// Whether it is the queue that refuses, and not the limit of requests, which is a 429 too (VENDORS 1.1).
fn is_queue_full(response: &Response) -> bool {
    response.status == StatusCode::TOO_MANY_REQUESTS
        && message(response).is_some_and(|text| text.starts_with("Deployment queue is full"))
}

fn outcome(
    entry: &Entry,
    pull_request: PullRequestNumber,
    exchange: &Exchange<'_>,
) -> Result<DeployOutcome, CallError> {
    let message = entry.message.trim().trim_end_matches('.');
    // First of all, since this message comes with a uuid too, of nothing.
    if message == "Deployment already queued for this commit" {
        return Ok(DeployOutcome::AlreadyQueued);
    }
    if let Some(uuid) = &entry.deployment_uuid {
        return match uuid.parse() {
            Ok(uuid) => Ok(DeployOutcome::Queued(uuid)),
            Err(problem) => Err(exchange.lost(
                exchange.reason(&format!(
                    "Coolify's answer has a deployment_uuid: {problem}"
                )),
                None,
            )),
        };
    }
    Ok(DeployOutcome::Refused(match message {
        "Unauthorized to deploy this application" => DeployRefusal::NotAuthorized,
        "docker_tag can only be used with Docker Image applications" => {
            DeployRefusal::NotADockerImage
        }
        message
            if message == format!("Pull request {pull_request} not found for this resource") =>
        {
            DeployRefusal::NoSuchPreview
        }
        message => DeployRefusal::Other(excerpt(&exchange.without_secrets(message))),
    }))
}
