//! Holds that what the documents say of the project is so.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use clap::CommandFactory as _;

use crate::command_line::Arguments;
use crate::workspace;

fn manifest() -> toml::Table {
    workspace::read("spin.toml").unwrap().parse().unwrap()
}

/// The documents that tell people what to type and where to look.
const DOCUMENTS: [&str; 10] = [
    "README.md",
    "ARCHITECTURE.md",
    "deploy/machine/README.md",
    "deploy/provider/README.md",
    "deploy/spinkube/README.md",
    "docs/benchmarks.md",
    "docs/install.md",
    "docs/metrics.md",
    "docs/preview-rules.md",
    "tests/world/README.md",
];

/// Texts between backticks on one line, outside of blocks.
fn code_spans(text: &str) -> Vec<&str> {
    text.lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .collect()
}

/// The rows of the first table after a heading, each as its cells.
fn table_after<'a>(text: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let lines = text.lines().skip_while(|line| *line != heading);
    let rows = lines
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'));
    rows.skip(2)
        .map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

#[test]
fn the_variables_in_the_readme_are_those_of_the_manifest() {
    let readme = workspace::read("README.md").unwrap();
    let documented: BTreeMap<String, String> = table_after(&readme, "## Variables")
        .iter()
        .map(|row| (row[0].trim_matches('`').to_owned(), row[1].to_owned()))
        .collect();
    let expected: BTreeMap<String, String> = manifest()["variables"]
        .as_table()
        .unwrap()
        .iter()
        .map(|(name, variable)| {
            let default = variable["default"].as_str().unwrap();
            let shown = if default.is_empty() {
                "none".to_owned()
            } else {
                format!("`{default}`")
            };
            let secret = variable.get("secret").map_or("", |_| ", secret");
            (name.clone(), format!("{shown}{secret}"))
        })
        .collect();
    assert_eq!(
        documented, expected,
        "left: the table in README.md under Variables; right: spin.toml"
    );
}

/// The route of the manifest that answers a documented one: its query does not matter, and `/api/v1/...` stands for all below it.
fn manifest_route(documented: &str, routes: &BTreeSet<String>) -> String {
    let path = documented.split('?').next().unwrap_or_default();
    let wildcards = routes.iter().filter(|route| {
        route
            .strip_suffix("...")
            .is_some_and(|start| path.starts_with(start))
    });
    // As Spin does: of several the most particular one answers.
    let wildcard = wildcards.max_by_key(|route| route.len());
    wildcard.map_or_else(|| path.to_owned(), Clone::clone)
}

#[test]
fn the_routes_in_the_documents_are_those_of_the_manifest() {
    let manifest = manifest();
    let triggers = manifest["trigger"]["http"].as_array().unwrap();
    let public = triggers
        .iter()
        .filter_map(|trigger| trigger["route"].as_str());
    let routes: BTreeSet<String> = public.map(str::to_owned).collect();
    let readme = workspace::read("README.md").unwrap();
    let documented: BTreeSet<String> = code_spans(&readme)
        .into_iter()
        .filter_map(|span| {
            span.strip_prefix("POST ")
                .or_else(|| span.strip_prefix("GET "))
        })
        .map(|route| manifest_route(route, &routes))
        .collect();
    assert_eq!(
        documented, routes,
        "left: `POST …` and `GET …` in README.md; right: the public routes in spin.toml"
    );
}

#[test]
fn the_commands_in_the_documents_exist() {
    let command = Arguments::command();
    let known: BTreeSet<&str> = command
        .get_subcommands()
        .map(clap::Command::get_name)
        .collect();
    for document in DOCUMENTS {
        let text = workspace::read(document).unwrap();
        for (before, after) in text
            .match_indices("cargo xtask ")
            .map(|(place, found)| text.split_at(place + found.len()))
        {
            let word: String = after.chars().take_while(char::is_ascii_lowercase).collect();
            let line = before.lines().count();
            if after.starts_with("--") {
                continue;
            }
            assert!(
                known.contains(word.as_str()),
                "{document}:{line}: there is no `cargo xtask {word}`, only {known:?}"
            );
        }
    }
}

#[test]
fn the_configuration_in_the_readme_is_valid() {
    let readme = workspace::read("README.md").unwrap();
    let (_, after) = readme
        .split_once("```yaml\n")
        .expect("README.md has no example of .github/slipway.yml");
    let (example, _) = after.split_once("```").unwrap();
    domain::configuration::parse(example)
        .expect("the example of .github/slipway.yml in README.md must be valid");
}

#[test]
fn the_map_in_the_architecture_names_every_folder() {
    let text = workspace::read("ARCHITECTURE.md").unwrap();
    let named: BTreeSet<&str> = table_after(&text, "## Map")
        .iter()
        .map(|row| row[0].trim_matches('`'))
        .collect();
    let mut folders = BTreeSet::new();
    for area in ["components", "shared", "tests"] {
        for entry in fs::read_dir(workspace::file(area)).unwrap() {
            let entry = entry.unwrap();
            if entry.path().join("Cargo.toml").is_file() {
                folders.insert(format!("{area}/{}", entry.file_name().to_string_lossy()));
            }
        }
    }
    for folder in &folders {
        assert!(
            named.contains(folder.as_str()),
            "ARCHITECTURE.md, Map: {folder} is missing"
        );
    }
    for path in &named {
        assert!(
            workspace::file(path).exists(),
            "ARCHITECTURE.md, Map: {path} does not exist"
        );
    }
}

#[test]
fn the_rights_in_the_architecture_are_those_of_the_manifest() {
    let text = workspace::read("ARCHITECTURE.md").unwrap();
    let told: BTreeSet<&str> = table_after(&text, "## Components and their rights")
        .iter()
        .map(|row| row[0].trim_matches('`'))
        .collect();
    let manifest = manifest();
    let mut components: BTreeSet<&str> = manifest["component"]
        .as_table()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    components.insert("signature");
    assert_eq!(
        told, components,
        "left: the table in ARCHITECTURE.md; right: the components in spin.toml, and signature"
    );
}

#[test]
fn the_stories_of_the_rules_exist() {
    let text = workspace::read("docs/preview-rules.md").unwrap();
    let stories: Vec<(&str, &str)> = code_spans(&text)
        .into_iter()
        .filter_map(|span| span.split_once("::"))
        .collect();
    assert!(!stories.is_empty(), "docs/preview-rules.md names no story");
    for (file, story) in stories {
        let places = ["tests/e2e/tests/it", "shared/domain/src/preview/tests"];
        let declaration = format!("fn {story}()");
        let exists = places.iter().any(|place| {
            let found = workspace::read(&format!("{place}/{file}.rs"));
            found.is_ok_and(|text| text.contains(&declaration))
        });
        assert!(
            exists,
            "docs/preview-rules.md: there is no story {file}::{story}"
        );
    }
}

#[test]
fn spans_and_tables_are_read_as_they_are_written() {
    assert_eq!(code_spans("a `b` c `d`\n`e`"), ["b", "d", "e"]);
    let text = "## One\n| x |\n## Two\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n| 3 | 4 |\n";
    assert_eq!(table_after(text, "## Two"), [["1", "2"]]);
}
