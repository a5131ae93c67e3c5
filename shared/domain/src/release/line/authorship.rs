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

/// Between two looks at what GitHub says it knows no longer though it compared it with others: some of its copies may lag behind.
const LOST_PAUSE: Duration = Duration::from_secs(60);

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
    /// GitHub said that it knows nothing any more of what was live. It may say otherwise later.
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

    /// When it is to be asked again; never if all is told, or if no time tells more.
    fn again_at(&self) -> Option<Timestamp> {
        let pause = match self.untold.as_ref()? {
            Untold::NoAccount { .. } => UNTOLD_PAUSE,
            Untold::Lost { .. } => LOST_PAUSE,
            Untold::TooMany { .. } => return None,
        };
        Some(self.at?.after(pause))
    }

    /// Whether somebody is missing of whom GitHub never tells.
    fn is_never_told(&self) -> bool {
        match &self.untold {
            Some(Untold::TooMany { .. }) => true,
            Some(Untold::NoAccount { .. } | Untold::Lost { .. }) | None => false,
        }
    }
}

impl Besides {
    /// When the list is to be asked for again.
    fn again_at(&self) -> Option<Timestamp> {
        let lost_at = self.listed.at.filter(|_| self.is_lost);
        let again_at = self.listed.again_at();
        again_at.or_else(|| Some(lost_at?.after(UNTOLD_PAUSE)))
    }

    /// Whether it stays unknown who wrote it, as long as the same is live.
    fn is_never_told(&self) -> bool {
        self.listed.is_never_told() || self.asked.is_never_told()
    }
}

impl Authorship {
    /// GitHub told who wrote the commit itself.
    pub(super) fn told_own(&mut self, writers: &Writers, at: Timestamp) {
        self.own.learn(writers, at);
    }

    /// GitHub listed what is in `commit` and not in what is live. If `is_ahead`, it said before that the one contains the other: then it
    /// did not lose what is live, and tells later what it brings.
    fn listed(
        &mut self,
        (commit, live): (&CommitSha, &CommitSha),
        brought: &Brought,
        is_ahead: bool,
        at: Timestamp,
    ) {
        let is_listed = |besides: &&mut Besides| besides.live == *live && !besides.is_lost;
        if let Some(known) = self.besides.as_mut().filter(is_listed) {
            // Between the same two commits there is always the same, and who wrote it may be better known.
            match brought {
                Brought::Commits { writers, .. } => known.listed.learn(writers, at),
                Brought::Lost => known.listed.at = Some(at),
            }
            return;
        }
        let mut listed = Told::default();
        let (open, is_lost) = match brought {
            Brought::Commits { commits, writers } => {
                listed.learn(writers, at);
                let others = commits.iter().filter(|other| *other != commit);
                // Of what is never known as a whole nothing is asked.
                let asked = others.filter(|_| !listed.is_never_told());
                (asked.cloned().collect(), false)
            }
            Brought::Lost => {
                let commit = live.clone();
                let nobody = match is_ahead {
                    true => Writers::Untold(Untold::Lost { commit }),
                    false => Writers::Known(Vec::new()),
                };
                listed.learn(&nobody, at);
                (Vec::new(), true)
            }
        };
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
        let is_given_up = besides.is_lost && besides.listed.untold.is_none();
        (is_given_up && besides.live == *live).then(|| {
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
        if own.is_never_told() {
            return None;
        }
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
        let again_at = known.and_then(Besides::again_at);
        let Some(known) = known.filter(|_| again_at.is_none()) else {
            // What was live before stands in only for what is lost: it may contain what would come again.
            let ground = match candidate.is_ahead_of(&live) {
                true => vec![live],
                false => ground,
            };
            let list = Action::ListBrought {
                repository: repository.clone(),
                commit: commit.clone(),
                live: ground,
            };
            return Some((again_at.unwrap_or(now), list));
        };
        if known.is_never_told() || self.leaves_authors_for_later(candidate) {
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
            let is_ahead = candidate.is_ahead_of(live);
            let between = (commit, live);
            candidate.authorship.listed(between, brought, is_ahead, at);
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
