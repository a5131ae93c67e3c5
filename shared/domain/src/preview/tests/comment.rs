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

    | Service | Status | URL | Commit |
    | --- | --- | --- | --- |
    | web | ✅ Ready | <https://pr-7.example.com> | `aaaaaaa` |
    ");
    story.change(|pull_request| pull_request.head_commit = commit('b'));
    story.deliver();
    story.build(11, 'b', RunProgress::Failed);
    story.go_far();
    insta::assert_snapshot!(story.comment, @"
    <!-- slipway:preview repository=1 pr=7 -->
    ### Preview

    | Service | Status | URL | Commit |
    | --- | --- | --- | --- |
    | web | ❌ Build failed: [`CI`](<https://github.com/acme/shop/actions/runs/11>) | <https://pr-7.example.com> | `aaaaaaa` |
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

    | Service | Status | URL | Commit |
    | --- | --- | --- | --- |
    | web | ⏳ Building: [`CI' ¦ @everyone <img src=x> ### Owned`](<https://github.com/acme/shop/actions/runs/10>) | – | – |
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
