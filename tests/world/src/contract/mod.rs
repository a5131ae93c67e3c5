//! The vendors' published OpenAPI documents, and whether a request or an answer fits them.

mod schema;

use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::Vendor;
use crate::message::Request;
use schema::{Unknown, check, resolve};

/// Endpoints that the world has and that the documents kept here do not describe: GitHub's `GET /user` and `GET
/// /users/{username}` (GHDOCS rest/users), `GET /repos/{owner}/{repo}/installation` (GHDOCS rest/apps), the keys of the tokens of
/// Actions, which are on a host of their own, what people who sign in ask (GHDOCS rest/apps/installations, rest/apps/oauth-applications),
/// and Coolify's health check outside `/api/v1`.
fn is_beside_the_document(request: &Request) -> bool {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    match request.vendor {
        Vendor::GitHub if request.path.ends_with("/settings/apps/new") => true,
        Vendor::GitHub if request.path.starts_with("/login/oauth/") => true,
        Vendor::GitHub if matches!(segments.as_slice(), ["applications", _, "token"]) => {
            request.method == "DELETE"
        }
        Vendor::GitHub => {
            request.method == "GET"
                && matches!(
                    segments.as_slice(),
                    ["user"]
                        | ["user", "installations"]
                        | ["user", "installations", _, "repositories"]
                        | [".well-known", "jwks"]
                        | ["users", _]
                        | ["repos", _, _, "installation"]
                        | ["repositories", _, "installation"]
                )
        }
        Vendor::Coolify => request.path == "/api/health",
        Vendor::Previews
        | Vendor::ArgoCd
        | Vendor::Backstage
        | Vendor::Slack
        | Vendor::Receiver
        | Vendor::Harbor
        | Vendor::Platform
        | Vendor::Kubernetes => false,
    }
}

static GITHUB: LazyLock<Contract> =
    LazyLock::new(|| Contract::read(include_str!("../../vendor/github/openapi.json"), ""));
static COOLIFY: LazyLock<Contract> =
    LazyLock::new(|| Contract::read(include_str!("../../vendor/coolify/openapi.json"), "/api/v1"));

static ARGOCD: LazyLock<Contract> =
    LazyLock::new(|| Contract::read(include_str!("../../vendor/argocd/openapi.json"), ""));

static BACKSTAGE: LazyLock<Contract> = LazyLock::new(|| {
    Contract::read(
        include_str!("../../vendor/backstage/openapi.json"),
        "/api/catalog",
    )
});

/// One vendor's document.
#[derive(Debug)]
pub(crate) struct Contract {
    document: Value,
    base: &'static str,
}

/// In what a request breaks its vendor's document; empty when it fits, and for servers that have no document.
pub(crate) fn violations(request: &Request) -> Vec<String> {
    if is_beside_the_document(request) {
        return Vec::new();
    }
    match request.vendor {
        Vendor::GitHub => GITHUB.check_request(request),
        Vendor::Coolify => COOLIFY.check_request(request),
        Vendor::ArgoCd => ARGOCD.check_request(request),
        Vendor::Backstage => BACKSTAGE.check_request(request),
        Vendor::Previews
        | Vendor::Slack
        | Vendor::Receiver
        | Vendor::Harbor
        | Vendor::Platform
        | Vendor::Kubernetes => Vec::new(),
    }
}

/// In what an answer of the world differs from the vendor's document; for the world's own tests.
#[must_use]
pub fn answer_differences(
    vendor: Vendor,
    method: &str,
    path: &str,
    status: u16,
    body: &Value,
) -> Vec<String> {
    match vendor {
        Vendor::GitHub => GITHUB.check_answer(method, path, status, body),
        Vendor::Coolify => COOLIFY.check_answer(method, path, status, body),
        Vendor::ArgoCd => ARGOCD.check_answer(method, path, status, body),
        Vendor::Backstage => BACKSTAGE.check_answer(method, path, status, body),
        Vendor::Previews
        | Vendor::Slack
        | Vendor::Receiver
        | Vendor::Harbor
        | Vendor::Platform
        | Vendor::Kubernetes => Vec::new(),
    }
}

/// In what a webhook payload differs from GitHub's published schema; `definition` is like `pull_request$opened`.
#[must_use]
pub fn payload_differences(definition: &str, payload: &Value) -> Vec<String> {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../../vendor/github/webhooks.schema.json"))
            .unwrap_or_default()
    });
    match SCHEMA
        .get("definitions")
        .and_then(|definitions| definitions.get(definition))
    {
        Some(schema) => check(&SCHEMA, schema, payload, Unknown::AsTheSchemaSays),
        None => vec![format!("GitHub's schema has no `{definition}`")],
    }
}

impl Contract {
    fn read(text: &str, base: &'static str) -> Self {
        Self {
            document: serde_json::from_str(text).unwrap_or_default(),
            base,
        }
    }

    fn check_request(&self, request: &Request) -> Vec<String> {
        let path = by_name(&request.path);
        let Some((template, item)) = self.path(&path) else {
            return vec![format!(
                "{} is no path of the vendor's document",
                request.path
            )];
        };
        let Some(operation) = item.get(request.method.to_ascii_lowercase()) else {
            return vec![format!("{} is no method of {template}", request.method)];
        };
        let mut found = self.check_query(operation, &request.query);
        found.extend(self.check_body(operation, request));
        found
    }

    fn check_query(&self, operation: &Value, query: &[(String, String)]) -> Vec<String> {
        let mut found = Vec::new();
        let parameters = self.query_parameters(operation);
        for (name, value) in query {
            match parameters.get(name) {
                None => found.push(format!("query parameter `{name}` is unknown")),
                Some(parameter) => {
                    let typed = typed(parameter.get("schema").unwrap_or(&Value::Null), value);
                    let schema = parameter.get("schema").unwrap_or(&Value::Null);
                    let wrong = check(&self.document, schema, &typed, Unknown::Refused);
                    found.extend(
                        wrong
                            .into_iter()
                            .map(|wrong| format!("query parameter `{name}` {wrong}")),
                    );
                }
            }
        }
        for (name, parameter) in &parameters {
            if parameter.get("required").and_then(Value::as_bool) == Some(true)
                && !query.iter().any(|(key, _)| key == name)
            {
                found.push(format!("query parameter `{name}` is missing"));
            }
        }
        found
    }

    /// Coolify's deploy endpoint takes its query parameters in a JSON body as well (its description says so): a body
    /// where the document has none is checked as parameters.
    fn check_body(&self, operation: &Value, request: &Request) -> Vec<String> {
        let body_schema = operation.pointer("/requestBody/content/application~1json/schema");
        if request.body.is_empty() {
            let required = operation
                .pointer("/requestBody/required")
                .and_then(Value::as_bool)
                == Some(true);
            return if required {
                vec!["the body is missing".to_owned()]
            } else {
                Vec::new()
            };
        }
        if !request
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/json"))
        {
            return vec!["the body's content type is not application/json".to_owned()];
        }
        let Some(body) = request.json() else {
            return vec!["the body is not JSON".to_owned()];
        };
        if let Some(schema) = body_schema {
            let wrong = check(&self.document, schema, &body, Unknown::Refused);
            return wrong
                .into_iter()
                .map(|wrong| format!("body {wrong}"))
                .collect();
        }
        let parameters = self.query_parameters(operation);
        let Some(fields) = body.as_object().filter(|_| !parameters.is_empty()) else {
            return vec!["there must be no body".to_owned()];
        };
        let mut found = Vec::new();
        for (name, value) in fields {
            match parameters
                .get(name)
                .and_then(|parameter| parameter.get("schema"))
            {
                None => found.push(format!("body field `{name}` is unknown")),
                Some(schema) => found.extend(
                    check(&self.document, schema, value, Unknown::Refused)
                        .into_iter()
                        .map(|wrong| format!("body field `{name}` {wrong}")),
                ),
            }
        }
        found
    }

    fn check_answer(&self, method: &str, path: &str, status: u16, body: &Value) -> Vec<String> {
        let Some((template, item)) = self.path(path) else {
            return vec![format!("{path} is not in the document")];
        };
        let Some(operation) = item.get(method.to_ascii_lowercase()) else {
            return vec![format!("{method} {template} is not in the document")];
        };
        let exactly = operation.pointer(&format!("/responses/{status}"));
        let otherwise = || operation.pointer("/responses/default");
        let Some(response) = exactly.or_else(otherwise) else {
            return vec![format!(
                "{method} {template} does not answer {status} in the document"
            )];
        };
        let response = resolve(&self.document, response);
        let Some(schema) = response.pointer("/content/application~1json/schema") else {
            return Vec::new();
        };
        check(&self.document, schema, body, Unknown::AsTheSchemaSays)
    }

    fn query_parameters(&self, operation: &Value) -> Map<String, Value> {
        let listed = operation
            .get("parameters")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        listed
            .map(|parameter| resolve(&self.document, parameter))
            .filter(|parameter| parameter.get("in").and_then(Value::as_str) == Some("query"))
            .filter_map(|parameter| {
                Some((
                    parameter.get("name")?.as_str()?.to_owned(),
                    parameter.clone(),
                ))
            })
            .collect()
    }

    /// The template that a path fits, the most literal one first.
    fn path(&self, path: &str) -> Option<(&String, &Value)> {
        let inside = path.strip_prefix(self.base)?;
        let given: Vec<&str> = inside.split('/').filter(|part| !part.is_empty()).collect();
        let paths = self.document.get("paths")?.as_object()?;
        paths
            .iter()
            .filter(|(template, _)| fits(template, &given))
            .min_by_key(|(template, _)| template.matches('{').count())
    }
}

/// GitHub's redirects lead to `/repositories/{id}/…`, which its document does not describe: the same as `/repos/…/…`.
fn by_name(path: &str) -> String {
    let Some(rest) = path.strip_prefix("/repositories/") else {
        return path.to_owned();
    };
    let inside = rest
        .split_once('/')
        .map(|(_, inside)| format!("/{inside}"))
        .unwrap_or_default();
    format!("/repos/owner/name{inside}")
}

/// Whether a path template fits; a last `{path}` takes all the rest, as in GitHub's contents API.
fn fits(template: &str, given: &[&str]) -> bool {
    let parts: Vec<&str> = template
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    let whole_rest = parts.last() == Some(&"{path}");
    let long_enough = if whole_rest {
        given.len() >= parts.len()
    } else {
        given.len() == parts.len()
    };
    long_enough
        && parts.iter().zip(given).all(|(part, given)| {
            part.starts_with('{') || percent_decode_str(given).decode_utf8_lossy() == *part
        })
}

/// A query value as the JSON that its schema expects; left a string where it cannot be that.
fn typed(schema: &Value, value: &str) -> Value {
    // GitHub's dates of runs take its search syntax, which its document does not say (GHDOCS rest/actions/workflow-runs).
    let value = match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => value.trim_start_matches(['>', '<', '=']),
        _ => value,
    };
    let as_text = || Value::String(value.to_owned());
    match schema.get("type").and_then(Value::as_str) {
        Some("integer") => value.parse::<i64>().map_or_else(|_| as_text(), Value::from),
        Some("boolean") => value
            .parse::<bool>()
            .map_or_else(|_| as_text(), Value::from),
        // Separated by commas, or one of several.
        Some("array") => value.split(',').map(Value::from).collect(),
        _ => as_text(),
    }
}
