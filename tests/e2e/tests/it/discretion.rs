//! What Slipway shows and asks for in a whole story as an App: no secret is anywhere but where it must be, and GitHub is asked for
//! nothing beyond the table of permissions.

use std::{collections::BTreeSet, panic::AssertUnwindSafe};

use anyhow::{Context, Result, bail};
use e2e::{APP, Setup, Stores, Story, TOKEN_KEYS, rows, rows_of};
use world::Vendor;

/// The answers that people and schedulers got.
type Answers = Vec<String>;

/// What no answer may tell, beside the App's key: the tokens of stories, and how GitHub's begin.
const SECRETS: [&str; 4] = [
    "reconcile-me",
    "tell-me-all",
    "ghs_",
    "eyJhbGciOiJSUzI1NiIs",
];

/// A story with all that Slipway does for a pull request as an App, and its troubles with tokens.
async fn whole() -> Result<(Story, Answers)> {
    let story = Setup::default()
        .as_app()
        .variable("survey_seconds", "1")
        .start()
        .await?;
    let mut answers = Answers::new();
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story.comment_with(&pull, "✅ Ready").await?;
    let known = story.reconcile().await?;
    let reached = known
        .json()
        .pointer("/installations/0/repositories")
        .cloned();
    assert_eq!(reached, Some(1.into()), "{}", known.text());
    answers.push(known.text());
    let installation = story.world.github().installations();
    let installation = installation.first().context("the App is installed")?;
    installation.end_tokens();
    pull.push();
    // While a build is awaited Slipway looks for it by itself.
    let looked = |world: &world::World| {
        let journal = world.journal();
        journal
            .iter()
            .any(|entry| entry.path.ends_with("/actions/runs"))
    };
    story.until("a look at the runs", looked).await?;
    story.repository.run("CI").for_pull_request(&pull).fail();
    story.comment_with(&pull, "failed").await?;
    installation.suspend();
    let removed = |_: &world::World| !story.application().has_preview(pull.number());
    story.reconcile_until("the removal", removed).await?;
    installation.unsuspend();
    story.repository.run("CI").for_pull_request(&pull).succeed();
    let back = |_: &world::World| story.application().has_preview(pull.number());
    story.reconcile_until("the preview", back).await?;
    story.comment_with(&pull, "✅ Ready").await?;
    story.world.github().app(APP).replace_key();
    answers.push(story.reconcile().await?.text());
    for path in [
        "/api/v1/deliveries",
        "/api/v1/deliveries?status=dead",
        "/api/v1/nothing",
    ] {
        answers.push(story.api("GET", path).await?.text());
    }
    for path in [
        "/setup",
        "/api/github/setup?installation_id=4711",
        "/readyz",
    ] {
        let url = format!("{}{path}", story.slipway.url);
        let answer = world::send("GET", &url, &[], Vec::new(), e2e::PATIENCE).await?;
        answers.push(answer.text());
    }
    for delivery in story.world.github().webhooks().all() {
        answers.extend(delivery.attempts.into_iter().map(|attempt| attempt.answer));
    }
    Ok((story, answers))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_logged_answered_stored_commented_or_sent_elsewhere() -> Result<()> {
    // The end of every story looks for secrets in the log, in what is stored and in what vendors are sent.
    let (story, answers) = whole().await?;
    let key = story.world.github().app(APP).private_key();
    let lines = key.lines().filter(|line| line.len() > 40);
    let secrets: Vec<&str> = lines.chain(SECRETS).collect();
    for answer in &answers {
        for secret in &secrets {
            assert!(
                !answer.contains(secret),
                "an answer tells {secret:?}: {answer}"
            );
        }
    }
    let stored = story.stores().all()?;
    let (tokens, rest): (Vec<_>, Vec<_>) = stored
        .into_iter()
        .partition(|(key, _)| key.starts_with(TOKEN_KEYS));
    assert!(rest.len() > 10, "the stores were read");
    // The one place where a token may be, and there is one: else this looked for nothing.
    assert!(tokens.iter().any(|(_, value)| value.contains("ghs_")));
    let found = story.discretion.findings()?;
    assert!(found.is_empty(), "{found:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_stored_is_found_at_the_end_of_any_story() -> Result<()> {
    let story = Setup::default().as_app().start().await?;
    let pull = story.repository.open_pull_request("Add a cart", "feature");
    story.comment_with(&pull, "Waiting for `CI`").await?;
    let file = rusqlite::Connection::open(story.directory().join("queue.db"))?;
    file.busy_timeout(e2e::PATIENCE)?;
    let key = story.world.github().app(APP).private_key();
    let of_the_key = key.lines().find(|line| line.len() > 40);
    let leaks = [
        "ghs_0123",
        "reconcile-me",
        "It's a Secret to Everybody",
        of_the_key.context("a line of the key")?,
    ];
    for leak in leaks {
        let value = format!("{{\"reason\":\"{leak}\"}}").into_bytes();
        file.execute(
            "INSERT INTO spin_key_value (store, key, value) VALUES ('queue', 'leak', ?1)",
            [value],
        )?;
        let found = story.discretion.findings()?;
        assert_eq!(found.len(), 1, "{leak}: {found:#?}");
        file.execute("DELETE FROM spin_key_value WHERE key = 'leak'", [])?;
    }
    assert!(story.discretion.findings()?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_on_redis_is_found_too() -> Result<()> {
    let story = Setup::default().on_redis().start().await?;
    let pull = story.repository.open_pull_request("Add a cart", "feature");
    story.comment_with(&pull, "Waiting for `CI`").await?;
    let Stores::Redis(server) = story.stores() else {
        bail!("the stores are not on Redis");
    };
    let mut inbox = redis::Client::open(server.url(1))?.get_connection()?;
    redis::cmd("SET")
        .arg("leak")
        .arg("is ghs_0123")
        .exec(&mut inbox)?;
    let found = story.discretion.findings()?;
    insta::assert_debug_snapshot!(found, @r#"
    [
        "the value of inbox leak tells \"ghs_\": is ghs_0123",
    ]
    "#);
    redis::cmd("DEL").arg("leak").exec(&mut inbox)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_any_answer_ends_the_story_badly_whoever_asked() -> Result<()> {
    let story = Story::start().await?;
    // What was wrong with a request is told to whoever sent it: so an answer can be made to tell a secret.
    let url = format!("{}/api/v1/deliveries?status=ghs_0123", story.slipway.url);
    let token = ("authorization".to_owned(), "Bearer tell-me-all".to_owned());
    world::send("GET", &url, &[token], Vec::new(), e2e::PATIENCE).await?;
    let ended = std::panic::catch_unwind(AssertUnwindSafe(|| drop(story)));
    let Err(complaint) = ended else {
        bail!("nobody noticed");
    };
    let complaint = complaint.downcast_ref::<String>().context("a message")?;
    assert!(complaint.contains("an answer tells"), "{complaint}");
    Ok(())
}

/// Calls of the table that need a story of their own: two comments at once, a delivery that never came, an approval of a fork,
/// releases, their tests, a broken configuration, a command, a filter of paths.
const ELSEWHERE: [&str; 14] = [
    "DELETE /repos/{owner}/{repo}/deployments/{deployment_id}",
    "DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}",
    "GET /app/hook/deliveries/{delivery_id}",
    "GET /repos/{owner}/{repo}/actions/runs/{run_id}",
    "GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs",
    "GET /repos/{owner}/{repo}/collaborators/{username}/permission",
    "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls",
    "GET /repos/{owner}/{repo}/commits/{ref}",
    "GET /repos/{owner}/{repo}/compare/{basehead}",
    "GET /repos/{owner}/{repo}/pulls/{pull_number}/commits",
    "GET /repos/{owner}/{repo}/pulls/{pull_number}/files",
    "POST /repos/{owner}/{repo}/actions/runs/{run_id}/deployment_protection_rule",
    "POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches",
    "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
];

#[tokio::test(flavor = "multi_thread")]
async fn github_is_asked_for_what_the_table_of_permissions_says_and_for_nothing_else() -> Result<()>
{
    let (story, _) = whole().await?;
    let mut made = BTreeSet::new();
    for entry in story.world.journal() {
        if entry.vendor != Vendor::GitHub {
            continue;
        }
        let rows = rows_of(&entry, false);
        assert_eq!(rows.len(), 1, "{}: {rows:?}", entry.line());
        made.extend(rows);
    }
    let listed: BTreeSet<&str> = rows().filter(|row| !ELSEWHERE.contains(row)).collect();
    assert_eq!(
        made, listed,
        "left the calls that were made, right the table"
    );
    Ok(())
}
