//! Requests and answers, over an inbox in memory.

mod acts;
mod audit;
mod once;
mod people;
mod report;

use std::{cell::Cell, time::Duration};

use domain::Timestamp;
use futures::executor::block_on;
use inbox::{Acceptance, Incoming};
use ports::{Http, HttpError, NoLog, Request, Response, memory::MemoryStore};

use super::*;
use crate::entities::{
    Entities,
    tests::{operations::configured, stored},
};

/// The other components: `entities` as it is, and the handlers of deliveries, which take nothing.
pub(crate) struct Components(Entities<MemoryStore, Still, NoLog>);

impl Http for Components {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        if request.url.starts_with("http://people.spin.internal/") {
            return Ok(people::who(&self.0.store, &request).await);
        }
        let Some(asked) = request.url.strip_prefix("http://entities.spin.internal") else {
            return Ok(Response {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                headers: HeaderMap::new(),
                body: b"head.sha is missing".to_vec(),
            });
        };
        for name in request.headers.keys() {
            let conditions = [header::IF_MATCH, header::IF_NONE_MATCH];
            let may = [elsewhere::PERSON, elsewhere::ACCOUNT, elsewhere::SEES, DOOR].contains(name)
                || conditions.contains(name);
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
        http: Components(configured()),
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

/// With a limit that a test finds in time.
fn access(tokens: &[Token]) -> Access<'_> {
    Access {
        tokens,
        requests_per_minute: 200,
    }
}

fn ask(inbox: &TestInbox, method: &Method, uri: &str, authorization: Option<&str>) -> Reply {
    let body = match uri.rsplit('/').next() {
        Some("rollback") => r#"{"reason":"coins","back":1}"#,
        Some("lock") => r#"{"reason":"coins"}"#,
        Some("allow-diverged" | "approve") => {
            r#"{"commit":"cccccccccccccccccccccccccccccccccccccccc"}"#
        }
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
        block_on(answer(inbox, access(&tokens()), asked))
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
const ROUTES: [(Method, &str, Role, u16); 32] = [
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
    (Method::GET, "/api/v1/audit", Role::Viewer, 200),
    (Method::GET, "/api/v1/builds", Role::Viewer, 200),
    (Method::GET, "/api/v1/vendors", Role::Viewer, 200),
    (Method::GET, "/api/v1/operations", Role::Viewer, 200),
    (
        Method::GET,
        "/api/v1/repositories/42/operations",
        Role::Viewer,
        200,
    ),
    (
        Method::POST,
        "/api/v1/repositories/42/operations/restart",
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
        "/api/v1/environments/42/web/production/approve",
        Role::Deployer,
        409,
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
      "previews_in_hand": 2,
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
          "guid": "dead-2",
          "last_error": "pull-request answered 422 Unprocessable Entity: head.sha is missing",
          "next_attempt_at": null,
          "received_at": "2026-11-21T10:31:07Z",
          "repository_id": 42,
          "status": "dead"
        }
      ],
      "next": "f0.1"
    }
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
fn a_token_of_an_account_that_nobody_can_have_is_refused_since_it_would_approve_its_bearers_own_work()
 {
    let parse = |github: &str| {
        let sha256 = "0".repeat(64);
        parse_tokens(&format!(
            r#"[{{"name":"ops","role":"deployer","sha256":"{sha256}","github":{github}}}]"#
        ))
    };
    for good in ["12345", r#""ada""#, r#""A-1""#, r#""ada-l_acme""#, "null"] {
        assert!(parse(good).is_ok(), "{good} should be taken");
    }
    let long = format!("{:?}", "a".repeat(40));
    for bad in [
        r#""12345""#,
        r#""@ada""#,
        r#""ada ""#,
        r#""""#,
        r#""-ada""#,
        r#""ada-""#,
        r#""a--b""#,
        r#""ci[bot]""#,
        r#""ada_""#,
        r#""a_b_c""#,
        r#""Ada Lovelace""#,
        "0",
        &long,
    ] {
        let refused = parse(bad).map_err(|error| error.reason);
        let reason = refused.expect_err(bad);
        assert_eq!(
            reason,
            r#"the github of "ops" is neither the id of an account, a number without quotes, nor a person's login, without @ and spaces"#,
            "{bad}"
        );
    }
}
