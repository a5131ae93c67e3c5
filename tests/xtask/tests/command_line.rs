//! What goes wrong is told in one line, and makes the exit code 1.

#![expect(
    clippy::unwrap_used,
    reason = "what the tests share fails them as they do"
)]

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Runs the program and answers its exit code and what it said on standard error.
fn xtask(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .env_remove("SPIN_VARIABLE_RECONCILE_TOKEN")
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

fn up(manifest: &Path, more: &[&str]) -> (Option<i32>, String) {
    let listen = ["--listen", "127.0.0.1:0"];
    let listen = if more.is_empty() { &listen[..] } else { more };
    xtask(&[&["up", "--from", manifest.to_str().unwrap()], listen].concat())
}

/// A directory with a manifest.
fn manifest(text: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("spin.toml"), text).unwrap();
    directory
}

/// An address where nobody listens: it was free a moment ago.
fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[test]
fn a_manifest_that_is_missing_or_wrong_is_named_with_its_line() {
    let directory = manifest("spin_manifest_version = 2\n[application]\nnam = \"typo\"\n");
    let (code, said) = up(&directory.path().join("none.toml"), &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("none.toml"), "{said}");

    let (code, said) = up(&directory.path().join("spin.toml"), &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.starts_with("error: ") && said.contains("spin.toml:"),
        "{said}"
    );
}

#[test]
fn a_component_that_is_not_built_is_named() {
    let directory = manifest(
        "spin_manifest_version = 2\n[application]\nname = \"test\"\n[[trigger.http]]\nroute = \"/\"\ncomponent = \"c\"\n\
         [component.c]\nsource = \"missing.wasm\"\n",
    );
    let (code, said) = up(&directory.path().join("spin.toml"), &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("missing.wasm"), "{said}");
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let directory = manifest("spin_manifest_version = 2\n[application]\nname = \"test\"\n");
    let (code, said) = up(&directory.path().join("spin.toml"), &["--listen", &address]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains(&format!("{address} is already in use")),
        "{said}"
    );
}

#[test]
fn nobody_listening_is_told_with_what_starts_slipway() {
    let url = format!("http://{}/reconcile", nowhere());
    let (code, said) = xtask(&["reconcile", "--token", "t", "--url", &url]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("cargo xtask up"), "{said}");
}

#[test]
fn a_missing_token_and_https_are_refused_before_anything_is_sent() {
    let (code, said) = xtask(&["reconcile"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("SPIN_VARIABLE_RECONCILE_TOKEN"), "{said}");

    let (code, said) = xtask(&[
        "reconcile",
        "--token",
        "t",
        "--url",
        "https://slipway.example.com/reconcile",
    ]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("only http://"), "{said}");
}

#[test]
fn a_delivery_carries_what_github_sends_and_an_answer_that_is_no_success_is_an_error() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/webhooks/github", server.local_addr().unwrap());
    let received = std::thread::spawn(move || one_request(&server));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("pull_request.opened.json");
    std::fs::write(&file, "{}").unwrap();
    let arguments = [
        "deliver",
        file.to_str().unwrap(),
        "--url",
        &url,
        "--secret",
        "s",
        "--delivery",
        "guid-1",
    ];
    let (code, said) = xtask(&arguments);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("the answer is 401"), "{said}");

    let request = received.join().unwrap();
    // HMAC-SHA256 of `{}` with the key `s`.
    let signature = "x-hub-signature-256: sha256=143ca8d517ba1b181025d732b1cf275d90104fca57bb02a565542978aa18c4b6";
    for header in [
        "POST /webhooks/github HTTP/1.1",
        "x-github-event: pull_request",
        "x-github-delivery: guid-1",
        "content-type: application/json",
        signature,
    ] {
        assert!(
            request.contains(header),
            "{header} is missing in:\n{request}"
        );
    }
}

/// Reads the head of one request and refuses it.
fn one_request(server: &TcpListener) -> String {
    use std::io::{Read as _, Write as _};
    let (mut stream, _) = server.accept().unwrap();
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n{}") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    stream
        .write_all(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n")
        .unwrap();
    String::from_utf8(head).unwrap()
}
