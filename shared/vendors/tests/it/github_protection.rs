//! Answering a job that waits before it deploys.

use vendors::{
    CallError,
    github::{Review, Reviewed},
};

use crate::{
    github_pull_request::{client, name, repository},
    script::{Script, now, told},
};

fn review(script: &Script, is_approved: Option<bool>) -> Result<Reviewed, CallError> {
    let review = Review {
        run: 77,
        environment: "production",
        is_approved,
        comment: "aaaaaaa to production: web: its rules are fulfilled",
    };
    now(client(script).review_deployment(repository(&name()), review))
}

#[test]
fn an_answer_has_a_state_and_a_word_on_how_things_stand_has_none() {
    let script = Script::one(204, "");
    assert_eq!(review(&script, Some(true)).unwrap(), Reviewed::Taken);
    insta::assert_snapshot!(script.asked(), @r#"
    POST https://api.github.com/repos/acme/shop/actions/runs/77/deployment_protection_rule
    accept: "application/vnd.github+json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    x-github-api-version: "2022-11-28"
    content-type: "application/json"
    time limit: 30 s
    {"environment_name":"production","comment":"aaaaaaa to production: web: its rules are fulfilled","state":"approved"}
    "#);
    for (state, text) in [
        (Some(false), r#""state":"rejected""#),
        (None, r#"fulfilled"}"#),
    ] {
        let script = Script::one(204, "");
        review(&script, state).unwrap();
        assert!(script.asked().contains(text), "{}", script.asked());
    }
}

#[test]
fn what_was_answered_or_is_gone_is_done_and_everything_else_is_told() {
    for status in [404, 422] {
        let script = Script::one(status, r#"{"message": "No pending deployment"}"#);
        let said = "No pending deployment".to_owned();
        assert_eq!(
            review(&script, Some(true)).unwrap(),
            Reviewed::NotAsked(said)
        );
    }
    let told = [
        Script::one(
            403,
            r#"{"message": "Resource not accessible by integration"}"#,
        ),
        Script::one(502, "<html>"),
        Script::one(404, "<html>"),
    ]
    .map(|script| told(review(&script, Some(true))));
    insta::assert_snapshot!(told.join("\n"), @r#"
    refused: answering the run 77 of acme/shop that would deploy: GitHub answered 403 "Resource not
        accessible by integration". The token in github_token needs to read contents and actions, and to
        write pull requests
    retry: answering the run 77 of acme/shop that would deploy: GitHub answered 502 "<html>"
    retry: answering the run 77 of acme/shop that would deploy: GitHub answered 404 "<html>". That is
        not GitHub's way to say so: a proxy in front of it answered
    "#);
}
