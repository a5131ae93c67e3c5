//! How the facts of an operation add up, and what is to be done next.

use std::time::Duration;

use super::{Action, End, Fact, KEPT, OperationRun, StartedRun, State};
use crate::{
    Timestamp,
    entity::Step,
    preview::{Effort, Reaction, RunProgress, Trouble},
};

/// Whoever asks for an operation wants it now: one that could not be started for so long is not.
const WANTED_FOR: Duration = Duration::from_secs(3_600);
/// After a lost answer GitHub is asked for the run this much later, and again and again: its lists lag.
const LISTED_AFTER: Duration = Duration::from_secs(10);
/// A run that is not listed so long after its start is not known to be there.
const SOUGHT_FOR: Duration = Duration::from_secs(300);

/// Between two looks at a run: an eighth of how long it is known, from 10 seconds to 10 minutes.
fn pause(known_for: Duration) -> Duration {
    (known_for / 8).clamp(Duration::from_secs(10), Duration::from_secs(600))
}

impl OperationRun {
    pub(super) fn fold(&mut self, fact: &Fact, at: Timestamp) {
        match fact {
            Fact::Ordered(order) => {
                self.order.get_or_insert_with(|| order.clone());
            }
            Fact::Intended { attempt } => {
                self.attempts = self.attempts.max(*attempt);
                if self.state == State::Due {
                    let attempt = *attempt;
                    self.state = State::Asked { attempt, at };
                    self.asked_at = Some(at);
                }
            }
            Fact::Started { attempt, run } => {
                if let Some(since) = self.asked(*attempt) {
                    self.effort.succeed();
                    match run {
                        Some(run) => self.found(run.clone(), at),
                        None => self.seek(since, true),
                    }
                }
            }
            Fact::Lost { attempt } => {
                if let Some(since) = self.asked(*attempt) {
                    self.seek(since, false);
                }
            }
            Fact::HeldBack { trouble } => self.effort.fail(trouble, at, self.seed()),
            Fact::NotStarted { attempt, trouble } => self.not_started(*attempt, trouble, at),
            Fact::Left => self.left(at),
            Fact::Searched { runs } => self.searched(runs, at),
            Fact::Seen { progress } => self.seen(*progress, at),
            Fact::NotSeen { trouble } => self.effort.fail(trouble, at, self.seed()),
        }
    }

    /// Spreads the retries of operations.
    fn seed(&self) -> u64 {
        let milliseconds = self
            .order
            .as_ref()
            .map_or(0, |order| order.at.milliseconds());
        self.id.repository.0 ^ u64::from_ne_bytes(milliseconds.to_ne_bytes())
    }

    /// When GitHub was asked by this attempt, if it is the one whose answer is waited for.
    fn asked(&self, of: u32) -> Option<Timestamp> {
        match self.state {
            State::Asked { attempt, at } if attempt == of => Some(at),
            State::Asked { .. }
            | State::Due
            | State::Sought { .. }
            | State::Followed { .. }
            | State::Over(_) => None,
        }
    }

    fn seek(&mut self, since: Timestamp, is_started: bool) {
        self.effort.succeed();
        self.state = State::Sought {
            since,
            is_started,
            next: since.after(LISTED_AFTER),
        };
    }

    fn found(&mut self, run: StartedRun, at: Timestamp) {
        self.effort.succeed();
        self.found_at = Some(at);
        self.state = State::Followed {
            run,
            progress: RunProgress::Waiting,
            next: at.after(pause(Duration::ZERO)),
        };
    }

    fn end(&mut self, end: End, at: Timestamp) {
        self.state = State::Over(end);
        self.ended_at = Some(at);
    }

    fn not_started(&mut self, attempt: u32, trouble: &Trouble, at: Timestamp) {
        let Some(since) = self.asked(attempt) else {
            return;
        };
        if trouble.reaction == Reaction::Look {
            return self.seek(since, false);
        }
        self.state = State::Due;
        self.effort.fail(trouble, at, self.seed());
        if self.effort.is_exhausted() {
            let reason = trouble.reason.clone();
            self.end(End::Refused { reason }, at);
        }
    }

    /// It was not started in time, and is not any more.
    fn left(&mut self, at: Timestamp) {
        if self.state == State::Due {
            let trouble = self.effort.last_error.as_deref();
            let reason = format!(
                "it could not be started within an hour: {}",
                trouble.unwrap_or("nobody ran reconcile")
            );
            self.end(End::Refused { reason }, at);
        }
    }

    /// One run that may be its is its. Of several nobody knows which, and none is none only when GitHub had time to list it.
    fn searched(&mut self, runs: &[StartedRun], at: Timestamp) {
        let (since, is_started) = match self.state {
            State::Sought {
                since, is_started, ..
            } => (since, is_started),
            State::Asked { at, .. } => (at, false),
            State::Due | State::Followed { .. } | State::Over(_) => return,
        };
        self.effort.succeed();
        let workflow = self.order.as_ref().map(|order| &order.dispatch.workflow);
        let workflow = workflow.map(String::as_str).unwrap_or_default();
        let reason = match runs {
            [run] => return self.found(run.clone(), at),
            [] if at < since.after(SOUGHT_FOR) => {
                self.state = State::Sought {
                    since,
                    is_started,
                    next: at.after(pause(at.since(since))),
                };
                return;
            }
            [] if is_started => {
                format!("GitHub started {workflow} and lists no run of it: look there")
            }
            [] => format!(
                "nobody knows whether {workflow} was started: the answer was lost and GitHub lists no run. Look there before you start \
                 it again"
            ),
            [first, ..] => format!(
                "nobody knows which run of {workflow} it is: {} were started since, the newest is {}",
                runs.len(),
                first.url
            ),
        };
        self.end(End::Unknown { reason }, at);
    }

    fn seen(&mut self, seen: Option<RunProgress>, at: Timestamp) {
        let State::Followed { run, .. } = &self.state else {
            return;
        };
        let run = run.clone();
        self.effort.succeed();
        let progress = seen.unwrap_or(RunProgress::Cancelled);
        match progress {
            RunProgress::Waiting | RunProgress::Running => {
                let known_for = self
                    .found_at
                    .map_or(Duration::ZERO, |found| at.since(found));
                self.state = State::Followed {
                    run,
                    progress,
                    next: at.after(pause(known_for)),
                };
            }
            RunProgress::Succeeded | RunProgress::Cancelled | RunProgress::Failed => {
                self.end(End::Ran { run, progress }, at);
            }
        }
    }

    pub(super) fn next_step(&self, now: Timestamp) -> Step<Action> {
        let Some(order) = &self.order else {
            return Step::Forget;
        };
        let repository = || order.repository.clone();
        let is_late = now >= order.at.after(WANTED_FOR);
        match &self.state {
            State::Due if is_late => Step::Act(Action::Leave),
            State::Due => when_due(&self.effort, now, now, || Action::Start {
                repository: repository(),
                attempt: self.attempts + 1,
                dispatch: order.dispatch.clone(),
            }),
            State::Asked { at, .. } if is_late => {
                when_due(&self.effort, now, now, || Action::Find {
                    repository: repository(),
                    workflow: order.dispatch.workflow.clone(),
                    since: *at,
                })
            }
            // Whoever was about to start it is gone: the claim tells whether he got that far.
            State::Asked { attempt, .. } => when_due(&self.effort, now, now, || Action::Start {
                repository: repository(),
                attempt: *attempt,
                dispatch: order.dispatch.clone(),
            }),
            State::Sought { since, next, .. } => {
                when_due(&self.effort, *next, now, || Action::Find {
                    repository: repository(),
                    workflow: order.dispatch.workflow.clone(),
                    since: *since,
                })
            }
            State::Followed { run, next, .. } => {
                when_due(&self.effort, *next, now, || Action::Look {
                    repository: repository(),
                    run: run.id,
                })
            }
            State::Over(_) => match self.ended_at.map(|ended| ended.after(KEPT)) {
                Some(until) if until > now => Step::Wait { until },
                Some(_) | None => Step::Forget,
            },
        }
    }
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
