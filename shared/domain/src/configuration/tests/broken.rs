//! What people read who broke their file. Each case begins with what was done to it.

use super::{super::*, SMALLEST};

/// The smallest file with one thing changed.
fn changed(from: &str, to: &str) -> String {
    assert!(
        SMALLEST.contains(from),
        "{from:?} is not in the smallest file"
    );
    SMALLEST.replacen(from, to, 1)
}

/// The smallest file with lines below `services.web`.
fn with_lines(lines: &str) -> String {
    format!("{SMALLEST}{lines}")
}

fn told(cases: &[(&str, String)]) -> String {
    let mut told = Vec::new();
    for (name, text) in cases {
        let error = parse(text).expect_err(name);
        told.push(format!("{name}:"));
        told.extend(error.problems.iter().map(|problem| format!("  {problem}")));
        if error.more > 0 {
            told.push(format!("  and {} more", error.more));
        }
    }
    told.join("\n")
}

#[test]
fn what_is_not_one_yaml_document_is_told_where_it_ends_to_be_one() {
    let cases = [
        ("empty", String::new()),
        ("only a comment", "# later\n".to_owned()),
        ("a list that does not end", "version: [1".to_owned()),
        (
            "a quote that does not end",
            changed("'pr-{number}' }", "'pr-{number} }"),
        ),
        ("a tab as indentation", changed("  web:", "\tweb:")),
        ("wrong indentation", changed("      url:", "     url:")),
        (
            "a placeholder without quotes",
            changed("tag: 'pr-{number}'", "tag: {number}"),
        ),
        ("two documents", format!("{SMALLEST}---\nversion: 1\n")),
        ("an anchor", changed("    preview:", "    preview: &shared")),
        (
            "an alias",
            changed("application: a1b2c3", "application: *uuid"),
        ),
        ("a tag", changed("version: 1", "version: !!int '1'")),
        (
            "a text that needs quotes",
            with_lines("    paths: [*.md]\n"),
        ),
        ("a list as a key", changed("version: 1", "[version]: 1")),
        ("a list in place of all", "- version: 1\n".to_owned()),
        ("a text in place of all", "hello\n".to_owned()),
    ];
    insta::assert_snapshot!(told(&cases));
}

#[test]
fn a_wrong_key_is_told_with_those_that_are_right() {
    let cases = [
        ("misspelt", changed("preview:", "previews:")),
        ("misspelt and required", changed("services:", "sevices:")),
        ("in capitals", changed("build:", "Build:")),
        (
            "with a hyphen",
            with_lines(
                "    environments: { live: { argocd: { application: a }, branch: m, allow-diverged: true } }\n",
            ),
        ),
        (
            "unlike any",
            changed("version: 1", "version: 1\nreplicas: 3"),
        ),
        (
            "where none is",
            changed("coolify: {", "namespace: { size: 3 }\n      coolify: {"),
        ),
        ("twice", changed("build:", "version: 1\nbuild:")),
        ("a service twice", with_lines("  web:\n    image: shop\n")),
        ("forgotten", changed("build: { workflow: CI }\n", "")),
        (
            "forgotten further down",
            changed("      url: 'https://pr-{number}.example.com'\n", ""),
        ),
        ("several forgotten", "version: 1\n".to_owned()),
        (
            "merge key",
            changed("    preview:", "    preview:\n      <<: { ttl: 1h }"),
        ),
    ];
    insta::assert_snapshot!(told(&cases));
}

#[test]
fn a_wrong_value_is_told_with_what_would_be_right() {
    let environment =
        |text: &str| with_lines(&format!("    environments: {{ live: {{ {text} }} }}\n"));
    let preview = |text: &str| with_lines(&format!("      {text}\n"));
    let cases = [
        ("another version", changed("version: 1", "version: 2")),
        ("version as text", changed("version: 1", "version: '1'")),
        ("no build at all", changed("{ workflow: CI }", "{}")),
        (
            "build of both kinds",
            changed("workflow: CI", "workflow: CI, worker: true"),
        ),
        (
            "a worker that is none",
            changed("workflow: CI", "worker: false"),
        ),
        ("an empty workflow", changed("workflow: CI", "workflow: ''")),
        ("services as a list", changed("  web:", "  - web:")),
        (
            "no services",
            "version: 1\nbuild: { worker: true }\nservices: {}\n".to_owned(),
        ),
        ("a service's name", changed("  web:", "  Web Shop:")),
        ("a service of nothing", with_lines("  api:\n")),
        (
            "no target",
            changed(
                "      coolify: { application: a1b2c3, tag: 'pr-{number}' }\n",
                "",
            ),
        ),
        ("uuid with a slash", changed("a1b2c3", "a1/b2")),
        ("uuid that is a number", changed("a1b2c3", "123")),
        (
            "tag that is none",
            changed("'pr-{number}'", "'pr/{number}'"),
        ),
        (
            "unknown placeholder",
            changed("'pr-{number}'", "'pr-{branch}'"),
        ),
        (
            "relative URL",
            changed("https://pr-{number}.example.com", "pr-{number}.example.com"),
        ),
        ("yes", preview("when: { drafts: yes }")),
        ("misspelt choice", preview("when: { forks: lable }")),
        ("no previews at all", preview("when: { limit: 0 }")),
        ("half a preview", preview("when: { limit: 1.5 }")),
        ("duration without unit", preview("ttl: 72")),
        ("duration of none", preview("ttl: 0h")),
        ("endless probes", preview("health: { attempts: 1000 }")),
        ("path without slash", preview("health: { path: health }")),
        (
            "a path in place of a list",
            with_lines("    paths: apps/web/**\n"),
        ),
        (
            "image with a tag",
            with_lines("    image: ghcr.io/acme/shop:latest\n"),
        ),
        (
            "image in capitals",
            with_lines("    image: ghcr.io/Acme/Shop\n"),
        ),
        (
            "version as branch",
            environment("branch: 1.10, argocd: { application: shop }"),
        ),
        (
            "branch with a space",
            environment("branch: 'main ', argocd: { application: shop }"),
        ),
        (
            "misspelt update",
            environment("branch: m, argocd: { application: shop, update: kustomise-image }"),
        ),
        (
            "Argo CD's name",
            environment("branch: m, argocd: { application: Shop_Web }"),
        ),
        (
            "after a misspelt one",
            with_lines(
                "    environments:\n      staging: { branch: staging, argocd: { application: a } }\n      \
                 live: { after: [stagin], argocd: { application: b } }\n",
            ),
        ),
        (
            "after itself",
            environment("after: [live], argocd: { application: shop }"),
        ),
        (
            "a misspelt need",
            with_lines(
                "      needs: [ap]\n  api:\n    preview: { namespace: {}, url: 'https://a.example.com' }\n",
            ),
        ),
        (
            "a need without a preview",
            with_lines("      needs: [api]\n  api: { image: shop }\n"),
        ),
        (
            "a circle of needs",
            with_lines(
                "      needs: [api]\n  api:\n    preview: { vcluster: {}, url: 'https://a.example.com', needs: [store] }\n  \
                 store:\n    preview: { namespace: {}, url: 'https://s.example.com', needs: [web] }\n",
            ),
        ),
        (
            "two services in the namespace",
            with_lines(
                "      namespace: {}\n  api:\n    preview: { namespace: {}, url: 'https://a.example.com' }\n",
            ),
        ),
        (
            "a workflow by its name",
            environment("branch: m, test: End to end, argocd: { application: shop }"),
        ),
        (
            "a secret",
            format!(
                "{SMALLEST}notify: {{ slack: {{ alerts: 'https://hooks.slack.com/services/T0/B0/x' }} }}\n"
            ),
        ),
        (
            "an input's name",
            format!("{SMALLEST}directives: {{ run: {{ workflow: run.yml, input: 1st }} }}\n"),
        ),
        (
            "inputs that are no list",
            format!(
                "{SMALLEST}operations: {{ run: {{ workflow: run.yml, inputs: {{ a: b }} }} }}\n"
            ),
        ),
        (
            "control characters",
            changed("workflow: CI", "workflow: \"C\\u001bI\""),
        ),
    ];
    insta::assert_snapshot!(told(&cases));
}

#[test]
fn all_problems_are_told_in_the_order_of_the_file_up_to_ten() {
    let three = changed("version: 1", "version: 3").replace("preview:", "previw:") + "notify: []\n";
    let fifteen = format!("{SMALLEST}    paths: [{}]\n", "1, ".repeat(15));
    insta::assert_snapshot!(told(&[
        ("three", three.clone()),
        ("fifteen", fifteen.clone())
    ]));
    let lines = [three, fifteen].map(|text| parse(&text).unwrap_err().to_string());
    insta::assert_snapshot!(lines.join("\n"));
}
