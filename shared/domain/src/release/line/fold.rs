//! How the facts of a release line add up: what deliveries, people and GitHub tell. What a release itself leads to is in
//! `progress`.

use super::{
    Fact, Line, Phase, Relation, Upstream,
    candidate::Candidate,
    plan::TICK,
    state::{Hold, Passing, WayBack},
};
use crate::{
    CommitSha, Timestamp,
    preview::{RunProgress, WorkflowRun},
    release::{Name, Push, Refusal, judge, judge_attempt},
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
            } => self.configured(repository.as_ref(), terms.as_deref(), *as_of, at),
            Fact::Pushed { push } => self.pushed(push, at),
            Fact::RunSeen { run } => self.run_seen(run, at),
            Fact::ImageReported { image } => self.images.keep(image.clone()),
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
                is_head,
                writers,
            } => {
                self.reading.succeed();
                self.runs_read(commit, runs, at);
                self.checked(commit, missing.as_deref(), at);
                if let Some(candidate) = self.candidates.get_mut(commit) {
                    candidate.is_head = *is_head;
                    candidate.title = title.clone().or(candidate.title.take());
                    candidate.skip |= skip;
                    if let Some(writers) = writers {
                        candidate.authorship.told_own(writers, at);
                    }
                }
            }
            Fact::Brought {
                commit,
                live,
                brought,
            } => self.brought((commit, live), brought, at),
            Fact::WritersRead {
                commit,
                live,
                of,
                writers,
            } => self.writers_read(commit, (live, of), writers, at),
            Fact::NotRead { trouble } => self.reading.fail(trouble, at, self.seed()),
            Fact::Test { number, test } => self.fold_test(*number, test, at),
            Fact::TestRunSeen { run } => self.test_run_seen(*run, at),
            Fact::Passed { environment, live } => {
                self.passing.succeed();
                self.passed.insert(environment.clone(), live.clone());
                self.passed_at = self.passed_at.after(TICK).max(at);
            }
            Fact::NotPassed { trouble } => {
                self.passing.fail(trouble, at, self.seed());
                self.passed_at = self.passed_at.after(TICK).max(at);
            }
            Fact::Announced { number } => self.announced(*number),
            Fact::NotAnnounced { trouble } => self.announcing.fail(trouble, at, self.seed()),
            Fact::HoldLifted { .. } => self.hold = None,
            Fact::Locked { by, reason } => self.locked(by, reason, at),
            Fact::Unlocked { .. } => self.lock = None,
            Fact::RollbackAsked { back, by, reason } => {
                self.rollback_asked(*back, (by, reason), at)
            }
            Fact::DivergedAllowed { commit } => self.diverged_allowed(commit),
            Fact::RetryAsked => {
                self.start_afresh();
                self.test_anew();
                self.revive(at);
            }
            Fact::Approved {
                commit,
                by,
                account,
                of,
            } => self.approved(commit, (by, account.as_ref()), of.as_ref()),
            Fact::ReleaseAsked { commit } => self.release_asked(commit, at),
            Fact::Wished { id, to, wish } => self.wished(id, to.as_ref(), wish, at),
            Fact::WindowsRead {
                application,
                windows,
            } => self.windows_told(application, Some(windows), at),
            Fact::WindowsNotRead {
                application,
                trouble,
            } => self.windows_not_told(application, trouble, at),
            Fact::Begun {
                key,
                kind,
                commit,
                asked,
            } => self.begin(key, kind, commit, asked, at),
            Fact::NotBegun { commit, reason } => {
                self.announce_not_begun(commit, reason, at);
                self.end_candidate(commit, Phase::Failed, reason, at);
            }
            Fact::Step { key, step } => self.fold_step(key, step, at),
            Fact::Report { key, report } => self.fold_report(key, report, at),
        }
        self.settle(at);
        self.announce_waiting(at);
    }

    /// Whether a release of the commit is under way or over, so that nothing new follows from what happened to it at `since`. One
    /// that was set aside may be wanted again later: the branch may have lost it and got it back.
    fn is_dealt_with(&self, commit: &CommitSha, since: Option<Timestamp>) -> bool {
        self.running
            .as_ref()
            .is_some_and(|running| running.commit == *commit)
            || self.ended.iter().any(|ended| {
                let is_later = since.is_some_and(|since| since > ended.at);
                ended.commit == *commit && !(ended.was_set_aside() && is_later)
            })
    }

    pub(super) fn candidate(&mut self, commit: &CommitSha, at: Timestamp) -> &mut Candidate {
        let is_new = !self.candidates.contains_key(commit);
        let is_again = is_new && self.ended.iter().any(|ended| ended.commit == *commit);
        self.renewed += u64::from(is_again);
        let renewal = if is_again { self.renewed } else { 0 };
        let candidate = self
            .candidates
            .entry(commit.clone())
            .or_insert_with(|| Candidate::new(at, renewal));
        candidate.since = candidate.since.min(at);
        candidate
    }

    fn pushed(&mut self, push: &Push, at: Timestamp) {
        if self.is_dealt_with(&push.commit, Some(push.pushed_at)) {
            return;
        }
        let candidate = self.candidate(&push.commit, at);
        candidate.skip |= push.skip;
        candidate.push = candidate.push.take().max(Some(push.clone()));
        candidate.is_head = None;
        self.reading.start_afresh();
    }

    fn run_seen(&mut self, run: &WorkflowRun, at: Timestamp) {
        let commit = &run.head_commit;
        if self.is_dealt_with(commit, None) && !self.is_new_build(run) {
            return;
        }
        let trusted = |line: &Self| {
            let terms = line.terms.as_ref();
            terms.is_none_or(|terms| judge(run, line.id.repository, terms).is_ok())
        };
        if !trusted(self) {
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
        let (repository, terms) = (self.id.repository, self.terms.as_ref());
        let Some(candidate) = self.candidates.get_mut(commit) else {
            return;
        };
        candidate.runs_read_at = Some(at);
        let trusted = |run: &&WorkflowRun| {
            run.head_commit == *commit
                && terms.is_none_or(|terms| judge(run, repository, terms).is_ok())
        };
        for run in runs.iter().filter(trusted) {
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
        let is_base = self.base() == Some(base);
        if let Some(candidate) = self.candidates.get_mut(head).filter(|_| is_base) {
            candidate.relation = Some((base.clone(), relation));
        }
        if self.candidates.contains_key(base) {
            self.rivals_compared(base, head, relation, at);
        }
    }

    /// Of two commits that both could go next the newer one does. The older one waits: should the newer one not be released after
    /// all, it may go.
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
            Relation::Diverged if may_diverge => {
                // The order is that of their pushes alone, and no chain of such orders may become a circle.
                let reason = format!("{} was pushed later and goes instead", head.short());
                return self.end_candidate(base, Phase::Superseded, &reason, at);
            }
            Relation::Diverged => {
                if let Some(candidate) = self.candidates.get_mut(head) {
                    candidate.relation = Some((base.clone(), relation));
                }
                return;
            }
        };
        if let Some(candidate) = self.candidates.get_mut(older) {
            candidate.outrun_by = Some(newer.clone());
        }
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
        if let Some(live) = live {
            self.moved_on(environment, &live.commit, at);
        }
        if let Some(live) = live.filter(|live| !self.is_dealt_with(&live.commit, Some(live.since)))
        {
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
        if self.is_going_back() {
            return;
        }
        let to = match self.way_back_by(back) {
            Ok(to) => to,
            Err(obstacle) => {
                let refused = format!("not taken back, though {by} asked for it: {obstacle}");
                self.refused_wish = Some(refused);
                return;
            }
        };
        let because = because(reason, Some(by));
        self.hold_back(format!("it was taken back: {because}"), at);
        self.take_back(to, None, (reason.to_owned(), Some(by.to_owned())));
    }

    /// Plans the way back to `to`, with its reason and who asked for it; no way back is taken back itself.
    pub(super) fn take_back(
        &mut self,
        to: super::state::Verified,
        of: Option<String>,
        (reason, by): (String, Option<String>),
    ) {
        if let Some(asked) = to.way_back() {
            self.way_back = Some(WayBack {
                to,
                asked,
                of,
                reason,
                by,
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
        self.windows = None;
        self.reading.start_afresh();
        self.passing.start_afresh();
        self.announcing.start_afresh();
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
}

/// Why it goes back, for people.
pub(super) fn because(reason: &str, by: Option<&str>) -> String {
    match by {
        Some(by) => format!("{by} asked for it: {reason}"),
        None => reason.to_owned(),
    }
}
