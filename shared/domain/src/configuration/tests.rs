//! The file of the specification, and what is said of broken ones.

use super::*;

const SPECIFICATION: &str = r#"
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

const SMALLEST: &str = "version: 1
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
            label: None,
            drafts: true,
            forks: Forks::Never,
            limit: None
        }
    );
    assert_eq!(
        preview.health,
        Health {
            path: "/".into(),
            attempts: 12,
            interval: ConfiguredDuration::from_seconds(5)
        }
    );
}

#[test]
fn a_broken_file_is_told_with_place_key_and_expectation() {
    let cases = [
        ("empty", String::new()),
        ("not YAML", "version: [1".to_owned()),
        (
            "wrong version",
            SMALLEST.replace("version: 1", "version: 2"),
        ),
        ("misspelt key", SMALLEST.replace("preview:", "previews:")),
        (
            "build forgotten",
            SMALLEST.replace("build: { workflow: CI }", ""),
        ),
        (
            "build of both kinds",
            SMALLEST.replace("workflow: CI", "workflow: CI, worker: true"),
        ),
        (
            "tag that is none",
            SMALLEST.replace("'pr-{number}' }", "'pr/{number}' }"),
        ),
        (
            "unknown placeholder",
            SMALLEST.replace("tag: 'pr-{number}'", "tag: 'pr-{branch}'"),
        ),
        (
            "relative URL",
            SMALLEST.replace("https://pr-{number}.example.com", "pr-{number}.example.com"),
        ),
        (
            "no target",
            SMALLEST.replace(
                "coolify: { application: a1b2c3, tag: 'pr-{number}' }",
                "ttl: 1h",
            ),
        ),
        (
            "duration without unit",
            SMALLEST.replace("coolify:", "ttl: 72\n      coolify:"),
        ),
        ("service name", SMALLEST.replace("  web:", "  Web Shop:")),
        (
            "alias bomb",
            format!(
                "a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [{}]\nc: [{}]\n",
                "*a,".repeat(50),
                "*b,".repeat(50)
            ),
        ),
        ("too large", "#".repeat(BYTES_MAX + 1)),
    ];
    let told: Vec<String> = cases
        .iter()
        .map(|(name, text)| format!("{name}: {}", parse(text).expect_err(name).message))
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}
