//! What `deploy.yml` and `build-image.yml` publish, for each kind of event, and that it is what `.github/slipway.yml` asks for.

use std::collections::BTreeMap;

use domain::configuration::TemplateValues;
use domain::{CommitSha, ImageTag, PullRequestNumber};
use serde_json::{Value, json};
use templates::expression;
use templates::shell::Runner;
use templates::workflow::{self, Workflow};

use crate::configurations::variants;

const COMMIT: &str = "1a2b3c4d5e6f708192a3b4c5d6e7f80912a3b4c5";
const MERGE: &str = "ffffffffffffffffffffffffffffffffffffffff";
const IMAGE: &str = "ghcr.io/acme/shop-web";

/// The contexts of a pull request's build; GitHub's own commit for it is the merge.
fn pull_request(number: u64, head_repository: &str) -> Value {
    contexts(json!({
        "event_name": "pull_request",
        "event": { "pull_request": { "number": number, "head": { "sha": COMMIT, "repo": { "full_name": head_repository } } } },
        "ref": format!("refs/pull/{number}/merge"),
        "ref_name": format!("{number}/merge"),
        "ref_type": "branch",
        "sha": MERGE,
    }))
}

fn push(ref_type: &str, ref_name: &str) -> Value {
    let folder = if ref_type == "tag" { "tags" } else { "heads" };
    contexts(json!({
        "event_name": "push",
        "event": {},
        "ref": format!("refs/{folder}/{ref_name}"),
        "ref_name": ref_name,
        "ref_type": ref_type,
        "sha": COMMIT,
    }))
}

fn contexts(mut github: Value) -> Value {
    github["repository"] = json!("acme/shop");
    github["actor"] = json!("ada");
    github["server_url"] = json!("https://github.com");
    let deploy = Workflow::template("deploy.yml").unwrap();
    let inputs = &deploy.job("web").unwrap()["with"];
    json!({ "github": github, "inputs": inputs, "vars": {}, "status": { "cancelled": false } })
}

/// What a build does: which jobs run, and what the image is called.
#[derive(Debug)]
struct Build {
    jobs: Vec<String>,
    tags: Vec<String>,
    contexts: Value,
}

/// Goes through the jobs in order; `refused` are those that run and fail.
fn build(mut contexts: Value, refused: &[&str]) -> Build {
    let workflow = Workflow::template("build-image.yml").unwrap();
    let mut jobs = Vec::new();
    let mut tags = Vec::new();
    let mut results = BTreeMap::new();
    contexts["needs"] = json!({});
    for id in ["names", "check", "report", "publish", "tell", "version"] {
        for needed in workflow::needs(workflow.job(id).unwrap()) {
            assert!(
                results.contains_key(needed),
                "{id} needs {needed}, which comes later"
            );
        }
        let result = if !workflow.runs(id, &contexts).unwrap() {
            "skipped"
        } else if refused.contains(&id) {
            "failure"
        } else {
            "success"
        };
        results.insert(id, result);
        contexts["needs"][id] = json!({ "result": result });
        if result != "skipped" {
            jobs.push(id.to_owned());
        }
        if id == "names" {
            let script = workflow.script(id, "Name the image", &contexts).unwrap();
            let outcome = Runner::new().unwrap().run(&script).unwrap();
            assert!(outcome.succeeded, "{}", outcome.printed);
            tags = outcome.outputs["tags"]
                .split(' ')
                .map(str::to_owned)
                .collect();
            contexts["needs"][id]["outputs"] = json!(outcome.outputs);
        }
    }
    assert_eq!(
        workflow.jobs().unwrap().len(),
        results.len(),
        "every job is told of here"
    );
    Build {
        jobs,
        tags,
        contexts,
    }
}

#[test]
fn a_pull_request_is_published_under_the_tags_that_slipway_asks_for() {
    let built = build(pull_request(7, "acme/shop"), &[]);
    assert_eq!(built.jobs, ["names", "check", "report", "publish"]);
    assert_eq!(built.tags, ["pr-7", "pr-7-1a2b3c4"]);
    let commit: CommitSha = COMMIT.parse().unwrap();
    let mut asked_for = 0;
    for (file, configuration) in variants() {
        for (name, service) in configuration.services {
            let Some(coolify) = service.preview.and_then(|preview| preview.coolify) else {
                continue;
            };
            let tag = coolify.tag.expand(TemplateValues {
                number: PullRequestNumber(7),
                commit: &commit,
            });
            assert!(
                built.tags.contains(&tag),
                "{file}, {name}: {tag} is not among {:?}",
                built.tags
            );
            asked_for += 1;
        }
    }
    assert!(asked_for >= 3, "{asked_for}");
}

#[test]
fn a_fork_is_built_tested_and_scanned_and_nothing_of_it_leaves_the_run() {
    let built = build(pull_request(7, "mallory/shop"), &[]);
    assert_eq!(built.jobs, ["names", "check"]);
}

#[test]
fn critical_findings_are_reported_and_the_image_is_not_published() {
    let built = build(pull_request(7, "acme/shop"), &["check"]);
    assert_eq!(built.jobs, ["names", "check", "report"]);
    let order: Vec<String> = step_names("check");
    let place = |step: &str| order.iter().position(|name| name == step).expect(step);
    assert!(place("Scan") < place("Keep the findings"));
    assert!(place("Keep the findings") < place("Refuse critical findings that have a fix"));
    assert!(place("Refuse critical findings that have a fix") < place("Keep the image"));
}

#[test]
fn a_branch_is_published_under_its_name_and_its_commit() {
    let built = build(push("branch", "main"), &[]);
    assert_eq!(built.jobs, ["names", "check", "report", "publish"]);
    assert_eq!(built.tags, ["main", "main-1a2b3c4", COMMIT]);
}

#[test]
fn a_version_gives_another_name_to_the_image_of_its_commit() {
    let built = build(push("tag", "v1.2.3"), &[]);
    assert_eq!(
        (built.jobs, built.tags),
        (
            vec!["names".to_owned(), "version".to_owned()],
            vec!["1.2.3".to_owned()]
        )
    );
    let built = build(push("tag", "v1.2.3-rc.1+build"), &[]);
    assert_eq!(
        built.tags,
        ["1.2.3-rc.1-build"],
        "an image tag has no plus sign"
    );
}

#[test]
fn no_name_of_a_branch_makes_a_bad_tag_or_one_of_a_pull_request() {
    for (branch, expected) in [
        ("feature/Cart_2.0", "feature-Cart_2.0"),
        ("pr-7", "branch-pr-7"),
        ("--pr-7-1a2b3c4", "branch-pr-7-1a2b3c4"),
        ("$(touch injected)`id`;\"'", "touch-injected--id----"),
        ("ünïcode", "n--code"),
    ] {
        let built = build(push("branch", branch), &[]);
        assert_eq!(
            built.tags.first().map(String::as_str),
            Some(expected),
            "{branch}"
        );
        for tag in &built.tags {
            assert!(
                tag.parse::<ImageTag>().is_ok(),
                "{branch}: {tag:?} is no image tag"
            );
        }
    }
    let long = "x".repeat(250);
    for tag in build(push("branch", &long), &[]).tags {
        assert!(tag.parse::<ImageTag>().is_ok(), "{tag:?} is no image tag");
    }
}

#[test]
fn what_is_built_is_the_commit_that_the_image_is_named_after() {
    let workflow = Workflow::template("build-image.yml").unwrap();
    let built = workflow.document["env"]["COMMIT"].as_str().unwrap();
    assert_eq!(
        expression::expand(built, &pull_request(7, "acme/shop")).unwrap(),
        COMMIT
    );
    assert_eq!(
        expression::expand(built, &push("branch", "main")).unwrap(),
        COMMIT
    );
    let checkout = Workflow::steps(workflow.job("check").unwrap())
        .first()
        .unwrap();
    assert_eq!(checkout["with"]["ref"], "${{ env.COMMIT }}");
}

#[test]
fn every_tag_is_pushed_and_the_digest_is_told() {
    let built = build(pull_request(7, "acme/shop"), &[]);
    let runner = Runner::new().unwrap();
    runner
        .stand_in("skopeo", "echo sha256:abc > digest")
        .unwrap();
    let workflow = Workflow::template("build-image.yml").unwrap();
    let outcome = runner
        .run(&workflow.script("publish", "Push", &built.contexts).unwrap())
        .unwrap();
    assert!(outcome.succeeded, "{}", outcome.printed);
    assert_eq!(outcome.outputs["digest"], "sha256:abc");
    assert_eq!(
        outcome.summary,
        format!("{IMAGE}@sha256:abc as pr-7 pr-7-1a2b3c4\n")
    );
    let copy = "skopeo copy --preserve-digests --digestfile digest oci:image docker://";
    assert_eq!(
        runner.calls(),
        format!("{copy}{IMAGE}:pr-7\n{copy}{IMAGE}:pr-7-1a2b3c4\n")
    );
}

#[test]
fn the_digest_is_reported_to_slipway_with_the_jobs_own_token() {
    let mut contexts = push("branch", "main");
    let silent = build(contexts.clone(), &[]);
    assert!(!silent.jobs.contains(&"tell".to_owned()), "nobody to tell");
    contexts["vars"] = json!({ "SLIPWAY_URL": "https://slipway.example.com/" });
    let mut of_pull_request = pull_request(7, "acme/shop");
    of_pull_request["vars"] = contexts["vars"].clone();
    let previewed = build(of_pull_request, &[]);
    assert!(
        !previewed.jobs.contains(&"tell".to_owned()),
        "previews go by their tags"
    );
    let mut built = build(contexts, &[]);
    assert_eq!(built.jobs, ["names", "check", "report", "publish", "tell"]);
    let digest = format!("sha256:{}", "a".repeat(64));
    built.contexts["needs"]["publish"]["outputs"] = json!({ "digest": digest });
    let runner = Runner::new().unwrap();
    runner
        .stand_in("curl", "echo '{\"value\":\"a.b.c\"}'")
        .unwrap();
    let workflow = Workflow::template("build-image.yml").unwrap();
    let mut script = workflow
        .script("tell", "Report the image", &built.contexts)
        .unwrap();
    // As GitHub gives them to a job with `id-token: write`.
    let own = [
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "own"),
        (
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            "https://pipelines.example/token?api-version=2.0",
        ),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    script.environment.extend(own);
    let outcome = runner.run(&script).unwrap();
    assert!(outcome.succeeded, "{}", outcome.printed);
    assert!(
        outcome.printed.contains("::add-mask::a.b.c"),
        "{}",
        outcome.printed
    );
    let report = format!(r#"--data {{"image":"{IMAGE}","digest":"{digest}","tag":"{COMMIT}"}} "#);
    let calls = runner.calls();
    assert!(calls.contains(&report), "{calls}");
    assert!(
        calls.contains("audience=https://slipway.example.com "),
        "{calls}"
    );
    assert!(calls.contains("Bearer a.b.c "), "{calls}");
    assert!(
        calls
            .trim_end()
            .ends_with("https://slipway.example.com/api/v1/services/web/deployments"),
        "{calls}"
    );
    let permissions = &workflow.job("tell").unwrap()["permissions"];
    assert_eq!(*permissions, json!({ "id-token": "write" }));
}

#[test]
fn a_push_that_fails_fails_the_job() {
    let built = build(pull_request(7, "acme/shop"), &[]);
    let runner = Runner::new().unwrap();
    runner.stand_in("skopeo", "exit 1").unwrap();
    let workflow = Workflow::template("build-image.yml").unwrap();
    let outcome = runner
        .run(&workflow.script("publish", "Push", &built.contexts).unwrap())
        .unwrap();
    assert!(
        !outcome.succeeded && outcome.outputs.is_empty(),
        "{outcome:?}"
    );
}

#[test]
fn a_version_waits_for_the_image_of_its_commit_and_copies_it() {
    let built = build(push("tag", "v1.2.3"), &[]);
    let runner = Runner::new().unwrap();
    runner
        .stand_in("skopeo", "if [ $1 = inspect ] && [ ! -e seen ]; then touch seen; echo 'manifest unknown' >&2; exit 1; fi")
        .unwrap();
    runner.stand_in("sleep", "true").unwrap();
    let workflow = Workflow::template("build-image.yml").unwrap();
    let script = workflow
        .script("version", "Tag the image of the commit", &built.contexts)
        .unwrap();
    let outcome = runner.run(&script).unwrap();
    assert!(outcome.succeeded, "{}", outcome.printed);
    let inspect = format!("skopeo inspect --raw docker://{IMAGE}:{COMMIT}\n");
    let copy = format!(
        "skopeo copy --all --preserve-digests docker://{IMAGE}:{COMMIT} docker://{IMAGE}:1.2.3\n"
    );
    assert_eq!(
        runner.calls(),
        format!("{inspect}sleep 30\n{inspect}{copy}")
    );
    assert!(
        outcome.printed.contains("attempt 1: manifest unknown"),
        "{}",
        outcome.printed
    );
}

#[test]
fn newer_commits_replace_builds_only_within_one_pull_request() {
    let deploy = Workflow::template("deploy.yml").unwrap();
    let concurrency = &deploy.document["concurrency"];
    let group = |contexts: &Value| {
        expression::expand(concurrency["group"].as_str().unwrap(), contexts).unwrap()
    };
    let cancels = |contexts: &Value| {
        expression::expand(
            concurrency["cancel-in-progress"].as_str().unwrap(),
            contexts,
        )
        .unwrap()
    };
    let pull = pull_request(7, "acme/shop");
    assert_eq!(
        (group(&pull), cancels(&pull)),
        ("build-7".to_owned(), "true".to_owned())
    );
    let main = push("branch", "main");
    assert_eq!(
        (group(&main), cancels(&main)),
        (
            format!("build-refs/heads/main-{COMMIT}"),
            "false".to_owned()
        )
    );
}

fn step_names(job: &str) -> Vec<String> {
    let workflow = Workflow::template("build-image.yml").unwrap();
    Workflow::steps(workflow.job(job).unwrap())
        .iter()
        .map(|step| step["name"].as_str().unwrap().to_owned())
        .collect()
}
