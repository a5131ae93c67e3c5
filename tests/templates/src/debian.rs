//! Programs that come as Debian packages, installed where that can be done without asking anybody.

use std::process::{Command, Stdio};

/// Whether the packages are installed now: only root installs them, and only where there is apt-get.
pub fn install(packages: &[&str]) -> bool {
    if !is_root() {
        return false;
    }
    eprintln!("Installing {} …", packages.join(", "));
    let install = [&["install", "-y", "--no-install-recommends"], packages].concat();
    // Package lists may be missing or old; they are brought up to date only if it does not work with those that are there.
    apt_get(&install) || (apt_get(&["update"]) && apt_get(&install))
}

fn apt_get(arguments: &[&str]) -> bool {
    let status = Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdout(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
