//! Commands that people give by comments on a pull request.

use std::time::Duration;

use anyhow::{Context, Result};
use e2e::{Setup, Story};
use world::{Fault, PullRequest, Vendor};

/// The embedded host as a process of its own.
const HOST: &str = env!("CARGO_BIN_EXE_slipway-host");

/// A story in which previews need a label and expire, `grace` may write and `mallory` may not, in `setup`.
async fn start_as(setup: Setup, when: &str) -> Result<Story> {
    let story = setup.start().await?;
    let configuration = format!(
        "{}      when: {{ {when} }}\n      ttl: 2d\n",
        story.configuration()
    );
    story
        .repository
        .write_file(".github/slipway.yml", configuration);
    story.repository.give_role("grace", "maintain");
    story.repository.give_role("mallory", "triage");
    Ok(story)
}

async fn start(when: &str) -> Result<Story> {
    start_as(Setup::default(), when).await
}

/// A built pull request that is known.
async fn opened(story: &Story) -> Result<PullRequest> {
    let pull = story.repository.open_pull_request("Add a cart", "cart");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story.world.github().webhooks().settled().await;
    Ok(pull)
}

/// Waits until the comment has these reactions and no others.
async fn reacted(
    story: &Story,
    pull: &PullRequest,
    comment: u64,
    reactions: &[&str],
) -> Result<()> {
    story
        .until(&format!("the reactions {reactions:?}"), |_| {
            pull.reactions_to(comment) == reactions
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_is_brought_about_kept_deployed_anew_and_removed_by_commands() -> Result<()> {
    let story = start("label: preview").await?;
    let pull = opened(&story).await?;
    let summon = pull.comment_by("grace", "Let me see.\r\n\r\n/preview");
    let ready = story.comment_with(&pull, "✅ Ready").await?;
    assert!(
        ready.contains("Last command: `/preview` by `grace`: ✅"),
        "{ready}"
    );
    reacted(&story, &pull, summon, &["eyes", "rocket"]).await?;
    assert_eq!(story.deployments_of(&pull), 1);

    let keep = pull.comment_by("grace", "/preview keep 7d");
    story.comment_with(&pull, "as somebody asked").await?;
    reacted(&story, &pull, keep, &["eyes", "rocket"]).await?;

    let again = pull.comment_by("grace", "/redeploy");
    reacted(&story, &pull, again, &["eyes", "rocket"]).await?;
    story
        .until("the second deployment", |_| {
            story.deployments_of(&pull) == 2
        })
        .await?;
    story.comment_with(&pull, "✅ Ready").await?;

    let status = pull.comment_by("grace", "/status");
    story
        .comment_with(&pull, "Last command: `/status` by `grace`: ✅ as of then")
        .await?;
    reacted(&story, &pull, status, &["eyes", "rocket"]).await?;
    let help = pull.comment_by("grace", "/help");
    story.comment_with(&pull, "- `/preview remove`").await?;
    reacted(&story, &pull, help, &["eyes", "rocket"]).await?;

    let why = pull.comment_by("grace", "/why");
    story
        .comment_with(&pull, "Decided, the newest first:")
        .await?;
    reacted(&story, &pull, why, &["eyes", "rocket"]).await?;
    let path = format!(
        "/api/v1/decisions?repository={}&pull_request={}",
        story.repository.id(),
        pull.number()
    );
    let decisions = story.api("GET", &path).await?.json()["decisions"].clone();
    let oldest = decisions.as_array().and_then(|all| all.last().cloned());
    let oldest = oldest.unwrap_or_default();
    assert_eq!(oldest["verdict"], "nothing", "{decisions}");
    assert_eq!(oldest["rule"], "label", "{decisions}");
    assert_eq!(decisions[0]["verdict"], "deploy", "{decisions}");

    let remove = pull.comment_by("grace", "/preview remove");
    story
        .comment_with(&pull, "`grace` asked for its removal")
        .await?;
    reacted(&story, &pull, remove, &["eyes", "rocket"]).await?;
    story
        .until("the removal", |_| {
            !story.application().has_preview(pull.number())
        })
        .await?;

    let vain = pull.comment_by("grace", "/redeploy");
    story
        .comment_with(&pull, "⚠️ there is no preview: `/preview` brings one about")
        .await?;
    reacted(&story, &pull, vain, &["eyes", "confused"]).await?;
    assert_eq!(story.deployments_of(&pull), 2);
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_write_is_told_so_once_and_gets_nothing_done() -> Result<()> {
    let story = start("label: preview").await?;
    let pull = opened(&story).await?;
    let first = pull.comment_by("mallory", "/preview");
    story
        .comment_with(
            &pull,
            "Last command: `/preview` by `mallory`: 🔒 commands are for people",
        )
        .await?;
    reacted(&story, &pull, first, &["confused"]).await?;

    let second = pull.comment_by("mallory", "/preview keep 7d");
    let unclear = pull.comment_by("mallory", "/previw");
    let asked = |world: &world::World| {
        let journal = world.journal();
        let about = |entry: &&world::Entry| entry.path.ends_with("/mallory/permission");
        journal.iter().filter(about).count() == 3
    };
    story.until("GitHub to be asked about each", asked).await?;
    let allowed = pull.comment_by("grace", "/status");
    reacted(&story, &pull, allowed, &["eyes", "rocket"]).await?;
    assert_eq!(pull.reactions_to(second), Vec::<String>::new());
    assert_eq!(pull.reactions_to(unclear), Vec::<String>::new());
    assert_eq!(story.deployments_of(&pull), 0);
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_a_fork_is_approved_by_a_command_and_only_that_one() -> Result<()> {
    let story = start("forks: label").await?;
    let pull = story
        .repository
        .open_pull_request_from_fork("eve", "Add a cart", "cart");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story.comment_with(&pull, "waiting until somebody").await?;
    let own = pull.comment_by("eve", "/preview");
    reacted(&story, &pull, own, &["confused"]).await?;
    assert_eq!(story.deployments_of(&pull), 0);

    story.world.advance(Duration::from_secs(2));
    let approval = pull.comment_by("grace", "/preview");
    story.comment_with(&pull, "✅ Ready").await?;
    reacted(&story, &pull, approval, &["eyes", "rocket"]).await?;
    assert_eq!(story.deployments_of(&pull), 1);

    let head = pull.push();
    story.repository.run("CI").for_pull_request(&pull).succeed();
    let short = head.get(..7).unwrap_or_default();
    story
        .comment_with(
            &pull,
            &format!("`{short}` comes from a fork: waiting until"),
        )
        .await?;
    assert_eq!(story.deployments_of(&pull), 1, "the push voided it");
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_deploys_is_refused_when_the_head_has_moved_since() -> Result<()> {
    let story = start("label: preview").await?;
    let pull = opened(&story).await?;
    let webhooks = story.world.github().webhooks();
    webhooks.hold();
    let stale = pull.comment_by("grace", "/preview");
    story.world.advance(Duration::from_secs(5));
    let head = pull.push();
    story.repository.run("CI").for_pull_request(&pull).succeed();
    webhooks.release();
    let short = head.get(..7).unwrap_or_default();
    let refused = format!("⚠️ `{short}` became the head commit only after that was written");
    story.comment_with(&pull, &refused).await?;
    reacted(&story, &pull, stale, &["eyes", "confused"]).await?;
    assert_eq!(story.deployments_of(&pull), 0);

    story.world.advance(Duration::from_secs(5));
    pull.comment_by("grace", "/preview");
    story.comment_with(&pull, "✅ Ready").await?;
    assert_eq!(story.deployments_of(&pull), 1);
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_command_is_left_alone_and_what_looks_like_one_gets_a_hint() -> Result<()> {
    let story = start("label: preview").await?;
    let pull = opened(&story).await?;
    let ignored = [
        pull.comment_by("grace", "Nice!"),
        pull.comment_by("grace", "> /preview\n\nWhat does that do?"),
        pull.comment_by("grace", "/retest"),
        pull.comment_by_bot("dependabot[bot]", "/preview"),
    ];
    pull.edit_comment(ignored[0], "/preview");
    let unclear = pull.comment_by("grace", "/previw");
    story
        .comment_with(
            &pull,
            "Last command: `/previw` by `grace`: ⚠️ Did you mean `/preview`?",
        )
        .await?;
    reacted(&story, &pull, unclear, &["confused"]).await?;
    story.world.github().webhooks().settled().await;
    for comment in ignored {
        assert_eq!(pull.reactions_to(comment), Vec::<String>::new());
    }
    assert_eq!(story.deployments_of(&pull), 0);
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_done_once_however_often_it_is_delivered() -> Result<()> {
    let story = start("label: preview").await?;
    let pull = opened(&story).await?;
    pull.comment_by("grace", "/preview");
    story.comment_with(&pull, "✅ Ready").await?;
    let again = pull.comment_by("grace", "/redeploy");
    reacted(&story, &pull, again, &["eyes", "rocket"]).await?;
    story
        .until("the second deployment", |_| {
            story.deployments_of(&pull) == 2
        })
        .await?;
    story.comment_with(&pull, "✅ Ready").await?;

    let webhooks = story.world.github().webhooks();
    let all = webhooks.all();
    let told = |delivery: &&world::Delivery| delivery.event == "issue_comment";
    let delivery = all.iter().rfind(told).context("it was delivered")?;
    let url = format!("{}/webhooks/github", story.slipway.url);
    let redelivered = webhooks.redeliver(&delivery.guid, &url).await;
    assert!(redelivered.is_some_and(|attempt| attempt.is_ok()));
    let path = format!("/api/v1/deliveries/{}/replay", delivery.guid);
    assert_eq!(story.api("POST", &path).await?.status, 202);
    // As another delivery of the same comment.
    let answer = story
        .post(&story.delivery("issue_comment", &delivery.body))
        .await?;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let status = pull.comment_by("grace", "/status");
    reacted(&story, &pull, status, &["eyes", "rocket"]).await?;
    assert_eq!(story.reconcile().await?.status, 200);
    assert_eq!(story.deployments_of(&pull), 2);
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_a_command_it_is_done_exactly_once_after_the_restart() -> Result<()>
{
    let mut story = start_as(Setup::default().apart(HOST), "label: preview").await?;
    let pull = opened(&story).await?;
    pull.comment_by("grace", "/preview");
    story.comment_with(&pull, "✅ Ready").await?;
    // Slipway dies while it asks who that is.
    let asking = story
        .world
        .fault(Vendor::GitHub)
        .on("GET", "/permission")
        .once()
        .is(Fault::DelayMilliseconds(600_000));
    let again = pull.comment_by("grace", "/redeploy");
    story.until("the question", |_| asking.hits() == 1).await?;
    story.restart().await?;
    let deployed = |_: &world::World| story.deployments_of(&pull) == 2;
    story
        .reconcile_until("the second deployment", deployed)
        .await?;
    let done = |_: &world::World| pull.reactions_to(again) == ["eyes", "rocket"];
    story.reconcile_until("the reactions", done).await?;
    let ready = |_: &world::World| {
        pull.slipway_comment()
            .is_some_and(|comment| comment.body.contains("✅ Ready"))
    };
    story.reconcile_until("the preview", ready).await?;
    assert_eq!(story.deployments_of(&pull), 2);
    story.world.assert_clean();
    Ok(())
}
