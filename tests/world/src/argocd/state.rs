//! What Argo CD knows: accounts, projects, applications with their operation, what their cluster runs and what was last seen of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Argo CD's whole state.
#[derive(Debug, Default)]
pub(crate) struct ArgoCdState {
    pub(crate) tokens: BTreeMap<String, Account>,
    pub(crate) projects: BTreeMap<String, Vec<Window>>,
    pub(crate) applications: BTreeMap<String, Application>,
    /// Images, as `name:tag`, that start and never get ready.
    pub(crate) sick_images: BTreeSet<String>,
    pub(crate) settings: Settings,
}

/// Who a token belongs to, and what it may do.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) name: String,
    /// `get`, `sync`, `update`, `override`.
    pub(crate) actions: BTreeSet<String>,
    /// In these projects; none: in all.
    pub(crate) project: Option<String>,
}

/// Whether a window lets syncs through or holds them back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowKind {
    /// Syncs only while it is open.
    Allow,
    /// No syncs while it is open.
    Deny,
}

/// A sync window of a project. Whether it is open is said by the story, not by its schedule.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    pub(crate) kind: WindowKind,
    pub(crate) open: bool,
    pub(crate) manual_sync: bool,
}

/// An application: its specification as JSON, and what is going on.
#[derive(Debug)]
pub(crate) struct Application {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) created_at: i64,
    pub(crate) version: u64,
    pub(crate) annotations: Map<String, Value>,
    pub(crate) owners: Vec<Value>,
    pub(crate) deleting: bool,
    pub(crate) spec: Value,
    /// Asked for or under way.
    pub(crate) operation: Option<Operation>,
    /// The one under way or the last one.
    pub(crate) state: Option<OperationState>,
    pub(crate) history: Vec<Value>,
    pub(crate) next_history: u64,
    pub(crate) live: Live,
    pub(crate) seen: Option<Seen>,
    /// When the controller compares next.
    pub(crate) compare_at: i64,
    /// What was synced by itself, so that it is not tried twice.
    pub(crate) synced_by_itself: Option<Value>,
    /// How the next operation ends, instead of well.
    pub(crate) next_failure: Option<Failure>,
    /// The next rollout does not get healthy, whatever its image.
    pub(crate) next_degrades: bool,
    /// What its address answers instead of its page.
    pub(crate) site_status: Option<u16>,
}

/// How an operation fails.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// The cluster does not take a resource.
    NotApplied(String),
    /// A hook before the sync fails.
    Hook(String),
}

/// An operation that was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    /// As the API shows it.
    pub(crate) shown: Value,
    pub(crate) asked_at: i64,
}

/// How an operation goes on.
#[derive(Debug, Clone)]
pub(crate) struct OperationState {
    pub(crate) operation: Value,
    pub(crate) phase: &'static str,
    pub(crate) message: String,
    pub(crate) started_at: i64,
    /// When it was asked to stop.
    pub(crate) terminating_at: Option<i64>,
    pub(crate) finished_at: Option<i64>,
    pub(crate) revision: String,
    pub(crate) revisions: Vec<String>,
    pub(crate) resources: Vec<Value>,
}

/// What the cluster runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Live {
    pub(crate) images: Vec<String>,
    /// Hash of the manifests that were applied; empty before the first sync.
    pub(crate) digest: String,
    /// Somebody changed the cluster by hand.
    pub(crate) drifted: bool,
    /// Until when the rollout takes.
    pub(crate) settles_at: i64,
    /// Whether it is healthy after that.
    pub(crate) well: bool,
    /// It was healthy and broke.
    pub(crate) crashed: bool,
    /// The images that ran well before: they answer until the new ones do.
    pub(crate) serving: Vec<String>,
}

/// What the controller saw when it last compared.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) at: i64,
    pub(crate) status: &'static str,
    pub(crate) revisions: Vec<String>,
    /// `source` or `sources` as it was compared.
    pub(crate) compared_to: Value,
    pub(crate) health: &'static str,
    pub(crate) health_since: i64,
    pub(crate) images: Vec<String>,
    pub(crate) kinds: Vec<&'static str>,
    /// Why manifests could not be made.
    pub(crate) error: Option<String>,
}

/// How long things take, in seconds of the world's clock.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Until a requested operation is taken up.
    pub(crate) pick_up: i64,
    /// Of an operation.
    pub(crate) sync: i64,
    /// From the end of a sync until the new containers are ready, or given up.
    pub(crate) rollout: i64,
    /// From a change until the controller has compared.
    pub(crate) lag: i64,
    /// Between two looks at Git (Argo CD's `timeout.reconciliation`).
    pub(crate) git_poll: i64,
    /// Whether the controller runs.
    pub(crate) controller: bool,
    /// Whether the server of repositories answers.
    pub(crate) repo_server: bool,
    /// So many of the next changes meet somebody else's.
    pub(crate) conflicts: u32,
    /// `application.sync.requireOverridePrivilegeForRevisionSync`.
    pub(crate) revision_needs_override: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            pick_up: 0,
            sync: 1,
            rollout: 1,
            lag: 0,
            git_poll: 180,
            controller: true,
            repo_server: true,
            conflicts: 0,
            revision_needs_override: false,
        }
    }
}

impl Application {
    /// The project, `default` if the specification names none.
    pub(crate) fn project(&self) -> &str {
        let named = self.spec.get("project").and_then(Value::as_str);
        named.filter(|name| !name.is_empty()).unwrap_or("default")
    }

    /// Whether it has `sources` rather than `source`.
    pub(crate) fn has_several_sources(&self) -> bool {
        let sources = self.spec.get("sources").and_then(Value::as_array);
        sources.is_some_and(|sources| !sources.is_empty())
    }

    /// Its sources.
    pub(crate) fn sources(&self) -> Vec<Value> {
        sources_of(&self.spec)
    }

    /// What it tracks: a branch, a tag, a commit, `HEAD`.
    pub(crate) fn tracked(&self) -> String {
        let tracked = self
            .spec
            .pointer("/source/targetRevision")
            .and_then(Value::as_str);
        tracked
            .filter(|text| !text.is_empty())
            .unwrap_or("HEAD")
            .to_owned()
    }

    /// Whether Argo CD syncs it by itself (`enabled` exists since v3.1).
    pub(crate) fn syncs_by_itself(&self) -> bool {
        let automated = self.spec.pointer("/syncPolicy/automated");
        automated.is_some_and(|automated| {
            automated.is_object() && automated.get("enabled") != Some(&Value::Bool(false))
        })
    }

    /// Whether it takes changes in the cluster back.
    pub(crate) fn heals_itself(&self) -> bool {
        self.spec.pointer("/syncPolicy/automated/selfHeal") == Some(&Value::Bool(true))
    }

    /// The images that answer requests at a time.
    pub(crate) fn serving(&self, now: i64) -> Vec<String> {
        let live = &self.live;
        if live.crashed {
            Vec::new()
        } else if live.well && now >= live.settles_at {
            live.images.clone()
        } else {
            live.serving.clone()
        }
    }

    /// How the cluster does at a time.
    pub(crate) fn health(&self, now: i64) -> &'static str {
        if self.live.digest.is_empty() {
            "Missing"
        } else if now < self.live.settles_at {
            "Progressing"
        } else if self.live.well {
            "Healthy"
        } else {
            "Degraded"
        }
    }
}

/// The sources in a specification, an operation or an entry of the history.
pub(crate) fn sources_of(value: &Value) -> Vec<Value> {
    let several = value.get("sources").and_then(Value::as_array);
    match several.filter(|sources| !sources.is_empty()) {
        Some(sources) => sources.clone(),
        None => value.get("source").cloned().into_iter().collect(),
    }
}
