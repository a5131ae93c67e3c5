//! A release line for people who look at it: how it is as a whole, and its releases with their timelines.

use super::{
    Line, Shown,
    candidate::{Build, Candidate},
    report::{shown_ended, shown_running},
    standing::Standing,
    state::{Ended, Running},
    times::Times,
};
use crate::{CommitSha, RepositoryName, Timestamp, release::Terms};

/// How an environment is as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Situation {
    /// Nothing was released there by Slipway.
    Empty,
    /// What was released last was found healthy.
    Live,
    /// A release is being made.
    Releasing,
    /// A release is being taken back.
    GoingBack,
    /// What was released last was not found healthy.
    Failed,
}

impl Situation {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Empty,
        Self::Live,
        Self::Releasing,
        Self::GoingBack,
        Self::Failed,
    ];

    /// Its name for people and machines: `going-back`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Live => "live",
            Self::Releasing => "releasing",
            Self::GoingBack => "going-back",
            Self::Failed => "failed",
        }
    }
}

/// A release with all that is kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// What it is known by in its line: the commit, with its build once that is known; or the number of a way back.
    pub id: String,
    /// What it is of, how far it is, and why.
    pub shown: Shown,
    /// The rule by which it waits, the same word each time: `approvals`, `soak` …; none if it does not wait.
    pub rule: Option<&'static str>,
    /// When it became known; never changes.
    pub known_at: Timestamp,
    /// When it was over; none if it is not.
    pub ended_at: Option<Timestamp>,
    /// Whether it waits for a person since it does not contain what is there, or nobody knows what is there.
    pub diverged: bool,
    /// Whether it waits for people's approvals.
    pub needs_approval: bool,
    /// The image that it is made of; none while that is not known, or if Argo CD is not asked for one.
    pub image: Option<String>,
    /// The page on GitHub that shows what it changes, compared with what was given to Argo CD last; known while it waits.
    pub changes_url: Option<String>,
    /// The page of its build; known until it begins.
    pub build_url: Option<String>,
    /// GitHub's id of its deployment, once there is one.
    pub deployment: Option<u64>,
    /// What happened, the oldest first.
    pub timeline: Vec<(Timestamp, String)>,
}

impl Line {
    /// The newest known name of the repository.
    pub fn repository(&self) -> Option<&RepositoryName> {
        self.repository.as_ref()
    }

    /// What the configuration says of the environment; none if it names it no longer.
    pub fn terms(&self) -> Option<&Terms> {
        self.terms.as_ref()
    }

    /// How the environment is as a whole.
    pub fn situation(&self) -> Situation {
        if self.is_going_back() {
            Situation::GoingBack
        } else if self.running.is_some() {
            Situation::Releasing
        } else if self.live().is_some() {
            Situation::Live
        } else if self.deployed.is_some() || self.last_failure().is_some() {
            Situation::Failed
        } else {
            Situation::Empty
        }
    }

    /// All releases that are kept, the newest first: those that wait, the one in hand, and those that are over.
    pub fn releases(&self, now: Timestamp) -> Vec<Release> {
        let mut releases = self.waiting_releases(now);
        releases.extend(self.release_in_hand());
        releases.extend(self.ended.iter().map(ended_release));
        // By what never changes, so that pages of them go on where they ended.
        releases.sort_by(|left, right| (right.known_at, &right.id).cmp(&(left.known_at, &left.id)));
        releases
    }

    /// The releases that wait, oldest first.
    pub fn waiting_releases(&self, now: Timestamp) -> Vec<Release> {
        let mut waiting: Vec<_> = self.candidates.iter().collect();
        waiting.sort_by(|(left, one), (right, other)| one.order(left).cmp(&other.order(right)));
        waiting
            .into_iter()
            .map(|(commit, candidate)| self.waiting_release(commit, candidate, now))
            .collect()
    }

    /// The release `id`, or else the newest one of the commit `id`.
    pub fn release(&self, id: &str, now: Timestamp) -> Option<Release> {
        let releases = self.releases(now);
        let by_id = releases.iter().find(|release| release.id == id);
        let by_commit = || {
            let mut of_commit = releases.iter();
            of_commit.find(|release| release.shown.commit.as_str() == id)
        };
        by_id.or_else(by_commit).cloned()
    }

    /// The release that was over last; none if none was.
    pub fn last_ended(&self) -> Option<Release> {
        self.ended.last().map(ended_release)
    }

    fn waiting_release(
        &self,
        commit: &CommitSha,
        candidate: &Candidate,
        now: Timestamp,
    ) -> Release {
        let build = self
            .terms
            .as_ref()
            .map(|terms| candidate.build(&self.id, terms));
        let (key, build_url) = match build {
            Some(Build::Succeeded(run)) => {
                (Some(candidate.key(commit, run)), Some(run.html_url.clone()))
            }
            Some(Build::Underway(run) | Build::Ended(run) | Build::Ambiguous(run, _)) => {
                (None, Some(run.html_url.clone()))
            }
            Some(Build::NotSeen) | None => (None, None),
        };
        Release {
            id: key.unwrap_or_else(|| commit.to_string()),
            shown: self.shown_waiting(commit, candidate, now),
            rule: Some(self.rule_of(commit, candidate, now)),
            known_at: candidate.since,
            ended_at: None,
            diverged: self.is_diverged(commit, candidate, now),
            needs_approval: self.needs_approval(commit, candidate, now),
            image: self.image_of(commit, candidate),
            changes_url: build_url
                .as_deref()
                .and_then(|url| self.changes_url(commit, url)),
            build_url,
            deployment: candidate.report.deployment,
            timeline: candidate.times().told(),
        }
    }
}

impl Line {
    /// `build` is the page of a run, below the repository's own. Two dots compare with what is there itself: with three, GitHub leaves
    /// out what a commit takes away that does not contain it.
    fn changes_url(&self, commit: &CommitSha, build: &str) -> Option<String> {
        let (repository, _) = build.split_once("/actions/runs/")?;
        let from = self.base().filter(|base| *base != commit)?;
        Some(format!("{repository}/compare/{from}..{commit}"))
    }

    fn is_diverged(&self, commit: &CommitSha, candidate: &Candidate, now: Timestamp) -> bool {
        self.terms.as_ref().is_some_and(|terms| {
            let standing = self.standing(commit, candidate, terms, now);
            matches!(standing, Standing::Diverged(_) | Standing::Unfounded(_))
        })
    }

    fn needs_approval(&self, commit: &CommitSha, candidate: &Candidate, now: Timestamp) -> bool {
        self.terms.as_ref().is_some_and(|terms| {
            let standing = self.standing(commit, candidate, terms, now);
            matches!(standing, Standing::Unapproved { .. })
        })
    }
}

impl Candidate {
    /// When what happened to it so far.
    pub(super) fn times(&self) -> Times {
        Times {
            pushed: self.push.as_ref().map(|push| push.pushed_at),
            known: Some(self.since),
            built: self.built_at,
            ..Times::default()
        }
    }
}

impl Line {
    /// The release that is being made; none if none is.
    pub fn release_in_hand(&self) -> Option<Release> {
        let running = self.running.as_ref()?;
        let times = running.times();
        Some(Release {
            id: running.key.clone(),
            shown: shown_running(running),
            rule: None,
            known_at: times.first().unwrap_or(running.begun_at),
            ended_at: None,
            diverged: false,
            needs_approval: false,
            image: self.image(&running.asked),
            changes_url: None,
            build_url: None,
            deployment: running.report.deployment,
            timeline: times.told(),
        })
    }
}

impl Running {
    /// When what happened to it so far.
    pub(super) fn times(&self) -> Times {
        Times {
            begun: Some(self.begun_at),
            ..self.times
        }
    }
}

fn ended_release(ended: &Ended) -> Release {
    let shown = shown_ended(ended);
    let mut timeline = ended.times.told();
    timeline.push((ended.at, format!("{}: {}", shown.phase, shown.reason)));
    Release {
        id: ended.key.clone(),
        shown,
        rule: None,
        known_at: ended.times.first().unwrap_or(ended.at),
        ended_at: Some(ended.at),
        diverged: false,
        needs_approval: false,
        image: None,
        changes_url: None,
        build_url: None,
        deployment: ended.report.deployment,
        timeline,
    }
}
