//! The scene of the demo and of `cargo xtask world`: one repository, one Coolify application, two environments of Argo CD's, an entity
//! in Backstage, two Slack channels, and how Slipway is told of them.

use std::collections::BTreeMap;

use serde_json::json;
use sha2::{Digest as _, Sha256};
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
/// The GitHub App that Slipway is in the demo.
const APP: &str = "slipway-demo";
/// The account that it is installed on.
const ACCOUNT: &str = "acme";

/// Somebody with a token of the API, by which they sign in to the dashboard.
#[derive(Debug)]
pub(crate) struct Person {
    /// Their name.
    pub(crate) name: &'static str,
    /// What they may do.
    pub(crate) role: &'static str,
    /// Their token.
    pub(crate) token: &'static str,
}

/// Who uses Slipway: one of each role.
pub(crate) const PEOPLE: [Person; 4] = [
    Person {
        name: "grace",
        role: "admin",
        token: "grace-demo",
    },
    Person {
        name: "ada",
        role: "deployer",
        token: "ada-demo",
    },
    Person {
        name: "ken",
        role: "viewer",
        token: "ken-demo",
    },
    Person {
        name: "builds",
        role: "worker",
        token: "builds-demo",
    },
];

/// Who may do everything.
pub(crate) const fn admin() -> &'static Person {
    let [admin, ..] = &PEOPLE;
    admin
}

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

/// From the next push on somebody must approve what goes to production.
pub(crate) fn ask_for_approvals(world: &World, repository: &Repository) {
    let asking = configuration(world).replace(
        "after: [staging]\n",
        "after: [staging]\n        approvals: 1\n",
    );
    repository.write_file(".github/slipway.yml", asking);
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
        ("api_tokens", api_tokens()),
        (
            "session_secret",
            "known to everybody, so for nothing but a demo".to_owned(),
        ),
    ])
}

/// The same with a GitHub App of the world's, installed, instead of a plain token.
pub(crate) fn variables_as_app(world: &World) -> BTreeMap<&'static str, String> {
    let app = world.github().app(APP);
    app.install_on(ACCOUNT);
    let mut variables = variables(world);
    variables.remove("github_token");
    variables.insert("github_app_id", app.id().to_string());
    variables.insert("github_app_private_key", app.private_key().to_owned());
    variables
}

/// The people as the variable has them: by the hashes of their tokens.
pub(crate) fn api_tokens() -> String {
    let tokens = PEOPLE.map(|person| {
        let digest = Sha256::digest(person.token.as_bytes());
        let sha256: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        json!({ "name": person.name, "role": person.role, "sha256": sha256, "github": person.name })
    });
    json!(tokens).to_string()
}
