//! Slack: the exact message, escaped; each answer's meaning; the pace.

use std::{cell::Cell, time::Duration};

use domain::{
    Timestamp,
    notice::{Event, Fact, Link, Message, Next, Notice, Piece, Place, Version},
};
use ports::Clock;
use serde_json::Value;
use vendors::{CallError, slack::Client};

use crate::script::{Script, broken, no_connection, now, told};

const WEBHOOKS: &str = r#"{"alerts":"https://hooks.slack.com/services/T0/B0/s3cr3ts3cr3t","deployments":"https://hooks.slack.com/services/T0/B1/0th3rs3cr3t"}"#;

/// A clock that moves only while somebody sleeps, and adds up how long that was.
#[derive(Default)]
struct Sleeper {
    milliseconds: Cell<i64>,
}

impl Clock for Sleeper {
    fn now(&self) -> Timestamp {
        Timestamp::from_milliseconds(1_795_245_256_000 + self.milliseconds.get())
    }

    async fn sleep(&self, duration: Duration) {
        let milliseconds = i64::try_from(duration.as_millis()).expect("a short time");
        self.milliseconds
            .set(self.milliseconds.get() + milliseconds);
    }
}

pub fn notice() -> Notice {
    Notice {
        place: Place {
            repository: "acme/shop".parse().expect("a name"),
            service: "web".to_owned(),
            environment: "production".to_owned(),
        },
        event: Event::Broke {
            reason: "Deployment shop/web exceeded its progress deadline".to_owned(),
            next: Next::RollsBack,
        },
        version: Version {
            commit: "0123456789abcdef0123456789abcdef01234567"
                .parse()
                .expect("a commit"),
            title: "Add a cart".to_owned(),
            image: Some("ghcr.io/acme/shop:v2".to_owned()),
        },
        at: Timestamp::parse("2026-11-21T10:31:07Z").expect("a time"),
        links: vec![Link {
            name: "Release".to_owned(),
            url: "https://slipway.example/releases/7?a=1&b=2".to_owned(),
        }],
    }
}

fn send(script: &Script, message: &Message) -> Result<(), CallError> {
    let client = Client::new(script, Sleeper::default(), WEBHOOKS);
    now(client.send("alerts", message))
}

fn sent(message: &Message) -> Value {
    let script = Script::one(200, "ok");
    send(&script, message).expect("a success");
    let asked = script.asked();
    let (_, body) = asked.split_once("\n{").expect("a body");
    serde_json::from_str(&format!("{{{body}")).expect("JSON")
}

#[test]
fn a_message_goes_to_its_webhook_as_blocks_with_a_plain_form_and_nothing_unfurls() {
    let script = Script::one(200, "ok");
    send(&script, &notice().message()).unwrap();
    let asked = script.asked().replace("s3cr3ts3cr3t", "…");
    let (head, _) = asked.split_once("\n{").expect("a body");
    insta::assert_snapshot!(head, @r#"
    POST https://hooks.slack.com/services/T0/B0/…
    content-type: "application/json"
    user-agent: "slipway/0.0.0"
    time limit: 10 s
    "#);
    let body = serde_json::to_string_pretty(&sent(&notice().message())).unwrap();
    insta::assert_snapshot!(body, @r#"
    {
      "blocks": [
        {
          "text": {
            "emoji": false,
            "text": "shop web: production is broken",
            "type": "plain_text"
          },
          "type": "header"
        },
        {
          "text": {
            "text": "*Version:* `0123456` Add a cart, `ghcr.io/acme/shop:v2`\n*Why:* Deployment shop/web exceeded its progress deadline",
            "type": "mrkdwn",
            "verbatim": true
          },
          "type": "section"
        },
        {
          "text": {
            "text": "Slipway goes back to the last version that was verified.",
            "type": "mrkdwn",
            "verbatim": true
          },
          "type": "section"
        },
        {
          "elements": [
            {
              "text": "<https://slipway.example/releases/7?a=1&amp;b=2|Release>",
              "type": "mrkdwn",
              "verbatim": true
            }
          ],
          "type": "context"
        }
      ],
      "text": "shop web: production is broken\nSlipway goes back to the last version that was verified.",
      "unfurl_links": false,
      "unfurl_media": false
    }
    "#);
}

#[test]
fn nothing_that_somebody_else_wrote_mentions_links_or_styles() {
    let mut notice = notice();
    notice.version.title = "<!channel> <@U012> <https://evil.example|Slack> & *bold* _x_ `code` @here https://evil.example".to_owned();
    notice.version.image = Some("x`<!here>:1".to_owned());
    notice.links.push(Link {
        name: "<!channel>|x".to_owned(),
        url: "https://slipway.example/x".to_owned(),
    });
    for url in [
        "javascript:alert(1)",
        "https://evil.example/>x<!channel>",
        "https://evil.example/|x",
        "/relative",
    ] {
        notice.links.push(Link {
            name: "left out".to_owned(),
            url: url.to_owned(),
        });
    }
    let body = sent(&notice.message());
    let text = body.to_string();
    for mention in ["<!", "<@", "<https://evil", "left out", "javascript"] {
        assert!(!text.contains(mention), "{mention} in {text}");
    }
    let facts = body["blocks"][1]["text"].clone();
    assert_eq!(
        facts["verbatim"], true,
        "Slack must not look for links itself"
    );
    insta::assert_snapshot!(facts["text"].as_str().unwrap().replace('\u{200b}', "·"), @"
    *Version:* `0123456` &lt;!channel&gt; &lt;@U012&gt; &lt;https://evil.example|Slack&gt; &amp; ·*bold·* ·_x·_ ·`code·` @here https://evil.example, `x'&lt;!here&gt;:1`
    *Why:* Deployment shop/web exceeded its progress deadline
    ");
    insta::assert_snapshot!(body["blocks"][3]["elements"][1]["text"].as_str().unwrap(), @"<https://slipway.example/x|&lt;!channel&gt;/x>");
}

#[test]
fn a_message_keeps_to_slacks_lengths() {
    let long = Message {
        headline: "h".repeat(400),
        facts: (0..20)
            .map(|_| Fact {
                name: "Why",
                pieces: vec![Piece::Theirs("&".repeat(400))],
            })
            .collect(),
        next: "n".repeat(4_000),
        links: (0..30)
            .map(|number| Link {
                name: number.to_string(),
                url: "https://slipway.example".to_owned(),
            })
            .collect(),
    };
    let body = sent(&long);
    let characters = |pointer: &str| {
        body.pointer(pointer)
            .and_then(Value::as_str)
            .expect("a text")
            .chars()
            .count()
    };
    assert_eq!(characters("/blocks/0/text/text"), 150);
    assert!(characters("/blocks/1/text/text") <= 3_000);
    assert!(
        body["blocks"][1]["text"]["text"]
            .as_str()
            .unwrap()
            .ends_with("&amp;"),
        "no escape is cut in two"
    );
    assert_eq!(body["blocks"][2]["text"]["text"], "…");
    assert_eq!(body["blocks"][3]["elements"].as_array().unwrap().len(), 10);
}

#[test]
fn each_answer_has_its_meaning_and_a_lost_message_is_not_sent_twice() {
    let cases = [
        Script::one(400, "invalid_payload"),
        Script::one(400, "no_text"),
        Script::one(403, "action_prohibited"),
        Script::one(403, "invalid_token"),
        Script::one(404, "channel_not_found"),
        Script::one(404, "no_service"),
        Script::one(404, "no_team"),
        Script::one(410, "channel_is_archived"),
        Script::one(404, "<html>Not Found</html>"),
        Script::default().then(429, &[("retry-after", "30")], "rate_limited"),
        Script::one(500, "rollup_error"),
        Script::one(503, "<html>Service Unavailable</html>"),
        Script::one(200, "<html>Sign in</html>"),
        Script::default().then_fails(no_connection()),
        Script::default().then_fails(broken()),
    ];
    let message = notice().message();
    let told: Vec<String> = cases
        .iter()
        .map(|script| told(send(script, &message)))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    refused: sending a message to the Slack webhook alerts: Slack answered 400 "invalid_payload". That
        is a mistake of Slipway's: please report it
    refused: sending a message to the Slack webhook alerts: Slack answered 400 "no_text". That is a
        mistake of Slipway's: please report it
    refused: sending a message to the Slack webhook alerts: Slack answered 403 "action_prohibited". An
        administrator of the workspace restricts who may post to the channel of the webhook
    refused: sending a message to the Slack webhook alerts: Slack answered 403 "invalid_token". The
        webhook was revoked: make another one and put it into the variable slack_webhooks
    refused: sending a message to the Slack webhook alerts: Slack answered 404 "channel_not_found". The
        channel of the webhook is gone: make a webhook for another one and put it into the variable
        slack_webhooks
    refused: sending a message to the Slack webhook alerts: Slack answered 404 "no_service". The webhook
        was revoked: make another one and put it into the variable slack_webhooks
    refused: sending a message to the Slack webhook alerts: Slack answered 404 "no_team". The webhook
        was revoked: make another one and put it into the variable slack_webhooks
    refused: sending a message to the Slack webhook alerts: Slack answered 410 "channel_is_archived".
        The channel of the webhook is gone: make a webhook for another one and put it into the variable
        slack_webhooks
    retry: sending a message to the Slack webhook alerts: Slack answered 404 "<html>Not Found</html>".
        That is not Slack's way to say so: a proxy in front of it answered
    retry after 30 s: sending a message to the Slack webhook alerts: Slack answered 429 "rate_limited"
    retry: sending a message to the Slack webhook alerts: Slack answered 500 "rollup_error"
    retry: sending a message to the Slack webhook alerts: Slack answered 503 "<html>Service
        Unavailable</html>"
    unknown: sending a message to the Slack webhook alerts: Slack answered 200 with something else than
        expected (not the text ok)
    retry: sending a message to the Slack webhook alerts: no connection to https://vendor.example:443:
        connection refused
    unknown: sending a message to the Slack webhook alerts: the answer from https://vendor.example:443
        broke off: connection reset
    "#);
}

#[test]
fn each_webhook_gets_one_message_a_second() {
    let script = Script::one(200, "ok")
        .then(200, &[], "ok")
        .then(200, &[], "ok")
        .then(200, &[], "ok");
    let clock = Sleeper::default();
    let client = Client::new(&script, &clock, WEBHOOKS);
    let message = notice().message();
    let mut waited = Vec::new();
    for key in ["alerts", "alerts", "deployments", "alerts"] {
        now(client.send(key, &message)).unwrap();
        waited.push(clock.milliseconds.get());
    }
    assert_eq!(waited, [0, 1_000, 1_000, 2_000]);
}

#[test]
fn a_webhook_that_is_missing_or_wrong_is_told_without_showing_any() {
    let message = notice().message();
    let script = Script::default();
    let told: Vec<String> = [
        "",
        "not json",
        r#"{"alerts":"hooks.slack.com/services/s3cr3ts3cr3t"}"#,
        r#"{"other":"https://hooks.slack.com/x"}"#,
    ]
    .iter()
    .map(|webhooks| {
        told(now(
            Client::new(&script, Sleeper::default(), webhooks).send("alerts", &message)
        ))
    })
    .collect();
    insta::assert_snapshot!(told.join("\n"), @"
    refused: sending a message to the Slack webhook alerts: it is not configured: set the variable
        slack_webhooks
    refused: sending a message to the Slack webhook alerts: the variable slack_webhooks cannot be read:
        expected a JSON object of keys and absolute https URLs
    refused: sending a message to the Slack webhook alerts: the URL number 1 in the variable
        slack_webhooks is none: expected a JSON object of keys and absolute https URLs
    refused: sending a message to the Slack webhook alerts: the variable slack_webhooks has no such key
    ");
    assert!(script.lines().is_empty(), "nothing may be sent");
    assert!(Client::new(&script, Sleeper::default(), WEBHOOKS).has("alerts"));
    assert!(!Client::new(&script, Sleeper::default(), WEBHOOKS).has("other"));
}

#[test]
fn a_webhooks_url_that_is_echoed_is_not_shown() {
    let script = Script::one(
        400,
        "no webhook at https://hooks.slack.com/services/T0/B0/s3cr3ts3cr3t or services/T0/B0/s3cr3ts3cr3t",
    );
    let told = told(send(&script, &notice().message()));
    assert!(
        told.contains("[secret]") && !told.contains("s3cr3t"),
        "{told}"
    );
}
