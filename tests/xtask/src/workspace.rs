//! Where the workspace is, and how cargo is called in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

/// One of the workspace's own packages, as cargo is to be told: a dependency may have the same name (`signature` does).
pub(crate) fn package(name: &str) -> String {
    format!("{name}@{}", env!("CARGO_PKG_VERSION"))
}

/// The root of the workspace: the directory of `spin.toml`.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

/// A file of the workspace.
pub(crate) fn file(name: &str) -> PathBuf {
    root().join(name)
}

/// Reads a text file of the workspace.
pub(crate) fn read(name: &str) -> anyhow::Result<String> {
    std::fs::read_to_string(file(name)).with_context(|| format!("cannot read {name}"))
}

/// Where `spin.toml` expects components, whatever `CARGO_TARGET_DIR` says of everything else.
pub(crate) fn component_target() -> PathBuf {
    file("target")
}

/// Cargo, the one that runs this program if one does, in the root of the workspace.
pub(crate) fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    in_root(Command::new(program))
}

/// Any program in the root of the workspace, where `rust-toolchain.toml` chooses the toolchain.
pub(crate) fn program(name: &str) -> Command {
    in_root(Command::new(name))
}

fn in_root(mut command: Command) -> Command {
    command.current_dir(root());
    command
}

/// Runs a command to its end with its output shown.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot run {}", shown(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", shown(command));
    }
    Ok(())
}

/// A command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let mut words = vec![name.to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What is built, with its features, by a call of cargo that selects the packages so.
    fn built(selection: &[&str]) -> BTreeSet<String> {
        let mut tree = cargo();
        tree.args([
            "tree", "--locked", "--prefix", "none", "--format", "{p} {f}",
        ])
        .args(selection);
        let output = tree.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let lines = String::from_utf8(output.stdout).unwrap();
        lines
            .lines()
            .map(|line| line.trim_end_matches(" (*)").to_owned())
            .collect()
    }

    #[test]
    fn cargo_xtask_builds_nothing_that_cargo_test_builds_differently() {
        let program = built(&["--package", "xtask", "--edges", "no-dev"]);
        let tests = built(&[]);
        let twice: Vec<_> = program.difference(&tests).collect();
        assert!(
            twice.is_empty(),
            "cargo builds these with other features for `cargo test`, and all above them: {twice:?}"
        );
    }
}
