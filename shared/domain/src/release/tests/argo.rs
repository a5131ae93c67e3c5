//! The Argo CD of the stories.

use std::collections::BTreeSet;

use crate::{
    Timestamp,
    argocd::{
        self, Application, Health, HelmParameter, HistoryEntry, Initiator, Operation, Requested,
        SyncStatus, SyncWindows,
    },
};

/// An Argo CD with one application.
pub(super) struct Argo {
    pub(super) spec: String,
    pub(super) live: String,
    pub(super) by_itself: bool,
    /// What it synced by itself last, or tried to: it does that once.
    pub(super) tried: Option<String>,
    /// Whether its version is set in Git, and not in its specification.
    pub(super) is_by_git: bool,
    /// Whether its manifests are plain files.
    pub(super) is_directory: bool,
    /// Images that never get healthy.
    pub(super) sick: BTreeSet<String>,
    /// How an operation ends.
    pub(super) ends: argocd::Phase,
    /// Whether a rollout goes on.
    pub(super) stuck: bool,
    /// When Argo CD looked at the application last; none if it always has just looked.
    pub(super) looked_at: Option<Timestamp>,
    /// Whether another operation is always in the way.
    pub(super) is_busy: bool,
    /// Whether the answer to the next operation that is asked for is lost.
    pub(super) loses_answer: bool,
    /// Whether the controller is away: what is asked for is not taken up.
    pub(super) is_away: bool,
    /// Whether an operation goes on though it is told to stop.
    pub(super) ignores_stops: bool,
    /// Whether Helm makes the manifests, and not Kustomize.
    pub(super) is_helm: bool,
    /// Whether the chart reads the parameter that is set.
    pub(super) reads_parameter: bool,
    pub(super) parameters: Vec<HelmParameter>,
    /// The operation that is asked for, and not taken up.
    pub(super) requested: Option<Requested>,
    pub(super) operation: Option<Operation>,
    pub(super) history: Vec<String>,
    /// Whether it takes its time to see what changed.
    pub(super) is_slow: bool,
    /// The sync windows, as they are now.
    pub(super) windows: SyncWindows,
}

/// Windows that hold nothing back: there are none.
pub(super) fn open_windows() -> SyncWindows {
    SyncWindows {
        may_sync: true,
        open: Vec::new(),
        all: Vec::new(),
    }
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
            sources: vec![self.source()],
            has_several_sources: false,
            automation: self.by_itself.then_some(argocd::Automation {
                prune: false,
                self_heal: false,
            }),
            requested: self.requested.clone(),
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
            reconciled_at: Some(self.looked_at.unwrap_or(now)),
            conditions: Vec::new(),
            images: vec![self.live.clone()],
            history: self.history.iter().enumerate().map(entry).collect(),
            troubles: Vec::new(),
            managed_by: None,
        }
    }

    fn source(&self) -> argocd::Source {
        if self.is_directory {
            return argocd::Source {
                kind: argocd::SourceKind::Directory,
                ..source(&self.spec)
            };
        }
        if self.is_by_git {
            return argocd::Source {
                kustomize_images: Vec::new(),
                ..source(&self.spec)
            };
        }
        if !self.is_helm {
            return source(&self.spec);
        }
        argocd::Source {
            helm_parameters: self.parameters.clone(),
            kind: argocd::SourceKind::Helm,
            ..argocd::Source::default()
        }
    }

    pub(super) fn set_parameter(&mut self, name: &str, value: &str) {
        self.parameters.retain(|known| known.name != name);
        self.parameters.push(HelmParameter {
            name: name.to_owned(),
            value: value.to_owned(),
            force_string: true,
        });
        if self.reads_parameter {
            self.spec = format!("ghcr.io/acme/shop:{value}");
        }
    }

    /// Argo CD sees what changed, and syncs it if it does that by itself and its windows let it.
    pub(super) fn sync_by_itself(&mut self, now: Timestamp) {
        let differs = self.spec != self.live;
        let may = !self.is_slow && self.windows.lets_automation_through();
        if self.by_itself
            && differs
            && may
            && self.tried.as_ref() != Some(&self.spec)
            && self.operation.as_ref().is_none_or(Operation::is_over)
        {
            self.tried = Some(self.spec.clone());
            self.operate("", now);
        }
    }

    /// An operation is asked for; unless the controller is away it is begun and, as the story has it, ended.
    pub(super) fn operate(&mut self, mark: &str, now: Timestamp) {
        self.requested = Some(Requested {
            revision: None,
            mark: (!mark.is_empty()).then(|| mark.to_owned()),
            initiator: if self.by_itself && mark.is_empty() {
                Initiator::Automation
            } else {
                Initiator::Account("slipway".into())
            },
        });
        // Argo CD clears what was when the next one is asked for.
        self.operation = None;
        if !self.is_away {
            self.take_up(now);
        }
    }

    /// The controller takes up what is asked for.
    pub(super) fn take_up(&mut self, now: Timestamp) {
        let Some(requested) = self.requested.take() else {
            return;
        };
        self.operation = Some(Operation {
            phase: argocd::Phase::Running,
            message: "one or more objects failed to apply".into(),
            started_at: Some(now),
            finished_at: None,
            requested,
            revisions: Vec::new(),
            retries: 0,
        });
        if self.ends != argocd::Phase::Running {
            self.end(now);
        }
    }

    /// The operation under way ends as the story has it.
    pub(super) fn end(&mut self, now: Timestamp) {
        if self.ends == argocd::Phase::Succeeded {
            self.live.clone_from(&self.spec);
            self.history.push(self.live.clone());
        }
        if let Some(operation) = &mut self.operation {
            operation.phase = self.ends;
            operation.finished_at = Some(now);
        }
    }

    /// Whether what is asked for or under way has this mark, or is begun by Argo CD itself; or nothing is.
    pub(super) fn is_at(&self, mark: &str) -> bool {
        let under_way = self.operation.as_ref().filter(|last| !last.is_over());
        let taken_up = under_way.map(|last| &last.requested);
        self.requested.as_ref().or(taken_up).is_none_or(|newest| {
            newest.mark.as_deref() == Some(mark) || newest.initiator == Initiator::Automation
        })
    }

    /// A person asks for a sync, which takes its time.
    pub(super) fn operate_by(&mut self, person: &str, now: Timestamp) {
        self.operation = Some(Operation {
            phase: argocd::Phase::Running,
            message: String::new(),
            started_at: Some(now),
            finished_at: None,
            requested: Requested {
                revision: None,
                mark: None,
                initiator: Initiator::Account(person.to_owned()),
            },
            revisions: Vec::new(),
            retries: 0,
        });
    }

    /// What is under way is told to stop. What is only asked for is not under way.
    pub(super) fn stop(&mut self, now: Timestamp) {
        if self.ignores_stops {
            return;
        }
        if let Some(operation) = &mut self.operation {
            operation.phase = argocd::Phase::Failed;
            operation.finished_at = Some(now);
        }
    }
}

fn source(image: &str) -> argocd::Source {
    argocd::Source {
        repository: "https://github.com/acme/gitops.git".into(),
        path: Some("shop".into()),
        target_revision: "main".into(),
        kustomize_images: vec![image.to_owned()],
        kind: argocd::SourceKind::Kustomize,
        ..argocd::Source::default()
    }
}
