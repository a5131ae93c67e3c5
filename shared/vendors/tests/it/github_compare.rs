//! How commits stand to each other, and which one a branch is at.

use domain::CommitSha;
use vendors::github::At;

use crate::{
    github_pull_request::{client, name, repository},
    script::{Script, now, told},
};

fn sha(digit: &str) -> CommitSha {
    digit.repeat(40).parse().expect("a commit")
}

#[test]
fn githubs_words_for_how_commits_stand_are_understood_and_no_files_are_asked_for() {
    let words = ["ahead", "behind", "identical", "diverged", "sideways"];
    let told = words.map(|status| {
        let body = format!(r#"{{"status":"{status}","ahead_by":1,"behind_by":0,"commits":[]}}"#);
        let script = Script::one(200, &body);
        told(now(client(&script).compare(
            repository(&name()),
            &sha("a"),
            &sha("b"),
        )))
    });
    insta::assert_snapshot!(told.join("\n"), @r#"
    Some(Ahead)
    Some(Behind)
    Some(Identical)
    Some(Diverged)
    retry: comparing bbbbbbb with aaaaaaa in acme/shop: GitHub answered 200 with something else than
        expected ("sideways" as the status of a comparison)
    "#);
    let script = Script::one(200, r#"{"status":"ahead"}"#);
    now(client(&script).compare(repository(&name()), &sha("a"), &sha("b"))).unwrap();
    let asked = script.lines().join("\n");
    let asked = asked.replace(sha("a").as_str(), "<a>");
    insta::assert_snapshot!(
        asked.replace(sha("b").as_str(), "<b>"),
        @"GET https://api.github.com/repos/acme/shop/compare/<a>...<b>?per_page=1&page=2"
    );
}

#[test]
fn a_commit_is_identical_to_itself_without_asking_and_one_that_is_gone_stands_to_nothing() {
    let script = Script::default();
    let same = now(client(&script).compare(repository(&name()), &sha("a"), &sha("a")));
    assert_eq!(told(same), "Some(Identical)");
    let script = Script::one(404, r#"{"message":"Not Found"}"#);
    let gone = now(client(&script).compare(repository(&name()), &sha("a"), &sha("b")));
    assert_eq!(told(gone), "None");
    let script = Script::one(404, "<html>nginx</html>");
    let proxy = now(client(&script).compare(repository(&name()), &sha("a"), &sha("b")));
    insta::assert_snapshot!(told(proxy), @r#"
    retry: comparing bbbbbbb with aaaaaaa in acme/shop: GitHub answered 404 "<html>nginx</html>". That
        is not GitHub's way to say so: a proxy in front of it answered
    "#);
}

#[test]
fn a_branch_and_a_tag_of_one_name_are_told_apart_and_slashes_do_not_leave_the_path() {
    let body = format!(
        r#"{{"sha":"{}","commit":{{"message":"Add a cart\n\nFor shoppers"}}}}"#,
        sha("a")
    );
    let sha = sha("b");
    for at in [
        At::Branch("release/1.0"),
        At::Tag("release/1.0"),
        At::Commit(&sha),
    ] {
        let script = Script::one(200, &body);
        let commit = now(client(&script).commit(repository(&name()), at)).unwrap();
        assert_eq!(commit.unwrap().message, "Add a cart\n\nFor shoppers");
        let asked = script.lines().join("");
        let (_, reference) = asked.rsplit_once("/commits/").unwrap();
        let expected = match at {
            At::Branch(_) => "heads%2Frelease%2F1.0".to_owned(),
            At::Tag(_) => "tags%2Frelease%2F1.0".to_owned(),
            At::Commit(sha) => sha.to_string(),
        };
        assert_eq!(reference, expected);
    }
    for status in [404, 422] {
        let script = Script::one(status, r#"{"message":"No commit found for SHA: x"}"#);
        let gone = now(client(&script).commit(repository(&name()), At::Branch("main")));
        assert_eq!(told(gone), "None");
    }
}

#[test]
fn who_wrote_a_change_are_the_people_of_the_merged_pull_requests_that_it_came_by() {
    let pulls = r#"[{"number":7,"user":{"login":"grace"},"merged_at":"2026-11-21T10:00:00Z"},
        {"number":8,"user":{"login":"ada"},"merged_at":null}]"#;
    let by = |author: &str| {
        format!(r#"[{{"author":{{"login":"bob"}},"committer":null}},{{"author":{author}}}]"#)
    };
    let told = [by(r#"{"login":"eve"}"#), by("null"), by("{}")].map(|commits| {
        let script = Script::one(200, pulls).then(200, &[], &commits);
        let people = now(client(&script).writers(repository(&name()), &sha("a"))).unwrap();
        (script.lines().join("\n"), format!("{people:?}"))
    });
    insta::assert_snapshot!(told[0].0.replace(sha("a").as_str(), "<a>"), @"
    GET https://api.github.com/repos/acme/shop/commits/<a>/pulls?per_page=100
    GET https://api.github.com/repos/acme/shop/pulls/7/commits?per_page=100
    ");
    insta::assert_snapshot!(told.map(|(_, people)| people).join("\n"), @r#"
    Some(["bob", "eve", "grace"])
    None
    None
    "#);
    let script = Script::one(200, "[]");
    let people = now(client(&script).writers(repository(&name()), &sha("a"))).unwrap();
    assert_eq!(
        people,
        Some(Vec::new()),
        "it was pushed without a pull request"
    );
}

#[test]
fn the_people_of_a_commit_are_those_whom_github_knows_and_nobody_if_it_does_not_know_its_author() {
    let people = [
        (r#"{"login":"ada"}"#, r#"{"login":"web-flow"}"#),
        (r#"{"login":"ada"}"#, r#"{"login":"ada"}"#),
        (r#"{"login":"ada"}"#, "null"),
        ("null", r#"{"login":"bob"}"#),
        ("{}", r#"{"login":"bob"}"#),
    ];
    let told = people.map(|(author, committer)| {
        let body = format!(
            r#"{{"sha":"{}","commit":{{"message":"x"}},"author":{author},"committer":{committer}}}"#,
            sha("a")
        );
        let script = Script::one(200, &body);
        let commit = now(client(&script).commit(repository(&name()), At::Branch("main")));
        format!("{:?}", commit.unwrap().unwrap().authors)
    });
    insta::assert_snapshot!(told.join("\n"), @r#"
    ["ada", "web-flow"]
    ["ada"]
    ["ada"]
    []
    []
    "#);
}
