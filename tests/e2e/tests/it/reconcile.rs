//! `POST /reconcile`.

use anyhow::Result;
use e2e::{Message, Setup, Story};

#[tokio::test(flavor = "multi_thread")]
async fn only_the_bearer_of_the_token_may_reconcile() -> Result<()> {
    let story = Story::start().await?;
    let ask = |method: &'static str, authorization: Option<&str>| {
        let headers = authorization.map(|value| ("authorization".to_owned(), value.to_owned()));
        let message = Message {
            method,
            path: "/reconcile",
            headers: headers.into_iter().collect(),
            body: Vec::new(),
        };
        let story = &story;
        async move { story.post(&message).await }
    };
    for wrong in [
        None,
        Some("Bearer"),
        Some("Bearer wrong"),
        Some("Basic reconcile-me"),
        Some("reconcile-me"),
    ] {
        assert_eq!(ask("POST", wrong).await?.status, 401, "{wrong:?}");
    }
    assert_eq!(ask("GET", Some("Bearer reconcile-me")).await?.status, 405);
    let answer = ask("POST", Some("Bearer reconcile-me")).await?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["previews"]["advanced"], 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_configured_token_nobody_may_reconcile() -> Result<()> {
    let story = Setup::default()
        .variable("reconcile_token", "")
        .start()
        .await?;
    for authorization in ["Bearer ", "Bearer reconcile-me"] {
        let headers = vec![("authorization".to_owned(), authorization.to_owned())];
        let message = Message {
            method: "POST",
            path: "/reconcile",
            headers,
            body: Vec::new(),
        };
        assert_eq!(story.post(&message).await?.status, 401);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_do_nothing_twice() -> Result<()> {
    let story = Story::start().await?;
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    for _ in 0..5 {
        let (one, two, three) =
            tokio::join!(story.reconcile(), story.reconcile(), story.reconcile());
        for answer in [one?, two?, three?] {
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
    }
    story.comment_with(&pull, "✅ Ready").await?;
    assert_eq!(story.deployments_of(&pull), 1);
    assert_eq!(pull.comments().len(), 1);
    story.world.assert_clean();
    Ok(())
}
