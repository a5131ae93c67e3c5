//! Promotion and rollback, on a real Git repository with a real remote.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use templates::shell::{Outcome, Runner};
use templates::workflow::Workflow;
use templates::{expression, places};

const A: &str = "a";
const B: &str = "b";
const C: &str = "c";

fn digest(letter: &str) -> String {
    format!("sha256:{}", letter.repeat(64))
}

/// A repository with the templates, and a remote that it pushes to.
struct Manifests {
    runner: Runner,
}

impl Manifests {
    fn new() -> Self {
        let manifests = Self {
            runner: Runner::new().unwrap(),
        };
        let work = manifests.clone_folder("work");
        places::lay_out_repository(&work).unwrap();
        manifests.git(&work, &["init", "--quiet", "--initial-branch", "main"]);
        manifests.commit(&work, "Lay out");
        let remote = manifests.runner.folder().join("remote.git");
        manifests.git(
            &work,
            &["clone", "--quiet", "--bare", ".", remote.to_str().unwrap()],
        );
        manifests.git(
            &work,
            &["remote", "add", "origin", remote.to_str().unwrap()],
        );
        manifests
    }

    fn clone_folder(&self, name: &str) -> PathBuf {
        let folder = self.runner.folder().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn git(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args([
                "-c",
                "user.name=Ada",
                "-c",
                "user.email=ada@example.com",
                "-c",
                "commit.gpgsign=false",
            ])
            .args(arguments)
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn commit(&self, folder: &Path, subject: &str) {
        self.git(folder, &["add", "--all"]);
        self.git(folder, &["commit", "--quiet", "--message", subject]);
    }

    /// A checkout of what the remote has now, as the runner begins with.
    fn checkout(&self) -> PathBuf {
        let folder = self.runner.folder().join("checkout");
        if folder.exists() {
            std::fs::remove_dir_all(&folder).unwrap();
        }
        let remote = self.runner.folder().join("remote.git");
        self.git(
            &self.runner.folder(),
            &["clone", "--quiet", remote.to_str().unwrap(), "checkout"],
        );
        folder
    }

    fn set(&self, overlay: &str, digest: &str, rollback: bool) -> Outcome {
        self.set_in(&self.checkout(), overlay, digest, rollback)
    }

    fn set_in(&self, folder: &Path, overlay: &str, digest: &str, rollback: bool) -> Outcome {
        let contexts = json!({
            "github": { "actor": "ada" },
            "inputs": { "overlay": overlay, "digest": digest, "reason": "Because", "rollback": rollback },
        });
        let workflow = Workflow::template("set-image.yml").unwrap();
        let script = workflow.script("set", "Write and push", &contexts).unwrap();
        self.runner.run_in(folder, &script).unwrap()
    }

    fn promote(&self, overlay: &str, letter: &str) {
        let outcome = self.set(overlay, &digest(letter), false);
        assert!(outcome.succeeded, "{}", outcome.printed);
    }

    fn find(&self, environment: &str, steps: &str) -> Outcome {
        let contexts = json!({ "inputs": { "environment": environment, "steps": steps } });
        let workflow = Workflow::template("rollback.yml").unwrap();
        let script = workflow
            .script("find", "Find the image", &contexts)
            .unwrap();
        self.runner.run_in(&self.checkout(), &script).unwrap()
    }

    /// What somebody gets who goes back: the letter of the digest.
    fn back(&self, environment: &str, steps: &str) -> Option<String> {
        let outcome = self.find(environment, steps);
        let found = outcome.outputs.get("digest")?;
        assert!(outcome.succeeded, "{}", outcome.printed);
        Some(found.get(7..8)?.to_owned())
    }

    /// The digest that the remote has for an overlay.
    fn digest_of(&self, overlay: &str) -> String {
        let text = std::fs::read_to_string(
            self.checkout()
                .join(format!("k8s/overlays/{overlay}/kustomization.yaml")),
        );
        let document: serde_json::Value = serde_saphyr::from_str(&text.unwrap()).unwrap();
        document["images"][0]["digest"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_promotion_writes_the_digest_and_nothing_else() {
    let manifests = Manifests::new();
    manifests.promote("stg", A);
    assert_eq!(manifests.digest_of("stg"), digest(A));
    assert_eq!(manifests.digest_of("prod"), digest("0"));
    let checkout = manifests.checkout();
    let last = manifests.git(
        &checkout,
        &["log", "-1", "--format=%an: %s / %b", "--name-status"],
    );
    let expected = format!(
        "github-actions[bot]: stg: Because / Image: {}\n\nStarted by: ada\n\n\nM\tk8s/overlays/stg/kustomization.yaml\n",
        digest(A)
    );
    assert_eq!(last, expected);
    let again = manifests.set("stg", &digest(A), false);
    assert!(
        again.succeeded && again.printed.contains("has this image already"),
        "{}",
        again.printed
    );
}

#[test]
fn somebody_else_may_push_in_between() {
    let manifests = Manifests::new();
    let behind = manifests.checkout();
    let moved = manifests.runner.folder().join("behind");
    std::fs::rename(&behind, &moved).unwrap();
    manifests.promote("dev", B);
    let outcome = manifests.set_in(&moved, "stg", &digest(A), false);
    assert!(outcome.succeeded, "{}", outcome.printed);
    assert_eq!(
        (manifests.digest_of("dev"), manifests.digest_of("stg")),
        (digest(B), digest(A))
    );
}

#[test]
fn a_rollback_holds_its_environment_until_somebody_releases_it() {
    let manifests = Manifests::new();
    manifests.promote("prod", A);
    manifests.promote("prod", B);
    assert_eq!(manifests.back("production", "1").as_deref(), Some(A));
    let behind = manifests.checkout();
    let waiting = manifests.runner.folder().join("waiting");
    std::fs::rename(&behind, &waiting).unwrap();
    assert!(manifests.set("prod", &digest(A), true).succeeded);

    let refused = manifests.set("prod", &digest(C), false);
    assert!(
        !refused.succeeded && refused.printed.contains("prod is held"),
        "{}",
        refused.printed
    );
    assert!(
        refused.printed.contains("Because"),
        "the reason is told: {}",
        refused.printed
    );
    let refused = manifests.set_in(&waiting, "prod", &digest(C), false);
    assert!(
        !refused.succeeded && refused.printed.contains("prod is held"),
        "began before the rollback: {}",
        refused.printed
    );
    assert_eq!(manifests.digest_of("prod"), digest(A));
    assert!(
        manifests.set("stg", &digest(C), false).succeeded,
        "other environments go on"
    );

    let checkout = manifests.checkout();
    std::fs::remove_file(checkout.join("k8s/overlays/prod/HOLD")).unwrap();
    manifests.commit(&checkout, "Release production");
    manifests.git(&checkout, &["push", "--quiet", "origin", "HEAD:main"]);
    manifests.promote("prod", C);
    assert_eq!(manifests.digest_of("prod"), digest(C));
}

#[test]
fn going_back_never_ends_at_what_a_rollback_left() {
    let manifests = Manifests::new();
    for letter in [A, B, C] {
        manifests.promote("prod", letter);
    }
    assert_eq!(manifests.back("production", "2").as_deref(), Some(A));
    assert!(manifests.set("prod", &digest(B), true).succeeded);
    assert_eq!(
        manifests.back("production", "1").as_deref(),
        Some(A),
        "C was left by the rollback"
    );
    assert_eq!(
        manifests.back("production", "2"),
        None,
        "the zeros before the first image are none"
    );
    assert_eq!(manifests.back("staging", "1"), None);
}

#[test]
fn input_that_is_wrong_is_refused_before_anything_is_written() {
    let manifests = Manifests::new();
    manifests.promote("prod", A);
    manifests.promote("prod", B);
    for (environment, steps) in [
        ("production", "0"),
        ("production", "1; id"),
        ("production", ""),
        ("moon", "1"),
    ] {
        let outcome = manifests.find(environment, steps);
        assert!(
            !outcome.succeeded && outcome.printed.contains("::error::"),
            "{environment} {steps}: {outcome:?}"
        );
    }
    for wrong in ["latest", "sha256:abc", "sha256:$(id)"] {
        let outcome = manifests.set("prod", wrong, false);
        assert!(
            !outcome.succeeded && outcome.printed.contains("is not a digest"),
            "{}",
            outcome.printed
        );
    }
    assert_eq!(manifests.digest_of("prod"), digest(B));
}

#[test]
fn an_image_is_promoted_only_with_provenance_from_its_commit() {
    let commit = "1a2b3c4d5e6f708192a3b4c5d6e7f80912a3b4c5";
    let workflow = Workflow::template("promote.yml").unwrap();
    let find = |commit: &str, verified: bool| {
        let runner = Runner::new().unwrap();
        runner
            .stand_in("skopeo", &format!("echo {}", digest(A)))
            .unwrap();
        runner
            .stand_in("gh", if verified { "true" } else { "exit 1" })
            .unwrap();
        let contexts = json!({ "inputs": { "commit": commit }, "github": { "token": "token" } });
        let script = workflow
            .script(
                "image",
                "Find its digest and check where it comes from",
                &contexts,
            )
            .unwrap();
        let outcome = runner.run(&script).unwrap();
        (outcome, runner.calls())
    };
    let (outcome, calls) = find(commit, true);
    assert_eq!(outcome.outputs["digest"], digest(A));
    let image = format!("oci://ghcr.io/acme/shop-web@{}", digest(A));
    let verify = format!(
        "gh attestation verify {image} --repo acme/shop --signer-workflow acme/shop/.github/workflows/build-image.yml \
             --source-ref refs/heads/main --source-digest {commit}\n"
    );
    assert!(calls.ends_with(&verify), "{calls}");
    assert!(!find(commit, false).0.succeeded);
    for wrong in ["main", "1a2b3c4", "$(id)"] {
        let (outcome, calls) = find(wrong, true);
        assert!(!outcome.succeeded && calls.is_empty(), "{wrong}: {calls}");
    }
}

#[test]
fn environments_are_reached_one_after_the_other_with_tests_in_between() {
    let workflow = Workflow::template("promote.yml").unwrap();
    let order = [
        "image",
        "development",
        "test-development",
        "staging",
        "test-staging",
        "production",
    ];
    for pair in order.windows(2) {
        let needed = templates::workflow::needs(workflow.job(pair[1]).unwrap());
        assert!(needed.contains(&pair[0]), "{} needs {needed:?}", pair[1]);
    }
    for (job, overlay) in [
        ("development", "dev"),
        ("staging", "stg"),
        ("production", "prod"),
    ] {
        let with = &workflow.job(job).unwrap()["with"];
        assert_eq!(
            (&with["environment"], &with["overlay"]),
            (&json!(job), &json!(overlay))
        );
        let rollback = Workflow::template("rollback.yml").unwrap();
        let options =
            rollback.document["on"]["workflow_dispatch"]["inputs"]["environment"]["options"]
                .clone();
        assert!(
            options.as_array().unwrap().contains(&json!(job)),
            "{options}"
        );
    }
}

#[test]
fn tests_wait_until_the_environment_tells_the_commit() {
    let commit = "1a2b3c4d5e6f708192a3b4c5d6e7f80912a3b4c5";
    let runner = Runner::new().unwrap();
    let script = format!(
        "n=$(cat n 2> /dev/null || echo 0); echo $((n + 1)) > n\n\
         case $n in 0) exit 22 ;; 1) echo '{{\"commit\":\"old\"}}' ;; *) echo '{{\"commit\":\"{commit}\"}}' ;; esac"
    );
    runner.stand_in("curl", &script).unwrap();
    runner.stand_in("sleep", "true").unwrap();
    let workflow = Workflow::template("e2e.yml").unwrap();
    let contexts = json!({ "inputs": { "url": "https://staging.example.com", "commit": commit } });
    let outcome = runner
        .run(
            &workflow
                .script("test", "Wait for the commit", &contexts)
                .unwrap(),
        )
        .unwrap();
    assert!(outcome.succeeded, "{}", outcome.printed);
    let curl =
        "curl --fail --silent --show-error --max-time 10 https://staging.example.com/version\n";
    assert_eq!(
        runner.calls(),
        format!("{curl}sleep 10\n{curl}sleep 10\n{curl}")
    );
    let group = workflow.document["concurrency"]["group"].as_str().unwrap();
    assert_eq!(
        expression::expand(group, &contexts).unwrap(),
        "e2e-https://staging.example.com"
    );

    let contexts = json!({ "inputs": { "url": "", "commit": commit } });
    let unset = runner
        .run(
            &workflow
                .script("test", "Wait for the commit", &contexts)
                .unwrap(),
        )
        .unwrap();
    assert!(
        !unset.succeeded && unset.printed.contains("an absolute URL"),
        "a variable that is not set: {}",
        unset.printed
    );
}
