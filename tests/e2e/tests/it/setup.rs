//! A person registers the App by Slipway's page, sets the variables that it shows, and installs the App.

use anyhow::{Context, Result};
use e2e::{PATIENCE, Setup, Story};
use world::Answer;

/// What stands between two texts.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Result<&'a str> {
    let (_, rest) = text
        .split_once(before)
        .with_context(|| format!("no {before:?} in {text}"))?;
    let (found, _) = rest
        .split_once(after)
        .with_context(|| format!("no {after:?} in {rest}"))?;
    Ok(found)
}

fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

async fn get(url: &str, cookie: &str) -> Result<Answer> {
    let headers = [("cookie".to_owned(), cookie.to_owned())];
    Ok(world::send("GET", url, &headers, Vec::new(), PATIENCE).await?)
}

async fn post(url: &str, fields: &[(&str, &str)]) -> Result<Answer> {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let kind = "application/x-www-form-urlencoded".to_owned();
    let headers = [("content-type".to_owned(), kind)];
    Ok(world::send("POST", url, &headers, form.into_bytes(), PATIENCE).await?)
}

/// The page with the variables, as a browser comes to it.
async fn registered(story: &Story) -> Result<Answer> {
    let page = format!("{}/setup", story.slipway.url);
    let begin = get(&page, "").await?;
    assert_eq!(begin.status, 200, "{}", begin.text());
    let refused = post(&page, &[("token", "guessed"), ("name", "Slipway")]).await?;
    assert_eq!(refused.status, 401);
    let confirm = post(
        &page,
        &[("token", "reconcile-me"), ("name", "Slipway Acme")],
    )
    .await?;
    assert_eq!(confirm.status, 200, "{}", confirm.text());
    let cookie = confirm.header("set-cookie").context("a cookie")?;
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let html = confirm.text();
    let action = unescaped(between(&html, "method=\"post\" action=\"", "\"")?);
    let manifest = unescaped(between(&html, "name=\"manifest\" value=\"", "\"")?);
    let policy = confirm
        .header("content-security-policy")
        .unwrap_or_default();
    assert!(policy.contains(&story.world.github_url()), "{policy}");
    // GitHub's page, where the person agrees.
    let back = post(&action, &[("manifest", &manifest)]).await?;
    let location = back.header("location").context("the way back")?.to_owned();
    let path = location
        .strip_prefix("https://slipway.example.com")
        .context("to the public address")?;
    let elsewhere = get(&format!("{}{path}", story.slipway.url), "").await?;
    assert_eq!(elsewhere.status, 400, "another browser");
    get(&format!("{}{path}", story.slipway.url), &cookie).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_is_registered_by_a_page_that_shows_its_keys_once_and_keeps_none() -> Result<()> {
    let story = Setup::default()
        .variable("github_token", "")
        .variable("public_url", "https://slipway.example.com")
        .start()
        .await?;
    let shown = registered(&story).await?;
    assert_eq!(shown.status, 200, "{}", shown.text());
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    let html = unescaped(&shown.text());
    let variable = |name: &str| between(&html, &format!("SPIN_VARIABLE_{name}='"), "'");
    let (id, key, secret) = (
        variable("GITHUB_APP_ID")?,
        variable("GITHUB_APP_PRIVATE_KEY")?,
        variable("GITHUB_WEBHOOK_SECRETS")?,
    );
    let log = story.slipway.log().join("\n");
    for kept in [key, secret, "reconcile-me"] {
        assert!(!log.contains(kept), "{log}");
    }
    let written = story.slipway.store_calls();
    assert!(
        written.is_empty(),
        "the registration needs no store: {written:?}"
    );
    story.world.assert_clean();

    // The variables are set, and the App is at work.
    let app = Setup::default()
        .variable("github_token", "")
        .variable("public_url", "https://slipway.example.com")
        .variable("github_app_id", id)
        .variable("github_app_private_key", key)
        .variable("github_webhook_secrets", secret)
        .start_in(story.world)
        .await?;
    let closed = get(&format!("{}/setup", app.slipway.url), "").await?;
    assert_eq!(closed.status, 404, "{}", closed.text());
    let installation = app.world.github().app("slipway-acme").install("acme");
    let back = |id: u64| {
        format!(
            "{}/api/github/setup?installation_id={id}&setup_action=install",
            app.slipway.url
        )
    };
    assert_eq!(get(&back(4711), "").await?.status, 404, "GitHub knows none");
    let welcome = get(&back(installation.id()), "").await?;
    assert_eq!(welcome.status, 303, "{}", welcome.text());
    let dashboard = welcome.header("location");
    assert_eq!(dashboard, Some("/dashboard/installations?done=installed"));
    let forged = format!("{}&state=99.aa", back(installation.id()));
    assert_eq!(get(&forged, "").await?.status, 400);
    let answer = app.reconcile().await?.json();
    assert_eq!(answer["installations"][0]["account"], "acme", "{answer}");
    let pull = app
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    app.repository.run("CI").for_pull_request(&pull).succeed();
    app.comment_with(&pull, "✅ Ready").await?;
    app.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_from_installing_sees_a_page_where_nobody_can_sign_in() -> Result<()> {
    let story = Setup::default()
        .as_app()
        .variable("session_secret", "")
        .start()
        .await?;
    let installation = story.world.github().installations();
    let installation = installation.first().context("the App is installed")?;
    let url = format!(
        "{}/api/github/setup?installation_id={}",
        story.slipway.url,
        installation.id()
    );
    let welcome = get(&url, "").await?;
    assert_eq!(welcome.status, 200, "{}", welcome.text());
    let page = welcome.text();
    assert!(page.contains("The App is installed"), "{page}");
    Ok(())
}
