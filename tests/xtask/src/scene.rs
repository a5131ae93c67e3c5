//! The scene of the demo and of `cargo xtask world`: one repository, one Coolify application, and how Slipway is told of them.

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
    (repository, application)
}

fn configuration(world: &World) -> String {
    format!(
        "version: 1
build:
  workflow: {WORKFLOW}
services:
  shop:
    image: {IMAGE}
    preview:
      coolify: {{ application: {APPLICATION}, tag: \"pr-{{number}}-{{short_commit}}\" }}
      url: \"{}\"
      health: {{ path: /, attempts: 12, interval: 1s }}
",
        world.preview_url_template()
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
        ("reconcile_token", RECONCILE_TOKEN.to_owned()),
    ])
}
