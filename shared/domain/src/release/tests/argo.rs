//! The Argo CD of the stories.

use std::collections::BTreeSet;

use crate::{
    Timestamp,
    argocd::{
        self, Application, Health, HistoryEntry, Initiator, Operation, Requested, SyncStatus,
    },
};

/// An Argo CD with one application.
pub(super) struct Argo {
    pub(super) spec: String,
    pub(super) live: String,
    pub(super) by_itself: bool,
    /// Images that never get healthy.
    pub(super) sick: BTreeSet<String>,
    /// How an operation ends.
    pub(super) ends: argocd::Phase,
    /// Whether a rollout goes on.
    pub(super) stuck: bool,
    pub(super) operation: Option<Operation>,
    pub(super) history: Vec<String>,
}

impl Argo {
    pub(super) fn application(&self, now: Timestamp) -> Application {
        let sick = self.sick.contains(&self.live);
        let entry = |(id, image): (usize, &String)| HistoryEntry {
            id: u64::try_from(id).unwrap(),
            revisions: Vec::new(),
            deployed_at: None,
            initiator: Initiator::Unsaid,
            sources: vec![source(image)],
        };
        Application {
            resource_version: "1".into(),
            deleting: false,
            sources: vec![source(&self.spec)],
            has_several_sources: false,
            automation: self.by_itself.then_some(argocd::Automation {
                prune: false,
                self_heal: false,
            }),
            requested: None,
            operation: self.operation.clone(),
            sync: argocd::Sync {
                status: if self.spec == self.live {
                    SyncStatus::Synced
                } else {
                    SyncStatus::OutOfSync
                },
                revisions: Vec::new(),
                is_of_this_specification: true,
            },
            health: match (self.stuck, sick) {
                (true, _) => Health::Progressing,
                (false, true) => Health::Degraded,
                (false, false) => Health::Healthy,
            },
            reconciled_at: Some(now),
            conditions: Vec::new(),
            images: vec![self.live.clone()],
            history: self.history.iter().enumerate().map(entry).collect(),
            troubles: Vec::new(),
            managed_by: None,
        }
    }

    /// An operation, begun and ended.
    pub(super) fn operate(&mut self, mark: &str, now: Timestamp) {
        if self.ends == argocd::Phase::Succeeded {
            self.live.clone_from(&self.spec);
            self.history.push(self.live.clone());
        }
        let is_over = self.ends != argocd::Phase::Running;
        self.operation = Some(Operation {
            phase: self.ends,
            message: "one or more objects failed to apply".into(),
            started_at: Some(now),
            finished_at: is_over.then_some(now),
            requested: Requested {
                revision: None,
                mark: Some(mark.to_owned()),
                initiator: Initiator::Unsaid,
            },
            revisions: Vec::new(),
            retries: 0,
        });
    }
}

fn source(image: &str) -> argocd::Source {
    argocd::Source {
        kustomize_images: vec![image.to_owned()],
        kind: argocd::SourceKind::Kustomize,
        ..argocd::Source::default()
    }
}
