//! The file of the specification, what is said of broken ones, and files that try to hurt.

mod broken;
mod hostile;

use super::*;

pub(super) const SPECIFICATION: &str = r#"
version: 1
project: shop
build:
  workflow: CI
services:
  web:
    paths: ["apps/web/**", "libs/**"]
    image: ghcr.io/acme/shop-web
    preview:
      coolify: { application: a1b2c3, tag: "pr-{number}" }
      url: "https://pr-{number}-shop.preview.example.com"
      when: { label: preview, drafts: false, forks: label, limit: 20 }
      ttl: 72h
      health: { path: /health, attempts: 5, interval: 10s }
    environments:
      development: { branch: develop, argocd: { application: shop-web-dev } }
      staging:     { branch: staging, argocd: { application: shop-web-stg }, superseded: cancel, test: e2e.yml }
      production:
        branch: main
        after: [staging]
        approvals: 1
        argocd: { application: shop-web, project: shop, update: kustomize-image }
        url: https://shop.example.com
        rollback: automatic
    backstage: component:default/shop-web
notify: { slack: { deployments: team-shop, alerts: on-call }, webhook: audit }
directives: { ansible: { workflow: ansible.yml, input: playbook } }
operations: { db-migrate: { workflow: db-migration.yml, inputs: { command: [migrate, rollback, status] } } }
"#;

pub(super) const SMALLEST: &str = "version: 1
build: { workflow: CI }
services:
  web:
    preview:
      coolify: { application: a1b2c3, tag: 'pr-{number}' }
      url: 'https://pr-{number}.example.com'
";

#[test]
fn the_file_of_the_specification_is_understood_whole() {
    let configuration = parse(SPECIFICATION).unwrap();
    let web = &configuration.services["web"];
    let preview = web.preview.as_ref().unwrap();
    assert_eq!(
        preview.ttl,
        Some(ConfiguredDuration::from_seconds(72 * 3_600))
    );
    assert_eq!(preview.when.label.as_deref(), Some("preview"));
    assert_eq!(
        web.environments["production"].argocd.update,
        ArgoCdUpdate::KustomizeImage
    );
    let json = serde_json::to_string(&configuration).unwrap();
    assert_eq!(
        serde_json::from_str::<Configuration>(&json).unwrap(),
        configuration,
        "it is stored as JSON"
    );
}

#[test]
fn the_smallest_useful_file_has_sensible_defaults() {
    let configuration = parse(SMALLEST).unwrap();
    let preview = configuration.services["web"].preview.as_ref().unwrap();
    assert_eq!(
        preview.when,
        When {
            base: Vec::new(),
            label: None,
            drafts: true,
            forks: Forks::Never,
            limit: None
        }
    );
    assert_eq!(
        preview.health,
        Health {
            status: None,
            path: "/".into(),
            attempts: 12,
            interval: ConfiguredDuration::from_seconds(5)
        }
    );
}
