//! The two kinds of patch that Argo CD takes: RFC 6902 (`json`) and RFC 7396 (`merge`), with the library's own messages.

use serde_json::Value;

/// Applies a JSON patch; the error is the library's.
pub(crate) fn json_patch(document: &mut Value, patch: &Value) -> Result<(), String> {
    let Some(operations) = patch.as_array() else {
        return Err("error decoding json patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch".to_owned());
    };
    for operation in operations {
        let text = |name: &str| {
            operation
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let value = operation.get("value").cloned().unwrap_or_default();
        let path = text("path");
        let done = match text("op") {
            "test" if document.pointer(path).unwrap_or(&Value::Null) == &value => Ok(()),
            "test" => Err(format!("testing value {path} failed: test failed")),
            "add" => add(document, path, value),
            "replace" => match document.pointer_mut(path) {
                Some(place) => {
                    *place = value;
                    Ok(())
                }
                None => Err(format!(
                    "replace operation does not apply: doc is missing key: {path}: missing value"
                )),
            },
            "remove" => remove(document, path),
            other => Err(format!("Unexpected kind: {other}")),
        };
        done.map_err(|problem| format!("error applying patch: {problem}"))?;
    }
    Ok(())
}

/// A parent's path and the last part of a path, unescaped.
fn parted(path: &str) -> (&str, String) {
    let (parent, last) = path.rsplit_once('/').unwrap_or(("", path));
    (parent, last.replace("~1", "/").replace("~0", "~"))
}

fn add(document: &mut Value, path: &str, value: Value) -> Result<(), String> {
    let (parent, last) = parted(path);
    let missing =
        || format!("add operation does not apply: doc is missing path: \"{path}\": missing value");
    match document.pointer_mut(parent).ok_or_else(missing)? {
        Value::Object(object) => {
            object.insert(last, value);
            Ok(())
        }
        Value::Array(array) if last == "-" => {
            array.push(value);
            Ok(())
        }
        Value::Array(array) => match last.parse::<usize>() {
            Ok(place) if place <= array.len() => {
                array.insert(place, value);
                Ok(())
            }
            Ok(_) | Err(_) => Err(format!(
                "error in add for path: '{path}': invalid index referenced"
            )),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(missing()),
    }
}

fn remove(document: &mut Value, path: &str) -> Result<(), String> {
    let (parent, last) = parted(path);
    let removed = match document.pointer_mut(parent) {
        Some(Value::Object(object)) => object.remove(&last).is_some(),
        Some(Value::Array(array)) => match last.parse::<usize>() {
            Ok(place) if place < array.len() => {
                array.remove(place);
                true
            }
            Ok(_) | Err(_) => false,
        },
        Some(_) | None => false,
    };
    if removed {
        Ok(())
    } else {
        Err(format!(
            "error in remove for path: '{path}': unable to remove nonexistent key: missing value"
        ))
    }
}

/// Applies a merge patch: arrays are replaced whole, null removes.
pub(crate) fn merge_patch(document: &mut Value, patch: &Value) {
    let Some(changes) = patch.as_object() else {
        *document = patch.clone();
        return;
    };
    if !document.is_object() {
        *document = Value::Object(serde_json::Map::new());
    }
    let Some(object) = document.as_object_mut() else {
        return;
    };
    for (key, change) in changes {
        if change.is_null() {
            object.remove(key);
        } else {
            merge_patch(object.entry(key.clone()).or_insert(Value::Null), change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_merge_replaces_whole_arrays_and_null_removes() {
        let mut document = json!({"a": {"list": [1, 2], "b": 1}});
        merge_patch(
            &mut document,
            &json!({"a": {"list": [3], "b": null, "c": {"d": 4}}}),
        );
        assert_eq!(document, json!({"a": {"list": [3], "c": {"d": 4}}}));
    }

    #[test]
    fn a_json_patch_stops_at_the_first_operation_that_does_not_apply() {
        let start = json!({"a": {"list": [1, 2]}});
        for (patch, expected) in [
            (
                json!([{"op": "test", "path": "/a/list", "value": [1, 2]}, {"op": "add", "path": "/a/list", "value": [3]}]),
                Ok(json!({"a": {"list": [3]}})),
            ),
            (
                json!([{"op": "add", "path": "/a/list/-", "value": 3}, {"op": "remove", "path": "/a/list/0"}]),
                Ok(json!({"a": {"list": [2, 3]}})),
            ),
            (
                json!([{"op": "test", "path": "/a/list", "value": [1]}]),
                Err("error applying patch: testing value /a/list failed: test failed"),
            ),
            (
                json!([{"op": "add", "path": "/x/y", "value": 1}]),
                Err(
                    "error applying patch: add operation does not apply: doc is missing path: \"/x/y\": missing value",
                ),
            ),
            (
                json!([{"op": "replace", "path": "/a/x", "value": 1}]),
                Err(
                    "error applying patch: replace operation does not apply: doc is missing key: /a/x: missing value",
                ),
            ),
        ] {
            let mut document = start.clone();
            let done = json_patch(&mut document, &patch).map(|()| document);
            assert_eq!(done, expected.map_err(str::to_owned), "{patch}");
        }
    }
}
