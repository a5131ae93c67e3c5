//! `cargo xtask`: everything that is done with Slipway on a machine with nothing but Rust.

use std::process::ExitCode;

fn main() -> ExitCode {
    xtask::run()
}
