//! The App's tokens: kept, renewed by one, dropped when GitHub takes them no more.

use std::rc::Rc;

use domain::RepositoryId;
use ports::{Label, Store};
use vendors::{
    CallError,
    github::{CheckRun, CheckStatus, FileContent},
};

use crate::{
    github_app::{Answers, DATE, Rest, client, reads, rest},
    github_pull_request::{name, repository},
    script::{Script, now, told},
};

const BAD: &str = r#"{"message":"Bad credentials"}"#;
const TOKEN_REQUEST: &str = "POST https://api.github.com/app/installations/5/access_tokens";
const RECORD: &str = "github/token/1296269";
const CLAIM: &str = "github/token/1296269/claim/1";

fn token_requests(script: &Script) -> usize {
    let lines = script.lines();
    lines.iter().filter(|line| **line == TOKEN_REQUEST).count()
}

#[test]
fn a_token_is_used_by_everybody_until_shortly_before_it_expires() {
    let rest = rest();
    let script = Script::default()
        .installed()
        .token("ghs_first_0123")
        .pull_request()
        .pull_request()
        .then(
            201,
            &[DATE],
            r#"{"token":"ghs_second_0123","expires_at":"2026-11-21T11:31:07Z"}"#,
        )
        .pull_request();
    reads(&script, &rest);
    rest.clock.pass(54 * 60);
    reads(&script, &rest);
    assert_eq!(token_requests(&script), 1, "{:?}", script.lines());
    rest.clock.pass(2 * 60);
    reads(&script, &rest);
    assert_eq!(token_requests(&script), 2, "{:?}", script.lines());
    let keys = rest.store.all_keys();
    let claims: Vec<&String> = keys.iter().filter(|key| key.contains("/claim/")).collect();
    assert_eq!(
        claims,
        ["default github/token/1296269/claim/2"],
        "one claim is left, the last"
    );
}

#[test]
fn a_token_that_github_takes_no_more_is_dropped_and_renewed_once_in_the_same_call() {
    let rest = rest();
    let script = Script::default()
        .installed()
        .token("ghs_first_0123")
        .pull_request()
        .then(401, &[], BAD)
        .token("ghs_second_0123")
        .pull_request();
    reads(&script, &rest);
    assert!(
        reads(&script, &rest).starts_with("Some"),
        "the renewed one works"
    );

    let script = Script::default()
        .then(401, &[], BAD)
        .token("ghs_third_0123")
        .then(401, &[], BAD);
    insta::assert_snapshot!(reads(&script, &rest), @r#"retry: reading pull request acme/shop#7: GitHub answered 401 "Bad credentials""#);
    assert_eq!(token_requests(&script), 1, "not again and again");
}

#[test]
fn a_lack_of_rights_is_believed_of_a_new_token_only() {
    let refusal = r#"{"message":"Resource not accessible by integration"}"#;
    let needed = [("x-accepted-github-permissions", "pull_requests=read")];
    let rest = rest();
    let script = Script::default()
        .installed()
        .token("ghs_first_0123")
        .then(403, &needed, refusal);
    insta::assert_snapshot!(reads(&script, &rest), @r#"
    refused: reading pull request acme/shop#7: GitHub answered 403 "Resource not accessible by
        integration". The App needs the permission pull_requests=read, and the owner of the installation
        must have accepted it
    "#);
    assert_eq!(token_requests(&script), 1);

    let script = Script::default()
        .then(403, &needed, refusal)
        .token("ghs_second_0123")
        .pull_request();
    assert!(
        reads(&script, &rest).starts_with("Some"),
        "what was granted in the meantime is used at once"
    );
}

#[test]
fn a_repository_that_is_not_found_loses_its_token_and_installation() {
    let rest = rest();
    let script = Script::default().installed().token("ghs_first_0123").then(
        404,
        &[],
        r#"{"message":"Not Found"}"#,
    );
    assert_eq!(reads(&script, &rest), "None");
    assert_eq!(rest.store.all_keys(), Vec::<String>::new());
}

#[test]
fn a_check_run_that_is_not_found_is_tried_again_with_another_token() {
    let rest = rest();
    let script = Script::default()
        .installed()
        .token("ghs_first_0123")
        .then(404, &[], r#"{"message":"Not Found"}"#)
        .installed()
        .token("ghs_second_0123")
        .then(200, &[], r#"{"id": 4}"#);
    let head = "a".repeat(40).parse().unwrap();
    let run = CheckRun {
        name: "Slipway preview",
        head: &head,
        external_id: "ours",
        status: CheckStatus::Success,
        title: "Ready",
        summary: "",
        annotations: &[],
        details_url: None,
        buttons: &[],
    };
    let changes = || now(client(&script, &rest).update_check_run(repository(&name()), 4, &run));
    assert!(matches!(changes(), Err(CallError::Retry { .. })));
    assert_eq!(changes(), Ok(()));
    assert_eq!(token_requests(&script), 2);
}

#[test]
fn while_one_gets_a_token_the_others_wait_for_it() {
    let rest = rest();
    // Somebody else claimed the first renewal, and is done while we wait.
    now(rest.store.increment(Label::Default, CLAIM, 1)).unwrap();
    let store = Rc::clone(&rest.store);
    rest.clock.meanwhile(move || {
        let record = br#"{"number":1,"token":{"token":"ghs_theirs_0123","expires_at":1795260667000,"installation":5}}"#;
        now(store.set(Label::Default, RECORD, record)).unwrap();
    });
    let script = Script::default().pull_request();
    assert!(reads(&script, &rest).starts_with("Some"));
    assert_eq!(token_requests(&script), 0, "{:?}", script.lines());
}

#[test]
fn whoever_was_to_get_a_token_and_is_gone_is_passed_over() {
    let rest = rest();
    now(rest.store.increment(Label::Default, CLAIM, 1)).unwrap();
    let script = Script::default()
        .installed()
        .token("ghs_passed_over")
        .pull_request();
    let begun = rest.clock.now.get();
    assert!(reads(&script, &rest).starts_with("Some"));
    let waited = rest.clock.now.get().since(begun);
    assert_eq!(waited.as_secs(), 6, "after a bounded while");
    assert_eq!(token_requests(&script), 1);
    let record = now(rest.store.get(Label::Default, RECORD)).unwrap();
    let record = String::from_utf8(record.unwrap()).unwrap();
    assert!(record.contains(r#""number":2"#), "{record}");
}

#[test]
fn while_one_renews_a_token_the_others_go_on_with_the_old_one() {
    let rest = rest();
    let script = Script::default()
        .installed()
        .token("ghs_first_0123")
        .pull_request()
        .pull_request();
    reads(&script, &rest);
    rest.clock.pass(56 * 60);
    let claim = "github/token/1296269/claim/2";
    now(rest.store.increment(Label::Default, claim, 1)).unwrap();
    assert!(reads(&script, &rest).starts_with("Some"));
    assert_eq!(token_requests(&script), 1, "{:?}", script.lines());
}

#[test]
fn a_failure_holds_for_those_who_waited_and_not_for_long() {
    let rest = rest();
    let script = Script::default()
        .then(
            401,
            &[DATE],
            r#"{"message":"A JSON web token could not be decoded"}"#,
        )
        .installed()
        .token("ghs_first_0123")
        .pull_request();
    let first = reads(&script, &rest);
    let second = reads(&script, &rest);
    let told = |text: &str| text.replace([' ', '\n'], "");
    assert_eq!(
        told(&second),
        told(&first).replace("refused:", "retryafter10s:"),
        "the same again, without asking GitHub, and not for good"
    );
    assert_eq!(script.lines().len(), 1);
    rest.clock.pass(11);
    assert!(
        reads(&script, &rest).starts_with("Some"),
        "the next one asks again"
    );
}

#[test]
fn of_a_repository_that_is_forgotten_nothing_is_left() {
    let rest = rest();
    let script = Script::default()
        .installed()
        .token("ghs_first_0123")
        .pull_request();
    reads(&script, &rest);
    assert!(!rest.store.is_empty());
    now(client(&script, &rest).forget_repository(repository(&name()).id)).unwrap();
    assert_eq!(rest.store.all_keys(), Vec::<String>::new());
    now(client(&script, &rest).forget_repository(RepositoryId(1))).unwrap();
}

const NOTHING: &str = r#"{"message":"Not Found"}"#;
const FILE: &str =
    r#"{"type":"file","encoding":"base64","size":2,"content":"aGk=\n","sha":"5d1c7a8e"}"#;

/// Reads a file of the owner's `.github` as in a request of its own.
fn owners_file(script: &Script, rest: &Rest) -> FileContent {
    now(client(script, rest).owner_file(repository(&name()), "slipway.yml")).expect("an answer")
}

#[test]
fn an_owners_file_that_is_not_public_is_read_with_a_token_for_that_repository_alone() {
    let rest = rest();
    let script = Script::default()
        .installed()
        .token("ghs_first_0123")
        .then(404, &[], NOTHING)
        .token("ghs_owner_0123")
        .then(200, &[], FILE)
        .then(404, &[], NOTHING)
        .then(200, &[], FILE);
    let found = FileContent::Found {
        text: "hi".to_owned(),
        sha: "5d1c7a8e".to_owned(),
    };
    assert_eq!(owners_file(&script, &rest), found);
    assert_eq!(owners_file(&script, &rest), found, "with the same token");
    assert_eq!(token_requests(&script), 2, "{:?}", script.lines());
    let asked = script.asked();
    assert!(
        asked.contains(r#"{"repositories":[".github"],"permissions":{"contents":"read"}}"#),
        "{asked}"
    );
    let forgetting = client(&script, &rest);
    now(forgetting.forget_repository(RepositoryId(1_296_269))).expect("the store works");
    let left = rest.store.all_keys();
    assert!(!left.iter().any(|key| key.contains("token")), "{left:?}");
}

#[test]
fn an_owners_repository_that_is_not_covered_is_asked_for_every_ten_minutes_at_most() {
    let rest = rest();
    let refusal = r#"{"message":"There is at least one repository that does not exist or is not accessible to the parent installation."}"#;
    let script = Script::default()
        .installed()
        .token("ghs_first_0123")
        .then(404, &[], NOTHING)
        .then(422, &[], refusal)
        .then(404, &[], NOTHING)
        .then(404, &[], NOTHING)
        .then(422, &[], refusal);
    assert_eq!(owners_file(&script, &rest), FileContent::Missing);
    assert_eq!(owners_file(&script, &rest), FileContent::Missing);
    assert_eq!(token_requests(&script), 2, "it is known by now");
    rest.clock.pass(601);
    assert_eq!(owners_file(&script, &rest), FileContent::Missing);
    assert_eq!(token_requests(&script), 3, "somebody may have added it");
}

#[test]
fn an_owners_repository_is_not_taken_for_missing_while_github_gives_no_token() {
    let rest = rest();
    let script = Script::default()
        .installed()
        .token("ghs_first_0123")
        .then(404, &[], NOTHING)
        .then(502, &[], "");
    let read = now(client(&script, &rest).owner_file(repository(&name()), "slipway.yml"));
    insta::assert_snapshot!(told(read), @"retry: getting a token of the App for acme/.github: GitHub answered 502");
}
