//! Where the files are, and reading them.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

/// The root of the project.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

/// Reads a text file of the project, named from its root.
pub fn read(name: &str) -> anyhow::Result<String> {
    std::fs::read_to_string(root().join(name)).with_context(|| format!("cannot read {name}"))
}

/// All files below these folders, named from the root, in order; links are not followed.
pub fn files(folders: &[&str]) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = folders.iter().map(PathBuf::from).collect();
    while let Some(folder) = open.pop() {
        let entries = std::fs::read_dir(root().join(&folder))
            .with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = folder.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(name);
            } else if kind.is_file() {
                found.push(name.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The documents of a YAML file, named from the root.
pub fn documents(name: &str) -> anyhow::Result<Vec<Value>> {
    serde_saphyr::from_multiple(&read(name)?).with_context(|| format!("{name} is not YAML"))
}

/// The only document of a YAML file, named from the root.
pub fn document(name: &str) -> anyhow::Result<Value> {
    serde_saphyr::from_str(&read(name)?).with_context(|| format!("{name} is not one YAML document"))
}

/// Where a template stands in an application's repository; none if it is not copied as it is.
pub fn place_in_repository(name: &str) -> Option<PathBuf> {
    let rest = name.strip_prefix("templates/")?;
    if let Some(workflow) = rest.strip_prefix("github/workflows/") {
        return Some(Path::new(".github/workflows").join(workflow));
    }
    (rest.starts_with("k8s/") || rest.starts_with("argocd/")).then(|| PathBuf::from(rest))
}

/// Copies the templates into a folder, each to its place in an application's repository.
pub fn lay_out_repository(folder: &Path) -> anyhow::Result<()> {
    for name in files(&["templates"])? {
        let Some(place) = place_in_repository(&name) else {
            continue;
        };
        let to = folder.join(place);
        if let Some(parent) = to.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::copy(root().join(&name), &to)
            .with_context(|| format!("cannot copy {name} to {}", to.display()))?;
    }
    Ok(())
}
