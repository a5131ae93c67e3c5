//! When a rollout is over, and how: the rule of `argocd app wait` (VENDORS 2.3), and not to be taken in by what is stale.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Application, Health, HistoryEntry, Operation, Phase, SyncStatus};

/// How far an application is on its way to what its specification says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rollout {
    /// An operation is asked for or under way.
    InOperation,
    /// Nothing runs, but what Argo CD shows is older than the last operation or the last change.
    Stale,
    /// The last operation failed.
    OperationFailed,
    /// The cluster is not as Git says, or Argo CD cannot tell.
    NotSynced(SyncStatus),
    /// As Git says, but not healthy: still on its way, or not to get there.
    NotHealthy(Health),
    /// As Git says, and healthy.
    Complete,
}

impl fmt::Display for Rollout {
    /// For people, as the end of "the application is …".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InOperation => "being synced",
            Self::Stale => "waiting for Argo CD to look at it again",
            Self::OperationFailed => "not synced: the operation failed",
            Self::NotSynced(SyncStatus::OutOfSync) => "not as Git says",
            Self::NotSynced(_) => "of unknown state: Argo CD cannot compare it with Git",
            Self::NotHealthy(Health::Progressing) => "rolling out",
            Self::NotHealthy(Health::Degraded) => "degraded",
            Self::NotHealthy(Health::Suspended) => "suspended",
            Self::NotHealthy(Health::Missing) => "missing resources",
            Self::NotHealthy(Health::Unknown | Health::Healthy) => "of unknown health",
            Self::Complete => "as Git says and healthy",
        })
    }
}

impl Operation {
    /// Whether it is over, as Argo CD's own tools tell: by its end, not by its phase alone.
    pub fn is_over(&self) -> bool {
        self.finished_at.is_some()
            && match self.phase {
                Phase::Succeeded | Phase::Failed | Phase::Error => true,
                Phase::Running | Phase::Terminating | Phase::Unrecognised => false,
            }
    }

    /// Whether it is under way and a sync window keeps it from going on (ARGOCD controller/sync.go, `SyncAppState`).
    pub fn is_held_by_window(&self) -> bool {
        !self.is_over() && self.message.contains("blocked by sync window")
    }

    /// Whether it is over and did not work.
    pub fn has_failed(&self) -> bool {
        self.is_over() && self.phase != Phase::Succeeded
    }
}

impl Application {
    /// Whether another operation would be refused now.
    pub fn is_in_operation(&self) -> bool {
        self.requested.is_some() || self.operation.as_ref().is_some_and(|last| !last.is_over())
    }

    /// Whether the operation that is asked for, or the last one, is the one that was given this mark.
    pub fn bears_mark(&self, mark: &str) -> bool {
        self.mark() == Some(mark)
    }

    /// The mark of the operation that is asked for, or of the last one; none if it was not asked for by Slipway.
    pub fn mark(&self) -> Option<&str> {
        let taken_up = self.operation.as_ref().map(|last| &last.requested);
        let newest = self.requested.as_ref().or(taken_up)?;
        newest.mark.as_deref()
    }

    /// How far it is towards what its specification says. This says nothing of which revision or image that is:
    /// [`Application::shows_revision`] and [`Application::shows_image`] do.
    pub fn rollout(&self) -> Rollout {
        match (self.rollout_of_rollback(), self.sync.status) {
            (
                Rollout::Complete | Rollout::NotHealthy(_),
                status @ (SyncStatus::OutOfSync | SyncStatus::Unknown),
            ) => Rollout::NotSynced(status),
            (rollout, _) => rollout,
        }
    }

    /// How far it is towards what the last operation asked for. After a rollback that is not what the specification says, and
    /// Argo CD shows the application as out of sync for as long as it stays so (VENDORS 2.5).
    pub fn rollout_of_rollback(&self) -> Rollout {
        if self.is_in_operation() {
            return Rollout::InOperation;
        }
        if self.is_stale() {
            return Rollout::Stale;
        }
        if self.operation.as_ref().is_some_and(Operation::has_failed) {
            return Rollout::OperationFailed;
        }
        self.rollout_in_place()
    }

    /// Whether the cluster was seen to be what the specification says since that was last changed, and nothing is under way: Argo CD
    /// that syncs by itself begins nothing then, however the last operation ended (ARGOCD controller/appcontroller.go, `autoSync`).
    pub fn is_in_place(&self) -> bool {
        !self.is_in_operation() && !self.is_stale() && self.sync.status == SyncStatus::Synced
    }

    /// How far the cluster is with what it was given, whatever came of the last operation.
    pub fn rollout_in_place(&self) -> Rollout {
        if self.health == Health::Healthy {
            Rollout::Complete
        } else {
            Rollout::NotHealthy(self.health)
        }
    }

    /// Whether the newest deployment is this one again: what a finished rollback to it looks like.
    pub fn runs_again(&self, earlier: &HistoryEntry) -> bool {
        let newest = self.history.iter().max_by_key(|entry| entry.id);
        newest.is_some_and(|newest| {
            newest.revisions == earlier.revisions && newest.sources == earlier.sources
        })
    }

    /// Whether sync status and health are from before the end of the last operation, or from before the last change of the
    /// specification: right after a sync the old `Healthy` still stands.
    pub fn is_stale(&self) -> bool {
        let Some(reconciled) = self.reconciled_at else {
            return true;
        };
        let finished = self.operation.as_ref().and_then(|last| last.finished_at);
        finished.is_some_and(|finished| reconciled < finished)
            || !self.sync.is_of_this_specification
    }

    /// Whether this revision is what the cluster was last compared with, for one of the sources. A short one does for a long one.
    pub fn shows_revision(&self, revision: &str) -> bool {
        let is_it = |shown: &String| revision.len() >= 7 && shown.starts_with(revision);
        self.sync.revisions.iter().any(is_it)
    }

    /// Whether an image with this tag or digest is among the images that run.
    pub fn shows_version(&self, version: &str) -> bool {
        self.images.iter().any(|shown| {
            let rest = shown.strip_suffix(version);
            rest.is_some_and(|image| image.ends_with([':', '@']))
        })
    }

    /// Whether this image, with its tag or digest, is among the images that run.
    pub fn shows_image(&self, image: &str) -> bool {
        self.images.iter().any(|shown| shown == image)
    }
}
