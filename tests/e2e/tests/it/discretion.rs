//! What Slipway shows and asks for in a whole story as an App: no secret is anywhere but where it must be, and GitHub is asked for
//! nothing beyond the table of permissions.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use e2e::{APP, Setup, Story};
use world::{Entry, Vendor};

/// The answers that people and schedulers got.
type Answers = Vec<String>;

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

/// All secrets of the story that are known to the test: configured ones, and every token that GitHub gave or was shown.
fn secrets(story: &Story) -> Vec<String> {
    let options = story.world.options();
    let mut secrets = vec![
        options.coolify_token.clone(),
        options.webhook_secret.clone().unwrap_or_default(),
        // The reconcile token, and the API's, of stories.
        "reconcile-me".to_owned(),
        "tell-me-all".to_owned(),
        // Installation tokens, and the beginning of the App's JSON Web Tokens.
        "ghs_".to_owned(),
        "eyJhbGciOiJSUzI1NiIs".to_owned(),
    ];
    let key = story.world.github().app(APP).private_key();
    let lines = key.lines().filter(|line| line.len() > 40);
    secrets.extend(lines.map(str::to_owned));
    secrets
}

fn assert_discreet(what: &str, text: &str, secrets: &[String]) {
    for secret in secrets {
        assert!(
            !text.contains(secret.as_str()),
            "{what} tells {secret:?}: {text}"
        );
    }
}

/// All that is stored but for the cached installation tokens, as text.
fn stored(story: &Story) -> Result<Vec<(String, String)>> {
    let mut stored = Vec::new();
    for label in ["default", "inbox", "queue"] {
        let file = story.directory().join(format!("{label}.db"));
        let connection = rusqlite::Connection::open(&file)?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        let mut statement = connection.prepare("SELECT key, value FROM spin_key_value")?;
        let rows = statement.query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?))
        })?;
        for row in rows {
            let (key, value) = row?;
            let text = String::from_utf8_lossy(&value).into_owned();
            stored.push((format!("{label} {key}"), text));
        }
    }
    Ok(stored)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_logged_answered_stored_commented_or_sent_elsewhere() -> Result<()> {
    let (story, answers) = whole().await?;
    let secrets = secrets(&story);
    for line in story.slipway.log() {
        assert_discreet("the log", &line, &secrets);
    }
    for answer in &answers {
        assert_discreet("an answer", answer, &secrets);
    }
    let stored = stored(&story)?;
    let (tokens, rest): (Vec<_>, Vec<_>) = stored
        .into_iter()
        .partition(|(key, _)| key.starts_with("default github/token/"));
    assert!(rest.len() > 10, "the stores were read");
    for (key, value) in &rest {
        assert_discreet(key, value, &secrets);
    }
    // The one place where a token may be, and there is one: else this looked for nothing.
    assert!(tokens.iter().any(|(_, value)| value.contains("ghs_")));
    for pull in story.repository.pull_requests() {
        for comment in pull.comments() {
            assert_discreet("a comment", &comment.body, &secrets);
        }
    }
    for entry in story.world.journal() {
        assert_discreet(&entry.line(), &entry.body, &secrets);
        let query = format!("{:?} {}", entry.query, entry.path);
        assert_discreet("an address", &query, &secrets);
    }
    Ok(())
}

/// Whether a path is one of GitHub's template.
fn fits(template: &str, path: &str) -> bool {
    let (mut wanted, mut found) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), found.next()) {
            (None, None) | (Some("{path}"), Some(_)) => return true,
            (Some(one), Some(other)) if one.starts_with('{') || one == other => {}
            (_, _) => return false,
        }
    }
}

/// The rows of the table that an entry of the journal is a case of.
fn rows(entry: &Entry) -> Vec<&'static str> {
    // Where a renamed repository's redirect leads.
    let path = match entry.path.strip_prefix("/repositories/") {
        Some(rest) => format!("/repos/owner/{rest}"),
        None => entry.path.clone(),
    };
    let path = match path.strip_prefix("/repos/owner/") {
        Some(rest) if entry.path.starts_with("/repositories/") => {
            let tail = rest
                .split_once('/')
                .map_or(String::new(), |(_, tail)| format!("/{tail}"));
            format!("/repos/owner/name{tail}")
        }
        Some(_) | None => path,
    };
    let table = vendors::github::PERMISSION_TABLE;
    let permitted = table
        .iter()
        .flat_map(|permission| permission.calls.iter().copied());
    permitted
        .chain(vendors::github::CALLS_AS_APP)
        .filter(|row| {
            let (method, template) = row.split_once(' ').unwrap_or_default();
            method == entry.method && fits(template, &path)
        })
        .collect()
}

/// Calls of the table that need a story of their own: two comments at once, a delivery that never came, an approval of a fork,
/// releases, a broken configuration, a command.
const ELSEWHERE: [&str; 7] = [
    "DELETE /repos/{owner}/{repo}/deployments/{deployment_id}",
    "DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}",
    "GET /app/hook/deliveries/{delivery_id}",
    "GET /repos/{owner}/{repo}/collaborators/{username}/permission",
    "GET /repos/{owner}/{repo}/commits/{ref}",
    "GET /repos/{owner}/{repo}/compare/{basehead}",
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
        let rows = rows(&entry);
        assert_eq!(rows.len(), 1, "{}: {rows:?}", entry.line());
        made.extend(rows);
    }
    let table = vendors::github::PERMISSION_TABLE;
    let listed: BTreeSet<&str> = table
        .iter()
        .flat_map(|permission| permission.calls.iter().copied())
        .chain(vendors::github::CALLS_AS_APP)
        .filter(|row| !ELSEWHERE.contains(row))
        .collect();
    assert_eq!(
        made, listed,
        "left the calls that were made, right the table"
    );
    Ok(())
}
