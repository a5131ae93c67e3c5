//! `needs`: previews in order, up and down.

use super::*;

/// A service that needs another one, each with a folder of its own.
const ORDERED: &str = "\
version: 1
build: { workflow: CI }
services:
  api:
    paths: ['apps/api/**']
    preview:
      coolify: { application: api-app, tag: 'pr-{number}' }
      url: https://api-{number}.example.com
      health: { attempts: 2, interval: 5s }
  web:
    paths: ['apps/web/**']
    preview:
      needs: [api]
      coolify: { application: web-app, tag: 'pr-{number}' }
      url: https://web-{number}.example.com
";

fn ordered() -> Story {
    let mut story = Story::opened();
    story.configuration = ORDERED.to_owned();
    story.files = vec!["apps/web/main.rs".into()];
    story
}

/// What was done on Coolify and by probes alone.
fn effects(done: &str) -> String {
    let of_interest = ["start", "probe", "remove"];
    let lines = done
        .lines()
        .filter(|line| of_interest.iter().any(|word| line.starts_with(word)));
    lines.collect::<Vec<_>>().join("\n")
}

/// The applications that removals are asked for of, in order, until nothing is left.
fn removals(story: &mut Story) -> Vec<String> {
    let mut asked = Vec::new();
    for _ in 0..50 {
        story.go_with(|_, action| {
            let Action::Target {
                application,
                action: TargetAction::Remove,
            } = action
            else {
                return None;
            };
            asked.push(application.to_string());
            let fact = TargetFact::RemovalAsked {
                nothing_there: asked
                    .iter()
                    .filter(|one| *one == asked.last().unwrap())
                    .count()
                    > 1,
                remains: None,
            };
            let application = application.clone();
            Some(Fact::Target { application, fact })
        });
        match story.preview.plan(story.now) {
            Step::Wait { until } => story.now = until,
            Step::Act(_) | Step::Settled | Step::Forget => break,
        }
        if !story.preview.is_deployed() {
            break;
        }
    }
    asked
}

#[test]
fn a_service_is_deployed_once_what_it_needs_is_ready_with_the_same_commit() {
    let mut story = ordered();
    story.healthy = false;
    story.build(10, 'a', RunProgress::Succeeded);
    let done = story.go_far();
    assert_eq!(
        done.matches("start ").count(),
        1,
        "only what is needed begins:\n{done}"
    );
    insta::assert_snapshot!(story.comment, @"
    <!-- slipway:preview repository=1 pr=7 -->
    ### Preview

    | Service | Status | URL | Commit | Updated |
    | --- | --- | --- | --- | --- |
    | api | ❌ Not healthy: `503 Service Unavailable` | <https://api-7.example.com> | `aaaaaaa` | 1970-01-01 00:16 UTC |
    | web | ⏳ Waiting for `api`, which it needs and which is not well | – | – | 1970-01-01 00:16 UTC |

    **Next:** a push or another run of the build tries again.

    <details><summary>What happened</summary>

    - 1970-01-01T00:16:40Z: `aaaaaaa` became the head commit
    - 1970-01-01T00:16:40Z: `api`: deployed what run 10 (attempt 1) of `CI` built
    - 1970-01-01T00:16:41Z: `api`: Coolify started the container

    </details>
    ");
    story.healthy = true;
    story.now = story.now.after(Duration::from_secs(60));
    insta::assert_snapshot!(effects(&story.go_far()), @"
    probe https://api-7.example.com/
    start aaaaaaa as pr-7 (attempt 1)
    probe https://web-7.example.com/
    ");

    // The next commit goes the same way, and what is there stays until then.
    story.change(|pull_request| pull_request.head_commit = commit('b'));
    story.deliver();
    story.build(11, 'b', RunProgress::Succeeded);
    insta::assert_snapshot!(effects(&story.go_far()), @"
    start bbbbbbb as pr-7 (attempt 2)
    probe https://api-7.example.com/
    start bbbbbbb as pr-7 (attempt 2)
    probe https://web-7.example.com/
    ");
}

#[test]
fn what_failed_or_gets_no_preview_is_named_where_it_is_waited_for() {
    let mut story = ordered();
    story.progress = DeploymentProgress::Failed;
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    let reason = |story: &Story| {
        let views = story.preview.services();
        let web = views.into_iter().find(|view| view.service == "web");
        web.unwrap().reason
    };
    assert_eq!(
        reason(&story),
        "waiting for api, which it needs and which is not well"
    );
    let rulings = story.preview.rulings();
    let rules: Vec<&str> = rulings.iter().map(|ruling| ruling.rule.as_str()).collect();
    assert!(rules.contains(&"needs"), "{rules:?}");

    let mut story = ordered();
    story.configuration = ORDERED.replace("  web:\n", "      when: { label: api }\n  web:\n");
    story.build(10, 'a', RunProgress::Succeeded);
    let done = story.go_far();
    assert!(!done.contains("start "), "{done}");
    assert_eq!(
        reason(&story),
        "waiting for api, which it needs and of which there is no preview: the label api is missing"
    );
}

#[test]
fn a_change_that_concerns_a_service_concerns_what_it_needs_and_not_the_other_way_round() {
    let mut story = ordered();
    story.files = vec!["apps/api/main.rs".into()];
    story.build(10, 'a', RunProgress::Succeeded);
    insta::assert_snapshot!(effects(&story.go_far()), @"
    start aaaaaaa as pr-7 (attempt 1)
    probe https://api-7.example.com/
    ");
}

#[test]
fn a_removal_goes_the_other_way_and_one_that_is_stuck_holds_up_nothing_for_long() {
    let mut story = ordered();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story.change(|pull_request| pull_request.state = PullRequestState::Merged);
    story.deliver();
    assert_eq!(
        removals(&mut story),
        [
            "web-app", "web-app", "web-app", "api-app", "api-app", "api-app"
        ]
    );

    let mut story = ordered();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story.change(|pull_request| pull_request.state = PullRequestState::Merged);
    story.deliver();
    let closed_at = story.now;
    let mut api_at = None;
    for _ in 0..60 {
        story.go_with(|story, action| {
            let Action::Target {
                application,
                action: TargetAction::Remove,
            } = action
            else {
                return None;
            };
            let is_api = application.as_str() == "api-app";
            if is_api {
                api_at.get_or_insert(story.now);
            }
            let fact = TargetFact::RemovalAsked {
                nothing_there: is_api,
                remains: None,
            };
            let application = application.clone();
            Some(Fact::Target { application, fact })
        });
        let Step::Wait { until } = story.preview.plan(story.now) else {
            break;
        };
        story.now = until;
    }
    let waited = api_at.unwrap().since(closed_at).as_secs();
    assert!((120..130).contains(&waited), "{waited} s");
}
