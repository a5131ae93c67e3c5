//! Pull requests of forks: somebody with write permission approves a commit, and only that one.

use anyhow::Result;
use e2e::Story;

use crate::reports::on_github;

async fn start() -> Result<Story> {
    let story = Story::start().await?;
    let configuration = format!("{}      when: {{ forks: label }}\n", story.configuration());
    story
        .repository
        .write_file(".github/slipway.yml", configuration);
    story.repository.give_role("grace", "maintain");
    story.repository.give_role("mallory", "triage");
    Ok(story)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_a_fork_is_deployed_when_somebody_with_write_permission_approves_it()
-> Result<()> {
    let story = start().await?;
    let pull = story
        .repository
        .open_pull_request_from_fork("eve", "Add a cart", "cart");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    let awaited = "waiting until somebody with write permission puts the label `preview` on";
    story.comment_with(&pull, awaited).await?;

    pull.label_by("mallory", "preview");
    let refused = "`mallory` put it on, but has no write permission";
    story.comment_with(&pull, refused).await?;
    assert_eq!(story.deployments_of(&pull), 0, "nobody who may approved it");

    pull.unlabel("preview");
    pull.label_by("grace", "preview");
    let comment = story.comment_with(&pull, "✅ Ready").await?;
    assert!(comment.contains("was approved by `grace`"), "{comment}");
    assert_eq!(story.deployments_of(&pull), 1);

    let head = pull.push();
    story.repository.run("CI").for_pull_request(&pull).succeed();
    let short = head.get(..7).unwrap_or_default();
    let voided = format!("`{short}` comes from a fork: waiting until");
    story.comment_with(&pull, &voided).await?;
    assert_eq!(story.deployments_of(&pull), 1, "the push voided it");
    assert_eq!(
        story.world.preview_of(&pull).await?.status,
        200,
        "what was approved stays"
    );

    pull.unlabel("preview");
    let removed = "puts the label `preview` on";
    story.comment_with(&pull, removed).await?;
    story
        .until("the removal", |_| {
            !story.application().has_preview(pull.number())
        })
        .await?;
    let acts = on_github(&story).await?;
    let mut approvals: Vec<&str> = acts
        .iter()
        .filter(|act| act.contains("preview-approve"))
        .map(String::as_str)
        .collect();
    // GitHub's times are whole seconds.
    approvals.sort_unstable();
    assert_eq!(
        approvals,
        [
            "grace preview-approve allowed",
            "mallory preview-approve refused"
        ]
    );
    let voided = acts.iter().filter(|act| act.contains(" unlabel ")).count();
    assert_eq!(voided, 2, "{acts:?}");
    story.world.assert_clean();
    Ok(())
}
