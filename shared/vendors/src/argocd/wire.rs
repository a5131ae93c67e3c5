//! An application in Argo CD's JSON: its metadata and specification. The Go types leave out what is empty, so everything may be
//! missing.

use domain::argocd::{self, Automation, HelmParameter, HelmValues, SourceKind};
use serde::Deserialize;
use serde_json::Value;

use super::wire_status::{Operation, Status};
use crate::{error::excerpt, exchange::Exchange};

/// The name of the `infos` entry that carries our mark.
pub(super) const MARK: &str = "slipway";

/// Set by Argo CD on what it deploys: `<application>:<group>/<kind>:<namespace>/<name>`.
const TRACKING_ID: &str = "argocd.argoproj.io/tracking-id";

#[derive(Deserialize)]
pub(super) struct Application {
    pub(super) metadata: Metadata,
    #[serde(default)]
    spec: Spec,
    operation: Option<Operation>,
    #[serde(default)]
    status: Status,
    /// Whether what was compared is what the specification says.
    #[serde(skip)]
    is_compared: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) name: String,
    #[serde(default)]
    resource_version: String,
    deletion_timestamp: Option<String>,
    #[serde(default)]
    annotations: Option<serde_json::Map<String, Value>>,
    #[serde(default)]
    owner_references: Option<Vec<Owner>>,
}

#[derive(Deserialize)]
struct Owner {
    kind: String,
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    source: Option<Source>,
    sources: Option<Vec<Source>>,
    sync_policy: Option<SyncPolicy>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SyncPolicy {
    automated: Option<Automated>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Automated {
    prune: bool,
    self_heal: bool,
    enabled: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Source {
    #[serde(rename = "repoURL")]
    repo_url: String,
    path: Option<String>,
    chart: Option<String>,
    target_revision: Option<String>,
    kustomize: Option<Kustomize>,
    helm: Option<Helm>,
    directory: Option<Value>,
    plugin: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Kustomize {
    images: Option<Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Helm {
    parameters: Option<Vec<Parameter>>,
    value_files: Option<Vec<String>>,
    values: Option<String>,
    values_object: Option<serde_json::Map<String, Value>>,
    file_parameters: Option<Vec<Value>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Parameter {
    name: String,
    value: String,
    force_string: bool,
}

impl Application {
    /// The application in an answer.
    pub(super) fn of(raw: &Value) -> Result<Self, serde_json::Error> {
        let mut application = Self::deserialize(raw)?;
        let same = |place: &str| {
            let compared = raw.pointer(&format!("/status/sync/comparedTo/{place}"));
            let wanted = raw.pointer(&format!("/spec/{place}"));
            compared.is_some() && compared == wanted
        };
        let several = application
            .spec
            .sources
            .as_ref()
            .is_some_and(|all| !all.is_empty());
        application.is_compared = same(if several { "sources" } else { "source" });
        Ok(application)
    }

    /// In our words.
    pub(super) fn shown(mut self, exchange: &Exchange<'_>) -> argocd::Application {
        let text = |text: &str| excerpt(&exchange.without_secrets(text));
        let several = self.spec.sources.filter(|sources| !sources.is_empty());
        let has_several_sources = several.is_some();
        let sources = several.unwrap_or_else(|| self.spec.source.into_iter().collect());
        let kinds = self.status.kinds();
        let sources = sources.into_iter().enumerate();
        let automated = self.spec.sync_policy.and_then(|policy| policy.automated);
        argocd::Application {
            resource_version: self.metadata.resource_version.clone(),
            deleting: self.metadata.deletion_timestamp.is_some(),
            sources: sources
                .map(|(place, source)| source.shown(kinds.get(place).copied()))
                .collect(),
            has_several_sources,
            automation: automated
                .filter(|automated| automated.enabled != Some(false))
                .map(|automated| Automation {
                    prune: automated.prune,
                    self_heal: automated.self_heal,
                }),
            requested: self.operation.map(|operation| operation.shown()),
            operation: self.status.operation(&text),
            sync: self.status.sync(self.is_compared),
            health: self.status.health(),
            reconciled_at: self.status.reconciled_at(),
            conditions: self.status.conditions(&text),
            images: self.status.images(),
            troubles: self.status.troubles(&text),
            managed_by: self.metadata.managed_by().map(|owner| text(&owner)),
            history: self.status.history(),
        }
    }
}

impl Metadata {
    /// Who else writes the specification.
    fn managed_by(&self) -> Option<String> {
        let mut owners = self.owner_references.iter().flatten();
        if let Some(set) = owners.find(|owner| owner.kind == "ApplicationSet") {
            return Some(format!("the ApplicationSet {}", set.name));
        }
        let id = self.annotations.as_ref()?.get(TRACKING_ID)?.as_str()?;
        let (parent, _) = id.split_once(':')?;
        (parent != self.name).then(|| format!("the application {parent}"))
    }
}

impl Source {
    /// In our words; `compared` is what Argo CD found when it made the manifests.
    pub(super) fn shown(self, compared: Option<SourceKind>) -> argocd::Source {
        let kind = if self.kustomize.is_some() {
            SourceKind::Kustomize
        } else if self.helm.is_some() || self.chart.is_some() {
            SourceKind::Helm
        } else if self.plugin.is_some() {
            SourceKind::Plugin
        } else {
            match compared {
                Some(kind) if kind != SourceKind::Unknown => kind,
                _ if self.directory.is_some() => SourceKind::Directory,
                _ => SourceKind::Unknown,
            }
        };
        let helm = self.helm.unwrap_or_default();
        let helm_values = helm.values();
        let parameters = helm.parameters.unwrap_or_default();
        argocd::Source {
            repository: self.repo_url,
            path: self.path,
            chart: self.chart.filter(|chart| !chart.is_empty()),
            target_revision: self.target_revision.unwrap_or_default(),
            kustomize_images: self
                .kustomize
                .and_then(|kustomize| kustomize.images)
                .unwrap_or_default(),
            helm_parameters: parameters
                .into_iter()
                .map(|parameter| HelmParameter {
                    name: parameter.name,
                    value: parameter.value,
                    force_string: parameter.force_string,
                })
                .collect(),
            helm_values,
            kind,
        }
    }
}

impl Helm {
    /// Where else values come from.
    fn values(&self) -> HelmValues {
        let is_there = |text: &String| !text.trim().is_empty();
        HelmValues {
            files: self.value_files.clone().unwrap_or_default(),
            has_inline: self.values.as_ref().is_some_and(is_there)
                || self
                    .values_object
                    .as_ref()
                    .is_some_and(|values| !values.is_empty())
                || self
                    .file_parameters
                    .as_ref()
                    .is_some_and(|all| !all.is_empty()),
        }
    }
}
