//! `cargo run -p templates`: lints the templates, the files for operators and the project's own workflows.

use std::process::ExitCode;

fn main() -> ExitCode {
    match templates::linters::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
