//! Listing the open pull requests of a repository.

use domain::preview::PullRequest;
use ports::HttpError;
use serde_json::{Value, json};
use vendors::CallError;

use crate::{
    github_pull_request::{client, name, pull_request, repository},
    script::{Script, now, told},
};

fn open(script: &Script) -> Result<Vec<(u64, PullRequest)>, CallError> {
    let open = now(client(script).open_pull_requests(repository(&name())))?;
    Ok(open
        .into_iter()
        .map(|(number, pull_request)| (number.0, pull_request))
        .collect())
}

/// An element of a list: without the fields that only a single pull request has.
fn listed(number: u64) -> Value {
    let mut listed = pull_request();
    listed["number"] = number.into();
    for only_single in ["merged", "mergeable"] {
        listed
            .as_object_mut()
            .expect("an object")
            .remove(only_single);
    }
    listed
}

fn list(numbers: &[u64]) -> String {
    let listed: Vec<Value> = numbers.iter().map(|number| listed(*number)).collect();
    Value::Array(listed).to_string()
}

const NEXT: &str =
    r#"<https://api.github.com/repositories/1296269/pulls?state=open&page=2>; rel="next""#;

#[test]
fn all_pages_are_read_and_each_pull_request_is_as_when_it_is_read_alone() {
    let script = Script::default()
        .then(200, &[("link", NEXT)], &list(&[7, 8]))
        .then(200, &[], &list(&[8, 9]));
    let open = open(&script).unwrap();
    let numbers: Vec<u64> = open.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [7, 8, 9], "one that slid to the next page is one");
    let alone = crate::github_pull_request::read(&Script::one(200, &pull_request().to_string()));
    assert_eq!(
        open.first().map(|(_, listed)| listed),
        alone.unwrap().as_ref()
    );
    insta::assert_snapshot!(script.lines().join("\n"), @"
    GET https://api.github.com/repos/acme/shop/pulls?state=open&sort=created&direction=asc&per_page=50
    GET https://api.github.com/repositories/1296269/pulls?state=open&page=2
    ");
}

#[test]
fn a_page_that_cannot_be_read_spoils_the_whole_list() {
    let first = || Script::default().then(200, &[("link", NEXT)], &list(&[7]));
    let broken = HttpError::Broken {
        host: "https://api.github.com".into(),
        reason: "reset".into(),
    };
    let mut foreign = listed(9);
    foreign["base"]["repo"]["id"] = 999.into();
    let told = [
        told(open(&first().then(
            502,
            &[],
            r#"{"message":"Server Error"}"#,
        ))),
        told(open(&first().then_fails(broken))),
        told(open(&first().then(200, &[], r#"{"message":"odd"}"#))),
        told(open(&first().then(
            200,
            &[],
            &Value::Array(vec![foreign]).to_string(),
        ))),
        told(open(&Script::one(404, r#"{"message":"Not Found"}"#))),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
    retry: listing the open pull requests of acme/shop: GitHub answered 502 "Server Error"
    retry: listing the open pull requests of acme/shop: the answer from https://api.github.com broke
        off: reset
    retry: listing the open pull requests of acme/shop: GitHub answered 200 with something else than
        expected (invalid type: map, expected a sequence at line 1 column 0)
    refused: listing the open pull requests of acme/shop: acme/shop is now the repository with id 999,
        not 1296269. It was replaced: the repository's present name would be right, which its next
        delivery brings
    refused: listing the open pull requests of acme/shop: GitHub answered 404 "Not Found". The
        repository must exist, and the token in github_token have access to it
    "#);
}

#[test]
fn an_empty_list_is_believed_only_of_the_repository_itself() {
    let answered = |status: u16, body: Value| {
        Script::default()
            .then(200, &[], "[]")
            .then(status, &[], &body.to_string())
    };
    let script = answered(200, json!({"id": 1_296_269, "full_name": "acme/shop"}));
    assert_eq!(open(&script).unwrap(), []);
    insta::assert_snapshot!(script.lines().join("\n"), @"
    GET https://api.github.com/repos/acme/shop/pulls?state=open&sort=created&direction=asc&per_page=50
    GET https://api.github.com/repos/acme/shop
    ");
    let told = [
        told(open(&answered(
            200,
            json!({"id": 999, "full_name": "acme/shop"}),
        ))),
        told(open(&answered(404, json!({"message": "Not Found"})))),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
    refused: listing the open pull requests of acme/shop: acme/shop is now the repository with id 999,
        not 1296269. It was replaced: the repository's present name would be right, which its next
        delivery brings
    refused: listing the open pull requests of acme/shop: GitHub answered 404 "Not Found". The
        repository must exist, and the token in github_token have access to it
    "#);
}
