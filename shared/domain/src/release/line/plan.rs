//! What is to be done next about a release line: the way back first where it goes before the release in hand, then that, then the next
//! commit, then what people see.

use std::time::Duration;

use super::{
    Action, Kind, Line, StepAction,
    candidate::{Build, Candidate},
    giving_way::InHand,
    progress::{deploy_key, rollback_key},
    standing::{Next, Standing},
    state::{Running, Stage},
};
use crate::{
    CommitSha, RepositoryName, Timestamp,
    entity::Step,
    preview::Effort,
    release::{Asked, LineId, Reference, Source, Terms, judge},
};

/// A release begins only if GitHub showed the commit in what is tracked no longer ago than this: so long that what a slow GitHub
/// answered still counts when the lease ran out meanwhile, and the answer is found as mail in the next run.
const FRESH: Duration = Duration::from_secs(150);

/// An environment that no configuration names is forgotten after so long.
const KEPT_FOR: Duration = Duration::from_secs(30 * 86_400);

/// The smallest step of time.
pub(super) const TICK: Duration = Duration::from_millis(1);

/// A look at the application alone.
pub(super) const LOOK: StepAction = StepAction::Look { windows: false };

/// What one concern wants next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wish {
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
    pub(super) fn add(&mut self, wish: Wish) {
        match wish {
            Wish::Act(action) => {
                self.act.get_or_insert(action);
            }
            Wish::At(time) => self.wake = Some(self.wake.map_or(time, |wake| wake.min(time))),
            Wish::Nothing => {}
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

impl Line {
    pub(super) fn next_step(&self, now: Timestamp) -> Step<Action> {
        let Some(repository) = &self.repository else {
            // Nobody told of a configuration that names this: there is nothing to do, and nothing to lose.
            return Step::Forget;
        };
        let mut agenda = Agenda::default();
        if self.terms.is_none() {
            // Nobody names it any more. What is known of it is of use should it be named again, and to people, but not for ever.
            let forgotten_at = self.terms_as_of.after(KEPT_FOR);
            if forgotten_at <= now {
                return Step::Forget;
            }
            agenda.add(Wish::At(forgotten_at));
            self.report_ended(repository, None, now, &mut agenda);
            agenda.add(self.announce_next(now));
        }
        if let Some(terms) = &self.terms {
            agenda.add(self.go_back());
            if let Some(running) = &self.running {
                agenda.add(self.go_on(running, terms, now));
            }
            agenda.add(self.go_next(repository, terms, now));
            agenda.add(self.test_next(repository, terms, now));
            agenda.add(self.announce_next(now));
            self.report(repository, terms, now, &mut agenda);
            self.pass_on(terms, now, &mut agenda);
            self.look_around(repository, terms, now, &mut agenda);
        }
        agenda.step()
    }

    /// The next step of the release in hand.
    fn go_on(&self, running: &Running, terms: &Terms, now: Timestamp) -> Wish {
        let Some(application) = terms.application() else {
            return Wish::Nothing;
        };
        let (at, step) = match &running.stage {
            Stage::Asking { again_at, .. } if running.is_uncertain => (*again_at, LOOK),
            Stage::Looking => (now, LOOK),
            Stage::Waiting(rollout) => {
                let windows = rollout.asks_for_windows();
                (rollout.look_at, StepAction::Look { windows })
            }
            Stage::GivingWay(way) => way.next(now),
            Stage::Stopping {
                asked: true,
                look_at,
                ..
            } => (*look_at, LOOK),
            Stage::Stopping {
                asked: false,
                look_at,
                ..
            } => (*look_at, StepAction::Stop),
            Stage::Changing { .. } => match &running.asked {
                Asked::Setting(setting) => {
                    let setting = setting.clone();
                    (now, StepAction::Change { setting })
                }
                Asked::Sync | Asked::History(_) | Asked::Commit(_) => return Wish::Nothing,
            },
            Stage::Committing { place, .. } => {
                let place = Box::new(place.clone());
                let message = self.commit_message(running);
                (now, StepAction::Commit { place, message })
            }
            Stage::Asking { again_at, .. } => {
                let history = match &running.asked {
                    Asked::History(id) => Some(*id),
                    Asked::Sync | Asked::Setting(_) | Asked::Commit(_) => None,
                };
                (*again_at, StepAction::Operate { history })
            }
            Stage::Probing { probe_at, .. } => {
                let url = health_url(terms);
                let expected = terms.health.status;
                (*probe_at, StepAction::Probe { url, expected })
            }
        };
        due(&running.effort, at, now, || Action::Step {
            key: running.key.clone(),
            application,
            step,
        })
    }

    /// The message of a commit to the repository of the manifests: our own words and names alone.
    fn commit_message(&self, running: &Running) -> String {
        let LineId {
            service,
            environment,
            ..
        } = &self.id;
        let short = running.commit.short();
        let headline = match &running.kind {
            Kind::Deploy => format!("{service}: release {short} to {environment}"),
            Kind::Rollback { .. } => format!("{service}: go back to {short} in {environment}"),
        };
        format!(
            "{headline}\n\nBy Slipway, for {}: {}\n",
            self.id, running.key
        )
    }

    /// A way back begins as soon as nothing is in hand. To one that a person asks for a release gives way: who wants to go back has seen
    /// enough.
    fn go_back(&self) -> Wish {
        let Some(back) = &self.way_back else {
            return Wish::Nothing;
        };
        match (&self.running, &back.by) {
            (Some(_), None) => return Wish::Nothing,
            (Some(_), Some(_)) => match self.in_hand_of_way_back() {
                InHand::IsReplaced => {}
                InHand::IsStoppedFirst => return self.give_way_to(&back.to.commit),
                InHand::GoesFirst => return Wish::Nothing,
            },
            (None, _) => {}
        }
        Wish::Act(Action::Begin {
            key: rollback_key(self.begun),
            kind: Kind::Rollback {
                of: back.of.clone(),
                reason: back.reason.clone(),
                by: back.by.clone(),
            },
            commit: back.to.commit.clone(),
            asked: Ok(back.asked.clone()),
        })
    }

    /// Begins the next commit, if one may go and nothing is in its way.
    fn go_next(&self, repository: &RepositoryName, terms: &Terms, now: Timestamp) -> Wish {
        let commit = match self.next(terms, now) {
            Next::Nothing => return Wish::Nothing,
            Next::Compare { base, head } => return self.compare(repository, base, head, now),
            Next::Commit(commit) => commit,
        };
        let in_hand = self.in_hand(terms);
        let is_taken = in_hand == InHand::GoesFirst || self.being_tested(terms, now).is_some();
        if self.is_held() || self.way_back.is_some() || is_taken {
            return Wish::Nothing;
        }
        let Some(candidate) = self.candidates.get(commit) else {
            return Wish::Nothing;
        };
        let is_fresh = candidate
            .checked_at
            .is_some_and(|checked_at| now.since(checked_at) <= FRESH);
        if let Some(wish) = self.window_wish(terms, is_fresh, now) {
            return wish;
        }
        if !is_fresh {
            return due(&self.reading, now, now, || {
                self.check(repository, terms, commit, candidate)
            });
        }
        if in_hand == InHand::IsStoppedFirst {
            return self.give_way_to(commit);
        }
        let build = candidate.build(&self.id, terms);
        Wish::Act(Action::Begin {
            key: deploy_key(commit, candidate, build),
            kind: Kind::Deploy,
            commit: commit.clone(),
            asked: candidate.asked(commit, self, terms),
        })
    }

    /// Asks GitHub for what is to be known of a commit before its release begins.
    pub(super) fn check(
        &self,
        repository: &RepositoryName,
        terms: &Terms,
        commit: &CommitSha,
        candidate: &Candidate,
    ) -> Action {
        let pushed = candidate.push.as_ref();
        let tag = pushed.and_then(|push| match &push.reference {
            Reference::Tag(name) => Some(name.clone()),
            Reference::Branch(_) => None,
        });
        let named = || {
            let mut trusted = candidate
                .runs
                .values()
                .filter(|run| judge(run, self.id.repository, terms).is_ok());
            trusted.find_map(|run| run.head_branch.clone())
        };
        Action::Check {
            repository: repository.clone(),
            commit: commit.clone(),
            source: terms.source.clone(),
            tag: match &terms.source {
                Source::Tag(_) => tag.or_else(named),
                Source::Branch(_) | Source::Promotion => None,
            },
            writers: terms.approvals > 0,
        }
    }

    /// Whether nothing begins by itself until a person does something.
    pub(super) fn is_held(&self) -> bool {
        self.hold.is_some() || self.lock.is_some()
    }

    fn compare(
        &self,
        repository: &RepositoryName,
        base: &CommitSha,
        head: &CommitSha,
        now: Timestamp,
    ) -> Wish {
        due(&self.reading, now, now, || Action::Compare {
            repository: repository.clone(),
            base: base.clone(),
            head: head.clone(),
        })
    }

    /// Tells the environments after this one what is live here, when that changed.
    fn pass_on(&self, terms: &Terms, now: Timestamp, agenda: &mut Agenda) {
        // While something is in hand it is not known what is live.
        if self.running.is_some() || self.way_back.is_some() {
            return;
        }
        let live = self.live_for_others();
        for environment in &terms.before {
            let told = self.passed.get(environment);
            if told == Some(&live) || (told.is_none() && live.is_none()) {
                continue;
            }
            agenda.add(due(&self.passing, now, now, || Action::Pass {
                line: LineId {
                    environment: environment.clone(),
                    ..self.id.clone()
                },
                environment: environment.clone(),
                live: live.clone(),
                as_of: self.passed_at.after(TICK).max(now),
            }));
        }
    }

    /// Orders what waits, and asks for the runs of what is not built: a delivery may be lost.
    fn look_around(
        &self,
        repository: &RepositoryName,
        terms: &Terms,
        now: Timestamp,
        agenda: &mut Agenda,
    ) {
        for (commit, candidate) in &self.candidates {
            let compared = candidate.relation.as_ref().map(|(of, _)| of);
            let base = self.base().filter(|base| compared != Some(base));
            if let Some(base) = base.filter(|_| !self.is_again(commit)) {
                // What does not follow another one that waits is told as such as long as that waits.
                let beside = compared.is_some_and(|of| self.candidates.contains_key(of));
                if !beside {
                    agenda.add(self.compare(repository, base, commit, now));
                }
            }
            match self.standing(commit, candidate, terms, now) {
                Standing::Unbuilt(_) if terms.workflow.is_some() => {
                    let read = candidate.runs_read_at;
                    let at = read.map_or(candidate.since.after(FIRST_LOOK), |read| {
                        read.after(runs_pause(read.since(candidate.since)))
                    });
                    agenda.add(due(&self.reading, at, now, || Action::ReadRuns {
                        repository: repository.clone(),
                        commit: commit.clone(),
                    }));
                }
                Standing::Upstream(_, Some(until)) => agenda.add(Wish::At(until)),
                // Who wrote it is nobody who approves it.
                Standing::Unapproved { .. } | Standing::Unattributed(_) => {
                    let who = (commit, candidate);
                    if let Some((at, ask)) = self.ask_for_authors((repository, terms), who, now) {
                        agenda.add(due(&self.reading, at, now, || ask));
                    }
                }
                // What the branch lost would wait for ever.
                Standing::Upstream(_, None) if terms.source != Source::Promotion => {
                    let seen_at = candidate.checked_at.unwrap_or(candidate.since);
                    agenda.add(due(&self.reading, seen_at.after(STRAY_PAUSE), now, || {
                        self.check(repository, terms, commit, candidate)
                    }));
                }
                Standing::Unbuilt(_)
                | Standing::Upstream(_, None)
                | Standing::Unordered(_)
                | Standing::Diverged(_)
                | Standing::Unfounded(_)
                | Standing::Outrun(_)
                | Standing::Untested { .. }
                | Standing::Ready => {}
            }
        }
    }

    /// Whether the build of the commit is known to have succeeded.
    pub(super) fn is_built(&self, candidate: &Candidate, terms: &Terms) -> bool {
        matches!(candidate.build(&self.id, terms), Build::Succeeded(_))
    }
}

/// Between two looks whether what waits for another environment is still in what is tracked.
const STRAY_PAUSE: Duration = Duration::from_secs(3_600);

/// Deliveries tell of runs; they are asked for only after this long.
const FIRST_LOOK: Duration = Duration::from_secs(15);

/// Between two looks at the runs: more seldom the longer it takes, but never given up, since a run may need a person's leave.
pub(super) fn runs_pause(waiting_for: Duration) -> Duration {
    (waiting_for / 8).clamp(Duration::from_secs(15), Duration::from_secs(6 * 3_600))
}

/// The URL whose answer tells the health of the environment.
fn health_url(terms: &Terms) -> String {
    let url = terms.url.as_deref().unwrap_or_default();
    let path = terms.health.path.trim_start_matches('/');
    format!("{}/{path}", url.trim_end_matches('/'))
}

/// `action` at `at`, or when its effort allows it: what is given up is tried again every hour.
pub(super) fn due(
    effort: &Effort,
    at: Timestamp,
    now: Timestamp,
    action: impl FnOnce() -> Action,
) -> Wish {
    let allowed = effort
        .not_before_at_last()
        .map_or(at, |not_before| not_before.max(at));
    if allowed > now {
        Wish::At(allowed)
    } else {
        Wish::Act(action())
    }
}
