//! What must be installed beside Rust, and installing it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use templates::debian;

use crate::workspace;

/// What components are compiled for.
pub(crate) const WASM_TARGET: &str = "wasm32-wasip2";

/// Installs the standard library for [`WASM_TARGET`] if it is missing.
pub(crate) fn ensure_wasm_target() -> anyhow::Result<()> {
    if has_wasm_target()? {
        return Ok(());
    }
    eprintln!("Installing the Rust target {WASM_TARGET} …");
    let mut rustup = workspace::program("rustup");
    rustup.args(["target", "add", WASM_TARGET]);
    let missing = format!(
        "the Rust target {WASM_TARGET} is missing, and rustup, which could install it, is not there: install rustup \
         (https://rustup.rs), or the target by the means that Rust was installed with"
    );
    let status = rustup.status().context(missing)?;
    if !status.success() {
        bail!(
            "the Rust target {WASM_TARGET} is missing and `rustup target add {WASM_TARGET}` failed ({status})"
        );
    }
    Ok(())
}

fn has_wasm_target() -> anyhow::Result<bool> {
    let mut rustc = workspace::program("rustc");
    let output = rustc
        .args(["--print", "target-libdir", "--target", WASM_TARGET])
        .stderr(Stdio::null())
        .output()
        .context("cannot run rustc: install Rust (https://rustup.rs)")?;
    let directory = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    Ok(output.status.success() && directory.is_dir())
}

/// Whether a program answers to `--version`.
pub(crate) fn has_program(name: &str) -> bool {
    Command::new(name)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Installs `redis-server`, which tests of Redis stores start, where that can be done without asking anybody.
pub(crate) fn ensure_redis() -> anyhow::Result<()> {
    const ADVICE: &str = "redis-server is missing: install it, for instance with `apt install redis-server` or `brew install redis`";
    if has_program("redis-server") {
        return Ok(());
    }
    if debian::install(&["redis-server"]) && has_program("redis-server") {
        return Ok(());
    }
    bail!(ADVICE)
}

/// A browser's program, Chromium or one of its kind. Installs Debian's where that can be done without asking anybody.
pub(crate) fn ensure_chromium() -> anyhow::Result<&'static str> {
    const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
    const ADVICE: &str = "a browser is missing: install Chromium, for instance with `apt install chromium fonts-dejavu-core`";
    let found = || NAMES.into_iter().find(|name| has_program(name));
    if let Some(name) = found() {
        return Ok(name);
    }
    debian::install(&["chromium", "fonts-dejavu-core"]);
    found().context(ADVICE)
}
