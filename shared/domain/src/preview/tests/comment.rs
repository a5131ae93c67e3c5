//! What people read.

use super::*;

#[test]
fn the_comment_names_service_status_url_and_commit() {
    let mut story = Story::opened();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    insta::assert_snapshot!(story.comment, @"
    <!-- slipway:preview repository=1 pr=7 -->
    ### Preview

    | Service | Status | URL | Commit | Updated |
    | --- | --- | --- | --- | --- |
    | web | ✅ Ready | <https://pr-7.example.com> | `aaaaaaa` | 1970-01-01 00:16 UTC |

    **Next:** a push deploys the next commit, and closing the pull request removes everything.

    <details><summary>What happened</summary>

    - 1970-01-01T00:16:40Z: `aaaaaaa` became the head commit
    - 1970-01-01T00:16:40Z: `web`: deployed what run 10 (attempt 1) of `CI` built
    - 1970-01-01T00:16:41Z: `web`: ready, 1 s after the push

    </details>
    ");
    story.change(|pull_request| pull_request.head_commit = commit('b'));
    story.deliver();
    story.build(11, 'b', RunProgress::Failed);
    story.go_far();
    insta::assert_snapshot!(story.comment, @"
    <!-- slipway:preview repository=1 pr=7 -->
    ### Preview

    | Service | Status | URL | Commit | Updated |
    | --- | --- | --- | --- | --- |
    | web | ❌ Build failed: [`CI`](<https://github.com/acme/shop/actions/runs/11>) | <https://pr-7.example.com> | `aaaaaaa` | 1970-01-01 00:16 UTC |

    **Next:** a push or another run of the build tries again.

    <details><summary>What happened</summary>

    - 1970-01-01T00:16:41Z: `web`: `aaaaaaa` was ready
    - 1970-01-01T00:16:42Z: `bbbbbbb` became the head commit

    </details>
    ");
}

#[test]
fn text_that_anybody_can_write_is_shown_as_code() {
    let mut story = Story::opened();
    let name = "CI` | @everyone <img src=x>\n### Owned";
    story.configuration = CONFIGURATION.replace("workflow: CI", "workflow: ci.yml");
    let run = WorkflowRun {
        name: name.into(),
        ..run(10, 'a', RunProgress::Running)
    };
    story.runs.push(run);
    story.go_far();
    insta::assert_snapshot!(story.comment, @"
    <!-- slipway:preview repository=1 pr=7 -->
    ### Preview

    | Service | Status | URL | Commit | Updated |
    | --- | --- | --- | --- | --- |
    | web | ⏳ Building: [`CI' ¦ @everyone <img src=x> ### Owned`](<https://github.com/acme/shop/actions/runs/10>) | – | – | 1970-01-01 00:16 UTC |
    ");
}

#[test]
fn an_invalid_configuration_is_told_where_people_look() {
    let mut story = Story::opened();
    story.configuration = CONFIGURATION.replace("preview:", "previews:");
    story.go_far();
    insta::assert_snapshot!(story.comment, @r#"
    <!-- slipway:preview repository=1 pr=7 -->
    ### Preview

    ❌ `.github/slipway.yml` on the default branch: `line 5, column 5: services.web: found the key "previews", expected paths, image, preview, environments or backstage; did you mean preview?`
    "#);
}

#[test]
fn what_people_can_do_next_is_said_and_the_check_named_only_if_there_is_one() {
    let mut story = Story::opened();
    story.healthy = false;
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    let next = |story: &Story| {
        let mut lines = story.comment.lines();
        lines
            .find(|line| line.starts_with("**Next:**"))
            .map(str::to_owned)
    };
    insta::assert_snapshot!(next(&story).unwrap(), @"**Next:** a push or another run of the build tries again.");
    story.reports = Some(Reports::default());
    story.change(|pull_request| pull_request.head_commit = commit('b'));
    story.deliver();
    story.build(11, 'b', RunProgress::Succeeded);
    story.go_far();
    story.change(|pull_request| pull_request.title = "Add two carts".into());
    story.deliver();
    story.go_far();
    insta::assert_snapshot!(next(&story).unwrap(), @"**Next:** a push or another run of the build tries again, and so does *Redeploy* in the check `Slipway preview`.");
}

#[test]
fn after_a_merge_the_comment_says_where_the_branch_is_released_if_that_is_known() {
    let mut story = Story::opened();
    story.configuration = CONFIGURATION.to_owned()
        + "    environments:
      production: { branch: main, url: 'https://shop.example.com', argocd: { application: shop } }
      staging: { branch: develop, url: 'https://staging.example.com', argocd: { application: shop-stg } }
      dark: { branch: main, argocd: { application: shop-dark } }
";
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story.change(|pull_request| pull_request.state = PullRequestState::Merged);
    story.deliver();
    story.go_far();
    insta::assert_snapshot!(story.comment, @"
    <!-- slipway:preview repository=1 pr=7 -->
    ### Preview

    🧹 The pull request was merged: its preview was removed.

    What is merged into `main` is released as `web` in `production` at <https://shop.example.com>.

    <details><summary>What happened</summary>

    - 1970-01-01T00:16:40Z: `aaaaaaa` became the head commit
    - 1970-01-01T00:16:42Z: merged
    - 1970-01-01T00:16:52Z: `web`: removed, and Coolify said twice that nothing is there

    </details>
    ");
}

#[test]
fn however_many_services_there_are_github_takes_the_comment() {
    let mut story = Story::opened();
    let service = |index: u32| {
        format!(
            "  service-{index}:\n    preview:\n      coolify: {{ application: app{index}, tag: 'pr-{{number}}' }}\n      url: https://{}.example.com\n",
            "x".repeat(60)
        )
    };
    let services: String = (0..350).map(service).collect();
    story.configuration =
        format!("version: 1\nbuild: {{ workflow: ci.yml }}\nservices:\n{services}");
    let name = "a workflow with a long name ".repeat(20);
    story.runs.push(WorkflowRun {
        name,
        ..run(10, 'a', RunProgress::Running)
    });
    story.go_far();
    let length = story.comment.chars().count();
    assert!((30_000..65_536).contains(&length), "{length} characters");
    let more = story.comment.lines().find(|line| line.contains(" more |"));
    assert!(
        more.is_some_and(|line| line.starts_with("| and ")),
        "{more:?}"
    );
}
