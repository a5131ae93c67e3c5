//! Requests that are sent again, and requests that are too many.

use super::*;

const LOCK: &str = "/api/v1/environments/42/web/production/lock";

/// Locks as a deployer, with this key and reason.
fn lock(inbox: &TestInbox, key: &str, reason: &str) -> Reply {
    let body = serde_json::json!({ "reason": reason }).to_string();
    asked_with(
        &Method::POST,
        LOCK,
        Some("Bearer deployer-token"),
        |asked| {
            let mut headers = asked.headers.clone();
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
            headers.insert("idempotency-key", key.parse().unwrap());
            let asked = Asked {
                headers: &headers,
                body: body.as_bytes(),
                ..asked
            };
            block_on(answer(inbox, access(&tokens()), asked))
        },
    )
}

fn header_of<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    let mut headers = reply.headers.iter();
    let found = headers.find(|(known, _)| known.as_str() == name);
    found.map(|(_, value)| value.to_str().unwrap())
}

/// How often the audit has something of a lock.
fn locks(inbox: &TestInbox) -> usize {
    let reply = as_role(inbox, Role::Viewer, &Method::GET, "/api/v1/audit?act=lock");
    let list: model::AuditList = serde_json::from_slice(&reply.body).unwrap();
    list.acts.len()
}

#[test]
fn what_is_sent_again_with_its_key_is_answered_the_same_and_done_once() {
    let inbox = inbox();
    let first = lock(&inbox, "f3a1", "coins");
    assert_eq!(
        (
            first.status.as_u16(),
            header_of(&first, "idempotent-replayed")
        ),
        (202, None)
    );
    inbox.clock.0.set(inbox.clock.0.get() + 5_000);
    inbox.http.0.clock.0.set(inbox.clock.0.get());
    let again = lock(&inbox, "f3a1", "coins");
    assert_eq!(again.status, 202);
    assert_eq!(header_of(&again, "idempotent-replayed"), Some("true"));
    assert_eq!(again.body, first.body);
    assert_eq!(locks(&inbox), 1);
    let other = lock(&inbox, "f3a1", "other coins");
    assert_eq!(other.status, 422, "{}", text(&other));
    assert_eq!(lock(&inbox, "f3a2", "coins").status, 202);
    assert_eq!(locks(&inbox), 2);
}

#[test]
fn a_refusal_is_answered_the_same_too() {
    let inbox = inbox();
    let empty = lock(&inbox, "f3a1", " ");
    assert_eq!(empty.status, 400, "{}", text(&empty));
    let again = lock(&inbox, "f3a1", " ");
    assert_eq!((again.status, &again.body), (empty.status, &empty.body));
    assert_eq!(header_of(&again, "idempotent-replayed"), Some("true"));
}

#[test]
fn a_request_that_is_being_answered_or_was_cut_off_is_not_done_again() {
    let inbox = inbox();
    lock(&inbox, "f3a1", "coins");
    // As if whoever answered it died before the answer was kept.
    let keys = block_on(inbox.store.keys(ports::Label::Queue)).unwrap();
    let is_record = |key: &&String| key.starts_with("once/") && !key.ends_with("/claim");
    let record = keys.iter().find(is_record).unwrap();
    let stored = block_on(inbox.store.get(ports::Label::Queue, record)).unwrap();
    let mut value: serde_json::Value = serde_json::from_slice(&stored.unwrap()).unwrap();
    value["answer"] = serde_json::Value::Null;
    let value = value.to_string();
    block_on(
        inbox
            .store
            .set(ports::Label::Queue, record, value.as_bytes()),
    )
    .unwrap();
    let again = lock(&inbox, "f3a1", "coins");
    assert_eq!(again.status, 409, "{}", text(&again));
    assert_eq!(header_of(&again, "retry-after"), Some("30"));
    assert_eq!(locks(&inbox), 1);
}

#[test]
fn a_key_is_one_text_of_some_length() {
    for key in ["", "a b", &"x".repeat(256)] {
        let reply = lock(&inbox(), key, "coins");
        assert_eq!(reply.status, 400, "{}", text(&reply));
    }
}

#[test]
fn a_token_may_ask_so_often_in_a_minute_and_is_told_how_often_that_is() {
    let inbox = inbox();
    let tokens = tokens();
    let ask = |role: Role| {
        let token = format!("Bearer {}-token", role.name());
        asked_with(&Method::GET, "/api/v1/me", Some(&token), |asked| {
            let access = Access {
                tokens: &tokens,
                requests_per_minute: 2,
            };
            block_on(answer(&inbox, access, asked))
        })
    };
    let first = ask(Role::Viewer);
    assert_eq!(
        (
            first.status.as_u16(),
            header_of(&first, "ratelimit-remaining")
        ),
        (200, Some("1"))
    );
    assert_eq!(header_of(&first, "ratelimit-limit"), Some("2"));
    assert_eq!(ask(Role::Viewer).status, 200);
    let refused = ask(Role::Viewer);
    insta::assert_snapshot!(text(&refused), @r#"
    429 {
      "detail": "a token may make 2 requests in a minute: ask again in 54 seconds",
      "status": 429,
      "title": "Too Many Requests",
      "type": "about:blank"
    }
    "#);
    assert_eq!(header_of(&refused, "retry-after"), Some("54"));
    assert_eq!(header_of(&refused, "ratelimit-reset"), Some("54"));
    assert_eq!(ask(Role::Admin).status, 200, "each token counts for itself");
    inbox.clock.0.set(inbox.clock.0.get() + 60_000);
    assert_eq!(ask(Role::Viewer).status, 200);
}
