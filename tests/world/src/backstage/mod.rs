//! Backstage's catalog as stories see it: entities, and which of them were refreshed (VENDORS 3).

pub(crate) mod api;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::state::Shared;

/// Backstage's whole state.
#[derive(Debug, Default)]
pub(crate) struct BackstageState {
    /// Token to what it may do: `catalog.entity.read`, `catalog.entity.refresh`.
    pub(crate) tokens: BTreeMap<String, Vec<String>>,
    /// By their references in small letters.
    pub(crate) entities: BTreeMap<String, Entity>,
}

#[derive(Debug)]
pub(crate) struct Entity {
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// `github.com/project-slug`.
    pub(crate) repository: Option<String>,
    pub(crate) refreshes: u32,
}

/// The simulated Backstage.
#[derive(Debug, Clone)]
pub struct Backstage {
    pub(crate) shared: Arc<Shared>,
}

impl Entity {
    pub(crate) fn shown(&self) -> Value {
        let mut annotations = json!({"backstage.io/managed-by-location": "url:https://github.com/acme/shop/blob/main/catalog-info.yaml"});
        if let (Some(slug), Some(fields)) = (&self.repository, annotations.as_object_mut()) {
            fields.insert("github.com/project-slug".to_owned(), slug.as_str().into());
        }
        json!({
            "apiVersion": "backstage.io/v1alpha1", "kind": self.kind,
            "metadata": {"name": self.name, "namespace": self.namespace, "annotations": annotations},
            "spec": {"type": "service", "lifecycle": "production", "owner": "team-a"},
        })
    }
}

impl Backstage {
    /// Makes this entity, as `Component:default/shop-web`; its annotation names the repository, if there is one.
    pub fn entity(&self, reference: &str, repository: Option<&str>) {
        let (kind, rest) = reference
            .split_once(':')
            .unwrap_or(("Component", reference));
        let (namespace, name) = rest.split_once('/').unwrap_or(("default", rest));
        let entity = Entity {
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            repository: repository.map(str::to_owned),
            refreshes: 0,
        };
        let key = format!("{kind}:{namespace}/{name}").to_ascii_lowercase();
        self.shared
            .change(|state| state.backstage.entities.insert(key, entity));
    }

    /// How often an entity was refreshed; its reference whole and in small letters.
    #[must_use]
    pub fn refreshes(&self, reference: &str) -> u32 {
        self.shared.look(|state| {
            let found = state.backstage.entities.get(reference);
            found.map_or(0, |entity| entity.refreshes)
        })
    }

    /// A token that may do only these (`catalog.entity.read`, `catalog.entity.refresh`).
    #[must_use]
    pub fn token_with(&self, permissions: &[&str]) -> String {
        let token = self.shared.names.sha();
        self.add_token(&token, permissions);
        token
    }

    /// Makes this token one with these permissions.
    pub fn add_token(&self, token: &str, permissions: &[&str]) {
        let permissions = permissions.iter().map(ToString::to_string).collect();
        self.shared
            .change(|state| state.backstage.tokens.insert(token.to_owned(), permissions));
    }
}
