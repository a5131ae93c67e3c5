//! Component dependencies: one component made of a component and of those that satisfy its imports, as Spin does it.
//!
//! A dependency inherits no rights. Spin denies it what it imports; this host takes no dependency that imports more than
//! the parts of WASI that give nothing away here.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use wac_graph::types::{Package, SubtypeChecker, WorldId};
use wac_graph::{CompositionGraph, EncodeOptions, NodeId};

use crate::component_plan::{ComponentPlan, Dependency};

/// What a dependency may import, as prefixes.
const HARMLESS_IMPORTS: [&str; 5] = [
    "wasi:cli/",
    "wasi:clocks/",
    "wasi:filesystem/",
    "wasi:io/",
    "wasi:random/",
];

/// Why a dependency does not fit.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Misfit {
    #[error("its source is no WebAssembly")]
    NotWasm,
    #[error("its source is a core module and no component: build it for wasm32-wasip2")]
    CoreModule,
    #[error(
        "the dependency {name:?} matches none of the component's imports, which are {imports:?} beside WASI"
    )]
    NoImport { name: String, imports: Vec<String> },
    #[error("the import {import:?} is satisfied by the dependency {name:?} and by another one")]
    Twice { name: String, import: String },
    #[error("the dependency {name:?} does not export {export:?}; it exports {exports:?}")]
    NoExport {
        name: String,
        export: String,
        exports: Vec<String>,
    },
    #[error(
        "the dependency {name:?} imports {import:?}; this host gives no rights to dependencies"
    )]
    Rights { name: String, import: String },
}

/// Reads a component and composes it with its dependencies.
pub(crate) fn compose(plan: &ComponentPlan) -> anyhow::Result<Vec<u8>> {
    let component = read(&plan.source)?;
    match component.get(..8) {
        Some([0, b'a', b's', b'm', 0x0d, 0, 1, 0]) => {}
        Some([0, b'a', b's', b'm', ..]) => return Err(Misfit::CoreModule.into()),
        Some(_) | None => return Err(Misfit::NotWasm.into()),
    }
    if plan.dependencies.is_empty() {
        return Ok(component);
    }
    let mut composition = Composition {
        graph: CompositionGraph::new(),
    };
    let main = composition.add(&plan.id, component)?;
    let mut satisfied: Vec<String> = Vec::new();
    for dependency in &plan.dependencies {
        for import in composition.satisfy(&main, dependency)? {
            if satisfied.contains(&import) {
                return Err(Misfit::Twice {
                    name: dependency.name.clone(),
                    import,
                }
                .into());
            }
            satisfied.push(import);
        }
    }
    composition.export_all(&main)?;
    Ok(composition.graph.encode(EncodeOptions::default())?)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{}: cannot be read", path.display()))
}

struct Composition {
    graph: CompositionGraph,
}

/// A component in the graph.
struct Member {
    world: WorldId,
    instance: NodeId,
}

impl Composition {
    fn add(&mut self, name: &str, bytes: Vec<u8>) -> anyhow::Result<Member> {
        let package = Package::from_bytes(name, None, bytes, self.graph.types_mut())?;
        let world = package.ty();
        let package = self.graph.register_package(package)?;
        Ok(Member {
            world,
            instance: self.graph.instantiate(package),
        })
    }

    fn imports(&self, member: &Member) -> Vec<String> {
        self.graph.types()[member.world]
            .imports
            .keys()
            .cloned()
            .collect()
    }

    fn exports(&self, member: &Member) -> Vec<String> {
        self.graph.types()[member.world]
            .exports
            .keys()
            .cloned()
            .collect()
    }

    /// Connects all imports that the dependency's name matches and answers which these are.
    fn satisfy(&mut self, main: &Member, dependency: &Dependency) -> anyhow::Result<Vec<String>> {
        let name = &dependency.name;
        let imports = self.imports(main);
        let matched: Vec<String> = imports
            .iter()
            .filter(|import| matches(name, import))
            .cloned()
            .collect();
        if matched.is_empty() {
            let imports = imports
                .into_iter()
                .filter(|import| !import.starts_with("wasi:"))
                .collect();
            return Err(Misfit::NoImport {
                name: name.clone(),
                imports,
            }
            .into());
        }
        let bytes = read(&dependency.path)?;
        let package = name.split(['/', '@']).next().unwrap_or(name);
        let member = self
            .add(package, bytes)
            .with_context(|| format!("{}: no component", dependency.path.display()))?;
        let harmless = |import: &String| {
            HARMLESS_IMPORTS
                .iter()
                .any(|prefix| import.starts_with(prefix))
        };
        if let Some(import) = self
            .imports(&member)
            .into_iter()
            .find(|import| !harmless(import))
        {
            return Err(Misfit::Rights {
                name: name.clone(),
                import,
            }
            .into());
        }
        for import in &matched {
            self.connect(main, import, &member, dependency)?;
        }
        Ok(matched)
    }

    fn connect(
        &mut self,
        main: &Member,
        import: &str,
        member: &Member,
        dependency: &Dependency,
    ) -> anyhow::Result<()> {
        let export = dependency.export.as_deref().unwrap_or(import);
        let types = self.graph.types();
        let wanted = types[main.world].imports.get(import).copied();
        let offered = types[member.world].exports.get(export).copied();
        let (Some(wanted), Some(offered)) = (wanted, offered) else {
            let exports = self.exports(member);
            return Err(Misfit::NoExport {
                name: dependency.name.clone(),
                export: export.to_owned(),
                exports,
            }
            .into());
        };
        SubtypeChecker::new(&mut Default::default()).is_subtype(offered, types, wanted, types).with_context(|| {
            format!("the dependency {:?} exports {export:?} with other types than the import {import:?}", dependency.name)
        })?;
        let export = self.graph.alias_instance_export(member.instance, export)?;
        self.graph
            .set_instantiation_argument(main.instance, import, export)?;
        Ok(())
    }

    fn export_all(&mut self, main: &Member) -> anyhow::Result<()> {
        for name in self.exports(main) {
            let export = self.graph.alias_instance_export(main.instance, &name)?;
            self.graph.export(export, &name)?;
        }
        Ok(())
    }
}

/// Says whether the name of a dependency means this import: interface and version may be left out of the name.
fn matches(name: &str, import: &str) -> bool {
    let split = |text: &str| -> (String, Option<String>, Option<String>) {
        let (path, version) = match text.split_once('@') {
            Some((path, version)) => (path, Some(version.to_owned())),
            None => (text, None),
        };
        match path.split_once('/') {
            Some((package, interface)) => (package.to_owned(), Some(interface.to_owned()), version),
            None => (path.to_owned(), None, version),
        }
    };
    let (package, interface, version) = split(name);
    let (import_package, import_interface, import_version) = split(import);
    package == import_package
        && (interface.is_none() || interface == import_interface)
        && (version.is_none() || version == import_version)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_dependency_may_leave_out_interface_and_version() {
        for name in [
            "foo:bar/baz@0.1.0",
            "foo:bar/baz",
            "foo:bar@0.1.0",
            "foo:bar",
        ] {
            assert!(matches(name, "foo:bar/baz@0.1.0"), "{name}");
        }
        for name in ["foo:bar/baz@0.2.0", "foo:bar/bub", "foo:bub", "foo"] {
            assert!(!matches(name, "foo:bar/baz@0.1.0"), "{name}");
        }
    }
}
