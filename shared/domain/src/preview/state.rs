//! The state of a preview: what its facts add up to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Effort, PullRequest, Revision, Ruling, Settings, WorkflowRun, admission::Admission,
    approval::Approvals, command::Commands, expiry::Expiry, files::Files, images::Images,
    publication::Publication, report::Reports, variables::Variables, wish::Wishes,
};
use crate::{
    CommitSha, DeploymentUuid, PreviewId, RepositoryName, TargetId, Timestamp, installation::Loss,
};

/// The preview of one pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// Whose preview it is.
    pub id: PreviewId,
    /// Where it can be read: the newest known name of the repository.
    #[serde(default)]
    pub(super) repository: Option<RepositoryName>,
    /// The newest that is known of the pull request.
    #[serde(default)]
    pub(super) sighting: Option<Sighting>,
    /// Whether the App reaches the repository.
    #[serde(default)]
    pub(super) access: Access,
    /// The tries at reading the pull request.
    #[serde(default)]
    pub(super) reading: Effort,
    /// What the repository wants.
    #[serde(default)]
    pub(super) configuration: ConfigurationState,
    /// Approvals of commits, if the pull request comes from a fork.
    #[serde(default)]
    pub(super) approvals: Approvals,
    /// The workflow runs on the head commit.
    #[serde(default)]
    pub(super) builds: Builds,
    /// Which services the changed files concern.
    #[serde(default, skip_serializing_if = "Files::is_empty")]
    pub(super) files: Files,
    /// What there is on each target.
    #[serde(default)]
    pub(super) targets: BTreeMap<TargetId, Target>,
    /// The images that were deployed.
    #[serde(default, skip_serializing_if = "Images::is_empty")]
    pub(super) images: Images,
    /// The places before the limit of live previews, by target.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) admissions: BTreeMap<TargetId, Admission>,
    /// What the clock said of previews that end when nothing happens, by service.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) expiry: BTreeMap<String, Expiry>,
    /// What people asked for by comments.
    #[serde(default, skip_serializing_if = "Commands::is_empty")]
    pub(super) commands: Commands,
    /// The newest decisions, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) rulings: Vec<Ruling>,
    /// The comment on the pull request.
    #[serde(default)]
    pub(super) comment: Publication,
    /// What the head commits are told besides: check runs and deployments.
    #[serde(default)]
    pub(super) reports: Reports,
    /// What people asked for.
    #[serde(default)]
    pub(super) wishes: Wishes,
}

/// The newest that is known of the pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sighting {
    pub(super) pull_request: PullRequest,
    /// When GitHub's API last showed exactly this; none if only a delivery did, or if two looks disagree.
    pub(super) confirmed_at: Option<Timestamp>,
    /// When the head commit became known.
    pub(super) head_since: Timestamp,
    /// GitHub's own time of the earliest sighting with this head commit: it was the head by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) head_as_of: Option<Timestamp>,
    /// When its state (open, closed, merged) became known.
    pub(super) state_since: Timestamp,
    /// When something last happened that makes the preview worth keeping; none: when head and state became known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) active_at: Option<Timestamp>,
    /// Two sightings of one second differ: when to look once more, after which no copy of the API lags any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) doubted_until: Option<Timestamp>,
    /// How often in a row GitHub's API showed something older: a copy that lags.
    #[serde(default)]
    pub(super) stale_reads: u32,
}

/// Whether the App reaches the repository, as the repository told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Access {
    /// When the newest of what was told was agreed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) as_of: Option<Timestamp>,
    /// Why it is reached no more, and since when that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) lost: Option<(Loss, Timestamp)>,
}

/// What is known of the repository's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct ConfigurationState {
    /// The head commit that it was last read for.
    pub(super) read_for: Option<CommitSha>,
    /// What the last valid file says: in force also when the file became invalid.
    pub(super) settings: Option<Settings>,
    /// Which file that is, for people, if it is not the newest one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_valid: Option<String>,
    /// How often another one came to count.
    #[serde(default)]
    pub(super) changes: u32,
    /// How many of these changes were known when it was last read.
    #[serde(default)]
    pub(super) read_after: u32,
    /// What is wrong with the file that was read last.
    pub(super) problem: Option<Problem>,
    #[serde(default)]
    pub(super) effort: Effort,
}

impl ConfigurationState {
    /// Notes that another one may count: what was read before is read again.
    pub(super) fn changed(&mut self) {
        self.changes = self.changes.saturating_add(1);
        self.effort.start_afresh();
    }
}

/// What is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Problem {
    /// There is none.
    Missing,
    /// It cannot be understood.
    Invalid(String),
}

/// The newest known workflow runs on the head commit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Builds {
    /// At most [`Builds::RUNS_MAX`], each with its newest known attempt.
    pub(super) runs: Vec<WorkflowRun>,
    /// When they were last read from the API.
    pub(super) read_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) effort: Effort,
}

impl Builds {
    /// More runs on one commit are not kept; those of other workflows than the build's go first.
    pub(super) const RUNS_MAX: usize = 24;
}

/// What there is on one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Target {
    /// The name of the service.
    pub(super) service: String,
    /// How many deployments were intended so far: the number of the newest attempt.
    pub(super) attempts: u32,
    /// Whether there may be anything of the preview: set before the doubt, cleared when its absence is confirmed.
    pub(super) occupied: bool,
    /// Since when what others deploy is looked for in vain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) awaited_since: Option<Timestamp>,
    /// When it was last looked after what others may have left behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) looked_after_at: Option<Timestamp>,
    /// When the newest deployment was intended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) asked_at: Option<Timestamp>,
    /// The newest deployment that is known to be there.
    pub(super) last_deployment: Option<DeploymentUuid>,
    /// How many deployments in a row Coolify was asked for and knew nothing of.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) vanished: u32,
    pub(super) phase: Phase,
    #[serde(default)]
    pub(super) effort: Effort,
    /// What is known of the variables that it runs with.
    #[serde(default, skip_serializing_if = "Variables::is_unknown")]
    pub(super) variables: Variables,
}

/// Where the preview on one application is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Phase {
    /// Nothing is in hand.
    Idle {
        /// When the removal was confirmed, if that came last.
        removed_at: Option<Timestamp>,
    },
    /// A deployment was intended; what became of it is not known yet.
    Starting {
        revision: Revision,
        start: Start,
        since: Timestamp,
        look_at: Timestamp,
    },
    /// Coolify queued or runs the deployment.
    Underway {
        revision: Revision,
        deployment: DeploymentUuid,
        since: Timestamp,
        poll_at: Timestamp,
        unknown: u32,
    },
    /// Coolify started the container.
    Deployed {
        revision: Revision,
        deployment: DeploymentUuid,
        health: Probes,
    },
    /// The deployment failed; a person, a new build or a new commit must change something.
    Failed {
        revision: Revision,
        reason: String,
        /// When that was learnt.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Timestamp>,
    },
    /// It is to be removed; everything that may still be there is removed first, whatever is wanted by now.
    Removing(Removal),
}

/// What is known of an intended deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Start {
    /// The intent was saved.
    Intended,
    /// It may have reached Coolify: how often it was looked for in vain.
    Uncertain { looked: u32 },
    /// Coolify has another deployment in hand: ours is queued after that one.
    InTheWay,
}

/// The probes of a started container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Probes {
    pub(super) since: Timestamp,
    pub(super) count: u32,
    pub(super) probed_at: Option<Timestamp>,
    pub(super) healthy_at: Option<Timestamp>,
    pub(super) last_answer: Option<String>,
}

/// A removal in hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Removal {
    pub(super) since: Timestamp,
    pub(super) ask_at: Timestamp,
    /// How often in a row Coolify said that there is nothing.
    pub(super) nothing_there: u32,
    /// How often in a row Coolify showed no such application.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) no_application: u32,
    /// Whether a deployment may still be on its way there.
    pub(super) uncertain: bool,
    /// Whether anything was ever there, as far as is known.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub(super) was_there: bool,
    /// What keeps what is there, in the vendor's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) remains: Option<String>,
}

impl Preview {
    /// The preview of which nothing is known yet.
    pub(super) fn unknown(id: PreviewId) -> Self {
        Self {
            id,
            repository: None,
            access: Access::default(),
            sighting: None,
            reading: Effort::default(),
            configuration: ConfigurationState::default(),
            approvals: Approvals::default(),
            builds: Builds::default(),
            files: Files::default(),
            targets: BTreeMap::new(),
            images: Images::default(),
            admissions: BTreeMap::new(),
            expiry: BTreeMap::new(),
            commands: Commands::default(),
            rulings: Vec::new(),
            comment: Publication::default(),
            reports: Reports::default(),
            wishes: Wishes::default(),
        }
    }

    /// Spreads the retries of many previews.
    pub(super) fn seed(&self) -> u64 {
        self.id.repository.0.rotate_left(32) ^ self.id.number.0
    }

    /// Whether there may be something that a removal would take away.
    pub fn is_deployed(&self) -> bool {
        !self.targets.values().all(Target::is_vacant)
    }

    /// The newest that is known of the pull request; none if it was never seen.
    pub fn pull_request(&self) -> Option<&PullRequest> {
        self.sighting
            .as_ref()
            .map(|sighting| &sighting.pull_request)
    }
}

impl Target {
    pub(super) fn new(service: String) -> Self {
        Self {
            service,
            attempts: 0,
            occupied: false,
            awaited_since: None,
            looked_after_at: None,
            asked_at: None,
            last_deployment: None,
            vanished: 0,
            phase: Phase::Idle { removed_at: None },
            effort: Effort::default(),
            variables: Variables::default(),
        }
    }

    /// The revision that is there or on its way.
    pub(super) fn revision(&self) -> Option<&Revision> {
        match &self.phase {
            Phase::Idle { .. } | Phase::Removing(_) => None,
            Phase::Starting { revision, .. }
            | Phase::Underway { revision, .. }
            | Phase::Deployed { revision, .. }
            | Phase::Failed { revision, .. } => Some(revision),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_true(truth: &bool) -> bool {
    *truth
}
