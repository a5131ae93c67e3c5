//! What follows from the state of a release line itself, whatever fact came last: commits that are not released any more, and how they
//! are kept.

use super::{
    Line, Phase, Relation,
    candidate::{Build, Candidate},
    state::{Ended, Report},
};
use crate::{CommitSha, Timestamp, release::SKIP};

impl Line {
    /// What follows from the state itself: commits that are not released any more.
    pub(super) fn settle(&mut self, at: Timestamp) {
        self.note_builds(at);
        self.note_offers(at);
        let skipped: Vec<CommitSha> = self.having(|candidate| candidate.skip);
        for commit in skipped {
            let reason = format!("the commit's message says {SKIP}");
            self.end_candidate(&commit, Phase::Cancelled, &reason, at);
        }
        if let Some(base) = self.base().cloned() {
            let overtaken = self.having(|candidate| {
                let is_behind = match &candidate.relation {
                    Some((of, Relation::Behind | Relation::Identical)) => *of == base,
                    Some((_, Relation::Ahead | Relation::Diverged)) | None => false,
                };
                is_behind || candidate.outrun_by.as_ref() == Some(&base)
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

    /// Keeps when the build of what waits was first seen to have succeeded.
    fn note_builds(&mut self, at: Timestamp) {
        let Some(terms) = &self.terms else {
            return;
        };
        for candidate in self.candidates.values_mut() {
            let is_built = matches!(candidate.build(&self.id, terms), Build::Succeeded(_));
            candidate.built_at = is_built.then(|| candidate.built_at.unwrap_or(at));
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
        let key = match newest {
            Some(run) => candidate.key(commit, run),
            None => candidate.renewed(commit.to_string()),
        };
        // What could not begin may be built anew, and goes again then.
        let build = newest
            .filter(|_| phase == Phase::Failed)
            .map(|run| (run.id, run.attempt));
        self.ended(Ended {
            key,
            commit: commit.clone(),
            title: candidate.title(),
            build,
            is_rollback: false,
            approved_by: Vec::new(),
            phase,
            reason: reason.to_owned(),
            instead: None,
            at,
            times: candidate.times(),
            url: None,
            report: candidate.report,
        });
        self.revive_what_gave_way_to(commit, at);
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
