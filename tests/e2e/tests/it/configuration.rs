//! The configuration in force: read from the default branch, told on its commit when it is broken, the owner's where there is none.

use anyhow::{Context, Result};
use e2e::{APP, Setup, Story};
use world::Repository;

const PATH: &str = ".github/slipway.yml";

/// Comes round until the repository was surveyed and everything that follows is done.
async fn survey(story: &Story) -> Result<()> {
    for query in ["?survey=now", ""] {
        let answer = story.reconcile_asking(query).await?;
        anyhow::ensure!(answer.status == 200, "{}", answer.text());
    }
    Ok(())
}

fn verdicts(repository: &Repository, commit: &str) -> Vec<String> {
    repository
        .check_runs(commit)
        .iter()
        .map(|run| format!("{}: {:?}", run.name, run.conclusion))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_configuration_is_told_on_its_commit_and_the_last_valid_one_stays_in_force()
-> Result<()> {
    let story = Setup::default().as_app().start().await?;
    let first = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    story
        .repository
        .run("CI")
        .for_pull_request(&first)
        .succeed();
    story.comment_with(&first, "✅ Ready").await?;

    let broken = story.configuration().replace("preview:", "previews:");
    let commit = story.repository.write_file(PATH, &broken);
    let second = story
        .repository
        .open_pull_request("Add a till", "feature/till");
    story
        .repository
        .run("CI")
        .for_pull_request(&second)
        .succeed();
    let comment = story.comment_with(&second, "✅ Ready").await?;
    assert!(comment.contains("did you mean preview?"), "{comment}");
    assert!(
        comment.contains("The last valid one stays in force"),
        "{comment}"
    );

    survey(&story).await?;
    survey(&story).await?;
    let told = verdicts(&story.repository, &commit);
    assert_eq!(told, [r#"Slipway configuration: Some("failure")"#], "once");
    let runs = story.repository.check_runs(&commit);
    let output = &runs.first().context("the check run")?.output;
    assert_eq!(output["annotations"][0]["path"], PATH, "{output}");
    assert_eq!(output["annotations"][0]["start_line"], 5, "{output}");
    assert!(
        output.to_string().contains("did you mean preview?"),
        "{output}"
    );

    // Put right: both previews are told, and say nothing of it any more.
    let mended = story.repository.write_file(PATH, story.configuration());
    survey(&story).await?;
    for pull in [&first, &second] {
        let is_well = |comment: &str| !comment.contains("❌") && comment.contains("✅ Ready");
        story
            .reconcile_until("a comment without the complaint", |_| {
                pull.slipway_comment()
                    .is_some_and(|comment| is_well(&comment.body))
            })
            .await?;
    }
    assert!(verdicts(&story.repository, &mended).is_empty());
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_breaks_the_configuration_is_told_without_waiting_for_a_survey() -> Result<()> {
    let story = Setup::default().as_app().start().await?;
    let pull = story.repository.open_pull_request("Add a cart", "feature");
    story.comment_with(&pull, "Waiting for `CI`").await?;
    survey(&story).await?;
    let broken = story.configuration().replace("preview:", "previews:");
    let commit = story.repository.push_file("main", PATH, &broken);
    story
        .reconcile_until("a check run on the commit", |_| {
            !story.repository.check_runs(&commit).is_empty()
        })
        .await?;
    let told = verdicts(&story.repository, &commit);
    assert_eq!(told, [r#"Slipway configuration: Some("failure")"#]);
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_without_a_file_goes_by_its_owners() -> Result<()> {
    let story = Setup::default().as_app().start().await?;
    story.repository.remove_file(PATH);
    let shared = story.world.github().repository("acme/.github");
    shared.write_file(PATH, story.configuration());
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story.comment_with(&pull, "✅ Ready").await?;
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owners_file_that_is_not_public_is_read_by_an_app_that_may_and_by_no_other() -> Result<()>
{
    let story = Setup::default().as_app().start().await?;
    story.repository.remove_file(PATH);
    let shared = story.world.github().repository("acme/.github");
    shared.write_file(PATH, story.configuration());
    shared.set_private(true);
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story.comment_with(&pull, "✅ Ready").await?;
    let journal = story.world.journal();
    let wishes = journal
        .iter()
        .filter(|entry| entry.path.ends_with("/access_tokens") && entry.body.contains(".github"));
    let wishes: Vec<&str> = wishes.map(|entry| entry.body.as_str()).collect();
    assert_eq!(
        wishes,
        [r#"{"repositories":[".github"],"permissions":{"contents":"read"}}"#],
        "one token for that repository alone, which may read its files and nothing else"
    );

    // An installation that does not cover it: GitHub shows nothing of it, and nothing is deployed by it.
    let other = story.world.github().app(APP).install_on("globex");
    let till = story.world.github().repository("globex/till");
    let hidden = story.world.github().repository("globex/.github");
    hidden.write_file(PATH, story.configuration());
    hidden.set_private(true);
    other.limit_to(&[&till]);
    let unseen = till.open_pull_request("Add a till", "feature/till");
    story
        .until("a request for a token that is refused", |world| {
            let journal = world.journal();
            let asked = journal.iter().filter(|entry| {
                entry.path.ends_with("/access_tokens") && entry.body.contains(".github")
            });
            asked.count() == 2
        })
        .await?;
    story.world.github().webhooks().settled().await;
    assert!(unseen.slipway_comment().is_none());
    story.world.assert_clean();
    Ok(())
}
