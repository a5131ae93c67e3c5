//! Approvals of a fork's commits: who put the label on, whether GitHub says that they may write, and for which commit.
//!
//! An approval is one person's word for one commit. The next push voids it, and so does taking the label off. Who that person is
//! to the repository is asked of GitHub's API: what a payload says of an association proves nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Action, Effort, Preview, PullRequest, PullRequestState, ServiceSettings,
    plan::{Next, when_due},
    state::Sighting,
};
use crate::{CommitSha, Timestamp, configuration::Forks};

/// The label that approves if the configuration names none.
const LABEL: &str = "preview";

/// More people than this who want to approve one pull request are not remembered.
const REMEMBERED: usize = 16;

/// Somebody put a label on a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelAdded {
    /// The label's name.
    pub label: String,
    /// GitHub's id of the account.
    pub account: u64,
    /// The account's login then, which its owner may change.
    pub login: String,
    /// The head commit then.
    pub commit: CommitSha,
    /// GitHub's own time of the change.
    pub as_of: Timestamp,
}

/// What an account may do in a repository, by GitHub's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Nothing more than anybody, or not even that.
    None,
    /// Read, and perhaps triage.
    Read,
    /// Write, and perhaps maintain.
    Write,
    /// Everything.
    Admin,
}

impl Permission {
    /// Whether its holder may push to the repository.
    pub fn may_write(self) -> bool {
        match self {
            Self::None | Self::Read => false,
            Self::Write | Self::Admin => true,
        }
    }
}

/// What is known of approvals.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Approvals {
    /// Those of whom GitHub was not asked yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) asked: Vec<LabelAdded>,
    /// Those of whom it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) judged: Vec<Judged>,
    /// The newest time at which a label that approves was seen to be missing: it voids what is older.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) missing: BTreeMap<String, Timestamp>,
    /// The tries at asking.
    #[serde(default)]
    pub(super) effort: Effort,
}

/// Somebody who put a label on, and what GitHub said that they may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Judged {
    pub(super) added: LabelAdded,
    pub(super) permission: Permission,
}

/// How far the approval of the head commit is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Approval<'a> {
    /// Somebody with write permission approved the head commit.
    Given(&'a LabelAdded),
    /// Somebody put the label on, and GitHub is asked whether they may.
    Asked(&'a LabelAdded),
    /// Somebody put the label on who may not write.
    Refused(&'a LabelAdded),
    /// Nobody put the label on for this commit.
    Missing,
}

impl Approvals {
    fn add(&mut self, added: &LabelAdded) {
        let known =
            self.asked.contains(added) || self.judged.iter().any(|judged| judged.added == *added);
        if known {
            return;
        }
        self.asked.push(added.clone());
        self.asked.sort_by_key(|added| added.as_of);
        if self.asked.len() > REMEMBERED {
            self.asked.remove(0);
        }
        self.effort.start_afresh();
    }

    fn judge(&mut self, added: &LabelAdded, permission: Permission) {
        self.effort.succeed();
        self.asked.retain(|asked| asked != added);
        if self.judged.iter().any(|judged| judged.added == *added) {
            return;
        }
        self.judged.push(Judged {
            added: added.clone(),
            permission,
        });
        if self.judged.len() > REMEMBERED {
            self.judged.remove(0);
        }
    }

    /// Whether the label was on without a break from then on, as far as is known.
    fn stands(&self, added: &LabelAdded) -> bool {
        self.missing
            .get(&added.label)
            .is_none_or(|missing| *missing <= added.as_of)
    }

    fn of(&self, label: &str, head: &CommitSha) -> Approval<'_> {
        let counts = |added: &LabelAdded| {
            added.label == label && added.commit == *head && self.stands(added)
        };
        let judged = || self.judged.iter().filter(|judged| counts(&judged.added));
        if let Some(given) = judged().find(|judged| judged.permission.may_write()) {
            return Approval::Given(&given.added);
        }
        if let Some(asked) = self.asked.iter().rfind(|added| counts(added)) {
            return Approval::Asked(asked);
        }
        judged().next_back().map_or(Approval::Missing, |refused| {
            Approval::Refused(&refused.added)
        })
    }
}

impl ServiceSettings {
    /// The label by which commits of forks are approved.
    pub(super) fn approval_label(&self) -> &str {
        self.when.label.as_deref().unwrap_or(LABEL)
    }
}

impl Preview {
    /// Whether the head branch is not the repository's own.
    pub(super) fn is_of_fork(&self, pull_request: &PullRequest) -> bool {
        pull_request.head_repository != Some(self.id.repository)
    }

    /// How far the approval of the head commit is.
    pub(super) fn approval(
        &self,
        pull_request: &PullRequest,
        service: &ServiceSettings,
    ) -> Approval<'_> {
        self.approvals
            .of(service.approval_label(), &pull_request.head_commit)
    }

    pub(super) fn label_added(&mut self, added: &LabelAdded) {
        self.approvals.add(added);
    }

    pub(super) fn permission_read(&mut self, added: &LabelAdded, permission: Permission) {
        self.approvals.judge(added, permission);
    }

    /// Notes which labels that approve a sighting does not show: also of a late one, since it was so at its time.
    pub(super) fn note_missing_labels(&mut self, pull_request: &PullRequest) {
        let labels: Vec<String> = self
            .approving_services()
            .map(|service| service.approval_label().to_owned())
            .filter(|label| !pull_request.labels.contains(label))
            .collect();
        for label in labels {
            let missing = self.approvals.missing.entry(label).or_default();
            *missing = (*missing).max(pull_request.updated_at);
        }
    }

    /// A new head voids what was approved before it.
    pub(super) fn void_approvals(&mut self, head: &CommitSha) {
        let approvals = &mut self.approvals;
        approvals
            .judged
            .retain(|judged| judged.added.commit == *head);
        approvals.effort.start_afresh();
    }

    fn approving_services(&self) -> impl Iterator<Item = &ServiceSettings> {
        let services = self
            .configuration
            .settings
            .as_ref()
            .map(|settings| settings.services.as_slice())
            .unwrap_or_default();
        services
            .iter()
            .filter(|service| service.when.forks == Forks::Label)
    }

    /// Asks GitHub about somebody whose word is awaited.
    pub(super) fn read_permission(&self, sighting: &Sighting, now: Timestamp) -> Next {
        let pull_request = &sighting.pull_request;
        if pull_request.state != PullRequestState::Open || !self.is_of_fork(pull_request) {
            return Next::Nothing;
        }
        let asked = self.approving_services().find_map(|service| {
            match self.approval(pull_request, service) {
                Approval::Asked(added) => Some(added),
                Approval::Given(_) | Approval::Refused(_) | Approval::Missing => None,
            }
        });
        let Some(added) = asked else {
            return Next::Nothing;
        };
        when_due(&self.approvals.effort, now, || Action::ReadPermission {
            repository: pull_request.repository.clone(),
            added: added.clone(),
        })
    }
}
