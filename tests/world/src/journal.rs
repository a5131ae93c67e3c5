//! Everything that was asked of the world, in order: what stories assert on.

use std::time::Instant;

use serde::Serialize;

use crate::Vendor;

/// One request and what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Place in the order of arrival, from 0.
    pub number: usize,
    /// Seconds since 1970 on the world's clock.
    pub at: i64,
    /// When it had arrived, on the machine's own clock.
    #[serde(skip)]
    pub arrived: Instant,
    /// When its answer was ready; none if it is not.
    #[serde(skip)]
    pub answered: Option<Instant>,
    /// Who was asked.
    pub vendor: Vendor,
    /// `GET`, `POST`, …
    pub method: String,
    /// The path as sent, without the query.
    pub path: String,
    /// Decoded query parameters in their order.
    pub query: Vec<(String, String)>,
    /// The request's body, as text.
    pub body: String,
    /// The status answered; none while it is being answered, or when the connection was closed instead.
    pub status: Option<u16>,
    /// What it changed in the world.
    pub effects: Vec<Effect>,
    /// In what it broke the vendor's published contract.
    pub violations: Vec<String>,
    /// Whether it carried credentials.
    pub authenticated: bool,
    /// The fault that it met.
    pub fault: Option<String>,
    /// What it said led to it: its header `x-correlation-id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
}

impl Entry {
    /// `POST /api/v1/deploy -> 200`, for messages.
    #[must_use]
    pub fn line(&self) -> String {
        let query = self
            .query
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect::<Vec<_>>()
            .join("&");
        let mark = if query.is_empty() { "" } else { "?" };
        let status = self
            .status
            .map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        let fault = self
            .fault
            .as_ref()
            .map(|fault| format!(" [{fault}]"))
            .unwrap_or_default();
        format!(
            "{:?} {} {}{mark}{query} -> {status}{fault}",
            self.vendor, self.method, self.path
        )
    }
}

/// A change that a request made (or, for a refusal, failed to make).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Coolify queued a deployment; `pull_request` 0 is the base application.
    DeployRequested {
        /// The application's uuid.
        application: String,
        /// The deployment's uuid.
        deployment: String,
        /// The pull request's number, 0 for the base application.
        pull_request: u64,
        /// The image tag, as stored on the preview or the application.
        tag: Option<String>,
    },
    /// Coolify answered 200 with a deployment uuid that it never stored.
    PhantomAnswered {
        /// The application's uuid.
        application: String,
        /// The pull request's number.
        pull_request: u64,
    },
    /// Coolify did not deploy, whatever status it answered.
    DeployRefused {
        /// The application's uuid, as far as it was given.
        application: String,
        /// The message in the answer.
        message: String,
    },
    /// Coolify cancelled a deployment.
    DeploymentCancelled {
        /// The deployment's uuid.
        deployment: String,
    },
    /// Coolify removed a preview's record (and, unless its server was unreachable, its container).
    PreviewRemoved {
        /// The application's uuid.
        application: String,
        /// The pull request's number.
        pull_request: u64,
    },
    /// Argo CD took a sync or a rollback that was asked for.
    OperationBegun {
        /// The application's name.
        application: String,
        /// Which of the two.
        kind: OperationKind,
        /// The commit of the manifests that it goes to.
        revision: String,
    },
    /// An operation of Argo CD's was asked to stop.
    OperationTerminated {
        /// The application's name.
        application: String,
    },
    /// The specification of an application of Argo CD's was changed.
    SpecificationChanged {
        /// The application's name.
        application: String,
    },
    /// A registry deleted an image by its tags.
    ImageDeleted {
        /// The image without its tag.
        image: String,
        /// The tags that went with it.
        tags: Vec<String>,
    },
    /// A message arrived in a channel of Slack's.
    MessagePosted {
        /// The channel's name.
        channel: String,
    },
    /// A signed notice arrived at the receiver of outgoing webhooks.
    NoticeReceived {
        /// What it says that happened.
        event: String,
        /// Its name, the same for a repeat.
        delivery: String,
    },
    /// Backstage scheduled the refresh of an entity.
    EntityRefreshed {
        /// Its reference in small letters.
        entity: String,
    },
    /// A workflow was started by hand.
    WorkflowDispatched {
        /// The workflow's file.
        workflow: String,
        /// The run's id.
        run: u64,
    },
    /// A file was committed on GitHub.
    FileCommitted {
        /// The repository's numeric id.
        repository: u64,
        /// The file's path.
        path: String,
        /// The commit.
        commit: String,
    },
    /// A comment was written on GitHub.
    CommentCreated {
        /// The repository's numeric id.
        repository: u64,
        /// The pull request's number.
        pull_request: u64,
        /// The comment's id.
        comment: u64,
    },
    /// A comment's body was replaced.
    CommentUpdated {
        /// The comment's id.
        comment: u64,
    },
    /// A comment was deleted.
    CommentDeleted {
        /// The comment's id.
        comment: u64,
    },
}

/// What Argo CD was asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// To sync.
    Sync,
    /// To go back to an earlier deployment.
    Rollback,
}

/// The journal itself.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    pub(crate) entries: Vec<Entry>,
}

impl Journal {
    /// Adds an entry and gives its number.
    pub(crate) fn begin(&mut self, mut entry: Entry) -> usize {
        let number = self.entries.len();
        entry.number = number;
        self.entries.push(entry);
        number
    }

    pub(crate) fn finish(&mut self, number: usize, status: Option<u16>, effects: Vec<Effect>) {
        if let Some(entry) = self.entries.get_mut(number) {
            entry.answered = Some(Instant::now());
            entry.status = status;
            entry.effects = effects;
        }
    }
}
