//! Deleting deployments from GitHub that nobody needs any more: in batches, so that many closed pull requests are no burst.
//!
//! GitHub keeps each deployment for ever otherwise, and the repository's page fills with environments that are no more. All of ours
//! to the pull request's environment are listed then, so that one is found too whose answer was lost.

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    super::{
        Action, Effort, Preview, PullRequestState,
        plan::{Next, when_due_at_last},
        state::Sighting,
    },
    ReportKind,
};
use crate::{Timestamp, release::DeploymentState};

/// What a closed pull request had is to be seen so long.
const KEPT: Duration = Duration::from_secs(24 * 3_600);
/// Of an open one so many superseded deployments are kept: of more all go but the newest.
const SUPERSEDED_MAX: usize = 6;
/// Between two batches.
const PAUSE: Duration = Duration::from_secs(60);

/// The deletion of deployments.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(in super::super) struct Sweep {
    /// When all that were to go were gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    done_at: Option<Timestamp>,
    /// When to go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_at: Option<Timestamp>,
    #[serde(default)]
    pub(in super::super) effort: Effort,
}

impl Sweep {
    pub(in super::super) fn swept(&mut self, left: bool, at: Timestamp) {
        self.effort.succeed();
        if left {
            self.next_at = Some(at.after(PAUSE));
        } else {
            self.next_at = None;
            self.done_at = Some(at);
        }
    }
}

impl Preview {
    /// Deletes what is not needed any more.
    pub(super) fn sweep_deployments(&self, sighting: &Sighting, now: Timestamp) -> Next {
        let Some(from) = self.sweep_from(sighting) else {
            return Next::Nothing;
        };
        let sweep = &self.reports.sweep;
        let at = sweep.next_at.map_or(from, |next_at| next_at.max(from));
        if at > now {
            return Next::At(at);
        }
        when_due_at_last(&sweep.effort, now, || Action::SweepDeployments {
            repository: sighting.pull_request.repository.clone(),
            keep: self.kept_deployments(sighting),
        })
    }

    /// From when on something is to be deleted; none if nothing is.
    fn sweep_from(&self, sighting: &Sighting) -> Option<Timestamp> {
        let deployments = &self.reports.deployments;
        // Nothing was ever made.
        if deployments.attempts == 0 {
            return None;
        }
        if sighting.pull_request.state == PullRequestState::Open {
            let superseded = self.superseded_deployments(sighting).count();
            return (superseded > SUPERSEDED_MAX).then_some(sighting.head_since);
        }
        let done = self
            .reports
            .sweep
            .done_at
            .is_some_and(|done_at| done_at >= sighting.state_since);
        let ready = !self.is_deployed() && !done;
        ready.then(|| sighting.state_since.after(KEPT))
    }

    /// Those of an open pull request that are the head's, that still run, or the newest of the superseded ones.
    fn kept_deployments(&self, sighting: &Sighting) -> BTreeSet<u64> {
        if sighting.pull_request.state != PullRequestState::Open {
            return BTreeSet::new();
        }
        let gone: BTreeSet<u64> = {
            let all: Vec<u64> = self.superseded_deployments(sighting).collect();
            let old = all.len().saturating_sub(1);
            all.into_iter().take(old).collect()
        };
        let known = self.reports.deployments.of.iter();
        known
            .filter_map(|known| known.publication.id)
            .filter(|id| !gone.contains(id))
            .collect()
    }

    /// The inactive deployments of superseded commits, oldest first.
    fn superseded_deployments(&self, sighting: &Sighting) -> impl Iterator<Item = u64> {
        let head = &sighting.pull_request.head_commit;
        let known = self.reports.deployments.of.iter();
        known
            .filter(move |known| known.commit != *head)
            .filter(|known| known.shown() == Some(DeploymentState::Inactive.as_str()))
            .filter_map(|known| known.publication.id)
    }

    /// Forgets the deployments that were deleted, as far as they are known.
    pub(in super::super) fn deployments_swept(&mut self, left: bool, at: Timestamp) {
        if !left && let Some(sighting) = self.sighting.clone() {
            let keep = self.kept_deployments(&sighting);
            let open = sighting.pull_request.state == PullRequestState::Open;
            let known = &mut self.reports.series_mut(ReportKind::Deployment).of;
            known.retain(|known| match known.publication.id {
                Some(id) => keep.contains(&id),
                None => open,
            });
        }
        self.reports.sweep.swept(left, at);
    }

    /// Whether nothing is left on GitHub that is to be deleted, or that can be.
    pub(in super::super) fn is_github_tidy(&self) -> bool {
        let Some(sighting) = &self.sighting else {
            return true;
        };
        sighting.pull_request.archived
            || self.reports.sweep.effort.is_exhausted()
            || self.sweep_from(sighting).is_none()
    }
}
