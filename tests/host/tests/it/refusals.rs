//! Applications that are not started, and what the host says about each.

use std::fmt::Write as _;

use crate::stage::{Stage, probe};

/// A manifest that is all right, to be spoiled.
const GOOD: &str = r#"spin_manifest_version = 2

[application]
name = "test"

[variables]
host = { default = "https://example.com" }

[[trigger.http]]
route = "/hooks/..."
component = "hooks"

[component.hooks]
source = "HELLO"
key_value_stores = ["default"]
allowed_outbound_hosts = ["{{ host }}"]

[component.hooks.variables]
target = "{{ host }}/api"
"#;

/// What is replaced in the manifest, and by what.
const SPOILED: &[(&str, &str, &str)] = &[
    ("another manifest version", "version = 2", "version = 1"),
    ("not TOML", "name = \"test\"", "name = test"),
    ("no application", "[application]\nname = \"test\"\n", ""),
    ("no name", "name = \"test\"\n", ""),
    (
        "an unknown key at the top",
        "[application]",
        "[applications]\nname = \"test\"\n[application]",
    ),
    (
        "an unknown key of a component",
        "source = ",
        "sources = [\"x\"]\nsource = ",
    ),
    (
        "an unknown key of a trigger",
        "route = ",
        "path = \"/\"\nroute = ",
    ),
    (
        "an unknown key of a variable",
        "default = \"https://example.com\"",
        "value = \"x\", default = \"x\"",
    ),
    ("a key of the wrong type", "[\"default\"]", "\"default\""),
    ("a missing source", "\"HELLO\"", "\"no/such.wasm\""),
    (
        "a source from elsewhere",
        "\"HELLO\"",
        "{ url = \"https://example.com/a.wasm\", digest = \"sha256:0\" }",
    ),
    (
        "a source that is no component",
        "\"HELLO\"",
        "\"spin.toml\"",
    ),
    (
        "an unknown component in a trigger",
        "component = \"hooks\"",
        "component = \"hook\"",
    ),
    (
        "a trigger of another type",
        "[[trigger.http]]",
        "[[trigger.redis]]",
    ),
    (
        "an executor",
        "route = ",
        "executor = { type = \"wagi\" }\nroute = ",
    ),
    (
        "a route that is there twice",
        "[component.hooks]\n",
        "[[trigger.http]]\nroute = \"hooks/...\"\ncomponent = \"hooks\"\n[component.hooks]\n",
    ),
    ("a route that is no pattern", "\"/hooks/...\"", "\"/a/*b\""),
    (
        "a route that is private and not",
        "\"/hooks/...\"",
        "{ private = false }",
    ),
    (
        "an id that is not kebab-case",
        "component.hooks",
        "component.hooks_",
    ),
    (
        "an undefined variable in a template",
        "{{ host }}/api",
        "{{ hots }}/api",
    ),
    ("an unclosed template", "{{ host }}/api", "{{ host /api"),
    (
        "an undefined variable in a host",
        "[\"{{ host }}\"]",
        "[\"{{ hots }}\"]",
    ),
    (
        "a host without a scheme",
        "[\"{{ host }}\"]",
        "[\n  \"https://a.example\",\n  \"example.com\",\n]",
    ),
    ("a variable that is no host", "https://example.com", ""),
    (
        "a variable neither required nor with a default",
        "default = \"https://example.com\"",
        "secret = true",
    ),
    (
        "a variable required and with a default",
        "default = ",
        "required = true, default = ",
    ),
    ("a variable with a bad name", "host = {", "\"Host\" = {"),
    (
        "a store without configuration",
        "[\"default\"]",
        "[\"default\", \"inbox\"]",
    ),
    ("files", "source = ", "files = [\"a.txt\"]\nsource = "),
    (
        "a dependency that does not exist",
        "[component.hooks.variables]",
        "dependencies = { \"a:b/c\" = { path = \"c.wasm\" } }\n[component.hooks.variables]",
    ),
    (
        "a dependency from a registry",
        "[component.hooks.variables]",
        "dependencies = { \"a:b/c\" = \">= 1.0\" }\n[component.hooks.variables]",
    ),
    (
        "a dependency that nothing imports",
        "[component.hooks.variables]",
        "dependencies = { \"a:b/c\" = { path = \"GREETER\" } }\n[component.hooks.variables]",
    ),
    ("an import that nothing satisfies", "\"HELLO\"", "\"PROBE\""),
    (
        "a dependency without the export",
        "\"HELLO\"",
        "\"PROBE\"\ndependencies = { \"fixture:greeting\" = { path = \"HELLO\" } }",
    ),
    (
        "a component that does not serve HTTP",
        "\"HELLO\"",
        "\"GREETER\"",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_manifest_is_refused_with_its_line_and_what_would_be_right() {
    let stage = Stage::bare();
    stage.write("spin.toml", GOOD);
    drop(stage.start().await);

    let mut told = String::new();
    for (what, good, bad) in SPOILED {
        assert!(GOOD.contains(good), "{what}: the manifest has no {good:?}");
        stage.write("spin.toml", &GOOD.replace(good, bad));
        writeln!(
            told,
            "{what}\n    {}\n",
            stage.refusal().await.replace('\n', "\n    ")
        )
        .unwrap();
    }
    insta::assert_snapshot!(relative(told));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_runtime_configuration_is_refused_in_the_same_way() {
    let cases = [
        ("not TOML", "[key_value_store.default"),
        (
            "an unknown section",
            "[sqlite_database.default]\ntype = \"spin\"",
        ),
        (
            "an unknown kind",
            "\n[key_value_store.default]\ntype = \"etcd\"",
        ),
        ("no kind", "[key_value_store.default]\npath = \"x\""),
        (
            "an unknown key",
            "[key_value_store.default]\ntype = \"spin\"\npaht = \"x\"",
        ),
        (
            "a number for a path",
            "[key_value_store.default]\ntype = \"spin\"\npath = 3",
        ),
        (
            "Redis without a url",
            "[key_value_store.default]\ntype = \"redis\"",
        ),
        (
            "Redis with another url",
            "[key_value_store.default]\ntype = \"redis\"\nurl = \"http://localhost\"",
        ),
        (
            "Redis with no url",
            "[key_value_store.default]\ntype = \"redis\"\nurl = \"localhost\"",
        ),
        (
            "Redis with a database that is no number",
            "[key_value_store.default]\ntype = \"redis\"\nurl = \"redis://localhost/inbox\"",
        ),
    ];
    let mut told = String::new();
    for (what, text) in cases {
        let stage = Stage::new(&probe("")).runtime_config(text);
        writeln!(
            told,
            "{what}\n    {}\n",
            stage.refusal().await.replace('\n', "\n    ")
        )
        .unwrap();
    }
    insta::assert_snapshot!(told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_file_is_named() {
    let mut stage = Stage::bare();
    insta::assert_snapshot!(
        stage.refusal().await,
        @"spin.toml: cannot be read as a Spin manifest: No such file or directory (os error 2)"
    );
    stage.write("spin.toml", GOOD);
    stage.options.runtime_config = Some(stage.path("runtime-config.toml"));
    insta::assert_snapshot!(
        stage.refusal().await,
        @"runtime-config.toml: cannot be read as the runtime configuration: No such file or directory (os error 2)"
    );
}

/// Replaces the place where cargo has put the guests.
fn relative(text: String) -> String {
    let target = crate::guests::guests()
        .hello
        .parent()
        .unwrap()
        .display()
        .to_string();
    text.replace(&target, "TARGET")
}
