//! The state of a release line: what its facts add up to.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Asked, Kind, Phase, Upstream, candidate::Candidate, testing::Test, times::Times};
use crate::{
    CommitSha, RepositoryName, Timestamp,
    argocd::{ApplicationId, GitPlace, Health},
    outbox::Letter,
    preview::Effort,
    release::{LineId, Name, Refusal, Terms, image::Images},
};

/// A release line: an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Which one.
    pub id: LineId,
    /// The newest known name of the repository.
    #[serde(default)]
    pub(super) repository: Option<RepositoryName>,
    /// What the configuration says; none if it does not name the environment.
    #[serde(default)]
    pub(super) terms: Option<Terms>,
    /// As of when.
    #[serde(default)]
    pub(super) terms_as_of: Timestamp,
    /// Commits that may be released.
    #[serde(default)]
    pub(super) candidates: BTreeMap<CommitSha, Candidate>,
    /// Whether the application's sync windows let a release through, when they were last looked at.
    #[serde(default)]
    pub(super) windows: Option<WindowsSeen>,
    /// The one release that is being made.
    #[serde(default)]
    pub(super) running: Option<Running>,
    /// The commit that was last given to Argo CD, whatever became of it.
    #[serde(default)]
    pub(super) deployed: Option<CommitSha>,
    /// That was not found healthy, or not yet.
    #[serde(default)]
    pub(super) is_unproven: bool,
    /// Since when this environment is known: what is pushed after that is newer than whatever ran there before.
    #[serde(default)]
    pub(super) known_since: Option<Timestamp>,
    /// What runs reported of the images that they built.
    #[serde(default)]
    pub(super) images: Images,
    /// Releases that were live and found healthy, the newest last.
    #[serde(default)]
    pub(super) verified: Vec<Verified>,
    /// The way back that is to be taken next.
    #[serde(default)]
    pub(super) way_back: Option<WayBack>,
    /// Why a wish to go back was not followed, until the next release begins.
    #[serde(default)]
    pub(super) refused_wish: Option<String>,
    /// The last wishes that may come twice, by their ids; the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) wishes: Vec<String>,
    /// Nothing begins by itself until a person lifts it.
    #[serde(default)]
    pub(super) hold: Option<Hold>,
    /// A person forbids automatic releases.
    #[serde(default)]
    pub(super) lock: Option<Hold>,
    /// Releases that are over, the newest last.
    #[serde(default)]
    pub(super) ended: Vec<Ended>,
    /// How many releases were begun: numbers the ways back.
    #[serde(default)]
    pub(super) begun: u64,
    /// How many commits became candidates anew after they were over: tells their releases apart.
    #[serde(default)]
    pub(super) renewed: u64,
    /// The last workflow runs that did not count, with their attempts, and why; the newest last.
    #[serde(default)]
    pub(super) refused: Vec<(u64, u64, Refusal)>,
    /// What is live in the environments before this one.
    #[serde(default)]
    pub(super) upstream: BTreeMap<Name, Passing>,
    /// What the environments after this one were told.
    #[serde(default)]
    pub(super) passed: BTreeMap<Name, Option<Upstream>>,
    /// Since when it is broken: since a release failed of itself, until one is live or was taken back.
    #[serde(default)]
    pub(super) broken_since: Option<Timestamp>,
    /// What people are to be told outside of GitHub, until the repository's outbox has it.
    #[serde(default)]
    pub(super) letters: Vec<Letter>,
    /// How many letters were written: numbers them.
    #[serde(default)]
    pub(super) letters_written: u64,
    /// How many tests were begun: numbers them.
    #[serde(default)]
    pub(super) tests: u64,
    /// When they were told last, by the clocks of all who tell: never earlier than the time that was told.
    #[serde(default)]
    pub(super) passed_at: Timestamp,
    /// The tries at asking GitHub about commits and runs.
    #[serde(default)]
    pub(super) reading: Effort,
    /// The tries at telling the environments after this one.
    #[serde(default)]
    pub(super) passing: Effort,
    /// The tries at handing letters over.
    #[serde(default)]
    pub(super) announcing: Effort,
}

/// A look at the sync windows of the application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WindowsSeen {
    pub(super) at: Timestamp,
    /// What holds releases back, for people; none if nothing does, or if that is not known.
    pub(super) closed: Option<String>,
}

/// What an environment before this one told, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Passing {
    pub(super) live: Option<Upstream>,
    pub(super) as_of: Timestamp,
}

/// The release that is being made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Running {
    pub(super) key: String,
    pub(super) kind: Kind,
    pub(super) commit: CommitSha,
    pub(super) title: String,
    /// The build that the image is of: run and attempt.
    pub(super) build: Option<(u64, u64)>,
    pub(super) asked: Asked,
    /// Where it is made; none if the configuration named no application.
    #[serde(default)]
    pub(super) application: Option<ApplicationId>,
    pub(super) begun_at: Timestamp,
    /// What happened before and since.
    #[serde(default)]
    pub(super) times: Times,
    /// Who approved it.
    #[serde(default)]
    pub(super) approved_by: Vec<String>,
    /// What was given to Argo CD before it.
    #[serde(default)]
    pub(super) from: Option<CommitSha>,
    pub(super) stage: Stage,
    /// What it waits for, for people.
    pub(super) note: Option<String>,
    /// Since when Argo CD refuses to be looked at, without a break.
    #[serde(default)]
    pub(super) refused_since: Option<Timestamp>,
    /// An operation was asked for, and the answer was lost: Argo CD is looked at before it is asked again.
    #[serde(default)]
    pub(super) is_uncertain: bool,
    /// Another operation is in its way for longer than it may take itself: a person has to look.
    #[serde(default)]
    pub(super) is_blocked: bool,
    pub(super) effort: Effort,
    pub(super) report: Report,
}

/// How far a release is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    /// The application is looked at before anything is changed.
    Looking,
    /// The specification is to be changed; `by_itself`: Argo CD then syncs without being asked.
    Changing { former: Former, by_itself: bool },
    /// A version is to be committed to Git; `by_itself` as above, `runs_already`: Argo CD shows the version before that.
    Committing {
        former: Former,
        by_itself: bool,
        runs_already: bool,
        place: GitPlace,
    },
    /// The operation is to be asked for.
    Asking { former: Former, again_at: Timestamp },
    /// Argo CD is at it.
    Waiting(Rollout),
    /// Argo CD is done; the URL is probed.
    Probing {
        since: Timestamp,
        count: u32,
        probe_at: Timestamp,
        /// By which Argo CD can go back to it.
        history: Option<u64>,
    },
    /// A newer one goes instead, and what Argo CD still does for this one is stopped first.
    GivingWay(GivingWay),
    /// It has failed, and what Argo CD still does is stopped first.
    Stopping {
        since: Timestamp,
        look_at: Timestamp,
        asked: bool,
        failure: Failure,
        /// What is stopped.
        #[serde(default)]
        rollout: Option<Rollout>,
    },
}

/// A release that gives way to a newer one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GivingWay {
    pub(super) newer: CommitSha,
    pub(super) former: Former,
    pub(super) look_at: Timestamp,
    /// When Argo CD was last seen at an operation of this release that it was not told to stop.
    pub(super) found_at: Option<Timestamp>,
    /// When Argo CD was first told to stop.
    pub(super) asked_at: Option<Timestamp>,
}

/// A rollout by Argo CD under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rollout {
    /// When it was last looked at, or begun.
    #[serde(default)]
    pub(super) seen_at: Timestamp,
    /// So long it was waited for since it began to move, or for that: time in which nobody looked counts little.
    #[serde(default)]
    pub(super) waited: Duration,
    /// Argo CD was seen at it.
    #[serde(default)]
    pub(super) moves: bool,
    pub(super) look_at: Timestamp,
    pub(super) former: Former,
    /// An operation of this release is to come: not if there was nothing to change.
    pub(super) expects_operation: bool,
    /// Since when it is degraded without a break.
    pub(super) degraded_since: Option<Timestamp>,
    /// Nothing of it was under way at the last look, or a window held it: then the sync windows are looked at, too.
    #[serde(default)]
    pub(super) is_idle: bool,
    /// The sync windows that hold it back, for people.
    #[serde(default)]
    pub(super) held: Option<String>,
    /// They held it back at some time.
    #[serde(default)]
    pub(super) was_held: bool,
    /// It was seen to be something else than degraded, before it or since.
    #[serde(default)]
    pub(super) was_well: bool,
    /// The commit to the repository of the manifests by which it is to come, where that is new.
    #[serde(default)]
    pub(super) commit: Option<CommitSha>,
}

/// What tells the operation before a release from the operation of the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Former {
    /// When it began, to the second.
    pub(super) began: Option<Timestamp>,
    /// The newest entry of the application's history.
    pub(super) history: Option<u64>,
    /// How the application was.
    #[serde(default)]
    pub(super) health: Option<Health>,
}

/// Why a release failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// What was released does not work, and nothing moves any more.
    Artefact(String),
    /// What releases does not work: nothing is known of what was to be released.
    Infrastructure(String),
}

impl Failure {
    /// Why, for people.
    pub fn reason(&self) -> &str {
        match self {
            Self::Artefact(reason) | Self::Infrastructure(reason) => reason,
        }
    }
}

/// A release that was live and found healthy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Verified {
    pub(super) commit: CommitSha,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) title: String,
    pub(super) asked: Asked,
    /// Where it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) application: Option<ApplicationId>,
    /// By which that application can go back to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) history: Option<u64>,
    pub(super) at: Timestamp,
    /// Its test, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) test: Option<Test>,
}

/// A way back that is to be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WayBack {
    pub(super) to: Verified,
    pub(super) asked: Asked,
    pub(super) of: Option<String>,
    pub(super) reason: String,
    #[serde(default)]
    pub(super) by: Option<String>,
}

/// Why nothing begins by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Since when.
    pub since: Timestamp,
    /// Who holds: a person, or Slipway itself.
    pub by: String,
    /// Why, for people.
    pub reason: String,
}

/// A release that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ended {
    pub(super) key: String,
    pub(super) commit: CommitSha,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) build: Option<(u64, u64)>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_rollback: bool,
    /// Who approved it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) approved_by: Vec<String>,
    pub(super) phase: Phase,
    /// Why, for people: never empty.
    pub(super) reason: String,
    /// The commit that it gave way to, if it did in the middle of its rollout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) instead: Option<CommitSha>,
    pub(super) at: Timestamp,
    /// What happened before.
    #[serde(default)]
    pub(super) times: Times,
    /// Where the environment was reached then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
    #[serde(default, skip_serializing_if = "Report::is_nothing")]
    pub(super) report: Report,
}

/// The release on GitHub's page of deployments.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Report {
    /// GitHub's id of the deployment, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deployment: Option<u64>,
    /// The name of the environment that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) environment: Option<String>,
    /// What its newest status says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) digest: Option<String>,
    #[serde(default, skip_serializing_if = "Effort::is_fresh")]
    pub(super) effort: Effort,
}

impl Report {
    /// Nothing was told, and nothing was tried.
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Line {
    /// So many commits may wait; the oldest of more are over.
    pub(super) const CANDIDATES_MAX: usize = 20;
    /// So many verified releases are kept to go back to.
    pub(super) const VERIFIED_MAX: usize = 10;
    /// So many releases that are over are kept.
    pub(super) const ENDED_MAX: usize = 30;
    /// So many refusals are kept.
    pub(super) const REFUSED_MAX: usize = 10;

    /// The line of which nothing is known yet.
    pub(super) fn unknown(id: LineId) -> Self {
        Self {
            id,
            repository: None,
            terms: None,
            terms_as_of: Timestamp::default(),
            candidates: BTreeMap::new(),
            windows: None,
            running: None,
            deployed: None,
            is_unproven: false,
            known_since: None,
            images: Images::default(),
            verified: Vec::new(),
            way_back: None,
            refused_wish: None,
            wishes: Vec::new(),
            hold: None,
            lock: None,
            ended: Vec::new(),
            begun: 0,
            renewed: 0,
            refused: Vec::new(),
            upstream: BTreeMap::new(),
            passed: BTreeMap::new(),
            passed_at: Timestamp::default(),
            reading: Effort::default(),
            passing: Effort::default(),
            broken_since: None,
            letters: Vec::new(),
            letters_written: 0,
            tests: 0,
            announcing: Effort::default(),
        }
    }

    /// The last release, if it failed: which one, and why.
    pub(super) fn last_failure(&self) -> Option<(String, String)> {
        let last = self
            .ended
            .iter()
            .rev()
            .find(|ended| !matches!(ended.phase, Phase::Superseded | Phase::Cancelled))?;
        (last.phase == Phase::Failed).then(|| (last.commit.short().to_owned(), last.reason.clone()))
    }

    /// The commit that others are compared with: what is being released, or was last.
    pub(super) fn base(&self) -> Option<&CommitSha> {
        self.running
            .as_ref()
            .map(|running| &running.commit)
            .or(self.deployed.as_ref())
    }

    /// What is live and verified; none if what was last given to Argo CD is not, or went to another application than is
    /// configured now.
    pub(super) fn live(&self) -> Option<&Verified> {
        let last = self.verified.last()?;
        let is_here = self
            .terms
            .as_ref()
            .is_none_or(|terms| terms.application() == last.application);
        let is_it = self.deployed.as_ref() == Some(&last.commit) && !self.is_unproven;
        (self.running.is_none() && is_it && is_here).then_some(last)
    }

    /// Spreads the retries of many lines.
    pub(super) fn seed(&self) -> u64 {
        let names = self.id.service.as_str().bytes();
        let names = names.chain(self.id.environment.as_str().bytes());
        names.fold(self.id.repository.0, |seed, byte| {
            seed.rotate_left(7) ^ u64::from(byte)
        })
    }
}
