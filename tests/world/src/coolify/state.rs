//! What Coolify knows: applications, the deployment queue, previews, the containers on its server, and removals to come.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// Coolify's whole state.
#[derive(Debug, Default)]
pub(crate) struct CoolifyState {
    /// Token to its abilities.
    pub(crate) tokens: BTreeMap<String, BTreeSet<String>>,
    pub(crate) applications: BTreeMap<String, Application>,
    /// In the order in which they were asked for.
    pub(crate) deployments: Vec<Deployment>,
    /// Preview records by application and pull request.
    pub(crate) previews: BTreeMap<Place, Preview>,
    /// What runs on the server, by application and pull request (0: the base application).
    pub(crate) containers: BTreeMap<Place, Container>,
    /// Asynchronous clean-ups that have not run.
    pub(crate) removals: Vec<Removal>,
    /// Images that cannot be pulled, as tags.
    pub(crate) missing_tags: BTreeSet<String>,
    /// Images whose container never gets healthy, as tags.
    pub(crate) sick_tags: BTreeSet<String>,
    pub(crate) settings: Settings,
    /// Requests of each token in the current minute, and when that minute ends.
    pub(crate) used: BTreeMap<String, (u64, i64)>,
}

/// An application's uuid and a pull request's number.
pub(crate) type Place = (String, u64);

#[derive(Debug)]
pub(crate) struct Application {
    pub(crate) id: u64,
    pub(crate) uuid: String,
    pub(crate) name: String,
    pub(crate) build_pack: String,
    pub(crate) image: String,
    pub(crate) tag: String,
    pub(crate) fqdn: Option<String>,
    pub(crate) url_template: String,
    /// Of the application itself and of its previews.
    pub(crate) variables: Vec<Variable>,
    /// The GitHub repository whose pull requests it previews; none: any.
    pub(crate) repository: Option<u64>,
    pub(crate) created_at: i64,
}

/// An environment variable.
#[derive(Debug, Clone)]
pub(crate) struct Variable {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) is_preview: bool,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

/// One entry of Coolify's deployment queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deployment {
    /// Coolify's numeric id.
    pub id: u64,
    /// `deployment_uuid`.
    pub uuid: String,
    /// The application's uuid.
    pub application: String,
    /// The pull request's number; 0 for the base application.
    pub pull_request: u64,
    /// The image tag that it deploys.
    pub tag: Option<String>,
    /// Whether it was forced.
    pub force: bool,
    /// How far it is.
    pub status: DeploymentStatus,
    /// Seconds since 1970.
    pub created_at: i64,
    /// Seconds since 1970.
    pub updated_at: i64,
}

/// Coolify's deployment statuses (VENDORS 1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum DeploymentStatus {
    /// Waits for its turn.
    #[serde(rename = "queued")]
    Queued,
    /// Runs.
    #[serde(rename = "in_progress")]
    InProgress,
    /// The container was started, which says nothing about its health.
    #[serde(rename = "finished")]
    Finished,
    /// It failed.
    #[serde(rename = "failed")]
    Failed,
    /// Somebody cancelled it; hyphens in this one only.
    #[serde(rename = "cancelled-by-user")]
    Cancelled,
}

impl DeploymentStatus {
    /// As Coolify writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled-by-user",
        }
    }

    /// Whether it is queued or in progress.
    #[must_use]
    pub fn is_active(self) -> bool {
        matches!(self, Self::Queued | Self::InProgress)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Preview {
    /// The stored tag, with which a deployment without `docker_tag` is repeated.
    pub(crate) tag: Option<String>,
}

/// What runs on the server for one preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Container {
    /// The image with its tag.
    pub image: String,
    /// The tag alone.
    pub tag: String,
    /// The deployment that started it.
    pub deployment: String,
    /// Whether it answers.
    pub health: Health,
}

/// How a container does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// So many more probes are answered with 502 before it is up.
    Starting(u32),
    /// It answers.
    Healthy,
    /// It never answers properly: 502.
    Sick,
}

#[derive(Debug, Clone)]
pub(crate) struct Removal {
    pub(crate) place: Place,
    /// Requests to Coolify or a preview until it runs by itself.
    pub(crate) requests_left: u32,
}

#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) api_enabled: bool,
    pub(crate) address_allowed: bool,
    pub(crate) server_reachable: bool,
    /// Requests a minute of one token; none: unlimited.
    pub(crate) rate_limit: Option<u64>,
    pub(crate) queue_limit: usize,
    pub(crate) concurrent_builds: usize,
    pub(crate) pace: Pace,
    /// Probes that a new container answers with 502.
    pub(crate) probes_until_healthy: u32,
}

/// What moves deployments and removals on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Every request that looks at deployments moves each of them on one step; removals follow with the next request.
    ByPolling,
    /// Only the story does.
    ByHand,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            api_enabled: true,
            address_allowed: true,
            server_reachable: true,
            rate_limit: None,
            queue_limit: 25,
            concurrent_builds: 2,
            pace: Pace::ByPolling,
            probes_until_healthy: 1,
        }
    }
}

impl CoolifyState {
    pub(crate) fn deployment(&self, uuid: &str) -> Option<&Deployment> {
        self.deployments
            .iter()
            .find(|deployment| deployment.uuid == uuid)
    }

    pub(crate) fn deployment_mut(&mut self, uuid: &str) -> Option<&mut Deployment> {
        self.deployments
            .iter_mut()
            .find(|deployment| deployment.uuid == uuid)
    }
}
