//! Whether a commit may be deployed to the environment by somebody else: a job on GitHub that waits for the same rules.

use super::{
    Kind, Line, Phase,
    candidate::Build,
    standing::{Next, Standing},
};
use crate::{CommitSha, Timestamp};

/// What the rules of an environment say of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// They are fulfilled: how, for people.
    Open(String),
    /// Not yet: what is waited for.
    Waits(String),
    /// They cannot be fulfilled any more: why.
    Closed(String),
    /// The commit is not known here: what makes it known.
    Unknown(String),
}

impl Line {
    /// What the rules say at `now` of the commit that a job of the run `run` would deploy. A lock and a hold keep everything waiting, also what is live already.
    pub fn gate(&self, commit: &CommitSha, run: u64, now: Timestamp) -> Gate {
        let Some(terms) = &self.terms else {
            return match &self.repository {
                Some(_) => {
                    Gate::Closed("the configuration names the environment no longer".to_owned())
                }
                // The configuration names it, and it was not told yet.
                None => Gate::Unknown("the environment is new".to_owned()),
            };
        };
        let held =
            |what: &str, by: &str, reason: &str| Gate::Waits(format!("{what} by {by}: {reason}"));
        if let Some(lock) = &self.lock {
            return held("locked", &lock.by, &lock.reason);
        }
        if let Some(hold) = &self.hold {
            return held("held", &hold.by, &hold.reason);
        }
        if let Some(running) = &self.running {
            return match (&running.kind, running.commit == *commit) {
                (Kind::Deploy, true) => Gate::Open("Slipway releases it".to_owned()),
                (Kind::Deploy, false) => {
                    Gate::Waits(format!("{} is being released", running.commit.short()))
                }
                (Kind::Rollback { .. }, _) => Gate::Waits(format!(
                    "the environment goes back to {}",
                    running.commit.short()
                )),
            };
        }
        if self.live().is_some_and(|live| live.commit == *commit) {
            return Gate::Open("it is live there".to_owned());
        }
        if let Some(candidate) = self.candidates.get(commit) {
            return match self.standing(commit, candidate, terms, now) {
                Standing::Ready if self.next(terms, now) == Next::Commit(commit) => {
                    match self.being_tested(terms, now) {
                        None => Gate::Open("its rules are fulfilled".to_owned()),
                        Some(tested) => Gate::Waits(format!("{} is tested first", tested.short())),
                    }
                }
                Standing::Unbuilt(_) if is_built_by(candidate.build(&self.id, terms), run) => {
                    let reason = "this very run builds its image: deploy by another workflow";
                    Gate::Closed(reason.to_owned())
                }
                Standing::Ready => Gate::Waits("another commit may go first".to_owned()),
                Standing::Unbuilt(_)
                | Standing::Upstream(..)
                | Standing::Unordered(_)
                | Standing::Diverged(_)
                | Standing::Unfounded(_)
                | Standing::Outrun(_)
                | Standing::Untested { .. }
                | Standing::Unapproved { .. }
                | Standing::Unattributed(_) => {
                    Gate::Waits(self.shown_waiting(commit, candidate, now).reason)
                }
            };
        }
        let of_commit = self
            .ended
            .iter()
            .rev()
            .find(|ended| ended.commit == *commit);
        match of_commit {
            Some(ended) if ended.phase == Phase::Live => {
                Gate::Closed("it was live, and something else went there since".to_owned())
            }
            Some(ended) => Gate::Closed(format!("{}: {}", ended.phase, ended.reason)),
            None => Gate::Unknown(format!(
                "it is not known there: {} brings commits",
                terms.source
            )),
        }
    }
}

/// Whether the run is the build that is waited for.
fn is_built_by(build: Build<'_>, run: u64) -> bool {
    match build {
        Build::Underway(of) | Build::Ended(of) => of.id == run,
        Build::Succeeded(_) | Build::NotSeen | Build::Ambiguous(..) => false,
    }
}
