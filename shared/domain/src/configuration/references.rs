//! What one part of the configuration says of another: `after` names environments of the same service, every environment
//! gets its commits from one place, and of what a pull request has once, one service says so.

use super::{
    problem::{any_of, nearest, quoted},
    reader::{Reader, step},
    yaml::{Entry, Node, Value},
};

/// Tells the names in `after` that are no environments, or the environment itself. Reads the file's tree, where the places are.
pub(super) fn check(reader: &mut Reader, root: &Node) {
    check_single(reader, entries(get(root, "services")));
    for service in entries(get(root, "services")) {
        let environments = entries(get(&service.node, "environments"));
        for environment in environments {
            let path = [
                ".services".to_owned(),
                step(&service.key),
                ".environments".to_owned(),
                step(&environment.key),
            ];
            reader.within(path.concat(), |reader| check_source(reader, environment));
            let Some(Node {
                value: Value::List(names),
                ..
            }) = get(&environment.node, "after")
            else {
                continue;
            };
            let others: Vec<&str> = environments
                .iter()
                .map(|other| other.key.as_str())
                .filter(|other| *other != environment.key)
                .collect();
            for (index, name) in names.iter().enumerate() {
                let path = [
                    ".services".to_owned(),
                    step(&service.key),
                    ".environments".to_owned(),
                    step(&environment.key),
                ];
                let path = format!("{}.after[{index}]", path.concat());
                reader.within(path, |reader| check_name(reader, name, &others));
            }
        }
    }
}

/// Tells all but the first service that name a target of which a pull request has one: what one of them removes the others lose.
fn check_single(reader: &mut Reader, services: &[Entry]) {
    for target in ["vcluster", "namespace"] {
        let mut first: Option<&Entry> = None;
        for service in services {
            let preview = get(&service.node, "preview");
            let Some(named) = entries(preview).iter().find(|entry| entry.key == target) else {
                continue;
            };
            let Some(first) = first else {
                first = Some(service);
                continue;
            };
            let path = [".services", &step(&service.key), ".preview.", target].concat();
            reader.within(path, |reader| {
                let message = format!(
                    "found it here and in {}, expected it in one service: a pull request has one {target} for all of them",
                    first.key
                );
                reader.tell(named.place, &message);
            });
        }
    }
}

/// Tells an environment that commits come to by two ways, or by none.
fn check_source(reader: &mut Reader, environment: &Entry) {
    let Node {
        value: Value::Map(_),
        ..
    } = &environment.node
    else {
        return;
    };
    let has = |key| get(&environment.node, key).is_some();
    let message = match (has("branch"), has("tag"), has("after")) {
        (true, true, _) => "found both branch and tag, expected one of them",
        (false, false, false) => {
            "found none of branch, tag and after, expected one: without it no commit ever gets here"
        }
        (true, false, _) | (false, true, _) | (false, false, true) => return,
    };
    reader.tell(environment.place, message);
}

fn check_name(reader: &mut Reader, node: &Node, others: &[&str]) {
    let Value::Text(name) = &node.value else {
        return;
    };
    if others.contains(&name.as_str()) {
        return;
    }
    let expected = if others.is_empty() {
        "another environment of the service, and it has none".to_owned()
    } else {
        format!("another environment of the service ({})", any_of(others))
    };
    let hint = nearest(name, others)
        .map(|meant| format!("; did you mean {meant}?"))
        .unwrap_or_default();
    let found = quoted(name);
    reader.tell(
        node.place,
        &format!("found {found}, expected {expected}{hint}"),
    );
}

pub(super) fn get<'node>(node: &'node Node, key: &str) -> Option<&'node Node> {
    let entry = entries(Some(node)).iter().find(|entry| entry.key == key);
    entry.map(|entry| &entry.node)
}

pub(super) fn entries(node: Option<&Node>) -> &[Entry] {
    match node {
        Some(Node {
            value: Value::Map(entries),
            ..
        }) => entries,
        Some(_) | None => &[],
    }
}
