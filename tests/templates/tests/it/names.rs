//! What the pages of `templates/` and `deploy/` name exists: files, links, routes, variables.

use std::collections::BTreeSet;
use std::path::Path;

use templates::places;

use crate::operators::{routes, variables};

fn pages() -> Vec<String> {
    let mut pages = places::files(&["templates", "deploy"]).unwrap();
    pages.retain(|file| file.ends_with(".md"));
    pages.push("docs/install.md".to_owned());
    assert!(pages.len() >= 8, "{pages:?}");
    pages
}

/// These, and every other document.
fn documents() -> Vec<String> {
    let mut documents = pages();
    documents.retain(|page| page != "docs/install.md");
    let others = places::files(&["docs"]).unwrap();
    documents.extend(others.into_iter().filter(|file| file.ends_with(".md")));
    documents.extend(["README.md", "ARCHITECTURE.md"].map(str::to_owned));
    documents
}

/// Texts between backticks on one line, outside of blocks.
fn code_spans(text: &str) -> Vec<&str> {
    let mut in_block = false;
    let prose = text.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        in_block ^= is_fence;
        !in_block && !is_fence
    });
    prose
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .collect()
}

/// Every file of the templates and for operators, where it is and where it stands in an application's repository.
fn known_paths() -> BTreeSet<String> {
    let mut known: BTreeSet<String> = [".github/workflows/", ".github/slipway.yml"]
        .map(str::to_owned)
        .into();
    for file in places::files(&["templates", "deploy"]).unwrap() {
        let mut places = vec![file.clone()];
        places.extend(
            places::place_in_repository(&file).map(|place| place.to_string_lossy().into_owned()),
        );
        places.extend(file.strip_prefix("templates/").map(str::to_owned));
        for place in places {
            known.extend(Path::new(&place).ancestors().skip(1).flat_map(|folder| {
                let folder = folder.to_string_lossy();
                [folder.clone().into_owned(), format!("{folder}/")]
            }));
            known.insert(place);
        }
    }
    known
}

#[test]
fn links_lead_somewhere() {
    let mut links = 0;
    for page in documents() {
        let text = places::read(&page).unwrap();
        for (_, after) in text
            .match_indices("](")
            .map(|(place, sign)| text.split_at(place + sign.len()))
        {
            let target = after.split(')').next().unwrap();
            if target.starts_with("https://") {
                continue;
            }
            let folder = places::root().join(&page);
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() {
                page.rsplit('/').next().unwrap()
            } else {
                file
            };
            let file = folder.parent().unwrap().join(file);
            assert!(
                file.exists() && (heading.is_empty() || headings(&file).contains(heading)),
                "{page}: there is no {target}"
            );
            links += 1;
        }
    }
    assert!(links >= 12, "{links}");
}

/// The headings of a page, as GitHub makes anchors of them.
fn headings(page: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(page).unwrap();
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let words = line.trim_start_matches('#').trim().to_lowercase();
            let kept = words
                .chars()
                .filter(|sign| sign.is_alphanumeric() || matches!(sign, ' ' | '-' | '_'));
            kept.map(|sign| if sign == ' ' { '-' } else { sign })
                .collect()
        })
        .collect()
}

#[test]
fn files_that_pages_name_exist() {
    let known = known_paths();
    let names: BTreeSet<&str> = known
        .iter()
        .filter_map(|path| path.rsplit('/').next())
        .collect();
    // Of the project, of Slipway's own configuration, of the application or of another program.
    let elsewhere = ["spin.toml", "slipway.yml", "dump.rdb", "HOLD"];
    for page in pages() {
        let text = places::read(&page).unwrap();
        for span in code_spans(&text) {
            let ending = span.rsplit_once('.').map_or("", |(_, ending)| ending);
            let is_file =
                ["conf", "json", "md", "sh", "timer", "toml", "yaml", "yml"].contains(&ending);
            let is_path = span.contains('/')
                && !span.contains([' ', ':', '<', '@', '*'])
                && !span.starts_with('/');
            if is_path {
                assert!(known.contains(span), "{page}: there is no {span}");
            } else if is_file && !span.contains([' ', '/']) {
                assert!(
                    names.contains(span) || elsewhere.contains(&span),
                    "{page}: there is no {span}"
                );
            }
        }
        for word in text.split_whitespace().map(|word| word.trim_matches('`')) {
            if !word.starts_with("deploy/") && !word.starts_with("templates/") {
                continue;
            }
            let word = word.trim_end_matches(['.', ',', ';']);
            let (folder, ending) = word.split_once('*').unwrap_or((word, ""));
            assert!(
                known.iter().any(|path| path == word
                    || word.contains('*') && path.starts_with(folder) && path.ends_with(ending)),
                "{page}: there is no {word}"
            );
        }
    }
}

#[test]
fn the_table_of_templates_is_complete() {
    let page = places::read("templates/README.md").unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let named: BTreeSet<&str> = rows
        .flat_map(|row| code_spans(row.split('|').nth(1).unwrap()))
        .collect();
    for file in places::files(&["templates"]).unwrap() {
        let short = file.strip_prefix("templates/").unwrap();
        let told = Path::new(short)
            .ancestors()
            .any(|part| named.contains(part.to_string_lossy().as_ref()));
        let in_overlays = short.starts_with("k8s/") && named.contains("k8s/overlays");
        assert!(
            told || in_overlays || short == "README.md",
            "templates/README.md does not tell of {short}"
        );
    }
}

#[test]
fn routes_and_hosts_that_are_named_exist() {
    let routes = routes();
    let mut checked = 0;
    for file in places::files(&["templates", "deploy"]).unwrap() {
        let text = places::read(&file).unwrap();
        for span in code_spans(&text)
            .into_iter()
            .filter_map(|span| span.strip_prefix("POST "))
            // Calls of GitHub's API, which are held against the code where the table of permissions is.
            .filter(|path| !path.contains('{'))
        {
            assert!(
                routes.contains(span),
                "{file}: there is no route {span}, only {routes:?}"
            );
            checked += 1;
        }
        for base in [
            "https://slipway.example.com/",
            "http://127.0.0.1:3000/",
            "http://slipway/",
        ] {
            for (place, _) in text.match_indices(base) {
                let path: String = text[place + base.len() - 1..]
                    .chars()
                    .take_while(|sign| sign.is_ascii_alphanumeric() || "/-.".contains(*sign))
                    .collect();
                let is_of_spin = path == "/.well-known/spin/health";
                let is_below = |route: &String| {
                    let start = route.strip_suffix("...");
                    start.is_some_and(|start| path.starts_with(start))
                };
                assert!(
                    is_of_spin || routes.contains(&path) || routes.iter().any(is_below),
                    "{file}: there is no route {path}"
                );
                checked += 1;
            }
        }
    }
    assert!(checked >= 10, "{checked}");
}

#[test]
fn variables_that_are_named_exist() {
    let variables: BTreeSet<String> = variables().into_keys().collect();
    let mut checked = 0;
    for file in places::files(&["templates", "deploy"]).unwrap() {
        let text = places::read(&file).unwrap();
        for (_, after) in text
            .match_indices("SPIN_VARIABLE_")
            .map(|(place, sign)| text.split_at(place + sign.len()))
        {
            let name: String = after
                .chars()
                .take_while(|sign| sign.is_ascii_uppercase() || *sign == '_')
                .collect();
            let name = name.to_lowercase();
            assert!(
                name.is_empty() || variables.contains(&name),
                "{file}: spin.toml has no variable {name}"
            );
            checked += 1;
        }
    }
    // Of GitHub's App and of Redis; every other name with an underscore is a variable.
    let others = [
        "aof_rewrite_in_progress",
        "check_run",
        "deployment_protection_rule",
        "installation_repositories",
        "installation_target",
        "issue_comment",
        "pull_request",
        "pull_requests",
        "workflow_run",
    ];
    for page in pages() {
        let text = places::read(&page).unwrap();
        for span in code_spans(&text) {
            let is_name = span.contains('_')
                && span
                    .bytes()
                    .all(|sign| sign.is_ascii_lowercase() || sign == b'_');
            if is_name && !others.contains(&span) {
                assert!(
                    variables.contains(span),
                    "{page}: spin.toml has no variable {span}"
                );
                checked += 1;
            }
        }
    }
    assert!(checked >= 10, "{checked}");
}
