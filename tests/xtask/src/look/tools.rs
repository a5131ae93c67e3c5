//! What looking needs: a browser, and packages of pinned versions and contents, installed below `target/look`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use templates::python;

use crate::{toolchain, workspace};

/// The folder of the scripts and of the lists of packages.
pub(super) const SCRIPTS: &str = "tests/xtask/look";
/// Where packages are installed, and what was seen is kept.
pub(super) const OUTPUT: &str = "target/look";

/// What looking needs.
#[derive(Debug)]
pub(crate) struct Tools {
    /// The browser's program, as an absolute path: nobody looks for it along PATH.
    pub(super) browser: PathBuf,
    /// The folder of the packages for Node.
    pub(super) node: PathBuf,
    /// The folder of the programs of Python's packages.
    pub(super) python: PathBuf,
}

impl Tools {
    /// Installs what is missing; says what cannot be had.
    pub(crate) fn ensure() -> anyhow::Result<Self> {
        Ok(Self {
            browser: along_path(toolchain::ensure_chromium()?)?,
            node: ensure_node_packages()?,
            python: python::ensure_installed(
                &format!("{SCRIPTS}/requirements.txt"),
                &format!("{OUTPUT}/python"),
            )?,
        })
    }
}

/// Where a program is found that is started by its name.
fn along_path(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&path).map(|folder| folder.join(name));
    places
        .find(|place| place.is_file())
        .with_context(|| format!("{name} is in no folder of PATH"))
}

/// The folder of the packages of `package-lock.json`: npm holds them against the hashes there. No script of theirs is run.
fn ensure_node_packages() -> anyhow::Result<PathBuf> {
    const ADVICE: &str =
        "Node 20 or newer with npm is needed to drive the browser: install it (https://nodejs.org)";
    const LISTS: [&str; 2] = ["package.json", "package-lock.json"];
    if !toolchain::has_program("node") || !toolchain::has_program("npm") {
        bail!(ADVICE);
    }
    let folder = workspace::file(OUTPUT).join("node");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let stamp = folder.join("installed.json");
    let wanted = workspace::read(&format!("{SCRIPTS}/package-lock.json"))?;
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }
    for list in LISTS {
        let from = workspace::file(SCRIPTS).join(list);
        fs::copy(&from, folder.join(list)).with_context(|| from.display().to_string())?;
    }
    println!("Installing the Node packages of {SCRIPTS}/package-lock.json …");
    install(&folder)?;
    fs::write(&stamp, wanted)?;
    Ok(folder)
}

fn install(folder: &Path) -> anyhow::Result<()> {
    let mut npm = workspace::program("npm");
    npm.current_dir(folder)
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .args(["--loglevel", "error"]);
    workspace::run(&mut npm).context(
        "the packages come from the npm registry, which this machine must reach once; everything else of the checks does without",
    )
}
