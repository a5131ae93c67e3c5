//! `GET /schema/slipway.json`.

use anyhow::Result;
use e2e::{Message, Story};

fn ask(method: &'static str) -> Message {
    Message {
        method,
        path: "/schema/slipway.json",
        headers: Vec::new(),
        body: Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_editor_gets_the_committed_schema_and_asks_later_whether_it_is_still_the_same()
-> Result<()> {
    let story = Story::start().await?;
    let answer = story.post(&ask("GET")).await?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        answer.header("content-type"),
        Some("application/schema+json")
    );
    assert_eq!(answer.header("cache-control"), Some("public, max-age=3600"));
    let committed: serde_json::Value =
        serde_json::from_str(include_str!("../../../../docs/schema/slipway.json"))?;
    assert_eq!(answer.json(), committed);

    let tag = answer.header("etag").unwrap_or_default().to_owned();
    assert!(tag.starts_with('"') && tag.len() > 4, "{tag:?}");
    for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
        let again = story
            .post(&ask("GET").with("if-none-match", &known))
            .await?;
        assert_eq!((again.status, again.text().as_str()), (304, ""), "{known}");
        assert_eq!(again.header("etag"), Some(tag.as_str()));
    }
    let changed = story
        .post(&ask("GET").with("if-none-match", "\"other\""))
        .await?;
    assert_eq!(changed.status, 200);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_can_only_be_read() -> Result<()> {
    let story = Story::start().await?;
    let head = story.post(&ask("HEAD")).await?;
    assert_eq!((head.status, head.text().as_str()), (200, ""));
    assert!(head.header("etag").is_some());
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let answer = story.post(&ask(method)).await?;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{method}");
    }
    Ok(())
}
