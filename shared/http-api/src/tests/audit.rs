//! What people do through the API, as the audit has it.

use super::*;

/// The acts that a viewer is shown, each on a line.
fn shown(inbox: &TestInbox, query: &str) -> String {
    let uri = format!("/api/v1/audit{query}");
    let reply = as_role(inbox, Role::Viewer, &Method::GET, &uri);
    assert_eq!(reply.status, 200, "{}", text(&reply));
    let list: model::AuditList = serde_json::from_slice(&reply.body).unwrap();
    let told = list.acts.iter().map(|act| {
        let words = [&act.said, &act.reason];
        let words: Vec<&str> = words.into_iter().flatten().map(String::as_str).collect();
        format!(
            "{} by {}: {} {} {} ({})",
            act.at,
            act.by,
            act.act,
            act.on,
            act.outcome,
            words.join("; ")
        )
    });
    told.collect::<Vec<_>>().join("\n")
}

/// Some acts, one in each second.
fn acted() -> TestInbox {
    let inbox = inbox();
    let environment = "/api/v1/environments/42/web/production";
    for (role, uri) in [
        (Role::Deployer, format!("{environment}/lock")),
        (Role::Viewer, format!("{environment}/unlock")),
        (Role::Viewer, format!("{environment}/unlock")),
        (Role::Deployer, format!("{environment}/approve")),
        (
            Role::Deployer,
            "/api/v1/deliveries/dead-1/replay".to_owned(),
        ),
        (
            Role::Deployer,
            "/api/v1/deliveries/nobody/replay".to_owned(),
        ),
        (
            Role::Deployer,
            "/api/v1/deliveries/replay?status=dead".to_owned(),
        ),
        (
            Role::Admin,
            "/api/v1/repositories/42/allow-removals".to_owned(),
        ),
        (Role::Admin, "/api/v1/repositories/7/survey".to_owned()),
        (Role::Viewer, "/api/v1/overview".to_owned()),
    ] {
        let method = if uri.ends_with("overview") {
            Method::GET
        } else {
            Method::POST
        };
        as_role(&inbox, role, &method, &uri);
        let now = inbox.clock.0.get() + 1_000;
        inbox.clock.0.set(now);
        inbox.http.0.clock.0.set(now);
    }
    inbox
}

#[test]
fn what_people_do_is_noted_with_what_came_of_it_and_what_they_may_not_do_once_in_an_hour() {
    insta::assert_snapshot!(shown(&acted(), ""), @"
    2026-11-21T10:31:14Z by admin of the tests: allow-removals repository/42 allowed ()
    2026-11-21T10:31:13Z by deployer of the tests: replay deliveries allowed ()
    2026-11-21T10:31:12Z by deployer of the tests: replay delivery/nobody refused (there is no delivery nobody: it never came, or its retention is over)
    2026-11-21T10:31:11Z by deployer of the tests: replay delivery/dead-1 allowed ()
    2026-11-21T10:31:10Z by deployer of the tests: approve release/42/web/production refused (cccccccccccccccccccccccccccccccccccccccc; release/42/web/production: no approvals are asked for here)
    2026-11-21T10:31:09Z by viewer of the tests: unlock release/42/web/production refused (this needs the role deployer, and the token has the role viewer)
    2026-11-21T10:31:07Z by deployer of the tests: lock release/42/web/production allowed (coins)
    ");
}

#[test]
fn the_audit_is_found_by_person_act_outcome_and_repository() {
    let inbox = acted();
    let count = |query: &str| shown(&inbox, query).lines().count();
    assert_eq!(count("?act=replay"), 3);
    assert_eq!(count("?act=replay&outcome=refused"), 1);
    assert_eq!(count("?by=ADMIN%20of%20the%20tests"), 1);
    assert_eq!(count("?repository=42"), 5);
    assert_eq!(count("?repository=43"), 0);
    let bad = as_role(
        &inbox,
        Role::Viewer,
        &Method::GET,
        "/api/v1/audit?outcome=good",
    );
    assert_eq!(bad.status, 400, "{}", text(&bad));
    let bad = as_role(&inbox, Role::Viewer, &Method::GET, "/api/v1/audit?cursor=x");
    assert_eq!(bad.status, 400, "{}", text(&bad));
}

#[test]
fn the_audit_is_read_page_by_page() {
    let inbox = acted();
    let (mut lines, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let uri = format!("/api/v1/audit{query}");
        let reply = as_role(&inbox, Role::Viewer, &Method::GET, &uri);
        let list: model::AuditList = serde_json::from_slice(&reply.body).unwrap();
        lines.extend(list.acts.iter().map(|act| act.at.clone()));
        match list.next {
            Some(next) => query = format!("?limit=2&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(lines.len(), shown(&inbox, "").lines().count());
}

#[test]
fn the_dashboard_says_of_itself_that_it_is_the_door() {
    let inbox = inbox();
    let authorization = Some("Bearer deployer-token");
    let uri = "/api/v1/repositories/42/survey";
    let reply = asked_with(&Method::POST, uri, authorization, |asked| {
        let mut headers = asked.headers.clone();
        headers.insert(DOOR, HeaderValue::from_static("dashboard"));
        let asked = Asked {
            headers: &headers,
            ..asked
        };
        block_on(answer(&inbox, access(&tokens()), asked))
    });
    assert_eq!(reply.status, 202, "{}", text(&reply));
    let reply = as_role(&inbox, Role::Viewer, &Method::GET, "/api/v1/audit");
    assert!(
        text(&reply).contains(r#""via": "dashboard""#),
        "{}",
        text(&reply)
    );
}
