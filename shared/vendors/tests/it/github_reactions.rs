//! Reacting to a comment.

use vendors::{
    CallError,
    github::{Reaction, Update},
};

use crate::{
    github_pull_request::{client, name, repository},
    script::{Script, now, told},
};

fn react(script: &Script, reaction: Reaction) -> Result<Update, CallError> {
    now(client(script).react(repository(&name()), 33, reaction))
}

#[test]
fn a_reaction_is_made_and_one_that_is_there_is_as_good() {
    for status in [201, 200] {
        let script = Script::one(status, r#"{"id": 1, "content": "eyes"}"#);
        assert_eq!(react(&script, Reaction::Eyes).unwrap(), Update::Updated);
        insta::allow_duplicates! {
            insta::assert_snapshot!(script.asked(), @r#"
            POST https://api.github.com/repos/acme/shop/issues/comments/33/reactions
            accept: "application/vnd.github+json"
            authorization: Sensitive
            user-agent: "slipway/0.0.0"
            x-github-api-version: "2022-11-28"
            content-type: "application/json"
            time limit: 30 s
            {"content":"eyes"}
            "#);
        }
    }
    for (reaction, word) in [
        (Reaction::Rocket, "rocket"),
        (Reaction::Confused, "confused"),
    ] {
        let script = Script::one(201, r#"{"id": 1}"#);
        react(&script, reaction).unwrap();
        assert!(script.asked().contains(word), "{}", script.asked());
    }
}

#[test]
fn a_comment_that_is_gone_needs_none_and_a_page_of_a_proxy_is_no_answer() {
    let gone = Script::one(404, r#"{"message": "Not Found"}"#);
    assert_eq!(react(&gone, Reaction::Rocket).unwrap(), Update::Gone);
    let page = Script::one(200, "<html>");
    insta::assert_snapshot!(told(react(&page, Reaction::Rocket)), @"
    retry: reacting to comment 33 of acme/shop: GitHub answered 200 with something else than expected
        (expected value at line 1 column 1)
    ");
    let locked = Script::one(403, r#"{"message": "Issue is locked"}"#);
    insta::assert_snapshot!(told(react(&locked, Reaction::Rocket)), @r#"
    refused: reacting to comment 33 of acme/shop: GitHub answered 403 "Issue is locked". A person with
        write access must unlock the conversation
    "#);
}
