//! Where an application's manifests are in Git, so that a new version can be committed there.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Application, ImageVersion, Setting, Source, SourceKind};
use crate::{ImageTag, RepositoryName};

/// What an application is to run, committed to the repository of its manifests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// The image without its tag.
    pub image: String,
    /// Its tag.
    pub tag: ImageTag,
    /// The path among Helm's values that takes the tag, where Helm makes the manifests.
    pub parameter: String,
}

/// A file of a GitOps repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitPlace {
    /// The repository.
    pub repository: RepositoryName,
    /// The branch that the application tracks; none for the default one.
    pub branch: Option<String>,
    /// The paths at which the file may be, in the order in which they are to be looked for.
    pub paths: Vec<String>,
    /// What it is to say.
    pub setting: Setting,
}

/// Why nothing can be committed for an application: what is so, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoGitPlace {
    /// No source is made by Kustomize or Helm from files, or several are.
    #[error(
        "{places} sources of the application are made by Kustomize or Helm from files of a repository, and `update: git` needs one: \
         with several, or plain files, release by `sync`"
    )]
    Sources {
        /// How many.
        places: usize,
    },
    /// The repository's address names none that can be committed to.
    #[error(
        "{address:?} is no repository on GitHub to commit to: expected an address such as https://github.com/acme/gitops.git"
    )]
    Address {
        /// What the application says.
        address: String,
    },
}

impl fmt::Display for Committed {
    /// `ghcr.io/acme/shop:v2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.image, self.tag)
    }
}

impl Application {
    /// The file that says which version the application runs, and what it is to say.
    pub fn git_place(&self, wanted: &Committed) -> Result<GitPlace, NoGitPlace> {
        let is_made = |source: &&Source| {
            let edited = !crate::manifest::file_names(source.kind).is_empty();
            edited && source.chart.is_none() && source.path.is_some()
        };
        let sources: Vec<&Source> = self.sources.iter().filter(is_made).collect();
        let [source] = sources.as_slice() else {
            return Err(NoGitPlace::Sources {
                places: sources.len(),
            });
        };
        let repository = repository_of(&source.repository).ok_or_else(|| NoGitPlace::Address {
            address: source.repository.clone(),
        })?;
        let folder = source.path.as_deref().unwrap_or_default();
        let folder = folder.trim_start_matches("./").trim_matches('/');
        let names = crate::manifest::file_names(source.kind).iter();
        let paths = names.map(|name| match folder {
            "" | "." => (*name).to_owned(),
            folder => format!("{folder}/{name}"),
        });
        let tracked = source.target_revision.as_str();
        Ok(GitPlace {
            repository,
            branch: (!matches!(tracked, "" | "HEAD")).then(|| tracked.to_owned()),
            paths: paths.collect(),
            setting: match source.kind {
                SourceKind::Helm => Setting::HelmParameter {
                    name: wanted.parameter.clone(),
                    value: wanted.tag.to_string(),
                },
                SourceKind::Kustomize
                | SourceKind::Directory
                | SourceKind::Plugin
                | SourceKind::Unknown => Setting::KustomizeImage {
                    image: wanted.image.clone(),
                    version: ImageVersion::Tag(wanted.tag.clone()),
                },
            },
        })
    }
}

/// The repository that an address names: `https://github.com/acme/gitops.git`, `git@github.com:acme/gitops`.
fn repository_of(address: &str) -> Option<RepositoryName> {
    let path = match address.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?.1,
        None => address.split_once(':')?.1,
    };
    let path = path.trim_end_matches('/');
    path.strip_suffix(".git").unwrap_or(path).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_repository_however_it_is_written() {
        for address in [
            "https://github.com/acme/gitops",
            "https://github.com/acme/gitops.git",
            "https://x-access-token@github.com/acme/gitops/",
            "ssh://git@github.com/acme/gitops.git",
            "git@github.com:acme/gitops.git",
        ] {
            let found = repository_of(address).map(|name| name.to_string());
            assert_eq!(found.as_deref(), Some("acme/gitops"), "{address}");
        }
        for address in [
            "",
            "gitops",
            "https://github.com/acme",
            "https://gitlab.com/a/b/c",
            "../gitops",
        ] {
            assert_eq!(repository_of(address), None, "{address}");
        }
    }
}
