//! Reading the configuration file.

use serde_json::json;
use vendors::{CallError, github::FileContent};

use crate::{
    github_pull_request::{client, name, repository},
    script::{Script, now, told},
};

fn file(script: &Script) -> Result<FileContent, CallError> {
    now(client(script).file(repository(&name()), ".github/slipway.yml", "trunk"))
}

/// A file as the contents API shows it.
fn shown(size: u64, encoding: &str, content: &str) -> Script {
    let body = json!({
        "type": "file", "encoding": encoding, "size": size, "name": "slipway.yml",
        "path": ".github/slipway.yml", "content": content,
        "sha": "3d21ec53a331a6f037a91c368710b99387d012c1",
        "git_url": null, "html_url": null, "download_url": null, "_links": {"git": null, "html": null, "self": ""}
    });
    Script::one(200, &body.to_string())
}

#[test]
fn the_base64_that_github_breaks_into_lines_becomes_the_text() {
    let script = shown(11, "base64", "dmVyc2lv\nbjogMQo=\n");
    let found = FileContent::Found {
        text: "version: 1\n".to_owned(),
        sha: "3d21ec53a331a6f037a91c368710b99387d012c1".to_owned(),
    };
    assert_eq!(file(&script).unwrap(), found);
    insta::assert_snapshot!(script.asked(), @r#"
GET https://api.github.com/repos/acme/shop/contents/.github/slipway.yml?ref=trunk
accept: "application/vnd.github+json"
authorization: Sensitive
user-agent: "slipway/0.0.0"
x-github-api-version: "2022-11-28"
time limit: 30 s
"#);
}

#[test]
fn an_empty_file_is_found() {
    assert!(
        matches!(file(&shown(0, "base64", "")).unwrap(), FileContent::Found { text, .. } if text.is_empty())
    );
}

#[test]
fn a_path_and_a_branch_of_any_characters_stay_a_path_and_a_branch() {
    let script = shown(0, "base64", "");
    now(client(&script).file(repository(&name()), "a b/?x#.yml", "feature/x&ref=evil")).unwrap();
    assert_eq!(
        script.lines(),
        [
            "GET https://api.github.com/repos/acme/shop/contents/a%20b/%3Fx%23.yml?ref=feature%2Fx%26ref%3Devil"
        ]
    );
}

#[test]
fn what_is_not_a_text_file_is_told_apart() {
    let missing = Script::one(404, r#"{"message":"Not Found","status":"404"}"#);
    let empty_repository = Script::one(
        404,
        r#"{"message":"This repository is empty.","status":"404"}"#,
    );
    let no_ref = Script::one(
        404,
        r#"{"message":"No commit found for the ref trunk","status":"404"}"#,
    );
    let directory = Script::one(
        200,
        r#" [{"type":"file","name":"a","path":".github/slipway.yml/a","sha":"0","size":1}]"#,
    );
    let symlink = Script::one(
        200,
        r#"{"type":"symlink","target":"/etc/passwd","size":11,"sha":"0"}"#,
    );
    let submodule = Script::one(
        200,
        r#"{"type":"submodule","submodule_git_url":"git://x","size":0,"sha":"0"}"#,
    );
    for (script, expected) in [
        (missing, FileContent::Missing),
        (empty_repository, FileContent::Missing),
        (no_ref, FileContent::Missing),
        (directory, FileContent::NotAFile),
        (symlink, FileContent::NotAFile),
        (submodule, FileContent::NotAFile),
        (
            shown(1_500_000, "none", ""),
            FileContent::TooLarge { bytes: 1_500_000 },
        ),
        (shown(2, "base64", "//4="), FileContent::NotText),
    ] {
        assert_eq!(file(&script).unwrap(), expected);
    }
}

#[test]
fn half_a_file_is_never_taken_for_the_whole() {
    let cases = [
        shown(11, "base64", "dmVyc2lv\n"),
        shown(11, "base64", "dmVyc2lv\nbjog!"),
        shown(11, "gzip", "x"),
        Script::one(200, "{}"),
    ];
    let told: Vec<String> = cases.iter().map(|script| told(file(script))).collect();
    insta::assert_snapshot!(told.join("\n"), @"
retry: reading .github/slipway.yml of acme/shop at trunk: GitHub answered 200 with something else
    than expected (content that is not base64, or not of the size given)
retry: reading .github/slipway.yml of acme/shop at trunk: GitHub answered 200 with something else
    than expected (content that is not base64, or not of the size given)
retry: reading .github/slipway.yml of acme/shop at trunk: GitHub answered 200 with something else
    than expected (content that is not base64, or not of the size given)
retry: reading .github/slipway.yml of acme/shop at trunk: GitHub answered 200 with something else
    than expected (missing field `type` at line 1 column 2)
");
}
