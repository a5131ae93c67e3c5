//! What a repository's configuration says about previews, reduced to what a preview keeps.

use serde::{Deserialize, Serialize};

use super::{PullRequest, Revision, WorkflowRun, needs};
use crate::{
    PreviewId, TargetId,
    configuration::{
        self, Configuration, ConfiguredDuration, Forks, Health, Template, TemplateValues, When,
    },
};

/// The part of the configuration that concerns previews.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The name, path or file name of the workflow that builds the images; none if a build worker builds them.
    pub workflow: Option<String>,
    /// The services that are previewed, once for each of their targets.
    pub services: Vec<ServiceSettings>,
    /// Where what is merged can be reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<Released>,
}

/// A long-lived environment that follows a branch and has an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// The service.
    pub service: String,
    /// The environment's name.
    pub name: String,
    /// The branch.
    pub branch: String,
    /// Where it is reached.
    pub url: String,
}

/// How one service is previewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSettings {
    /// Its name.
    pub service: String,
    /// What it is previewed on.
    pub application: TargetId,
    /// The image without its tag; none for the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The tag of the image.
    pub tag: Template,
    /// Where it is reached.
    pub url: Template,
    /// Only changes to these paths concern it; none for any change. What concerns a service concerns all that it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// The services whose previews are to be ready before it, with the same commit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// Which pull requests get one.
    pub when: When,
    /// How its health is told.
    pub health: Health,
    /// How long it lives without activity; none for as long as the pull request is open.
    #[serde(default)]
    pub ttl: Option<ConfiguredDuration>,
}

impl Settings {
    /// Takes from `configuration` what concerns previews.
    pub fn of(configuration: Configuration) -> Self {
        let environments = configuration
            .services
            .iter()
            .flat_map(|(service, settings)| {
                settings
                    .environments
                    .iter()
                    .filter_map(|(name, environment)| {
                        Some(Released {
                            service: service.clone(),
                            name: name.clone(),
                            branch: environment.branch.clone()?,
                            url: environment.url.clone()?,
                        })
                    })
            });
        let environments = environments.collect();
        let mut paths = needs::paths(&configuration.services);
        let services = configuration.services.into_iter();
        let services = services.flat_map(|(name, service)| {
            let paths = paths.remove(&name).unwrap_or_default();
            of_service(&name, &service, &paths)
        });
        Self {
            workflow: configuration.build.workflow,
            services: services.collect(),
            environments,
        }
    }

    /// Whether putting this label on, or taking it off, can bring a preview about, end one, or give or void an approval of a fork's
    /// commit. Whether an approval counts is not meant: GitHub is asked about who put it on.
    pub fn is_moved_by(&self, label: &str, of_fork: bool) -> bool {
        let approves = |service: &ServiceSettings| {
            of_fork && service.when.forks == Forks::Label && service.approval_label() == label
        };
        let wants = |service: &ServiceSettings| service.when.label.as_deref() == Some(label);
        let mut services = self.services.iter();
        services.any(|service| wants(service) || approves(service))
    }

    /// Whether `run` is of the workflow that builds the images: by its name, path or file name.
    pub fn builds(&self, run: &WorkflowRun) -> bool {
        self.workflow
            .as_ref()
            .is_some_and(|workflow| run.is_of(workflow))
    }
}

/// The previews of one service: one for each of its targets.
fn of_service(
    name: &str,
    service: &configuration::Service,
    paths: &[String],
) -> Vec<ServiceSettings> {
    let Some(preview) = &service.preview else {
        return Vec::new();
    };
    let of_target = |(application, tag)| ServiceSettings {
        service: name.to_owned(),
        when: When {
            // Whoever makes namespaces asks nobody for a place.
            limit: preview
                .when
                .limit
                .filter(|_| application != TargetId::Namespace),
            ..preview.when.clone()
        },
        application,
        image: service.image.clone(),
        tag,
        url: preview.url.clone(),
        paths: paths.to_vec(),
        needs: preview.needs.clone(),
        health: preview.health.clone(),
        ttl: preview.ttl,
    };
    targets(preview).into_iter().map(of_target).collect()
}

/// On what `preview` is to be, each with the template of the image's tag.
fn targets(preview: &configuration::Preview) -> Vec<(TargetId, Template)> {
    let coolify = preview.coolify.iter().map(|coolify| {
        let id = TargetId::Coolify(coolify.application.clone());
        (id, coolify.tag.clone())
    });
    let vcluster = preview.vcluster.iter();
    let vcluster = vcluster.map(|vcluster| (TargetId::VirtualCluster, vcluster.tag.clone()));
    // What runs there was deployed by others: the tag is only for people.
    let namespace = preview.namespace.iter();
    let namespace = namespace.map(|_| (TargetId::Namespace, Template::of_pull_request()));
    coolify.chain(vcluster).chain(namespace).collect()
}

impl ServiceSettings {
    /// What `run` built for `pull_request`; none if the tag would not be one (the configuration was checked for that).
    pub fn revision(
        &self,
        id: PreviewId,
        pull_request: &PullRequest,
        run: &WorkflowRun,
    ) -> Option<Revision> {
        let values = TemplateValues {
            number: id.number,
            commit: &pull_request.head_commit,
        };
        Some(Revision {
            commit: pull_request.head_commit.clone(),
            run: run.id,
            run_attempt: run.attempt,
            tag: self.tag.expand(values).parse().ok()?,
            url: self.url.expand(values),
        })
    }

    /// The URL whose answer tells the health of a preview at `url`.
    pub fn health_url(&self, url: &str) -> String {
        format!(
            "{}/{}",
            url.trim_end_matches('/'),
            self.health.path.trim_start_matches('/')
        )
    }
}
