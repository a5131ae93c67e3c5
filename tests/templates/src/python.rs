//! Programs that come as Python packages, in a virtual environment below `target/`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::places;

/// The folder of the programs of these Python packages. Installs them if they are missing or others than the file says.
pub(crate) fn ensure_installed(requirements: &str) -> anyhow::Result<PathBuf> {
    let environment = places::root().join("target/lint/python");
    let wanted = places::read(requirements)?;
    let stamp = environment.join("installed.txt");
    let programs = environment.join("bin");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(programs);
    }
    println!("Installing the linters of {requirements} …");
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
            "the linters of {requirements} could not be installed ({status}): they come from PyPI, which this machine \
             must reach once; everything else of the checks does without"
        );
    }
    std::fs::write(&stamp, wanted)?;
    Ok(programs)
}

/// A virtual environment with pip. Where that can be done without asking anybody, Debian's package for it is installed.
fn make_environment(folder: &Path) -> anyhow::Result<()> {
    const ADVICE: &str = "a Python virtual environment is needed for the linters: install Python 3.11 or newer with its \
         venv module, for instance with `apt install python3-venv`";
    let make = || {
        let status = Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(folder)
            .stdout(Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    };
    let is_root = || {
        let id = Command::new("id").arg("-u").output();
        id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
    };
    let apt_get = |arguments: &[&str]| {
        let status = Command::new("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdout(Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    };
    if make() {
        return Ok(());
    }
    if !is_root() {
        bail!(ADVICE);
    }
    println!("Installing python3-venv …");
    let install = ["install", "-y", "--no-install-recommends", "python3-venv"];
    // Package lists may be missing or old; they are brought up to date only if it does not work with those that are there.
    if (apt_get(&install) || (apt_get(&["update"]) && apt_get(&install))) && make() {
        return Ok(());
    }
    bail!(ADVICE)
}
