//! The guests of the tests, built once per test run.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::OnceLock;

const TARGET: &str = "wasm32-wasip2";

/// The component files.
#[derive(Debug, Clone)]
pub struct Guests {
    pub probe: PathBuf,
    pub hello: PathBuf,
    pub greeter: PathBuf,
}

/// Builds the guests, if nobody has yet, and answers where they are.
pub fn guests() -> &'static Guests {
    static GUESTS: OnceLock<Guests> = OnceLock::new();
    GUESTS.get_or_init(|| {
        install_target();
        build()
    })
}

fn install_target() {
    let library = run(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]));
    let directory = PathBuf::from(String::from_utf8_lossy(&library.stdout).trim());
    if library.status.success() && directory.is_dir() {
        return;
    }
    let added = run(Command::new("rustup").args(["target", "add", TARGET]));
    assert!(
        added.status.success(),
        "the Rust target {TARGET} is missing and `rustup target add {TARGET}` failed:\n{}",
        String::from_utf8_lossy(&added.stderr)
    );
}

fn build() -> Guests {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let built = run(Command::new(env!("CARGO"))
        .args([
            "build",
            "--release",
            "--target",
            TARGET,
            "--manifest-path",
            manifest,
        ])
        .args([
            "-p",
            "probe",
            "-p",
            "hello",
            "-p",
            "greeter",
            "--message-format",
            "json-render-diagnostics",
        ]));
    assert!(
        built.status.success(),
        "the guests do not build:\n{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let messages = String::from_utf8_lossy(&built.stdout).into_owned();
    let file = |name: &str| {
        let ending = format!("{name}.wasm");
        messages
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter_map(|message| message.get("filenames")?.as_array().cloned())
            .flatten()
            .filter_map(|file| file.as_str().map(PathBuf::from))
            .find(|file| file.ends_with(&ending))
            .unwrap_or_else(|| panic!("cargo built no {ending}"))
    };
    Guests {
        probe: file("probe"),
        hello: file("hello"),
        greeter: file("greeter"),
    }
}

fn run(command: &mut Command) -> Output {
    command
        .output()
        .unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"))
}
