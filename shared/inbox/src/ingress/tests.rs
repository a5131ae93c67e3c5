use std::cell::Cell;

use crate::testing::{TestInbox, inbox, now};

use super::*;

const PAYLOAD: &str = r#"{
    "action": "opened",
    "number": 7,
    "pull_request": {
        "updated_at": "2026-11-21T10:31:07Z",
        "state": "open",
        "title": "Fix the login",
        "user": { "login": "octocat" },
        "head": { "ref": "fix", "sha": "6dcb09b5b57875f334f61aebed695e2e4193db5e", "repo": null },
        "base": { "ref": "main" }
    },
    "repository": { "id": 42, "full_name": "acme/shop", "default_branch": "main" }
}"#;

/// What [`signed`] takes for a good signature.
const SIGNATURE: &str = "sha256=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        })
        .collect()
}

fn delivery(event: &str, guid: &str, body: &str) -> Received {
    Received {
        content_type: ContentType::Json,
        headers: headers(&[
            ("x-github-event", event),
            ("x-github-delivery", guid),
            ("x-hub-signature-256", SIGNATURE),
        ]),
        body: body.as_bytes().to_vec(),
    }
}

/// Stands for the `signature` component, which has tests of its own.
fn signed(_body: &[u8], signature: &str) -> Option<u32> {
    (signature == SIGNATURE).then_some(1)
}

fn receive_now(inbox: &TestInbox, received: Received) -> Reception {
    now(receive(inbox, received, signed))
}

/// An answer as one line for each of its parts.
fn shown(answer: &Answer) -> String {
    let mut shown = format!("{}\n", answer.status);
    for (name, value) in &answer.headers {
        shown += &format!("{name}: {}\n", value.to_str().unwrap());
    }
    shown + &answer.body
}

#[test]
fn only_post_is_allowed() {
    let json = headers(&[("content-type", "application/json")]);
    for method in [
        Method::GET,
        Method::HEAD,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
    ] {
        let answer = admit(&method, &json).unwrap_err();
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert!(shown(&answer).contains("\nallow: POST\n"), "{method}");
    }
    assert_eq!(admit(&Method::POST, &json).unwrap(), ContentType::Json);
}

#[test]
fn other_content_types_are_not_supported() {
    for pairs in [
        &[][..],
        &[("content-type", "text/plain")],
        &[("content-type", "multipart/form-data")],
    ] {
        let answer = admit(&Method::POST, &headers(pairs)).unwrap_err();
        assert_eq!(
            answer.status,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "{pairs:?}"
        );
    }
    insta::assert_snapshot!(shown(&too_large(10)), @r#"
    413 Payload Too Large
    content-type: application/json
    {"outcome":"refused","reason":"body: longer than 10 bytes"}
    "#);
}

#[test]
fn a_delivery_is_accepted_once_it_is_stored_and_handed_out_to_be_processed() {
    let inbox = inbox();
    let reception = receive_now(&inbox, delivery("pull_request", "a-1", PAYLOAD));
    insta::assert_snapshot!(shown(&reception.answer), @r#"
    202 Accepted
    content-type: application/json
    {"delivery":"a-1","event":"pull_request","action":"opened","outcome":"accepted"}
    "#);
    assert_eq!(inbox.store.writes.get(), 1);
    assert_eq!(
        inbox.http.requests.borrow().len(),
        0,
        "nobody is asked before the answer"
    );
    insta::assert_snapshot!(inbox.lines(), @r#"
    info delivery received
      delivery="a-1"
      event="pull_request"
      action="opened"
      repository=42
      outcome="accepted"
      secret=1
    "#);
    now(inbox.run(reception.accepted.expect("something to process"))).unwrap();
    let requests = inbox.http.requests.borrow();
    assert_eq!(requests[0].body, PAYLOAD.as_bytes());
}

#[test]
fn a_form_is_stored_as_the_payload_it_holds() {
    let inbox = inbox();
    let encoded: String = PAYLOAD.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let mut received = delivery("pull_request", "a-1", &format!("payload={encoded}"));
    received.content_type = ContentType::Form;
    let reception = receive_now(&inbox, received);
    assert_eq!(reception.answer.status, StatusCode::ACCEPTED);
    now(inbox.run(reception.accepted.expect("something to process"))).unwrap();
    assert_eq!(inbox.http.requests.borrow()[0].body, PAYLOAD.as_bytes());
}

#[test]
fn the_same_delivery_again_is_a_duplicate() {
    let inbox = inbox();
    drop(receive_now(
        &inbox,
        delivery("pull_request", "a-1", PAYLOAD),
    ));
    let again = receive_now(&inbox, delivery("pull_request", "a-1", PAYLOAD));
    insta::assert_snapshot!(shown(&again.answer), @r#"
    200 OK
    content-type: application/json
    {"delivery":"a-1","event":"pull_request","action":"opened","outcome":"duplicate"}
    "#);
    assert!(again.accepted.is_none());
    assert_eq!(inbox.store.writes.get(), 1);
}

#[test]
fn a_ping_and_what_is_not_used_are_answered_and_not_stored() {
    let inbox = inbox();
    let ping = receive_now(
        &inbox,
        delivery("ping", "a-1", r#"{"zen":"Design for failure."}"#),
    );
    insta::assert_snapshot!(shown(&ping.answer), @r#"
    200 OK
    content-type: application/json
    {"delivery":"a-1","event":"ping","outcome":"pong"}
    "#);
    let star = receive_now(&inbox, delivery("star", "a-2", r#"{"action":"created"}"#));
    insta::assert_snapshot!(shown(&star.answer), @r#"
    200 OK
    content-type: application/json
    {"delivery":"a-2","event":"star","action":"created","outcome":"ignored","reason":"star events are not used"}
    "#);
    assert!(inbox.store.memory.is_empty());
    assert_eq!(inbox.store.reads.get(), 0);
}

#[test]
fn every_wrong_signature_gets_the_same_answer_before_anything_is_parsed() {
    let inbox = inbox();
    let mut answers = Vec::new();
    let wrong = SIGNATURE.replace("aaaa", "bbbb");
    let cut = &SIGNATURE[..70];
    for signature in [
        None,
        Some(""),
        Some("sha256="),
        Some("sha1=aaaa"),
        Some(cut),
        Some(&wrong),
    ] {
        let mut received = delivery("pull_request", "a-1", "not even JSON");
        received.headers = headers(&[]);
        if let Some(signature) = signature {
            received.headers = headers(&[("x-hub-signature-256", signature)]);
        }
        let unread = challenge(&inbox.log, &received.headers, true);
        // Only what has the form of a signature is worth reading the body for.
        assert_eq!(unread.is_ok(), signature == Some(&wrong), "{signature:?}");
        answers.extend(unread.err().map(|answer| shown(&answer)));
        answers.push(shown(&receive_now(&inbox, received).answer));
    }
    answers.dedup();
    let [answer] = answers.as_slice() else {
        panic!("answers differ: {answers:#?}");
    };
    insta::assert_snapshot!(answer, @r#"
    401 Unauthorized
    content-type: application/json
    {"outcome":"refused","reason":"signature missing or wrong"}
    "#);
    assert!(inbox.store.memory.is_empty());
}

#[test]
fn without_a_secret_every_delivery_is_refused_and_the_log_says_why() {
    let inbox = inbox();
    let signed = delivery("ping", "a-1", "{}").headers;
    let answer = challenge(&inbox.log, &signed, false).unwrap_err();
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    insta::assert_snapshot!(inbox.lines(), @r#"
    error delivery refused: no webhook secret is configured (variable github_webhook_secrets)
      outcome="refused"
    "#);
}

#[test]
fn the_raw_body_is_what_is_verified() {
    let inbox = inbox();
    let seen = Cell::new(0);
    let verify = |body: &[u8], _: &str| {
        seen.set(body.len());
        None
    };
    let received = delivery("ping", "a-1", " {} \n");
    now(receive(&inbox, received, verify));
    assert_eq!(seen.get(), 5);
}

#[test]
fn a_delivery_that_cannot_be_understood_is_told_why_in_one_line() {
    let inbox = inbox();
    let reasons: Vec<String> = [
        delivery("pull_request", "../a", PAYLOAD),
        delivery("Push", "a-1", PAYLOAD),
        delivery("pull_request", "a-1", ""),
        delivery("pull_request", "a-1", "[]"),
        delivery(
            "pull_request",
            "a-1",
            &PAYLOAD.replace("6dcb09b5b57875f334f61aebed695e2e4193db5e", "xyz"),
        ),
        Received {
            body: b"{\"a\":\"\xff\"}".to_vec(),
            ..delivery("pull_request", "a-1", "")
        },
    ]
    .into_iter()
    .map(|received| {
        let answer = receive_now(&inbox, received).answer;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        body["reason"].as_str().unwrap().to_owned()
    })
    .collect();
    insta::assert_snapshot!(reasons.join("\n"), @r#"
    header X-GitHub-Delivery: found "../a", expected a delivery id (1 to 64 letters, digits and hyphens)
    header X-GitHub-Event: found "Push", expected the name of an event (lower-case letters and underscores)
    body: empty
    payload: found an array, expected an object
    pull_request.head.sha: found "xyz", expected a commit SHA (40 or 64 lower-case hexadecimal digits)
    payload: not UTF-8 after 6 bytes
    "#);
    assert!(inbox.store.memory.is_empty());
}

#[test]
fn a_delivery_that_cannot_be_understood_can_be_found_in_the_log() {
    let inbox = inbox();
    receive_now(&inbox, delivery("pull_request", "a-1", "{}"));
    insta::assert_snapshot!(inbox.lines(), @r#"
    warn delivery refused: it cannot be understood
      delivery="a-1"
      event="pull_request"
      outcome="refused"
      error="action: missing"
    "#);
}

#[test]
fn what_cannot_be_stored_is_not_accepted() {
    let inbox = inbox();
    inbox.store.broken.set(true);
    let reception = receive_now(&inbox, delivery("pull_request", "a-1", PAYLOAD));
    assert!(reception.accepted.is_none());
    insta::assert_snapshot!(shown(&reception.answer), @r#"
    503 Service Unavailable
    content-type: application/json
    retry-after: 30
    {"delivery":"a-1","event":"pull_request","action":"opened","outcome":"refused","reason":"the store is not available"}
    "#);
    insta::assert_snapshot!(inbox.lines(), @r#"
    error delivery not stored
      delivery="a-1"
      event="pull_request"
      action="opened"
      repository=42
      outcome="refused"
      secret=1
      error="store queue: get delivery/a-1: disk full"
    "#);
}
