//! What is decided anew: when the configuration says something else of the environment, and when a person says so.

use super::{
    Failure, Line, Phase, Relation,
    state::{Ended, Verified, WayBack},
};
use crate::{
    CommitSha, RepositoryName, Timestamp,
    release::{Name, Source, Terms},
};

/// Why no way leads back to a release.
const ELSEWHERE: &str =
    "was released in another way or in another place than the configuration says now";

impl Verified {
    /// Whether a release by these terms is made in the same way, and in the same place of the same application.
    fn fits(&self, terms: &Terms) -> bool {
        let asked = terms.asked(&self.commit, None);
        self.application == terms.application()
            && asked.is_ok_and(|asked| self.asked.is_like(&asked))
    }
}

impl Ended {
    /// Whether something else was released instead of it, or nothing: that says nothing of what it is.
    pub(super) fn was_set_aside(&self) -> bool {
        match self.phase {
            Phase::Superseded | Phase::Cancelled => true,
            Phase::WaitingForBuild
            | Phase::WaitingForApproval
            | Phase::Queued
            | Phase::Syncing
            | Phase::Verifying
            | Phase::Live
            | Phase::Failed
            | Phase::RollingBack
            | Phase::RolledBack => false,
        }
    }
}

impl Line {
    /// What the configuration says is this; none if it does not name the environment.
    pub(super) fn configured(
        &mut self,
        repository: Option<&RepositoryName>,
        terms: Option<&Terms>,
        as_of: Timestamp,
        at: Timestamp,
    ) {
        if as_of < self.terms_as_of {
            return;
        }
        self.repository = repository.cloned().or(self.repository.take());
        self.terms = terms.cloned();
        self.windows = None;
        self.terms_as_of = as_of;
        self.known_since.get_or_insert(at);
        self.moved(at);
    }

    /// Ends what goes on in another place than the configuration names: neither its application nor its URL is looked at any more.
    fn moved(&mut self, at: Timestamp) {
        let terms = self.terms.as_ref();
        let application = terms.and_then(Terms::application);
        let stays = |back: &WayBack| terms.is_some_and(|terms| back.to.fits(terms));
        let names = match terms {
            Some(_) => "names another Argo CD application now",
            None => "names this environment no longer",
        };
        if let Some(back) = self.way_back.take_if(|back| !stays(back)) {
            self.mark(back.of.as_deref(), Phase::Failed);
            let refused = format!("not taken back: {} {ELSEWHERE}", back.to.commit.short());
            self.refused_wish = Some(refused);
        }
        let running = self.running.as_ref();
        if running.is_some_and(|running| running.application != application) {
            let reason = format!(
                "the configuration {names}, and what becomes of this release is not followed"
            );
            self.fail(Failure::Infrastructure(reason), at);
        }
    }

    /// The release `back` steps back, if a way leads there; else for people why none does.
    pub(super) fn way_back_to(&self, to: Option<Verified>, back: u32) -> Result<Verified, String> {
        let Some(to) = to else {
            let known = match self.verified.len() {
                0 => "no release is".to_owned(),
                1 => "only 1 release is".to_owned(),
                count => format!("only {count} releases are"),
            };
            return Err(format!(
                "{known} known to have been healthy, and none is {back} back"
            ));
        };
        let terms = self.terms.as_ref();
        if !terms.is_some_and(|terms| to.fits(terms)) {
            return Err(format!("{} {ELSEWHERE}", to.commit.short()));
        }
        match to.way_back() {
            Some(_) => Ok(to),
            None => Err(format!(
                "Argo CD's deployment of {} is not known",
                to.commit.short()
            )),
        }
    }

    /// A person lets a commit go on that does not follow what is there.
    pub(super) fn diverged_allowed(&mut self, commit: &CommitSha) {
        let base = self.base().cloned();
        if let Some(candidate) = self.candidates.get_mut(commit) {
            candidate.diverged_allowed = true;
            // How it stands to another one that waits is no longer in its way; how it stands to what is there may be.
            candidate.relation.take_if(|(of, relation)| {
                *relation == Relation::Diverged && base.as_ref() != Some(of)
            });
        }
    }

    /// A person wants what was given to Argo CD last, or was to be, to be released again: it failed, or went somewhere else.
    pub(super) fn revive(&mut self, at: Timestamp) {
        let again = self.revivable();
        if let Some((commit, title)) = again.map(|it| (it.commit.clone(), it.title.clone())) {
            let candidate = self.candidate(&commit, at);
            candidate.title.get_or_insert(title);
            self.reading.start_afresh();
        }
    }

    /// The release that is over and would be made again if a person asked for that; none if nothing would.
    pub(super) fn revivable(&self) -> Option<&Ended> {
        if self.running.is_some() || self.live().is_some() {
            return None;
        }
        let newest = self.ended.iter().rev().find(|ended| !ended.was_set_aside());
        newest.filter(|ended| match ended.phase {
            Phase::Failed | Phase::Live => !ended.is_rollback,
            Phase::WaitingForBuild
            | Phase::WaitingForApproval
            | Phase::Queued
            | Phase::Syncing
            | Phase::Verifying
            | Phase::RollingBack
            | Phase::RolledBack
            | Phase::Superseded
            | Phase::Cancelled => false,
        })
    }

    /// Another environment runs `live` by now: what was known only because it ran there before, and runs in no other one that comes before
    /// this, waits for nothing that could come. Should it run there again, it is told anew.
    pub(super) fn moved_on(&mut self, environment: &Name, live: &CommitSha, at: Timestamp) {
        let promoted = |terms: &&Terms| terms.source == Source::Promotion;
        let Some(terms) = self.terms.as_ref().filter(promoted) else {
            return;
        };
        let runs = |commit: &CommitSha| {
            let passing = terms.after.iter().filter_map(|it| self.upstream.get(it));
            let mut there = passing.filter_map(|passing| passing.live.as_ref());
            there.any(|there| there.commit == *commit)
        };
        let left: Vec<CommitSha> = self
            .candidates
            .iter()
            .filter(|(commit, candidate)| {
                *commit != live && candidate.push.is_none() && !runs(commit)
            })
            .map(|(commit, _)| commit.clone())
            .collect();
        for commit in left {
            let reason = format!("{environment} runs {} by now", live.short());
            self.end_candidate(&commit, Phase::Superseded, &reason, at);
        }
    }

    /// Whether nothing newer than the commit can be there though nothing is known of what is: it was pushed since the environment
    /// is known, or is the head of its branch, or a person lets it go. Why not, for people, if it is not.
    pub(super) fn unfounded(
        &self,
        candidate: &super::candidate::Candidate,
        terms: &Terms,
    ) -> Option<String> {
        let is_promoted = terms.source == Source::Promotion || !terms.after.is_empty();
        let pushed = candidate.push.as_ref().map(|push| push.pushed_at);
        let is_new = pushed.is_some_and(|pushed| {
            let known = self.known_since;
            known.is_some_and(|known| pushed.after(super::standing::FIRST_PUSH) >= known)
        });
        // What is renewed was found to be new enough before.
        let may_go = is_promoted || is_new || candidate.renewal > 0 || candidate.diverged_allowed;
        (!may_go && candidate.is_head == Some(false)).then(|| {
            let what = match &terms.source {
                Source::Branch(_) => format!("this is not the head of {}", terms.source),
                Source::Tag(_) | Source::Promotion => "nobody told of its push".to_owned(),
            };
            format!("nothing is known of what runs here, and {what}: a person has to allow it")
        })
    }
}
