//! The outside world of Slipway, simulated: GitHub, Coolify, Argo CD and what the last two run, a platform API and Kubernetes, Backstage,
//! Slack and a receiver of webhooks, as stateful HTTP servers on loopback that behave as the vendors are documented to, the nasty answers included.
//!
//! A story starts a [`World`], points Slipway at [`World::github_url`] and [`World::coolify_url`], lets things happen with
//! the verbs of [`Repository`], [`PullRequest`], [`Run`] and [`Application`], delivers the webhooks and looks at what
//! came of it. `README.md` says what is simulated and how faithfully.

mod argocd;
mod backstage;
mod clean;
mod client;
mod clock;
mod connections;
mod contract;
mod control;
mod coolify;
mod faults;
mod github;
mod harbor;
mod journal;
mod kubernetes;
mod looking;
mod message;
mod names;
mod options;
mod payloads;
mod platform;
mod previews;
mod receiver;
mod server;
mod slack;
mod state;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use argocd::{ArgoCd, ArgoCdApplication, GITOPS, WindowKind};
pub use backstage::Backstage;
pub use clean::COMMENT_MARKER;
pub use client::{Answer, ClientError, send};
pub use contract::{answer_differences, payload_differences};
pub use coolify::{Application, Container, Coolify, Deployment, DeploymentStatus, Health, Pace};
pub use faults::{Fault, FaultBuilder, FaultHandle};
pub use github::webhooks::signature::{sign, sign_sha1};
pub use github::webhooks::{Attempt, Delivery, Fate};
pub use github::{
    App, CheckRun, Comment, Deployment as GitHubDeployment,
    DeploymentStatus as GitHubDeploymentStatus, Dispatch, GitHub, Installation, PullRequest,
    Repository, Run, RunBuilder, WaitingJob, Webhooks,
};
pub use harbor::Harbor;
pub use journal::{Effect, Entry, OperationKind};
pub use kubernetes::Kubernetes;
pub use looking::{Impatient, Records};
pub use options::Options;
pub use payloads::{Payload, payloads};
pub use platform::{Platform, VirtualCluster};
pub use previews::Seen;
pub use receiver::{Received, Receiver};
pub use slack::{Slack, SlackMessage};

use connections::Presence;
use state::{Addresses, Shared};

/// Whose server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    /// GitHub's REST API.
    GitHub,
    /// Coolify's API.
    Coolify,
    /// The deployed previews.
    Previews,
    /// Argo CD's API.
    ArgoCd,
    /// Backstage's catalog.
    Backstage,
    /// Slack's incoming webhooks.
    Slack,
    /// A receiver of outgoing webhooks.
    Receiver,
    /// Harbor's API.
    Harbor,
    /// The platform API, which makes virtual clusters.
    Platform,
    /// The Kubernetes API.
    Kubernetes,
}

/// A world that runs as long as this value lives.
#[derive(Debug)]
pub struct World {
    shared: Arc<Shared>,
    options: Options,
    presences: Vec<(Vendor, Arc<Presence>)>,
    tasks: Vec<JoinHandle<()>>,
}

impl World {
    /// Starts all servers.
    ///
    /// # Errors
    /// When an address cannot be listened on.
    pub async fn start(options: Options) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::new(options.seed));
        let (github, github_url) = connections::listen(options.github).await?;
        let (coolify, coolify_url) = connections::listen(options.coolify).await?;
        let (sites, previews_url) = connections::listen(options.previews).await?;
        let (argocd, argocd_url) = connections::listen(options.argocd).await?;
        let (backstage, backstage_url) = connections::listen(options.backstage).await?;
        let (slack, slack_url) = connections::listen(options.slack).await?;
        let (receiver, receiver_url) = connections::listen(options.receiver).await?;
        let (harbor, harbor_url) = connections::listen(options.harbor).await?;
        let (platform, platform_url) = connections::listen(options.platform).await?;
        let (kubernetes, kubernetes_url) = connections::listen(options.kubernetes).await?;
        let (control, control_url) = connections::listen(options.control).await?;
        let addresses = Addresses {
            github: github_url,
            coolify: coolify_url,
            previews: previews_url,
            argocd: argocd_url,
            backstage: backstage_url,
            slack: slack_url,
            receiver: receiver_url,
            harbor: harbor_url,
            platform: platform_url,
            kubernetes: kubernetes_url,
            control: control_url,
        };
        // Set once, here.
        drop(shared.addresses.set(addresses));
        let mut world = Self {
            shared: Arc::clone(&shared),
            options,
            presences: Vec::new(),
            tasks: Vec::new(),
        };
        world.settle_in();
        let servers: [(Vendor, TcpListener, server::Answer); 10] = [
            (Vendor::GitHub, github, github::api::answer),
            (Vendor::Coolify, coolify, coolify::api::answer),
            (Vendor::Previews, sites, previews::answer),
            (Vendor::ArgoCd, argocd, argocd::api::answer),
            (Vendor::Backstage, backstage, backstage::api::answer),
            (Vendor::Slack, slack, slack::answer),
            (Vendor::Receiver, receiver, receiver::answer),
            (Vendor::Harbor, harbor, harbor::answer),
            (Vendor::Platform, platform, platform::answer),
            (Vendor::Kubernetes, kubernetes, kubernetes::answer),
        ];
        for (vendor, listener, answer) in servers {
            let presence = Presence::new();
            world.presences.push((vendor, Arc::clone(&presence)));
            world.tasks.push(server::serve(
                listener,
                presence,
                vendor,
                (Arc::clone(&shared), answer),
            ));
        }
        world
            .tasks
            .push(control::serve(control, Arc::clone(&shared)));
        world
            .tasks
            .push(tokio::spawn(github::webhooks::deliver_by_itself(shared)));
        Ok(world)
    }

    fn settle_in(&self) {
        let options = &self.options;
        self.github()
            .add_token(&options.github_token, &options.github_login);
        self.coolify()
            .add_token(&options.coolify_token, &["read", "write", "deploy"]);
        self.argocd().add_token(
            &options.argocd_token,
            "slipway",
            &["get", "sync", "update", "override"],
            None,
        );
        self.backstage().add_token(
            &options.backstage_token,
            &["catalog.entity.read", "catalog.entity.refresh"],
        );
        self.platform().add_token(&options.platform_token);
        self.kubernetes()
            .add_token(&options.kubernetes_token, &["get", "delete"]);
        let hook_id = self.shared.names.number();
        self.shared.change(|state| {
            state.receiver.secret.clone_from(&options.notify_secret);
            state.github.hook.id = hook_id;
            state.github.hook.secret.clone_from(&options.webhook_secret);
            state.github.hook.url.clone_from(&options.webhook_url);
        });
    }

    /// GitHub, to make things happen there.
    #[must_use]
    pub fn github(&self) -> GitHub {
        GitHub {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Coolify, to make things happen there.
    #[must_use]
    pub fn coolify(&self) -> Coolify {
        Coolify {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Argo CD, to make things happen there.
    #[must_use]
    pub fn argocd(&self) -> ArgoCd {
        ArgoCd {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Backstage, to make entities there and see which were refreshed.
    #[must_use]
    pub fn backstage(&self) -> Backstage {
        Backstage {
            shared: Arc::clone(&self.shared),
        }
    }

    /// For `backstage_url`: the backend, without `/api/catalog`.
    #[must_use]
    pub fn backstage_url(&self) -> String {
        self.addresses().backstage
    }

    /// Slack, to see what arrived there.
    #[must_use]
    pub fn slack(&self) -> Slack {
        Slack {
            shared: Arc::clone(&self.shared),
        }
    }

    /// For `slack_hosts`.
    #[must_use]
    pub fn slack_url(&self) -> String {
        self.addresses().slack
    }

    /// Harbor, to push images there and see which are left.
    #[must_use]
    pub fn harbor(&self) -> Harbor {
        Harbor {
            shared: Arc::clone(&self.shared),
        }
    }

    /// For `registry_url`, where that is a Harbor's.
    #[must_use]
    pub fn harbor_url(&self) -> String {
        self.addresses().harbor
    }

    /// The platform API, to see which virtual clusters there are.
    #[must_use]
    pub fn platform(&self) -> Platform {
        Platform {
            shared: Arc::clone(&self.shared),
        }
    }

    /// For `platform_api_url`.
    #[must_use]
    pub fn platform_url(&self) -> String {
        self.addresses().platform
    }

    /// For `preview.url` of a service in a virtual cluster.
    #[must_use]
    pub fn cluster_url_template(&self) -> String {
        format!("{}/vcluster/pr-{{number}}", self.previews_url())
    }

    /// Kubernetes, to make namespaces there and hold them fast.
    #[must_use]
    pub fn kubernetes(&self) -> Kubernetes {
        Kubernetes {
            shared: Arc::clone(&self.shared),
        }
    }

    /// For `kubernetes_api_url`.
    #[must_use]
    pub fn kubernetes_url(&self) -> String {
        self.addresses().kubernetes
    }

    /// For `preview.url` of a service in a namespace `preview-<number>`.
    #[must_use]
    pub fn namespace_url_template(&self) -> String {
        format!("{}/namespace/preview-{{number}}", self.previews_url())
    }

    /// For `notify_hosts`.
    #[must_use]
    pub fn receiver_url(&self) -> String {
        self.addresses().receiver
    }

    /// The receiver of outgoing webhooks, to see what arrived there.
    #[must_use]
    pub fn receiver(&self) -> Receiver {
        Receiver {
            shared: Arc::clone(&self.shared),
        }
    }

    /// What the world was started with: tokens and secrets to configure Slipway by.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    fn addresses(&self) -> Addresses {
        let nowhere = || Addresses {
            github: String::new(),
            coolify: String::new(),
            previews: String::new(),
            argocd: String::new(),
            backstage: String::new(),
            slack: String::new(),
            receiver: String::new(),
            harbor: String::new(),
            platform: String::new(),
            kubernetes: String::new(),
            control: String::new(),
        };
        self.shared.addresses.get().cloned().unwrap_or_else(nowhere)
    }

    /// For `github_api_url`.
    #[must_use]
    pub fn github_url(&self) -> String {
        self.addresses().github
    }

    /// For `coolify_url`: the instance, without `/api/v1`.
    #[must_use]
    pub fn coolify_url(&self) -> String {
        self.addresses().coolify
    }

    /// For `argocd_url`: the server, without `/api/v1`.
    #[must_use]
    pub fn argocd_url(&self) -> String {
        self.addresses().argocd
    }

    /// For `url` of an environment in `.github/slipway.yml`: what the application of Argo CD's runs.
    #[must_use]
    pub fn environment_url(&self, application: &str) -> String {
        format!("{}/environment/{application}", self.previews_url())
    }

    /// Where previews are served.
    #[must_use]
    pub fn previews_url(&self) -> String {
        self.addresses().previews
    }

    /// Where the control API is.
    #[must_use]
    pub fn control_url(&self) -> String {
        self.addresses().control
    }

    /// For `preview.url` in `.github/slipway.yml` where one application has previews of a repository: `…/pr-{number}`.
    #[must_use]
    pub fn preview_url_template(&self) -> String {
        format!("{}/pr-{{number}}", self.previews_url())
    }

    /// The same for one of several applications: `…/pr-{number}/{application}`.
    #[must_use]
    pub fn preview_url_template_of(&self, application: &str) -> String {
        format!("{}/{application}", self.preview_url_template())
    }

    /// Asks a pull request's preview over HTTP what it serves, as a person's browser would. It counts as a probe.
    ///
    /// # Errors
    /// When the previews' server does not answer, which only a fault brings about.
    pub async fn preview_of(&self, pull: &PullRequest) -> Result<Seen, ClientError> {
        self.look_at(
            &self
                .preview_url_template()
                .replace("{number}", &pull.number().to_string()),
        )
        .await
    }

    /// Asks any URL of the previews' server what it serves.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn look_at(&self, url: &str) -> Result<Seen, ClientError> {
        let answer = send("GET", url, &[], Vec::new(), Duration::from_secs(30)).await?;
        let image = answer.header(previews::IMAGE_HEADER).map(str::to_owned);
        let tag = image
            .as_deref()
            .and_then(|image| image.rsplit_once(':'))
            .map(|(_, tag)| tag.to_owned());
        Ok(Seen {
            status: answer.status,
            image,
            tag,
        })
    }

    /// Begins a fault: `world.fault(Vendor::Coolify).on("POST", "/deploy").once().is(Fault::DropAnswer)`.
    pub fn fault(&self, vendor: Vendor) -> FaultBuilder {
        FaultBuilder::new(Arc::clone(&self.shared), vendor)
    }

    /// Ends all faults.
    pub fn lift_faults(&self) {
        self.shared.change(|state| state.faults.lift_all());
    }

    /// A vendor is gone: connections to it break and are refused, until it is back. Nothing of this is in the journal.
    pub async fn take_down(&self, vendor: Vendor) {
        self.set_presence(vendor, false).await;
    }

    /// A vendor is back, at the same address and with all its state.
    pub async fn bring_back(&self, vendor: Vendor) {
        self.set_presence(vendor, true).await;
    }

    async fn set_presence(&self, vendor: Vendor, listening: bool) {
        if let Some((_, presence)) = self.presences.iter().find(|(known, _)| *known == vendor) {
            presence.set(listening).await;
        }
    }

    /// Lets time pass on the vendors' clocks, not on anybody else's.
    pub fn advance(&self, time: Duration) {
        self.shared
            .clock
            .advance(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
        self.shared.change(|_| {});
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
