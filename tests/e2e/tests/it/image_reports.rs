//! Images that runs of GitHub Actions report by their own tokens, on the built components.

use anyhow::Result;
use e2e::{Message, Setup, Story};
use serde_json::json;

use crate::release::{images, prepared, said};

const SLIPWAY: &str = "https://slipway.example.com";
const IMAGE: &str = "ghcr.io/acme/shop";

fn digest(digit: char) -> String {
    format!("sha256:{}", digit.to_string().repeat(64))
}

/// What `POST /api/v1/services/web/deployments` answers to this token.
async fn report(story: &Story, token: &str, digest: &str) -> Result<(u16, String)> {
    let message = Message {
        method: "POST",
        path: "/api/v1/services/web/deployments",
        headers: vec![
            ("authorization".to_owned(), format!("Bearer {token}")),
            ("content-type".to_owned(), "application/json".to_owned()),
        ],
        body: json!({"image": IMAGE, "digest": digest, "tag": "1.2.3"})
            .to_string()
            .into_bytes(),
    };
    let answer = story.post(&message).await?;
    Ok((answer.status, answer.text()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_digest_that_a_run_reports_is_released_and_nobody_elses_word_counts() -> Result<()> {
    let story = Setup::default()
        .variable("public_url", SLIPWAY)
        .start()
        .await?;
    let story = prepared(story);
    let first = story.repository.push("main", "Add a cart");
    let run = story.repository.run("CI").for_commit(&first).start();
    let forged = [
        ("no token", "hunter2".to_owned()),
        ("another key", run.forged_token(SLIPWAY)),
        (
            "another audience",
            run.token_for("https://other.example.com"),
        ),
        ("expired", run.token_saying(SLIPWAY, &json!({"exp": 1_000}))),
        (
            "another issuer",
            run.token_saying(SLIPWAY, &json!({"iss": "https://mallory.example"})),
        ),
    ];
    for (what, token) in forged {
        let (status, text) = report(&story, &token, &digest('e')).await?;
        assert_eq!(status, 401, "{what}: {text}");
        assert!(text.contains("the token is refused"), "{what}: {text}");
    }
    // Of the same repository and commit, but nothing that anybody builds by.
    let other = story.repository.run("Lint").for_commit(&first).start();
    for token in [
        other.token_for(SLIPWAY),
        run.token_saying(SLIPWAY, &json!({"event_name": "pull_request"})),
    ] {
        let (status, text) = report(&story, &token, &digest('f')).await?;
        assert_eq!(status, 202, "{text}");
    }
    for digit in ['a', 'a', 'b'] {
        let (status, text) = report(&story, &run.token_for(SLIPWAY), &digest(digit)).await?;
        assert_eq!(status, 202, "{text}");
    }
    run.succeed();
    said(&story, &first, "success: released and found healthy").await?;
    assert_eq!(images(&story), [format!("{IMAGE}@{}", digest('a'))]);

    let second = story.repository.push("main", "Nothing is reported of this");
    story.repository.run("CI").for_commit(&second).succeed();
    said(&story, &second, "success: released and found healthy").await?;
    assert_eq!(images(&story), [format!("{IMAGE}:{second}")]);
    let token = run.token_for(SLIPWAY);
    let log = story.slipway.log();
    assert!(
        !log.iter().any(|line| line.contains(&token[..40])),
        "a token in the log"
    );
    story.world.assert_clean();
    Ok(())
}
