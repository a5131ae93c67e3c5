//! GitHub's log of the App's deliveries, page by page, and what a delivery said.

use ports::memory::MemoryStore;
use vendors::github::{Client, Credentials};

use crate::{
    github_app::{DATE, client, rest},
    script::{Script, Still, now, told},
};

const ATTEMPTS: &str = r#"[
    {"id":42,"guid":"58474f00-b361-11eb-836d-0e4f3503ccbe","delivered_at":"2026-11-21T10:30:00Z","redelivery":false,"duration":0.03,
     "status":"failed to connect","status_code":0,"event":"pull_request","action":"opened","installation_id":5,"repository_id":1296269},
    {"id":41,"guid":"../x","delivered_at":"2026-11-21T10:29:00Z","redelivery":false,"duration":0.03,
     "status":"OK","status_code":200,"event":"pull_request","action":"opened","installation_id":5,"repository_id":1296269},
    {"id":40,"guid":"6a1b4f00-b361-11eb-836d-0e4f3503ccbe","delivered_at":"2026-11-21T10:28:00Z","redelivery":true,"duration":0.03,
     "status":"OK","status_code":202,"event":"push","action":null,"installation_id":null,"repository_id":null,"throttled_at":null}
]"#;

#[test]
fn a_page_tells_each_attempt_and_where_the_next_page_begins() {
    let link = r#"<https://api.github.com/app/hook/deliveries?per_page=100&cursor=v1_12077215967>; rel="next""#;
    let script = Script::default().then(200, &[DATE, ("link", link)], ATTEMPTS);
    let rest = rest();
    let page = now(client(&script, &rest).delivery_page(None)).expect("a page");
    insta::assert_snapshot!(told(Ok(&page.next)), @r#"Some("v1_12077215967")"#);
    let lines: Vec<String> = page
        .attempts
        .iter()
        .map(|attempt| {
            let (id, at, ok) = (attempt.id, attempt.delivered_at, attempt.is_ok);
            format!("{id} {at} {} {:?} {ok}", attempt.event, attempt.action)
        })
        .collect();
    assert_eq!(
        lines,
        [
            r#"42 2026-11-21T10:30:00Z pull_request Some("opened") false"#,
            "40 2026-11-21T10:28:00Z push None true",
        ],
        "one whose id is none cannot be stored and is left out"
    );
    insta::assert_snapshot!(script.asked(), @r#"
    GET https://api.github.com/app/hook/deliveries?per_page=100
    accept: "application/vnd.github+json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    x-github-api-version: "2022-11-28"
    time limit: 10 s
    "#);
}

#[test]
fn the_next_page_is_asked_for_by_its_cursor_as_it_was_given() {
    let script = Script::default().then(200, &[DATE], "[]");
    let rest = rest();
    let page = now(client(&script, &rest).delivery_page(Some("v1_MTI%3D"))).expect("a page");
    assert_eq!(page.next, None, "the last one");
    assert_eq!(
        script.lines(),
        ["GET https://api.github.com/app/hook/deliveries?per_page=100&cursor=v1_MTI%3D"]
    );
}

#[test]
fn a_cursor_that_would_be_more_than_a_value_is_none() {
    for address in [
        "https://api.github.com/app/hook/deliveries?cursor=a/b",
        "https://api.github.com/app/hook/deliveries?cursor=a b",
        "https://api.github.com/app/hook/deliveries?cursor=",
        "https://api.github.com/app/hook/deliveries?per_page=100",
        "https://api.github.com/app/hook/deliveries",
    ] {
        let link = format!(r#"<{address}>; rel="next""#);
        let script = Script::default().then(200, &[DATE, ("link", &link)], "[]");
        let rest = rest();
        let page = now(client(&script, &rest).delivery_page(None)).expect("a page");
        assert_eq!(page.next, None, "{address}");
    }
}

#[test]
fn a_payload_is_given_as_github_wrote_it() {
    let body = r#"{"id":42,"guid":"g","request":{"headers":{"X":"y"},"payload":{"b":1, "a":12345678901234567890}},"response":{"headers":null,"payload":null}}"#;
    let script = Script::default().then(200, &[DATE], body);
    let rest = rest();
    let payload = now(client(&script, &rest).delivery_payload(42));
    assert_eq!(
        payload,
        Ok(Some(r#"{"b":1, "a":12345678901234567890}"#.to_owned()))
    );
    assert_eq!(
        script.lines(),
        ["GET https://api.github.com/app/hook/deliveries/42"]
    );
}

#[test]
fn a_payload_that_github_has_no_more_is_none() {
    let null =
        r#"{"request":{"headers":null,"payload":null},"response":{"headers":null,"payload":null}}"#;
    for (status, body) in [(200, null), (404, r#"{"message":"Not Found"}"#)] {
        let script = Script::default().then(status, &[DATE], body);
        let rest = rest();
        assert_eq!(now(client(&script, &rest).delivery_payload(42)), Ok(None));
    }
}

#[test]
fn what_goes_wrong_is_told_with_what_was_asked() {
    let rest = rest();
    let fails = |status: u16, body: &str| {
        let script = Script::default().then(status, &[DATE], body);
        told(now(client(&script, &rest).delivery_page(None)))
    };
    insta::assert_snapshot!(fails(502, "bad gateway"), @r#"retry: reading the App's deliveries: GitHub answered 502 "bad gateway""#);
    insta::assert_snapshot!(fails(200, "{}"), @"
    retry: reading the App's deliveries: GitHub answered 200 with something else than expected (invalid
        type: map, expected a sequence at line 1 column 0)
    ");
    insta::assert_snapshot!(fails(422, r#"{"message":"Validation Failed"}"#), @r#"refused: reading the App's deliveries: GitHub answered 422 "Validation Failed""#);
    let script = Script::default().then(404, &[DATE], "no such page");
    let proxy = told(now(client(&script, &rest).delivery_payload(7)));
    insta::assert_snapshot!(proxy, @r#"
    retry: reading the App's delivery 7: GitHub answered 404 "no such page". That is not GitHub's way to
        say so: a proxy in front of it answered
    "#);
}

#[test]
fn a_plain_token_has_no_log_and_asks_for_none() {
    let (script, store) = (Script::default(), MemoryStore::default());
    let clock = Still(domain::Timestamp::from_milliseconds(0));
    let token = Credentials::Token("s3cr3t-0123456789".to_owned());
    let github = Client::new(&script, clock, &store, "https://api.github.com", &token);
    assert!(!github.has_delivery_log());
    assert_eq!(
        now(github.delivery_page(None)),
        Ok(domain::gap::LogPage::default())
    );
    assert_eq!(now(github.delivery_payload(1)), Ok(None));
    assert_eq!(script.lines(), Vec::<String>::new());
}
