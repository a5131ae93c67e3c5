//! What people ask for with the buttons of the check run. A wish counts if GitHub's API says that whoever asks may write, and if it
//! was made for the commit that is still the head: nobody acts on what they have not seen.

use serde::{Deserialize, Serialize};

use super::{
    Action, Effort, Permission, Preview, PullRequestState, Trouble,
    plan::{Next, when_due},
    state::{Phase, Sighting},
    wanted::Wanted,
};
use crate::{CommitSha, Timestamp};

/// More wishes than these are not remembered, neither open nor dealt with.
const REMEMBERED: usize = 16;

/// Something that people can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// Deploy the head commit once more, also if it was removed.
    Redeploy,
    /// Remove the preview until the next push.
    Remove,
}

impl Wish {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Redeploy, Self::Remove];

    /// What a button is known by: at most 20 characters, GitHub's limit.
    pub const fn identifier(self) -> &'static str {
        match self {
            Self::Redeploy => "redeploy",
            Self::Remove => "remove",
        }
    }

    /// The wish that a button is known by.
    pub fn identified(identifier: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|wish| wish.identifier() == identifier)
    }

    /// What the button says: at most 20 characters.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Redeploy => "Redeploy",
            Self::Remove => "Remove",
        }
    }

    /// What the button does: at most 40 characters.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Redeploy => "Deploy this commit once more",
            Self::Remove => "Remove the preview until the next push",
        }
    }
}

/// Somebody asks for something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// What tells it from all others: the GUID of the delivery that told of it.
    pub id: String,
    /// What is asked for.
    pub wish: Wish,
    /// GitHub's id of the account that asks.
    pub account: u64,
    /// The account's login then, which its owner may change.
    pub login: String,
    /// The commit that they saw.
    pub commit: CommitSha,
    /// When Slipway learnt of it: GitHub does not say when it was.
    #[serde(default)]
    pub at: Timestamp,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Wishes {
    /// Those of whom GitHub was not asked yet, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    asked: Vec<Request>,
    /// The ids of those that were dealt with, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    judged: Vec<String>,
    /// Who had the preview of which commit removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    removed: Option<(CommitSha, String)>,
    /// Who asked for something, on which commit, and may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<(CommitSha, String)>,
    /// The tries at asking.
    #[serde(default)]
    pub(super) effort: Effort,
}

impl Preview {
    pub(super) fn requested(&mut self, request: &Request, at: Timestamp) {
        // The check run of a pull request that is over keeps its buttons: they mean nothing, also not once it is reopened.
        let is_over = |shown: &super::PullRequest| shown.state != PullRequestState::Open;
        if self.pull_request().is_some_and(is_over) {
            return;
        }
        let wishes = &mut self.wishes;
        let known = wishes.judged.contains(&request.id)
            || wishes.asked.iter().any(|asked| asked.id == request.id);
        if known || wishes.asked.len() >= REMEMBERED {
            return;
        }
        wishes.asked.push(Request {
            at,
            ..request.clone()
        });
        wishes.effort.start_afresh();
    }

    /// A wish that GitHub can say nothing about is dropped in the end: it must not be in the way of the next one.
    pub(super) fn request_not_judged(&mut self, trouble: &Trouble, at: Timestamp) {
        let seed = self.seed();
        self.wishes.effort.fail(trouble, at, seed);
        if self.wishes.effort.is_exhausted() && self.wishes.asked.len() > 1 {
            self.wishes.asked.remove(0);
            self.wishes.effort.start_afresh();
        }
    }

    pub(super) fn request_judged(
        &mut self,
        request: &Request,
        permission: Permission,
        at: Timestamp,
    ) {
        let wishes = &mut self.wishes;
        wishes.effort.succeed();
        wishes.asked.retain(|asked| asked.id != request.id);
        if wishes.judged.contains(&request.id) {
            return;
        }
        wishes.judged.push(request.id.clone());
        if wishes.judged.len() > REMEMBERED {
            wishes.judged.remove(0);
        }
        let is_head = self.pull_request().is_some_and(|shown| {
            shown.head_commit == request.commit && shown.state == PullRequestState::Open
        });
        let who = (request.commit.clone(), request.login.clone());
        if !permission.may_write() {
            self.wishes.refused = Some(who);
        } else if is_head {
            match request.wish {
                Wish::Redeploy => self.redeploy(at),
                Wish::Remove => self.wishes.removed = Some(who),
            }
        }
    }

    /// Lets what is there or has failed be deployed once more. What is on its way already is what was asked for.
    fn redeploy(&mut self, at: Timestamp) {
        self.wishes.removed = None;
        if let Some(sighting) = &mut self.sighting {
            sighting.active_at = Some(at);
        }
        self.start_afresh();
        let again: Vec<_> = self
            .targets
            .iter()
            .filter(|(application, target)| {
                matches!(self.wanted(application), Wanted::Present { .. })
                    && matches!(target.phase, Phase::Deployed { .. } | Phase::Failed { .. })
            })
            .map(|(application, _)| application.clone())
            .collect();
        for application in again {
            if let Some(target) = self.targets.get_mut(&application) {
                target.phase = Phase::Idle { removed_at: None };
            }
        }
    }

    /// Forgets who had the preview removed, since somebody wants one.
    pub(super) fn recall(&mut self) {
        self.wishes.removed = None;
    }

    /// Who had the preview of the head commit removed.
    pub(super) fn removed_by(&self) -> Option<&str> {
        let (commit, login) = self.wishes.removed.as_ref()?;
        (*commit == self.pull_request()?.head_commit).then_some(login)
    }

    /// Who asked for something on the head commit and may not.
    pub(super) fn refused_request(&self) -> Option<&str> {
        let (commit, login) = self.wishes.refused.as_ref()?;
        (*commit == self.pull_request()?.head_commit).then_some(login)
    }

    /// Asks GitHub about somebody who asks for something.
    pub(super) fn judge_request(&self, sighting: &Sighting, now: Timestamp) -> Next {
        let Some(request) = self.wishes.asked.first() else {
            return Next::Nothing;
        };
        if sighting.pull_request.state != PullRequestState::Open {
            return Next::Nothing;
        }
        when_due(&self.wishes.effort, now, || Action::JudgeRequest {
            repository: sighting.pull_request.repository.clone(),
            request: request.clone(),
        })
    }
}
