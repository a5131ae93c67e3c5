//! What Slipway knows Backstage's things by: references of entities.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::NotParsed;

/// The reference of an entity: `component:default/shop-web`. Its name is that of `catalog-info.yaml`, not the repository's.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntityRef {
    kind: String,
    namespace: String,
    name: String,
}

impl FromStr for EntityRef {
    type Err = NotParsed;

    /// Takes what the configuration takes: the kind is a component and the namespace `default` unless said. Backstage does not
    /// tell capitals from small letters, so neither does this.
    fn from_str(text: &str) -> Result<Self, NotParsed> {
        let (kind, rest) = text.split_once(':').unwrap_or(("component", text));
        let (namespace, name) = rest.split_once('/').unwrap_or(("default", rest));
        let made_of = |part: &str, allowed: fn(u8) -> bool| {
            (1..=63).contains(&part.len()) && part.bytes().all(allowed)
        };
        let is_kind = made_of(kind, |byte| byte.is_ascii_alphanumeric())
            && kind.starts_with(|first: char| first.is_ascii_alphabetic());
        let is_namespace = made_of(namespace, |byte| {
            byte.is_ascii_alphanumeric() || byte == b'-'
        });
        let is_name = made_of(name, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
        });
        if is_kind && is_namespace && is_name {
            return Ok(Self {
                kind: kind.to_ascii_lowercase(),
                namespace: namespace.to_ascii_lowercase(),
                name: name.to_ascii_lowercase(),
            });
        }
        Err(NotParsed::new(
            "a Backstage entity, such as component:default/shop-web",
            text,
        ))
    }
}

impl TryFrom<String> for EntityRef {
    type Error = NotParsed;

    fn try_from(text: String) -> Result<Self, NotParsed> {
        text.parse()
    }
}

impl From<EntityRef> for String {
    fn from(entity: EntityRef) -> Self {
        entity.to_string()
    }
}

impl fmt::Display for EntityRef {
    /// Whole: kind, namespace and name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", self.kind, self.namespace, self.name)
    }
}

impl fmt::Debug for EntityRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_completed_and_written_small() {
        for (text, expected) in [
            ("shop-web", "component:default/shop-web"),
            ("API:shop", "api:default/shop"),
            ("Component:Team-A/Shop_Web.1", "component:team-a/shop_web.1"),
        ] {
            assert_eq!(text.parse::<EntityRef>().unwrap().to_string(), expected);
        }
        for bad in [
            "",
            "a:b:c",
            "component:",
            "a/b/c",
            "a b",
            "../x",
            "0:x",
            &"x".repeat(64),
        ] {
            assert!(bad.parse::<EntityRef>().is_err(), "{bad}");
        }
    }
}
