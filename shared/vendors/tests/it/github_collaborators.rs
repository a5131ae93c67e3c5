//! Asking what a person may do.

use domain::preview::Permission;
use serde_json::json;

use crate::{
    github_pull_request::{client, name, repository},
    script::{Script, now, told},
};

fn permission(script: &Script, login: &str) -> Result<Permission, vendors::CallError> {
    now(client(script).permission(repository(&name()), login, 583_231))
}

fn answered(permission: &str, id: u64) -> Script {
    let body =
        json!({"permission": permission, "role_name": "x", "user": {"login": "octocat", "id": id}});
    Script::one(200, &body.to_string())
}

#[test]
fn only_write_and_admin_may_write_and_a_new_word_may_not() {
    let script = answered("write", 583_231);
    assert_eq!(permission(&script, "octocat").unwrap(), Permission::Write);
    insta::assert_snapshot!(script.asked(), @r#"
    GET https://api.github.com/repos/acme/shop/collaborators/octocat/permission
    accept: "application/vnd.github+json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    x-github-api-version: "2022-11-28"
    time limit: 30 s
    "#);
    let may = |word: &str| {
        permission(&answered(word, 583_231), "octocat")
            .unwrap()
            .may_write()
    };
    let words = ["admin", "write", "read", "none", "maintain", "everything"];
    assert_eq!(words.map(may), [true, true, false, false, false, false]);
}

#[test]
fn a_login_that_is_another_accounts_by_now_may_do_nothing() {
    let script = answered("admin", 7);
    assert_eq!(permission(&script, "octocat").unwrap(), Permission::None);
    let unnamed = Script::one(
        200,
        r#"{"permission": "admin", "role_name": "admin", "user": null}"#,
    );
    assert_eq!(permission(&unnamed, "octocat").unwrap(), Permission::None);
}

#[test]
fn who_is_gone_may_do_nothing_and_a_page_of_a_proxy_is_no_answer() {
    let gone = Script::one(404, r#"{"message": "octocat is not a user"}"#);
    assert_eq!(permission(&gone, "octocat").unwrap(), Permission::None);
    let page = Script::one(404, "<html>");
    insta::assert_snapshot!(told(permission(&page, "octocat")), @r#"
    retry: asking what "octocat" may do in acme/shop: GitHub answered 404 "<html>". That is not GitHub's
        way to say so: a proxy in front of it answered
    "#);
    let refused = Script::one(
        403,
        r#"{"message": "Resource not accessible by integration"}"#,
    );
    insta::assert_snapshot!(told(permission(&refused, "octocat")), @r#"
    refused: asking what "octocat" may do in acme/shop: GitHub answered 403 "Resource not accessible by
        integration". The token in github_token needs to read contents and actions, and to write pull
        requests
    "#);
}

#[test]
fn a_login_stays_one_part_of_the_path() {
    let script = answered("read", 583_231);
    permission(&script, "dependabot[bot]/../x").unwrap();
    assert_eq!(
        script.lines(),
        [
            "GET https://api.github.com/repos/acme/shop/collaborators/dependabot%5Bbot%5D%2F..%2Fx/permission"
        ]
    );
}
