//! The order of previews: `needs` names other services with a preview, and no service needs itself by any way.

use super::{
    problem::{any_of, nearest, quoted},
    reader::{Reader, step},
    references::{entries, get},
    yaml::{Entry, Node, Value},
};

/// Tells the names in `needs` that are no other service with a preview, and the ways that lead back to where they begin. Reads the
/// file's tree, where the places are.
pub(super) fn check(reader: &mut Reader, root: &Node) {
    let services = entries(get(root, "services"));
    for service in services {
        let others: Vec<&str> = services
            .iter()
            .filter(|other| other.key != service.key && get(&other.node, "preview").is_some())
            .map(|other| other.key.as_str())
            .collect();
        for (index, name) in needs(service).iter().enumerate() {
            let path = format!("{}[{index}]", path_of(service));
            reader.within(path, |reader| check_name(reader, name, &others));
        }
        if let Some(way) = way_back(services, service) {
            reader.within(path_of(service), |reader| {
                let message = format!(
                    "found {}: none of them could ever begin, expected an order",
                    way.join(" needs ")
                );
                reader.tell(service.place, &message);
            });
        }
    }
}

fn path_of(service: &Entry) -> String {
    [".services", &step(&service.key), ".preview.needs"].concat()
}

/// The names that a service needs, as they stand in the file.
fn needs(service: &Entry) -> &[Node] {
    let named = get(&service.node, "preview").and_then(|preview| get(preview, "needs"));
    match named.map(|node| &node.value) {
        Some(Value::List(names)) => names,
        Some(_) | None => &[],
    }
}

fn check_name(reader: &mut Reader, node: &Node, others: &[&str]) {
    let Value::Text(name) = &node.value else {
        return;
    };
    if others.contains(&name.as_str()) {
        return;
    }
    let expected = if others.is_empty() {
        "another service with a preview, and there is none".to_owned()
    } else {
        format!("another service with a preview ({})", any_of(others))
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

/// The shortest way from a service over what it needs back to itself, both ends included. Only services that stand below it are
/// gone through, so each way is told once, where it is met first. A service that names itself is told as a wrong name.
fn way_back<'file>(services: &'file [Entry], first: &'file Entry) -> Option<Vec<&'file str>> {
    let below = services.iter().position(|entry| entry.key == first.key)?;
    let below = services.get(below..)?;
    let mut ways = vec![vec![first]];
    let mut seen = vec![first.key.as_str()];
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let Some(last) = way.last() else { continue };
            for need in needs(last) {
                let Value::Text(name) = &need.value else {
                    continue;
                };
                if *name == first.key && way.len() > 1 {
                    let keys = way.iter().map(|entry| entry.key.as_str());
                    return Some(keys.chain([first.key.as_str()]).collect());
                }
                let next = below.iter().find(|entry| entry.key == *name);
                if let Some(next) = next.filter(|next| !seen.contains(&next.key.as_str())) {
                    seen.push(&next.key);
                    longer.push([way.as_slice(), &[next]].concat());
                }
            }
        }
        ways = longer;
    }
    None
}
