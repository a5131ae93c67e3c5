//! The JSON Schema of `.github/slipway.yml`, made of the same description of the keys as the reader.
//!
//! Draft 7: what every editor's YAML language server understands.

use domain::configuration::{self, Constraint, Key, Literal, Presence, Record, Shape};
use serde_json::{Map, Value, json};

/// Where the schema is committed, from the workspace's root.
pub const PATH: &str = "docs/schema/slipway.json";

/// The whole schema.
pub fn schema() -> Value {
    let mut schema = of(&configuration::shape());
    schema.insert(
        "$schema".to_owned(),
        json!("http://json-schema.org/draft-07/schema#"),
    );
    schema.insert("title".to_owned(), json!(configuration::PATH));
    Value::Object(schema)
}

/// The schema of one kind of text or other value.
pub fn of(shape: &Shape) -> Map<String, Value> {
    let schema = match shape {
        Shape::Text { pattern, .. } => json!({ "type": "string", "pattern": pattern }),
        Shape::Choice(words) => {
            let meanings: Vec<String> = words
                .iter()
                .map(|word| format!("- `{}`: {}", word.word, sentence(word.description)))
                .collect();
            let words: Vec<&str> = words.iter().map(|word| word.word).collect();
            json!({ "enum": words, "description": meanings.join("\n") })
        }
        Shape::Whole { least, most } => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Shape::Truth => json!({ "type": "boolean" }),
        Shape::OnlyTrue => json!({ "const": true }),
        Shape::List(items) => json!({ "type": "array", "items": of(items) }),
        Shape::Map {
            names,
            values,
            least,
        } => json!({
            "type": "object",
            "propertyNames": of(names),
            "additionalProperties": of(values),
            "minProperties": least,
        }),
        Shape::Record(record) => return of_record(record),
    };
    match schema {
        Value::Object(schema) => schema,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    }
}

fn of_record(record: &Record) -> Map<String, Value> {
    let mut schema = Map::new();
    let mut set = |key: &str, value: Value| schema.insert(key.to_owned(), value);
    set("type", json!("object"));
    set("description", json!(sentence(record.description)));
    set("additionalProperties", json!(false));
    let properties: Map<String, Value> = record
        .keys
        .iter()
        .map(|key| (key.name.to_owned(), Value::Object(of_key(key))))
        .collect();
    set("properties", Value::Object(properties));
    let required: Vec<&str> = record
        .keys
        .iter()
        .filter(|key| matches!(key.presence, Presence::Required))
        .map(|key| key.name)
        .collect();
    if !required.is_empty() {
        set("required", json!(required));
    }
    let each = |keys: &[&str]| {
        let each = keys.iter().map(|key| json!({ "required": [key] }));
        Value::Array(each.collect())
    };
    match record.constraint {
        Constraint::None => {}
        Constraint::AnyOf(keys) => drop(set("anyOf", each(keys))),
        Constraint::OneOf(keys) => drop(set("oneOf", each(keys))),
    }
    schema
}

/// The schema of a key's value, described by the key first and then by what the value is.
pub fn of_key(key: &Key) -> Map<String, Value> {
    let mut schema = of(key.shape);
    let mut description = sentence(key.description);
    if let Some(Value::String(value)) = schema.get("description") {
        description = format!("{description}\n\n{value}");
    }
    schema.insert("description".to_owned(), json!(description));
    if let Presence::Default(default) = key.presence
        && let Some(literal) = default()
    {
        let default = match literal {
            Literal::Text(text) => json!(text),
            Literal::Whole(number) => json!(number),
            Literal::Truth(truth) => json!(truth),
        };
        schema.insert("default".to_owned(), default);
    }
    schema
}

/// The lines of a documentation comment as one.
fn sentence(description: &str) -> String {
    let lines: Vec<&str> = description.lines().map(str::trim).collect();
    lines.join(" ").trim().to_owned()
}

#[cfg(test)]
mod tests;
