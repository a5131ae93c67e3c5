//! Installations of the App: what they reach, and when one that is not found counts as gone.

use domain::InstallationId;
use ports::memory::MemoryStore;
use vendors::github::{Client, Credentials, Repository};

use crate::{
    github_app::{Answers, DATE, Waiting, client, reads, rest},
    github_pull_request::{name, repository},
    script::{Script, now, told},
};

const FIVE: InstallationId = InstallationId(5);

const INSTALLATION: &str = r#"{"id":5,"app_id":12345,"account":{"id":9,"login":"acme","type":"Organization"},
    "target_type":"Organization","repository_selection":"selected","permissions":{"metadata":"read","contents":"read"},
    "events":["pull_request"],"suspended_at":null,"created_at":"2026-11-20T10:00:00Z","updated_at":"2026-11-21T10:00:00Z"}"#;

const NOT_FOUND: &str = r#"{"message":"Not Found"}"#;

fn with(script: Script, status: u16, body: &str) -> Script {
    script.then(status, &[DATE], body)
}

#[test]
fn an_installation_is_read_with_all_its_repositories_by_a_token_that_may_only_list() {
    let rest = rest();
    let page = |id: u64| {
        format!(r#"{{"total_count":2,"repositories":[{{"id":{id},"full_name":"acme/r{id}"}}]}}"#)
    };
    let next =
        r#"<https://api.github.com/installation/repositories?per_page=100&page=2>; rel="next""#;
    let script = with(Script::default(), 200, INSTALLATION)
        .token("ghs_0123456789")
        .then(200, &[("link", next)], &page(1))
        .then(200, &[], &page(2));
    let shown = now(client(&script, &rest).look_at_installation(FIVE, Some(12345)));
    insta::assert_snapshot!(told(shown), @r#"Active { details: Details { app: 12345, account: 9, login: "acme", target_type: "Organization", selection: Selected, permissions: {"contents": "read", "metadata": "read"}, events: {"pull_request"}, suspended_at: None, created_at: 2026-11-20T10:00:00Z, updated_at: 2026-11-21T10:00:00Z }, repositories: {RepositoryId(1): acme/r1, RepositoryId(2): acme/r2} }"#);
    insta::assert_snapshot!(script.lines().join("\n"), @"
    GET https://api.github.com/app/installations/5
    POST https://api.github.com/app/installations/5/access_tokens
    GET https://api.github.com/installation/repositories?per_page=100&page=1
    GET https://api.github.com/installation/repositories?per_page=100&page=2
    ");
    let asked = script.asked();
    assert!(
        asked.contains(r#"{"permissions":{"metadata":"read"}}"#),
        "{asked}"
    );
}

#[test]
fn a_list_that_is_shorter_than_github_says_is_none() {
    let rest = rest();
    let script = with(Script::default(), 200, INSTALLATION)
        .token("ghs_0123456789")
        .then(
            200,
            &[],
            r#"{"total_count":2,"repositories":[{"id":1,"full_name":"acme/r1"}]}"#,
        );
    let shown = now(client(&script, &rest).look_at_installation(FIVE, Some(12345)));
    insta::assert_snapshot!(told(shown), @"
    retry: listing the repositories of the App's installation 5: GitHub answered 200 with something else
        than expected (2 repositories, of which 1 were listed)
    ");
}

#[test]
fn a_suspended_one_is_not_asked_for_its_repositories() {
    let rest = rest();
    let suspended = INSTALLATION.replace(
        r#""suspended_at":null"#,
        r#""suspended_at":"2026-11-21T09:00:00Z""#,
    );
    let script = with(Script::default(), 200, &suspended);
    let shown = told(now(
        client(&script, &rest).look_at_installation(FIVE, Some(12345))
    ));
    assert!(shown.starts_with("Suspended"), "{shown}");
    assert_eq!(script.lines().len(), 1);
}

#[test]
fn one_that_is_not_found_is_gone_only_for_the_app_that_it_was_of() {
    let rest = rest();
    let script = with(Script::default(), 404, NOT_FOUND);
    let script = with(script, 200, r#"{"id":12345,"slug":"slipway"}"#);
    let shown = now(client(&script, &rest).look_at_installation(FIVE, Some(12345)));
    assert_eq!(told(shown), "Gone");

    let script = with(Script::default(), 404, NOT_FOUND);
    let script = with(script, 200, r#"{"id":12345,"slug":"slipway"}"#);
    let shown = now(client(&script, &rest).look_at_installation(FIVE, Some(777)));
    insta::assert_snapshot!(told(shown), @"
    refused: reading the App's installation 5: it is one of the App 777, and Slipway signs in as the App
        12345. Nothing is concluded from that: what is left of the other App's previews is to be removed
        by hand, or with its key
    ");

    // A proxy's page is not GitHub's word, and neither is a key that GitHub does not take.
    for (status, body) in [
        (404, "<html>nothing here</html>"),
        (401, r#"{"message":"Bad credentials"}"#),
    ] {
        let script = with(Script::default(), status, body);
        let shown = now(client(&script, &rest).look_at_installation(FIVE, None));
        assert!(shown.is_err(), "{status} {body}");
    }
}

#[test]
fn all_installations_are_listed_page_by_page_and_a_plain_token_has_none() {
    let rest = rest();
    let next = r#"<https://api.github.com/app/installations?per_page=100&page=2>; rel="next""#;
    let script = Script::default()
        .then(
            200,
            &[DATE, ("link", next)],
            r#"[{"id":5,"suspended_at":null}]"#,
        )
        .then(200, &[DATE], r#"[{"id":6,"suspended_at":null}]"#);
    let found = now(client(&script, &rest).installations());
    assert_eq!(told(found), "{InstallationId(5), InstallationId(6)}");

    let nothing = Script::default();
    let token = Credentials::of(None, None, Some("ghp_0123456789"));
    let clock = Waiting::new();
    let store = MemoryStore::default();
    let plain = Client::new(&nothing, &clock, &store, "https://api.github.com", &token);
    assert_eq!(told(now(plain.installations())), "{}");
}

#[test]
fn a_repository_is_reached_if_github_gives_a_token_for_its_own_id() {
    let rest = rest();
    let reach = |script: &Script| told(now(client(script, &rest).reach(repository(&name()))));
    let script = Script::default().installed().token("ghs_0123456789");
    assert_eq!(reach(&script), "By(InstallationId(5))");
    let asked = script.asked();
    assert!(
        asked.contains(r#"{"repository_ids":[1296269],"permissions":{"metadata":"read"}}"#),
        "{asked}"
    );
    // The name leads to another repository by now.
    let script = with(
        Script::default().installed(),
        422,
        r#"{"message":"There is at least one repository that does not exist"}"#,
    );
    assert_eq!(reach(&script), "None");
    let script = with(Script::default(), 404, NOT_FOUND);
    let script = with(script, 200, r#"{"id":12345,"slug":"slipway"}"#);
    assert_eq!(reach(&script), "None");
    let script = with(
        Script::default(),
        200,
        r#"{"id":5,"suspended_at":"2026-11-21T09:00:00Z"}"#,
    );
    assert_eq!(reach(&script), "None");
    let script = with(Script::default(), 502, "<html>");
    assert!(
        reach(&script).starts_with("retry"),
        "{}",
        reach(&with(Script::default(), 502, ""))
    );
}

#[test]
fn a_repository_is_described_with_the_first_compose_file_that_docker_would_find() {
    let rest = rest();
    let described = r#"{"id":1296269,"full_name":"acme/shop","private":true,"archived":false,"default_branch":"trunk"}"#;
    let file = r#"{"type":"file","size":2,"sha":"x","encoding":"base64","content":"e30="}"#;
    let script = Script::default()
        .installed()
        .token("ghs_0123456789")
        .then(200, &[], described)
        .then(404, &[], NOT_FOUND)
        .then(404, &[], NOT_FOUND)
        .then(200, &[], file);
    let read = now(client(&script, &rest).describe(repository(&name())));
    insta::assert_snapshot!(told(read), @r#"Details { full_name: acme/shop, private: true, archived: false, default_branch: "trunk", compose_path: Some("docker-compose.yaml") }"#);
    insta::assert_snapshot!(script.lines()[2..].join("\n"), @"
    GET https://api.github.com/repos/acme/shop
    GET https://api.github.com/repos/acme/shop/contents/compose.yaml?ref=trunk
    GET https://api.github.com/repos/acme/shop/contents/compose.yml?ref=trunk
    GET https://api.github.com/repos/acme/shop/contents/docker-compose.yaml?ref=trunk
    ");
    let other = described.replace("1296269", "7");
    let script = Script::default().then(200, &[], &other);
    let name = name();
    let asked = Repository {
        id: repository(&name).id,
        name: &name,
    };
    let read = now(client(&script, &rest).describe(asked));
    insta::assert_snapshot!(told(read), @"
    refused: reading the repository acme/shop: acme/shop is now the repository with id 7, not 1296269.
        It was replaced: the repository's present name would be right, which its next delivery brings
    ");
}

#[test]
fn a_repository_that_came_to_another_installation_gets_a_token_of_that_one() {
    let rest = rest();
    let script = Script::default()
        .installed()
        .token("ghs_0123456789")
        .pull_request();
    assert!(reads(&script, &rest).starts_with("Some("));
    let nothing = Script::default();
    let id = repository(&name()).id;
    now(client(&nothing, &rest).remember_installation(id, InstallationId(6))).unwrap();
    let script = Script::default().token("ghs_9876543210").pull_request();
    assert!(reads(&script, &rest).starts_with("Some("));
    assert_eq!(
        script.lines().first().map(String::as_str),
        Some("POST https://api.github.com/app/installations/6/access_tokens")
    );
}
