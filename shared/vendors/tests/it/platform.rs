//! The platform API: making and removing virtual clusters.

use domain::PullRequestNumber;
use vendors::platform::{Client, Wish};

use crate::{
    github_pull_request::name,
    script::{Script, now, timed_out, told},
};

const URL: &str = "https://platform.example.com";
const TOKEN: &str = "s3cr3t-0123456789";

fn deploy(script: &Script) -> String {
    let commit = "a".repeat(40).parse().expect("a commit");
    let wish = Wish {
        repository: &name(),
        number: PullRequestNumber(7),
        branch: "feature/\"cart\"",
        commit: &commit,
        tag: &"pr-7".parse().expect("a tag"),
    };
    told(now(Client::new(script, URL, TOKEN).deploy(wish)))
}

fn remove(script: &Script) -> String {
    let client = Client::new(script, URL, TOKEN);
    told(now(client.remove(PullRequestNumber(7))))
}

#[test]
fn both_calls_are_what_the_platform_expects() {
    let script = Script::one(201, r#"{"name":"pr-7"}"#).then(202, &[], "");
    assert_eq!(deploy(&script), "Taken");
    assert_eq!(remove(&script), "Requested");
    insta::assert_snapshot!(script.asked(), @r#"
    POST https://platform.example.com/api/v1/previews
    accept: "application/json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    content-type: "application/json"
    time limit: 30 s
    {"branch":"feature/\"cart\"","commitSha":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","imageTag":"pr-7","prNumber":7,"repository":"acme/shop"}
    ---
    DELETE https://platform.example.com/api/v1/previews/pr-7
    accept: "application/json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    time limit: 30 s
    "#);
}

#[test]
fn an_answer_to_a_deployment_is_told_by_whether_it_may_have_happened() {
    let cases = [
        ("taken, without words", Script::one(204, "")),
        (
            "of another repository",
            Script::one(409, r#"{"error":"pr-7 belongs to acme/till"}"#),
        ),
        (
            "a page for signing in",
            Script::one(200, "<html>Sign in</html>"),
        ),
        (
            "a wrong token, echoed",
            Script::one(401, r#"{"error":"bad s3cr3t-0123456789"}"#),
        ),
        ("another address", Script::one(404, "404 page not found")),
        (
            "a wrong body",
            Script::one(422, r#"{"error":"imageTag: unknown"}"#),
        ),
        (
            "too often",
            Script::default().then(429, &[("retry-after", "60")], "{}"),
        ),
        ("broken", Script::one(502, "<html>Bad Gateway</html>")),
        ("no answer", Script::default().then_fails(timed_out())),
    ];
    let told = cases.map(|(case, script)| format!("{case}: {}", deploy(&script)));
    insta::assert_snapshot!(told.join("\n"), @r#"
    taken, without words: Taken
    of another repository: OfAnother(Refused { reason: "deploying pull request 7 to a virtual cluster: Platform API answered 409 \"pr-7 belongs to acme/till\". The platform knows a preview by its number alone: the number may be taken by another repository" })
    a page for signing in: unknown: deploying pull request 7 to a virtual cluster: Platform API answered 200 with something
        else than expected (a page)
    a wrong token, echoed: refused: deploying pull request 7 to a virtual cluster: Platform API answered 401 "{"error":"bad
        [secret]"}". The variable platform_api_token must hold a token that may make and remove previews
    another address: refused: deploying pull request 7 to a virtual cluster: Platform API answered 404 "404 page not
        found". The variable platform_api_url must be its address without /api/v1
    a wrong body: refused: deploying pull request 7 to a virtual cluster: Platform API answered 422
        "{"error":"imageTag: unknown"}"
    too often: retry after 60 s: deploying pull request 7 to a virtual cluster: Platform API answered 429 "{}"
    broken: unknown: deploying pull request 7 to a virtual cluster: Platform API answered 502 "<html>Bad
        Gateway</html>"
    no answer: unknown: deploying pull request 7 to a virtual cluster: no answer from https://vendor.example:443
        within 30 s
    "#);
}

#[test]
fn only_the_platforms_own_word_means_that_nothing_is_there() {
    let cases = [
        (
            "gone",
            Script::one(404, r#"{"error":"preview pr-7 not found"}"#),
        ),
        ("a proxy's page", Script::one(404, "<html>404</html>")),
        ("at it", Script::one(409, r#"{"error":"deleting"}"#)),
        ("broken", Script::one(500, r#"{"error":"database"}"#)),
        ("no answer", Script::default().then_fails(timed_out())),
    ];
    let told = cases.map(|(case, script)| format!("{case}: {}", remove(&script)));
    insta::assert_snapshot!(told.join("\n"), @r#"
    gone: NothingThere
    a proxy's page: retry: removing the virtual cluster of pull request 7: Platform API answered 404 "<html>404</html>".
        That is not Platform API's way to say so: a proxy in front of it answered
    at it: Requested
    broken: retry: removing the virtual cluster of pull request 7: Platform API answered 500
        "{"error":"database"}"
    no answer: retry: removing the virtual cluster of pull request 7: no answer from https://vendor.example:443
        within 30 s
    "#);
}
