//! What workflows may do, read from the files: the rules that no linter knows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use templates::workflow::Workflow;
use templates::{linters, places};

fn ours() -> Vec<Workflow> {
    linters::workflows()
        .unwrap()
        .iter()
        .filter(|file| !file.starts_with(".github/"))
        .map(|file| Workflow::read(file).unwrap())
        .collect()
}

fn writes(job: &Value) -> BTreeSet<&str> {
    let permissions = job.get("permissions").and_then(Value::as_object);
    let granted = permissions.into_iter().flatten();
    granted
        .filter(|(_, level)| *level == "write")
        .map(|(name, _)| name.as_str())
        .collect()
}

fn uses(step: &Value) -> &str {
    step.get("uses").and_then(Value::as_str).unwrap_or_default()
}

#[test]
fn nothing_is_granted_to_a_whole_workflow() {
    for workflow in ours() {
        assert_eq!(
            workflow.document["permissions"],
            json!({}),
            "{}",
            workflow.name
        );
    }
}

#[test]
fn a_job_that_checks_code_out_can_write_nothing_but_the_manifests() {
    for workflow in ours() {
        for (id, job) in workflow.jobs().unwrap() {
            let steps = Workflow::steps(job);
            let checks_out = steps
                .iter()
                .any(|step| uses(step).starts_with("actions/checkout@"));
            let granted = writes(job);
            let is_the_push = workflow.name.ends_with("/set-image.yml");
            let expected = if is_the_push {
                BTreeSet::from(["contents"])
            } else {
                BTreeSet::new()
            };
            assert!(
                !checks_out || granted == expected,
                "{}, {id}: {granted:?}",
                workflow.name
            );
        }
    }
}

#[test]
fn every_action_is_pinned_to_one_commit_with_its_version() {
    let mut pins: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in linters::workflows().unwrap() {
        for line in places::read(&file).unwrap().lines() {
            let Some((_, action)) = line.split_once("uses: ") else {
                continue;
            };
            if action.starts_with("./.github/workflows/") {
                continue;
            }
            let (name, pin) = action
                .split_once('@')
                .unwrap_or_else(|| panic!("{file}: {line}"));
            let (commit, version) = pin
                .split_once(" # v")
                .unwrap_or_else(|| panic!("{file}: no version: {line}"));
            assert!(
                commit.len() == 40 && commit.bytes().all(|digit| digit.is_ascii_hexdigit()),
                "{file}: {line}"
            );
            assert!(
                version.split('.').count() == 3,
                "{file}: a whole version is expected: {line}"
            );
            if !file.starts_with(".github/") {
                pins.entry(name.to_owned())
                    .or_default()
                    .insert(pin.to_owned());
            }
        }
    }
    assert!(pins.len() >= 8, "{pins:?}");
    for (action, pins) in pins {
        assert_eq!(pins.len(), 1, "{action} has several pins: {pins:?}");
    }
}

#[test]
fn no_expression_stands_in_a_script() {
    for workflow in ours() {
        for (id, job) in workflow.jobs().unwrap() {
            for step in Workflow::steps(job) {
                let script = step.get("run").and_then(Value::as_str).unwrap_or_default();
                assert!(
                    !script.contains("${{"),
                    "{}, {id}: values go through env: {script}",
                    workflow.name
                );
            }
        }
    }
}

#[test]
fn secrets_are_used_only_where_an_environment_guards_them() {
    let mut found = BTreeSet::new();
    for workflow in ours() {
        for (id, job) in workflow.jobs().unwrap() {
            let text = job.to_string();
            for (_, after) in text
                .match_indices("secrets.")
                .map(|(place, sign)| text.split_at(place + sign.len()))
            {
                let name: String = after
                    .chars()
                    .take_while(|sign| sign.is_ascii_uppercase() || *sign == '_')
                    .collect();
                assert!(
                    job.get("environment").is_some(),
                    "{}, {id}: {name}",
                    workflow.name
                );
                found.insert(name);
            }
            assert_ne!(
                job.get("secrets"),
                Some(&json!("inherit")),
                "{}, {id}",
                workflow.name
            );
        }
    }
    let expected = ["DATABASE_URL", "SLIPWAY_RECONCILE_TOKEN"].map(str::to_owned);
    assert_eq!(found, BTreeSet::from(expected));
}

#[test]
fn nothing_that_deploys_is_cut_off() {
    for workflow in ours() {
        let triggers = workflow.document["on"].as_object().unwrap();
        let is_only_called = triggers.len() == 1 && triggers.contains_key("workflow_call");
        let concurrency = &workflow.document["concurrency"];
        let builds = workflow.name.ends_with("/deploy.yml");
        if is_only_called {
            assert!(
                concurrency.is_null(),
                "{}: it would wait for its caller",
                workflow.name
            );
        } else {
            let cancels = &concurrency["cancel-in-progress"];
            assert!(
                builds || *cancels == json!(false),
                "{}: {cancels}",
                workflow.name
            );
        }
    }
}

#[test]
fn a_called_workflow_exists_and_gets_the_inputs_and_the_rights_that_it_wants() {
    let mut calls = 0;
    for workflow in ours() {
        for (id, job) in workflow.jobs().unwrap() {
            let Some(called) = uses(job).strip_prefix("./.github/workflows/") else {
                continue;
            };
            calls += 1;
            let called = Workflow::template(called).unwrap();
            let wanted: BTreeSet<&str> = called
                .jobs()
                .unwrap()
                .values()
                .flat_map(|job| writes(job))
                .collect();
            assert_eq!(
                writes(job),
                wanted,
                "{}, {id}: left given, right wanted",
                workflow.name
            );
            let inputs = called.document["on"]["workflow_call"]["inputs"]
                .as_object()
                .unwrap();
            let given = job["with"].as_object().unwrap();
            for (input, value) in inputs {
                let is_required = value.get("required") == Some(&json!(true));
                assert!(
                    !is_required || given.contains_key(input),
                    "{}, {id}: {input} is missing",
                    workflow.name
                );
            }
        }
    }
    assert!(calls >= 7, "{calls}");
}
