//! The keys of `.github/slipway.yml` (version 1).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ConfigurationError, ConfiguredDuration, Template, TemplateValues};
use crate::{ApplicationUuid, CommitSha, ImageTag, PullRequestNumber};

/// The whole file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// The version of this format: 1.
    pub version: u32,
    /// The name of the project; default: the repository's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// What builds the images.
    pub build: Build,
    /// The services that the repository's images run as, by name.
    pub services: BTreeMap<String, Service>,
    /// Where notifications go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<Notify>,
    /// Workflows that a `[name value]` in a head commit dispatches.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub directives: BTreeMap<String, Directive>,
    /// Workflows that people dispatch.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub operations: BTreeMap<String, Operation>,
}

/// What builds the images: exactly one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// The name, path or file name of the workflow whose success means that the image is pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// Whether a build worker builds instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<bool>,
}

/// One service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Only changes to these paths concern it; default: everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// The image without its tag; default: `ghcr.io/<owner>/<repository>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Its preview of every pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<Preview>,
    /// Its long-lived environments, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environments: BTreeMap<String, Environment>,
    /// Its entity in Backstage; default: found by annotation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backstage: Option<String>,
}

/// How a service is previewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preview {
    /// On Coolify.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coolify: Option<Coolify>,
    /// In a virtual cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vcluster: Option<Empty>,
    /// In a Kubernetes namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Empty>,
    /// Where it is reached.
    pub url: Template,
    /// Which pull requests get one.
    #[serde(default)]
    pub when: When,
    /// How long it lives without activity; default: as long as the pull request is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<ConfiguredDuration>,
    /// How its health is told.
    #[serde(default)]
    pub health: Health,
}

/// `{}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

/// A Coolify application of the type "Docker Image".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coolify {
    /// The application's uuid.
    pub application: ApplicationUuid,
    /// The tag of the image that the build pushed.
    pub tag: Template,
}

/// Which pull requests get a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// Only those with this label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Drafts too.
    pub drafts: bool,
    /// Those of forks.
    pub forks: Forks,
    /// At most so many at a time in the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

impl Default for When {
    fn default() -> Self {
        Self {
            label: None,
            drafts: true,
            forks: Forks::Never,
            limit: None,
        }
    }
}

/// Whether pull requests of forks get a preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forks {
    /// Never.
    #[default]
    Never,
    /// When somebody with write permission approved the commit.
    Label,
    /// Always.
    Always,
}

/// How health is told: GET the URL with this path until it answers 2xx or 3xx.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Health {
    /// Appended to the URL.
    pub path: String,
    /// After so many answers that are not healthy, it is failed.
    pub attempts: u32,
    /// The pause between two of them.
    pub interval: ConfiguredDuration,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            path: "/".to_owned(),
            attempts: 12,
            interval: ConfiguredDuration::from_seconds(5),
        }
    }
}

/// A long-lived environment of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// The branch whose green builds go there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The tags whose green builds go there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Only commits that are live in these environments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// Only after being live in those for so long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soak: Option<ConfiguredDuration>,
    /// How many people approve.
    #[serde(default)]
    pub approvals: Approvals,
    /// Its Argo CD application.
    pub argocd: ArgoCd,
    /// Where it is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How its health is told, when it has a URL.
    #[serde(default)]
    pub health: Health,
    /// What happens to a failed release.
    #[serde(default)]
    pub rollback: Rollback,
    /// What happens to a release when a newer one comes.
    #[serde(default)]
    pub superseded: Superseded,
    /// Whether a force-pushed commit goes there without a person.
    #[serde(default)]
    pub allow_diverged: bool,
    /// The workflow that tests the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
}

/// How many people approve a release.
pub type Approvals = u32;

/// An Argo CD application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArgoCd {
    /// Its name.
    pub application: String,
    /// Its project; default: `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// How a release is made.
    #[serde(default)]
    pub update: ArgoCdUpdate,
}

/// How a release is made with Argo CD.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArgoCdUpdate {
    /// Sync what Git says.
    #[default]
    Sync,
    /// Set the image in the application's Kustomize source.
    KustomizeImage,
    /// Set a parameter of the application's Helm source.
    HelmParameter,
    /// Commit the tag to the GitOps repository.
    Git,
}

/// What happens to a failed release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rollback {
    /// Go back to the last healthy release.
    Automatic,
    /// Alert only.
    #[default]
    Manual,
}

/// What happens to a release when a newer one comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Superseded {
    /// One at a time; the newest waits.
    #[default]
    Queue,
    /// The older one is cancelled.
    Cancel,
}

/// Where notifications go: keys of Slipway's variables, never secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// Slack channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slack: Option<Slack>,
    /// A webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
}

/// Slack channels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// For deployments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployments: Option<String>,
    /// For what a person must act on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alerts: Option<String>,
}

/// A workflow that a `[name value]` in a head commit dispatches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directive {
    /// The workflow's file.
    pub workflow: String,
    /// The input that takes the value.
    pub input: String,
}

/// A workflow that people dispatch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// The workflow's file.
    pub workflow: String,
    /// Its inputs and the values that each may take.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, Vec<String>>,
}

impl Configuration {
    /// Checks what types cannot say.
    pub(super) fn check(&self) -> Result<(), ConfigurationError> {
        if self.version != 1 {
            return Err(ConfigurationError::new(format!(
                "version: found {}, expected 1",
                self.version
            )));
        }
        self.build.check()?;
        if self.services.is_empty() {
            return Err(ConfigurationError::new(
                "services: expected at least one service",
            ));
        }
        for (name, service) in &self.services {
            if !is_name(name) {
                let expected = "expected 1 to 40 lower-case letters, digits and hyphens";
                return Err(ConfigurationError::new(format!(
                    "services.{name}: {expected} as a service's name"
                )));
            }
            if let Some(preview) = &service.preview {
                preview.check(&format!("services.{name}.preview"))?;
            }
        }
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    (1..=40).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

impl Build {
    fn check(&self) -> Result<(), ConfigurationError> {
        match (self.workflow.as_deref(), self.worker) {
            (Some(workflow), None | Some(false)) if !workflow.is_empty() => Ok(()),
            (None, Some(true)) => Ok(()),
            (Some(_) | None, Some(_) | None) => Err(ConfigurationError::new(
                "build: expected either `workflow: <name or file>` or `worker: true`",
            )),
        }
    }
}

impl Preview {
    fn check(&self, at: &str) -> Result<(), ConfigurationError> {
        if self.coolify.is_none() && self.vcluster.is_none() && self.namespace.is_none() {
            let message =
                format!("{at}: expected at least one of `coolify`, `vcluster` and `namespace`");
            return Err(ConfigurationError::new(message));
        }
        let Ok(commit) = "0".repeat(40).parse::<CommitSha>() else {
            return Ok(());
        };
        let sample = TemplateValues {
            number: PullRequestNumber(1),
            commit: &commit,
        };
        let url = self.url.expand(sample);
        let parsed = url::Url::parse(&url)
            .ok()
            .filter(|parsed| matches!(parsed.scheme(), "http" | "https") && parsed.has_host());
        if parsed.is_none() {
            let message = format!(
                "{at}.url: found {:?}, expected an absolute http or https URL",
                self.url.as_str()
            );
            return Err(ConfigurationError::new(message));
        }
        if let Some(coolify) = &self.coolify {
            let tag = coolify.tag.expand(sample);
            if tag.parse::<ImageTag>().is_err() {
                let expected =
                    "expected an image tag (letters, digits, `_`, `.` and `-`, at most 128)";
                let message = format!(
                    "{at}.coolify.tag: found {:?}, {expected}",
                    coolify.tag.as_str()
                );
                return Err(ConfigurationError::new(message));
            }
        }
        if !self.health.path.starts_with('/') {
            let message = format!(
                "{at}.health.path: found {:?}, expected a path such as /health",
                self.health.path
            );
            return Err(ConfigurationError::new(message));
        }
        if !(1..=100).contains(&self.health.attempts) {
            let message = format!(
                "{at}.health.attempts: found {}, expected 1 to 100",
                self.health.attempts
            );
            return Err(ConfigurationError::new(message));
        }
        Ok(())
    }
}
