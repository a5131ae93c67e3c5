//! Images at `ghcr.io`: packages, whose versions are manifests with tags (GHDOCS rest/packages).

use std::collections::BTreeSet;

use super::GitHub;
use super::state::GitHubState;
use crate::clock::Clock;
use crate::names::Names;

/// A version of a package.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) id: u64,
    /// The digest of the manifest.
    pub(crate) digest: String,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) created_at: i64,
}

impl GitHubState {
    /// Pushes an image: a tag that another version bore moves on to this one.
    fn push_image(&mut self, package: &str, tags: &[&str], (clock, names): (&Clock, &Names)) {
        let versions = self.packages.entry(package.to_lowercase()).or_default();
        for version in versions.iter_mut() {
            version.tags.retain(|tag| !tags.contains(&tag.as_str()));
        }
        versions.insert(
            0,
            Version {
                id: names.number(),
                digest: format!("sha256:{}", names.sha()),
                tags: tags.iter().map(ToString::to_string).collect(),
                created_at: clock.now(),
            },
        );
    }
}

impl GitHub {
    /// Pushes a new image `ghcr.io/<package>` with these tags.
    pub fn push_image(&self, package: &str, tags: &[&str]) {
        let shared = &self.shared;
        shared.change(|state| {
            let at = (&shared.clock, &shared.names);
            state.github.push_image(package, tags, at);
        });
    }

    /// All tags of `ghcr.io/<package>`.
    #[must_use]
    pub fn image_tags(&self, package: &str) -> BTreeSet<String> {
        self.shared.look(|state| {
            let versions = state.github.packages.get(&package.to_lowercase());
            versions
                .into_iter()
                .flatten()
                .flat_map(|version| version.tags.clone())
                .collect()
        })
    }

    /// Makes this token a classic one with these scopes: packages are for no other.
    pub fn add_classic_token(&self, token: &str, login: &str, scopes: &[&str]) {
        self.add_token(token, login);
        let scopes = scopes.iter().map(ToString::to_string).collect();
        self.shared
            .change(|state| state.github.scopes.insert(token.to_owned(), scopes));
    }
}
