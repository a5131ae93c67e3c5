//! All of GitHub's published example payloads, signed and delivered.

use std::fmt::Write as _;

use anyhow::Result;
use e2e::Story;

#[tokio::test(flavor = "multi_thread")]
async fn every_published_payload_gets_the_outcome_that_its_event_deserves() -> Result<()> {
    let story = Story::start().await?;
    let payloads = world::payloads()?;
    assert_eq!(payloads.len(), 129);
    let mut outcomes = String::new();
    for payload in &payloads {
        let answer = story
            .post(&story.delivery(&payload.event, &payload.body))
            .await?;
        assert!(
            answer.status < 500,
            "{}: {} {}",
            payload.file,
            answer.status,
            answer.text()
        );
        let json = answer.json();
        let outcome = json["outcome"].as_str().unwrap_or_default();
        let reason = json["reason"]
            .as_str()
            .map(|reason| format!(": {reason}"))
            .unwrap_or_default();
        writeln!(
            outcomes,
            "{} -> {} {outcome}{reason}",
            payload.file, answer.status
        )?;
    }
    insta::assert_snapshot!(outcomes);
    let trapped = story
        .slipway
        .log()
        .into_iter()
        .filter(|line| line.contains("trap") || line.contains("panic"));
    assert_eq!(
        trapped.collect::<Vec<_>>(),
        Vec::<String>::new(),
        "no component may trap"
    );
    Ok(())
}
