//! How the facts of a request add up, and what is to be done next.

use std::time::Duration;

use super::{Action, Fact, Judgement, KEPT, Protection};
use crate::{Timestamp, entity::Step, preview::Effort};

/// GitHub takes ten words on what is waited for; one more than these is left for a person to look up here.
const SAID_MAX: usize = 9;
/// GitHub lets a job wait for so long.
const WAITED_FOR: Duration = Duration::from_secs(30 * 86_400);

/// An approval is told only so soon after it was found: rules that were fulfilled need not be so any more.
const APPROVED_FOR: Duration = Duration::from_secs(30);

/// Between two judgements: an eighth of how long it waits, from 15 seconds to 5 minutes.
fn pause(waits_for: Duration) -> Duration {
    (waits_for / 8).clamp(Duration::from_secs(15), Duration::from_secs(300))
}

impl Protection {
    pub(super) fn fold(&mut self, fact: &Fact, at: Timestamp) {
        let seed = self.id.repository.0 ^ self.id.run;
        match fact {
            Fact::Requested(requested) => {
                if self.requested.is_none() {
                    self.requested = Some(requested.clone());
                    self.known_at = at;
                    self.judge_at = at;
                }
            }
            Fact::Judged(judgement) => {
                self.judging.succeed();
                if !self.is_decided() {
                    self.judge_at = at.after(pause(at.since(self.known_at)));
                    self.judged_at = at;
                    self.judgement = Some(judgement.clone());
                }
                if self.judgement == Some(Judgement::Moot) {
                    self.over_at.get_or_insert(at);
                }
            }
            Fact::NotJudged { trouble } => self.judging.fail(trouble, at, seed),
            Fact::Told { comment } => {
                self.telling.succeed();
                self.said.push(comment.clone());
            }
            Fact::Answered => {
                self.telling.succeed();
                self.over_at.get_or_insert(at);
            }
            Fact::NotTold { trouble } => self.telling.fail(trouble, at, seed),
        }
    }

    /// Whether it stays as it is: what may not be deployed, may not ever.
    fn is_decided(&self) -> bool {
        match self.judgement {
            Some(Judgement::Rejected { .. } | Judgement::Moot) => true,
            Some(Judgement::Approved { .. } | Judgement::Waits { .. }) | None => false,
        }
    }

    pub(super) fn next_step(&self, now: Timestamp) -> Step<Action> {
        let Some(requested) = &self.requested else {
            return Step::Forget;
        };
        if let Some(over) = self.over_at {
            let until = over.after(KEPT);
            return if until > now {
                Step::Wait { until }
            } else {
                Step::Forget
            };
        }
        let requested = || requested.clone();
        let answer = |is_approved: bool, comment: &str| {
            when_due(&self.telling, now, now, || Action::Answer {
                requested: requested(),
                is_approved,
                comment: comment.to_owned(),
            })
        };
        match &self.judgement {
            // GitHub has failed the job by then.
            Some(_) | None if now >= self.known_at.after(WAITED_FOR) => Step::Forget,
            Some(Judgement::Approved { reason }) if now.since(self.judged_at) <= APPROVED_FOR => {
                answer(true, reason)
            }
            // Not before it can be told, so that it is fresh then.
            Some(Judgement::Approved { .. }) => {
                let told_at = self.telling.not_before_at_last().unwrap_or(now);
                when_due(&self.judging, told_at, now, || Action::Judge {
                    requested: requested(),
                    since: self.known_at,
                })
            }
            Some(Judgement::Rejected { reason }) => answer(false, reason),
            Some(Judgement::Waits { reason })
                if self.said.last() != Some(reason)
                    && self.said.len() < SAID_MAX
                    && is_due(&self.telling, now) =>
            {
                Step::Act(Action::Tell {
                    requested: requested(),
                    comment: reason.clone(),
                })
            }
            Some(Judgement::Waits { .. } | Judgement::Moot) | None => {
                when_due(&self.judging, self.judge_at, now, || Action::Judge {
                    requested: requested(),
                    since: self.known_at,
                })
            }
        }
    }
}

fn is_due(effort: &Effort, now: Timestamp) -> bool {
    effort.not_before_at_last().is_none_or(|at| at <= now)
}

/// `action` from `next` on and when its effort allows it: what is given up is tried again every hour.
fn when_due(
    effort: &Effort,
    next: Timestamp,
    now: Timestamp,
    action: impl FnOnce() -> Action,
) -> Step<Action> {
    let until = effort.not_before_at_last().map_or(next, |at| at.max(next));
    if until > now {
        Step::Wait { until }
    } else {
        Step::Act(action())
    }
}
