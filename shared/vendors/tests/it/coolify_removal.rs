//! Removing a preview: two 404s that mean different things.

use vendors::{
    CallError,
    coolify::{Client, Removal},
};

use crate::script::{Script, TOKEN, broken, no_connection, now, timed_out, told};

fn remove(script: &Script) -> Result<Removal, CallError> {
    let client = Client::new(script, "https://coolify.example", TOKEN);
    let application = "a8k4o0wcgkk4ks0w8s4g0s8k".parse().expect("a uuid");
    now(client.remove_preview(&application, domain::PullRequestNumber(7)))
}

#[test]
fn the_preview_is_deleted_and_never_the_application() {
    let script = Script::one(200, r#"{"message":"Preview deletion request queued."}"#);
    assert_eq!(remove(&script).unwrap(), Removal::Requested);
    insta::assert_snapshot!(script.asked(), @r#"
    DELETE https://coolify.example/api/v1/applications/a8k4o0wcgkk4ks0w8s4g0s8k/previews/7
    accept: "application/json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    time limit: 30 s
    "#);
}

#[test]
fn only_preview_not_found_means_that_nothing_is_there() {
    let gone = Script::one(404, r#"{"message":"Preview not found."}"#);
    assert_eq!(remove(&gone).unwrap(), Removal::NothingThere);
    let missing = Script::one(404, r#"{"message":"Application not found."}"#);
    let Ok(Removal::NoApplication { refusal }) = remove(&missing) else {
        panic!("an application that is not there has no preview, and that is no success")
    };
    insta::assert_snapshot!(refusal.to_string(), @r#"removing the preview of pull request 7 from Coolify application a8k4o0wcgkk4ks0w8s4g0s8k: Coolify answered 404 "Application not found.". The application's uuid must be one of the token's own team; a name does not do"#);
    let others = [
        // A version of Coolify without this endpoint.
        Script::one(
            404,
            r#"{"message":"Not found.","docs":"https://coolify.io/docs"}"#,
        ),
        Script::one(405, r#"{"message":"Method Not Allowed"}"#),
        Script::one(422, r#"{"message":"Invalid pull_request_id."}"#),
        // What Coolify's proxy answers while Coolify itself is down.
        Script::one(404, "404 page not found\n"),
    ];
    let told: Vec<String> = others.iter().map(|script| told(remove(script))).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
refused: removing the preview of pull request 7 from Coolify application a8k4o0wcgkk4ks0w8s4g0s8k:
    Coolify answered 404 "Not found.". Slipway needs Coolify 4.0.0 or newer, and in coolify_url its
    address without /api/v1
refused: removing the preview of pull request 7 from Coolify application a8k4o0wcgkk4ks0w8s4g0s8k:
    Coolify answered 405 "Method Not Allowed". Slipway needs Coolify 4.0.0 or newer, and in
    coolify_url its address without /api/v1
refused: removing the preview of pull request 7 from Coolify application a8k4o0wcgkk4ks0w8s4g0s8k:
    Coolify answered 422 "Invalid pull_request_id."
retry: removing the preview of pull request 7 from Coolify application a8k4o0wcgkk4ks0w8s4g0s8k:
    Coolify answered 404 "404 page not found". That is not Coolify's way to say so: a proxy in front
    of it answered
"#);
}

#[test]
fn a_removal_whose_answer_was_lost_is_asked_for_again() {
    let cases = [
        Script::default().then_fails(timed_out()),
        Script::default().then_fails(broken()),
        Script::default().then_fails(no_connection()),
        Script::one(500, r#"{"message":"Server Error"}"#),
        Script::one(200, "<html>Coolify is being updated</html>"),
    ];
    for script in &cases {
        let error = remove(script).unwrap_err();
        assert!(matches!(error, CallError::Retry { .. }), "{error:?}");
    }
}
