//! Cancelling a deployment: what ended before is told from what could not be cancelled.

use vendors::{
    CallError,
    coolify::{Cancellation, Client},
};

use crate::script::{Script, TOKEN, now, told};

fn cancel(script: &Script) -> Result<Cancellation, CallError> {
    let client = Client::new(script, "https://coolify.example", TOKEN);
    now(client.cancel(&"d1".parse().expect("a uuid")))
}

#[test]
fn the_deployment_is_cancelled() {
    let script = Script::one(
        200,
        r#"{"message":"Deployment cancelled successfully.","deployment_uuid":"d1","status":"cancelled-by-user"}"#,
    );
    assert_eq!(cancel(&script).unwrap(), Cancellation::Cancelled);
    insta::assert_snapshot!(script.asked(), @r#"
    POST https://coolify.example/api/v1/deployments/d1/cancel
    accept: "application/json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    time limit: 30 s
    "#);
}

#[test]
fn what_has_ended_or_is_not_there_needs_no_cancelling() {
    for (status, message) in [
        (
            400,
            "Deployment cannot be cancelled. Current status: finished",
        ),
        (404, "Deployment not found."),
    ] {
        let script = Script::one(status, &format!(r#"{{"message":"{message}"}}"#));
        assert_eq!(
            cancel(&script).unwrap(),
            Cancellation::NothingToCancel,
            "{message}"
        );
    }
}

#[test]
fn anything_else_cancels_nothing() {
    let others = [
        Script::one(403, r#"{"message":"Missing required permissions: deploy"}"#),
        Script::one(404, "404 page not found\n"),
        Script::one(200, "<html></html>"),
        // Some versions answer so although they cancelled: asked again, there is nothing to cancel.
        Script::one(500, r#"{"message":"Server Error"}"#),
    ];
    let told: Vec<String> = others.iter().map(|script| told(cancel(script))).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    refused: cancelling Coolify deployment d1: Coolify answered 403 "Missing required permissions:
        deploy". The token in the variable coolify_token needs the abilities read, write and deploy
    retry: cancelling Coolify deployment d1: Coolify answered 404 "404 page not found". That is not
        Coolify's way to say so: a proxy in front of it answered
    retry: cancelling Coolify deployment d1: Coolify answered 200 with something else than expected (no
        message)
    retry: cancelling Coolify deployment d1: Coolify answered 500 "Server Error"
    "#);
}
