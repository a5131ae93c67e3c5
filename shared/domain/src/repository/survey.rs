//! Surveys: all open pull requests are compared with all stored previews, and previews that disagree are told to look again.
//!
//! A survey changes nothing itself. A preview that is told looks at its pull request and decides; that makes good what was
//! lost of deliveries. A pull request must be missing from two surveys that lie some minutes apart before its preview is told,
//! and not at all if too many are missing: see [`super::Brake`]. The first survey of a repository only looks.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Action, HeldBack, SurveyAction, SurveyFact, SurveyPolicy, brake::brake};
use crate::{
    PullRequestNumber, RepositoryName, Timestamp,
    entity::Step,
    preview::{Effort, Preview, PullRequest, PullRequestState},
};

/// What the comparison of the open pull requests with the stored previews found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Comparison {
    /// How many pull requests are open.
    pub open: usize,
    /// Open ones that have no preview in the store, or one that knows them otherwise.
    pub news: BTreeSet<PullRequestNumber>,
    /// Those that their previews take to be open, and that the list does not show.
    pub missing: BTreeSet<PullRequestNumber>,
    /// Those whose previews hold something that a removal would take away.
    pub deployed: BTreeSet<PullRequestNumber>,
}

impl Comparison {
    /// Compares the open pull requests with the previews that are stored for the repository.
    pub fn of(
        open: &BTreeMap<PullRequestNumber, PullRequest>,
        previews: &BTreeMap<PullRequestNumber, Preview>,
    ) -> Self {
        let is_news = |number: &PullRequestNumber, listed: &PullRequest| match previews.get(number)
        {
            None => true,
            Some(preview) => preview.pull_request().is_some_and(|known| {
                known.updated_at <= listed.updated_at && !shows_the_same(known, listed)
            }),
        };
        let is_missing = |number: &PullRequestNumber, preview: &Preview| {
            !open.contains_key(number)
                && preview
                    .pull_request()
                    .is_some_and(|known| known.state == PullRequestState::Open)
        };
        let chosen = |wanted: &dyn Fn(&PullRequestNumber, &Preview) -> bool| {
            previews
                .iter()
                .filter(|(number, preview)| wanted(number, preview))
                .map(|(number, _)| *number)
                .collect()
        };
        Self {
            open: open.len(),
            news: open
                .iter()
                .filter(|(number, listed)| is_news(number, listed))
                .map(|(number, _)| *number)
                .collect(),
            missing: chosen(&is_missing),
            deployed: chosen(&|_, preview| preview.is_deployed()),
        }
    }
}

/// Whether both are the same but for the time of the last change, which every comment moves.
fn shows_the_same(known: &PullRequest, listed: &PullRequest) -> bool {
    let known = PullRequest {
        updated_at: listed.updated_at,
        ..known.clone()
    };
    known == *listed
}

/// What the last survey found and what followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// When.
    pub at: Timestamp,
    /// How many pull requests are open.
    pub open: usize,
    /// How many previews hold something.
    pub deployed: usize,
    /// Open pull requests whose previews were told.
    pub news: usize,
    /// Pull requests that are gone and whose previews were told.
    pub gone: usize,
    /// Whether it was the first and only looked: `news` and `gone` are what would have been told.
    pub dry: bool,
}

/// The surveys of one repository.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Survey {
    #[serde(default)]
    last: Option<Summary>,
    /// When to look next; none for at once.
    #[serde(default)]
    next_at: Option<Timestamp>,
    /// Pull requests that the last surveys did not find, and since which one.
    #[serde(default)]
    missing: BTreeMap<PullRequestNumber, Timestamp>,
    /// Those among them whose previews may go.
    #[serde(default)]
    let_go: BTreeSet<PullRequestNumber>,
    /// Previews that are to look again.
    #[serde(default)]
    to_tell: BTreeSet<PullRequestNumber>,
    #[serde(default)]
    held_back: Option<HeldBack>,
    #[serde(default)]
    effort: Effort,
}

impl Survey {
    pub(super) fn last(&self) -> Option<&Summary> {
        self.last.as_ref()
    }

    pub(super) fn held_back(&self) -> Option<&HeldBack> {
        self.held_back.as_ref()
    }

    pub(super) fn trouble(&self) -> Option<&str> {
        self.effort.last_error.as_deref()
    }

    pub(super) fn fold(&mut self, fact: &SurveyFact, at: Timestamp, seed: u64) {
        match fact {
            SurveyFact::Requested => {
                if self.last.as_ref().is_none_or(|last| last.at < at) {
                    self.next_at = None;
                    self.effort.start_afresh();
                }
            }
            SurveyFact::Compared {
                comparison, policy, ..
            } => self.compared(comparison, *policy, at),
            SurveyFact::Failed { trouble } | SurveyFact::NotTold { trouble } => {
                self.effort.fail(trouble, at, seed);
            }
            SurveyFact::RemovalsAllowed => {
                if let Some(held_back) = self.held_back.take_if(|held_back| held_back.since <= at) {
                    self.let_go.extend(&held_back.previews);
                    self.to_tell.extend(&held_back.previews);
                }
            }
            SurveyFact::Told { previews } => {
                self.to_tell.retain(|number| !previews.contains(number));
                self.effort.succeed();
            }
            SurveyFact::Alerted { previews } => {
                if let Some(held_back) = &mut self.held_back
                    && held_back.previews == *previews
                {
                    held_back.alerted = true;
                }
            }
        }
    }

    fn compared(&mut self, comparison: &Comparison, policy: SurveyPolicy, at: Timestamp) {
        if self.last.as_ref().is_some_and(|last| last.at >= at) {
            return;
        }
        self.effort.succeed();
        self.next_at = Some(at.after(policy.interval()));
        let dry = self.last.is_none();
        let missing = &comparison.missing;
        self.missing = missing
            .iter()
            .map(|number| (*number, self.missing.get(number).copied().unwrap_or(at)))
            .collect();
        self.let_go.retain(|number| missing.contains(number));
        let agreed: BTreeSet<PullRequestNumber> = self
            .missing
            .iter()
            .filter(|(_, since)| since.after(policy.agreement()) <= at)
            .map(|(number, _)| *number)
            .collect();
        self.hold_back_or_let_go(
            agreed.difference(&self.let_go).copied().collect(),
            comparison,
            policy,
            at,
        );
        let gone: BTreeSet<PullRequestNumber> =
            agreed.intersection(&self.let_go).copied().collect();
        self.last = Some(Summary {
            at,
            open: comparison.open,
            deployed: comparison.deployed.len(),
            news: comparison.news.len(),
            gone: if dry { missing.len() } else { gone.len() },
            dry,
        });
        // Whoever was told before and still differs, or could not look, is told again.
        self.to_tell = if dry {
            BTreeSet::new()
        } else {
            comparison.news.union(&gone).copied().collect()
        };
    }

    /// Lets the previews of `gone` go, or holds all of them back.
    fn hold_back_or_let_go(
        &mut self,
        gone: BTreeSet<PullRequestNumber>,
        comparison: &Comparison,
        policy: SurveyPolicy,
        at: Timestamp,
    ) {
        let before = self.held_back.take();
        let Some(brake) = brake(&gone, comparison, policy) else {
            self.let_go.extend(gone);
            return;
        };
        let known = before.filter(|before| before.previews == gone);
        self.held_back = Some(HeldBack {
            alerted: known.as_ref().is_some_and(|before| before.alerted),
            since: known.map_or(at, |before| before.since),
            previews: gone,
            brake,
        });
    }

    pub(super) fn plan(&self, repository: &RepositoryName, now: Timestamp) -> Step<Action> {
        if let Some(held_back) = self
            .held_back
            .as_ref()
            .filter(|held_back| !held_back.alerted)
        {
            return Step::Act(Action::Survey(SurveyAction::Alert {
                repository: repository.clone(),
                held_back: held_back.clone(),
            }));
        }
        let due = if self.to_tell.is_empty() {
            self.next_at
        } else {
            None
        };
        if let Some(until) = due
            .max(self.effort.not_before_at_last())
            .filter(|until| *until > now)
        {
            return Step::Wait { until };
        }
        let repository = repository.clone();
        Step::Act(Action::Survey(if self.to_tell.is_empty() {
            SurveyAction::Compare { repository }
        } else {
            SurveyAction::Tell {
                repository,
                previews: self.to_tell.clone(),
            }
        }))
    }
}
