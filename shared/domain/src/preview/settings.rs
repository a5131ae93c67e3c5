//! What a repository's configuration says about previews, reduced to what a preview keeps.

use serde::{Deserialize, Serialize};

use super::{PullRequest, Revision, WorkflowRun, needs};
use crate::{
    ApplicationUuid, PreviewId,
    configuration::{Configuration, ConfiguredDuration, Health, Template, TemplateValues, When},
};

/// The part of the configuration that concerns previews.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The name, path or file name of the workflow that builds the images; none if a build worker builds them.
    pub workflow: Option<String>,
    /// The services that are previewed on Coolify.
    pub services: Vec<ServiceSettings>,
    /// Targets that are named and that nothing is done about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsupported: Vec<UnsupportedTarget>,
    /// Where what is merged can be reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<Released>,
}

/// A target of a preview that this version of Slipway does not serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnsupportedTarget {
    /// The service.
    pub service: String,
    /// The key in the configuration: `vcluster` or `namespace`.
    pub target: String,
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
    /// The Coolify application whose previews it uses.
    pub application: ApplicationUuid,
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
        let unsupported = unsupported(&configuration);
        let mut paths = needs::paths(&configuration.services);
        let services = configuration
            .services
            .into_iter()
            .filter_map(|(service, settings)| {
                let preview = settings.preview?;
                let coolify = preview.coolify?;
                Some(ServiceSettings {
                    paths: paths.remove(&service).unwrap_or_default(),
                    service,
                    application: coolify.application,
                    image: settings.image,
                    tag: coolify.tag,
                    url: preview.url,
                    needs: preview.needs,
                    when: preview.when,
                    health: preview.health,
                    ttl: preview.ttl,
                })
            });
        Self {
            workflow: configuration.build.workflow,
            services: services.collect(),
            unsupported,
            environments,
        }
    }

    /// Whether `run` is of the workflow that builds the images: by its name, path or file name.
    pub fn builds(&self, run: &WorkflowRun) -> bool {
        self.workflow
            .as_ref()
            .is_some_and(|workflow| run.is_of(workflow))
    }
}

fn unsupported(configuration: &Configuration) -> Vec<UnsupportedTarget> {
    let previews = configuration
        .services
        .iter()
        .filter_map(|(service, settings)| Some((service, settings.preview.as_ref()?)));
    let targets = previews.flat_map(|(service, preview)| {
        let named = [
            ("vcluster", preview.vcluster.is_some()),
            ("namespace", preview.namespace.is_some()),
        ];
        let named = named.into_iter().filter(|(_, is_named)| *is_named);
        named.map(|(target, _)| UnsupportedTarget {
            service: service.clone(),
            target: target.to_owned(),
        })
    });
    targets.collect()
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
