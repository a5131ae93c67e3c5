//! Acts: running deliveries again, in whose name something is done, and what it rests on.

use super::*;

#[test]
fn a_replayed_delivery_is_queued_and_processed_after_the_answer() {
    let inbox = inbox();
    let reply = as_role(
        &inbox,
        Role::Deployer,
        &Method::POST,
        "/api/v1/deliveries/dead-1/replay",
    );
    assert_eq!(reply.process, ["dead-1".parse().unwrap()]);
    let shown = as_role(
        &inbox,
        Role::Viewer,
        &Method::GET,
        "/api/v1/deliveries/dead-1",
    );
    assert!(
        text(&shown).contains(r#""status": "pending""#),
        "{}",
        text(&shown)
    );
    insta::assert_snapshot!(
        text(&as_role(&inbox, Role::Deployer, &Method::POST, "/api/v1/deliveries/nobody/replay")),
        @r#"
    404 {
      "detail": "there is no delivery nobody: it never came, or its retention is over",
      "status": 404,
      "title": "Not Found",
      "type": "about:blank"
    }
    "#
    );
}

#[test]
fn all_that_is_dead_is_replayed_in_batches() {
    let inbox = inbox();
    let replay = |uri: &str| as_role(&inbox, Role::Deployer, &Method::POST, uri);
    let first = replay("/api/v1/deliveries/replay?status=dead&limit=1");
    assert_eq!(
        (
            first.process.len(),
            text(&first).contains(r#""more": true"#)
        ),
        (1, true)
    );
    let second = replay("/api/v1/deliveries/replay?status=dead");
    assert_eq!(
        (
            second.process.len(),
            text(&second).contains(r#""more": false"#)
        ),
        (1, true)
    );
    assert_eq!(
        replay("/api/v1/deliveries/replay?status=dead")
            .process
            .len(),
        0
    );
    assert_eq!(replay("/api/v1/deliveries/replay").status, 400);
}

#[test]
fn parameters_that_cannot_be_right_are_refused_by_name() {
    let refused = [
        "?status=deed",
        "?limit=0",
        "?limit=101",
        "?cursor=x",
        "?stauts=dead",
        "?limit=1&limit=2",
    ]
    .map(|query| {
        let uri = format!("/api/v1/deliveries{query}");
        let reply = as_role(&inbox(), Role::Viewer, &Method::GET, &uri);
        let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        format!(
            "{query}: {} {}",
            reply.status.as_u16(),
            body["detail"].as_str().unwrap()
        )
    });
    insta::assert_snapshot!(refused.join("\n"), @r#"
    ?status=deed: 400 the parameter status is "deed", expected one of pending, done, dead
    ?limit=0: 400 the parameter limit is "0", expected a whole number from 1 to 100
    ?limit=101: 400 the parameter limit is "101", expected a whole number from 1 to 100
    ?cursor=x: 400 the parameter cursor is "x", expected the value of next of an earlier page
    ?stauts=dead: 400 there is no parameter "stauts" here; there is status, limit, cursor
    ?limit=1&limit=2: 400 the parameter limit is given twice
    "#);
}

#[test]
fn an_act_bears_the_name_of_its_token_whatever_the_caller_says() {
    let inbox = inbox();
    let json = HeaderValue::from_static("application/json");
    let lock = "/api/v1/environments/42/web/production/lock";
    let deployer = Some("Bearer deployer-token");
    let body = br#"{"reason":"counting coins"}"#.as_slice();
    let answer = send(&inbox, &Method::POST, lock, (deployer, json.clone(), body));
    assert_eq!(answer.status, 202, "{}", text(&answer));
    let shown = as_role(
        &inbox,
        Role::Viewer,
        &Method::GET,
        "/api/v1/environments/42/web/production",
    );
    assert!(
        text(&shown).contains(r#""by": "deployer of the tests""#),
        "{}",
        text(&shown)
    );
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    let refused = send(&inbox, &Method::POST, lock, (deployer, form, body));
    assert_eq!(refused.status, 415, "{}", text(&refused));
    let forged = br#"{"reason":"coins","by":"somebody else"}"#.as_slice();
    let refused = send(&inbox, &Method::POST, lock, (deployer, json, forged));
    assert_eq!(refused.status, 400, "{}", text(&refused));
}

#[test]
fn an_act_on_what_has_changed_since_is_refused_if_its_caller_says_what_he_knows() {
    let inbox = inbox();
    let ask = |method: &Method, uri: &str, (name, value): (HeaderName, HeaderValue)| {
        let authorization = Some("Bearer deployer-token");
        asked_with(method, uri, authorization, |asked| {
            let mut headers = asked.headers.clone();
            headers.insert(name, value);
            let asked = Asked {
                headers: &headers,
                ..asked
            };
            block_on(answer(&inbox, access(&tokens()), asked))
        })
    };
    let environment = "/api/v1/environments/42/web/production";
    let tag = |reply: &Reply| {
        let tag = reply.headers.iter().find(|(name, _)| *name == header::ETAG);
        tag.unwrap().1.clone()
    };
    let shown = as_role(&inbox, Role::Viewer, &Method::GET, environment);
    let before = tag(&shown);
    let same = ask(
        &Method::GET,
        environment,
        (header::IF_NONE_MATCH, before.clone()),
    );
    assert_eq!((same.status.as_u16(), same.body.len()), (304, 0));
    let unlock = format!("{environment}/unlock");
    let retry = format!("{environment}/retry");
    let unlocked = ask(&Method::POST, &unlock, (header::IF_MATCH, before.clone()));
    assert_eq!(unlocked.status, 202, "{}", text(&unlocked));
    let late = ask(&Method::POST, &retry, (header::IF_MATCH, before.clone()));
    assert_eq!(late.status, 412, "{}", text(&late));
    let shown = ask(&Method::GET, environment, (header::IF_NONE_MATCH, before));
    assert_eq!(shown.status, 200);
    let retried = ask(&Method::POST, &retry, (header::IF_MATCH, tag(&shown)));
    assert_eq!(retried.status, 202, "{}", text(&retried));
    let any = HeaderValue::from_static("*");
    assert_eq!(
        ask(&Method::POST, &retry, (header::IF_MATCH, any)).status,
        202
    );
}
