//! How a value is written so that YAML reads it as a text.

use saphyr_parser::ScalarStyle;

/// The value in the style that was there, unless that would make something else of it.
pub(super) fn scalar(value: &str, style: ScalarStyle) -> String {
    match style {
        ScalarStyle::SingleQuoted => format!("'{}'", value.replace('\'', "''")),
        ScalarStyle::DoubleQuoted => quoted(value),
        ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => plain(value),
    }
}

/// The value without quotes, if that leaves it a text.
pub(super) fn plain(value: &str) -> String {
    if means_something_else(value) {
        quoted(value)
    } else {
        value.to_owned()
    }
}

fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Whether YAML, of any version, could read the bare value as a number, a truth, a date or nothing, or as no scalar at all.
pub(super) fn means_something_else(value: &str) -> bool {
    let words = [
        "true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf",
    ];
    let is_word = words.iter().any(|word| value.eq_ignore_ascii_case(word));
    let begins_well = value.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let allowed = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/' | b':' | b'@')
    };
    is_word || !begins_well || value.ends_with(':') || !value.bytes().all(allowed)
}
