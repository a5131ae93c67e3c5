//! `cargo xtask sim`: hands over to the simulation, which has a profile of its own.

use crate::workspace;

/// Runs the simulation with these arguments.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let mut cargo = workspace::cargo();
    cargo
        .args([
            "run",
            "--quiet",
            "--profile",
            "sim",
            "--package",
            "sim",
            "--",
        ])
        .args(arguments);
    workspace::run(&mut cargo)
}
