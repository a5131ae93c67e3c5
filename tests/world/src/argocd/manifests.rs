//! What a source renders to: the images in the files of a repository of the simulated GitHub, with the application's overrides.
//!
//! Of Kustomize, Helm and plain manifests exactly so much is read as decides which image runs.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::github::state::{GitHubState, Repository};

/// What the sources of an application render to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Manifests {
    /// The commit of each source.
    pub(crate) revisions: Vec<String>,
    /// The images, in the order of the files.
    pub(crate) images: Vec<String>,
    /// `Kustomize`, `Helm` or `Directory`, for each source.
    pub(crate) kinds: Vec<&'static str>,
    /// Differs when anything in the manifests does.
    pub(crate) digest: String,
}

/// Renders sources; `asked` are the revisions to take instead of those that are tracked, empty where none is.
pub(crate) fn render(
    github: &GitHubState,
    sources: &[Value],
    asked: &[String],
) -> Result<Manifests, String> {
    let mut manifests = Manifests::default();
    let mut hash = Sha256::new();
    for (place, source) in sources.iter().enumerate() {
        let text = |name: &str| source.get(name).and_then(Value::as_str).unwrap_or_default();
        let wanted = asked.get(place).filter(|revision| !revision.is_empty());
        let wanted = wanted.map_or(text("targetRevision"), String::as_str);
        let revision = resolve(github, text("repoURL"), wanted)?;
        let repository = repository(github, text("repoURL"))?;
        let commit = repository.commits.get(&revision).ok_or_else(|| {
            format!(
                "Failed to load target state: failed to generate manifest for source {} of {}: rpc error: code = Unknown desc = \
                 failed to checkout revision {revision}: fatal: unable to read tree ({revision})",
                place + 1,
                sources.len()
            )
        })?;
        let folder = text("path").trim_matches('/');
        let files: BTreeMap<&str, String> = commit
            .files
            .iter()
            .filter_map(|(path, content)| {
                Some((
                    within(folder, path)?,
                    String::from_utf8_lossy(content).into_owned(),
                ))
            })
            .collect();
        if files.is_empty() {
            return Err(format!(
                "Failed to load target state: rpc error: code = Unknown desc = {folder}: app path does not exist"
            ));
        }
        let (kind, images) = images(&files, source);
        for (path, content) in &files {
            hash.update(format!("{path}\n{content}\n"));
        }
        hash.update(images.join("\n"));
        manifests.revisions.push(revision);
        manifests.images.extend(images);
        manifests.kinds.push(kind);
    }
    manifests.digest = hex::encode(hash.finalize());
    Ok(manifests)
}

/// The commit that a branch, tag, `HEAD` or hash means. A whole hash is taken without a look (VENDORS 2.2).
pub(crate) fn resolve(github: &GitHubState, url: &str, revision: &str) -> Result<String, String> {
    if revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(revision.to_owned());
    }
    let found = repository(github, url)?;
    let branch = if matches!(revision, "" | "HEAD") {
        found.default_branch.as_str()
    } else {
        revision
    };
    let known = found
        .branches
        .get(branch)
        .or_else(|| found.tags.get(branch))
        .cloned();
    known
        .or_else(|| {
            let mut commits = found.commits.keys();
            commits
                .find(|sha| revision.len() >= 7 && sha.starts_with(revision))
                .cloned()
        })
        .ok_or_else(|| format!("unable to resolve '{revision}' to a commit SHA"))
}

/// The repository of the simulated GitHub that a URL's last two parts name.
fn repository<'a>(github: &'a GitHubState, url: &str) -> Result<&'a Repository, String> {
    let mut parts = url.trim_end_matches(".git").rsplit(['/', ':']);
    let (name, owner) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let found = github.named(&format!("{owner}/{name}"));
    found
        .filter(|found| !found.hidden)
        .ok_or_else(|| format!("failed to list refs: repository not found: {url}"))
}

fn within<'a>(folder: &str, path: &'a str) -> Option<&'a str> {
    if matches!(folder, "" | ".") {
        return Some(path);
    }
    path.strip_prefix(folder)?.strip_prefix('/')
}

fn images(files: &BTreeMap<&str, String>, source: &Value) -> (&'static str, Vec<String>) {
    if let Some(kustomization) = files.get("kustomization.yaml") {
        let overrides: Vec<&str> = source
            .pointer("/kustomize/images")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        return ("Kustomize", kustomized(kustomization, &overrides));
    }
    if files.contains_key("Chart.yaml") {
        let values = files
            .get("values.yaml")
            .map(String::as_str)
            .unwrap_or_default();
        return ("Helm", charted(values, source));
    }
    let lines = files.values().flat_map(|content| content.lines());
    (
        "Directory",
        lines.filter_map(|line| field(line, "image")).collect(),
    )
}

/// The entries of `images:`, each overridden by the application's entry of the same name. An override of an image that is not
/// there changes nothing, as in Kustomize.
fn kustomized(kustomization: &str, overrides: &[&str]) -> Vec<String> {
    struct Image {
        name: String,
        shown: String,
        version: String,
    }
    let mut images: Vec<Image> = Vec::new();
    for line in kustomization.lines() {
        let bare = line.trim_start().trim_start_matches("- ");
        if let Some(name) = field(bare, "name").filter(|_| line.trim_start().starts_with("- ")) {
            images.push(Image {
                shown: name.clone(),
                name,
                version: ":latest".to_owned(),
            });
        }
        let Some(image) = images.last_mut() else {
            continue;
        };
        if let Some(new) = field(bare, "newName") {
            image.shown = new;
        } else if let Some(tag) = field(bare, "newTag") {
            image.version = format!(":{tag}");
        } else if let Some(digest) = field(bare, "digest") {
            image.version = format!("@{digest}");
        }
    }
    for entry in overrides {
        let (named, rest) = entry
            .split_once('=')
            .map_or((None, *entry), |(name, rest)| (Some(name), rest));
        let at = rest.find('@').or_else(|| {
            rest.rfind(':')
                .filter(|at| !rest.get(*at..).unwrap_or_default().contains('/'))
        });
        let (shown, version) = at.map_or((rest, ""), |at| rest.split_at(at));
        let name = named.unwrap_or(shown);
        for image in images.iter_mut().filter(|image| image.name == name) {
            shown.clone_into(&mut image.shown);
            if !version.is_empty() {
                version.clone_into(&mut image.version);
            }
        }
    }
    images
        .into_iter()
        .map(|image| image.shown + &image.version)
        .collect()
}

/// `image.repository` and `image.tag` of the values, overridden by the application's parameters.
fn charted(values: &str, source: &Value) -> Vec<String> {
    let mut inside = false;
    let (mut repository, mut tag) = (String::new(), "latest".to_owned());
    for line in values.lines().filter(|line| !line.trim().is_empty()) {
        if !line.starts_with(' ') {
            inside = line.trim_end() == "image:";
        } else if inside {
            repository = field(line, "repository").unwrap_or(repository);
            tag = field(line, "tag").unwrap_or(tag);
        }
    }
    let parameters = source.pointer("/helm/parameters").and_then(Value::as_array);
    for parameter in parameters.into_iter().flatten() {
        let text = |name: &str| {
            parameter
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        match text("name") {
            "image.repository" => text("value").clone_into(&mut repository),
            "image.tag" => text("value").clone_into(&mut tag),
            _ => {}
        }
    }
    vec![format!("{repository}:{tag}")]
}

/// The value in a line `key: value`, without quotes and comment.
fn field(line: &str, key: &str) -> Option<String> {
    let value = line
        .trim_start()
        .trim_start_matches("- ")
        .strip_prefix(key)?
        .strip_prefix(':')?;
    let value = value.split(" #").next().unwrap_or_default().trim();
    let value = value.trim_matches(['"', '\'']);
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const KUSTOMIZATION: &str = "resources:\n- deployment.yaml\nimages:\n- name: ghcr.io/acme/shop # ours\n  newTag: \"v1\"\n\
                                 - name: db\n  newName: registry.example:5000/db\n  newTag: '7'\n";

    #[test]
    fn overrides_meet_images_by_name_and_nothing_else() {
        for (overrides, expected) in [
            (
                vec![],
                ["ghcr.io/acme/shop:v1", "registry.example:5000/db:7"],
            ),
            (
                vec!["ghcr.io/acme/shop:v2"],
                ["ghcr.io/acme/shop:v2", "registry.example:5000/db:7"],
            ),
            (
                vec!["ghcr.io/acme/sho:v2"],
                ["ghcr.io/acme/shop:v1", "registry.example:5000/db:7"],
            ),
            (
                vec![
                    "db=other.example:80/db@sha256:00",
                    "ghcr.io/acme/shop=ghcr.io/acme/shop:v3",
                ],
                ["ghcr.io/acme/shop:v3", "other.example:80/db@sha256:00"],
            ),
        ] {
            assert_eq!(
                kustomized(KUSTOMIZATION, &overrides),
                expected,
                "{overrides:?}"
            );
        }
    }

    #[test]
    fn a_charts_values_are_overridden_by_parameters() {
        let values =
            "replicas: 2\nimage:\n  repository: ghcr.io/acme/shop\n  tag: v1\nother:\n  tag: x\n";
        assert_eq!(charted(values, &json!({})), ["ghcr.io/acme/shop:v1"]);
        let source = json!({"helm": {"parameters": [{"name": "image.tag", "value": "1.10"}]}});
        assert_eq!(charted(values, &source), ["ghcr.io/acme/shop:1.10"]);
    }
}
