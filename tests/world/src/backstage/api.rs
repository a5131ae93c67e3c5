//! Backstage's catalog API, which checks requests against its own OpenAPI document (VENDORS 3.1 to 3.3).

use std::sync::Arc;

use serde_json::{Value, json};

use super::{BackstageState, Entity};
use crate::contract;
use crate::journal::Effect;
use crate::message::{Reply, Request};
use crate::state::Shared;

/// Entities on one page unless asked for otherwise.
const PAGE: usize = 20;

/// An error in Backstage's form.
fn error(request: &Request, status: u16, name: &str, message: &str) -> Reply {
    let inside = request
        .path
        .strip_prefix("/api/catalog")
        .unwrap_or(&request.path);
    Reply::json(
        status,
        &json!({"error": {"name": name, "message": message}, "request": {"method": request.method, "url": inside},
            "response": {"statusCode": status}}),
    )
}

/// Answers one request.
pub(crate) fn answer(shared: &Arc<Shared>, request: &Request) -> Reply {
    shared.change(|state| {
        let backstage = &mut state.backstage;
        if request.header("authorization").is_none() {
            return error(request, 401, "AuthenticationError", "Missing credentials");
        }
        let Some(permissions) = request.token().and_then(|token| backstage.tokens.get(token)).cloned() else {
            return error(request, 401, "AuthenticationError", "Illegal token");
        };
        let may = |permission: &str| permissions.iter().any(|own| own == permission);
        let denied = || error(request, 403, "NotAllowedError", "This token's access is restricted to other permissions");
        let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
        match (request.method.as_str(), segments.as_slice()) {
            ("POST", ["api", "catalog", "refresh"]) if !may("catalog.entity.refresh") => denied(),
            ("POST", ["api", "catalog", "refresh"]) => refresh(backstage, request),
            ("GET", ["api", "catalog", "entities", ..]) if !may("catalog.entity.read") => denied(),
            ("GET", ["api", "catalog", "entities", "by-query"]) => by_query(backstage, request),
            ("GET", ["api", "catalog", "entities", "by-name", kind, namespace, name]) => {
                let reference = format!("{kind}:{namespace}/{name}").to_ascii_lowercase();
                match backstage.entities.get(&reference) {
                    Some(entity) => Reply::json(200, &entity.shown()),
                    None => error(
                        request,
                        404,
                        "NotFoundError",
                        &format!("No entity named '{name}' found, with kind '{kind}' in namespace '{namespace}'"),
                    ),
                }
            }
            _ => error(request, 404, "NotFoundError", "Not found"),
        }
    })
}

fn refresh(backstage: &mut BackstageState, request: &Request) -> Reply {
    let is_json = request
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/json"));
    if !is_json {
        let kind = request.header("content-type").unwrap_or_default();
        return error(
            request,
            400,
            "InputError",
            &format!("unsupported media type {kind}"),
        );
    }
    if let Some(violation) = contract::violations(request).first() {
        return error(request, 400, "InputError", violation);
    }
    let body = request.json().unwrap_or_default();
    let reference = body
        .get("entityRef")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let Some(entity) = backstage.entities.get_mut(&reference.to_ascii_lowercase()) else {
        return error(
            request,
            404,
            "NotFoundError",
            &format!("Entity {reference} not found"),
        );
    };
    entity.refreshes += 1;
    // Nothing in it, and no content type.
    Reply::empty(200).effect(Effect::EntityRefreshed {
        entity: reference.to_ascii_lowercase(),
    })
}

fn by_query(backstage: &BackstageState, request: &Request) -> Reply {
    // A cursor is what was asked for first, and how far it went.
    let cursor = request
        .query("cursor")
        .and_then(|cursor| cursor.split_once('|'));
    let filters: Vec<&str> = match cursor {
        Some((_, filter)) => vec![filter],
        None => {
            let filters = request.query.iter().filter(|(key, _)| key == "filter");
            filters.map(|(_, value)| value.as_str()).collect()
        }
    };
    let skipped: usize = cursor
        .and_then(|(count, _)| count.parse().ok())
        .unwrap_or_default();
    let limit = request
        .query("limit")
        .and_then(|limit| limit.parse().ok())
        .unwrap_or(PAGE)
        .max(1);
    let wanted =
        |entity: &&Entity| filters.is_empty() || filters.iter().any(|filter| fits(entity, filter));
    let all: Vec<&Entity> = backstage.entities.values().filter(wanted).collect();
    let fields = request.query("fields");
    let items: Vec<Value> = all
        .iter()
        .skip(skipped)
        .take(limit)
        .map(|entity| pruned(&entity.shown(), fields))
        .collect();
    let next = skipped + items.len();
    let info = if next < all.len() {
        json!({"nextCursor": format!("{next}|{}", filters.join(","))})
    } else {
        json!({})
    };
    Reply::json(
        200,
        &json!({"items": items, "totalItems": all.len(), "pageInfo": info}),
    )
}

/// Whether an entity fits all conditions of a filter; capitals do not matter.
fn fits(entity: &Entity, filter: &str) -> bool {
    filter.split(',').all(|condition| {
        let (key, value) = condition.split_once('=').unwrap_or((condition, ""));
        let found = match key {
            "kind" => Some(entity.kind.as_str()),
            "metadata.name" => Some(entity.name.as_str()),
            "metadata.namespace" => Some(entity.namespace.as_str()),
            "metadata.annotations.github.com/project-slug" => entity.repository.as_deref(),
            _ => None,
        };
        found.is_some_and(|found| value.is_empty() || found.eq_ignore_ascii_case(value))
    })
}

/// Only these fields, separated by commas, of two levels at most.
fn pruned(entity: &Value, fields: Option<&str>) -> Value {
    let Some(fields) = fields else {
        return entity.clone();
    };
    let mut kept = json!({});
    for field in fields.split(',') {
        let (first, second) = field.split_once('.').unwrap_or((field, ""));
        let pointer = format!("/{}", field.replace('.', "/"));
        let (Some(value), Some(object)) = (entity.pointer(&pointer), kept.as_object_mut()) else {
            continue;
        };
        if second.is_empty() {
            object.insert(first.to_owned(), value.clone());
        } else if let Some(inner) = object
            .entry(first)
            .or_insert_with(|| json!({}))
            .as_object_mut()
        {
            inner.insert(second.to_owned(), value.clone());
        }
    }
    kept
}
