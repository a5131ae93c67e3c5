//! The order of previews: `needs` names other services with a preview, and no service needs itself by any way.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    problem::{PROBLEMS_MAX, any_of, nearest, quoted},
    reader::{Reader, step},
    references::{entries, get},
    yaml::{Entry, Node, Value},
};

/// So many of the names that would be right are told.
const NAMED: usize = 20;

/// Tells the names in `needs` that are no other service with a preview, and the ways that lead back to where they begin.
/// Reads the file's tree, where the places are.
pub(super) fn check(reader: &mut Reader, root: &Node) {
    let services = entries(get(root, "services"));
    let previewed = services
        .iter()
        .filter(|service| get(&service.node, "preview").is_some());
    let previewed: BTreeMap<&str, &Entry> = previewed
        .map(|service| (service.key.as_str(), service))
        .collect();
    for service in services {
        for (index, name) in needs(service).iter().enumerate() {
            let path = format!("{}[{index}]", path_of(service));
            reader.within(path, |reader| check_name(reader, name, service, &previewed));
        }
    }
    for way in ways_back(services, &previewed) {
        let Some(first) = way.first() else { continue };
        reader.within(path_of(first), |reader| {
            let names: Vec<&str> = way.iter().map(|service| service.key.as_str()).collect();
            let message = format!(
                "found {}: none of them could ever begin, expected an order",
                names.join(" needs ")
            );
            reader.tell(first.place, &message);
        });
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

fn check_name(
    reader: &mut Reader,
    node: &Node,
    service: &Entry,
    previewed: &BTreeMap<&str, &Entry>,
) {
    let Value::Text(name) = &node.value else {
        return;
    };
    if *name != service.key && previewed.contains_key(name.as_str()) {
        return;
    }
    let others = previewed
        .keys()
        .copied()
        .filter(|other| *other != service.key);
    let others: Vec<&str> = others.take(NAMED).collect();
    let expected = if others.is_empty() {
        "another service with a preview, and there is none".to_owned()
    } else {
        format!("another service with a preview ({})", any_of(&others))
    };
    let hint = nearest(name, &others)
        .map(|meant| format!("; did you mean {meant}?"))
        .unwrap_or_default();
    let found = quoted(name);
    reader.tell(
        node.place,
        &format!("found {found}, expected {expected}{hint}"),
    );
}

/// Ways from a service over what it needs back to itself, both ends included: in a file of some at least one of them. Each
/// service is gone through once, however many ways lead to it. A service that names itself is told as a wrong name.
fn ways_back<'file>(
    services: &'file [Entry],
    previewed: &BTreeMap<&str, &'file Entry>,
) -> Vec<Vec<&'file Entry>> {
    let mut found = Vec::new();
    let mut done = BTreeSet::new();
    for first in services {
        // The way to here: each service with how many of its needs were followed.
        let mut way: Vec<(&Entry, usize)> = vec![(first, 0)];
        while let Some((service, followed)) = way.last_mut() {
            let service = *service;
            let need = needs(service).get(*followed);
            *followed += 1;
            let Some(need) = need.filter(|_| !done.contains(service.key.as_str())) else {
                done.insert(service.key.as_str());
                way.pop();
                continue;
            };
            let Value::Text(name) = &need.value else {
                continue;
            };
            let next = previewed.get(name.as_str()).copied();
            let Some(next) = next.filter(|next| next.key != service.key) else {
                continue;
            };
            match way.iter().position(|(before, _)| before.key == next.key) {
                Some(begun) if found.len() < PROBLEMS_MAX => {
                    let round = way.iter().skip(begun).map(|(service, _)| *service);
                    found.push(round.chain([next]).collect());
                }
                Some(_) => {}
                None => way.push((next, 0)),
            }
        }
    }
    found
}
