//! An application in Argo CD's JSON: its status and its operations (VENDORS 2.3).

use domain::{
    Timestamp,
    argocd::{
        self, Condition, Health, HistoryEntry, Initiator, Phase, Requested, ResourceTrouble,
        SourceKind, Sync, SyncStatus, TroubleKind,
    },
};
use serde::Deserialize;

use super::wire::{MARK, Source};

/// So many resources in trouble are told of.
const TROUBLES_MAX: usize = 10;

/// So many conditions are told of.
const CONDITIONS_MAX: usize = 10;

/// Makes a vendor's text fit to be shown.
type Shown<'a> = &'a dyn Fn(&str) -> String;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Status {
    sync: SyncWire,
    health: HealthWire,
    operation_state: Option<OperationState>,
    history: Option<Vec<History>>,
    reconciled_at: Option<String>,
    conditions: Option<Vec<ConditionWire>>,
    summary: Summary,
    resources: Option<Vec<Resource>>,
    source_type: String,
    source_types: Option<Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SyncWire {
    status: String,
    revision: String,
    revisions: Option<Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct HealthWire {
    status: String,
    message: String,
}

/// What is asked for, in `operation` and in `status.operationState.operation`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Operation {
    sync: Option<SyncOperation>,
    initiated_by: InitiatedBy,
    info: Option<Vec<Info>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SyncOperation {
    revision: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct InitiatedBy {
    username: String,
    automated: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Info {
    name: String,
    value: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct OperationState {
    operation: Operation,
    phase: String,
    message: String,
    started_at: Option<String>,
    finished_at: Option<String>,
    retry_count: u32,
    sync_result: Option<SyncResult>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SyncResult {
    revision: String,
    revisions: Option<Vec<String>>,
    resources: Option<Vec<ResourceResult>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ResourceResult {
    kind: String,
    namespace: String,
    name: String,
    status: String,
    message: String,
    hook_phase: String,
    hook_type: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct History {
    id: u64,
    revision: String,
    revisions: Option<Vec<String>>,
    deployed_at: Option<String>,
    initiated_by: InitiatedBy,
    source: Option<Source>,
    sources: Option<Vec<Source>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ConditionWire {
    #[serde(rename = "type")]
    kind: String,
    message: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Summary {
    images: Option<Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Resource {
    kind: String,
    namespace: String,
    name: String,
    health: Option<HealthWire>,
}

impl Operation {
    /// In our words.
    pub(super) fn shown(self) -> Requested {
        let mut infos = self.info.unwrap_or_default().into_iter();
        Requested {
            revision: self
                .sync
                .map(|sync| sync.revision)
                .filter(|text| !text.is_empty()),
            mark: infos.find(|info| info.name == MARK).map(|info| info.value),
            initiator: self.initiated_by.shown(),
        }
    }
}

impl InitiatedBy {
    fn shown(self) -> Initiator {
        match self {
            Self {
                automated: true, ..
            } => Initiator::Automation,
            Self { username, .. } if username.is_empty() => Initiator::Unsaid,
            Self { username, .. } => Initiator::Account(username),
        }
    }
}

impl Status {
    /// What makes the manifests of each source, as far as Argo CD has found out.
    pub(super) fn kinds(&self) -> Vec<SourceKind> {
        let types = match &self.source_types {
            Some(types) if !types.is_empty() => types.clone(),
            Some(_) | None => vec![self.source_type.clone()],
        };
        let kind = |text: &String| match text.as_str() {
            "Kustomize" => SourceKind::Kustomize,
            "Helm" => SourceKind::Helm,
            "Directory" => SourceKind::Directory,
            "Plugin" => SourceKind::Plugin,
            _ => SourceKind::Unknown,
        };
        types.iter().map(kind).collect()
    }

    /// The operation under way, or the last one.
    pub(super) fn operation(&mut self, text: Shown<'_>) -> Option<argocd::Operation> {
        let state = self.operation_state.as_mut()?;
        let result = state.sync_result.as_ref();
        Some(argocd::Operation {
            phase: match state.phase.as_str() {
                "Running" => Phase::Running,
                "Terminating" => Phase::Terminating,
                "Succeeded" => Phase::Succeeded,
                "Failed" => Phase::Failed,
                "Error" => Phase::Error,
                _ => Phase::Unrecognised,
            },
            message: text(&state.message),
            started_at: time(state.started_at.as_deref()),
            finished_at: time(state.finished_at.as_deref()),
            revisions: result.map_or_else(Vec::new, |result| {
                one_or_several(&result.revision, result.revisions.as_deref())
            }),
            retries: state.retry_count,
            requested: std::mem::take(&mut state.operation).shown(),
        })
    }

    /// How the cluster compares with Git.
    pub(super) fn sync(&self, is_of_this_specification: bool) -> Sync {
        Sync {
            status: match self.sync.status.as_str() {
                "Synced" => SyncStatus::Synced,
                "OutOfSync" => SyncStatus::OutOfSync,
                _ => SyncStatus::Unknown,
            },
            revisions: one_or_several(&self.sync.revision, self.sync.revisions.as_deref()),
            is_of_this_specification,
        }
    }

    /// The health of all resources together.
    pub(super) fn health(&self) -> Health {
        health(&self.health.status)
    }

    /// When Argo CD last compared.
    pub(super) fn reconciled_at(&self) -> Option<Timestamp> {
        time(self.reconciled_at.as_deref())
    }

    /// What Argo CD complains about.
    pub(super) fn conditions(&self, text: Shown<'_>) -> Vec<Condition> {
        let conditions = self.conditions.iter().flatten().take(CONDITIONS_MAX);
        conditions
            .map(|condition| Condition {
                kind: text(&condition.kind),
                message: text(&condition.message),
            })
            .collect()
    }

    /// The images in the manifests.
    pub(super) fn images(&self) -> Vec<String> {
        self.summary.images.clone().unwrap_or_default()
    }

    /// The resources that failed in the last operation, and those that are not healthy.
    pub(super) fn troubles(&self, text: Shown<'_>) -> Vec<ResourceTrouble> {
        let state = self.operation_state.as_ref();
        let result = state.and_then(|state| state.sync_result.as_ref());
        let results = result.and_then(|result| result.resources.as_deref());
        let failed = results.unwrap_or_default().iter().filter_map(|resource| {
            let trouble = if !resource.hook_type.is_empty() {
                let failed = matches!(resource.hook_phase.as_str(), "Failed" | "Error");
                failed.then_some(TroubleKind::HookFailed)?
            } else {
                (resource.status == "SyncFailed").then_some(TroubleKind::NotApplied)?
            };
            Some(ResourceTrouble {
                trouble,
                resource: text(&named(&resource.kind, &resource.namespace, &resource.name)),
                message: text(&resource.message),
            })
        });
        let unhealthy = self.resources.iter().flatten().filter_map(|resource| {
            let shown = resource.health.as_ref()?;
            let sick = matches!(health(&shown.status), Health::Degraded | Health::Missing);
            sick.then(|| ResourceTrouble {
                trouble: TroubleKind::Unhealthy,
                resource: text(&named(&resource.kind, &resource.namespace, &resource.name)),
                message: text(&shown.message),
            })
        });
        failed.chain(unhealthy).take(TROUBLES_MAX).collect()
    }

    /// What was deployed before.
    pub(super) fn history(self) -> Vec<HistoryEntry> {
        let entries = self.history.unwrap_or_default().into_iter();
        entries
            .map(|entry| {
                let several = entry.sources.filter(|sources| !sources.is_empty());
                let sources = several.unwrap_or_else(|| entry.source.into_iter().collect());
                HistoryEntry {
                    id: entry.id,
                    revisions: one_or_several(&entry.revision, entry.revisions.as_deref()),
                    deployed_at: time(entry.deployed_at.as_deref()),
                    initiator: entry.initiated_by.shown(),
                    sources: sources
                        .into_iter()
                        .map(|source| source.shown(None))
                        .collect(),
                }
            })
            .collect()
    }
}

fn health(text: &str) -> Health {
    match text {
        "Healthy" => Health::Healthy,
        "Progressing" => Health::Progressing,
        "Degraded" => Health::Degraded,
        "Suspended" => Health::Suspended,
        "Missing" => Health::Missing,
        _ => Health::Unknown,
    }
}

/// `Deployment shop/web`, or without its namespace.
fn named(kind: &str, namespace: &str, name: &str) -> String {
    if namespace.is_empty() {
        format!("{kind} {name}")
    } else {
        format!("{kind} {namespace}/{name}")
    }
}

fn time(text: Option<&str>) -> Option<Timestamp> {
    text.and_then(Timestamp::parse)
}

/// One revision, or one for each of several sources.
fn one_or_several(one: &str, several: Option<&[String]>) -> Vec<String> {
    match several {
        Some(several) if !several.is_empty() => several.to_vec(),
        Some(_) | None if one.is_empty() => Vec::new(),
        Some(_) | None => vec![one.to_owned()],
    }
}
