//! Reads JSON into just the fields that are asked for, with errors that name the field.

use std::{fmt, marker::PhantomData, str::FromStr};

use domain::{NotParsed, Timestamp};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::error::Category;

use crate::{Malformed, place};

/// Reads `text` as one object with the fields of `T`.
pub(crate) fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Malformed> {
    match serde_json::from_str::<Object<T>>(text) {
        Ok(Object(value)) => Ok(value),
        Err(error) => Err(explain(text, &error)),
    }
}

/// What is wrong with `text`, naming the field.
#[cold]
fn explain(text: &str, error: &serde_json::Error) -> Malformed {
    let told = error.to_string();
    match error.classify() {
        Category::Data => {}
        Category::Io | Category::Syntax | Category::Eof => {
            return Malformed::new(&format!("payload: not JSON: {told}"));
        }
    }
    let path = place::path_at(text, offset(text, error)).unwrap_or_default();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let told = told.strip_suffix(&place).unwrap_or(&told);
    let prefix = path.as_str();
    if let Some(field) = told
        .strip_prefix("missing field `")
        .and_then(|rest| rest.strip_suffix('`'))
    {
        let dot = if prefix.is_empty() { "" } else { "." };
        return Malformed::new(&format!("{prefix}{dot}{field}: missing"));
    }
    let found = told
        .strip_prefix("invalid type: ")
        .or_else(|| told.strip_prefix("invalid value: "));
    let told = found.map_or_else(
        || told.to_owned(),
        |found| format!("found {}", in_json_words(found)),
    );
    let prefix = if prefix.is_empty() { "payload" } else { prefix };
    Malformed::new(&format!("{prefix}: {told}"))
}

/// Where the reader was: after the value that is wrong, or before it if it is an object or array.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let before: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    before + error.column()
}

/// What was found and expected, without Rust's words for it.
fn in_json_words(told: &str) -> String {
    let told = told
        .replace("expected u64", "expected a whole number from 0")
        .replace("expected a sequence", "expected an array");
    for (rust, json) in [("sequence,", "an array,"), ("map,", "an object,")] {
        if let Some(rest) = told.strip_prefix(rust) {
            return format!("{json}{rest}");
        }
    }
    told
}

/// A JSON object. Derived readers of structs also take arrays, which no payload means.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_map(Fields(PhantomData))
            .map(Object)
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// Reads a string as one of the domain's identities.
pub(crate) fn identity<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err = NotParsed>,
    D: Deserializer<'de>,
{
    text(deserializer, |text| {
        text.parse()
            .map_err(|NotParsed { expected, found }| (found, expected))
    })
}

/// Reads a string as a point in time.
pub(crate) fn timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    text(deserializer, |text| {
        Timestamp::parse(text).ok_or_else(|| {
            let found = text.chars().take(60).collect();
            (found, "an RFC 3339 time such as 2026-11-21T10:31:07Z")
        })
    })
}

/// What a string was instead of what it should have been.
type Unexpected = (String, &'static str);

fn text<'de, D, T>(
    deserializer: D,
    parse: impl FnOnce(&str) -> Result<T, Unexpected>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    struct Text<F, T>(F, PhantomData<T>);

    impl<F: FnOnce(&str) -> Result<T, Unexpected>, T> Visitor<'_> for Text<F, T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            (self.0)(text).map_err(|(found, expected)| {
                E::custom(format_args!("found {found:?}, expected {expected}"))
            })
        }
    }

    deserializer.deserialize_str(Text(parse, PhantomData))
}

#[cfg(test)]
mod tests {
    use domain::CommitSha;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read to see what reading says")]
    struct Sample {
        id: u64,
        #[serde(deserialize_with = "identity")]
        sha: CommitSha,
    }

    #[derive(Deserialize)]
    struct Outer {
        #[expect(dead_code, reason = "only read to see what reading says")]
        items: Vec<Object<Sample>>,
    }

    #[track_caller]
    fn reason(text: &str) -> String {
        match parse::<Outer>(text) {
            Ok(_) => panic!("{text:?} should be refused"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_needed_field_that_is_wrong_is_named_with_its_path() {
        let reasons = [
            r#"{"items":[{"id":1}]}"#,
            r#"{"items":[{"id":"1"}]}"#,
            r#"{"items":[{"id":-1}]}"#,
            r#"{"items":[{"sha":null}]}"#,
            r#"{"items":[{"sha":"xyz"}]}"#,
            r#"{"items":[[1,"x"]]}"#,
            r#"{"items":{}}"#,
            "{}",
        ];
        insta::assert_snapshot!(reasons.map(reason).join("\n"), @r#"
        items[0].sha: missing
        items[0].id: found string "1", expected a whole number from 0
        items[0].id: found integer `-1`, expected a whole number from 0
        items[0].sha: found null, expected a string
        items[0].sha: found "xyz", expected a commit SHA (40 or 64 lower-case hexadecimal digits)
        items[0]: found an array, expected an object
        items: found an object, expected an array
        items: missing
        "#);
    }

    #[test]
    fn what_is_not_one_json_object_is_told_as_such() {
        let reasons = ["[]", "null", "{\"items\":[", "{\"items\":[]} x", "payload"];
        insta::assert_snapshot!(reasons.map(reason).join("\n"), @"
        payload: found an array, expected an object
        payload: found null, expected an object
        payload: not JSON: EOF while parsing a list at line 1 column 10
        payload: not JSON: trailing characters at line 1 column 14
        payload: not JSON: expected value at line 1 column 1
        ");
    }

    #[test]
    fn nesting_without_end_is_refused_without_recursion() {
        let deep = "[".repeat(1_000_000);
        insta::assert_snapshot!(reason(&deep), @"payload: found an array, expected an object");
        insta::assert_snapshot!(
            reason(&format!("{{\"unused\":{deep}")),
            @"payload: not JSON: EOF while parsing a list at line 1 column 1000010"
        );
    }
}
