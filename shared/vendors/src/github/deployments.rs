//! GitHub's deployments and their statuses: what a repository's page says of its environments.

use domain::CommitSha;
use http::{Method, StatusCode};
use ports::{Clock, Http, Store};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Call, Client, Repository, credentials::Login, limits};
use crate::{
    CallError,
    address::percent_encoded,
    exchange::{Repeat, message},
};

/// A commit has so many deployments to one environment at most that are looked through: the newest hundred of each page.
const PAGES: usize = 5;

/// What is deployed to where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deployment<'a> {
    /// The commit.
    pub commit: &'a CommitSha,
    /// The name of the environment.
    pub environment: &'a str,
    /// What it is known again by after a lost answer: only who deploys sees it.
    pub mark: &'a str,
    /// A line for people.
    pub description: &'a str,
    /// The environment goes away again, as that of a pull request does.
    pub transient: bool,
    /// The environment is one that users see.
    pub production: bool,
}

/// A status of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status<'a> {
    /// `queued`, `in_progress`, `success`, `failure`, `error` or `inactive`.
    pub state: &'a str,
    /// A line for people, of at most 140 characters.
    pub description: &'a str,
    /// Where the environment is reached.
    pub environment_url: Option<&'a str>,
    /// The page of what was done.
    pub log_url: Option<&'a str>,
}

#[derive(Serialize)]
struct WireNew<'a> {
    r#ref: &'a str,
    environment: &'a str,
    description: &'a str,
    payload: WireMark<'a>,
    transient_environment: bool,
    production_environment: bool,
    // By default GitHub merges the default branch into the commit first, and wants all statuses green (VENDORS 4.5).
    auto_merge: bool,
    required_contexts: [&'a str; 0],
}

#[derive(Serialize)]
struct WireMark<'a> {
    slipway: &'a str,
}

#[derive(Deserialize)]
struct WireDeployment {
    id: u64,
    #[serde(default)]
    payload: Value,
}

#[derive(Serialize)]
struct WireStatus<'a> {
    state: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_url: Option<&'a str>,
    // What was live before is inactive then.
    auto_inactive: bool,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// The id of the deployment that bears the mark; none if there is none.
    pub async fn find_deployment(
        &self,
        repository: Repository<'_>,
        deployment: Deployment<'_>,
    ) -> Result<Option<u64>, CallError> {
        let what = format!(
            "reading the deployments of {} to {}",
            repository.name, deployment.environment
        );
        let exchange = self.exchange(repository, what, Repeat::Harmless)?;
        let path = format!(
            "/repos/{}/deployments?sha={}&environment={}&per_page=100",
            repository.name,
            deployment.commit,
            percent_encoded(deployment.environment, false)
        );
        let mut found: Option<u64> = None;
        self.each_page(&exchange, &path, PAGES, |response| {
            let page: Vec<WireDeployment> = exchange.read(response)?;
            let marked = page
                .iter()
                .filter(|one| mark_of(&one.payload).as_deref() == Some(deployment.mark))
                .map(|one| one.id)
                .min();
            // Of several, after two were made at once, the first is the one.
            found = match (found, marked) {
                (Some(known), Some(one)) => Some(known.min(one)),
                (known, one) => known.or(one),
            };
            Ok(())
        })
        .await?;
        Ok(found)
    }

    /// Makes a deployment and returns its id. [`CallError::Unknown`] means that it may be there: look with
    /// [`Client::find_deployment`].
    pub async fn create_deployment(
        &self,
        repository: Repository<'_>,
        deployment: Deployment<'_>,
    ) -> Result<u64, CallError> {
        let what = format!(
            "making a deployment of {} to {}",
            repository.name, deployment.environment
        );
        let exchange = self.exchange(repository, what, Repeat::Harmful)?;
        let body = WireNew {
            r#ref: deployment.commit.as_str(),
            environment: deployment.environment,
            description: deployment.description,
            payload: WireMark {
                slipway: deployment.mark,
            },
            transient_environment: deployment.transient,
            production_environment: deployment.production,
            auto_merge: false,
            required_contexts: [],
        };
        let path = format!("/repos/{}/deployments", repository.name);
        let body = encoded(&exchange, &body)?;
        let response = self.send(&exchange, Method::POST, &path, body).await?;
        if response.status != StatusCode::CREATED {
            return Err(self.failure(&exchange, &response));
        }
        Ok(exchange.read::<WireDeployment>(&response)?.id)
    }

    /// Gives a deployment another status. A second one of the same words is harmless. Returns whether there is such a deployment.
    pub async fn set_deployment_status(
        &self,
        repository: Repository<'_>,
        deployment: u64,
        status: Status<'_>,
    ) -> Result<bool, CallError> {
        let what = format!(
            "setting the status of deployment {deployment} of {}",
            repository.name
        );
        let exchange = self.exchange(repository, what, Repeat::Harmless)?;
        let body = WireStatus {
            state: status.state,
            description: status.description,
            environment_url: status.environment_url,
            log_url: status.log_url,
            auto_inactive: true,
        };
        let path = format!(
            "/repos/{}/deployments/{deployment}/statuses",
            repository.name
        );
        let body = encoded(&exchange, &body)?;
        let response = self.send(&exchange, Method::POST, &path, body).await?;
        match response.status {
            StatusCode::CREATED => Ok(true),
            StatusCode::NOT_FOUND if message(&response).is_some() => Ok(false),
            _ => Err(self.failure(&exchange, &response)),
        }
    }
}

/// What came of deleting a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// There is none (any more).
    Gone,
    /// GitHub deletes only inactive ones, and this one is active.
    Active,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// The ids of all deployments to the environment whose mark begins with `mark`, in the order of their ids.
    pub async fn marked_deployments(
        &self,
        repository: Repository<'_>,
        environment: &str,
        mark: &str,
    ) -> Result<Vec<u64>, CallError> {
        let what = format!(
            "reading the deployments of {} to {environment}",
            repository.name
        );
        let exchange = self.exchange(repository, what, Repeat::Harmless)?;
        let path = format!(
            "/repos/{}/deployments?environment={}&per_page=100",
            repository.name,
            percent_encoded(environment, false)
        );
        let mut found = Vec::new();
        self.each_page(&exchange, &path, PAGES, |response| {
            let page: Vec<WireDeployment> = exchange.read(response)?;
            let marked = page
                .iter()
                .filter(|one| mark_of(&one.payload).is_some_and(|own| own.starts_with(mark)));
            found.extend(marked.map(|one| one.id));
            Ok(())
        })
        .await?;
        found.sort_unstable();
        Ok(found)
    }

    /// Deletes a deployment, with its statuses; one that is gone already is fine.
    pub async fn delete_deployment(
        &self,
        repository: Repository<'_>,
        deployment: u64,
    ) -> Result<Deletion, CallError> {
        let what = format!("deleting deployment {deployment} of {}", repository.name);
        let exchange = self.exchange(repository, what, Repeat::Harmless)?;
        let path = format!("/repos/{}/deployments/{deployment}", repository.name);
        let response = self
            .send(&exchange, Method::DELETE, &path, Vec::new())
            .await?;
        match response.status {
            StatusCode::NO_CONTENT => Ok(Deletion::Gone),
            StatusCode::NOT_FOUND if message(&response).is_some() => Ok(Deletion::Gone),
            StatusCode::UNPROCESSABLE_ENTITY => Ok(Deletion::Active),
            _ => Err(self.failure(&exchange, &response)),
        }
    }

    /// Deletes an environment, if the token may: that takes the right to administer the repository, which the App does not ask
    /// for. Returns whether it is gone.
    pub async fn delete_environment(
        &self,
        repository: Repository<'_>,
        environment: &str,
    ) -> Result<bool, CallError> {
        let what = format!(
            "deleting the environment {environment} of {}",
            repository.name
        );
        let exchange = self.exchange(repository, what, Repeat::Harmless)?;
        if matches!(self.setup(&exchange.what)?.login, Login::App(_)) {
            return Ok(false);
        }
        let path = format!(
            "/repos/{}/environments/{}",
            repository.name,
            percent_encoded(environment, false)
        );
        let response = self
            .send(&exchange, Method::DELETE, &path, Vec::new())
            .await?;
        match response.status {
            StatusCode::NO_CONTENT | StatusCode::NOT_FOUND => Ok(true),
            StatusCode::FORBIDDEN if limits::pause(&response, self.clock.now()).is_none() => {
                Ok(false)
            }
            _ => Err(self.failure(&exchange, &response)),
        }
    }
}

fn encoded(exchange: &Call<'_>, body: &impl Serialize) -> Result<Vec<u8>, CallError> {
    serde_json::to_vec(body)
        .map_err(|error| exchange.refused(exchange.reason(&error.to_string()), ""))
}

/// The mark in a deployment's payload, which GitHub shows as it was sent: an object, or an object as a text.
fn mark_of(payload: &Value) -> Option<String> {
    let mark = |object: &Value| {
        let mark = object.get("slipway")?.as_str()?;
        Some(mark.to_owned())
    };
    match payload.as_str() {
        Some(text) => mark(&serde_json::from_str(text).ok()?),
        None => mark(payload),
    }
}
