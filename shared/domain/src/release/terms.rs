//! What a configuration says of each environment, reduced to what a release line keeps.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Asked, Name, ReportedImage, Source};
use crate::{
    CommitSha, EntityRef, PullRequestNumber, RepositoryName,
    argocd::{ApplicationId, Committed, ImageVersion, Setting},
    configuration::{
        ArgoCd, ArgoCdUpdate, Configuration, Environment, Health, Notify, Rollback, Service,
        Superseded, TemplateValues,
    },
    preview::WorkflowRun,
};

/// What the configuration says of one environment of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The name, path or file name of the workflow that builds the image; none if a build worker does.
    pub workflow: Option<String>,
    /// What brings commits there.
    pub source: Source,
    /// Only commits that are live in these environments.
    pub after: Vec<Name>,
    /// Only after having been live there for so long.
    pub soak: Duration,
    /// The environments that come after this one.
    pub before: Vec<Name>,
    /// How many people approve.
    pub approvals: u32,
    /// The image without its tag.
    pub image: String,
    /// Its Argo CD application, and how a release is made.
    pub argocd: ArgoCd,
    /// Where it is reached, and how its health is told then.
    pub url: Option<String>,
    /// How its health is told, when it has a URL.
    pub health: Health,
    /// What happens to a failed release.
    pub rollback: Rollback,
    /// What happens to a release when a newer one comes.
    pub superseded: Superseded,
    /// Whether a force-pushed commit goes there without a person.
    pub allow_diverged: bool,
    /// How long a release may take from the update to being healthy.
    pub timeout: Duration,
    /// The workflow that tests the environment.
    pub test: Option<String>,
    /// The workflows that test the environments before this one.
    #[serde(default)]
    pub tests_before: BTreeMap<Name, String>,
    /// The name of the environment on GitHub.
    pub github_environment: String,
    /// Whom the configuration names to be told; none if it names nobody.
    #[serde(default)]
    pub notify: Option<Notify>,
    /// The service's entity in Backstage; none if it is to be looked up.
    #[serde(default)]
    pub backstage: Option<EntityRef>,
}

/// The terms of every environment of every service, by their names.
pub type AllTerms = BTreeMap<(Name, Name), Terms>;

/// The terms of every environment that `configuration` of `repository` names.
pub fn all(configuration: &Configuration, repository: &RepositoryName) -> AllTerms {
    let services = &configuration.services;
    let shared = |environment: &String| {
        let having = services
            .values()
            .filter(|service| service.environments.contains_key(environment));
        having.count() > 1
    };
    let mut all = AllTerms::new();
    for (service_name, service) in services {
        for (environment_name, environment) in &service.environments {
            let names = (service_name.parse(), environment_name.parse());
            // The configuration allows no other names.
            let (Ok(service_id), Ok(environment_id)) = names else {
                continue;
            };
            let github_environment = if shared(environment_name) {
                format!("{environment_name}-{service_name}")
            } else {
                environment_name.clone()
            };
            let terms = Terms {
                workflow: configuration.build.workflow.clone(),
                image: service
                    .image
                    .clone()
                    .unwrap_or_else(|| default_image(repository)),
                before: followers(service, environment_name),
                tests_before: tests_before(service, environment),
                github_environment,
                notify: configuration.notify.clone(),
                backstage: service
                    .backstage
                    .as_deref()
                    .and_then(|entity| entity.parse().ok()),
                ..of(environment)
            };
            all.insert((service_id, environment_id), terms);
        }
    }
    all
}

/// What an environment says by itself.
fn of(environment: &Environment) -> Terms {
    let source = match (&environment.branch, &environment.tag) {
        (Some(branch), _) => Source::Branch(branch.clone()),
        (None, Some(tag)) => Source::Tag(tag.clone()),
        (None, None) => Source::Promotion,
    };
    Terms {
        workflow: None,
        source,
        after: names(&environment.after),
        soak: environment
            .soak
            .map_or(Duration::ZERO, |duration| duration.get()),
        before: Vec::new(),
        approvals: environment.approvals,
        image: String::new(),
        argocd: environment.argocd.clone(),
        url: environment.url.clone(),
        health: environment.health.clone(),
        rollback: environment.rollback,
        superseded: environment.superseded,
        allow_diverged: environment.allow_diverged,
        timeout: environment.timeout.get(),
        test: environment.test.clone(),
        tests_before: BTreeMap::new(),
        github_environment: String::new(),
        notify: None,
        backstage: None,
    }
}

/// The environments of the service that name `environment` in their `after`.
fn followers(service: &Service, environment: &String) -> Vec<Name> {
    let follows = service
        .environments
        .iter()
        .filter(|(_, other)| other.after.contains(environment));
    follows.filter_map(|(name, _)| name.parse().ok()).collect()
}

/// The workflows that test the environments of the service that come before `environment`.
fn tests_before(service: &Service, environment: &Environment) -> BTreeMap<Name, String> {
    let before = environment.after.iter();
    let tested = before.filter_map(|name| {
        let test = service.environments.get(name)?.test.clone()?;
        Some((name.parse().ok()?, test))
    });
    tested.collect()
}

fn names(texts: &[String]) -> Vec<Name> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

/// The image of a service that names none.
pub(crate) fn default_image(repository: &RepositoryName) -> String {
    format!("ghcr.io/{}", repository.as_str().to_lowercase())
}

impl Terms {
    /// The Argo CD application; none if the configuration allowed names that are none.
    pub fn application(&self) -> Option<ApplicationId> {
        Some(ApplicationId {
            project: self
                .argocd
                .project
                .as_deref()
                .unwrap_or("default")
                .parse()
                .ok()?,
            name: self.argocd.application.parse().ok()?,
        })
    }

    /// Whether the run is one of the workflow that tests the environment, started by hand as Slipway starts it.
    pub fn is_tested_by(&self, run: &WorkflowRun) -> bool {
        let is_of = |workflow: &String| run.is_of_file(workflow);
        run.event == "workflow_dispatch" && self.test.as_ref().is_some_and(is_of)
    }

    /// What Argo CD is to be asked for to release `commit`, of which this image was reported; none leaves the tag to the rule of
    /// the configuration. An error says for people why this cannot be asked for.
    pub fn asked(
        &self,
        commit: &CommitSha,
        reported: Option<&ReportedImage>,
    ) -> Result<Asked, String> {
        let reported_tag = reported.and_then(|image| image.tag.as_ref());
        let version = reported_tag.map_or_else(
            || {
                self.argocd.image_tag.expand(TemplateValues {
                    number: PullRequestNumber(0),
                    commit,
                })
            },
            ToString::to_string,
        );
        let digest = reported.map(|image| image.digest.clone());
        match self.argocd.update {
            ArgoCdUpdate::Sync => Ok(Asked::Sync),
            ArgoCdUpdate::KustomizeImage => {
                let tag = || version.parse().map_err(|error| format!("{error}"));
                Ok(Asked::Setting(Setting::KustomizeImage {
                    image: self.image.clone(),
                    version: match digest {
                        Some(digest) => ImageVersion::Digest(digest),
                        None => ImageVersion::Tag(tag()?),
                    },
                }))
            }
            ArgoCdUpdate::HelmParameter => Ok(Asked::Setting(Setting::HelmParameter {
                name: self.argocd.parameter.clone(),
                value: version,
            })),
            ArgoCdUpdate::Git => {
                let tag = version.parse().map_err(|error| format!("{error}"))?;
                Ok(Asked::Commit(Box::new(Committed {
                    image: self.image.clone(),
                    tag,
                    digest,
                    parameter: self.argocd.parameter.clone(),
                })))
            }
        }
    }
}
