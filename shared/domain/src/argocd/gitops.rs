//! Where an application's manifests are in Git, so that a new version can be committed there.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Application, ImageDigest, ImageVersion, Setting, Source, SourceKind};
use crate::{ImageTag, RepositoryName};

/// What an application is to run, committed to the repository of its manifests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// The image without its tag.
    pub image: String,
    /// Its tag.
    pub tag: ImageTag,
    /// Its digest, if one was reported: where Kustomize makes the manifests it is committed instead of the tag.
    #[serde(default)]
    pub digest: Option<ImageDigest>,
    /// The path among Helm's values that takes the tag, where Helm makes the manifests.
    pub parameter: String,
}

/// A file of a GitOps repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitPlace {
    /// The host that serves the repository, as the application names it: `github.com`, or an alias such as `ssh.github.com`.
    #[serde(default)]
    pub host: String,
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
    /// The specification itself sets what the file would say, and wins over it.
    #[error(
        "the application itself overrides {setting}, which wins over what is in Git: remove that override from its specification \
         (kustomize.images, helm.parameters), or release by `update: {instead}`"
    )]
    Overridden {
        /// What is set, as a person would name it.
        setting: String,
        /// The kind of update that changes the override.
        instead: &'static str,
    },
    /// The specification has values of its own, and whether they set the one in question is for Helm to know.
    #[error(
        "the application has values of its own (helm.values, valuesObject or fileParameters), which win over every file in Git: move \
         them into a file of values, or release by `update: helm-parameter`"
    )]
    InlineValues,
    /// The file of values that wins is not in the source's folder.
    #[error(
        "the application's last file of values is {file:?}, and `update: git` edits only files in the folder of its source: \
         expected a path such as values-production.yaml as the last of helm.valueFiles"
    )]
    ValuesElsewhere {
        /// As the application names it.
        file: String,
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
    /// `ghcr.io/acme/shop:v2` or `ghcr.io/acme/shop@sha256:…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.digest {
            Some(digest) => write!(f, "{}@{digest}", self.image),
            None => write!(f, "{}:{}", self.image, self.tag),
        }
    }
}

impl Committed {
    /// What an application runs that follows the commit: the image by its digest, or by its tag where only that is committed.
    pub fn images(&self) -> Vec<String> {
        let by_tag = format!("{}:{}", self.image, self.tag);
        let by_digest = self.digest.iter();
        by_digest
            .map(|digest| format!("{}@{digest}", self.image))
            .chain([by_tag])
            .collect()
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
        let (host, repository) =
            repository_of(&source.repository).ok_or_else(|| NoGitPlace::Address {
                address: source.repository.clone(),
            })?;
        let setting = setting_of(source, wanted);
        let folder = source.path.as_deref().unwrap_or_default();
        let folder = folder.trim_start_matches("./").trim_matches('/');
        let paths = edited_files(source, &setting)?.into_iter();
        let paths = paths.map(|name| match folder {
            "" | "." => name.to_owned(),
            folder => format!("{folder}/{name}"),
        });
        let tracked = source.target_revision.as_str();
        Ok(GitPlace {
            host,
            repository,
            branch: (!matches!(tracked, "" | "HEAD")).then(|| tracked.to_owned()),
            paths: paths.collect(),
            setting,
        })
    }
}

/// What a file of the source is to say.
fn setting_of(source: &Source, wanted: &Committed) -> Setting {
    match source.kind {
        SourceKind::Helm => Setting::HelmParameter {
            name: wanted.parameter.clone(),
            value: wanted.tag.to_string(),
        },
        SourceKind::Kustomize
        | SourceKind::Directory
        | SourceKind::Plugin
        | SourceKind::Unknown => Setting::KustomizeImage {
            image: wanted.image.clone(),
            version: match &wanted.digest {
                Some(digest) => ImageVersion::Digest(digest.clone()),
                None => ImageVersion::Tag(wanted.tag.clone()),
            },
        },
    }
}

/// The names in the source's folder under which the file may be that has the last word on what is to be set.
fn edited_files<'source>(
    source: &'source Source,
    setting: &Setting,
) -> Result<Vec<&'source str>, NoGitPlace> {
    if super::change::element_of(source, setting).is_some() {
        let (setting, instead) = match setting {
            Setting::KustomizeImage { image, .. } => {
                (format!("the image {image}"), "kustomize-image")
            }
            Setting::HelmParameter { name, .. } => {
                (format!("the parameter {name}"), "helm-parameter")
            }
        };
        return Err(NoGitPlace::Overridden { setting, instead });
    }
    if source.helm_values.has_inline {
        return Err(NoGitPlace::InlineValues);
    }
    match source.helm_values.files.last() {
        Some(file) => Ok(vec![in_folder(file)?]),
        None => Ok(crate::manifest::file_names(source.kind).to_vec()),
    }
}

/// A file of values, if it is in the source's folder or below it.
fn in_folder(file: &str) -> Result<&str, NoGitPlace> {
    let path = file.strip_prefix("./").unwrap_or(file);
    let leaves = path.split('/').any(|part| matches!(part, "" | "." | ".."));
    if leaves || path.starts_with('$') || path.contains("://") || path.contains('*') {
        return Err(NoGitPlace::ValuesElsewhere {
            file: file.to_owned(),
        });
    }
    Ok(path)
}

/// The host and the repository that an address names: `https://github.com/acme/gitops.git`, `git@github.com:acme/gitops`.
fn repository_of(address: &str) -> Option<(String, RepositoryName)> {
    let (authority, path) = match address.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?,
        None => address.split_once(':')?,
    };
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let path = path.trim_end_matches('/');
    let name = path.strip_suffix(".git").unwrap_or(path).parse().ok()?;
    Some((host.to_ascii_lowercase(), name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::argocd::{HelmParameter, HelmValues};

    #[test]
    fn an_address_names_a_repository_however_it_is_written() {
        for address in [
            "https://github.com/acme/gitops",
            "https://github.com/acme/gitops.git",
            "https://x-access-token@github.com/acme/gitops/",
            "ssh://git@github.com/acme/gitops.git",
            "git@github.com:acme/gitops.git",
        ] {
            let (host, name) = repository_of(address).unwrap();
            let found = (host.as_str(), name.to_string());
            assert_eq!(found, ("github.com", "acme/gitops".to_owned()), "{address}");
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

    /// What would be committed for an application with this one source: the paths, or why not.
    fn committed_to(source: Source) -> String {
        let application = super::super::tests::application_of(source);
        let wanted = Committed {
            image: "ghcr.io/acme/shop".to_owned(),
            tag: "v2".parse().unwrap(),
            digest: None,
            parameter: "image.tag".to_owned(),
        };
        match application.git_place(&wanted) {
            Ok(place) => place.paths.join(", "),
            Err(problem) => problem.to_string(),
        }
    }

    fn helm(values: HelmValues) -> Source {
        Source {
            repository: "https://github.com/acme/gitops".to_owned(),
            path: Some("shop".to_owned()),
            kind: SourceKind::Helm,
            helm_values: values,
            ..Source::default()
        }
    }

    #[test]
    fn the_file_of_values_that_has_the_last_word_is_edited() {
        let files = |files: &[&str]| {
            committed_to(helm(HelmValues {
                files: files.iter().map(ToString::to_string).collect(),
                has_inline: false,
            }))
        };
        assert_eq!(files(&[]), "shop/values.yaml");
        assert_eq!(
            files(&["values.yaml", "values-production.yaml"]),
            "shop/values-production.yaml"
        );
        assert_eq!(
            files(&["./env/production.yaml"]),
            "shop/env/production.yaml"
        );
        for elsewhere in [
            "$values/shop.yaml",
            "../values.yaml",
            "/values.yaml",
            "https://acme.dev/v.yaml",
            "env/*.yaml",
        ] {
            let problem = files(&["values.yaml", elsewhere]);
            assert!(
                problem.contains("edits only files in the folder"),
                "{elsewhere}: {problem}"
            );
        }
    }

    #[test]
    fn nothing_is_committed_where_the_application_itself_has_the_last_word() {
        let inline = helm(HelmValues {
            files: Vec::new(),
            has_inline: true,
        });
        let parameter = Source {
            helm_parameters: vec![HelmParameter {
                name: "image.tag".to_owned(),
                value: "v1".to_owned(),
                force_string: true,
            }],
            ..helm(HelmValues::default())
        };
        let image = Source {
            kind: SourceKind::Kustomize,
            kustomize_images: vec!["web=ghcr.io/acme/shop:v1".to_owned()],
            ..helm(HelmValues::default())
        };
        let said = [inline, parameter, image].map(committed_to).join("\n");
        insta::assert_snapshot!(said, @"
        the application has values of its own (helm.values, valuesObject or fileParameters), which win over every file in Git: move them into a file of values, or release by `update: helm-parameter`
        the application itself overrides the parameter image.tag, which wins over what is in Git: remove that override from its specification (kustomize.images, helm.parameters), or release by `update: helm-parameter`
        the application itself overrides the image ghcr.io/acme/shop, which wins over what is in Git: remove that override from its specification (kustomize.images, helm.parameters), or release by `update: kustomize-image`
        ");
    }
}
