//! Check runs: a verdict on a commit, shown with it. Only an App may make them (VENDORS 4.5).

use domain::CommitSha;
use http::{Method, StatusCode};
use ports::{Clock, Http, Store};
use serde::{Deserialize, Serialize};

use super::{Client, Repository, credentials::Login};
use crate::{
    CallError,
    address::percent_encoded,
    exchange::{Repeat, message},
};

/// GitHub takes at most so many annotations at once.
const ANNOTATIONS_MAX: usize = 50;
/// GitHub takes at most so many buttons.
const BUTTONS_MAX: usize = 3;
/// GitHub takes no longer summary, in bytes.
const SUMMARY_MAX: usize = 65_535;
/// A commit has few check runs of one name: more pages than these are not looked through.
const PAGES: usize = 5;

/// A check run as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRun<'a> {
    /// What it is called: what a branch's rules name.
    pub name: &'a str,
    /// The commit.
    pub head: &'a CommitSha,
    /// By what we know our own again.
    pub external_id: &'a str,
    /// How far it is.
    pub status: CheckStatus,
    /// The heading, in plain text.
    pub title: &'a str,
    /// Markdown.
    pub summary: &'a str,
    /// What is wrong in which line; those beyond 50 are left out.
    pub annotations: &'a [Annotation<'a>],
    /// Where to read on; none for the App's own page.
    pub details_url: Option<&'a str>,
    /// Buttons for who may write; those beyond three are left out.
    pub buttons: &'a [Button<'a>],
}

/// A button of a check run. GitHub sends `check_run.requested_action` when somebody presses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Button<'a> {
    /// What it says: at most 20 characters.
    pub label: &'a str,
    /// What it does: at most 40 characters.
    pub description: &'a str,
    /// What it is known by: at most 20 characters.
    pub identifier: &'a str,
}

/// How far a check is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStatus {
    /// It waits for something.
    Queued,
    /// It is being worked on.
    InProgress,
    /// It went well.
    Success,
    /// It did not.
    Failure,
    /// There is nothing to be said, which branch rules take for well.
    Neutral,
}

impl CheckStatus {
    const fn words(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Queued => ("queued", None),
            Self::InProgress => ("in_progress", None),
            Self::Success => ("completed", Some("success")),
            Self::Failure => ("completed", Some("failure")),
            Self::Neutral => ("completed", Some("neutral")),
        }
    }
}

/// What is wrong in a line of a file. GitHub shows it as plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation<'a> {
    /// The file.
    pub path: &'a str,
    /// The line, counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub message: &'a str,
}

#[derive(Serialize)]
struct WireRun<'a> {
    name: &'a str,
    // A check run stays on its commit: only a new one names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    head_sha: Option<&'a CommitSha>,
    external_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details_url: Option<&'a str>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    conclusion: Option<&'static str>,
    output: WireOutput<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<&'a [Button<'a>]>,
}

#[derive(Serialize)]
struct WireOutput<'a> {
    title: &'a str,
    summary: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<WireAnnotation<'a>>,
}

#[derive(Serialize)]
struct WireAnnotation<'a> {
    path: &'a str,
    start_line: usize,
    end_line: usize,
    start_column: usize,
    end_column: usize,
    annotation_level: &'static str,
    message: &'a str,
}

#[derive(Deserialize)]
struct WireMade {
    id: u64,
    #[serde(default)]
    external_id: Option<String>,
}

#[derive(Deserialize)]
struct WireList {
    check_runs: Vec<WireMade>,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// Whether check runs can be made: as an App, not by a plain token.
    pub fn may_check(&self) -> bool {
        self.setup
            .as_ref()
            .is_ok_and(|setup| matches!(setup.login, Login::App(_)))
    }

    /// The id of our check run on the commit, by its name and the id that we gave it; the newest if there are several.
    pub async fn own_check_run(
        &self,
        repository: Repository<'_>,
        head: &CommitSha,
        name: &str,
        external_id: &str,
    ) -> Result<Option<u64>, CallError> {
        let what = format!(
            "looking for the check run on {} of {}",
            head.short(),
            repository.name
        );
        let call = self.exchange(repository, what, Repeat::Harmless)?;
        let path = format!(
            "/repos/{}/commits/{head}/check-runs?check_name={}&filter=all&per_page=100",
            repository.name,
            percent_encoded(name, false)
        );
        let mut newest = None;
        self.each_page(&call, &path, PAGES, |response| {
            let list: WireList = call.read(response)?;
            let own = list
                .check_runs
                .into_iter()
                .filter(|run| run.external_id.as_deref() == Some(external_id))
                .map(|run| run.id);
            newest = newest.max(own.max());
            Ok(())
        })
        .await?;
        Ok(newest)
    }

    /// Makes a check run, and returns its id. [`CallError::Unknown`] means that it may be there: look with
    /// [`Client::own_check_run`].
    pub async fn create_check_run(
        &self,
        repository: Repository<'_>,
        run: &CheckRun<'_>,
    ) -> Result<u64, CallError> {
        let what = format!(
            "making a check run on {} of {}",
            run.head.short(),
            repository.name
        );
        let call = self.exchange(repository, what, Repeat::Harmful)?;
        let body = encoded(run, true)
            .map_err(|error| call.refused(call.reason(&error.to_string()), ""))?;
        let path = format!("/repos/{}/check-runs", repository.name);
        let response = self.send(&call, Method::POST, &path, body).await?;
        if response.status != StatusCode::CREATED {
            return Err(self.failure(&call, &response));
        }
        let made: WireMade = call.read(&response)?;
        Ok(made.id)
    }

    /// Makes a check run say something else, buttons included. A second time is harmless. GitHub lets nobody delete one: if it is not
    /// found, the token is one from before the App lost the repository or came to it again, and the next try gets a new one.
    pub async fn update_check_run(
        &self,
        repository: Repository<'_>,
        id: u64,
        run: &CheckRun<'_>,
    ) -> Result<(), CallError> {
        let what = format!("changing check run {id} of {}", repository.name);
        let call = self.exchange(repository, what, Repeat::Harmless)?;
        let body = encoded(run, false)
            .map_err(|error| call.refused(call.reason(&error.to_string()), ""))?;
        let path = format!("/repos/{}/check-runs/{id}", repository.name);
        let response = self.send(&call, Method::PATCH, &path, body).await?;
        match response.status {
            StatusCode::OK => {
                // A proxy's page is a 200 too; only the check run itself means that it was changed.
                let changed: WireMade = call.read(&response)?;
                if changed.id == id {
                    Ok(())
                } else {
                    Err(call.unreadable(&response, "another check run"))
                }
            }
            StatusCode::NOT_FOUND if message(&response).is_some() => {
                self.distrust(&call).await?;
                Err(call.retry(call.reason(&call.said(&response)), None))
            }
            _ => Err(self.failure(&call, &response)),
        }
    }
}

fn encoded(run: &CheckRun<'_>, is_new: bool) -> Result<Vec<u8>, serde_json::Error> {
    let (status, conclusion) = run.status.words();
    let buttons = run
        .buttons
        .get(..run.buttons.len().min(BUTTONS_MAX))
        .unwrap_or_default();
    let annotations = run.annotations.iter().take(ANNOTATIONS_MAX);
    serde_json::to_vec(&WireRun {
        name: run.name,
        head_sha: is_new.then_some(run.head),
        external_id: run.external_id,
        details_url: run.details_url,
        status,
        conclusion,
        output: WireOutput {
            title: run.title,
            summary: cut(run.summary),
            annotations: annotations
                .map(|annotation| WireAnnotation {
                    path: annotation.path,
                    start_line: annotation.line,
                    end_line: annotation.line,
                    start_column: annotation.column,
                    end_column: annotation.column,
                    annotation_level: "failure",
                    message: annotation.message,
                })
                .collect(),
        },
        // A change without buttons takes those away that are there.
        actions: (!is_new || !buttons.is_empty()).then_some(buttons),
    })
}

/// The start of a text that GitHub takes.
fn cut(summary: &str) -> &str {
    let mut end = summary.len().min(SUMMARY_MAX);
    while !summary.is_char_boundary(end) {
        end -= 1;
    }
    summary.get(..end).unwrap_or_default()
}
