//! How a release ends: live, failed, or taken back.

use super::{
    Asked, Failure, Kind, Line, Phase,
    fold::because,
    state::{Ended, Running, Verified},
};
use crate::{CommitSha, Timestamp, configuration::Rollback};

impl Verified {
    /// What Argo CD is asked for to go back to it, in the way in which it was released; none if that is not known.
    pub(super) fn way_back(&self) -> Option<Asked> {
        match &self.asked {
            Asked::Setting(_) | Asked::Commit(_) => Some(self.asked.clone()),
            Asked::Sync | Asked::History(_) => self.history.map(Asked::History),
        }
    }
}

impl Line {
    /// The release is live.
    pub(super) fn verify(&mut self, history: Option<u64>, at: Timestamp) {
        let Some(running) = self.running.take() else {
            return;
        };
        self.deployed = Some(running.commit.clone());
        self.is_unproven = false;
        self.announce_success(&running, at);
        match &running.kind {
            Kind::Deploy => {
                self.verified.push(Verified {
                    commit: running.commit.clone(),
                    title: running.title.clone(),
                    asked: running.asked.clone(),
                    application: running.application.clone(),
                    history,
                    at,
                    test: None,
                });
                let surplus = self.verified.len().saturating_sub(Self::VERIFIED_MAX);
                self.verified.drain(..surplus);
                let reason = "released and found healthy".to_owned();
                self.end(running, Phase::Live, reason, at);
            }
            Kind::Rollback { of, reason, by } => {
                let (of, reason) = (of.clone(), because(reason, by.as_deref()));
                self.gone_back(&running.commit, history, at);
                self.mark(of.as_deref(), Phase::RolledBack);
                // Again, if a person lifted the hold before it went back.
                self.hold_back(format!("it was taken back: {reason}"), at);
                let reason = format!("went back to {}: {reason}", running.commit.short());
                self.end(running, Phase::Live, reason, at);
            }
        }
    }

    /// What was verified after the release that is live again counts no more.
    fn gone_back(&mut self, commit: &CommitSha, history: Option<u64>, at: Timestamp) {
        let place = self
            .verified
            .iter()
            .rposition(|verified| verified.commit == *commit);
        self.verified.truncate(place.map_or(0, |place| place + 1));
        if let Some(verified) = self.verified.last_mut() {
            verified.at = at;
            verified.history = history.or(verified.history);
        }
    }

    pub(super) fn mark(&mut self, key: Option<&str>, phase: Phase) {
        let ended = self.ended.iter_mut().rev();
        if let Some(ended) = ended
            .filter(|ended| Some(ended.key.as_str()) == key)
            .find(|ended| ended.phase == Phase::RollingBack)
        {
            ended.phase = phase;
        }
    }

    /// Ends the release in hand badly, and decides whether the environment goes back by itself.
    pub(super) fn fail(&mut self, failure: Failure, at: Timestamp) {
        let Some(running) = self.running.take() else {
            return;
        };
        let reason = failure.reason().to_owned();
        if let Kind::Rollback { of, .. } = &running.kind {
            let of = of.clone();
            self.mark(of.as_deref(), Phase::Failed);
            let failed = format!("going back failed: {reason}");
            self.announce_failure(&running, &Failure::Artefact(failed.clone()), at);
            self.hold_back(failed, at);
            return self.end(running, Phase::Failed, reason, at);
        }
        if let Some(back) = &mut self.way_back {
            // A person wants further back, or to the same: that goes first, and takes this back too.
            back.of.get_or_insert_with(|| running.key.clone());
            return self.end(running, Phase::RollingBack, reason, at);
        }
        let phase = match self.way_back_from(&running, &failure) {
            Ok(to) => {
                let why = format!("{} failed: {reason}", running.commit.short());
                self.hold_back(format!("{why}; it was taken back"), at);
                self.take_back(to, Some(running.key.clone()), (why, None));
                (Phase::RollingBack, reason)
            }
            Err(None) => (Phase::Failed, reason),
            Err(Some(obstacle)) => (
                Phase::Failed,
                format!("{reason}. It is not taken back by itself: {obstacle}"),
            ),
        };
        self.announce_failure(&running, &failure, at);
        self.end(running, phase.0, phase.1, at);
    }

    /// What a failed release goes back to by itself; else why it does not, or nothing if that was never wanted.
    fn way_back_from(
        &self,
        running: &Running,
        failure: &Failure,
    ) -> Result<Verified, Option<String>> {
        let automatic = self
            .terms
            .as_ref()
            .is_some_and(|terms| terms.rollback == Rollback::Automatic);
        if !automatic {
            return Err(None);
        }
        let because = |reason: &str| Err(Some(reason.to_owned()));
        if let Failure::Infrastructure(_) = failure {
            return because("that says nothing of what was released");
        }
        let Some(last) = self.verified.last() else {
            return because("nothing was found healthy here before");
        };
        let is_here = last.application == running.application && last.asked.is_like(&running.asked);
        if !is_here || last.way_back().is_none() {
            return because("the last healthy release was made in another way or in another place");
        }
        Ok(last.clone())
    }

    /// Keeps a release that is over. `reason` is never empty.
    pub(super) fn end(&mut self, running: Running, phase: Phase, reason: String, at: Timestamp) {
        let times = running.times();
        let mut report = running.report;
        // What was given up about it as it was may work for what it is now.
        report.effort.start_afresh();
        self.ended(Ended {
            is_rollback: running.kind != Kind::Deploy,
            key: running.key,
            commit: running.commit,
            title: running.title,
            build: running.build,
            approved_by: running.approved_by,
            phase,
            reason,
            instead: None,
            at,
            times,
            url: self.terms.as_ref().and_then(|terms| terms.url.clone()),
            report,
        });
    }
}
