//! Slipway as a GitHub App: its tokens, and what happens when they or the key are good no more.

use anyhow::{Context, Result};
use e2e::{APP, Setup, Story};
use world::{Entry, Installation, PullRequest, Repository};

async fn start() -> Result<Story> {
    Setup::default().as_app().start().await
}

fn installation(story: &Story) -> Result<Installation> {
    let mut all = story.world.github().installations();
    all.pop().context("the App is installed")
}

/// Requests for tokens, with what they were answered.
fn token_requests(story: &Story) -> Vec<Entry> {
    let journal = story.world.journal();
    journal
        .into_iter()
        .filter(|entry| entry.path.ends_with("/access_tokens"))
        .collect()
}

/// For how many tokens of this repository GitHub was asked.
fn tokens_of(story: &Story, repository: &Repository) -> usize {
    let wish = format!("\"repository_ids\":[{}]", repository.id());
    let asked = token_requests(story);
    asked
        .iter()
        .filter(|entry| entry.body.contains(&wish))
        .count()
}

async fn ready(story: &Story, title: &str, branch: &str) -> Result<PullRequest> {
    let pull = story.repository.open_pull_request(title, branch);
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story.comment_with(&pull, "✅ Ready").await?;
    Ok(pull)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_gets_its_preview_from_the_app_with_one_token_for_its_repository()
-> Result<()> {
    let story = start().await?;
    let pull = ready(&story, "Add a cart", "feature/cart").await?;
    pull.merge();
    story
        .comment_with(&pull, "was merged: its preview was removed")
        .await?;
    let comments = pull.comments();
    assert_eq!(comments.len(), 1, "one comment, edited through all stages");
    let author = comments.first().map(|comment| comment.author.clone());
    assert_eq!(author.as_deref(), Some("slipway-acme[bot]"));
    let asked = token_requests(&story);
    assert_eq!(
        asked.len(),
        1,
        "{:?}",
        asked.iter().map(Entry::line).collect::<Vec<_>>()
    );
    let wish = asked.first().map(|entry| entry.body.clone());
    let expected = format!(
        r#"{{"repository_ids":[{}],"permissions":{{"actions":"write","checks":"write","contents":"read","deployments":"write","issues":"read","metadata":"read","pull_requests":"write"}}}}"#,
        story.repository.id()
    );
    assert_eq!(wish, Some(expected));
    let lookups = story.world.journal();
    let lookups = lookups
        .iter()
        .filter(|entry| entry.path.ends_with("/installation"));
    assert!(lookups.count() <= 1, "the delivery named the installation");
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_end_in_the_middle_are_renewed_once() -> Result<()> {
    let story = start().await?;
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    story.comment_with(&pull, "Waiting for `CI`").await?;
    assert_eq!(tokens_of(&story, &story.repository), 1);
    installation(&story)?.end_tokens();
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story.comment_with(&pull, "✅ Ready").await?;
    assert_eq!(tokens_of(&story, &story.repository), 2, "one more");
    assert_eq!(story.deployments_of(&pull), 1);
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_pull_requests_at_once_ask_for_one_token_of_each_repository() -> Result<()> {
    let story = start().await?;
    let other = story.world.github().repository("acme/till");
    other.write_file(".github/slipway.yml", story.configuration());
    let mut pulls = Vec::new();
    for number in 0..12 {
        let branch = format!("feature/{number}");
        pulls.push(story.repository.open_pull_request("One of many", &branch));
        if number < 4 {
            pulls.push(other.open_pull_request("One of many", &branch));
        }
    }
    for pull in &pulls {
        story.comment_with(pull, "Waiting for `CI`").await?;
        assert_eq!(pull.comments().len(), 1);
    }
    assert_eq!(tokens_of(&story, &story.repository), 1);
    assert_eq!(tokens_of(&story, &other), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_replaced_is_told_by_reconcile_and_the_log() -> Result<()> {
    let story = start().await?;
    let fine = story.reconcile().await?.json();
    assert_eq!(fine["github_problem"], serde_json::Value::Null);
    story.world.github().app(APP).replace_key();
    let told = story.reconcile().await?.json();
    let problem = told["github_problem"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    insta::assert_snapshot!(problem.replace(&story.world.github().app(APP).id().to_string(), "<id>"), @r#"signing in as the App: GitHub answered 401 "A JSON web token could not be decoded". The variable github_app_private_key must hold a key that GitHub still lists for the App <id>, and github_app_id its id"#);
    let log = story.slipway.log();
    let is_told = |line: &String| {
        line.contains("cannot sign in to GitHub") && line.contains("github_app_private_key")
    };
    assert!(log.iter().any(is_told), "{log:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_none_is_told_by_reconcile_without_a_byte_of_it() -> Result<()> {
    let story = Setup::default()
        .as_app()
        .variable(
            "github_app_private_key",
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAtopsecret",
        )
        .start()
        .await?;
    let told = story.reconcile().await?.json();
    insta::assert_snapshot!(told["github_problem"].as_str().unwrap_or_default(), @"signing in as the App: the variable github_app_private_key was cut off: its last line, -----END ... PRIVATE KEY-----, is missing: expected the whole .pem file that GitHub made for the App (it begins with -----BEGIN RSA PRIVATE KEY-----), or that file in base64");
    let log = story.slipway.log().join("\n");
    assert!(!log.contains("topsecret"), "{log}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_that_was_suspended_goes_on_where_it_was() -> Result<()> {
    let story = start().await?;
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    story.comment_with(&pull, "Waiting for `CI`").await?;
    installation(&story)?.suspend();
    story.repository.run("CI").for_pull_request(&pull).succeed();
    let suspended = |_: &world::World| {
        let log = story.slipway.log();
        log.iter()
            .any(|line| line.contains("must unsuspend the App's installation"))
    };
    story.until("the log says what to do", suspended).await?;
    installation(&story)?.unsuspend();
    // The failure holds for ten seconds; then a push is dealt with as ever.
    pull.push();
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story
        .reconcile_until("the preview", |_| {
            let comment = pull.slipway_comment();
            comment.is_some_and(|comment| comment.body.contains("✅ Ready"))
        })
        .await?;
    story.world.assert_clean();
    Ok(())
}
