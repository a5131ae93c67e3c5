//! Slack and the receiver of outgoing webhooks, with Slipway's own clients: what arrives, and what is refused.

use std::time::Duration;

use domain::Timestamp;
use domain::notice::{Event, Link, Next, Notice, Place, Version};
use ports::Clock;
use serde_json::json;
use vendors::{CallError, notify, slack};
use world::{Effect, Fault, Vendor, World};

use crate::asking;
use crate::wire::Wire;

/// A clock of Slipway's: it is always the same moment, and waiting takes no time.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_milliseconds(1_795_245_256_000)
    }

    async fn sleep(&self, _duration: Duration) {}
}

fn notice(title: &str) -> Notice {
    Notice {
        place: Place {
            repository: "acme/shop".parse().unwrap(),
            service: "web".to_owned(),
            environment: "production".to_owned(),
        },
        event: Event::Broke {
            reason: "the rollout is degraded".to_owned(),
            next: Next::RollsBack,
        },
        version: Version {
            commit: "0123456789abcdef0123456789abcdef01234567".parse().unwrap(),
            title: title.to_owned(),
            image: None,
        },
        at: Still.now(),
        links: vec![Link {
            name: "Release".to_owned(),
            url: "https://slipway.example/releases/7".to_owned(),
        }],
    }
}

fn slack_client(world: &World) -> slack::Client<Wire, Still> {
    slack::Client::new(
        Wire,
        Still,
        &world.slack().webhooks(&["alerts", "deployments"]),
    )
}

fn notify_client(world: &World, secret: &str) -> notify::Client<Wire> {
    let webhooks = json!({"ops": world.receiver().url("hooks/slipway")}).to_string();
    notify::Client::new(Wire, &webhooks, secret)
}

#[tokio::test]
async fn a_message_arrives_in_its_channel_and_mentions_nobody() {
    let world = asking::world().await;
    let client = slack_client(&world);
    client
        .send("alerts", &notice("<!channel> look & see").message())
        .await
        .unwrap();
    let messages = world.slack().messages("alerts");
    assert_eq!(messages.len(), 1);
    assert!(
        messages[0]
            .text
            .starts_with("shop web: production is broken"),
        "{:?}",
        messages[0]
    );
    assert!(
        messages[0]
            .body
            .to_string()
            .contains("&lt;!channel&gt; look &amp; see")
    );
    assert!(world.slack().messages("deployments").is_empty());
    let posted = Effect::MessagePosted {
        channel: "alerts".to_owned(),
    };
    assert_eq!(world.effects(), [posted]);
    world.assert_clean();
}

#[tokio::test]
async fn a_message_that_mentions_somebody_is_a_finding() {
    let world = asking::world().await;
    let body = json!({"text": "hello <!channel>"});
    let slack = asking::Caller {
        base: world.slack().webhook("alerts"),
        headers: Vec::new(),
    };
    assert_eq!(slack.post("", &body).await.text(), "ok");
    assert!(
        world.untidy()[0].contains("mentions somebody"),
        "{:?}",
        world.untidy()
    );
}

#[tokio::test]
async fn what_slack_does_not_take_is_refused_in_its_own_words() {
    let world = asking::world().await;
    let slack = asking::Caller {
        base: world.slack().webhook("alerts"),
        headers: Vec::new(),
    };
    let header = |length: usize| json!({"type": "header", "text": {"type": "plain_text", "text": "x".repeat(length)}});
    for (body, expected) in [
        (json!({}), (400, "no_text")),
        (json!({"text": ""}), (400, "no_text")),
        (json!([]), (400, "invalid_payload")),
        (
            json!({"text": "x", "blocks": [header(151)]}),
            (400, "invalid_blocks"),
        ),
        (
            json!({"text": "x", "blocks": [{"type": "section"}]}),
            (400, "invalid_blocks"),
        ),
        (
            json!({"text": "x", "blocks": [{"type": "context", "elements": []}]}),
            (400, "invalid_blocks"),
        ),
    ] {
        let answer = slack.post("", &body).await;
        world.advance(Duration::from_secs(1));
        assert_eq!((answer.status, answer.text().as_str()), expected, "{body}");
    }
    world.advance(Duration::from_secs(10));
    assert_eq!(
        slack
            .post("", &json!({"blocks": [header(150)]}))
            .await
            .text(),
        "ok"
    );
    let unknown = slack.post("x", &json!({"text": "x"})).await;
    assert_eq!(
        (unknown.status, unknown.text().as_str()),
        (404, "no_service")
    );
}

#[tokio::test]
async fn bursts_are_met_with_429_and_revoked_webhooks_with_a_refusal() {
    let world = asking::world().await;
    let client = slack_client(&world);
    let message = notice("x").message();
    let mut outcomes = Vec::new();
    for _ in 0..6 {
        outcomes.push(client.send("alerts", &message).await);
    }
    let limited = outcomes.pop().unwrap();
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let wait = Some(Duration::from_secs(1));
    assert!(
        matches!(&limited, Err(CallError::Retry { after, .. }) if *after == wait),
        "{limited:?}"
    );
    world.slack().revoke("deployments");
    let refused = client.send("deployments", &message).await.unwrap_err();
    assert!(
        refused.reason().contains("The webhook was revoked"),
        "{refused}"
    );
    assert!(
        !refused.reason().contains("T0WORLD"),
        "the URL is a secret: {refused}"
    );
    world.advance(Duration::from_secs(10));
    world.slack().archive("alerts");
    let gone = client.send("alerts", &message).await.unwrap_err();
    assert!(matches!(gone, CallError::Refused { .. }), "{gone:?}");
}

#[tokio::test]
async fn a_notice_arrives_signed_and_a_repeat_is_known_by_its_name() {
    let world = asking::world().await;
    let client = notify_client(&world, &world.options().notify_secret);
    world.fault(Vendor::Receiver).once().is(Fault::DropAnswer);
    let lost = client
        .send("ops", "release-7/broke", &notice("Add a cart"))
        .await;
    assert!(matches!(lost, Err(CallError::Retry { .. })), "{lost:?}");
    client
        .send("ops", "release-7/broke", &notice("Add a cart"))
        .await
        .unwrap();
    let received = world.receiver().received();
    assert_eq!(received.len(), 2, "it arrived twice");
    assert_eq!(
        (&received[0].delivery, &received[0].body),
        (&received[1].delivery, &received[1].body)
    );
    assert_eq!(received[0].event, "environment.broke");
    assert_eq!(received[0].path, "/hooks/slipway");
    assert_eq!(received[0].body["version"]["title"], "Add a cart");
    world.assert_clean();
}

#[tokio::test]
async fn a_wrong_signature_is_refused_and_trouble_there_is_tried_again() {
    let world = asking::world().await;
    let wrong = notify_client(&world, "another secret")
        .send("ops", "1", &notice("x"))
        .await
        .unwrap_err();
    assert!(
        matches!(&wrong, CallError::Refused { reason } if reason.contains("signature is wrong")),
        "{wrong:?}"
    );
    let client = notify_client(&world, &world.options().notify_secret);
    world.receiver().answers(Some(503));
    let down = client.send("ops", "1", &notice("x")).await;
    assert!(matches!(down, Err(CallError::Retry { .. })), "{down:?}");
    world.receiver().answers(None);
    client.send("ops", "1", &notice("x")).await.unwrap();
    assert_eq!(world.receiver().received().len(), 1);
}

#[tokio::test]
async fn channels_and_the_receiver_are_played_with_the_control_api() {
    let world = asking::world().await;
    let control = asking::control(&world);
    let made = control
        .post("/slack/alerts/webhook", &json!({}))
        .await
        .json();
    assert_eq!(made["url"], world.slack().webhook("alerts").as_str());
    slack_client(&world)
        .send("alerts", &notice("x").message())
        .await
        .unwrap();
    assert_eq!(
        control.get("/messages").await.json()["slack"][0]["channel"],
        "alerts"
    );
    assert_eq!(
        control
            .post("/slack/alerts/archive", &json!({}))
            .await
            .status,
        200
    );
    assert!(
        slack_client(&world)
            .send("alerts", &notice("x").message())
            .await
            .is_err()
    );
    assert_eq!(
        control.post("/slack/alerts/shout", &json!({})).await.status,
        404
    );
    assert_eq!(
        control
            .post("/receiver", &json!({"status": 500}))
            .await
            .status,
        200
    );
    let client = notify_client(&world, &world.options().notify_secret);
    assert!(client.send("ops", "1", &notice("x")).await.is_err());
}
