//! `cargo xtask ci`: every check, in the order in which a person would want to know.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::look::Tools;
use crate::toolchain::{self, WASM_TARGET};
use crate::{components, licences, simulation, workspace};

/// How many seeds of the simulation are run.
const SEEDS: &str = "10000";
/// How many of them are of releases, beside.
const SEEDS_OF_RELEASES: &str = "500";
/// And of services that need others, in virtual clusters and namespaces.
const SEEDS_OF_TARGETS: &str = "500";

/// One check.
struct Check {
    name: &'static str,
    run: fn() -> anyhow::Result<()>,
}

/// Cheap ones first, so that mistakes are told early; each reuses what the ones before it have built.
const CHECKS: [Check; 11] = [
    Check {
        name: "What must be installed",
        run: install,
    },
    Check {
        name: "Format",
        run: format,
    },
    Check {
        name: "Licences",
        run: licences::check,
    },
    Check {
        name: "Templates",
        run: lint_templates,
    },
    Check {
        name: "Lints, native",
        run: lint_natively,
    },
    Check {
        name: "Lints, components",
        run: lint_components,
    },
    Check {
        name: "Components",
        run: build,
    },
    Check {
        name: "Tests",
        run: test,
    },
    Check {
        name: "Simulation",
        run: simulate,
    },
    Check {
        name: "Documentation",
        run: document,
    },
    Check {
        name: "Demo and dashboard",
        run: look,
    },
];

/// Runs all checks; the first that fails ends the run.
pub(crate) fn run() -> anyhow::Result<()> {
    let began = Instant::now();
    let mut times = Vec::new();
    for check in &CHECKS {
        println!("\n==> {}", check.name);
        let check_began = Instant::now();
        (check.run)().with_context(|| format!("the check {:?} failed", check.name))?;
        times.push((check.name, check_began.elapsed()));
    }
    println!("\n==> All checks passed");
    for (name, time) in times {
        println!("{}", time_line(name, time));
    }
    println!("{}", time_line("in all", began.elapsed()));
    Ok(())
}

fn time_line(name: &str, time: Duration) -> String {
    format!("{:>8.1} s  {name}", time.as_secs_f64())
}

fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = workspace::cargo();
    cargo.args(arguments);
    cargo
}

fn install() -> anyhow::Result<()> {
    toolchain::ensure_wasm_target()?;
    toolchain::ensure_redis()
}

fn format() -> anyhow::Result<()> {
    workspace::run(&mut cargo(&["fmt", "--all", "--check"]))
}

/// What application repositories and operators get, and our own workflows, by linters from the package registries.
fn lint_templates() -> anyhow::Result<()> {
    workspace::run(&mut cargo(&["run", "--package", "templates"]))
}

/// The default members: everything but the components that only link for wasm.
fn lint_natively() -> anyhow::Result<()> {
    workspace::run(&mut cargo(&[
        "clippy",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

fn lint_components() -> anyhow::Result<()> {
    let mut clippy = cargo(&["clippy", "--target", WASM_TARGET]);
    for package in wasm_packages()? {
        clippy.args(["-p", &workspace::package(&package)]);
    }
    clippy.args(["--", "-D", "warnings"]);
    workspace::run(&mut clippy)
}

/// The packages of the components and of the guests that the host's tests run: a folder each, named as the package.
fn wasm_packages() -> anyhow::Result<Vec<String>> {
    let mut packages = Vec::new();
    for folder in ["components", "tests/host/fixtures"] {
        for entry in std::fs::read_dir(workspace::file(folder))
            .with_context(|| format!("cannot list {folder}"))?
        {
            let entry = entry?;
            if entry.path().join("Cargo.toml").is_file() {
                packages.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
    }
    packages.sort();
    Ok(packages)
}

fn build() -> anyhow::Result<()> {
    components::build()?;
    println!("{}", components::sizes()?);
    Ok(())
}

/// All tests, whose stories must together make every call to GitHub that the table of permissions lists.
fn test() -> anyhow::Result<()> {
    let calls = tempfile::tempdir()?;
    workspace::run(cargo(&["test"]).env("SLIPWAY_GITHUB_CALLS", calls.path()))?;
    let mut told = cargo(&["run", "--package", "e2e", "--bin", "github-calls"]);
    workspace::run(told.arg(calls.path()))
}

fn simulate() -> anyhow::Result<()> {
    let run = |arguments: &[&str]| {
        let arguments: Vec<String> = arguments.iter().map(|one| (*one).to_owned()).collect();
        simulation::run(&arguments)
    };
    run(&["--seeds", SEEDS])?;
    run(&["--world", "releases", "--seeds", SEEDS_OF_RELEASES])?;
    run(&["--world", "targets", "--seeds", SEEDS_OF_TARGETS])
}

fn document() -> anyhow::Result<()> {
    workspace::run(cargo(&["doc", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}

/// The demo as a person starts it, and what people see and do then. Without the tools for that the demo alone, but not in CI, where
/// what was left out would look as if it had been checked.
fn look() -> anyhow::Result<()> {
    let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    match Tools::ensure() {
        Err(missing) if !in_ci => {
            println!(
                "SKIPPED, which CI would not do: every page in a browser, and docs/walkthrough.md."
            );
            println!("SKIPPED because: {missing:#}");
            workspace::run(&mut cargo(&["xtask", "demo", "--once"]))
        }
        tools => {
            tools?;
            workspace::run(&mut cargo(&["xtask", "look"]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_component_of_the_manifest_is_linted() {
        let linted = wasm_packages().unwrap();
        for package in crate::manifest::Manifest::read()
            .unwrap()
            .packages()
            .unwrap()
        {
            assert!(
                linted.contains(&package),
                "{package} is not among {linted:?}"
            );
        }
    }
}
