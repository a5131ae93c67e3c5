//! Checks a JSON value against the part of JSON Schema that the vendors' documents use.

use serde_json::{Map, Value};

/// What to think of properties that a schema does not name and does not forbid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// A mistake: for what we send, where such a property is a misspelt one.
    Refused,
    /// As the schema says: for what vendors send.
    AsTheSchemaSays,
}

/// Resolves references in `document` and collects what is wrong.
pub(crate) struct Checker<'a> {
    document: &'a Value,
    unknown: Unknown,
    found: Vec<String>,
}

/// Everything in which `value` differs from `schema`, each with its place; empty when it fits.
pub(crate) fn check(
    document: &Value,
    schema: &Value,
    value: &Value,
    unknown: Unknown,
) -> Vec<String> {
    let mut checker = Checker {
        document,
        unknown,
        found: Vec::new(),
    };
    checker.value(schema, value, "$");
    checker.found
}

/// The target of a `$ref` inside the same document, or the schema itself.
pub(crate) fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let mut current = schema;
    while let Some(reference) = current.get("$ref").and_then(Value::as_str) {
        let Some(target) = document.pointer(reference.trim_start_matches('#')) else {
            break;
        };
        current = target;
    }
    current
}

impl Checker<'_> {
    fn wrong(&mut self, place: &str, what: impl std::fmt::Display) {
        self.found.push(format!("{place}: {what}"));
    }

    fn fits(&self, schema: &Value, value: &Value, place: &str) -> Vec<String> {
        let mut inner = Checker {
            document: self.document,
            unknown: self.unknown,
            found: Vec::new(),
        };
        inner.value(schema, value, place);
        inner.found
    }

    fn value(&mut self, schema: &Value, value: &Value, place: &str) {
        let schema = resolve(self.document, schema);
        if value.is_null() && schema.get("nullable").and_then(Value::as_bool) == Some(true) {
            return;
        }
        self.alternatives(schema, value, place);
        if let Some(expected) = schema.get("const")
            && expected != value
        {
            self.wrong(place, format_args!("is {value}, must be {expected}"));
        }
        if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
            && !allowed.contains(value)
        {
            self.wrong(
                place,
                format_args!(
                    "is {value}, must be one of {}",
                    Value::Array(allowed.clone())
                ),
            );
        }
        if !self.of_type(schema, value, place) {
            return;
        }
        match value {
            Value::Object(object) => self.object(schema, object, place),
            Value::Array(items) => self.array(schema, items, place),
            Value::Number(number) => {
                self.number(schema, number.as_f64().unwrap_or_default(), place)
            }
            Value::String(text) => self.text(schema, text, place),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn alternatives(&mut self, schema: &Value, value: &Value, place: &str) {
        for part in schema
            .get("allOf")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            self.value(part, value, place);
        }
        for (word, at_most) in [("oneOf", 1), ("anyOf", usize::MAX)] {
            let Some(options) = schema.get(word).and_then(Value::as_array) else {
                continue;
            };
            let tried: Vec<Vec<String>> = options
                .iter()
                .map(|option| self.fits(option, value, place))
                .collect();
            let fitting = tried.iter().filter(|found| found.is_empty()).count();
            if fitting == 0 {
                let nearest = tried.into_iter().min_by_key(Vec::len).unwrap_or_default();
                self.wrong(
                    place,
                    format_args!("fits none of its {word}; nearest: {}", nearest.join("; ")),
                );
            } else if fitting > at_most && self.unknown == Unknown::Refused {
                self.wrong(place, format_args!("fits {fitting} of its {word}"));
            }
        }
    }

    fn of_type(&mut self, schema: &Value, value: &Value, place: &str) -> bool {
        let types: Vec<&str> = match schema.get("type") {
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => return true,
        };
        let fits = types.iter().any(|name| match *name {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "null" => value.is_null(),
            _ => true,
        });
        if !fits {
            self.wrong(
                place,
                format_args!("is {}, must be {}", kind(value), types.join(" or ")),
            );
        }
        fits
    }

    fn object(&mut self, schema: &Value, object: &Map<String, Value>, place: &str) {
        for name in schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            if !object.contains_key(name) {
                self.wrong(place, format_args!("lacks `{name}`"));
            }
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        let additional = schema.get("additionalProperties");
        for (name, item) in object {
            let inner = format!("{place}.{name}");
            if let Some(property) = properties.and_then(|known| known.get(name)) {
                self.value(property, item, &inner);
                continue;
            }
            match additional {
                Some(Value::Bool(false)) => self.wrong(&inner, "is not allowed"),
                Some(other @ Value::Object(_)) => self.value(other, item, &inner),
                None if self.unknown == Unknown::Refused && properties.is_some() => {
                    self.wrong(&inner, "is unknown")
                }
                _ => {}
            }
        }
    }

    fn array(&mut self, schema: &Value, items: &[Value], place: &str) {
        let bound = |name: &str| {
            schema
                .get(name)
                .and_then(Value::as_u64)
                .and_then(|bound| usize::try_from(bound).ok())
        };
        if bound("minItems").is_some_and(|least| items.len() < least)
            || bound("maxItems").is_some_and(|most| items.len() > most)
        {
            self.wrong(place, format_args!("has {} items", items.len()));
        }
        if let Some(each) = schema.get("items").filter(|each| each.is_object()) {
            for (index, item) in items.iter().enumerate() {
                self.value(each, item, &format!("{place}[{index}]"));
            }
        }
    }

    fn number(&mut self, schema: &Value, number: f64, place: &str) {
        if schema
            .get("minimum")
            .and_then(Value::as_f64)
            .is_some_and(|least| number < least)
            || schema
                .get("maximum")
                .and_then(Value::as_f64)
                .is_some_and(|most| number > most)
        {
            self.wrong(place, format_args!("is {number}, out of range"));
        }
    }

    fn text(&mut self, schema: &Value, text: &str, place: &str) {
        let format = schema.get("format").and_then(Value::as_str);
        if format == Some("date-time")
            && time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339)
                .is_err()
        {
            self.wrong(
                place,
                format_args!("is \"{text}\", must be a date and time"),
            );
        }
        if format == Some("uri") && url::Url::parse(text).is_err() {
            self.wrong(place, format_args!("is \"{text}\", must be a URI"));
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_kind_of_mistake_is_named_with_its_place() {
        let schema = json!({"type": "object", "required": ["body"], "properties": {
            "body": {"type": "string"}, "state": {"enum": ["open", "closed"]}, "at": {"type": "string", "format": "date-time"},
            "count": {"type": "integer", "minimum": 1}, "who": {"type": "string", "nullable": true}}});
        let value =
            json!({"state": "gone", "at": "yesterday", "count": 0, "who": null, "boddy": "x"});
        let mut found = check(&Value::Null, &schema, &value, Unknown::Refused);
        found.sort();
        assert_eq!(
            found,
            [
                "$.at: is \"yesterday\", must be a date and time",
                "$.boddy: is unknown",
                "$.count: is 0, out of range",
                "$.state: is \"gone\", must be one of [\"open\",\"closed\"]",
                "$: lacks `body`",
            ]
        );
        assert_eq!(
            check(&Value::Null, &schema, &json!({"body": 1}), Unknown::Refused),
            ["$.body: is a number, must be string"]
        );
        assert!(
            check(
                &Value::Null,
                &schema,
                &json!({"body": "x", "more": 1}),
                Unknown::AsTheSchemaSays
            )
            .is_empty()
        );
    }

    #[test]
    fn references_and_alternatives_are_followed() {
        let document = json!({"components": {"schemas": {"name": {"type": "string"}, "id": {"type": "integer"}}}});
        let schema = json!({"oneOf": [{"$ref": "#/components/schemas/name"}, {"$ref": "#/components/schemas/id"}]});
        assert!(check(&document, &schema, &json!(3), Unknown::Refused).is_empty());
        assert_eq!(
            check(&document, &schema, &json!(true), Unknown::Refused).len(),
            1
        );
    }
}
