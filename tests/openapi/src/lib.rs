//! The OpenAPI document of the API, made of its operations and the types of its answers, and whether an answer fits it.

mod answers;
mod cursor;
mod examples;
mod parameters;
#[cfg(test)]
mod tests;

use http_api::{model, report};
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
        "parameters": parameters::of(operation),
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
                parameters::one(name).1,
            ),
            _ => parameters::one(name),
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
