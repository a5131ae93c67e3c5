//! What operations are asked with: the parameters of paths and queries, and the fields of bodies, by their names.

use http_api::entities;
use serde_json::{Value, json};

use crate::{Operation, cursor, has_key, has_tag};

/// The parameters of an operation.
pub(super) fn of(operation: &Operation) -> Value {
    let in_path = operation
        .path
        .split(['{', '}'])
        .skip(1)
        .step_by(2)
        .map(|name| (name, "path"));
    let in_query = operation.query.iter().map(|name| (*name, "query"));
    let condition = match operation.method {
        "GET" => "If-None-Match",
        _ => "If-Match",
    };
    let in_header = has_tag(operation).then_some((condition, "header"));
    let key = has_key(operation).then_some(("Idempotency-Key", "header"));
    let all = in_path.chain(in_query).chain(in_header).chain(key);
    let all = all.map(|(name, place)| {
        let (description, schema) = match (*operation, name) {
            (
                Operation {
                    path: "/api/v1/releases",
                    ..
                },
                "phase",
            ) => release_phase(),
            (
                Operation {
                    path: "/api/v1/builds",
                    ..
                },
                "status",
            ) => build_status(),
            (
                Operation {
                    path: "/api/v1/decisions",
                    ..
                },
                "limit",
            ) => page_limit(entities::decisions::PAGE_MAX),
            (
                Operation {
                    path: "/api/v1/builds",
                    ..
                },
                "limit",
            ) => page_limit(entities::builds::PAGE_MAX),
            (Operation { method: "POST", .. }, "status") => (
                "Which are run again; only what is dead is, in numbers.",
                json!({ "const": "dead" }),
            ),
            (Operation { path, .. }, "cursor") => (
                "Where to go on: `next` of the page before.",
                json!({ "type": "string", "pattern": cursor::pattern(path) }),
            ),
            (_, name) => one(name),
        };
        json!({
            "name": name,
            "in": place,
            "required": place == "path" || operation.method == "POST" && name == "status",
            "description": description,
            "schema": schema,
        })
    });
    all.collect()
}

fn build_status() -> (&'static str, Value) {
    let known = domain::build::BuildStatus::ALL.map(domain::build::BuildStatus::name);
    (
        "Only builds of this status; a page reads at most 200 environments and previews to find them.",
        json!({ "enum": known }),
    )
}

fn configured_name() -> Value {
    json!({ "type": "string", "pattern": "^[a-z0-9-]{1,40}$" })
}

fn release_phase() -> (&'static str, Value) {
    let phases = domain::release::Phase::ALL.map(|phase| phase.to_string());
    (
        "Only releases of this phase; a page reads at most 200 environments to find them.",
        json!({ "enum": phases }),
    )
}

fn page_limit(most: usize) -> (&'static str, Value) {
    (
        "The most on one page.",
        json!({ "type": "integer", "minimum": 1, "maximum": most, "default": most }),
    )
}

/// What a parameter or a field of a body is, and its schema.
pub(super) fn one(name: &str) -> (&'static str, Value) {
    let id = json!({ "type": "integer", "minimum": 0, "maximum": u64::MAX });
    match name {
        "guid" => (
            "GitHub's id of the delivery.",
            json!({ "type": "string", "pattern": "^[A-Za-z0-9-]{1,64}$" }),
        ),
        "image" => (
            "The image without tag and digest, as the configuration names it.",
            json!({ "type": "string", "maxLength": 255 }),
        ),
        "digest" => (
            "Its digest.",
            json!({ "type": "string", "pattern": "^sha256:[0-9a-f]{64}$" }),
        ),
        "tag" => (
            "A tag of it, for environments that take no digest.",
            json!({ "type": "string", "pattern": "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$" }),
        ),
        "by" => (
            "Only what this one did: the name of a token, or a login of GitHub's.",
            json!({ "type": "string" }),
        ),
        "act" => (
            "Only acts of this name; a page reads at most 200 acts to find them.",
            json!({ "type": "string", "examples": ["rollback", "approve", "replay"] }),
        ),
        "outcome" => (
            "Only acts that ended like this.",
            json!({ "enum": ["allowed", "refused", "failed"] }),
        ),
        "repository_id" => ("GitHub's id of the repository.", id),
        "repository" => ("Only of this repository, by GitHub's id of it.", id),
        "number" => ("The number of the pull request.", id),
        "If-None-Match" => (
            "The ETag of the answer that is known: if it is the same still, the answer has no body.",
            json!({ "type": "string" }),
        ),
        "If-Match" => (
            "The ETag of the thing as it was looked at: if it is another one by now, nothing is done.",
            json!({ "type": "string" }),
        ),
        "Idempotency-Key" => (
            "A text that no other request of the token bears: sent again with it, the request is answered the same, and done once.",
            json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" }),
        ),
        "operation" => (
            "The operation, by its name in the configuration.",
            configured_name(),
        ),
        "operation_run" => (
            "What the started operation is known by.",
            json!({ "type": "string", "pattern": "^[0-9]{14}-[0-9a-f]{16}$" }),
        ),
        "state" => (
            "Only those that stand like this; a page reads at most 200 to find them.",
            json!({ "enum": domain::operation::Standing::ALL.map(domain::operation::Standing::name) }),
        ),
        "inputs" => (
            "The inputs by name: those that the configuration names, with values that it allows. One with listed values must be there.",
            json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        ),
        "installation_id" => ("GitHub's id of the installation.", id),
        "service" => (
            "The service, by its name in the configuration.",
            configured_name(),
        ),
        "environment" => (
            "The environment, by its name in the configuration.",
            configured_name(),
        ),
        "release" => (
            "The release's id, or its commit.",
            json!({ "type": "string", "pattern": "^[a-z0-9-]{1,100}$" }),
        ),
        "reason" => (
            "Why, for people: 200 characters of it are kept.",
            json!({ "type": "string", "minLength": 1, "pattern": "\\S" }),
        ),
        "back" => (
            "How many releases that were found healthy to go back.",
            json!({ "type": "integer", "minimum": 1, "maximum": 10 }),
        ),
        "for" => (
            "For how long, from now on: at most a year.",
            json!({ "type": "string", "pattern": "^[0-9]{1,10}[smhd]$" }),
        ),
        "idle_days" => (
            "Only what is there and to which nothing happened for so many days; a page reads at most 200 previews to find them.",
            json!({ "type": "integer", "minimum": 1, "maximum": 366 }),
        ),
        "pull_request" => (
            "Only on the preview of this pull request, by its number.",
            id,
        ),
        "commit" => (
            "The commit that may go on, or that the way back is expected to lead to.",
            json!({ "type": "string", "pattern": "^([0-9a-f]{40}|[0-9a-f]{64})$" }),
        ),
        "status" => (
            "Only deliveries of this status.",
            json!({ "enum": ["pending", "done", "dead"] }),
        ),
        "phase" => (
            "Only previews of this phase. Those that wait, are in hand or failed are found by an index; of the others a page reads at most 200.",
            json!({ "enum": ["absent", "ready", "waiting", "deploying", "removing", "failed"] }),
        ),
        "attention" => (
            "Only those that ask for so much attention: that stay as they are until a person acts, or may come to that by themselves \
             (`needed`), that go on or wait for something (`in-hand`), or are as they are to be (`quiet`). Found by an index; of what \
             changed in the last minutes, and of the quiet ones, a page reads at most 200.",
            json!({ "enum": ["quiet", "in-hand", "needed"] }),
        ),
        "limit" => page_limit(100),
        // A parameter that is new here is any text until it is described.
        _ => ("", json!({ "type": "string" })),
    }
}
