//! The dashboard in a browser: sign in, look, act.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use e2e::{API_TOKEN, PATIENCE, Setup, Story};
use world::Answer;

/// A browser without scripts: it keeps a cookie and sends forms.
struct Browser<'a> {
    story: &'a Story,
    cookie: Option<String>,
    /// How often it asked.
    asked: u8,
}

impl<'a> Browser<'a> {
    fn of(story: &'a Story) -> Self {
        Self {
            story,
            cookie: None,
            asked: 0,
        }
    }

    async fn ask(&mut self, method: &str, path: &str, form: String) -> Result<Answer> {
        let mut headers = vec![
            (
                "content-type".to_owned(),
                "application/x-www-form-urlencoded".to_owned(),
            ),
            // Anybody can say so.
            (
                "spin-client-addr".to_owned(),
                format!("198.51.100.{}:1", self.asked),
            ),
        ];
        self.asked += 1;
        headers.extend(
            self.cookie
                .clone()
                .map(|cookie| ("cookie".to_owned(), cookie)),
        );
        let url = format!("{}{path}", self.story.slipway.url);
        let answer = world::send(method, &url, &headers, form.into_bytes(), PATIENCE).await?;
        if let Some(set) = answer.header("set-cookie") {
            let pair = set.split(';').next().unwrap_or_default();
            self.cookie = (!pair.ends_with('=')).then(|| pair.to_owned());
        }
        Ok(answer)
    }

    async fn get(&mut self, path: &str) -> Result<Answer> {
        self.ask("GET", path, String::new()).await
    }

    /// Sends the form at `path` with the token that `page` has for it.
    async fn send(&mut self, page: &Answer, path: &str, rest: &str) -> Result<Answer> {
        let text = page.text();
        let (_, after) = text
            .split_once("name=\"csrf\" value=\"")
            .context("the page has a form")?;
        let csrf = after.split('"').next().unwrap_or_default();
        self.ask("POST", path, format!("csrf={csrf}{rest}")).await
    }

    async fn sign_in(&mut self, token: &str) -> Result<Answer> {
        let page = self.get("/dashboard/sign-in").await?;
        assert_eq!(page.status, 200, "{}", page.text());
        self.send(&page, "/dashboard/sign-in", &format!("&token={token}"))
            .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_sees_a_preview_and_runs_a_dead_delivery_again() -> Result<()> {
    let story = Story::start().await?;
    let pull = story
        .repository
        .open_pull_request("Add <script>a cart</script>", "feature/cart");
    story.comment_with(&pull, "Waiting for `CI`").await?;
    // A delivery that no attempt can take.
    let queue = rusqlite::Connection::open(story.directory().join("queue.db"))?;
    queue.busy_timeout(PATIENCE)?;
    queue.execute(
        "INSERT INTO spin_key_value (store, key, value) VALUES ('queue', 'delivery/damaged-1', ?1)",
        (b"damaged",),
    )?;
    assert_eq!(story.reconcile().await?.json()["deliveries"]["dead"], 1);

    let mut browser = Browser::of(&story);
    assert_eq!(browser.get("/").await?.status, 303);
    assert_eq!(browser.sign_in("guessed").await?.status, 403);
    assert_eq!(browser.sign_in(API_TOKEN).await?.status, 303);
    let overview = browser.get("/").await?;
    assert!(
        overview.text().contains("Dead deliveries"),
        "{}",
        overview.text()
    );
    let previews = browser
        .get("/dashboard/previews?phase=waiting")
        .await?
        .text();
    assert!(previews.contains("Add &lt;script&gt;"), "{previews}");
    let (_, after) = previews
        .split_once("href=\"/dashboard/previews/")
        .context("a link to the preview")?;
    let path = format!(
        "/dashboard/previews/{}",
        after.split('"').next().unwrap_or_default()
    );
    let preview = browser.get(&path).await?;
    assert!(
        preview
            .text()
            .contains("waiting for the workflow CI to run"),
        "{}",
        preview.text()
    );
    assert_eq!(
        preview
            .header("content-security-policy")
            .map(|policy| policy.contains("script-src 'self'")),
        Some(true)
    );

    let page = browser.get("/dashboard/deliveries?status=dead").await?;
    let replay = "/dashboard/deliveries/damaged-1/replay";
    assert_eq!(
        browser.ask("POST", replay, String::new()).await?.status,
        403,
        "without the form's token"
    );
    let replayed = browser.send(&page, replay, "").await?;
    assert_eq!(replayed.status, 303, "{}", replayed.text());
    let is_alert = |line: &&String| line.contains("delivery is dead") && line.contains("damaged-1");
    let started = Instant::now();
    while story.slipway.log().iter().filter(is_alert).count() < 2 {
        if started.elapsed() > PATIENCE {
            bail!("it was not run again:\n{}", story.slipway.log().join("\n"));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let retried = browser.send(&preview, &format!("{path}/retry"), "").await?;
    assert_eq!(retried.status, 303, "{}", retried.text());
    let signed_out = browser.send(&preview, "/dashboard/sign-out", "").await?;
    assert_eq!((signed_out.status, browser.cookie.clone()), (303, None));
    assert_eq!(browser.get("/").await?.status, 303);
    let log = story.slipway.log().join("\n");
    assert!(!log.contains(API_TOKEN), "tokens never reach the log");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_tokens_is_soon_refused_whatever_address_they_claim_to_have() -> Result<()> {
    let story = Setup::default()
        .variable("sign_ins_per_minute", "3")
        .start()
        .await?;
    let mut statuses = Vec::new();
    // A minute may end in between: in one of two, more than three come.
    for number in 0..8 {
        let mut browser = Browser::of(&story);
        browser.asked = number * 10;
        let answer = browser.sign_in("guessed").await?;
        statuses.push(answer.status);
        if answer.status == 429 {
            let wait: u64 = answer
                .header("retry-after")
                .context("when to come again")?
                .parse()?;
            assert!((1..=60).contains(&wait), "{wait}");
            assert!(answer.text().contains("too many tries to sign in"));
            break;
        }
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    assert!(statuses.iter().take(3).all(|status| *status == 403));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_secret_for_sessions_the_dashboard_is_closed() -> Result<()> {
    let story = Setup::default()
        .variable("session_secret", "")
        .start()
        .await?;
    let page = Browser::of(&story).get("/").await?;
    assert_eq!(page.status, 503);
    assert!(
        page.text().contains("session_secret is not set"),
        "{}",
        page.text()
    );
    Ok(())
}
