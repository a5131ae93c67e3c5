//! What a service is previewed on.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{ApplicationUuid, NotParsed};

/// What a service is previewed on: by this a preview and its places know it, in the store and in the API.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum TargetId {
    /// A Coolify application, as its uuid.
    Coolify(ApplicationUuid),
    /// The virtual cluster of the pull request, as `platform:vcluster`: the platform API makes one for each.
    VirtualCluster,
    /// The Kubernetes namespace of the pull request, as `kubernetes:namespace`: others make it, and Slipway removes it.
    Namespace,
}

/// No uuid of Coolify's has a colon.
const VIRTUAL_CLUSTER: &str = "platform:vcluster";
const NAMESPACE: &str = "kubernetes:namespace";

impl TargetId {
    /// The text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Coolify(uuid) => uuid.as_str(),
            Self::VirtualCluster => VIRTUAL_CLUSTER,
            Self::Namespace => NAMESPACE,
        }
    }

    /// Who has what is previewed there, for people.
    pub const fn vendor(&self) -> &'static str {
        match self {
            Self::Coolify(_) => "Coolify",
            Self::VirtualCluster => "the platform API",
            Self::Namespace => "Kubernetes",
        }
    }

    /// What is known when there is something to probe, for people.
    pub(crate) const fn begun(&self) -> &'static str {
        match self {
            Self::Coolify(_) => "Coolify started the container",
            Self::VirtualCluster => "the platform API took the image",
            Self::Namespace => "the namespace was there with the commit",
        }
    }

    /// The key in the configuration, where it tells one preview of a service from its other ones.
    pub const fn beside(&self) -> Option<&'static str> {
        match self {
            Self::Coolify(_) => None,
            Self::VirtualCluster => Some("vcluster"),
            Self::Namespace => Some("namespace"),
        }
    }
}

impl fmt::Display for TargetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TargetId {
    type Err = NotParsed;

    fn from_str(text: &str) -> Result<Self, NotParsed> {
        match text {
            VIRTUAL_CLUSTER => Ok(Self::VirtualCluster),
            NAMESPACE => Ok(Self::Namespace),
            uuid => Ok(Self::Coolify(uuid.parse()?)),
        }
    }
}

impl TryFrom<String> for TargetId {
    type Error = NotParsed;

    fn try_from(text: String) -> Result<Self, NotParsed> {
        text.parse()
    }
}

impl From<TargetId> for String {
    fn from(id: TargetId) -> Self {
        id.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_a_text_of_its_own_and_those_of_coolify_are_as_they_were() {
        for text in [
            "a8k4o0wcgkk4ks0w8s4g0s8k",
            "vcluster",
            "namespace",
            VIRTUAL_CLUSTER,
            NAMESPACE,
        ] {
            let id: TargetId = text.parse().unwrap();
            assert_eq!(id.to_string(), text);
            let is_coolify = matches!(id, TargetId::Coolify(_));
            assert_eq!(is_coolify, !text.contains(':'), "{text}");
        }
        assert!("kubernetes:pod".parse::<TargetId>().is_err());
    }
}
