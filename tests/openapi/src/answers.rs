//! Whether an answer is as the document says: status, type of content, and every field.

use std::sync::LazyLock;

use boon::{Compiler, Draft, SchemaIndex, Schemas};
use serde_json::Value;

use crate::document;

static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

/// In what an answer to `method path` differs from the document; empty if it fits. A field that the document does not know is a
/// difference.
pub fn differences(
    method: &str,
    path: &str,
    status: u16,
    content_type: &str,
    body: &Value,
) -> Vec<String> {
    let path = path.split('?').next().unwrap_or_default();
    let Some((template, item)) = found(path) else {
        return unknown_path(path, status);
    };
    let Some(operation) = item.get(method.to_ascii_lowercase()) else {
        return unknown_path(path, status);
    };
    let Some(response) = operation.pointer(&format!("/responses/{status}")) else {
        return vec![format!("{method} {template} has no answer {status}")];
    };
    let Some(schema) = response.pointer(&format!(
        "/content/{}/schema/$ref",
        content_type.replace('/', "~1")
    )) else {
        return vec![format!(
            "{method} {template}: {status} has no {content_type}"
        )];
    };
    check(schema.as_str().unwrap_or_default(), body)
}

/// What there is not must be said to be so.
fn unknown_path(path: &str, status: u16) -> Vec<String> {
    if matches!(status, 401 | 404 | 405) {
        return Vec::new();
    }
    vec![format!(
        "{path} is not in the document and was answered {status}"
    )]
}

/// The template that fits a path; one without variable parts comes first, as in the application.
fn found(path: &str) -> Option<(&str, &Value)> {
    let fits = |template: &str| {
        let (asked, known) = (path.split('/'), template.split('/'));
        asked.clone().count() == known.clone().count()
            && asked
                .zip(known)
                .all(|(asked, known)| asked == known || known.starts_with('{'))
    };
    let paths = DOCUMENT.get("paths").and_then(Value::as_object)?;
    let mut fitting: Vec<_> = paths
        .iter()
        .filter(|(template, _)| fits(template))
        .collect();
    fitting.sort_by_key(|(template, _)| template.contains('{'));
    let (template, item) = fitting.first()?;
    Some((template.as_str(), item))
}

/// In what `value` differs from the schema at `reference`, like `#/components/schemas/Preview`.
pub(crate) fn check(reference: &str, value: &Value) -> Vec<String> {
    let compiled = compile(reference);
    let (schemas, index) = match &compiled {
        Ok((schemas, index)) => (schemas, *index),
        Err(error) => return vec![format!("{reference}: {error}")],
    };
    match schemas.validate(value, index) {
        Ok(()) => Vec::new(),
        Err(error) => vec![format!("{error:#}")],
    }
}

fn compile(reference: &str) -> Result<(Schemas, SchemaIndex), String> {
    const ADDRESS: &str = "http://document.invalid/openapi.json";
    let mut compiler = Compiler::new();
    compiler.set_default_draft(Draft::V2020_12);
    compiler
        .add_resource(ADDRESS, strict())
        .map_err(|error| error.to_string())?;
    let mut schemas = Schemas::new();
    let index = compiler
        .compile(&format!("{ADDRESS}{reference}"), &mut schemas)
        .map_err(|error| error.to_string())?;
    Ok((schemas, index))
}

/// In what `value` differs from a schema that refers to no other.
#[cfg(test)]
pub(crate) fn fits(schema: &Value, value: &Value) -> Vec<String> {
    const ADDRESS: &str = "http://document.invalid/schema.json";
    let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
    if let Err(error) = compiler.add_resource(ADDRESS, schema.clone()) {
        return vec![error.to_string()];
    }
    match compiler.compile(ADDRESS, &mut schemas) {
        Ok(index) => match schemas.validate(value, index) {
            Ok(()) => Vec::new(),
            Err(error) => vec![format!("{error:#}")],
        },
        Err(error) => vec![error.to_string()],
    }
}

/// The document with objects that have no other fields than it says.
fn strict() -> Value {
    let mut document = DOCUMENT.clone();
    let schemas = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut);
    for schema in schemas.into_iter().flat_map(|schemas| schemas.values_mut()) {
        if let Value::Object(schema) = schema {
            schema.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
    }
    document
}
