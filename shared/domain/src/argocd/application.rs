//! An application as Argo CD shows it, reduced to what a release needs (VENDORS 2.3).

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// An application as Argo CD showed it at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// Kubernetes' version of the object: differs after every change.
    pub resource_version: String,
    /// It is being deleted; Argo CD refuses everything.
    pub deleting: bool,
    /// Where its manifests come from: one source, or several.
    pub sources: Vec<Source>,
    /// It has `sources` rather than `source`, which is a different place for every change.
    pub has_several_sources: bool,
    /// How Argo CD syncs it by itself; none if that is off.
    pub automation: Option<Automation>,
    /// The operation that is asked for or under way; while there is one, another one is refused.
    pub requested: Option<Requested>,
    /// The operation under way, or the last one. Argo CD clears it when the next one is asked for.
    pub operation: Option<Operation>,
    /// How the cluster compares with Git.
    pub sync: Sync,
    /// The health of all its resources together.
    pub health: Health,
    /// When Argo CD last compared.
    pub reconciled_at: Option<Timestamp>,
    /// What Argo CD complains about: invalid specification, manifests that cannot be made.
    pub conditions: Vec<Condition>,
    /// The images of its resources in the cluster, as `ghcr.io/acme/shop:v2`.
    pub images: Vec<String>,
    /// What was deployed before, in Argo CD's order: the newest last.
    pub history: Vec<HistoryEntry>,
    /// The resources that are in trouble, at most ten.
    pub troubles: Vec<ResourceTrouble>,
    /// The application or set of applications that owns this one, and takes changes of it back.
    pub managed_by: Option<String>,
}

/// Where manifests come from, and what overrides them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Source {
    /// The repository of the manifests, which is rarely that of the code.
    pub repository: String,
    /// The folder in it.
    pub path: Option<String>,
    /// The Helm chart, for a repository of charts.
    pub chart: Option<String>,
    /// The branch, tag, commit or version that is tracked; empty for `HEAD`.
    pub target_revision: String,
    /// Overrides of images for Kustomize, each `[name=]image[:tag|@digest]`.
    pub kustomize_images: Vec<String>,
    /// Overrides of Helm's values.
    pub helm_parameters: Vec<HelmParameter>,
    /// Where else Helm's values come from.
    #[serde(default)]
    pub helm_values: HelmValues,
    /// What makes the manifests.
    pub kind: SourceKind,
}

/// What makes the manifests of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// Kustomize.
    Kustomize,
    /// Helm.
    Helm,
    /// They are plain files.
    Directory,
    /// A plugin.
    Plugin,
    /// Neither the specification nor the last comparison says.
    #[default]
    Unknown,
}

/// Where Helm's values come from beside the chart's own `values.yaml`, from the weakest to the strongest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HelmValues {
    /// Files, relative to the source's folder, or `$ref/…` of another source, or an address; the last one wins.
    pub files: Vec<String>,
    /// Whether the specification itself has values (`values`, `valuesObject`, `fileParameters`), which win over every file.
    pub has_inline: bool,
}

/// One override of Helm's values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelmParameter {
    /// Its path among the values, such as `image.tag`.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Whether it stays a text even if it looks like a number.
    pub force_string: bool,
}

/// How Argo CD syncs by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Automation {
    /// Whether it deletes what is no longer in Git.
    pub prune: bool,
    /// Whether it takes back changes in the cluster.
    pub self_heal: bool,
}

/// An operation that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requested {
    /// Where it goes to, as Argo CD resolved it when it took the request; empty with several sources.
    pub revision: Option<String>,
    /// The mark that was given to it when it was asked for: tells one's own operation from anybody else's.
    pub mark: Option<String>,
    /// Who asked for it.
    pub initiator: Initiator,
}

/// A sync or a rollback that Argo CD took up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// How far it is.
    pub phase: Phase,
    /// What Argo CD says of it, on one line and not at length.
    pub message: String,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// What was asked for.
    pub requested: Requested,
    /// The revisions that were deployed, one for each source.
    pub revisions: Vec<String>,
    /// How often Argo CD tried again.
    pub retries: u32,
}

/// Who asked for an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Initiator {
    /// Argo CD itself.
    Automation,
    /// A person or a token, by its name in Argo CD.
    Account(String),
    /// Argo CD does not say.
    Unsaid,
}

/// How far an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Under way.
    Running,
    /// It was asked to stop, and does not yet.
    Terminating,
    /// It worked.
    Succeeded,
    /// A resource could not be applied, or a hook failed.
    Failed,
    /// It could not even begin: a wrong revision, manifests that cannot be made.
    Error,
    /// A phase that this version of Slipway does not know.
    Unrecognised,
}

/// How the cluster compares with Git.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sync {
    /// The result.
    pub status: SyncStatus,
    /// The revisions that were compared with, one for each source.
    pub revisions: Vec<String>,
    /// Whether what was compared is the specification as it is now: false from a change until Argo CD has seen it.
    pub is_of_this_specification: bool,
}

/// Whether the cluster is as Git says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncStatus {
    /// It is.
    Synced,
    /// It is not.
    OutOfSync,
    /// Argo CD cannot tell.
    Unknown,
}

/// The health of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// They work.
    Healthy,
    /// They are on the way.
    Progressing,
    /// They failed, or did not get ready in time.
    Degraded,
    /// Somebody paused them.
    Suspended,
    /// They are not there.
    Missing,
    /// Argo CD cannot tell.
    Unknown,
}

/// Something that Argo CD complains about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Its kind, such as `ComparisonError`.
    pub kind: String,
    /// What it says.
    pub message: String,
}

/// One earlier deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// What a rollback names it by. The first one is 0.
    pub id: u64,
    /// Its revisions, one for each source.
    pub revisions: Vec<String>,
    /// When it was deployed.
    pub deployed_at: Option<Timestamp>,
    /// Who did it.
    pub initiator: Initiator,
    /// The sources as they were, overrides of images and parameters included.
    pub sources: Vec<Source>,
}

/// A resource that is in trouble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceTrouble {
    /// What is wrong.
    pub trouble: TroubleKind,
    /// `Deployment shop/web`.
    pub resource: String,
    /// What Argo CD says of it; may be empty.
    pub message: String,
}

/// What is wrong with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    /// It runs badly.
    Unhealthy,
    /// The cluster did not take it.
    NotApplied,
    /// It is a hook, and it failed.
    HookFailed,
}
