//! What is to be done next about the preview on one target.

use std::time::Duration;

use super::{
    Action, ServiceSettings, Source, TargetAction,
    fold_target::DEPLOYMENT_LONGEST,
    plan::{Next, when_due, when_due_at_last},
    state::{Phase, Preview, Probes, Sighting, Start, Target},
    wanted::Wanted,
};
use crate::{TargetId, Timestamp, configuration::Health};

/// A deployment's time on Coolify's clock may be so much before ours.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60);
/// A preview that is not healthy in time is probed on, this often and this many times: it may only be slow.
const LATE_PROBE_PAUSE: Duration = Duration::from_secs(60);
const LATE_PROBES: u32 = 10;

impl Target {
    /// Whether nothing is there and nothing is in hand.
    pub(super) fn is_vacant(&self) -> bool {
        !self.occupied && matches!(self.phase, Phase::Idle { .. })
    }

    /// Whether `revision` of `wanted` is what is there, on its way, or has failed: nothing is to be started.
    fn has(&self, wanted: &Wanted<'_>) -> bool {
        let Wanted::Present { run, .. } = wanted else {
            return false;
        };
        match &self.phase {
            Phase::Idle { .. } | Phase::Removing(_) => false,
            Phase::Starting { revision, .. }
            | Phase::Underway { revision, .. }
            | Phase::Deployed { revision, .. } => revision.commit == run.head_commit,
            // A newer build of the same commit is a reason to try again.
            Phase::Failed { revision, .. } => {
                revision.commit == run.head_commit
                    && (revision.run, revision.run_attempt) >= (run.id, run.attempt)
            }
        }
    }
}

impl Probes {
    /// Whether the probes that the configuration grants are used up without a healthy answer.
    pub(super) fn is_unhealthy(&self, health: &Health) -> bool {
        self.healthy_at.is_none() && self.count >= health.attempts
    }

    /// When to probe next; none if it was healthy or was probed for long enough.
    fn next_at(&self, health: &Health) -> Option<Timestamp> {
        if self.healthy_at.is_some() || self.count >= health.attempts.saturating_add(LATE_PROBES) {
            return None;
        }
        let pause = if self.is_unhealthy(health) {
            LATE_PROBE_PAUSE
        } else {
            health.interval.get()
        };
        Some(
            self.probed_at
                .map_or(self.since, |probed_at| probed_at.after(pause)),
        )
    }
}

impl Preview {
    /// Starts on an application of which nothing is known yet.
    pub(super) fn first_start(
        &self,
        sighting: &Sighting,
        service: &ServiceSettings,
        now: Timestamp,
    ) -> Next {
        let target = Target::new(service.service.clone());
        self.target_effect(Some(sighting), &service.application, &target, now)
    }

    /// What changes something: starting and removing.
    pub(super) fn target_effect(
        &self,
        sighting: Option<&Sighting>,
        application: &TargetId,
        target: &Target,
        now: Timestamp,
    ) -> Next {
        let act = |action| Action::Target {
            application: application.clone(),
            action,
        };
        match &target.phase {
            Phase::Starting {
                start: Start::Intended,
                ..
            } => {
                return Next::Act(act(TargetAction::ResolveStart {
                    attempt: target.attempts,
                }));
            }
            Phase::Removing(removal) => {
                return self.remove(sighting, application, target, removal.ask_at, now);
            }
            Phase::Idle { .. }
            | Phase::Starting { .. }
            | Phase::Underway { .. }
            | Phase::Deployed { .. }
            | Phase::Failed { .. } => {}
        }
        let wanted = self.wanted(application);
        match wanted {
            Wanted::Absent(_) if target.is_vacant() => {
                let due = self.look_after_at(application, target);
                due.map_or(Next::Nothing, |due| {
                    when(due, target, now, act(TargetAction::LookAfter))
                })
            }
            Wanted::Absent(_) => match self.awaits_those_that_need(&target.service, now) {
                Some(later) => later,
                None => self.remove(sighting, application, target, now, now),
            },
            Wanted::Present { service, run } if !target.has(&wanted) && !target.is_busy() => {
                let revision = self
                    .pull_request()
                    .and_then(|pull_request| service.revision(self.id, pull_request, run));
                let Some((revision, pull_request)) = revision.zip(self.pull_request()) else {
                    return Next::Nothing;
                };
                if *application == TargetId::Namespace {
                    return when_due_at_last(&target.effort, now, || {
                        act(TargetAction::Find { revision })
                    });
                }
                let attempt = target.attempts + 1;
                let start = TargetAction::Start {
                    attempt,
                    service: service.service.clone(),
                    revision,
                    source: Source {
                        repository: pull_request.repository.clone(),
                        branch: pull_request.head_branch.clone(),
                    },
                };
                self.when_due_and_fresh(sighting, target, now, act(start))
            }
            Wanted::Present { .. }
            | Wanted::Awaited
            | Wanted::Crowded(_)
            | Wanted::Needing(_)
            | Wanted::Unapproved(_)
            | Wanted::CommitSkipped
            | Wanted::Undecided => Next::Nothing,
        }
    }

    /// What only looks: finding, polling and probing.
    pub(super) fn target_look(
        &self,
        application: &TargetId,
        target: &Target,
        now: Timestamp,
    ) -> Next {
        let act = |action| Action::Target {
            application: application.clone(),
            action,
        };
        let (at, action) = match &target.phase {
            Phase::Starting {
                start: Start::Intended,
                ..
            }
            | Phase::Idle { .. }
            | Phase::Failed { .. }
            | Phase::Removing(_) => return Next::Nothing,
            Phase::Starting {
                revision,
                since,
                look_at,
                start: Start::Uncertain { .. } | Start::InTheWay,
            } => {
                let look = TargetAction::Look {
                    attempt: target.attempts,
                    tag: revision.tag.clone(),
                    known: target.last_deployment.clone(),
                    not_before: since.before(CLOCKS_DIFFER),
                };
                (*look_at, look)
            }
            Phase::Underway {
                deployment,
                poll_at,
                since,
                ..
            } => {
                let deployment = deployment.clone();
                let ask = if poll_at.since(*since) >= DEPLOYMENT_LONGEST {
                    TargetAction::Cancel { deployment }
                } else {
                    TargetAction::Poll { deployment }
                };
                (*poll_at, ask)
            }
            Phase::Deployed {
                revision,
                deployment,
                health,
            } => {
                let Some(service) = self.probed_service(application, target) else {
                    return Next::Nothing;
                };
                let Some(at) = health.next_at(&service.health) else {
                    return Next::Nothing;
                };
                let probe = TargetAction::Probe {
                    deployment: deployment.clone(),
                    url: service.health_url(&revision.url),
                    expected: service.health.status,
                };
                (at, probe)
            }
        };
        if at > now {
            Next::At(at)
        } else {
            when_due_at_last(&target.effort, now, || act(action))
        }
    }

    /// The service whose health at `target` matters: only that of the head commit does.
    pub(super) fn probed_service(
        &self,
        application: &TargetId,
        target: &Target,
    ) -> Option<&ServiceSettings> {
        let head = &self.pull_request()?.head_commit;
        let current = target
            .revision()
            .is_some_and(|revision| revision.commit == *head);
        let settings = self.settings_in_force().filter(|_| current)?;
        settings
            .services
            .iter()
            .find(|service| service.application == *application)
    }

    fn remove(
        &self,
        sighting: Option<&Sighting>,
        application: &TargetId,
        target: &Target,
        at: Timestamp,
        now: Timestamp,
    ) -> Next {
        if at > now {
            return Next::At(at);
        }
        let action = Action::Target {
            application: application.clone(),
            action: TargetAction::Remove,
        };
        // What was begun is finished also when the pull request cannot be read any more.
        if matches!(target.phase, Phase::Removing(_)) {
            return when_due_at_last(&target.effort, now, || action);
        }
        // A removal waits for no pause of ours, but for one that Coolify wished.
        if let Some(wish) = target.effort.wish.filter(|wish| *wish > now) {
            return Next::At(wish);
        }
        // What is agreed on of the repository needs no look at the pull request, and there is none to be had.
        if self.access.lost.is_some() {
            return Next::Act(action);
        }
        self.with_fresh_look(sighting, now, action)
    }

    fn when_due_and_fresh(
        &self,
        sighting: Option<&Sighting>,
        target: &Target,
        now: Timestamp,
        action: Action,
    ) -> Next {
        match when_due(&target.effort, now, || action) {
            Next::Act(action) => self.with_fresh_look(sighting, now, action),
            next @ (Next::At(_) | Next::Nothing) => next,
        }
    }
}

fn when(due: Timestamp, target: &Target, now: Timestamp, action: Action) -> Next {
    if due > now {
        Next::At(due)
    } else {
        when_due_at_last(&target.effort, now, || action)
    }
}

impl Target {
    /// Whether a deployment is in hand: it is awaited, since cutting it off halfway leaks.
    fn is_busy(&self) -> bool {
        match &self.phase {
            Phase::Starting { .. } | Phase::Underway { .. } | Phase::Removing(_) => true,
            Phase::Idle { .. } | Phase::Deployed { .. } | Phase::Failed { .. } => false,
        }
    }
}
