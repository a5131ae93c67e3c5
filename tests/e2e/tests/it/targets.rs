//! Previews elsewhere than on Coolify: in virtual clusters of the platform API, and in namespaces that others make.

use anyhow::{Context, Result};
use e2e::{Setup, Story};
use world::{Entry, PullRequest, Vendor};

/// The stories' repository with one service, on these targets.
async fn on(setup: Setup, targets: &str, url: impl Fn(&Story) -> String) -> Result<Story> {
    let story = setup.start().await?;
    let text = format!(
        "version: 1\nbuild: {{ workflow: CI }}\nservices:\n  web:\n    preview:\n{targets}      url: {}\n      \
         health: {{ path: /, attempts: 10, interval: 1s }}\n",
        url(&story)
    );
    story.repository.write_file(".github/slipway.yml", text);
    Ok(story)
}

async fn in_namespace(setup: Setup) -> Result<Story> {
    let url = |story: &Story| story.world.namespace_url_template();
    on(setup, "      namespace: {}\n", url).await
}

fn asked(story: &Story, vendor: Vendor) -> Vec<Entry> {
    let journal = story.world.journal().into_iter();
    journal.filter(|entry| entry.vendor == vendor).collect()
}

/// What whoever deploys to namespaces does for the head commit.
fn deploy_to_namespace(story: &Story, pull: &PullRequest, name: &str) {
    let (repository, number) = (story.repository.id().to_string(), pull.number().to_string());
    let labels = [
        ("slipway/repository-id", repository.as_str()),
        ("slipway/pull-request", number.as_str()),
        ("slipway/commit", &pull.head_sha()),
    ];
    story.world.kubernetes().apply(name, &labels);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_virtual_cluster_is_made_brought_to_the_next_commit_and_removed() -> Result<()> {
    let url = |story: &Story| story.world.cluster_url_template();
    let targets = "      vcluster: { tag: 'pr-{number}-{short_commit}' }\n";
    let story = on(Setup::default(), targets, url).await?;
    let pull = story.repository.open_pull_request("One", "feature/one");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    let comment = story.comment_with(&pull, "✅ Ready").await?;
    assert!(comment.contains("| web (vcluster) |"), "{comment}");
    let platform = story.world.platform();
    let cluster = platform.cluster(pull.number()).context("a cluster")?;
    let head = pull.head_sha();
    let short = head.get(..7).unwrap_or_default();
    assert_eq!(
        (
            cluster.repository.as_str(),
            cluster.branch.as_str(),
            cluster.commit_sha.as_str()
        ),
        ("acme/shop", "feature/one", head.as_str())
    );
    assert_eq!(cluster.image_tag, format!("pr-{}-{short}", pull.number()));

    pull.push();
    story.repository.run("CI").for_pull_request(&pull).succeed();
    let head = pull.head_sha();
    let moved = |_: &world::World| {
        platform
            .cluster(pull.number())
            .is_some_and(|cluster| cluster.commit_sha == head)
    };
    story.until("the next commit is there", moved).await?;
    story
        .comment_with(&pull, head.get(..7).unwrap_or_default())
        .await?;

    pull.merge();
    story
        .comment_with(&pull, "was merged: its preview was removed")
        .await?;
    assert_eq!(platform.cluster(pull.number()), None);
    let made = asked(&story, Vendor::Platform);
    let lines: Vec<String> = made.iter().map(Entry::line).collect();
    assert_eq!(
        lines,
        [
            "Platform POST /api/v1/previews -> 201",
            "Platform POST /api/v1/previews -> 200",
            "Platform DELETE /api/v1/previews/pr-1 -> 202",
            "Platform DELETE /api/v1/previews/pr-1 -> 404",
            "Platform DELETE /api/v1/previews/pr-1 -> 404",
        ],
        "gone is what is said to be gone twice"
    );
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_another_repository_has_is_told_and_nothing_of_it_is_removed() -> Result<()> {
    let url = |story: &Story| story.world.cluster_url_template();
    let story = on(Setup::default(), "      vcluster: {}\n", url).await?;
    let pull = story.repository.open_pull_request("One", "one");
    story.world.platform().take(pull.number(), "acme/till");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story
        .comment_with(&pull, "pr-1 belongs to acme/till")
        .await?;
    pull.merge();
    story
        .comment_with(&pull, "was merged: there was no preview to remove")
        .await?;
    let cluster = story.world.platform().cluster(pull.number());
    assert_eq!(
        cluster.map(|cluster| cluster.repository).as_deref(),
        Some("acme/till")
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_others_make_is_waited_for_probed_and_removed() -> Result<()> {
    let story = in_namespace(Setup::default()).await?;
    let pull = story.repository.open_pull_request("One", "one");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story
        .comment_with(
            &pull,
            "Waiting for its namespace: `there is no namespace preview-1 or",
        )
        .await?;
    deploy_to_namespace(&story, &pull, "preview-1");
    let comment = story.comment_with(&pull, "✅ Ready").await?;
    assert!(comment.contains("| web (namespace) |"), "{comment}");

    // Another pull request's, and another repository's of the same number, stay.
    let kubernetes = story.world.kubernetes();
    kubernetes.apply("preview-2", &[]);
    let other = [
        ("slipway/repository-id", "1"),
        ("slipway/pull-request", "1"),
    ];
    kubernetes.apply(&format!("preview-{}-1", story.repository.id()), &other);
    kubernetes.hold("preview-1", "acme.io/hold");
    pull.merge();
    story
        .comment_with(
            &pull,
            "finalizers remaining: acme.io/hold in 1 resource instances",
        )
        .await?;
    assert!(kubernetes.has("preview-1"), "it is held");
    kubernetes.let_go("preview-1");
    story
        .comment_with(&pull, "was merged: its preview was removed")
        .await?;
    assert!(!kubernetes.has("preview-1"));
    assert!(kubernetes.has("preview-2"));
    assert!(kubernetes.has(&format!("preview-{}-1", story.repository.id())));
    let deletions = asked(&story, Vendor::Kubernetes).into_iter();
    let deletions: Vec<String> = deletions
        .filter(|entry| entry.method == "DELETE")
        .map(|entry| entry.path)
        .collect();
    assert_eq!(
        deletions,
        ["/api/v1/namespaces/preview-1"],
        "once, and nothing else"
    );
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_on_several_targets_has_them_all_in_one_comment() -> Result<()> {
    let targets = "      coolify: { application: shop-web, tag: 'pr-{number}' }\n      vcluster: {}\n      namespace: {}\n";
    let story = on(Setup::default(), targets, |story| {
        story.world.preview_url_template()
    })
    .await?;
    let pull = story.repository.open_pull_request("One", "one");
    deploy_to_namespace(
        &story,
        &pull,
        &format!("preview-{}-1", story.repository.id()),
    );
    story.repository.run("CI").for_pull_request(&pull).succeed();
    let all = |_: &world::World| {
        let comment = pull.slipway_comment().map(|comment| comment.body);
        comment.is_some_and(|body| body.matches("✅ Ready").count() == 3)
    };
    story.until("all three are ready", all).await?;
    assert_eq!(pull.comments().len(), 1);
    pull.merge();
    story
        .comment_with(&pull, "was merged: its preview was removed")
        .await?;
    assert!(!story.application().has_preview(pull.number()));
    assert_eq!(story.world.platform().cluster(pull.number()), None);
    assert!(
        !story
            .world
            .kubernetes()
            .has(&format!("preview-{}-1", story.repository.id()))
    );
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_not_configured_is_told_by_its_variables() -> Result<()> {
    let setup = Setup::default()
        .variable("kubernetes_api_url", "http://unset.invalid")
        .variable("kubernetes_token", "");
    let story = in_namespace(setup).await?;
    let pull = story.repository.open_pull_request("One", "one");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story
        .comment_with(
            &pull,
            "the variables kubernetes_api_url and kubernetes_token are not set",
        )
        .await?;
    Ok(())
}
