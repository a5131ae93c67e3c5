//! Where a commit that waits stands: what it waits for, and which one goes next.

use std::time::Duration;

use super::{
    Line, Relation, Tested,
    authorship::Authors,
    candidate::{Build, Candidate},
};
use crate::{
    CommitSha, Timestamp,
    release::{Name, Terms},
};

/// A push so long before the environment is known may be the one that made it known.
pub(super) const FIRST_PUSH: Duration = Duration::from_secs(300);

/// What a commit waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// Its build has not succeeded: why, for people.
    Unbuilt(String),
    /// It is not live, or not for long enough, in the environment before: why, and when to look again if that is known.
    Upstream(String, Option<Timestamp>),
    /// It is not known how it stands to this commit.
    Unordered(CommitSha),
    /// It does not follow this commit: a person decides.
    Diverged(CommitSha),
    /// Nothing is known of what is there, and this may be older: a person decides. Why, for people.
    Unfounded(String),
    /// This commit contains it, and goes first.
    Outrun(CommitSha),
    /// An environment before is to be tested first.
    Untested {
        /// What is so, for people.
        reason: String,
        /// The test did not succeed: a person has to look.
        has_failed: bool,
    },
    /// People have to approve it.
    Unapproved {
        /// How many.
        needed: u32,
        /// Who has.
        given: Vec<String>,
    },
    /// People have to approve it, and whose approval counts is not known: why GitHub does not tell who wrote it.
    Unattributed(String),
    /// It may go.
    Ready,
}

/// What is to go next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next<'a> {
    /// Nothing.
    Nothing,
    /// This commit.
    Commit(&'a CommitSha),
    /// It is to be asked how `head` stands to `base` first.
    Compare {
        base: &'a CommitSha,
        head: &'a CommitSha,
    },
}

impl Line {
    /// Where the commit stands.
    pub(super) fn standing(
        &self,
        commit: &CommitSha,
        candidate: &Candidate,
        terms: &Terms,
        now: Timestamp,
    ) -> Standing {
        let standing = self.standing_alone(commit, candidate, terms, now);
        if standing == Standing::Ready
            && let Some(newer) = &candidate.outrun_by
            && let Some(rival) = self.candidates.get(newer)
            && self.standing_alone(newer, rival, terms, now) == Standing::Ready
        {
            return Standing::Outrun(newer.clone());
        }
        standing
    }

    /// Where the commit stands by itself, whatever else may go.
    fn standing_alone(
        &self,
        commit: &CommitSha,
        candidate: &Candidate,
        terms: &Terms,
        now: Timestamp,
    ) -> Standing {
        if let Some(reason) = unbuilt(candidate.build(&self.id, terms), terms) {
            return Standing::Unbuilt(reason);
        }
        for environment in &terms.after {
            if let Some((reason, until)) = self.lacking_upstream(commit, environment, terms, now) {
                return Standing::Upstream(reason, until);
            }
        }
        let may_diverge = terms.allow_diverged || candidate.diverged_allowed;
        if let Some((of, Relation::Diverged)) = &candidate.relation
            && self.counts(of)
            && !may_diverge
        {
            return Standing::Diverged(of.clone());
        }
        if let Some(base) = self.base().filter(|_| !self.is_again(commit)) {
            let goes_on = candidate
                .relation
                .as_ref()
                .filter(|(of, _)| of == base)
                .is_some_and(|(_, relation)| match relation {
                    Relation::Ahead => true,
                    Relation::Diverged => may_diverge,
                    Relation::Behind | Relation::Identical => false,
                });
            if !goes_on {
                return Standing::Unordered(base.clone());
            }
        }
        if self.base().is_none()
            && let Some(reason) = self.unfounded(candidate, terms)
        {
            return Standing::Unfounded(reason);
        }
        let mut tests = terms.tests_before.iter();
        if let Some(untested) = tests.find_map(|(before, workflow)| self.untested(before, workflow))
        {
            return untested;
        }
        if terms.approvals > 0 {
            if let Authors::Untold(untold) = self.authors(candidate) {
                return Standing::Unattributed(untold.to_string());
            }
            let given = self.approvers(commit, candidate);
            if u32::try_from(given.len()).unwrap_or(u32::MAX) < terms.approvals {
                return Standing::Unapproved {
                    needed: terms.approvals,
                    given,
                };
            }
        }
        Standing::Ready
    }

    /// Whether the commit is what is there and was not found healthy, so that a new build of it mends that.
    pub(super) fn is_again(&self, commit: &CommitSha) -> bool {
        self.running.is_none() && self.live().is_none() && self.deployed.as_ref() == Some(commit)
    }

    /// Whether a comparison with the commit still says something: it is there, or waits too.
    fn counts(&self, commit: &CommitSha) -> bool {
        self.base() == Some(commit) || self.candidates.contains_key(commit)
    }

    fn lacking_upstream(
        &self,
        commit: &CommitSha,
        environment: &Name,
        terms: &Terms,
        now: Timestamp,
    ) -> Option<(String, Option<Timestamp>)> {
        let passing = self.upstream.get(environment);
        let live = passing
            .and_then(|passing| passing.live.as_ref())
            .filter(|live| live.commit == *commit);
        let Some(live) = live else {
            return Some((format!("it is not live in {environment}"), None));
        };
        let soaked_at = live.since.after(terms.soak);
        (soaked_at > now).then(|| {
            let reason = format!("it is to be live in {environment} until {soaked_at}");
            (reason, Some(soaked_at))
        })
    }

    /// Why what is live in `environment` did not pass the test there; none if it did.
    fn untested(&self, environment: &Name, workflow: &str) -> Option<Standing> {
        let live = self.upstream.get(environment)?.live.as_ref()?;
        let (reason, has_failed) = match &live.tested {
            Tested::Succeeded => return None,
            Tested::Failed { reason } => {
                (format!("not tested well in {environment}: {reason}"), true)
            }
            Tested::Underway => (format!("{workflow} tests {environment}"), false),
            // It reads the same configuration, a moment later.
            Tested::NotAsked => (
                format!("{environment} is to be tested by {workflow}"),
                false,
            ),
        };
        Some(Standing::Untested { reason, has_failed })
    }

    /// What goes next of those that may: the newest by ancestry.
    pub(super) fn next(&self, terms: &Terms, now: Timestamp) -> Next<'_> {
        let mut ready: Vec<(&CommitSha, &Candidate)> = self
            .candidates
            .iter()
            .filter(|(commit, candidate)| {
                self.standing(commit, candidate, terms, now) == Standing::Ready
            })
            .collect();
        ready.sort_by(|(left, one), (right, other)| one.order(left).cmp(&other.order(right)));
        match ready.as_slice() {
            [] => Next::Nothing,
            [(commit, _)] => Next::Commit(commit),
            [(base, _), (head, _), ..] => Next::Compare { base, head },
        }
    }
}

/// Why the build is none to go with; none if it is.
fn unbuilt(build: Build<'_>, terms: &Terms) -> Option<String> {
    let workflow = terms.workflow.as_deref().unwrap_or_default();
    match build {
        Build::Succeeded(_) => None,
        Build::NotSeen if terms.workflow.is_none() => {
            Some("the configuration names no workflow that builds images".to_owned())
        }
        Build::NotSeen => Some(format!("waiting for {workflow} to run")),
        Build::Ambiguous(one, other) => Some(format!(
            "two workflows are called {workflow:?}, {} and {}: name the file in build.workflow",
            one.file(),
            other.file()
        )),
        Build::Underway(_) => Some(format!("{workflow} is building")),
        Build::Ended(_) => Some(format!("{workflow} did not succeed")),
    }
}
