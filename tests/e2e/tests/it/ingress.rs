//! What the webhook answers to what it should not get.

use anyhow::Result;
use e2e::{Message, Setup, Story};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The payload of an opened pull request.
fn opened() -> Result<Vec<u8>> {
    let payloads = world::payloads()?;
    let opened = payloads
        .into_iter()
        .find(|payload| payload.file.starts_with("pull_request.opened"));
    Ok(opened.map(|payload| payload.body).unwrap_or_default())
}

/// Asserts the status and that the answer says `text`.
async fn expect(story: &Story, message: &Message, status: u16, text: &str) -> Result<()> {
    let answer = story.post(message).await?;
    assert_eq!(answer.status, status, "{}", answer.text());
    assert!(
        answer.text().contains(text),
        "expected {text:?} in {:?}",
        answer.text()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_delivery_is_accepted_and_the_same_again_is_a_duplicate() -> Result<()> {
    let story = Story::start().await?;
    let delivery = story.delivery("pull_request", &opened()?);
    let answer = story.post(&delivery).await?;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let json = answer.json();
    assert_eq!(
        json["delivery"].as_str(),
        delivery.header("x-github-delivery")
    );
    assert_eq!(
        (json["event"].as_str(), json["action"].as_str()),
        (Some("pull_request"), Some("opened"))
    );
    assert_eq!(json["outcome"], "accepted");
    expect(&story, &delivery, 200, "duplicate").await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_alias_and_forms_are_the_same_and_a_ping_is_answered() -> Result<()> {
    let story = Story::start().await?;
    let mut delivery = story.delivery("pull_request", &opened()?);
    delivery.path = "/api/webhooks/github";
    expect(&story, &delivery, 202, "accepted").await?;
    story.world.github().webhooks().send_as_form(true);
    let payload = String::from_utf8(opened()?)?;
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("payload", &payload)
        .finish();
    let delivery = story.delivery("pull_request", form.as_bytes());
    expect(&story, &delivery, 202, "accepted").await?;
    story.world.github().webhooks().send_as_form(false);
    expect(
        &story,
        &story.delivery("ping", br#"{"zen":"Keep it simple."}"#),
        200,
        "pong",
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_signed_with_a_secret_of_ours_is_refused_without_a_hint() -> Result<()> {
    let story = Story::start().await?;
    let good = story.delivery("pull_request", &opened()?);
    let other = world::sign("another secret", &good.body);
    let sha1 = world::sign_sha1("It's a Secret to Everybody", &good.body);
    let mut changed = good.clone();
    changed.body.push(b' ');
    let cases = [
        (
            "no signature",
            good.clone()
                .without("x-hub-signature-256")
                .without("x-hub-signature"),
        ),
        (
            "wrong signature",
            good.clone().with("x-hub-signature-256", &other),
        ),
        ("right signature over other bytes", changed),
        (
            "SHA-1 only",
            good.clone()
                .without("x-hub-signature-256")
                .with("x-hub-signature", &sha1),
        ),
        (
            "not hexadecimal",
            good.clone().with("x-hub-signature-256", "sha256=xyz"),
        ),
        ("empty", good.clone().with("x-hub-signature-256", "")),
    ];
    let mut answers = Vec::new();
    for (case, message) in cases {
        let answer = story.post(&message).await?;
        assert_eq!(answer.status, 401, "{case}: {}", answer.text());
        answers.push(answer.text());
    }
    answers.dedup();
    assert_eq!(
        answers.len(),
        1,
        "the answer is the same whatever was wrong: {answers:?}"
    );
    expect(&story, &good, 202, "accepted").await
}

#[tokio::test(flavor = "multi_thread")]
async fn during_a_rotation_either_secret_is_right_and_without_any_nothing_is() -> Result<()> {
    let both = Setup::default()
        .variable(
            "github_webhook_secrets",
            "the new secret of two\nthe old secret of two",
        )
        .start()
        .await?;
    for secret in ["the new secret of two", "the old secret of two"] {
        let delivery = both.delivery("pull_request", &opened()?);
        let signature = world::sign(secret, &delivery.body);
        expect(
            &both,
            &delivery.with("x-hub-signature-256", &signature),
            202,
            "accepted",
        )
        .await?;
    }
    let none = Setup::default()
        .variable("github_webhook_secrets", "")
        .start()
        .await?;
    for secret in ["", "It's a Secret to Everybody"] {
        let delivery = none.delivery("pull_request", &opened()?);
        let signature = world::sign(secret, &delivery.body);
        assert_eq!(
            none.post(&delivery.with("x-hub-signature-256", &signature))
                .await?
                .status,
            401
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_told_by_name() -> Result<()> {
    let story = Story::start().await?;
    let deep = "[".repeat(100_000);
    let cases: [(&str, &[u8], &str); 7] = [
        ("pull_request", b"", ""),
        ("pull_request", b"not json", ""),
        ("pull_request", b"[]", ""),
        ("pull_request", br#"{"action":"opened"}"#, "missing"),
        ("pull_request", br#"{"action":7}"#, "action"),
        ("pull_request", deep.as_bytes(), ""),
        ("pull_request", b"{\"action\":\"\xff\"}", "UTF-8"),
    ];
    for (event, body, named) in cases {
        expect(&story, &story.delivery(event, body), 400, named).await?;
    }
    let good = story.delivery("pull_request", &opened()?);
    expect(
        &story,
        &good.clone().without("x-github-delivery"),
        400,
        "X-GitHub-Delivery",
    )
    .await?;
    expect(
        &story,
        &good.clone().with("x-github-delivery", "../../etc"),
        400,
        "X-GitHub-Delivery",
    )
    .await?;
    expect(
        &story,
        &good.clone().without("x-github-event"),
        400,
        "X-GitHub-Event",
    )
    .await?;
    expect(&story, &good, 202, "accepted").await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_used_is_ignored_with_a_reason() -> Result<()> {
    let story = Story::start().await?;
    expect(
        &story,
        &story.delivery("no_such_event", b"{}"),
        200,
        "ignored",
    )
    .await?;
    expect(
        &story,
        &story.delivery("star", br#"{"action":"created"}"#),
        200,
        "ignored",
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_content_types_and_sizes_are_refused() -> Result<()> {
    let story = Story::start().await?;
    let good = story.delivery("pull_request", &opened()?);
    for method in ["GET", "PUT", "DELETE"] {
        let answer = story
            .post(&Message {
                method,
                ..good.clone()
            })
            .await?;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some("POST")),
            "{method}"
        );
    }
    for wrong in ["text/plain", "application/xml", "multipart/form-data"] {
        assert_eq!(
            story
                .post(&good.clone().with("content-type", wrong))
                .await?
                .status,
            415,
            "{wrong}"
        );
    }
    assert_eq!(story.post(&good.without("content-type")).await?.status, 415);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_need_not_be_read_is_refused_before_it_is_sent() -> Result<()> {
    let story = Story::start().await?;
    let signature = format!("x-hub-signature-256: sha256={}\r\n", "0".repeat(64));
    let largest = 25 * 1024 * 1024;
    for (headers, length, status) in [
        ("", 100, 401),
        ("x-hub-signature-256: sha256=0123\r\n", 100, 401),
        (&signature, largest + 1, 413),
    ] {
        let address = story.slipway.url.trim_start_matches("http://").to_owned();
        let mut stream = TcpStream::connect(&address).await?;
        let head = format!(
            "POST /webhooks/github HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n{headers}\
             content-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        // Not a byte of the body is sent: the answer comes all the same.
        let mut answer = [0; 12];
        tokio::time::timeout(e2e::PATIENCE, stream.read_exact(&mut answer)).await??;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert_eq!(answer, format!("HTTP/1.1 {status}"), "{headers}{length}");
    }
    Ok(())
}
