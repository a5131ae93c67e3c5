//! What is to be done next about a preview: effects on services first, then the comment, then looking.

use std::time::Duration;

use super::{
    Action, Effort, PullRequestState, Settings, comment,
    state::{Preview, Sighting},
    wanted::{Build, Wanted},
};
use crate::{Timestamp, entity::Step};

/// A deployment or a removal needs a look at the pull request that is no older than this.
pub(super) const FRESH: Duration = Duration::from_secs(30);
/// A closed pull request whose preview is gone is forgotten after this long.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3 * 86_400);

/// What one concern of a preview wants next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// This, now.
    Act(Action),
    /// Nothing before this time.
    At(Timestamp),
    /// Nothing until there is a new fact.
    Nothing,
}

/// The wishes of all concerns, in the order of their importance.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    act: Option<Action>,
    wake: Option<Timestamp>,
}

impl Agenda {
    pub(super) fn add(&mut self, next: Next) {
        match next {
            Next::Act(action) => {
                self.act.get_or_insert(action);
            }
            Next::At(time) => self.wake = Some(self.wake.map_or(time, |wake| wake.min(time))),
            Next::Nothing => {}
        }
    }

    fn step(self) -> Step<Action> {
        match (self.act, self.wake) {
            (Some(action), _) => Step::Act(action),
            (None, Some(until)) => Step::Wait { until },
            (None, None) => Step::Settled,
        }
    }
}

impl Preview {
    pub(super) fn next_step(&self, now: Timestamp) -> Step<Action> {
        if let Some((_, since)) = self.access.lost {
            return self.leave(since, now);
        }
        let Some(sighting) = &self.sighting else {
            if self.repository.is_none() {
                // Nobody ever told what this is: there is nothing to look at.
                return Step::Forget;
            }
            return single(self.read_pull_request(now));
        };
        if sighting.confirmed_at.is_none() {
            // Nothing is decided on the word of a delivery alone, but what is in hand is followed.
            let mut agenda = Agenda::default();
            agenda.add(self.read_pull_request(now));
            self.look_after_targets(&mut agenda, now);
            return agenda.step();
        }
        if self.is_over(now) {
            return Step::Forget;
        }
        let mut agenda = Agenda::default();
        agenda.add(self.read_configuration(sighting, now));
        agenda.add(self.read_files(sighting, now));
        agenda.add(self.see_to_places(now));
        agenda.add(self.read_permission(sighting, now));
        agenda.add(self.judge_request(sighting, now));
        agenda.add(self.note_expiry(sighting, now));
        for (application, target) in &self.targets {
            agenda.add(self.target_effect(Some(sighting), application, target, now));
        }
        self.start_missing_targets(sighting, &mut agenda, now);
        agenda.add(self.delete_image(sighting, now));
        agenda.add(self.publish_comment(sighting, now));
        self.publish_reports(sighting, &mut agenda, now);
        for (application, target) in &self.targets {
            agenda.add(self.read_variables(sighting, application, target, now));
        }
        self.look_after_targets(&mut agenda, now);
        agenda.add(self.read_runs(sighting, now));
        agenda.add(match sighting.doubted_until {
            Some(until) if until > now => Next::At(until),
            Some(_) => self.read_pull_request(now),
            None => Next::Nothing,
        });
        if let Some(forget_at) = self.forget_at() {
            agenda.add(Next::At(forget_at));
        }
        agenda.step()
    }

    /// The App does not reach the repository any more: what is there is removed, without a look at the pull request, which
    /// cannot be had. Nothing is asked of GitHub.
    fn leave(&self, since: Timestamp, now: Timestamp) -> Step<Action> {
        let mut agenda = Agenda::default();
        for (application, target) in &self.targets {
            agenda.add(self.target_effect(self.sighting.as_ref(), application, target, now));
        }
        self.look_after_targets(&mut agenda, now);
        agenda.add(self.see_to_places(now));
        if self.targets.values().all(super::state::Target::is_vacant) && self.has_no_tickets() {
            let forget_at = since.after(FORGOTTEN_AFTER);
            if forget_at <= now {
                return Step::Forget;
            }
            agenda.add(Next::At(forget_at));
        }
        agenda.step()
    }

    /// Follows deployments in hand, and probes.
    fn look_after_targets(&self, agenda: &mut Agenda, now: Timestamp) {
        for (application, target) in &self.targets {
            agenda.add(self.target_look(application, target, now));
        }
    }

    /// Begins on applications of which nothing is known yet.
    fn start_missing_targets(&self, sighting: &Sighting, agenda: &mut Agenda, now: Timestamp) {
        let Some(settings) = self.settings_in_force() else {
            return;
        };
        for service in &settings.services {
            if !self.targets.contains_key(&service.application) {
                agenda.add(self.first_start(sighting, service, now));
            }
        }
    }

    /// Reads the pull request.
    pub(super) fn read_pull_request(&self, now: Timestamp) -> Next {
        let Some(repository) = &self.repository else {
            return Next::Nothing;
        };
        when_due_at_last(&self.reading, now, || Action::ReadPullRequest {
            repository: repository.clone(),
        })
    }

    /// `action` if the pull request was just read, else reading it.
    pub(super) fn with_fresh_look(
        &self,
        sighting: Option<&Sighting>,
        now: Timestamp,
        action: Action,
    ) -> Next {
        let fresh = sighting
            .and_then(|sighting| sighting.confirmed_at)
            .is_some_and(|confirmed_at| now.since(confirmed_at) <= FRESH);
        if fresh {
            Next::Act(action)
        } else {
            self.read_pull_request(now)
        }
    }

    fn read_configuration(&self, sighting: &Sighting, now: Timestamp) -> Next {
        let pull_request = &sighting.pull_request;
        let configuration = &self.configuration;
        let read = configuration.read_for.as_ref() == Some(&pull_request.head_commit)
            && configuration.read_after == configuration.changes;
        if pull_request.state != PullRequestState::Open || read {
            return Next::Nothing;
        }
        when_due_at_last(&self.configuration.effort, now, || {
            Action::ReadConfiguration {
                repository: pull_request.repository.clone(),
                commit: pull_request.head_commit.clone(),
                changes: configuration.changes,
            }
        })
    }

    /// Asks for the runs of the head commit while a build is awaited: a delivery may be lost, and runs of a fork name no
    /// pull request.
    fn read_runs(&self, sighting: &Sighting, now: Timestamp) -> Next {
        let Some(settings) = self.settings_in_force() else {
            return Next::Nothing;
        };
        if !self.is_build_awaited(settings) {
            return Next::Nothing;
        }
        // By the time of the last look, not by the present: else the time to come back would move whenever it is asked for.
        let due = self.builds.read_at.map_or(now, |read_at| {
            read_at.after(runs_pause(read_at.since(sighting.head_since)))
        });
        if due > now {
            return Next::At(due);
        }
        when_due_at_last(&self.builds.effort, now, || Action::ReadRuns {
            repository: sighting.pull_request.repository.clone(),
            commit: sighting.pull_request.head_commit.clone(),
        })
    }

    fn is_build_awaited(&self, settings: &Settings) -> bool {
        let unbuilt = match self.build(settings) {
            // A run that ended may be run again, and of a fork's run no delivery tells whose it is.
            Build::NotSeen | Build::Underway(_) | Build::Ended(_) | Build::Ambiguous(..) => true,
            Build::Succeeded(_) => false,
        };
        let wanted = || {
            settings
                .services
                .iter()
                .any(|service| self.wanted(&service.application) == Wanted::Awaited)
        };
        settings.workflow.is_some() && unbuilt && wanted()
    }

    fn publish_comment(&self, sighting: &Sighting, now: Timestamp) -> Next {
        if sighting.pull_request.archived {
            return Next::Nothing;
        }
        let Some(body) = comment::render(self) else {
            return Next::Nothing;
        };
        let digest = comment::digest(&body);
        if self.comment.digest.as_ref() == Some(&digest) {
            return Next::Nothing;
        }
        self.comment.when_free(now, || Action::PublishComment {
            repository: sighting.pull_request.repository.clone(),
            comment: self.comment.id,
            attempt: self.comment.attempts + 1,
            body,
            digest,
        })
    }

    /// When a preview whose pull request is closed and that holds nothing any more is forgotten.
    fn forget_at(&self) -> Option<Timestamp> {
        let sighting = self.sighting.as_ref()?;
        let closed = match sighting.pull_request.state {
            PullRequestState::Open => false,
            PullRequestState::Closed | PullRequestState::Merged => true,
        };
        let tidy = self.has_no_tickets() && self.is_github_tidy() && self.images.are_settled();
        (closed && !self.is_deployed() && tidy).then(|| sighting.state_since.after(FORGOTTEN_AFTER))
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.forget_at().is_some_and(|forget_at| forget_at <= now)
    }
}

fn single(next: Next) -> Step<Action> {
    let mut agenda = Agenda::default();
    agenda.add(next);
    agenda.step()
}

/// `action` if its effort allows it now, else when it does. What is given up stays so until a person does something.
pub(super) fn when_due(effort: &Effort, now: Timestamp, action: impl FnOnce() -> Action) -> Next {
    if effort.is_exhausted() {
        Next::Nothing
    } else {
        when_due_at_last(effort, now, action)
    }
}

/// Like [`when_due`], for what would leave something behind if it was given up: it is tried again every hour.
pub(super) fn when_due_at_last(
    effort: &Effort,
    now: Timestamp,
    action: impl FnOnce() -> Action,
) -> Next {
    match effort
        .not_before_at_last()
        .filter(|not_before| *not_before > now)
    {
        Some(not_before) => Next::At(not_before),
        None => Next::Act(action()),
    }
}

/// Between two looks at the runs: more seldom the longer it takes, but never given up, since a run may need a person's leave to
/// begin, and of a fork's run no delivery tells.
fn runs_pause(waiting_for: Duration) -> Duration {
    (waiting_for / 8).clamp(Duration::from_secs(15), Duration::from_secs(6 * 3_600))
}
