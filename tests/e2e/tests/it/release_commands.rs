//! Commands that people give for releases by comments on a pull request.

use std::time::Duration;

use anyhow::Result;
use e2e::{Setup, Story};
use world::{Fault, PullRequest, Vendor};

use crate::release::{images, prepared, said};

/// The embedded host as a process of its own.
const HOST: &str = env!("CARGO_BIN_EXE_slipway-host");

/// A story with an environment `production` that one person has to approve releases to, of which `grace`
/// may write, and `mallory` may not.
async fn start(setup: Setup) -> Result<Story> {
    let story = prepared(setup.start().await?);
    let configuration = story.repository.file_on("main", ".github/slipway.yml");
    let configuration = configuration.unwrap_or_default();
    story.repository.write_file(
        ".github/slipway.yml",
        configuration.replace("branch: main", "branch: main\n        approvals: 1"),
    );
    for (login, role) in [("grace", "maintain"), ("mallory", "triage")] {
        story.repository.give_role(login, role);
    }
    Ok(story)
}

/// A pull request that was merged and built; also the commit that it became.
async fn merged(story: &Story, title: &str, branch: &str) -> Result<(PullRequest, String)> {
    let pull = story.repository.open_pull_request(title, branch);
    let commit = pull.merge();
    story.repository.run("CI").for_commit(&commit).succeed();
    said(story, &commit, "queued: 0 of 1 approvals").await?;
    Ok((pull, commit))
}

/// Waits until the comment has these reactions and the sticky comment says this of the last command.
async fn answered(
    story: &Story,
    pull: &PullRequest,
    comment: u64,
    how: &str,
    says: &str,
) -> Result<()> {
    story.comment_with(pull, says).await?;
    story
        .until(&format!("the reaction {how}"), |_| {
            pull.reactions_to(comment).last().map(String::as_str) == Some(how)
        })
        .await
}

/// The same for a command that somebody gives now.
async fn ask(
    story: &Story,
    pull: &PullRequest,
    login: &str,
    body: &str,
    answer: (&str, &str),
) -> Result<()> {
    // What was released before is not of the same second.
    story.world.advance(Duration::from_secs(2));
    let comment = pull.comment_by(login, body);
    answered(story, pull, comment, answer.0, answer.1).await
}

#[tokio::test(flavor = "multi_thread")]
async fn releases_are_approved_taken_back_and_locked_by_comments_of_those_who_may() -> Result<()> {
    let story = start(Setup::default()).await?;
    let (first, one) = merged(&story, "Add a cart", "cart").await?;
    let denied = ("confused", "🔒 commands are for people who may push");
    ask(&story, &first, "mallory", "/approve production", denied).await?;
    let waits = "is waiting-for-approval: `0 of 1 approvals`";
    ask(&story, &first, "grace", "/status", ("rocket", waits)).await?;
    let why = "is waiting-for-approval, by `approvals`: `0 of 1 approvals`";
    ask(&story, &first, "grace", "/why", ("rocket", why)).await?;
    let unclear = (
        "confused",
        "there is no environment `prodution`: did you mean `production`?",
    );
    ask(&story, &first, "grace", "/approve prodution", unclear).await?;
    let approved = ("rocket", "✅ the release of");
    ask(&story, &first, "grace", "/approve production", approved).await?;
    said(&story, &one, "success: released and found healthy").await?;
    assert_eq!(images(&story), [format!("ghcr.io/acme/shop:{one}")]);

    let live = format!("- `web/production`: `{}` is live", &one[..7]);
    ask(&story, &first, "grace", "/status", ("rocket", &live)).await?;

    let (second, two) = merged(&story, "Sell coins", "coins").await?;
    ask(&story, &second, "grace", "/approve production", approved).await?;
    said(&story, &two, "success: released and found healthy").await?;
    let back = ("rocket", "✅ `web/production` goes back to");
    ask(
        &story,
        &second,
        "grace",
        "/rollback production coins are free",
        back,
    )
    .await?;
    story
        .until("the first image", |_| {
            images(&story) == [format!("ghcr.io/acme/shop:{one}")]
        })
        .await?;
    // It is being taken back still, or held since.
    let held = ("confused", "⚠️ `web/production`: `it is");
    ask(&story, &second, "grace", "/deploy production", held).await?;
    let locked = ("rocket", "✅ `web/production` is locked");
    ask(
        &story,
        &first,
        "grace",
        "/lock production It is Friday",
        locked,
    )
    .await?;
    let still = ("rocket", "and it is held still");
    ask(&story, &first, "grace", "/unlock production", still).await?;
    let lifted = ("rocket", "✅ the hold of `web/production` is lifted");
    ask(&story, &first, "grace", "/unlock production", lifted).await?;
    let audit = story.api("GET", "/api/v1/audit?by=grace").await?.json();
    let acts = audit["acts"].as_array().cloned().unwrap_or_default();
    let told: Vec<String> = acts
        .iter()
        .rev()
        .map(|act| format!("{} {} via {}", act["act"], act["outcome"], act["via"]).replace('"', ""))
        .collect();
    assert_eq!(
        told,
        [
            "approve refused via comment",
            "approve allowed via comment",
            "approve allowed via comment",
            "rollback allowed via comment",
            "deploy refused via comment",
            "lock allowed via comment",
            "unlock allowed via comment",
            "unlock allowed via comment",
        ],
        "{audit}"
    );
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_environment_is_configured_commands_for_releases_are_somebody_elses() -> Result<()>
{
    let story = Story::start().await?;
    story.repository.give_role("grace", "maintain");
    let pull = story.repository.open_pull_request("Add a cart", "cart");
    story.comment_with(&pull, "Waiting for `CI`").await?;
    let others = [
        "/approve",
        "/lock production It is Friday",
        "/deploy production",
    ];
    let others = others.map(|body| pull.comment_by("grace", body));
    story.world.github().webhooks().settled().await;
    let last = pull.comment_by("grace", "/status");
    answered(&story, &pull, last, "rocket", "Last command: `/status`").await?;
    for comment in others {
        assert_eq!(pull.reactions_to(comment), Vec::<String>::new());
    }
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_a_way_back_by_a_comment_it_is_taken_once() -> Result<()> {
    let mut story = start(Setup::default().apart(HOST)).await?;
    let mut commits = Vec::new();
    let mut last = None;
    for (title, branch) in [
        ("Add a cart", "cart"),
        ("Sell coins", "coins"),
        ("Sell more", "more"),
    ] {
        let (pull, commit) = merged(&story, title, branch).await?;
        ask(
            &story,
            &pull,
            "grace",
            "/approve production",
            ("rocket", "✅ the release of"),
        )
        .await?;
        said(&story, &commit, "success: released and found healthy").await?;
        commits.push(commit);
        last = Some(pull);
    }
    let Some(pull) = last else { return Ok(()) };
    // Slipway dies while it reacts: the environment was told, and so was the preview.
    let reacting = story
        .world
        .fault(Vendor::GitHub)
        .on("POST", "/reactions")
        .after(1)
        .once()
        .is(Fault::DelayMilliseconds(600_000));
    story.world.advance(Duration::from_secs(2));
    let comment = pull.comment_by("grace", "/rollback production");
    story
        .until("the reaction", |_| reacting.hits() == 1)
        .await?;
    story.restart().await?;
    let rocket = |_: &world::World| pull.reactions_to(comment) == ["eyes", "rocket"];
    story.reconcile_until("the reactions", rocket).await?;
    let second = format!("ghcr.io/acme/shop:{}", commits[1]);
    let is_second = |_: &world::World| images(&story) == [second.clone()];
    story.reconcile_until("the second image", is_second).await?;
    assert_eq!(story.reconcile().await?.status, 200);
    assert_eq!(images(&story), [second]);
    story.world.assert_clean();
    Ok(())
}
