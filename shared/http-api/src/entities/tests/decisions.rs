//! Decisions on releases and on previews in one list.

use super::*;

/// A line for each decision.
fn decided(entities: &TestEntities, query: &str) -> String {
    let uri = format!("/api/v1/decisions{query}");
    let (status, list) = ask(entities, &Method::GET, &uri);
    assert_eq!(status, 200, "{uri}: {list}");
    let line = |decision: &serde_json::Value| {
        let text = |field: &str| decision[field].as_str().unwrap_or("-").to_owned();
        let place = match decision["pull_request"].as_u64() {
            Some(number) => format!("#{number}"),
            None => format!("{} {:.7}", text("environment"), text("commit")),
        };
        let [service, verdict, rule, reason] = ["service", "verdict", "rule", "reason"].map(text);
        format!("{service} {place}: {verdict}, by {rule}: {reason}")
    };
    let decisions = list["decisions"].as_array().unwrap();
    let lines: Vec<String> = decisions.iter().map(line).collect();
    lines.join("\n")
}

#[test]
fn the_decisions_on_releases_stand_beside_those_on_previews() {
    insta::assert_snapshot!(decided(&stored(), ""), @"
    web production bbbbbbb: deploy, by rollback: went back to bbbbbbb: ddddddd failed
    web production ddddddd: deploy, by next: the application is not synced: one or more objects failed to apply
    web production ccccccc: wait, by allow_diverged: it does not contain bbbbbbb: a person has to allow it
    web production bbbbbbb: deploy, by next: released and found healthy
    web production aaaaaaa: deploy, by next: released and found healthy
    web #7: wait, by build: no run of CI on aaaaaaa is known
    ");
}

#[test]
fn those_of_one_environment_or_one_pull_request_are_found_alone() {
    let entities = stored();
    insta::assert_snapshot!(decided(&entities, "?environment=production&limit=1"), @"
    web production bbbbbbb: deploy, by rollback: went back to bbbbbbb: ddddddd failed
    web production ddddddd: deploy, by next: the application is not synced: one or more objects failed to apply
    web production ccccccc: wait, by allow_diverged: it does not contain bbbbbbb: a person has to allow it
    web production bbbbbbb: deploy, by next: released and found healthy
    web production aaaaaaa: deploy, by next: released and found healthy
    ");
    insta::assert_snapshot!(decided(&entities, "?repository=42&pull_request=7"), @"web #7: wait, by build: no run of CI on aaaaaaa is known");
    assert_eq!(
        decided(&entities, "?environment=staging"),
        "",
        "nothing was decided there yet"
    );
}

#[test]
fn the_list_goes_on_where_a_page_ends() {
    let entities = stored();
    let (_, first) = ask(&entities, &Method::GET, "/api/v1/decisions?limit=1");
    assert_eq!(first["next"], "release.42.web.production");
    let next = decided(&entities, "?cursor=release.42.web.production");
    assert!(next.starts_with("web #"), "{next}");
    let cursor = "/api/v1/decisions?cursor=42.7";
    assert_eq!(ask(&entities, &Method::GET, cursor).0, 400);
}
