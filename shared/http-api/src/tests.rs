//! Requests and answers, over an inbox in memory.

use std::{cell::Cell, time::Duration};

use domain::Timestamp;
use futures::executor::block_on;
use inbox::{Acceptance, Incoming};
use ports::{Http, HttpError, NoLog, Request, Response, memory::MemoryStore};

use super::*;
use crate::entities::{Entities, tests::stored};

/// The other components: `entities` as it is, and the handlers of deliveries, which take nothing.
pub(crate) struct Components(Entities<MemoryStore, Still, NoLog>);

impl Http for Components {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let Some(asked) = request.url.strip_prefix("http://entities.spin.internal") else {
            return Ok(Response {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                headers: HeaderMap::new(),
                body: b"head.sha is missing".to_vec(),
            });
        };
        for name in request.headers.keys() {
            let conditions = [header::IF_MATCH, header::IF_NONE_MATCH];
            let may = *name == elsewhere::PERSON || conditions.contains(name);
            assert!(may, "no token goes along, and no {name}");
        }
        let (path, query) = asked
            .split_once('?')
            .map_or((asked, None), |(path, query)| (path, Some(query)));
        let asked = Asked {
            method: &request.method,
            path,
            query,
            headers: &request.headers,
            body: &request.body,
        };
        let reply = self.0.answer(asked).await;
        Ok(Response {
            status: reply.status,
            headers: reply.headers.into_iter().collect(),
            body: reply.body,
        })
    }
}

pub(crate) struct Still(pub(crate) Cell<i64>);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_milliseconds(self.0.get())
    }

    async fn sleep(&self, _duration: Duration) {}
}

pub(crate) type TestInbox = Inbox<MemoryStore, Components, Still, NoLog>;

/// With two dead deliveries.
pub(crate) fn inbox() -> TestInbox {
    let inbox = Inbox {
        store: MemoryStore::default(),
        http: Components(stored()),
        clock: Still(Cell::new(1_795_257_067_000)),
        log: NoLog,
    };
    for guid in ["dead-1", "dead-2"] {
        let incoming = Incoming {
            guid: guid.parse().unwrap(),
            event: "pull_request".to_owned(),
            action: Some("opened".to_owned()),
            repository: Some(domain::RepositoryId(42)),
            secret: Some(2),
            payload: b"{}".to_vec(),
        };
        let Acceptance::Accepted(claimed) = block_on(inbox.accept(incoming)).unwrap() else {
            panic!("{guid} is new");
        };
        block_on(inbox.run(claimed)).unwrap();
    }
    inbox
}

/// A token for each role, `viewer-token` and so on.
pub(crate) fn tokens() -> Vec<Token> {
    use sha2::{Digest, Sha256};
    let configured: Vec<_> = Role::ALL
        .iter()
        .map(|role| {
            let digest = Sha256::digest(format!("{}-token", role.name()));
            serde_json::json!({
                "name": format!("{} of the tests", role.name()),
                "role": role.name(),
                "sha256": hex::encode(digest),
            })
        })
        .collect();
    parse_tokens(&serde_json::to_string(&configured).unwrap()).unwrap()
}

fn ask(inbox: &TestInbox, method: &Method, uri: &str, authorization: Option<&str>) -> Reply {
    let body = match uri.rsplit('/').next() {
        Some("rollback") => r#"{"reason":"coins","back":1}"#,
        Some("lock") => r#"{"reason":"coins"}"#,
        Some("allow-diverged") => r#"{"commit":"cccccccccccccccccccccccccccccccccccccccc"}"#,
        Some(_) | None => "",
    };
    let json = HeaderValue::from_static("application/json");
    send(inbox, method, uri, (authorization, json, body.as_bytes()))
}

fn send(
    inbox: &TestInbox,
    method: &Method,
    uri: &str,
    (authorization, content_type, body): (Option<&str>, HeaderValue, &[u8]),
) -> Reply {
    asked_with(method, uri, authorization, |asked| {
        let mut headers = asked.headers.clone();
        headers.insert(header::CONTENT_TYPE, content_type);
        let asked = Asked {
            headers: &headers,
            body,
            ..asked
        };
        block_on(answer(inbox, &tokens(), asked))
    })
}

/// A request without a body, answered by `answer`.
pub(crate) fn asked_with(
    method: &Method,
    uri: &str,
    authorization: Option<&str>,
    answer: impl FnOnce(Asked<'_>) -> Reply,
) -> Reply {
    let mut headers = HeaderMap::new();
    if let Some(value) = authorization {
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
    }
    let (path, query) = uri
        .split_once('?')
        .map_or((uri, None), |(path, query)| (path, Some(query)));
    answer(Asked {
        method,
        path,
        query,
        headers: &headers,
        body: &[],
    })
}

fn as_role(inbox: &TestInbox, role: Role, method: &Method, uri: &str) -> Reply {
    ask(
        inbox,
        method,
        uri,
        Some(&format!("Bearer {}-token", role.name())),
    )
}

fn text(reply: &Reply) -> String {
    let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    format!("{} {body:#}", reply.status.as_u16())
}

/// Every route, with the least role that may ask it and the status that it has then.
const ROUTES: [(Method, &str, Role, u16); 25] = [
    (Method::GET, "/api/v1/overview", Role::Viewer, 200),
    (Method::GET, "/api/v1/deliveries", Role::Viewer, 200),
    (Method::GET, "/api/v1/deliveries/dead-1", Role::Viewer, 200),
    (
        Method::POST,
        "/api/v1/deliveries/dead-1/replay",
        Role::Deployer,
        202,
    ),
    (
        Method::POST,
        "/api/v1/deliveries/replay?status=dead",
        Role::Deployer,
        202,
    ),
    (Method::GET, "/api/v1/previews", Role::Viewer, 200),
    (Method::GET, "/api/v1/previews/42/7", Role::Viewer, 200),
    (
        Method::POST,
        "/api/v1/previews/42/7/retry",
        Role::Deployer,
        202,
    ),
    (Method::GET, "/api/v1/repositories", Role::Viewer, 200),
    (Method::GET, "/api/v1/repositories/42", Role::Viewer, 200),
    (
        Method::POST,
        "/api/v1/repositories/42/survey",
        Role::Deployer,
        202,
    ),
    (
        Method::POST,
        "/api/v1/repositories/42/allow-removals",
        Role::Admin,
        202,
    ),
    (Method::GET, "/api/v1/environments", Role::Viewer, 200),
    (
        Method::GET,
        "/api/v1/environments/42/web/production",
        Role::Viewer,
        200,
    ),
    (
        Method::POST,
        "/api/v1/environments/42/web/production/lift-hold",
        Role::Deployer,
        202,
    ),
    (
        Method::POST,
        "/api/v1/environments/42/web/production/lock",
        Role::Deployer,
        202,
    ),
    (
        Method::POST,
        "/api/v1/environments/42/web/production/unlock",
        Role::Deployer,
        202,
    ),
    (
        Method::POST,
        "/api/v1/environments/42/web/production/rollback",
        Role::Deployer,
        202,
    ),
    (
        Method::POST,
        "/api/v1/environments/42/web/production/allow-diverged",
        Role::Deployer,
        202,
    ),
    (
        Method::POST,
        "/api/v1/environments/42/web/production/retry",
        Role::Deployer,
        202,
    ),
    (Method::GET, "/api/v1/releases", Role::Viewer, 200),
    (
        Method::GET,
        "/api/v1/releases/42/web/production/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
        Role::Viewer,
        200,
    ),
    (Method::GET, "/api/v1/installations", Role::Viewer, 200),
    (Method::GET, "/api/v1/installations/99", Role::Viewer, 200),
    (
        Method::POST,
        "/api/v1/installations/99/allow-losses",
        Role::Admin,
        202,
    ),
];

#[test]
fn every_route_is_refused_to_whoever_has_no_valid_token() {
    for (method, uri, _, _) in &ROUTES {
        for authorization in [
            None,
            Some("Bearer "),
            Some("Bearer wrong"),
            Some("Basic YWRtaW46YWRtaW4="),
            Some("admin-token"),
        ] {
            let reply = ask(&inbox(), method, uri, authorization);
            assert_eq!(reply.status, 401, "{method} {uri} with {authorization:?}");
            assert!(reply.process.is_empty());
        }
    }
}

#[test]
fn every_route_is_for_its_role_and_those_above_it() {
    for (method, uri, least, status) in &ROUTES {
        for role in Role::ALL {
            let reply = as_role(&inbox(), role, method, uri);
            let expected = if role.allows(*least) { *status } else { 403 };
            assert_eq!(reply.status, expected, "{method} {uri} as {}", role.name());
        }
    }
}

#[test]
fn whoever_bears_a_token_is_told_whose_it_is() {
    for role in Role::ALL {
        let reply = as_role(&inbox(), role, &Method::GET, "/api/v1/me");
        assert_eq!(reply.status, 200);
        assert!(text(&reply).contains(role.name()), "{}", text(&reply));
    }
    let reply = ask(&inbox(), &Method::GET, "/api/v1/me", None);
    assert_eq!(reply.status, 401);
}

#[test]
fn the_document_is_for_everybody_and_names_every_operation() {
    let reply = ask(&inbox(), &Method::GET, "/api/openapi.json", None);
    assert_eq!(reply.status, 200);
    let document: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    for operation in OPERATIONS {
        let method = operation.method.to_ascii_lowercase();
        assert!(
            document["paths"][operation.path][&method].is_object(),
            "{method} {}",
            operation.path
        );
    }
    let reply = ask(&inbox(), &Method::POST, "/api/openapi.json", None);
    assert_eq!(reply.status, 405);
}

#[test]
fn the_overview_counts_what_is_stored() {
    let reply = as_role(&inbox(), Role::Viewer, &Method::GET, "/api/v1/overview");
    insta::assert_snapshot!(text(&reply), @r#"
    200 {
      "deliveries": {
        "dead": 2,
        "done": 0,
        "pending": 0
      },
      "environments": 2,
      "previews": 4,
      "previews_waiting": 3,
      "repositories": 1,
      "vendors_paused": []
    }
    "#);
}

#[test]
fn the_other_methods_and_paths_are_refused_with_what_would_be_right() {
    let inbox = inbox();
    let reply = as_role(&inbox, Role::Admin, &Method::DELETE, "/api/v1/deliveries");
    assert_eq!(reply.status, 405);
    assert!(
        reply
            .headers
            .contains(&(header::ALLOW, HeaderValue::from_static("GET")))
    );
    insta::assert_snapshot!(text(&as_role(&inbox, Role::Admin, &Method::GET, "/api/v1/nothing")), @r#"
    404 {
      "detail": "there is nothing at /api/v1/nothing",
      "status": 404,
      "title": "Not Found",
      "type": "about:blank"
    }
    "#);
}

#[test]
fn a_delivery_is_shown_without_its_payload() {
    let reply = as_role(
        &inbox(),
        Role::Viewer,
        &Method::GET,
        "/api/v1/deliveries?limit=1",
    );
    insta::assert_snapshot!(text(&reply), @r#"
    200 {
      "deliveries": [
        {
          "action": "opened",
          "attempts": 1,
          "event": "pull_request",
          "finished_at": "2026-11-21T10:31:07Z",
          "guid": "dead-1",
          "last_error": "pull-request answered 422 Unprocessable Entity: head.sha is missing",
          "next_attempt_at": null,
          "received_at": "2026-11-21T10:31:07Z",
          "repository_id": 42,
          "status": "dead"
        }
      ],
      "next": "f9223370241595975807.dead-1"
    }
    "#);
}

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
fn tokens_that_cannot_be_read_are_told_without_their_value() {
    let refused = [
        "secret",
        r#"[{"name":"ci","role":"root","sha256":"00"}]"#,
        r#"[{"name":"ci","role":"admin","sha256":"00"}]"#,
        r#"[{"name":"ci","role":"admin","token":"secret"}]"#,
    ]
    .map(|text| parse_tokens(text).unwrap_err().reason);
    insta::assert_snapshot!(refused.join("\n"), @r#"
    it cannot be read at line 1, column 1
    it cannot be read at line 1, column 27
    the sha256 of "ci" is not 64 hexadecimal digits
    it cannot be read at line 1, column 36
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
            block_on(answer(&inbox, &tokens(), asked))
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
