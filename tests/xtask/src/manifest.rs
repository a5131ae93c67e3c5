//! What `spin.toml` says of building.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::toolchain::WASM_TARGET;
use crate::workspace;

/// The part of `spin.toml` that concerns building; the embedded host and Spin read the rest.
#[derive(Debug, Deserialize)]
pub(crate) struct Manifest {
    #[serde(rename = "component")]
    components: BTreeMap<String, Component>,
}

#[derive(Debug, Deserialize)]
struct Component {
    source: PathBuf,
    build: Option<Build>,
    #[serde(default)]
    dependencies: BTreeMap<String, Dependency>,
}

#[derive(Debug, Deserialize)]
struct Build {
    command: String,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    path: PathBuf,
}

impl Manifest {
    /// Reads `spin.toml`.
    pub(crate) fn read() -> anyhow::Result<Self> {
        Self::parse(&workspace::read("spin.toml")?)
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        toml::from_str(text).context("spin.toml is not as expected")
    }

    /// The packages that the build commands name, in the order in which they do.
    ///
    /// The commands differ in nothing else, so all packages are built by one call of cargo, side by side.
    pub(crate) fn packages(&self) -> anyhow::Result<Vec<String>> {
        let mut packages = Vec::new();
        for (id, component) in &self.components {
            let Some(build) = &component.build else {
                continue;
            };
            let named = packages_of(&build.command)
                .with_context(|| format!("spin.toml: the component {id:?}"))?;
            packages.extend(named);
        }
        Ok(packages)
    }

    /// The files of components and their dependencies, as the manifest names them.
    pub(crate) fn files(&self) -> BTreeSet<PathBuf> {
        let components = self.components.values();
        components
            .flat_map(|component| {
                let dependencies = component
                    .dependencies
                    .values()
                    .map(|dependency| dependency.path.clone());
                dependencies.chain([component.source.clone()])
            })
            .collect()
    }
}

fn packages_of(command: &str) -> anyhow::Result<Vec<String>> {
    let expected = format!("cargo build --release --target {WASM_TARGET} -p <package> …");
    let mut words = command.split_whitespace();
    let prefix: Vec<&str> = words.by_ref().take(5).collect();
    if prefix != ["cargo", "build", "--release", "--target", WASM_TARGET] {
        bail!("its build command is {command:?}, expected {expected}");
    }
    let mut packages = Vec::new();
    while let Some(word) = words.next() {
        match (word, words.next()) {
            ("-p", Some(package)) => packages.push(package.to_owned()),
            _ => bail!("its build command is {command:?}, expected {expected}"),
        }
    }
    Ok(packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_command_names_its_packages_and_nothing_else() {
        let packages =
            packages_of("cargo build --release --target wasm32-wasip2 -p gateway -p signature")
                .unwrap();
        assert_eq!(packages, ["gateway", "signature"]);
        for odd in [
            "make",
            "cargo build -p x",
            "cargo build --release --target wasm32-wasip2 --features y",
        ] {
            let error = packages_of(odd).unwrap_err().to_string();
            assert!(
                error.contains(odd) && error.contains("expected cargo build"),
                "{error}"
            );
        }
    }

    #[test]
    fn every_component_is_built_where_it_is_looked_for() {
        let manifest = Manifest::read().unwrap();
        let mut built: Vec<String> = manifest
            .packages()
            .unwrap()
            .iter()
            .map(|package| {
                format!(
                    "target/wasm32-wasip2/release/{}.wasm",
                    package.replace('-', "_")
                )
            })
            .collect();
        built.sort();
        let named: Vec<String> = manifest
            .files()
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        assert_eq!(built, named);
    }
}
