//! The OpenAPI document of the API, made of its operations and the types of its answers, and whether an answer fits it.

mod answers;
mod cursor;
mod examples;
#[cfg(test)]
mod tests;

use http_api::{entities, model, report};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

pub use answers::differences;
pub use http_api::{OPERATIONS, Operation};

/// Where the document is committed, from the workspace's root.
pub const PATH: &str = "docs/openapi.json";

/// The whole document.
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .for_serialize();
    let mut schemas = settings.into_generator();
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let described = describe(&mut schemas, &operation);
        let item = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Value::Object(item) = item {
            item.insert(operation.method.to_ascii_lowercase(), described);
        }
    }
    let mut reported = describe(&mut schemas, &report::OPERATION);
    if let Value::Object(reported) = &mut reported {
        let needs = "Needs the token of a job of GitHub Actions, made for the variable public_url.";
        reported.insert("security".to_owned(), json!([{ "job": [] }]));
        reported.insert("description".to_owned(), needs.into());
    }
    paths.insert(
        report::OPERATION.path.to_owned(),
        json!({ "post": reported }),
    );
    problem(&mut schemas);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Slipway",
            "version": "1",
            "description": "What is known of deliveries, previews, environments with their releases, operations, repositories and \
                installations, and acting on them. \
                Times are RFC 3339 in UTC; ids are GitHub's.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of the variable api_tokens, with the role viewer, worker, deployer or admin.",
                },
                "job": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The OpenID Connect token of a job of GitHub Actions: of the repository, run and commit that it names.",
                },
            },
            "schemas": schemas.take_definitions(true),
        },
    })
}

fn describe(schemas: &mut SchemaGenerator, operation: &Operation) -> Value {
    let (status, schema) = success(schemas, operation);
    let example = examples::of(operation.method, operation.path);
    let role = match operation.role {
        Some(role) => format!("Needs the role {}.", role.name()),
        None => "Any token may ask.".to_owned(),
    };
    let mut responses = Map::new();
    responses.insert(
        status.to_owned(),
        json!({
            "description": operation.summary,
            "content": { "application/json": { "schema": schema, "example": example } },
        }),
    );
    for (status, when) in problems(operation) {
        responses.insert(
            status.to_owned(),
            json!({
                "description": when,
                "content": { "application/problem+json": { "schema": problem(schemas) } },
            }),
        );
    }
    if has_tag(operation) && operation.method == "GET" {
        let same = json!({ "description": "It is still as If-None-Match says; there is no body." });
        responses.insert("304".to_owned(), same);
    }
    let mut described = json!({
        "operationId": operation_id(operation),
        "summary": operation.summary,
        "description": role,
        "parameters": parameters(operation),
        "responses": responses,
    });
    if let (Value::Object(described), Some(body)) = (&mut described, body(operation)) {
        described.insert("requestBody".to_owned(), body);
    }
    described
}

/// Whether the operation is about one thing that bears an entity tag.
fn has_tag(operation: &Operation) -> bool {
    operation.path.contains('{')
        && !operation.path.contains("/deliveries")
        && *operation != report::OPERATION
}

/// Whether the operation may bear a key by which it is done once.
fn has_key(operation: &Operation) -> bool {
    operation.method == "POST" && *operation != report::OPERATION
}

/// The body that an operation takes; none if it takes none.
fn body(operation: &Operation) -> Option<Value> {
    if operation.body.is_empty() {
        return None;
    }
    let fields = operation.body.iter().map(|field| {
        let name = field.trim_end_matches('?');
        let (description, mut schema) = match name {
            "release" | "image" if operation.path.ends_with("/approve") => shown(name),
            "commit" if operation.path.contains("/previews/") => (
                "The head commit, as it was shown: if another one is by now, nothing is deployed.",
                parameter(name).1,
            ),
            _ => parameter(name),
        };
        if let Value::Object(schema) = &mut schema {
            schema.insert("description".to_owned(), description.into());
        }
        (name.to_owned(), schema)
    });
    let required = operation.body.iter().filter(|field| !field.ends_with('?'));
    let schema = json!({
        "type": "object",
        "properties": fields.collect::<Map<_, _>>(),
        "required": required.collect::<Vec<_>>(),
        "additionalProperties": false,
    });
    let example = examples::body(operation.body);
    let is_required = operation.body.iter().any(|field| !field.ends_with('?'));
    Some(json!({
        "required": is_required,
        "content": { "application/json": { "schema": schema, "example": example } },
    }))
}

/// What says which release is approved.
fn shown(name: &str) -> (&'static str, Value) {
    if name == "release" {
        (
            "The id of the release as it was shown: if the one that waits is another by now, nothing is approved. Without it the commit is approved as it would be released now.",
            json!({ "type": "string", "pattern": "^[a-z0-9-]{1,100}$" }),
        )
    } else {
        (
            "Its image as it was shown, empty if none was: if it is another one by now, nothing is approved.",
            json!({ "type": "string" }),
        )
    }
}

/// `get_previews_repository_id_number`: unique, and safe as a name in any language.
fn operation_id(operation: &Operation) -> String {
    let path = operation.path.trim_start_matches("/api/v1/");
    let words = path.replace(['{', '}'], "").replace(['/', '-'], "_");
    format!("{}_{words}", operation.method.to_ascii_lowercase())
}

fn problem(schemas: &mut SchemaGenerator) -> Value {
    schema::<model::ProblemDetails>(schemas)
}

fn schema<T: JsonSchema>(schemas: &mut SchemaGenerator) -> Value {
    schemas.subschema_for::<T>().to_value()
}

/// The status of an operation that works, and what is answered then.
fn success(schemas: &mut SchemaGenerator, operation: &Operation) -> (&'static str, Value) {
    let below = operation.path.trim_start_matches("/api/v1/");
    match (operation.method, below) {
        ("GET", "me") => ("200", schema::<model::Me>(schemas)),
        ("GET", "overview") => ("200", schema::<model::Overview>(schemas)),
        ("GET", "deliveries") => ("200", schema::<model::DeliveryList>(schemas)),
        ("GET", "deliveries/{guid}") => ("200", schema::<model::Delivery>(schemas)),
        ("POST", "deliveries/{guid}/replay") => ("202", schema::<model::Replayed>(schemas)),
        ("POST", "deliveries/replay") => ("202", schema::<model::ReplayedMany>(schemas)),
        ("GET", "previews") => ("200", schema::<model::PreviewList>(schemas)),
        ("GET", "previews/{repository_id}/{number}") => ("200", schema::<model::Preview>(schemas)),
        ("GET", "decisions") => ("200", schema::<model::DecisionList>(schemas)),
        ("GET", "audit") => ("200", schema::<model::AuditList>(schemas)),
        ("GET", "builds") => ("200", schema::<model::BuildList>(schemas)),
        ("GET", "vendors") => ("200", schema::<model::VendorList>(schemas)),
        ("GET", "repositories") => ("200", schema::<model::RepositoryList>(schemas)),
        ("GET", "repositories/{repository_id}") => ("200", schema::<model::Repository>(schemas)),
        ("GET", "environments") => ("200", schema::<model::EnvironmentList>(schemas)),
        ("GET", "environments/{repository_id}/{service}/{environment}") => {
            ("200", schema::<model::Environment>(schemas))
        }
        ("GET", "releases") => ("200", schema::<model::ReleaseList>(schemas)),
        ("GET", "releases/{repository_id}/{service}/{environment}/{release}") => {
            ("200", schema::<model::Release>(schemas))
        }
        ("GET", "repositories/{repository_id}/operations") => {
            ("200", schema::<model::KnownOperations>(schemas))
        }
        ("POST", "repositories/{repository_id}/operations/{operation}") => {
            ("202", schema::<model::OperationRun>(schemas))
        }
        ("GET", "operations") => ("200", schema::<model::OperationRunList>(schemas)),
        ("GET", "operations/{repository_id}/{operation_run}") => {
            ("200", schema::<model::OperationRun>(schemas))
        }
        ("GET", "installations") => ("200", schema::<model::InstallationList>(schemas)),
        ("GET", "installations/{installation_id}") => {
            ("200", schema::<model::Installation>(schemas))
        }
        // The wishes. An operation that is new here and no wish does not fit its answers, which the stories find.
        (_, _) => ("202", schema::<model::Noted>(schemas)),
    }
}

/// The problems that an operation may end with.
fn problems(operation: &Operation) -> Vec<(&'static str, &'static str)> {
    let mut problems = vec![
        (
            "400",
            "A parameter is not one of the operation's, or cannot be right.",
        ),
        ("401", "The request bears no valid token."),
        ("403", "The token's role may not ask this."),
        (
            "503",
            "The store is not available; ask again after a while.",
        ),
    ];
    if has_key(operation) {
        problems.push((
            "409",
            "A request with this Idempotency-Key is being answered just now, or was cut off.",
        ));
        let unprocessable = if operation.path.ends_with("/keep") {
            "Another request had this Idempotency-Key, or the duration is longer than a year."
        } else {
            "Another request had this Idempotency-Key."
        };
        problems.push(("422", unprocessable));
    }
    if *operation != report::OPERATION {
        problems.push((
            "429",
            "The token made too many requests in this minute; ask again after Retry-After.",
        ));
    }
    if operation.path.contains('{') {
        problems.push(("404", "There is no such thing."));
    }
    if operation.path.ends_with("/{guid}/replay") {
        problems.push((
            "409",
            "It is being processed just now, or a request with this Idempotency-Key is.",
        ));
    }
    if operation.path.ends_with("/allow-removals") || operation.path.ends_with("/allow-losses") {
        problems.push((
            "409",
            "Nothing is held back, or a request with this Idempotency-Key is being answered just now.",
        ));
    }
    if operation.method == "POST" && operation.path.contains("/environments/") {
        problems.push((
            "409",
            "Nothing would come of it as things are, or a request with this Idempotency-Key is being answered just now.",
        ));
    }
    if operation.method == "POST" {
        problems.push(("413", "The body is too long."));
        problems.push(("415", "There is a body, and it is not application/json."));
    }
    if has_tag(operation) && operation.method == "POST" {
        problems.push(("412", "It is not any more as If-Match says."));
    }
    if !operation.path.contains("/deliveries") {
        problems.push(("500", "A stored value cannot be read."));
        problems.push((
            "502",
            "A component of Slipway's did not answer as it should.",
        ));
    }
    // The last one of a status says most.
    problems.sort_by_key(|(status, _)| *status);
    problems
}

fn parameters(operation: &Operation) -> Value {
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
            (_, name) => parameter(name),
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

fn parameter(name: &str) -> (&'static str, Value) {
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
            "Only previews of this phase; a page reads at most 200 previews to find them.",
            json!({ "enum": ["absent", "ready", "waiting", "deploying", "removing", "failed"] }),
        ),
        "limit" => page_limit(100),
        // A parameter that is new here is any text until it is described.
        _ => ("", json!({ "type": "string" })),
    }
}
