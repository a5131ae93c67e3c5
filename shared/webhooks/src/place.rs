//! Finds which value of a JSON text is at an offset, so that an error can name the field.
//!
//! The JSON reader itself only knows line and column. Following the path while reading would cost every delivery that is in
//! order, and wasm for each type that is read; this costs only the ones that are not.

/// Deeper values are not told apart: nothing that is read lies as deep.
const DEPTH_MAX: usize = 32;

/// Where the scan is within an object or array that is not closed.
enum Open<'a> {
    /// In the value of the key, or before the next key if there is none.
    Object(Option<&'a str>),
    /// In the element with this index.
    Array(usize),
}

/// The path (`pull_request.labels[0].name`) of the value that ends at `offset` in `text`, or else of the object or array that
/// begins there. `text` must be well-formed up to there; empty for the outermost value.
pub(crate) fn path_at(text: &str, offset: usize) -> Option<String> {
    let bytes = text.as_bytes();
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut beyond = 0_usize;
    let mut at = 0;
    while at <= offset {
        let start = at;
        match *bytes.get(at)? {
            b'{' | b'[' if at == offset => return Some(path(&open)),
            b'{' | b'[' if open.len() == DEPTH_MAX => beyond += 1,
            b'{' => open.push(Open::Object(None)),
            b'[' => open.push(Open::Array(0)),
            b'}' | b']' if beyond > 0 => beyond -= 1,
            b'}' | b']' => {
                open.pop();
                if at + 1 == offset {
                    return Some(path(&open));
                }
            }
            b',' if beyond == 0 => match open.last_mut() {
                Some(Open::Object(key)) => *key = None,
                Some(Open::Array(index)) => *index += 1,
                None => return None,
            },
            b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' => {}
            first => {
                at = if first == b'"' {
                    end_of_string(bytes, at)
                } else {
                    end_of_scalar(bytes, at)
                };
                match open.last_mut() {
                    Some(Open::Object(key @ None)) if beyond == 0 => {
                        *key = Some(text.get(start + 1..at - 1)?);
                    }
                    Some(_) | None if at == offset => return Some(path(&open)),
                    Some(_) | None => {}
                }
                continue;
            }
        }
        at += 1;
    }
    None
}

/// The offset after the string that begins at `start`.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The offset after the number, `true`, `false` or `null` that begins at `start`.
fn end_of_scalar(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    let length = rest
        .iter()
        .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')));
    // At least one, whatever stands there, so that a scan always ends.
    start + length.unwrap_or(rest.len()).max(1)
}

fn path(open: &[Open<'_>]) -> String {
    let mut path = String::new();
    for step in open {
        match step {
            Open::Object(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key.unwrap_or_default());
            }
            Open::Array(index) => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn path_after(text: &str) -> String {
        path_at(text, text.len()).unwrap_or_else(|| panic!("no value ends {text:?}"))
    }

    #[test]
    fn the_value_that_ends_there_is_found() {
        for (text, expected) in [
            ("7", ""),
            (r#"{"a":7"#, "a"),
            (r#"{"a" : { "b\"":null , "c" : "x}" "#.trim_end(), "a.c"),
            (r#"{"a":[1,{"b":{}},[true"#, "a[2][0]"),
            (r#"{"a":[1,{"b":{}"#, "a[1].b"),
            (r#"{"a":[1,{"b":{}}"#, "a[1]"),
            (r#"{"a":[1,{"b":{}}]"#, "a"),
            (r#"{"a":[1,{"b":{}}]}"#, ""),
        ] {
            assert_eq!(path_after(text), expected, "{text}");
        }
    }

    #[test]
    fn an_object_or_array_that_begins_there_is_found() {
        assert_eq!(path_at(r#"{"a":[{"b":["#, 11).as_deref(), Some("a[0].b"));
        assert_eq!(path_at("{", 0).as_deref(), Some(""));
    }

    #[test]
    fn what_is_deep_costs_no_memory_and_what_follows_is_found() {
        let deep = format!(
            r#"{{"deep":{}{},"a":[0,7"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        assert_eq!(path_after(&deep), "a[1]");
    }

    proptest! {
        #[test]
        fn any_text_is_scanned_to_an_end(text: String, offset in 0..100_usize) {
            path_at(&text, offset);
        }

        #[test]
        fn any_punctuation_is_scanned_to_an_end(text in "[\\[\\]{}\",:\\\\ a1]{0,60}", offset in 0..70_usize) {
            path_at(&text, offset);
        }
    }
}
