//! Outgoing webhooks: the exact body and headers, and what each answer means.

use vendors::{CallError, notify::Client};

use crate::{
    script::{Script, broken, now, told},
    slack::notice,
};

const WEBHOOKS: &str = r#"{"ops":"https://ops.example/hooks/s3cr3ts3cr3t"}"#;

fn send(script: &Script) -> Result<(), CallError> {
    now(Client::new(script, WEBHOOKS, "a shared secret\n").send(
        "ops",
        "release-7/broke/1",
        &notice(),
    ))
}

#[test]
fn a_notice_goes_out_signed_with_its_name_and_the_name_of_the_delivery() {
    let script = Script::one(204, "");
    send(&script).unwrap();
    insta::assert_snapshot!(script.asked(), @r#"
    POST https://ops.example/hooks/s3cr3ts3cr3t
    content-type: "application/json"
    user-agent: "slipway/0.0.0"
    x-slipway-event: "environment.broke"
    x-slipway-delivery: "release-7/broke/1"
    x-slipway-signature-256: "sha256=890e042ce50006727ba85af550281d6d26c7df45c40a321a9255bdc34bf98edd"
    time limit: 10 s
    {"event":"environment.broke","delivery":"release-7/broke/1","at":"2026-11-21T10:31:07Z","text":"shop web: production is broken\nVersion: 0123456 Add a cart, ghcr.io/acme/shop:v2\nWhy: Deployment shop/web exceeded its progress deadline\nSlipway goes back to the last version that was verified.\nRelease: https://slipway.example/releases/7?a=1&b=2","place":{"repository":"acme/shop","service":"web","environment":"production"},"change":{"kind":"broke","reason":"Deployment shop/web exceeded its progress deadline","next":"rolls_back"},"version":{"commit":"0123456789abcdef0123456789abcdef01234567","title":"Add a cart","image":"ghcr.io/acme/shop:v2"},"links":[{"name":"Release","url":"https://slipway.example/releases/7?a=1&b=2"}]}
    "#);
}

#[test]
fn a_repeat_is_the_same_to_the_byte() {
    let (first, second) = (Script::one(200, ""), Script::one(200, ""));
    send(&first).unwrap();
    send(&second).unwrap();
    assert_eq!(first.asked(), second.asked());
}

#[test]
fn what_passes_is_tried_again_and_what_does_not_is_told() {
    let cases = [
        Script::one(404, ""),
        Script::one(401, "bad signature"),
        Script::one(410, ""),
        Script::default().then(307, &[("location", "https://elsewhere.example/x")], ""),
        Script::one(408, ""),
        Script::default().then(429, &[("retry-after", "20")], ""),
        Script::one(502, "<html>Bad Gateway</html>"),
        Script::default().then_fails(broken()),
    ];
    let told: Vec<String> = cases.iter().map(|script| told(send(script))).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    refused: sending environment.broke to the webhook ops: the receiver answered 404. It must answer 2xx
    refused: sending environment.broke to the webhook ops: the receiver answered 401 "bad signature". It
        must answer 2xx
    refused: sending environment.broke to the webhook ops: the receiver answered 410. It must answer 2xx
    refused: sending environment.broke to the webhook ops: the receiver answered 307. It points to
        https://elsewhere.example: if that is right, the variable notify_webhooks should say so
    retry: sending environment.broke to the webhook ops: the receiver answered 408
    retry after 20 s: sending environment.broke to the webhook ops: the receiver answered 429
    retry: sending environment.broke to the webhook ops: the receiver answered 502 "<html>Bad
        Gateway</html>"
    retry: sending environment.broke to the webhook ops: the answer from https://vendor.example:443
        broke off: connection reset
    "#);
}

#[test]
fn nothing_is_sent_unsigned_or_to_nobody() {
    let script = Script::default();
    let sent = |webhooks: &str, secret: &str, key: &str, delivery: &str| {
        told(now(Client::new(&script, webhooks, secret).send(
            key,
            delivery,
            &notice(),
        )))
    };
    let told = [
        sent(WEBHOOKS, " ", "ops", "1"),
        sent(WEBHOOKS, "secret", "other", "1"),
        sent("{}}", "secret", "ops", "1"),
        sent(WEBHOOKS, "secret", "ops", "two\nlines"),
    ];
    insta::assert_snapshot!(told.join("\n"), @"
    refused: sending environment.broke to the webhook ops: nothing is sent unsigned: set the variable
        notify_secret
    refused: sending environment.broke to the webhook other: the variable notify_webhooks has no such
        key
    refused: sending environment.broke to the webhook ops: the variable notify_webhooks cannot be read:
        expected a JSON object of keys and absolute https URLs
    refused: sending environment.broke to the webhook ops: its name has characters that no header may
        carry
    ");
    assert!(script.lines().is_empty(), "nothing may be sent");
    assert!(Client::new(&script, WEBHOOKS, "").has("ops"));
}
