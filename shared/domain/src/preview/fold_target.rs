//! How the facts about one target of a preview add up.

use std::time::Duration;

use super::{
    DeploymentProgress, Effort, Reaction, Revision, TargetFact, Trouble,
    state::{Phase, Probes, Removal, Start, Target},
};
use crate::{DeploymentUuid, Timestamp};

/// A deployment that may be on its way to Coolify has arrived, or never will, after this long.
const SETTLE: Duration = Duration::from_secs(30);
/// Between two questions whether the preview is gone.
const REMOVAL_PAUSE: Duration = Duration::from_secs(5);
/// What takes longer to go is asked for more seldom.
const REMOVAL_PAUSE_LONGEST: Duration = Duration::from_secs(300);
/// So often the vendor must say that there is nothing before it is believed.
const NOTHING_THERE_ENOUGH: u32 = 2;
/// So often Coolify must show no such application, an hour apart each, before its previews are taken for gone with it.
const NO_APPLICATION_ENOUGH: u32 = 72;
/// So often a deployment is looked for in vain before it is taken as never queued.
const LOOKS_ENOUGH: u32 = 2;
/// A deployment of an image that takes longer than this will not end: Coolify was stopped in the middle of it, for example.
pub(super) const DEPLOYMENT_LONGEST: Duration = Duration::from_secs(3_600);
/// So often Coolify may not know a deployment that it told of itself.
const UNKNOWN_ENOUGH: u32 = 3;

impl Target {
    pub(super) fn fold(&mut self, fact: &TargetFact, at: Timestamp, seed: u64) {
        match fact {
            TargetFact::StartIntended {
                attempt,
                service,
                revision,
            } => {
                self.service.clone_from(service);
                self.attempts = self.attempts.max(*attempt);
                self.asked_at = Some(at);
                self.phase = Phase::Starting {
                    revision: revision.clone(),
                    start: Start::Intended,
                    since: at,
                    look_at: at,
                };
            }
            TargetFact::StartVoided { attempt } => {
                if self.is_starting(*attempt) {
                    self.phase = Phase::Idle { removed_at: None };
                }
            }
            TargetFact::StartUncertain { attempt } => {
                self.set_start(*attempt, Start::Uncertain { looked: 0 }, at);
            }
            TargetFact::Queued {
                attempt,
                deployment,
            } => self.queued(*attempt, deployment, at),
            TargetFact::Started {
                attempt,
                deployment,
            } => {
                self.queued(*attempt, deployment, at);
                if let Phase::Underway { revision, .. } = &self.phase {
                    self.phase = deployed(revision.clone(), deployment.clone(), at);
                }
            }
            TargetFact::StartUnanswered { attempt, trouble } => {
                if self.is_starting(*attempt) {
                    self.occupied = true;
                    // Until the answer failed to come, the request was on its way.
                    self.asked_at = Some(at);
                    self.effort.fail(trouble, at, seed);
                    // What is on its way arrives before the next attempt, or never.
                    self.effort.not_before = self.effort.not_before.max(Some(at.after(SETTLE)));
                    self.phase = Phase::Idle { removed_at: None };
                }
            }
            TargetFact::Found {
                revision,
                deployment,
            } => self.found(revision, deployment, at),
            TargetFact::NotFound { reason } => self.not_found(reason, at, seed),
            TargetFact::LookedAfter { found } => self.looked_after(*found, at),
            TargetFact::InTheWay { attempt } => {
                self.set_start(*attempt, Start::InTheWay, at.after(REMOVAL_PAUSE));
            }
            TargetFact::StartFailed { attempt, trouble } => {
                self.start_failed(*attempt, trouble, at, seed)
            }
            TargetFact::OfAnother { attempt, trouble } => {
                if self.is_starting(*attempt) && self.last_deployment.is_none() {
                    self.occupied = false;
                }
                self.start_failed(*attempt, trouble, at, seed);
            }
            TargetFact::Looked {
                attempt,
                found,
                busy,
            } => self.looked(*attempt, found.as_ref(), *busy, at),
            TargetFact::Seen {
                deployment,
                progress,
            } => self.seen(deployment, *progress, at),
            TargetFact::Probed {
                deployment,
                healthy,
                answer,
            } => self.probed(deployment, *healthy, answer, at),
            TargetFact::VariablesRead { commit, inherited } => {
                self.variables.read(commit, inherited);
            }
            TargetFact::VariablesNotRead { commit, trouble } => {
                self.variables.not_read(commit, trouble, at, seed);
            }
            TargetFact::RemovalIntended => self.removal_intended(at),
            TargetFact::RemovalAsked {
                nothing_there,
                remains,
            } => self.removal_asked(*nothing_there, remains.as_ref(), at),
            TargetFact::ApplicationMissing { trouble } => {
                self.application_missing(trouble, at, seed)
            }
            TargetFact::Troubled { trouble } => self.effort.fail(trouble, at, seed),
        }
    }

    /// Whether a deployment came to its end, well or not, and nothing else is in hand.
    pub(super) fn is_at_rest(&self) -> bool {
        match &self.phase {
            Phase::Deployed { .. } | Phase::Failed { .. } => true,
            Phase::Idle { .. }
            | Phase::Starting { .. }
            | Phase::Underway { .. }
            | Phase::Removing(_) => false,
        }
    }

    /// Whether there is something, and nothing in hand that could change it: what is there also ends if the next deployment cannot be
    /// asked for, or waits for a build that never comes.
    pub(super) fn may_end(&self) -> bool {
        let is_left = self.occupied && matches!(self.phase, Phase::Idle { .. });
        self.is_at_rest() || is_left
    }

    /// Lets a deployment that failed be tried again.
    pub(super) fn forgive(&mut self) {
        if matches!(self.phase, Phase::Failed { .. }) {
            self.phase = Phase::Idle { removed_at: None };
        }
    }

    /// Whether the attempt is the one whose outcome is awaited: the outcome of any other comes too late to matter.
    fn is_starting(&self, attempt: u32) -> bool {
        attempt == self.attempts && matches!(self.phase, Phase::Starting { .. })
    }

    fn set_start(&mut self, attempt: u32, next: Start, next_look_at: Timestamp) {
        if !self.is_starting(attempt) {
            return;
        }
        self.occupied = true;
        if let Phase::Starting { start, look_at, .. } = &mut self.phase {
            *start = next;
            *look_at = next_look_at;
        }
    }

    fn queued(&mut self, attempt: u32, queued: &DeploymentUuid, at: Timestamp) {
        self.occupied = true;
        // Known from now on, so that no later attempt takes it for its own.
        self.last_deployment = Some(queued.clone());
        if self.is_starting(attempt) {
            if let Phase::Starting { revision, .. } = &self.phase {
                self.phase = underway(revision.clone(), queued.clone(), at);
                self.effort.succeed();
            }
            return;
        }
        // The answer comes after somebody else took over: what it queued runs after, or is removed with, everything else.
        match &mut self.phase {
            Phase::Removing(removal) => removal.nothing_there = 0,
            Phase::Underway { deployment, .. } | Phase::Deployed { deployment, .. }
                if deployment == queued => {}
            Phase::Underway { .. }
            | Phase::Deployed { .. }
            | Phase::Failed { .. }
            | Phase::Idle { .. } => {
                self.phase = Phase::Idle { removed_at: None };
            }
            Phase::Starting { .. } => {}
        }
    }

    fn start_failed(&mut self, attempt: u32, trouble: &Trouble, at: Timestamp, seed: u64) {
        if self.is_starting(attempt) {
            self.effort.fail(trouble, at, seed);
            self.phase = Phase::Idle { removed_at: None };
        }
    }

    fn looked(&mut self, attempt: u32, found: Option<&DeploymentUuid>, busy: bool, at: Timestamp) {
        if !self.is_starting(attempt) {
            return;
        }
        let Phase::Starting {
            revision,
            start,
            since,
            ..
        } = &self.phase
        else {
            return;
        };
        match (*start, found) {
            (Start::Intended, _) => {}
            (Start::Uncertain { .. }, Some(deployment)) => {
                self.last_deployment = Some(deployment.clone());
                self.phase = underway(revision.clone(), deployment.clone(), at);
                self.effort.succeed();
            }
            (Start::Uncertain { looked }, None) if looked + 1 >= LOOKS_ENOUGH => {
                self.phase = if self.vanished + 1 >= Effort::FAILURES_MAX {
                    Phase::Failed {
                        revision: revision.clone(),
                        reason: format!(
                            "Coolify was asked {} times for this deployment, and knows of none of them",
                            Effort::FAILURES_MAX
                        ),
                        at: Some(at),
                    }
                } else {
                    Phase::Idle { removed_at: None }
                };
                self.vanished = (self.vanished + 1) % Effort::FAILURES_MAX;
            }
            (Start::Uncertain { looked }, None) => {
                self.set_start(
                    attempt,
                    Start::Uncertain { looked: looked + 1 },
                    at.after(SETTLE),
                );
            }
            (Start::InTheWay, _) if busy && at.since(*since) >= DEPLOYMENT_LONGEST => {
                self.phase = Phase::Failed {
                    revision: revision.clone(),
                    reason: "another deployment of this pull request has stood in Coolify's queue for an hour: cancel it \
                             there and deploy again"
                        .to_owned(),
                    at: Some(at),
                };
            }
            (Start::InTheWay, _) if busy => {
                self.set_start(attempt, Start::InTheWay, at.after(2 * REMOVAL_PAUSE))
            }
            (Start::InTheWay, _) => self.phase = Phase::Idle { removed_at: None },
        }
    }

    fn seen(&mut self, of: &DeploymentUuid, progress: DeploymentProgress, at: Timestamp) {
        let Phase::Underway {
            revision,
            deployment,
            since,
            poll_at,
            unknown,
        } = &mut self.phase
        else {
            return;
        };
        if of != deployment {
            return;
        }
        self.effort.succeed();
        if progress != DeploymentProgress::Unknown {
            self.last_deployment = Some(of.clone());
            self.vanished = 0;
        }
        let failed = |reason: &str| Phase::Failed {
            revision: revision.clone(),
            reason: reason.to_owned(),
            at: Some(at),
        };
        match progress {
            DeploymentProgress::Queued => {
                *poll_at = at.after(queued_pause(at.since(*since)));
                *unknown = 0;
            }
            DeploymentProgress::Running => {
                *poll_at = at.after(poll_pause(at.since(*since)));
                *unknown = 0;
            }
            DeploymentProgress::Finished => {
                self.phase = deployed(revision.clone(), deployment.clone(), at);
            }
            DeploymentProgress::Failed => {
                self.phase = failed("Coolify reports that the deployment failed")
            }
            DeploymentProgress::Cancelled => {
                self.phase = failed("the deployment was cancelled in Coolify")
            }
            DeploymentProgress::Overdue => {
                self.phase = failed(
                    "Coolify had not finished the deployment after an hour, and it was cancelled",
                )
            }
            DeploymentProgress::Unknown if *unknown + 1 >= UNKNOWN_ENOUGH => {
                // A uuid that Coolify told of but never stored: look for the real one.
                let start = Start::Uncertain { looked: 0 };
                self.phase = Phase::Starting {
                    revision: revision.clone(),
                    start,
                    since: *since,
                    look_at: at,
                };
            }
            DeploymentProgress::Unknown => {
                *unknown += 1;
                *poll_at = at.after(REMOVAL_PAUSE);
            }
        }
    }

    fn probed(&mut self, of: &DeploymentUuid, healthy: bool, answer: &str, at: Timestamp) {
        let Phase::Deployed {
            deployment, health, ..
        } = &mut self.phase
        else {
            return;
        };
        if of != deployment {
            return;
        }
        self.effort.succeed();
        health.count = health.count.saturating_add(1);
        health.last_answer = Some(answer.to_owned());
        health.probed_at = Some(at);
        if healthy {
            health.healthy_at = Some(at);
        }
    }

    fn removal_intended(&mut self, at: Timestamp) {
        let uncertain = match &self.phase {
            Phase::Removing(_) => return,
            Phase::Starting { start, .. } => {
                matches!(start, Start::Intended | Start::Uncertain { .. })
            }
            // The answer of the last attempt may have been lost.
            Phase::Idle { .. } => {
                self.occupied && self.asked_at.is_some_and(|asked| at.since(asked) < SETTLE)
            }
            Phase::Underway { .. } | Phase::Deployed { .. } | Phase::Failed { .. } => false,
        };
        self.effort.start_afresh();
        self.phase = Phase::Removing(Removal {
            since: at,
            ask_at: at,
            nothing_there: 0,
            no_application: 0,
            uncertain,
            was_there: self.attempts > 0 || self.last_deployment.is_some(),
            remains: None,
        });
    }

    /// An application that was deleted took its previews with it; one that the token just cannot see has them still. A person has
    /// days to put that right.
    fn application_missing(&mut self, trouble: &Trouble, at: Timestamp, seed: u64) {
        self.effort.fail(trouble, at, seed);
        let Phase::Removing(removal) = &mut self.phase else {
            return;
        };
        removal.no_application += 1;
        if removal.no_application >= NO_APPLICATION_ENOUGH {
            self.effort.succeed();
            self.occupied = false;
            self.phase = Phase::Idle {
                removed_at: Some(at),
            };
        }
    }

    fn removal_asked(&mut self, nothing_there: bool, remains: Option<&String>, at: Timestamp) {
        let Phase::Removing(removal) = &mut self.phase else {
            return;
        };
        self.effort.succeed();
        removal.no_application = 0;
        removal.remains = remains.cloned();
        if !nothing_there {
            removal.was_there = true;
            removal.nothing_there = 0;
            removal.ask_at = at.after(removal_pause(at.since(removal.since)));
            return;
        }
        removal.nothing_there += 1;
        if removal.nothing_there >= NOTHING_THERE_ENOUGH {
            self.occupied = false;
            self.last_deployment = self.last_deployment.take().filter(|_| self.attempts > 0);
            self.phase = Phase::Idle {
                removed_at: removal.was_there.then_some(at),
            };
        } else {
            removal.ask_at = at.after(if removal.uncertain {
                SETTLE
            } else {
                REMOVAL_PAUSE
            });
        }
    }

    /// Lets what was given up be tried again, since something changed.
    pub(super) fn start_afresh(&mut self) {
        self.effort.start_afresh();
        self.variables.effort.start_afresh();
        self.awaited_since = None;
    }
}

/// What is there and still to be probed.
pub(super) fn deployed(revision: Revision, deployment: DeploymentUuid, at: Timestamp) -> Phase {
    let health = Probes {
        since: at,
        count: 0,
        probed_at: None,
        healthy_at: None,
        last_answer: None,
    };
    Phase::Deployed {
        revision,
        deployment,
        health,
    }
}

fn underway(revision: Revision, deployment: DeploymentUuid, at: Timestamp) -> Phase {
    Phase::Underway {
        revision,
        deployment,
        since: at,
        poll_at: at.after(Duration::from_secs(1)),
        unknown: 0,
    }
}

/// Mostly a removal takes seconds; one that something stands in the way of is a person's to look at.
fn removal_pause(removing_for: Duration) -> Duration {
    (removing_for / 8).clamp(REMOVAL_PAUSE, REMOVAL_PAUSE_LONGEST)
}

/// Of what waits in a queue nothing is soon news, and everybody else's polls come out of the same limit.
fn queued_pause(queued_for: Duration) -> Duration {
    queued_for.clamp(Duration::from_secs(2), Duration::from_secs(15))
}

/// Polls are frequent at first, since most deployments of an image take seconds.
fn poll_pause(running_for: Duration) -> Duration {
    match running_for.as_secs() {
        0..30 => Duration::from_secs(2),
        30..300 => Duration::from_secs(5),
        300.. => Duration::from_secs(30),
    }
}

impl Trouble {
    /// A failure without an effect that may pass.
    pub fn retry(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            reaction: Reaction::Retry {
                after_milliseconds: None,
            },
        }
    }

    /// Whether what was tried may have happened nonetheless.
    pub fn may_have_happened(&self) -> bool {
        match self.reaction {
            Reaction::Look => true,
            Reaction::Retry { .. } | Reaction::ComeBack { .. } | Reaction::GiveUp => false,
        }
    }
}
