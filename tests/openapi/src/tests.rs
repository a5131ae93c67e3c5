//! The committed document is the types', and its examples are true to it.

use super::*;

#[test]
fn the_committed_document_is_made_of_the_types_as_they_are() {
    let committed = include_str!("../../../docs/openapi.json");
    assert!(
        committed == format!("{:#}\n", document()),
        "{PATH} is not up to date: run `cargo run -p openapi`"
    );
}

#[test]
fn every_operation_has_an_example_that_fits_its_schema() {
    for operation in OPERATIONS {
        let document = document();
        let pointer = format!(
            "/paths/{}/{}/responses",
            operation.path.replace('/', "~1"),
            operation.method.to_ascii_lowercase()
        );
        let responses = document.pointer(&pointer).unwrap().as_object().unwrap();
        let works = responses.iter().find(|(status, _)| status.starts_with('2'));
        let content = &works.unwrap().1["content"]["application/json"];
        let found = answers::check(
            content["schema"]["$ref"].as_str().unwrap(),
            &content["example"],
        );
        assert!(
            found.is_empty(),
            "{} {}: {found:?}",
            operation.method,
            operation.path
        );
    }
}

#[test]
fn an_answer_that_differs_is_told() {
    let me = json!({ "name": "ops", "role": "admin", "repositories": null });
    let fits = differences("GET", "/api/v1/me", 200, "application/json", &me);
    assert!(fits.is_empty(), "{fits:?}");
    let more = json!({ "name": "ops", "role": "admin", "repositories": null, "token": "secret" });
    for (path, status, body) in [
        ("/api/v1/me", 200, json!({ "name": "ops" })),
        ("/api/v1/me", 200, more),
        ("/api/v1/me", 418, me.clone()),
        ("/api/v1/nothing", 200, me),
    ] {
        let found = differences("GET", path, status, "application/json", &body);
        assert!(!found.is_empty(), "{path} {status} {body}");
    }
}

#[test]
fn names_of_operations_are_unique() {
    let mut ids: Vec<String> = OPERATIONS.iter().map(operation_id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), OPERATIONS.len());
}

#[test]
fn every_parameter_is_described_and_a_cursor_is_one_that_a_page_names() {
    let document = document();
    for operation in OPERATIONS {
        let method = operation.method.to_ascii_lowercase();
        let described = &document["paths"][operation.path][method.as_str()];
        for parameter in described["parameters"].as_array().unwrap() {
            let name = parameter["name"].as_str().unwrap();
            let path = operation.path;
            assert!(parameter["description"] != "", "{path}: {name}");
            let next = &examples::of(operation.method, path)["next"];
            if let ("cursor", Some(next)) = (name, next.as_str()) {
                let found = answers::fits(&parameter["schema"], &json!(next));
                assert!(found.is_empty(), "{path}: {found:?}");
            }
        }
    }
}
