//! Reading a pull request.

use domain::{
    PullRequestNumber, RepositoryId, RepositoryName, Timestamp, preview::PullRequestState,
};
use ports::memory::MemoryStore;
use serde_json::{Value, json};
use vendors::{
    CallError,
    github::{Client, Credentials, Repository},
};

use crate::script::{Script, Still, now, told};

/// A client of the scripted GitHub at 2026-11-21T10:31:07Z.
pub fn client(script: &Script) -> Client<&Script, Still, MemoryStore> {
    client_with(
        script,
        &Credentials::Token("ghp_s3cr3t0123456789".to_owned()),
    )
}

/// The same with other credentials.
pub fn client_with<'script>(
    script: &'script Script,
    credentials: &Credentials,
) -> Client<&'script Script, Still, MemoryStore> {
    client_at(script, "https://api.github.com", credentials)
}

/// The same at another address.
pub fn client_at<'script>(
    script: &'script Script,
    api: &str,
    credentials: &Credentials,
) -> Client<&'script Script, Still, MemoryStore> {
    let clock = Still(Timestamp::from_milliseconds(1_795_257_067_000));
    Client::new(script, clock, MemoryStore::default(), api, credentials)
}

/// The name that the tests reach repository 1296269 by.
pub fn name() -> RepositoryName {
    "acme/shop".parse().expect("a name")
}

/// Repository 1296269.
pub fn repository(name: &RepositoryName) -> Repository<'_> {
    Repository {
        id: RepositoryId(1_296_269),
        name,
    }
}

/// Reads pull request 7.
pub fn read(script: &Script) -> Result<Option<domain::preview::PullRequest>, CallError> {
    now(client(script).pull_request(repository(&name()), PullRequestNumber(7)))
}

/// Pull request 7 of repository 1296269, as GitHub shows it, with some of the fields that Slipway does not read.
pub fn pull_request() -> Value {
    json!({
        "url": "https://api.github.com/repos/acme/shop/pulls/7", "id": 279147437, "node_id": "MDExOlB1bGxSZXF1ZXN0Mjc5MTQ3NDM3",
        "number": 7, "state": "open", "locked": false, "title": "Update the README with new information.",
        "user": {"login": "octocat", "id": 21031067, "type": "User", "site_admin": false}, "body": null,
        "created_at": "2026-11-21T10:20:33Z", "updated_at": "2026-11-21T10:30:00Z", "closed_at": null, "merged_at": null,
        "merge_commit_sha": null, "assignees": [],
        "labels": [{"id": 1, "name": "preview", "color": "ededed"}, {"id": 2, "name": "bug"}],
        "milestone": null, "draft": false, "auto_merge": null, "author_association": "OWNER", "merged": false, "mergeable": null,
        "head": {
            "label": "octocat:changes", "ref": "changes", "sha": "ec26c3e57ca3a959ca5aad62de7213c562f8c821",
            "user": {"login": "octocat"}, "repo": {"id": 42, "name": "shop", "full_name": "octocat/shop"}
        },
        "base": {
            "label": "acme:main", "ref": "main", "sha": "f95f852bd8fca8fcc58a9a2d6c842781e32a215e", "user": {"login": "acme"},
            "repo": {"id": 1296269, "name": "shop", "full_name": "acme/shop", "private": true, "default_branch": "trunk"}
        }
    })
}

#[test]
fn a_pull_request_is_read_with_the_pinned_version_and_what_matters_is_kept() {
    let script = Script::one(200, &pull_request().to_string());
    insta::assert_debug_snapshot!(read(&script).unwrap(), @r#"
Some(
    PullRequest {
        updated_at: 2026-11-21T10:30:00Z,
        state: Open,
        title: "Update the README with new information.",
        author: "octocat",
        draft: false,
        labels: [
            "preview",
            "bug",
        ],
        head_branch: "changes",
        head_commit: ec26c3e,
        head_repository: Some(
            RepositoryId(
                42,
            ),
        ),
        base_branch: "main",
        repository: acme/shop,
        default_branch: "trunk",
        archived: false,
    },
)
"#);
    insta::assert_snapshot!(script.asked(), @r#"
GET https://api.github.com/repos/acme/shop/pulls/7
accept: "application/vnd.github+json"
authorization: Sensitive
user-agent: "slipway/0.0.0"
x-github-api-version: "2022-11-28"
time limit: 30 s
"#);
}

#[test]
fn open_closed_and_merged_are_told_apart() {
    for (state, merged, expected) in [
        ("open", false, PullRequestState::Open),
        ("closed", false, PullRequestState::Closed),
        ("closed", true, PullRequestState::Merged),
    ] {
        let mut body = pull_request();
        body["state"] = state.into();
        body["merged"] = merged.into();
        let read = read(&Script::one(200, &body.to_string())).unwrap().unwrap();
        assert_eq!(read.state, expected, "{state}, merged: {merged}");
    }
}

#[test]
fn a_deleted_fork_and_a_deleted_author_are_no_trouble() {
    let mut body = pull_request();
    body["head"]["repo"] = Value::Null;
    body["user"] = Value::Null;
    let read = read(&Script::one(200, &body.to_string())).unwrap().unwrap();
    assert_eq!(
        (read.head_repository, read.author.as_str()),
        (None, "ghost")
    );
}

#[test]
fn none_is_githubs_own_404_and_not_a_proxys() {
    let gone = r#"{"message":"Not Found","documentation_url":"https://docs.github.com/rest","status":"404"}"#;
    assert_eq!(read(&Script::one(404, gone)).unwrap(), None);
    insta::assert_snapshot!(told(read(&Script::one(404, "<h1>no such site</h1>"))), @r#"
retry: reading pull request acme/shop#7: GitHub answered 404 "<h1>no such site</h1>". That is not
    GitHub's way to say so: a proxy in front of it answered
"#);
}

#[test]
fn a_name_that_belongs_to_another_repository_by_now_is_refused() {
    let mut body = pull_request();
    body["base"]["repo"]["id"] = 999.into();
    insta::assert_snapshot!(told(read(&Script::one(200, &body.to_string()))), @"
refused: reading pull request acme/shop#7: acme/shop is now the repository with id 999, not 1296269.
    It was replaced: the repository's present name would be right, which its next delivery brings
");
}

#[test]
fn an_answer_that_is_not_a_pull_request_is_asked_for_again() {
    let mut state = pull_request();
    state["state"] = "half-open".into();
    let mut time = pull_request();
    time["updated_at"] = "yesterday".into();
    let mut sha = pull_request();
    sha["head"]["sha"] = "HEAD".into();
    let mut number = pull_request();
    number["number"] = 8.into();
    let bodies = [
        state.to_string(),
        time.to_string(),
        sha.to_string(),
        number.to_string(),
        "<html>".to_owned(),
        "{}".to_owned(),
    ];
    let told: Vec<String> = bodies
        .iter()
        .map(|body| told(read(&Script::one(200, body))))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
retry: reading pull request acme/shop#7: GitHub answered 200 with something else than expected (the
    state "half-open" instead of open or closed)
retry: reading pull request acme/shop#7: GitHub answered 200 with something else than expected
    ("yesterday" instead of a time in updated_at)
retry: reading pull request acme/shop#7: GitHub answered 200 with something else than expected
    ("HEAD" is not a commit SHA (40 or 64 lower-case hexadecimal digits) at line 1 column 477)
retry: reading pull request acme/shop#7: GitHub answered 200 with something else than expected
    (another pull request)
retry: reading pull request acme/shop#7: GitHub answered 200 with something else than expected
    (expected value at line 1 column 1)
retry: reading pull request acme/shop#7: GitHub answered 200 with something else than expected
    (missing field `number` at line 1 column 2)
"#);
}

#[test]
fn the_account_of_the_token_is_known_by_its_id() {
    let script = Script::one(
        200,
        r#"{"login":"slipway-bot","id":583231,"type":"User","plan":null}"#,
    );
    let account = now(client(&script).account(repository(&name()))).unwrap();
    assert_eq!(account, 583_231);
    assert_eq!(script.lines(), ["GET https://api.github.com/user"]);
}
