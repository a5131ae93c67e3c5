//! The scene of the demo and of `cargo xtask world`: one repository, one Coolify application, two environments of Argo CD's, an entity
//! in Backstage, two Slack channels, and how Slipway is told of them.

use std::collections::BTreeMap;

use world::{Application, Repository, World};

/// The repository.
pub(crate) const REPOSITORY: &str = "acme/shop";
/// The workflow that builds its image.
pub(crate) const WORKFLOW: &str = "CI";
/// The Coolify application that its previews run on.
pub(crate) const APPLICATION: &str = "a1b2c3";
/// Its image.
pub(crate) const IMAGE: &str = "ghcr.io/acme/shop";
/// Its service.
pub(crate) const SERVICE: &str = "shop";
/// Its environments, in the order in which a commit gets there.
pub(crate) const ENVIRONMENTS: [&str; 2] = ["staging", "production"];
/// Its entity in Backstage.
pub(crate) const ENTITY: &str = "component:default/shop";
/// The Slack channels that are told of releases.
pub(crate) const CHANNELS: [&str; 2] = ["deployments", "alerts"];
/// Where Slipway takes deliveries.
pub(crate) const WEBHOOK_PATH: &str = "/webhooks/github";
/// The bearer token of `POST /reconcile`.
pub(crate) const RECONCILE_TOKEN: &str = "reconcile-demo";

/// Puts the repository with its configuration and the application into a world.
pub(crate) fn furnish(world: &World) -> (Repository, Application) {
    let application = world.coolify().application(APPLICATION);
    application.image(IMAGE);
    let repository = world.github().repository(REPOSITORY);
    repository.write_file(".github/slipway.yml", configuration(world));
    for environment in ENVIRONMENTS {
        world
            .argocd()
            .application(&deployed_as(environment), &format!("{IMAGE}:former"));
    }
    world.backstage().entity(ENTITY, Some(REPOSITORY));
    (repository, application)
}

/// The name of an environment's application at Argo CD.
pub(crate) fn deployed_as(environment: &str) -> String {
    format!("{SERVICE}-{environment}")
}

fn configuration(world: &World) -> String {
    format!(
        "version: 1
build:
  workflow: {WORKFLOW}
services:
  {SERVICE}:
    image: {IMAGE}
    preview:
      coolify: {{ application: {APPLICATION}, tag: \"pr-{{number}}-{{short_commit}}\" }}
      url: \"{}\"
      health: {{ path: /, attempts: 12, interval: 1s }}
    environments:
      staging:
        branch: main
        argocd: {{ application: {}, update: kustomize-image }}
        url: {}
      production:
        after: [staging]
        argocd: {{ application: {}, update: kustomize-image }}
        url: {}
        rollback: automatic
",
        world.preview_url_template(),
        deployed_as("staging"),
        world.environment_url(&deployed_as("staging")),
        deployed_as("production"),
        world.environment_url(&deployed_as("production")),
    )
}

/// The variables by which Slipway finds this world.
pub(crate) fn variables(world: &World) -> BTreeMap<&'static str, String> {
    let options = world.options();
    BTreeMap::from([
        (
            "github_webhook_secrets",
            options.webhook_secret.clone().unwrap_or_default(),
        ),
        ("github_api_url", world.github_url()),
        ("github_token", options.github_token.clone()),
        ("coolify_url", world.coolify_url()),
        ("coolify_token", options.coolify_token.clone()),
        ("preview_hosts", world.previews_url()),
        ("argocd_url", world.argocd_url()),
        ("argocd_token", options.argocd_token.clone()),
        ("environment_hosts", world.previews_url()),
        ("slack_webhooks", world.slack().webhooks(&CHANNELS)),
        ("slack_hosts", world.slack_url()),
        ("backstage_url", world.backstage_url()),
        ("backstage_token", options.backstage_token.clone()),
        ("reconcile_token", RECONCILE_TOKEN.to_owned()),
    ])
}
