//! The schema is what is committed, and it and the parser agree: on what is right, and on what is wrong.

use std::{cell::Cell, fs, path::PathBuf};

use boon::{Compiler, SchemaIndex, Schemas};
use domain::configuration::{self, Presence, Record, Shape};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A compiled schema.
struct Compiled {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Compiled {
    fn new(schema: Value) -> Self {
        let mut schemas = Schemas::new();
        let mut compiler = Compiler::new();
        compiler.set_default_draft(boon::Draft::V7);
        compiler.add_resource("slipway.json", schema).unwrap();
        let index = compiler.compile("slipway.json", &mut schemas).unwrap();
        Self { schemas, index }
    }

    fn refusal(&self, value: &Value) -> Option<String> {
        let outcome = self.schemas.validate(value, self.index);
        outcome.err().map(|error| error.to_string())
    }
}

/// What an editor says of a file: whether it is YAML, and whether it holds by the schema. Its YAML parser is not ours.
fn editor(schema: &Compiled, text: &str) -> Option<String> {
    let options = serde_saphyr::options! { strict_booleans: true };
    match serde_saphyr::from_str_with_options::<Value>(text, options) {
        Ok(value) => schema.refusal(&value),
        Err(error) => Some(error.to_string()),
    }
}

/// The files below a folder of the workspace, with their texts, in order.
fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path.display().to_string(), text));
            }
        }
    }
    found.sort();
    found
}

/// Every configuration that people are shown: files of the templates, and blocks in documents.
fn examples() -> Vec<(String, String)> {
    let mut examples = files("templates/github/slipway", "yml");
    let mut documents = files("docs", "md");
    documents.extend(files("templates", "md"));
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    documents.push(("README.md".to_owned(), readme));
    for (name, text) in documents {
        let blocks = text.split("```yaml\n").skip(1);
        let blocks = blocks.filter_map(|rest| rest.split("```").next());
        let configurations =
            blocks.filter(|block| block.contains("version: 1") && block.contains("services:"));
        examples.extend(configurations.map(|block| (name.clone(), block.to_owned())));
    }
    examples
}

#[test]
fn the_committed_schema_is_the_one_that_is_made() {
    let committed = fs::read_to_string(root().join(crate::PATH)).unwrap_or_default();
    let committed: Value = serde_json::from_str(&committed).unwrap_or_default();
    assert_eq!(
        committed,
        crate::schema(),
        "left: {}; right: what is made of the description of the keys. Write it with: cargo run -p json-schema",
        crate::PATH
    );
}

#[test]
fn every_example_is_right_for_both() {
    let schema = Compiled::new(crate::schema());
    let examples = examples();
    assert!(examples.len() >= 4, "{examples:?}");
    for (name, text) in examples
        .iter()
        .chain(&files("tests/json-schema/corpus/right", "yml"))
    {
        configuration::parse(text).unwrap_or_else(|error| panic!("{name}: the parser: {error}"));
        assert_eq!(editor(&schema, text), None, "{name}: the schema");
    }
}

/// Each file says in its first line what is wrong with it; `(parser)` there means that a schema cannot say so.
#[test]
fn every_wrong_file_is_refused_by_both() {
    let schema = Compiled::new(crate::schema());
    let wrong = files("tests/json-schema/corpus/wrong", "yml");
    assert!(wrong.len() >= 30, "only {} files", wrong.len());
    for (name, text) in wrong {
        let first = text.lines().next().unwrap_or_default();
        assert!(
            first.starts_with("# "),
            "{name} does not say what is wrong with it"
        );
        assert!(
            configuration::parse(&text).is_err(),
            "{name}: the parser takes it"
        );
        let refused = editor(&schema, &text).is_some();
        let is_expected = !first.ends_with("(parser)");
        assert_eq!(
            refused, is_expected,
            "{name}: whether the schema refuses it"
        );
    }
}

/// The shapes of all texts, and the defaults with their shapes.
fn collect(
    shape: &Shape,
    texts: &mut Vec<Shape>,
    defaults: &mut Vec<(&'static str, Shape, Value)>,
) {
    match shape {
        Shape::Text { .. } => texts.push(*shape),
        Shape::List(items) => collect(items, texts, defaults),
        Shape::Map { names, values, .. } => {
            collect(names, texts, defaults);
            collect(values, texts, defaults);
        }
        Shape::Record(Record { keys, .. }) => {
            for key in *keys {
                collect(key.shape, texts, defaults);
                let default = crate::of_key(key).remove("default");
                if let (Presence::Default(_), Some(default)) = (key.presence, default) {
                    defaults.push((key.name, *key.shape, default));
                }
            }
        }
        Shape::Choice(_) | Shape::Whole { .. } | Shape::Truth | Shape::OnlyTrue => {}
    }
}

#[test]
fn a_text_that_the_parser_takes_matches_its_pattern() {
    let (mut texts, mut defaults) = (Vec::new(), Vec::new());
    collect(&configuration::shape(), &mut texts, &mut defaults);
    assert!(
        texts.len() > 20 && defaults.len() > 8,
        "{} {}",
        texts.len(),
        defaults.len()
    );
    for (name, shape, default) in defaults {
        let schema = Compiled::new(Value::Object(crate::of(&shape)));
        assert_eq!(schema.refusal(&default), None, "the default of {name}");
    }
    let pieces = [
        "a", "Z", "0", "9", "-", "_", ".", "/", ":", "@", " ", "é", "\n", "\u{7f}", "{number}",
        "{commit}", "https://", "http://a", "?", "#", "s", "h", "m", ".yml", ".yaml", "*", "[",
        "~", "^", "a1-", "ghcr.io/", "10s", "3d",
    ];
    let text = prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..7)
        .prop_map(|pieces| pieces.concat());
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    for shape in texts {
        let Shape::Text { pattern, accepts } = shape else {
            continue;
        };
        let schema = Compiled::new(Value::Object(crate::of(&shape)));
        let taken = Cell::new(0);
        TestRunner::new_with_rng(Config::with_cases(2_000), random.clone())
            .run(&text, |text| {
                if accepts(&text) {
                    taken.set(taken.get() + 1);
                    prop_assert_eq!(
                        schema.refusal(&json!(text)),
                        None,
                        "{:?} for {}",
                        text,
                        pattern
                    );
                }
                Ok(())
            })
            .unwrap();
        assert!(taken.get() > 0, "no text was taken for {pattern}");
    }
}
