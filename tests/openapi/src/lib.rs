//! The OpenAPI document of the API, made of its operations and the types of its answers, and whether an answer fits it.

mod answers;
mod examples;
#[cfg(test)]
mod tests;

use http_api::model;
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
    problem(&mut schemas);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Slipway",
            "version": "1",
            "description": "What is known of deliveries, previews and repositories, and acting on them. \
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
                }
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
    json!({
        "operationId": operation_id(operation),
        "summary": operation.summary,
        "description": role,
        "parameters": parameters(operation),
        "responses": responses,
    })
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
        ("GET", "repositories") => ("200", schema::<model::RepositoryList>(schemas)),
        ("GET", "repositories/{repository_id}") => ("200", schema::<model::Repository>(schemas)),
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
    if operation.path.contains('{') {
        problems.push(("404", "There is no such thing."));
    }
    if operation.path.ends_with("/{guid}/replay") {
        problems.push(("409", "It is being processed just now."));
    }
    if operation.path.ends_with("/allow-removals") {
        problems.push(("409", "Nothing is held back."));
    }
    if !operation.path.contains("/deliveries") {
        problems.push(("500", "A stored value cannot be read."));
        problems.push((
            "502",
            "A component of Slipway's did not answer as it should.",
        ));
    }
    problems.sort_unstable();
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
    let all = in_path.chain(in_query).map(|(name, place)| {
        let (description, schema) = parameter(name);
        json!({
            "name": name,
            "in": place,
            "required": place == "path",
            "description": description,
            "schema": schema,
        })
    });
    all.collect()
}

fn parameter(name: &str) -> (&'static str, Value) {
    let id = json!({ "type": "integer", "minimum": 0 });
    match name {
        "guid" => (
            "GitHub's id of the delivery.",
            json!({ "type": "string", "pattern": "^[A-Za-z0-9-]{1,64}$" }),
        ),
        "repository_id" => ("GitHub's id of the repository.", id),
        "repository" => ("Only of this repository, by GitHub's id of it.", id),
        "number" => ("The number of the pull request.", id),
        "status" => (
            "Only deliveries of this status.",
            json!({ "enum": ["pending", "done", "dead"] }),
        ),
        "phase" => (
            "Only previews of this phase; a page reads at most 200 previews to find them.",
            json!({ "enum": ["absent", "ready", "waiting", "deploying", "removing", "failed"] }),
        ),
        "limit" => (
            "The most on one page.",
            json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 100 }),
        ),
        _ => (
            "Where to go on: `next` of the page before.",
            json!({ "type": "string" }),
        ),
    }
}
