//! Releases, what is chained on them, and migrations.

use serde_json::json;
use templates::expression;
use templates::shell::Runner;
use templates::workflow::Workflow;

const COMMIT: &str = "1a2b3c4d5e6f708192a3b4c5d6e7f80912a3b4c5";

fn release(tag: &str) -> (templates::shell::Outcome, String) {
    let runner = Runner::new().unwrap();
    runner
        .stand_in(
            "skopeo",
            "if [ ! -e seen ]; then touch seen; exit 1; fi; echo sha256:abc",
        )
        .unwrap();
    runner.stand_in("gh", "true").unwrap();
    runner.stand_in("sleep", "true").unwrap();
    let workflow = Workflow::template("release.yml").unwrap();
    let contexts = json!({ "github": { "ref_name": tag, "token": "token" } });
    let mut script = workflow
        .script("release", "Wait for the image, then release it", &contexts)
        .unwrap();
    script
        .environment
        .push(("GITHUB_SHA".to_owned(), COMMIT.to_owned()));
    (runner.run(&script).unwrap(), runner.calls())
}

#[test]
fn a_release_waits_for_its_image_and_names_its_digest() {
    let (outcome, calls) = release("v1.2.3");
    assert!(outcome.succeeded, "{}", outcome.printed);
    let inspect = "skopeo inspect --format {{.Digest}} docker://ghcr.io/acme/shop-web:1.2.3\n";
    let expected = format!(
        "{inspect}sleep 30\n{inspect}\
         gh attestation verify oci://ghcr.io/acme/shop-web@sha256:abc --repo acme/shop \
         --signer-workflow acme/shop/.github/workflows/build-image.yml \
         --source-ref refs/heads/main --source-digest {COMMIT}\n\
         gh release create v1.2.3 --repo acme/shop --verify-tag --generate-notes --latest \
         --notes `ghcr.io/acme/shop-web@sha256:abc`\n"
    );
    assert_eq!(calls, expected);
    assert!(release("v1.2.3-rc.1").1.contains("--prerelease"));
}

#[test]
fn a_tag_that_is_no_version_is_not_released() {
    for tag in ["v1", "vendor", "v1.2.3$(id)", "v1.2.3;id"] {
        let (outcome, calls) = release(tag);
        assert!(!outcome.succeeded && calls.is_empty(), "{tag}: {calls}");
    }
}

#[test]
fn only_a_release_of_this_repository_that_succeeded_starts_a_promotion() {
    let workflow = Workflow::template("after-release.yml").unwrap();
    let released = Workflow::template("release.yml").unwrap();
    let chained = &workflow.document["on"]["workflow_run"]["workflows"];
    assert_eq!(
        *chained,
        json!([released.document["name"]]),
        "chained by the name of release.yml"
    );
    let contexts = |conclusion: &str, event: &str, repository: &str| {
        let run = json!({
            "conclusion": conclusion,
            "event": event,
            "head_repository": { "full_name": repository },
            "head_sha": COMMIT,
        });
        json!({ "github": { "event": { "workflow_run": run }, "repository": "acme/shop", "token": "token" } })
    };
    let good = contexts("success", "push", "acme/shop");
    assert!(workflow.runs("promote", &good).unwrap());
    for refused in [
        contexts("failure", "push", "acme/shop"),
        contexts("success", "pull_request", "acme/shop"),
        contexts("success", "push", "mallory/shop"),
    ] {
        assert!(!workflow.runs("promote", &refused).unwrap(), "{refused}");
    }
    let runner = Runner::new().unwrap();
    runner.stand_in("gh", "true").unwrap();
    assert!(
        runner
            .run(&workflow.script("promote", "Start", &good).unwrap())
            .unwrap()
            .succeeded
    );
    assert_eq!(
        runner.calls(),
        format!("gh workflow run promote.yml --repo acme/shop --field commit={COMMIT}\n")
    );
    let promote = Workflow::template("promote.yml").unwrap();
    assert!(promote.document["on"]["workflow_dispatch"]["inputs"]["commit"].is_object());
}

#[test]
fn migrations_are_those_of_the_image_that_the_environment_has() {
    let runner = Runner::new().unwrap();
    let digest = format!("sha256:{}", "a".repeat(64));
    templates::places::lay_out_repository(&runner.folder()).unwrap();
    let file = runner.folder().join("k8s/overlays/stg/kustomization.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        text.replace(&format!("sha256:{}", "0".repeat(64)), &digest),
    )
    .unwrap();
    let workflow = Workflow::template("db-migration.yml").unwrap();
    let mut contexts = json!({
        "inputs": { "environment": "staging", "command": "status", "commit": "" },
        "secrets": { "DATABASE_URL": "postgres://db" },
    });
    let found = runner
        .run(
            &workflow
                .script("migrate", "Find the image", &contexts)
                .unwrap(),
        )
        .unwrap();
    assert_eq!(found.outputs["digest"], digest, "{}", found.printed);
    contexts["steps"] = json!({ "image": { "outputs": found.outputs } });
    runner
        .stand_in("docker", "[ \"$DATABASE_URL\" = postgres://db ]")
        .unwrap();
    assert!(
        runner
            .run(&workflow.script("migrate", "Run", &contexts).unwrap())
            .unwrap()
            .succeeded
    );
    let image = format!("ghcr.io/acme/shop-web@{digest}");
    let expected =
        format!("docker run --rm --env DATABASE_URL --entrypoint /app/migrate {image} status\n");
    assert_eq!(
        runner.calls(),
        expected,
        "the secret is not among the arguments"
    );
    let concurrency = &workflow.document["concurrency"];
    let group = expression::expand(concurrency["group"].as_str().unwrap(), &contexts).unwrap();
    assert_eq!(
        (group.as_str(), &concurrency["cancel-in-progress"]),
        ("db-migration-staging", &json!(false))
    );
}
