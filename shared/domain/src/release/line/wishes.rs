//! Wishes that may come twice: a person's word that was handed over by somebody who may die in the middle of it, and what people
//! mean who name a commit and an environment and leave the rest to the line.

use super::{Fact, Hold, Intervention, Line, Phase, standing::Standing};
use crate::{CommitSha, Timestamp};

impl Line {
    /// So many wishes are remembered, so that none is taken in twice.
    const WISHES_MAX: usize = 64;

    /// Takes in a wish that is not known yet. A way back is only taken to where whoever asked was told that it leads.
    pub(super) fn wished(&mut self, id: &str, to: Option<&CommitSha>, wish: &Fact, at: Timestamp) {
        if self.wishes.iter().any(|known| known == id) {
            return;
        }
        self.wishes.push(id.to_owned());
        let surplus = self.wishes.len().saturating_sub(Self::WISHES_MAX);
        self.wishes.drain(..surplus);
        if let (Fact::RollbackAsked { back, by, .. }, Some(to)) = (wish, to) {
            let there = self.way_back_by(*back).ok();
            if there.as_ref().is_some_and(|there| there.commit != *to) {
                self.refused_wish = Some(format!(
                    "not taken back to {}, though {by} asked for it: something else was released in the meantime",
                    to.short()
                ));
                return;
            }
        }
        self.fold(wish, at);
    }

    /// The release that is `back` verified ones back from what is there. An error says for people why there is none.
    pub fn target_of(&self, back: u32) -> Result<(CommitSha, String), String> {
        self.way_back_by(back).map(|to| (to.commit, to.title))
    }

    /// The commits that wait here, each with its title: the newest first.
    pub fn waiting_commits(&self) -> Vec<(CommitSha, String)> {
        let mut waiting: Vec<_> = self.candidates.iter().collect();
        waiting.sort_by(|(left, one), (right, other)| other.order(right).cmp(&one.order(left)));
        let told = waiting
            .into_iter()
            .map(|(commit, candidate)| (commit.clone(), candidate.title()));
        told.collect()
    }

    /// All commits of which a release waits, is being made, or is kept though it is over; each once.
    pub fn known_commits(&self) -> Vec<CommitSha> {
        let waiting = self.candidates.keys();
        let running = self.running.iter().map(|running| &running.commit);
        let over = self.ended.iter().map(|ended| &ended.commit);
        let mut known: Vec<CommitSha> = waiting.chain(running).chain(over).cloned().collect();
        known.sort_unstable();
        known.dedup();
        known
    }

    /// When a release last began or came to its end here; none if none did.
    pub fn moved_at(&self) -> Option<Timestamp> {
        let begun = self.running.iter().map(|running| running.begun_at);
        let over = self.ended.iter().filter(|ended| !ended.was_set_aside());
        begun.chain(over.map(|ended| ended.at)).max()
    }

    /// How many wishes that may come twice are remembered.
    #[cfg(test)]
    pub(in crate::release) fn wishes_known(&self) -> u64 {
        self.wishes.len() as u64
    }

    /// Why nothing begins by itself: since it is locked, or held.
    pub fn is_kept_from_releasing(&self) -> Option<String> {
        let told = |how: &str, hold: &Hold| format!("it is {how} by {}: {}", hold.by, hold.reason);
        let lock = self.lock.as_ref().map(|lock| told("locked", lock));
        lock.or_else(|| self.hold.as_ref().map(|hold| told("held", hold)))
    }

    /// Who locked it, and why; none if nobody did.
    pub fn lock(&self) -> Option<&Hold> {
        self.lock.as_ref()
    }

    /// Why it is held after a way back; none if it is not.
    pub fn hold(&self) -> Option<&Hold> {
        self.hold.as_ref()
    }

    /// How many approvals the commit has here, and how many it needs.
    pub fn approvals_of(&self, commit: &CommitSha) -> (usize, u32) {
        let candidate = self.candidates.get(commit);
        let given = candidate.map_or(0, |candidate| self.approvers(commit, candidate).len());
        (
            given,
            self.terms.as_ref().map_or(0, |terms| terms.approvals),
        )
    }

    /// What has the commit go on that a person wants to be released. An error says for people why nothing would.
    pub fn intervention_to_deploy(
        &self,
        commit: &CommitSha,
        now: Timestamp,
    ) -> Result<Intervention, String> {
        let short = commit.short();
        let Some(terms) = &self.terms else {
            return Err("the configuration names this environment no longer".to_owned());
        };
        if self.is_going_back() {
            return Err("it is being taken back".to_owned());
        }
        let is_running = |running: &super::state::Running| running.commit == *commit;
        if self.running.as_ref().is_some_and(is_running) {
            return Err(format!("{short} is being released already"));
        }
        if self.live().is_some_and(|live| live.commit == *commit) {
            return Err(format!("{short} is live already"));
        }
        if let Some(reason) = self.is_kept_from_releasing() {
            return Err(reason);
        }
        let Some(candidate) = self.candidates.get(commit) else {
            return self.revival_of(commit);
        };
        match self.standing(commit, candidate, terms, now) {
            Standing::Unbuilt(reason)
            | Standing::Upstream(reason, _)
            | Standing::Untested { reason, .. } => Err(reason),
            Standing::Unapproved { needed, given } => {
                Err(format!("{short} has {} of {needed} approvals", given.len()))
            }
            Standing::Unattributed(reason) => Err(reason),
            Standing::Outrun(newer) => Err(format!(
                "{} contains {short}, waits too and goes first",
                newer.short()
            )),
            Standing::Diverged(_) | Standing::Unfounded(_) => Ok(Intervention::AllowDiverged {
                commit: commit.clone(),
            }),
            Standing::Unordered(_) | Standing::Ready => Ok(Intervention::Retry {
                commit: Some(commit.clone()),
            }),
        }
    }

    /// A person has the commit go on, and nothing else: it is judged as it was when they were answered, and what was decided since goes first.
    pub(super) fn release_asked(&mut self, commit: &CommitSha, at: Timestamp) {
        let judged = self.intervention_to_deploy(commit, at);
        let refused = match judged {
            Ok(Intervention::Retry { .. }) if self.candidates.contains_key(commit) => {
                self.windows = None;
                return self.reading.start_afresh();
            }
            Ok(Intervention::Retry { .. }) => return self.revive(at),
            Ok(_) => "it does not follow what is there by now".to_owned(),
            Err(reason) => reason,
        };
        let short = commit.short();
        self.refused_wish = Some(format!(
            "{short} was not tried again, though a person asked for it: {refused}"
        ));
    }

    /// What has a commit released again whose release is over.
    fn revival_of(&self, commit: &CommitSha) -> Result<Intervention, String> {
        let short = commit.short();
        if self
            .revivable()
            .is_some_and(|ended| ended.commit == *commit)
        {
            return Ok(Intervention::Retry {
                commit: Some(commit.clone()),
            });
        }
        let mut over = self.ended.iter().rev();
        Err(match over.find(|ended| ended.commit == *commit) {
            Some(ended) if ended.phase == Phase::Live => {
                format!("{short} was live, and something newer was released since")
            }
            Some(ended) => format!("{short} is {}: {}", ended.phase, ended.reason),
            None => format!(
                "{short} does not wait here: it is in nothing that this environment tracks, or nothing was heard of it yet"
            ),
        })
    }
}
