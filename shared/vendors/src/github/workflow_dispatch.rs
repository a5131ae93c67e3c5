//! Starting a workflow by hand (`workflow_dispatch`), and following the run that comes of it.
//!
//! - GitHub names the run in its answer if it is asked to (`return_run_details`); an older GitHub Enterprise answers 204 and
//!   names nothing.
//! - A second dispatch is a second run. After a lost answer [`Client::dispatched_since`] shows the runs that it may be.
//! - The workflow must be on the default branch, and runs as it is on the branch or tag that is named; a commit is none of these.
//! - Inputs are checked by GitHub against the workflow: refusals are 422 with a sentence.
//! - The token needs `actions: write`.

use std::collections::BTreeMap;

use domain::{Timestamp, preview::WorkflowRun};
use http::{Method, StatusCode};
use ports::{Clock, Http, Response, Store};
use serde::{Deserialize, Serialize};

use super::{
    Call, Client, Repository,
    workflow_runs::{Wire, WireList, shown},
};
use crate::{
    CallError,
    address::percent_encoded,
    error::append,
    exchange::{Repeat, message},
};

/// So many inputs does GitHub take.
const INPUTS_MAX: usize = 25;

/// What to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkflowDispatch<'a> {
    /// The workflow's file, such as `smoke-test.yml`.
    pub workflow: &'a str,
    /// The branch or tag that it runs on.
    pub branch: &'a str,
    /// Its inputs.
    pub inputs: &'a BTreeMap<String, String>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dispatched {
    /// This run was started.
    Run {
        /// Its id, by which it is followed.
        id: u64,
        /// Its page.
        url: String,
    },
    /// A run was started, and GitHub did not say which: look with [`Client::dispatched_since`].
    Unnamed,
}

/// A run that somebody started by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DispatchedRun {
    /// The run, as its newest attempt.
    pub run: WorkflowRun,
    /// What GitHub calls it: the workflow's `run-name` with the inputs filled in, if it has one. Whoever started it chose them.
    pub title: String,
    /// GitHub's id of the account that started it; none if GitHub does not say.
    pub started_by: Option<u64>,
}

#[derive(Serialize)]
struct Body<'a> {
    r#ref: &'a str,
    inputs: &'a BTreeMap<String, String>,
    return_run_details: bool,
}

#[derive(Deserialize)]
struct Details {
    workflow_run_id: u64,
    html_url: String,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// Starts a workflow. [`CallError::Unknown`] means that it may run: look with [`Client::dispatched_since`].
    pub async fn dispatch_workflow(
        &self,
        repository: Repository<'_>,
        dispatch: WorkflowDispatch<'_>,
    ) -> Result<Dispatched, CallError> {
        let what = format!(
            "starting the workflow {} of {} on {}",
            dispatch.workflow, repository.name, dispatch.branch
        );
        let call = self.exchange(repository, what, Repeat::Harmful)?;
        if dispatch.inputs.len() > INPUTS_MAX {
            let reason = call.reason(&format!("it has {} inputs", dispatch.inputs.len()));
            return Err(call.refused(reason, "GitHub takes 25 at most"));
        }
        let body = Body {
            r#ref: dispatch.branch,
            inputs: dispatch.inputs,
            return_run_details: true,
        };
        let body = serde_json::to_vec(&body)
            .map_err(|error| call.refused(call.reason(&error.to_string()), ""))?;
        let path = format!(
            "{}/dispatches",
            workflow_path(repository, dispatch.workflow)
        );
        let response = self.send(&call, Method::POST, &path, body).await?;
        match response.status {
            StatusCode::OK => {
                let details: Details = call.read(&response)?;
                Ok(Dispatched::Run {
                    id: details.workflow_run_id,
                    url: details.html_url,
                })
            }
            StatusCode::NO_CONTENT => Ok(Dispatched::Unnamed),
            _ => Err(self.not_dispatched(&call, &response)),
        }
    }

    /// The runs of a workflow that were started by hand on a branch at or after a time, newest first: a hundred at most.
    pub async fn dispatched_since(
        &self,
        repository: Repository<'_>,
        dispatch: WorkflowDispatch<'_>,
        since: Timestamp,
    ) -> Result<Vec<DispatchedRun>, CallError> {
        let what = format!(
            "reading the runs of the workflow {} of {} since {since}",
            dispatch.workflow, repository.name
        );
        let call = self.exchange(repository, what, Repeat::Harmless)?;
        let path = format!(
            "{}/runs?event=workflow_dispatch&branch={}&created={}&exclude_pull_requests=true&per_page=100",
            workflow_path(repository, dispatch.workflow),
            percent_encoded(dispatch.branch, false),
            percent_encoded(&format!(">={since}"), false)
        );
        let response = self.send(&call, Method::GET, &path, Vec::new()).await?;
        if response.status != StatusCode::OK {
            return Err(self.not_dispatched(&call, &response));
        }
        let list: WireList = call.read(&response)?;
        let runs = list.workflow_runs.into_iter();
        runs.map(|mut run| {
            let title = std::mem::take(&mut run.display_title);
            let started_by = run.actor.take().map(|actor| actor.id);
            let run = self.ours(&call, run)?;
            Ok(DispatchedRun {
                run,
                title,
                started_by,
            })
        })
        .collect()
    }

    /// A run, as its newest attempt; none if there is none of this id any more.
    pub async fn workflow_run(
        &self,
        repository: Repository<'_>,
        id: u64,
    ) -> Result<Option<WorkflowRun>, CallError> {
        let what = format!("reading the workflow run {id} of {}", repository.name);
        let call = self.exchange(repository, what, Repeat::Harmless)?;
        let path = format!(
            "/repos/{}/actions/runs/{id}?exclude_pull_requests=true",
            repository.name
        );
        let response = self.send(&call, Method::GET, &path, Vec::new()).await?;
        match response.status {
            StatusCode::OK => {
                let run: Wire = call.read(&response)?;
                if run.id != id {
                    return Err(call.unreadable(&response, "another run"));
                }
                self.ours(&call, run).map(Some)
            }
            StatusCode::NOT_FOUND if message(&response).is_some() => Ok(None),
            _ => Err(self.failure(&call, &response)),
        }
    }

    /// The run, if it is one of the repository that was asked for.
    fn ours(&self, call: &Call<'_>, run: Wire) -> Result<WorkflowRun, CallError> {
        if run.repository.id == call.repository.id {
            Ok(shown(run))
        } else {
            Err(Self::another_repository(
                call,
                call.repository,
                run.repository.id,
            ))
        }
    }

    fn not_dispatched(&self, call: &Call<'_>, response: &Response) -> CallError {
        let mut error = self.failure(call, response);
        if let CallError::Refused { reason } = &mut error {
            append(reason, hint(response));
        }
        error
    }
}

fn workflow_path(repository: Repository<'_>, workflow: &str) -> String {
    let workflow = percent_encoded(workflow, false);
    format!("/repos/{}/actions/workflows/{workflow}", repository.name)
}

/// What would be right, for each refusal that GitHub is known to give.
fn hint(response: &Response) -> &'static str {
    let text = message(response).unwrap_or_default();
    match response.status.as_u16() {
        404 => "The workflow's file must be in .github/workflows on the default branch",
        422 if text.contains("'workflow_dispatch' trigger") => {
            "The workflow must have `workflow_dispatch` among its triggers"
        }
        422 if text.contains("No ref found") => "It can run on a branch or a tag only",
        422 if text.contains("disabled") => "Somebody must enable the workflow again",
        422 if text.contains("nput") => {
            "The inputs in .github/slipway.yml and those of the workflow must be the same"
        }
        _ => "",
    }
}
