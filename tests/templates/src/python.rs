//! Programs that come as Python packages, in a virtual environment below `target/`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::{debian, places};

/// The folder of the programs of these Python packages, in the environment `folder`. Installs them if they are missing or others than
/// the file says.
pub fn ensure_installed(requirements: &str, folder: &str) -> anyhow::Result<PathBuf> {
    let environment = places::root().join(folder);
    let wanted = places::read(requirements)?;
    let stamp = environment.join("installed.txt");
    let programs = environment.join("bin");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(programs);
    }
    println!("Installing the Python packages of {requirements} …");
    make_environment(&environment)?;
    let status = Command::new(programs.join("python"))
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args([
            "--require-hashes",
            "--only-binary",
            ":all:",
            "--requirement",
            requirements,
        ])
        .current_dir(places::root())
        .status()
        .context("cannot run pip")?;
    if !status.success() {
        bail!(
            "the Python packages of {requirements} could not be installed ({status}): they come from PyPI, which this machine \
             must reach once; everything else of the checks does without"
        );
    }
    std::fs::write(&stamp, wanted)?;
    Ok(programs)
}

/// A virtual environment with pip. Where that can be done without asking anybody, Debian's package for it is installed.
fn make_environment(folder: &Path) -> anyhow::Result<()> {
    const ADVICE: &str = "a Python virtual environment is needed: install Python 3.11 or newer with its \
         venv module, for instance with `apt install python3-venv`";
    let make = || {
        let status = Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(folder)
            .stdout(Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    };
    if make() {
        return Ok(());
    }
    if debian::install(&["python3-venv"]) && make() {
        return Ok(());
    }
    bail!(ADVICE)
}
