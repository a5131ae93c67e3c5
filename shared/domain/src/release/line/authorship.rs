//! Who wrote what a release would bring: the commit itself with the pull requests that it came by, and every commit between what is live
//! and it. Whoever did approves nothing of it. What GitHub named once is not forgotten as long as the same is live: soon after a merge it
//! may not tell of everybody yet.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Action, Line, candidate::Candidate};
use crate::{
    Account, CommitSha, RepositoryName, Timestamp,
    release::{Brought, Terms, Untold, Writers},
};

/// So many commits are asked about at once.
const ASKED_AT_ONCE: usize = 3;

/// Of so many commits the pull requests are asked for at once; of more when somebody approved what brings them.
const ASKED_AHEAD_MAX: usize = 30;

/// Between two looks at who wrote something of which GitHub did not tell: somebody may tell GitHub whose address it is.
const UNTOLD_PAUSE: Duration = Duration::from_secs(600);

/// What GitHub told of who wrote what a commit would bring.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Authorship {
    /// Of the commit itself.
    own: Told,
    /// Of what it would bring besides.
    besides: Option<Besides>,
}

/// What GitHub told so far.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Told {
    people: Vec<Account>,
    untold: Option<Untold>,
    /// When it was last asked; never if it was not.
    at: Option<Timestamp>,
}

/// The commits between what is live and this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Besides {
    live: CommitSha,
    /// Their authors and committers.
    listed: Told,
    /// GitHub knows nothing any more of what was live.
    is_lost: bool,
    /// The people of the pull requests that they came by.
    asked: Told,
    /// Those of which the pull requests are still to be asked for, the oldest first.
    open: Vec<CommitSha>,
}

/// Whether it is known who wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Authors<'a> {
    /// It is about to be.
    NotRead,
    /// GitHub does not tell.
    Untold(&'a Untold),
    /// These, and nobody else.
    Known(Vec<&'a Account>),
}

impl Told {
    fn learn(&mut self, writers: &Writers, at: Timestamp) {
        self.at = Some(at);
        match writers {
            Writers::Known(people) => {
                self.untold = None;
                for person in people {
                    if !self.people.contains(person) {
                        self.people.push(person.clone());
                    }
                }
            }
            Writers::Untold(untold) => self.untold = Some(untold.clone()),
        }
    }

    /// When it is to be asked again.
    fn again_at(&self) -> Option<Timestamp> {
        let at = self.at.filter(|_| self.untold.is_some())?;
        Some(at.after(UNTOLD_PAUSE))
    }
}

impl Authorship {
    /// GitHub told who wrote the commit itself.
    pub(super) fn told_own(&mut self, writers: &Writers, at: Timestamp) {
        self.own.learn(writers, at);
    }

    /// GitHub listed what is in `commit` and not in what is live.
    fn listed(
        &mut self,
        (commit, live): (&CommitSha, &CommitSha),
        brought: &Brought,
        at: Timestamp,
    ) {
        let is_same = |besides: &&mut Besides| besides.live == *live;
        if let Some(known) = self.besides.as_mut().filter(is_same) {
            // Between the same two commits there is always the same, and who wrote it may be better known.
            if let Brought::Commits { writers, .. } = brought {
                known.listed.learn(writers, at);
            }
            return;
        }
        let (writers, open, is_lost) = match brought {
            Brought::Commits { commits, writers } => {
                let others = commits.iter().filter(|other| *other != commit);
                (writers.clone(), others.cloned().collect(), false)
            }
            Brought::Lost => (Writers::Known(Vec::new()), Vec::new(), true),
        };
        let mut listed = Told::default();
        listed.learn(&writers, at);
        self.besides = Some(Besides {
            live: live.clone(),
            listed,
            is_lost,
            asked: Told::default(),
            open,
        });
    }

    /// GitHub told by whose pull requests these commits came.
    fn asked(&mut self, (live, of): (&CommitSha, &[CommitSha]), writers: &Writers, at: Timestamp) {
        let is_same = |besides: &&mut Besides| besides.live == *live;
        let Some(besides) = self.besides.as_mut().filter(is_same) else {
            return;
        };
        besides.asked.learn(writers, at);
        match writers {
            Writers::Known(_) => besides.open.retain(|commit| !of.contains(commit)),
            Writers::Untold(_) => {}
        }
    }

    /// Who wrote it, where `live` is live; none if nothing is, then all there is to know is who wrote the commit itself.
    fn authors(&self, live: Option<&CommitSha>) -> Authors<'_> {
        let mut people: Vec<&Account> = self.own.people.iter().collect();
        if let Some(untold) = &self.own.untold {
            return Authors::Untold(untold);
        }
        if self.own.at.is_none() {
            return Authors::NotRead;
        }
        let Some(live) = live else {
            return Authors::Known(people);
        };
        let Some(besides) = self.besides.as_ref().filter(|known| known.live == *live) else {
            return Authors::NotRead;
        };
        for told in [&besides.listed, &besides.asked] {
            if let Some(untold) = &told.untold {
                return Authors::Untold(untold);
            }
            people.extend(&told.people);
        }
        if besides.open.is_empty() {
            Authors::Known(people)
        } else {
            Authors::NotRead
        }
    }
}

impl Line {
    /// What was live and found healthy, what is there first: what is in a commit and not in these is what it would bring.
    fn ground(&self) -> Vec<CommitSha> {
        let mut ground: Vec<CommitSha> = Vec::new();
        let is_there =
            |verified: &&super::state::Verified| Some(&verified.commit) == self.deployed.as_ref();
        let newest_first = || self.verified.iter().rev();
        for verified in newest_first()
            .find(is_there)
            .into_iter()
            .chain(newest_first())
        {
            if !ground.contains(&verified.commit) {
                ground.push(verified.commit.clone());
            }
        }
        ground
    }

    /// Who wrote what the release of the candidate would bring.
    pub(super) fn authors<'a>(&self, candidate: &'a Candidate) -> Authors<'a> {
        candidate.authorship.authors(self.ground().first())
    }

    /// Whether it is about to be known who wrote what the candidate would bring.
    pub(super) fn awaits_authors(&self, candidate: &Candidate) -> bool {
        self.authors(candidate) == Authors::NotRead && !self.leaves_authors_for_later(candidate)
    }

    /// Whether there is too much to ask for as long as nobody approved it.
    fn leaves_authors_for_later(&self, candidate: &Candidate) -> bool {
        let ground = self.ground();
        let is_of_this = |besides: &&Besides| Some(&besides.live) == ground.first();
        let besides = candidate.authorship.besides.as_ref().filter(is_of_this);
        candidate.approvals.is_empty()
            && besides.is_some_and(|besides| besides.open.len() > ASKED_AHEAD_MAX)
    }

    /// Why it is not known of everything that it would bring who wrote it, though its release may be approved; for people.
    pub(super) fn not_known_of_authors(&self, candidate: &Candidate) -> Option<String> {
        let ground = self.ground();
        let live = ground.first()?;
        let besides = candidate.authorship.besides.as_ref()?;
        (besides.is_lost && besides.live == *live).then(|| {
            format!(
                "GitHub knows {} no longer, which is live: only who wrote the commit itself is kept from approving it",
                live.short()
            )
        })
    }

    /// What is to be asked next to know who wrote it, and when; nothing if all is known.
    pub(super) fn ask_for_authors(
        &self,
        (repository, terms): (&RepositoryName, &Terms),
        (commit, candidate): (&CommitSha, &Candidate),
        now: Timestamp,
    ) -> Option<(Timestamp, Action)> {
        let authorship = &candidate.authorship;
        let own = &authorship.own;
        if own.at.is_none() || own.untold.is_some() {
            let check = self.check(repository, terms, commit, candidate);
            return Some((own.again_at().unwrap_or(now), check));
        }
        let ground = self.ground();
        let live = ground.first()?.clone();
        let known = authorship
            .besides
            .as_ref()
            .filter(|known| known.live == live);
        let again_at = known.and_then(|known| known.listed.again_at());
        let Some(known) = known.filter(|_| again_at.is_none()) else {
            let list = Action::ListBrought {
                repository: repository.clone(),
                commit: commit.clone(),
                live: ground,
            };
            return Some((again_at.unwrap_or(now), list));
        };
        if self.leaves_authors_for_later(candidate) {
            return None;
        }
        let of: Vec<CommitSha> = known
            .open
            .iter()
            .rev()
            .take(ASKED_AT_ONCE)
            .cloned()
            .collect();
        (!of.is_empty()).then(|| {
            let ask = Action::ReadWriters {
                repository: repository.clone(),
                commit: commit.clone(),
                live,
                of,
            };
            (known.asked.again_at().unwrap_or(now), ask)
        })
    }

    /// GitHub listed what is in the commit and not in what is live.
    pub(super) fn brought(
        &mut self,
        (commit, live): (&CommitSha, &CommitSha),
        brought: &Brought,
        at: Timestamp,
    ) {
        self.reading.succeed();
        if let Some(candidate) = self.candidates.get_mut(commit) {
            candidate.authorship.listed((commit, live), brought, at);
        }
    }

    /// GitHub told by whose pull requests some of it came.
    pub(super) fn writers_read(
        &mut self,
        commit: &CommitSha,
        (live, of): (&CommitSha, &[CommitSha]),
        writers: &Writers,
        at: Timestamp,
    ) {
        self.reading.succeed();
        if let Some(candidate) = self.candidates.get_mut(commit) {
            candidate.authorship.asked((live, of), writers, at);
        }
    }
}
