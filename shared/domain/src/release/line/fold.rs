//! How the facts of a release line add up: what deliveries, people and GitHub tell. What a release itself leads to is in
//! `progress`.

use super::{
    Fact, Line, Phase, Relation, Upstream,
    state::{Candidate, Ended, Hold, Passing, Report, WayBack},
};
use crate::{
    CommitSha, Timestamp,
    preview::{RunProgress, WorkflowRun},
    release::{Name, Push, Refusal, SKIP, judge, judge_attempt},
};

/// Who holds an environment after a rollback.
pub(super) const SLIPWAY: &str = "Slipway";

impl Line {
    pub(super) fn fold(&mut self, fact: &Fact, at: Timestamp) {
        match fact {
            Fact::Configured {
                repository,
                terms,
                as_of,
            } => {
                if *as_of >= self.terms_as_of {
                    self.repository = repository.clone().or(self.repository.take());
                    self.terms = terms.as_deref().cloned();
                    self.terms_as_of = *as_of;
                }
            }
            Fact::Pushed { push } => self.pushed(push, at),
            Fact::RunSeen { run } => self.run_seen(run, at),
            Fact::UpstreamLive {
                environment,
                live,
                as_of,
            } => self.upstream_live(environment, live.as_ref(), *as_of, at),
            Fact::RunsRead { commit, runs } => {
                self.reading.succeed();
                self.runs_read(commit, runs, at);
            }
            Fact::Compared {
                base,
                head,
                relation,
            } => self.compared(base, head, *relation, at),
            Fact::Checked {
                commit,
                runs,
                missing,
                title,
                skip,
            } => {
                self.reading.succeed();
                self.runs_read(commit, runs, at);
                self.checked(commit, missing.as_deref(), at);
                if let Some(candidate) = self.candidates.get_mut(commit) {
                    candidate.title = title.clone().or(candidate.title.take());
                    candidate.skip |= skip;
                }
            }
            Fact::NotRead { trouble } => self.reading.fail(trouble, at, self.seed()),
            Fact::Passed { environment, live } => {
                self.passing.succeed();
                self.passed.insert(environment.clone(), live.clone());
            }
            Fact::NotPassed { trouble } => self.passing.fail(trouble, at, self.seed()),
            Fact::HoldLifted { .. } => self.hold = None,
            Fact::Locked { by, reason } => self.locked(by, reason, at),
            Fact::Unlocked { .. } => self.lock = None,
            Fact::RollbackAsked { back, by, reason } => {
                self.rollback_asked(*back, (by, reason), at)
            }
            Fact::DivergedAllowed { commit } => {
                let base = self.base().cloned();
                if let Some(candidate) = self.candidates.get_mut(commit) {
                    candidate.diverged_allowed = true;
                    // How it stands to another one that waits is no longer in its way; how it stands to what is there may be.
                    candidate
                        .relation
                        .take_if(|(of, _)| base.as_ref() != Some(of));
                }
            }
            Fact::RetryAsked => self.start_afresh(),
            Fact::Begun {
                key,
                kind,
                commit,
                asked,
            } => self.begin(key, kind, commit, asked, at),
            Fact::NotBegun { commit, reason } => {
                self.end_candidate(commit, Phase::Failed, reason, at);
            }
            Fact::Step { key, step } => self.fold_step(key, step, at),
            Fact::Report { key, report } => self.fold_report(key, report, at),
        }
        self.settle(at);
    }

    /// Whether a release of the commit is under way or over, so that nothing new follows from a push of it.
    fn is_dealt_with(&self, commit: &CommitSha) -> bool {
        self.running
            .as_ref()
            .is_some_and(|running| running.commit == *commit)
            || self.ended.iter().any(|ended| ended.commit == *commit)
    }

    fn candidate(&mut self, commit: &CommitSha, at: Timestamp) -> &mut Candidate {
        let candidate = self
            .candidates
            .entry(commit.clone())
            .or_insert_with(|| Candidate::new(at));
        candidate.since = candidate.since.min(at);
        candidate
    }

    fn pushed(&mut self, push: &Push, at: Timestamp) {
        if self.is_dealt_with(&push.commit) {
            return;
        }
        let candidate = self.candidate(&push.commit, at);
        candidate.skip |= push.skip;
        candidate.push = candidate.push.take().max(Some(push.clone()));
        self.reading.start_afresh();
    }

    fn run_seen(&mut self, run: &WorkflowRun, at: Timestamp) {
        let commit = &run.head_commit;
        if self.is_dealt_with(commit) && !self.is_new_build(run) {
            return;
        }
        let trusted = |line: &Self| {
            let terms = line.terms.as_ref();
            terms.is_none_or(|terms| judge(run, line.id.repository, terms).is_ok())
        };
        // A run that may not be trusted makes no candidate; one that is known learns of it all the same.
        if !self.candidates.contains_key(commit) && !trusted(self) {
            return;
        }
        let known = self.candidate(commit, at).runs.get(&run.id);
        if let Err(refusal) = judge_attempt(run, commit, known) {
            self.refuse(run, refusal);
            return;
        }
        if known.is_none_or(|known| known.precedes(run)) {
            self.candidate(commit, at).runs.insert(run.id, run.clone());
            self.reading.start_afresh();
        }
    }

    /// Whether `run` built the image of a commit anew after its release failed: then it is released anew.
    fn is_new_build(&self, run: &WorkflowRun) -> bool {
        let is_running = self
            .running
            .as_ref()
            .is_some_and(|running| running.commit == run.head_commit);
        let mut of_commit = self.ended.iter().rev();
        let last = of_commit.find(|ended| ended.commit == run.head_commit);
        let failed = last.filter(|ended| match ended.phase {
            Phase::Failed | Phase::RolledBack => true,
            Phase::WaitingForBuild
            | Phase::WaitingForApproval
            | Phase::Queued
            | Phase::Syncing
            | Phase::Verifying
            | Phase::Live
            | Phase::RollingBack
            | Phase::Superseded
            | Phase::Cancelled => false,
        });
        let newer = failed
            .and_then(|ended| ended.build)
            .is_some_and(|build| build < (run.id, run.attempt));
        !is_running && newer && run.progress == RunProgress::Succeeded
    }

    fn refuse(&mut self, run: &WorkflowRun, refusal: Refusal) {
        let entry = (run.id, run.attempt, refusal);
        if !self.refused.contains(&entry) {
            self.refused.push(entry);
            let surplus = self.refused.len().saturating_sub(Self::REFUSED_MAX);
            self.refused.drain(..surplus);
        }
    }

    fn runs_read(&mut self, commit: &CommitSha, runs: &[WorkflowRun], at: Timestamp) {
        let Some(candidate) = self.candidates.get_mut(commit) else {
            return;
        };
        candidate.runs_read_at = Some(at);
        for run in runs.iter().filter(|run| run.head_commit == *commit) {
            let known = candidate.runs.get(&run.id);
            if known.is_none_or(|known| known.precedes(run)) {
                candidate.runs.insert(run.id, run.clone());
            }
        }
        // What GitHub shows no longer is gone, whatever a delivery said.
        candidate
            .runs
            .retain(|id, _| runs.iter().any(|run| run.id == *id));
    }

    fn compared(&mut self, base: &CommitSha, head: &CommitSha, relation: Relation, at: Timestamp) {
        self.reading.succeed();
        if self.base() != Some(base) && self.candidates.contains_key(base) {
            self.rivals_compared(base, head, relation, at);
        } else if let Some(candidate) = self.candidates.get_mut(head) {
            candidate.relation = Some((base.clone(), relation));
        }
    }

    /// Of two commits that both could go next the newer one does.
    fn rivals_compared(
        &mut self,
        base: &CommitSha,
        head: &CommitSha,
        relation: Relation,
        at: Timestamp,
    ) {
        let may_diverge = self
            .terms
            .as_ref()
            .is_some_and(|terms| terms.allow_diverged)
            || self
                .candidates
                .get(head)
                .is_some_and(|candidate| candidate.diverged_allowed);
        let (older, newer) = match relation {
            Relation::Ahead => (base, head),
            Relation::Behind | Relation::Identical => (head, base),
            Relation::Diverged if may_diverge => (base, head),
            Relation::Diverged => {
                if let Some(candidate) = self.candidates.get_mut(head) {
                    candidate.relation = Some((base.clone(), relation));
                }
                return;
            }
        };
        let reason = format!("{} is newer and goes instead", newer.short());
        self.end_candidate(older, Phase::Superseded, &reason, at);
    }

    fn checked(&mut self, commit: &CommitSha, missing: Option<&str>, at: Timestamp) {
        match missing {
            Some(reason) => self.end_candidate(commit, Phase::Cancelled, reason, at),
            None => {
                if let Some(candidate) = self.candidates.get_mut(commit) {
                    candidate.checked_at = Some(at);
                }
            }
        }
    }

    fn upstream_live(
        &mut self,
        environment: &Name,
        live: Option<&Upstream>,
        as_of: Timestamp,
        at: Timestamp,
    ) {
        let known = self.upstream.get(environment);
        if known.is_some_and(|known| known.as_of > as_of) {
            return;
        }
        let passing = Passing {
            live: live.cloned(),
            as_of,
        };
        self.upstream.insert(environment.clone(), passing);
        if let Some(live) = live.filter(|live| !self.is_dealt_with(&live.commit)) {
            let candidate = self.candidate(&live.commit, at);
            candidate.title.get_or_insert_with(|| live.title.clone());
        }
    }

    fn locked(&mut self, by: &str, reason: &str, at: Timestamp) {
        self.lock = Some(Hold {
            since: at,
            by: by.to_owned(),
            reason: reason.to_owned(),
        });
    }

    /// Goes back by a person's word: from what is there now to an earlier verified release.
    fn rollback_asked(&mut self, back: u32, (by, reason): (&str, &str), at: Timestamp) {
        let is_live = self
            .verified
            .last()
            .is_some_and(|last| self.deployed.as_ref() == Some(&last.commit));
        // If what was given to Argo CD last is not verified, the last verified one is one back.
        let steps = usize::try_from(back).unwrap_or(usize::MAX);
        let steps = if is_live {
            steps
        } else {
            steps.saturating_sub(1)
        };
        let place = self.verified.len().checked_sub(steps.saturating_add(1));
        let Some(to) = place.and_then(|place| self.verified.get(place)).cloned() else {
            return;
        };
        let reason = format!("{by} asked for it: {reason}");
        self.hold_back(format!("it was taken back: {reason}"), at);
        self.take_back(to, None, reason);
    }

    /// Plans the way back to `to`; no way back is taken back itself.
    pub(super) fn take_back(
        &mut self,
        to: super::state::Verified,
        of: Option<String>,
        reason: String,
    ) {
        if let Some(asked) = to.way_back() {
            self.way_back = Some(WayBack {
                to,
                asked,
                of,
                reason,
            });
        }
    }

    /// Holds the environment until a person lifts it. The first reason stays.
    pub(super) fn hold_back(&mut self, reason: String, at: Timestamp) {
        self.hold.get_or_insert_with(|| Hold {
            since: at,
            by: SLIPWAY.to_owned(),
            reason,
        });
    }

    pub(super) fn start_afresh(&mut self) {
        self.reading.start_afresh();
        self.passing.start_afresh();
        if let Some(running) = &mut self.running {
            running.effort.start_afresh();
            running.report.effort.start_afresh();
        }
        for candidate in self.candidates.values_mut() {
            candidate.report.effort.start_afresh();
        }
        for ended in &mut self.ended {
            ended.report.effort.start_afresh();
        }
    }

    /// What follows from the state itself: commits that are not released any more.
    pub(super) fn settle(&mut self, at: Timestamp) {
        let skipped: Vec<CommitSha> = self.having(|candidate| candidate.skip);
        for commit in skipped {
            let reason = format!("the commit's message says {SKIP}");
            self.end_candidate(&commit, Phase::Cancelled, &reason, at);
        }
        if let Some(base) = self.base().cloned() {
            let overtaken = self.having(|candidate| match &candidate.relation {
                Some((of, Relation::Behind | Relation::Identical)) => *of == base,
                Some((_, Relation::Ahead | Relation::Diverged)) | None => false,
            });
            for commit in overtaken {
                let reason = if commit == base {
                    format!("{} is there already", base.short())
                } else {
                    format!("{} contains it already", base.short())
                };
                self.end_candidate(&commit, Phase::Superseded, &reason, at);
            }
        }
        while self.candidates.len() > Self::CANDIDATES_MAX {
            let oldest = self
                .candidates
                .iter()
                .min_by(|(left, one), (right, other)| one.order(left).cmp(&other.order(right)))
                .map(|(commit, _)| commit.clone());
            let Some(oldest) = oldest else { break };
            let reason = format!("more than {} commits wait", Self::CANDIDATES_MAX);
            self.end_candidate(&oldest, Phase::Superseded, &reason, at);
        }
    }

    fn having(&self, holds: impl Fn(&Candidate) -> bool) -> Vec<CommitSha> {
        let all = self.candidates.iter();
        all.filter(|(_, candidate)| holds(candidate))
            .map(|(commit, _)| commit.clone())
            .collect()
    }

    /// Ends what waits. `reason` is never empty.
    pub(super) fn end_candidate(
        &mut self,
        commit: &CommitSha,
        phase: Phase,
        reason: &str,
        at: Timestamp,
    ) {
        let Some(candidate) = self.candidates.remove(commit) else {
            return;
        };
        let newest = candidate.runs.values().next_back();
        self.ended(Ended {
            key: newest.map_or_else(|| commit.to_string(), |run| Candidate::key(commit, run)),
            commit: commit.clone(),
            title: candidate.title(),
            build: None,
            is_rollback: false,
            phase,
            reason: reason.to_owned(),
            at,
            report: candidate.report,
        });
    }

    /// Keeps a release that is over. One whose deployment on GitHub still says something else is dropped last.
    pub(super) fn ended(&mut self, ended: Ended) {
        self.ended.push(ended);
        while self.ended.len() > Self::ENDED_MAX {
            let unreported =
                |report: &Report| report.deployment.is_some() && !report.effort.is_exhausted();
            let dispensable = self
                .ended
                .iter()
                .position(|ended| !unreported(&ended.report) || ended.is_reported());
            self.ended.remove(dispensable.unwrap_or(0));
        }
    }
}
