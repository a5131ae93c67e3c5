//! How commits stand to each other, and which one a branch is at.

use domain::{
    CommitSha,
    release::{Brought, Untold, Writers},
};
use vendors::github::At;

use crate::{
    github_pull_request::{client, name, repository},
    script::{Script, now, told, too_long},
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

/// Accounts as `login#id`.
fn shown(writers: &Writers) -> String {
    match writers {
        Writers::Known(people) => {
            let people = people.iter().map(|person| {
                let login = person.login.clone().unwrap_or_default();
                format!("{login}#{}", person.id.unwrap_or_default())
            });
            people.collect::<Vec<_>>().join(" ")
        }
        Writers::Untold(untold) => untold.to_string(),
    }
}

#[test]
fn who_wrote_a_change_are_the_people_of_the_merged_pull_requests_that_it_came_by() {
    let pulls = r#"[{"number":7,"user":{"id":3,"login":"grace"},"merged_at":"2026-11-21T10:00:00Z"},
        {"number":8,"user":{"id":1,"login":"ada"},"merged_at":null}]"#;
    let by = |author: &str| {
        let (one, two) = (sha("b"), sha("c"));
        format!(
            r#"[{{"sha":"{one}","author":{{"id":2,"login":"bob"}},"committer":null}},{{"sha":"{two}","author":{author}}}]"#
        )
    };
    let told = [by(r#"{"id":4,"login":"eve"}"#), by("null"), by("{}")].map(|commits| {
        let script = Script::one(200, pulls).then(200, &[], &commits);
        let came_by = now(client(&script).writers(repository(&name()), &sha("a"))).unwrap();
        (script.lines().join("\n"), came_by)
    });
    insta::assert_snapshot!(told[0].0.replace(sha("a").as_str(), "<a>"), @"
    GET https://api.github.com/repos/acme/shop/commits/<a>/pulls?per_page=100
    GET https://api.github.com/repos/acme/shop/pulls/7/commits?per_page=100
    ");
    insta::assert_snapshot!(told.map(|(_, came_by)| shown(&came_by)).join("\n"), @"
    bob#2 grace#3 eve#4
    GitHub knows no account of an author in #7, and nobody approves their own work: the author has to add the commit's e-mail address to their account
    GitHub knows no account of an author in #7, and nobody approves their own work: the author has to add the commit's e-mail address to their account
    ");
    let script = Script::one(200, pulls)
        .then(200, &[], &by("{\"id\":4,\"login\":\"eve\"}"))
        .then(200, &[], pulls);
    let client_of_one_run = client(&script);
    for one in [sha("a"), sha("b")] {
        let came_by = now(client_of_one_run.writers(repository(&name()), &one)).unwrap();
        assert_eq!(shown(&came_by), "bob#2 grace#3 eve#4");
    }
    assert_eq!(script.lines().len(), 3, "the people of #7 are listed once");
    let script = Script::one(200, "[]");
    let came_by = now(client(&script).writers(repository(&name()), &sha("a"))).unwrap();
    assert_eq!(
        came_by,
        Writers::Known(Vec::new()),
        "it was pushed without a pull request"
    );
    for status in [404, 422] {
        let script = Script::one(status, r#"{"message":"No commit found for SHA: aaaaaaa"}"#);
        let came_by = now(client(&script).writers(repository(&name()), &sha("a"))).unwrap();
        assert_eq!(came_by, Writers::Untold(Untold::Lost { commit: sha("a") }));
    }
}

#[test]
fn what_a_commit_would_bring_is_read_page_by_page_with_who_wrote_and_committed_it() {
    let page = |one: &CommitSha, author: &str| {
        format!(
            r#"{{"status":"ahead","commits":[{{"sha":"{one}","author":{author},"committer":{{"id":9,"login":"web-flow"}}}}]}}"#
        )
    };
    let next = (
        "link",
        r#"<https://api.github.com/repositories/42/compare/a...b?per_page=100&page=2>; rel="next""#,
    );
    let bob = r#"{"id":2,"login":"bob"}"#;
    let all = |second: &str| {
        let script = Script::default()
            .then(200, &[next], &page(&sha("c"), bob))
            .then(200, &[], &page(&sha("d"), second));
        let (base, head) = (sha("a"), sha("d"));
        let brought = now(client(&script).brought(repository(&name()), (&base, &head))).unwrap();
        (script.lines(), brought)
    };
    let (lines, brought) = all(r#"{"id":4,"login":"eve"}"#);
    insta::assert_snapshot!(lines.join("\n").replace(sha("a").as_str(), "<a>").replace(sha("d").as_str(), "<d>"), @"
    GET https://api.github.com/repos/acme/shop/compare/<a>...<d>?per_page=100&page=1
    GET https://api.github.com/repositories/42/compare/a...b?per_page=100&page=2
    ");
    let Brought::Commits { commits, writers } = brought else {
        panic!("it is not lost")
    };
    assert_eq!(commits, [sha("c"), sha("d")], "the oldest first");
    insta::assert_snapshot!(shown(&writers), @"bob#2 eve#4 web-flow#9");
    let (_, brought) = all("null");
    let Brought::Commits { writers, .. } = brought else {
        panic!("it is not lost")
    };
    insta::assert_snapshot!(shown(&writers), @"GitHub knows no account of an author in ddddddd, and nobody approves their own work: the author has to add the commit's e-mail address to their account");
    for (status, message) in [
        (404, "Not Found"),
        (404, "No common ancestor between a and d."),
        (422, "No commit found"),
    ] {
        let script = Script::one(status, &format!(r#"{{"message":"{message}"}}"#));
        let (base, head) = (sha("a"), sha("d"));
        let brought = now(client(&script).brought(repository(&name()), (&base, &head))).unwrap();
        assert_eq!(brought, Brought::Lost, "{message}");
    }
    let endless = (0..10).fold(Script::default(), |script, _| {
        script.then(200, &[next], &page(&sha("c"), bob))
    });
    let (base, head) = (sha("a"), sha("d"));
    let brought = now(client(&endless).brought(repository(&name()), (&base, &head))).unwrap();
    let Brought::Commits { writers, .. } = brought else {
        panic!("it is not lost")
    };
    insta::assert_snapshot!(shown(&writers), @"there are more commits in aaaaaaa...ddddddd than are looked at, and nobody approves their own work");
}

#[test]
fn of_a_comparison_that_is_too_long_to_be_read_nobody_is_told_and_it_is_not_asked_for_again() {
    let script = Script::default().then_fails(too_long());
    let (base, head) = (sha("a"), sha("d"));
    let brought = now(client(&script).brought(repository(&name()), (&base, &head))).unwrap();
    assert_eq!(
        brought,
        Brought::Commits {
            commits: Vec::new(),
            writers: Writers::Untold(Untold::TooMany {
                of: "aaaaaaa...ddddddd".into()
            }),
        }
    );
    assert_eq!(script.lines().len(), 1);
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
        shown(&Writers::Known(commit.unwrap().unwrap().authors))
    });
    assert_eq!(told, ["ada#0 web-flow#0", "ada#0", "ada#0", "", ""]);
}
