//! Building the components where `spin.toml` expects them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context as _, anyhow, bail};

use crate::manifest::Manifest;
use crate::toolchain::{WASM_TARGET, ensure_wasm_target};
use crate::workspace;

/// Larger components cost noticeable time to compile and memory to run: the aim, not a limit.
const AIM_KILOBYTES: u64 = 400;

/// Builds the components if they are not up to date, quietly, and answers where the manifest is that names them.
///
/// For tests: whoever calls this in a process, and in several processes at the same time, waits for one build.
///
/// # Errors
/// When the target cannot be installed or a component does not compile; the text has the compiler's.
pub fn ensure_built() -> anyhow::Result<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| locked(build_quietly).map_err(|error| format!("{error:#}")));
    built.clone().map_err(|error| anyhow!(error))
}

/// Builds the component of a package that is not in `spin.toml`, quietly, and answers where its file is. For tests, as
/// [`ensure_built`].
///
/// # Errors
/// When the target cannot be installed or the component does not compile; the text has the compiler's.
pub fn ensure_built_other(package: &str) -> anyhow::Result<PathBuf> {
    locked(|| quietly(&[package.to_owned()]))?;
    Ok(file_of(package))
}

/// The same with cargo's progress shown.
pub(crate) fn build() -> anyhow::Result<PathBuf> {
    locked(|| {
        workspace::run(&mut cargo_build(&Manifest::read()?.packages()?)?)?;
        Ok(workspace::file("spin.toml"))
    })
}

/// Builds the component of a package that is not in `spin.toml`, and answers where its file is.
pub(crate) fn build_other(package: &str) -> anyhow::Result<PathBuf> {
    locked(|| {
        workspace::run(&mut cargo_build(&[package.to_owned()])?)?;
        Ok(file_of(package))
    })
}

fn file_of(package: &str) -> PathBuf {
    let name = format!("{}.wasm", package.replace('-', "_"));
    workspace::component_target()
        .join(WASM_TARGET)
        .join("release")
        .join(name)
}

fn build_quietly() -> anyhow::Result<PathBuf> {
    quietly(&Manifest::read()?.packages()?)?;
    Ok(workspace::file("spin.toml"))
}

fn quietly(packages: &[String]) -> anyhow::Result<()> {
    let mut command = cargo_build(packages)?;
    let output = command
        .stdin(Stdio::null())
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        bail!(
            "the components do not build:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

fn cargo_build(packages: &[String]) -> anyhow::Result<Command> {
    ensure_wasm_target()?;
    let mut command = workspace::cargo();
    command
        .args([
            "build",
            "--release",
            "--target",
            WASM_TARGET,
            "--target-dir",
        ])
        .arg(workspace::component_target());
    for package in packages {
        command.args(["-p", &workspace::package(package)]);
    }
    Ok(command)
}

/// Does something while no other process that asks the same does.
fn locked<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let directory = workspace::component_target();
    fs::create_dir_all(&directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    let path = directory.join("components.lock");
    let lock = File::create(&path).with_context(|| format!("cannot open {}", path.display()))?;
    lock.lock()
        .with_context(|| format!("cannot lock {}", path.display()))?;
    work()
}

/// A table of the built files and their sizes, one a line.
pub(crate) fn sizes() -> anyhow::Result<String> {
    let mut lines = Vec::new();
    for file in Manifest::read()?.files() {
        let bytes = fs::metadata(workspace::root().join(&file))
            .with_context(|| format!("{} is missing", file.display()))?
            .len();
        lines.push(size_line(&file, bytes));
    }
    Ok(lines.join("\n"))
}

fn size_line(file: &Path, bytes: u64) -> String {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let kilobytes = bytes.div_ceil(1000);
    let remark = if kilobytes > AIM_KILOBYTES {
        format!("  over the aim of {AIM_KILOBYTES} kB")
    } else {
        String::new()
    };
    format!("  {name:<16}{kilobytes:>6} kB{remark}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_over_the_aim_says_so() {
        assert_eq!(
            size_line(Path::new("a/gateway.wasm"), 399_001),
            "  gateway            400 kB"
        );
        assert_eq!(
            size_line(Path::new("gateway.wasm"), 400_001),
            "  gateway            401 kB  over the aim of 400 kB"
        );
    }
}
