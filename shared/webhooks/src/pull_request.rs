//! `pull_request` deliveries.

use domain::{
    CommitSha, PullRequestNumber, RepositoryId, RepositoryName, Timestamp,
    preview::{LabelAdded, PullRequest, PullRequestState},
};
use serde::{Deserialize, de::IgnoredAny};

use crate::{
    Malformed,
    body::not_utf8,
    json::{self, Object},
};

/// The actions of a pull request that mean something for its preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullRequestAction {
    /// It was opened.
    Opened,
    /// It was opened again.
    Reopened,
    /// Its head branch was pushed to.
    Synchronize,
    /// It is no longer a draft.
    ReadyForReview,
    /// It became a draft.
    ConvertedToDraft,
    /// It got a label.
    Labeled,
    /// It lost a label.
    Unlabeled,
    /// Its base or its title changed.
    Edited,
    /// It was closed or merged.
    Closed,
}

impl PullRequestAction {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Opened,
        Self::Reopened,
        Self::Synchronize,
        Self::ReadyForReview,
        Self::ConvertedToDraft,
        Self::Labeled,
        Self::Unlabeled,
        Self::Edited,
        Self::Closed,
    ];

    /// GitHub's name of it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Reopened => "reopened",
            Self::Synchronize => "synchronize",
            Self::ReadyForReview => "ready_for_review",
            Self::ConvertedToDraft => "converted_to_draft",
            Self::Labeled => "labeled",
            Self::Unlabeled => "unlabeled",
            Self::Edited => "edited",
            Self::Closed => "closed",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// What a `pull_request` delivery says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequestEvent {
    /// What happened.
    pub action: PullRequestAction,
    /// The repository that the pull request is merged into.
    pub repository: RepositoryId,
    /// The pull request's number.
    pub number: PullRequestNumber,
    /// The pull request as it was then.
    pub pull_request: PullRequest,
    /// Who put which label on, if that is what happened and the payload says who.
    pub label_added: Option<LabelAdded>,
    /// The same of one that was taken off.
    pub label_removed: Option<LabelAdded>,
}

impl PullRequestEvent {
    /// Whether the head branch is not the repository's own.
    pub fn is_of_fork(&self) -> bool {
        self.pull_request.head_repository != Some(self.repository)
    }
}

/// Parses the payload of a `pull_request` delivery that [`crate::route`] did not ignore.
pub fn pull_request_event(payload: &[u8]) -> Result<PullRequestEvent, Malformed> {
    let payload = std::str::from_utf8(payload).map_err(not_utf8)?;
    let event = WireEvent::parse(payload)?;
    let action = event.used_action().ok_or_else(|| {
        Malformed::new(&format!(
            "action: found {:?}, expected one that concerns previews",
            event.action
        ))
    })?;
    let repository = event.repository.0;
    let pull_request = event.pull_request.0;
    let labelled = match action {
        PullRequestAction::Labeled | PullRequestAction::Unlabeled => {
            labelled(payload, &pull_request)
        }
        PullRequestAction::Opened
        | PullRequestAction::Reopened
        | PullRequestAction::Synchronize
        | PullRequestAction::ReadyForReview
        | PullRequestAction::ConvertedToDraft
        | PullRequestAction::Edited
        | PullRequestAction::Closed => None,
    };
    let (label_added, label_removed) = if action == PullRequestAction::Labeled {
        (labelled, None)
    } else {
        (None, labelled)
    };
    Ok(PullRequestEvent {
        label_added,
        label_removed,
        action,
        repository: RepositoryId(repository.id),
        number: PullRequestNumber(event.number),
        pull_request: PullRequest {
            updated_at: pull_request.updated_at,
            state: pull_request.state(),
            title: pull_request.title,
            // The account of a deleted user; GitHub shows it by this name.
            author: pull_request
                .user
                .map_or_else(|| "ghost".to_owned(), |user| user.0.login),
            draft: pull_request.draft,
            labels: pull_request
                .labels
                .into_iter()
                .map(|label| label.0.name)
                .collect(),
            head_branch: pull_request.head.0.branch,
            head_commit: pull_request.head.0.sha,
            head_repository: pull_request.head.0.repo.map(|repo| RepositoryId(repo.0.id)),
            base_branch: pull_request.base.0.branch,
            repository: repository.full_name,
            default_branch: repository.default_branch,
            archived: repository.archived,
        },
    })
}

/// Whose word a label is. Nobody's word counts whom the payload does not name: so this is never what a delivery fails for.
fn labelled(payload: &str, pull_request: &WirePullRequest) -> Option<LabelAdded> {
    let labelled: WireLabelled = json::parse(payload).ok()?;
    Some(LabelAdded {
        label: labelled.label.0.name,
        account: labelled.sender.0.id,
        login: labelled.sender.0.login,
        commit: pull_request.head.0.sha.clone(),
        as_of: pull_request.updated_at,
    })
}

/// What is read of the payload.
#[derive(Deserialize)]
pub(crate) struct WireEvent {
    pub(crate) action: String,
    number: u64,
    changes: Option<Object<WireChanges>>,
    pull_request: Object<WirePullRequest>,
    pub(crate) repository: Object<WireRepository>,
}

impl WireEvent {
    pub(crate) fn parse(payload: &str) -> Result<Self, Malformed> {
        json::parse(payload)
    }

    /// The action if it means something here.
    pub(crate) fn used_action(&self) -> Option<PullRequestAction> {
        let action = PullRequestAction::named(&self.action)?;
        let matters = match action {
            PullRequestAction::Edited => self
                .changes
                .as_ref()
                .is_some_and(|changes| changes.0.base.is_some() || changes.0.title.is_some()),
            PullRequestAction::Opened
            | PullRequestAction::Reopened
            | PullRequestAction::Synchronize
            | PullRequestAction::ReadyForReview
            | PullRequestAction::ConvertedToDraft
            | PullRequestAction::Labeled
            | PullRequestAction::Unlabeled
            | PullRequestAction::Closed => true,
        };
        matters.then_some(action)
    }
}

/// What only the payload of a label says.
#[derive(Deserialize)]
struct WireLabelled {
    label: Object<WireLabel>,
    sender: Object<WireSender>,
}

#[derive(Deserialize)]
struct WireSender {
    id: u64,
    login: String,
}

#[derive(Deserialize)]
struct WireChanges {
    base: Option<IgnoredAny>,
    title: Option<IgnoredAny>,
}

#[derive(Deserialize)]
pub(crate) struct WireRepository {
    pub(crate) id: u64,
    #[serde(deserialize_with = "json::identity")]
    full_name: RepositoryName,
    default_branch: String,
    #[serde(default)]
    archived: bool,
}

#[derive(Deserialize)]
struct WirePullRequest {
    #[serde(deserialize_with = "json::timestamp")]
    updated_at: Timestamp,
    state: WireState,
    title: String,
    user: Option<Object<WireUser>>,
    #[serde(default)]
    draft: bool,
    // Null in payloads about pull requests whose merge is not settled.
    #[serde(default)]
    merged: Option<bool>,
    #[serde(default)]
    labels: Vec<Object<WireLabel>>,
    head: Object<WireHead>,
    base: Object<WireBase>,
}

impl WirePullRequest {
    const fn state(&self) -> PullRequestState {
        match (self.state, self.merged) {
            (WireState::Open, _) => PullRequestState::Open,
            (WireState::Closed, Some(true)) => PullRequestState::Merged,
            (WireState::Closed, Some(false) | None) => PullRequestState::Closed,
        }
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WireState {
    Open,
    Closed,
}

#[derive(Deserialize)]
struct WireUser {
    login: String,
}

#[derive(Deserialize)]
struct WireLabel {
    name: String,
}

#[derive(Deserialize)]
struct WireHead {
    #[serde(rename = "ref")]
    branch: String,
    #[serde(deserialize_with = "json::identity")]
    sha: CommitSha,
    repo: Option<Object<WireHeadRepository>>,
}

#[derive(Deserialize)]
struct WireHeadRepository {
    id: u64,
}

#[derive(Deserialize)]
struct WireBase {
    #[serde(rename = "ref")]
    branch: String,
}

#[cfg(test)]
mod tests;
