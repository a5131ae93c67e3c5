//! Probing the URL of a preview.

use vendors::probe::probe;

use crate::script::{Script, broken, no_connection, not_allowed, now, timed_out, told};

/// The variable that lists the URL's host.
const HOSTS: &str = "preview_hosts";

const URL: &str = "https://pr-7-shop.preview.example/health";

#[test]
fn two_and_three_hundreds_are_healthy_and_every_other_answer_is_not() {
    for (status, healthy) in [
        (200, true),
        (204, true),
        (301, true),
        (302, true),
        (401, false),
        (404, false),
        (500, false),
        (503, false),
    ] {
        let health = now(probe(&Script::one(status, ""), URL, None, HOSTS)).unwrap();
        assert_eq!(
            (health.status, health.healthy),
            (Some(status), healthy),
            "{}",
            health.answer
        );
    }
}

#[test]
fn the_url_is_asked_once_without_a_token_and_the_answer_is_told() {
    let script = Script::default().then(
        503,
        &[("location", "https://elsewhere.example/")],
        "no available server",
    );
    let health = now(probe(&script, URL, None, HOSTS)).unwrap();
    assert_eq!(health.answer, "503 Service Unavailable");
    insta::assert_snapshot!(script.asked(), @r#"
GET https://pr-7-shop.preview.example/health
accept: "*/*"
cache-control: "no-cache"
user-agent: "slipway/0.0.0"
time limit: 10 s
"#);
}

#[test]
fn no_answer_is_unhealthy_with_the_reason() {
    let cases = [no_connection(), timed_out(), broken()];
    let told: Vec<String> = cases
        .into_iter()
        .map(|error| {
            let health = now(probe(
                &Script::default().then_fails(error),
                URL,
                None,
                HOSTS,
            ))
            .unwrap();
            assert!(!health.healthy && health.status.is_none(), "{health:?}");
            health.answer
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"
no connection to https://vendor.example:443: connection refused
no answer from https://vendor.example:443 within 30 s
the answer from https://vendor.example:443 broke off: connection reset
");
}

#[test]
fn a_host_that_may_not_be_probed_is_for_a_person_to_list() {
    let script = Script::default().then_fails(not_allowed("https://pr-7-shop.preview.example:443"));
    insta::assert_snapshot!(told(now(probe(&script, URL, None, HOSTS))), @"
refused: probing https://pr-7-shop.preview.example/health: the request to
    https://pr-7-shop.preview.example:443 is not allowed: not in allowed_outbound_hosts. The
    variable preview_hosts must list https://pr-7-shop.preview.example:443
");
}

#[test]
fn where_a_status_is_expected_only_that_one_is_healthy() {
    let answered = |status: u16| {
        let health = now(probe(&Script::one(status, ""), URL, Some(401), HOSTS)).unwrap();
        (health.healthy, health.answer)
    };
    assert_eq!(answered(401), (true, "401 Unauthorized".to_owned()));
    assert_eq!(answered(200), (false, "200 OK, expected 401".to_owned()));
}
