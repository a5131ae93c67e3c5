//! Environments and installations: what the pages say, and what their forms send.

use super::*;

const PAGE: &str = "/dashboard/environments/42/web/production";

/// Held after a rollback, with a commit that does not contain what is there.
pub(super) fn production() -> Value {
    json!({
        "repository_id": 42, "repository": "acme/shop", "service": "web", "environment": "production",
        "situation": "live",
        "live": { "commit": "1d7e4b8a60359f2c1d7e4b8a60359f2c1d7e4b8a", "title": "Add a cart", "since": "2026-11-21T08:31:07Z" },
        "url": "https://shop.example.com", "tracks": "the branch main", "after": ["staging"], "application": "shop",
        "running": null,
        "waiting": [release("9f2c1d7e4b8a60359f2c1d7e4b8a60359f2c1d7e", "waiting-for-approval", true)],
        "last": release("5c1d7e4b8a60359f2c1d7e4b8a60359f2c1d7e4b", "rolled-back", false),
        "hold": { "since": "2026-11-21T09:31:07Z", "by": "Slipway", "reason": "5c1d7e4 failed; it was taken back" },
        "lock": null,
        "ways_back": [
            { "back": 1, "commit": "8a60359f2c1d7e4b8a60359f2c1d7e4b8a60359f", "title": "Show prices" },
            { "back": 2, "commit": "0359f2c1d7e4b8a60359f2c1d7e4b8a60359f2c1", "title": "Begin" },
        ],
        "trouble": null, "next_look_at": null,
    })
}

/// What comes before production: a release is under way there.
pub(super) fn staging() -> Value {
    let mut staging = production();
    staging["environment"] = "staging".into();
    staging["after"] = json!([]);
    staging["situation"] = "releasing".into();
    staging["live"] = Value::Null;
    staging["running"] = release("9f2c1d7e4b8a60359f2c1d7e4b8a60359f2c1d7e", "syncing", false);
    staging["waiting"] = json!([]);
    staging["hold"] = Value::Null;
    staging
}

fn release(commit: &str, phase: &str, diverged: bool) -> Value {
    let over = phase == "rolled-back";
    json!({
        "repository_id": 42, "service": "web", "environment": "production",
        "id": format!("{commit}-10-1"), "commit": commit, "title": "Rewrite history",
        "phase": phase, "reason": "told by the tests", "rollback": false, "diverged": diverged,
        "needs_approval": phase == "waiting-for-approval" && !diverged, "approved_by": [],
        "known_at": "2026-11-21T10:20:07Z", "ended_at": over.then_some("2026-11-21T10:25:07Z"),
        "build_url": "https://github.com/acme/shop/actions/runs/10", "deployment": null,
        "timeline": [
            { "at": "2026-11-21T10:20:07Z", "what": "pushed" },
            { "at": "2026-11-21T10:24:07Z", "what": "its build succeeded" },
        ],
    })
}

pub(super) fn releases() -> Value {
    let environment = production();
    json!({ "releases": [environment["waiting"][0], environment["last"]], "next": null })
}

pub(super) fn installations() -> Value {
    json!({ "installations": [{
        "id": 99, "account": "acme", "target_type": "Organization", "selection": "selected", "repositories": 12,
        "permissions": ["contents: read", "deployments: write"], "suspended_at": null, "gone": false,
        "looked_at": "2026-11-21T10:25:00Z", "trouble": null,
        "rate_limit": { "limit": 5000, "remaining": 3998, "resets_at": "2026-11-21T11:02:14Z" },
        "held_back": { "repositories": [42, 43], "reason": "2 repositories are missing", "since": "2026-11-21T10:11:07Z" },
    }], "next": null })
}

#[test]
fn an_environment_tells_what_is_live_what_holds_it_and_what_can_be_done() {
    let page = Browser::signed_in("deployer").get(PAGE);
    insta::assert_snapshot!(said(&page), @"
    Environments
    production of web ✓ live … held
    acme/shop
    Held for 1 h by Slipway: 5c1d7e4 failed; it was taken back. Releases wait until somebody lets them go on.
    Lift the hold production
    Live
    1d7e4b8 Add a cart for 2 h
    Address
    https://shop.example.com
    Tracks
    the branch main, once it is live in staging
    Argo CD
    the application shop
    Next look
    when something is new
    In hand and waiting
    9f2c1d7 Rewrite history … waiting for approval
    told by the tests
    Its build
    7 min ago its build succeeded
    11 min ago pushed
    Release it all the same 9f2c1d7
    Act
    Go back to
    8a60359 Show prices (the one before)
    0359f2c Begin
    Why
    Argo CD goes back to that release, and the environment is held until somebody lifts that.
    Go back
    Lock, because
    Releases wait and tell this reason. What is under way goes on.
    Lock
    Tries at once what waits for its next try or was given up.
    Try again production
    Releases
    ✕ rolled back 5c1d7e4 Rewrite history 6 min ago
    7 min ago its build succeeded
    11 min ago pushed
    ");
}

#[test]
fn environments_stand_in_the_order_in_which_commits_pass_through_them() {
    let page = Browser::signed_in("viewer").get("/dashboard/environments");
    insta::assert_snapshot!(said(&page), @"
    Environments
    allneededin handquiet
    By service
    web of acme/shop
    staging of web ↻ releasing
    What is there is being changed.
    9f2c1d7 Rewrite history: told by the tests
    production of web ✓ live … held
    1d7e4b8 Add a cart for 2 h
    Held for 1 h by Slipway: 5c1d7e4 failed; it was taken back
    Waiting: 9f2c1d7 Rewrite history told by the tests
    ");
}

#[test]
fn a_viewer_sees_an_environment_and_no_form_that_changes_it() {
    let page = text(&Browser::signed_in("viewer").get(PAGE));
    assert!(page.contains("Rewrite history"), "{page}");
    assert_eq!(
        page.matches("<form").count(),
        1,
        "only the one for signing out: {page}"
    );
}

#[test]
fn an_installation_tells_what_it_reaches_and_what_is_held_back() {
    let page = Browser::signed_in("viewer").get("/dashboard/installations");
    insta::assert_snapshot!(said(&page), @"
    Installations
    acme ✓ active … held back
    Account
    Organization
    Repositories
    12 (those that were chosen)
    Last look
    6 min ago
    Requests to GitHub
    about 3998 of 5000 an hour left
    Granted
    contents: read, deployments: write
    Id
    99
    Losses are held back for 20 min: 2 repositories are missing. Repositories by id: 42, 43.
    An admin can let them go.
    ");
}

#[test]
fn forms_say_to_the_api_what_stands_in_them() {
    let mut browser = Browser::signed_in("deployer");
    let csrf = csrf_of(&browser.get(PAGE));
    for (wish, fields) in [
        (
            "rollback",
            "&to=1+8a60359f2c1d7e4b8a60359f2c1d7e4b8a60359f&reason=it+%22smells%22",
        ),
        ("rollback", "&to=x"),
        ("lock", "&reason=counting+coins"),
        (
            "allow-diverged",
            "&commit=9f2c1d7e4b8a60359f2c1d7e4b8a60359f2c1d7e",
        ),
        (
            "approve",
            "&commit=9f2c1d7e4b8a60359f2c1d7e4b8a60359f2c1d7e&release=9f2c1d7-10-1&image=ghcr.io%2Facme%2Fshop%3A1",
        ),
        ("lift-hold", ""),
    ] {
        let answer = browser.post(&format!("{PAGE}/{wish}"), &format!("csrf={csrf}{fields}"));
        let there = header_of(&answer, &header::LOCATION).unwrap().to_owned();
        assert_eq!(there, format!("{PAGE}?done={wish}"));
        assert!(
            text(&browser.get(&there)).contains("role=\"status\""),
            "{wish} is said"
        );
    }
    let bodies = browser.dashboard.http.bodies.borrow().join("\n");
    insta::assert_snapshot!(bodies, @r#"
    {"back":1,"commit":"8a60359f2c1d7e4b8a60359f2c1d7e4b8a60359f","reason":"it \"smells\""}
    {"back":0,"commit":"","reason":""}
    {"reason":"counting coins"}
    {"commit":"9f2c1d7e4b8a60359f2c1d7e4b8a60359f2c1d7e"}
    {"commit":"9f2c1d7e4b8a60359f2c1d7e4b8a60359f2c1d7e","image":"ghcr.io/acme/shop:1","release":"9f2c1d7-10-1"}
    "#);
    assert_eq!(browser.done().len(), 6);
}

#[test]
fn releases_of_all_environments_stand_together_and_each_has_its_page() {
    let mut browser = Browser::signed_in("viewer");
    let list = browser.get("/dashboard/releases?phase=rolled-back");
    insta::assert_snapshot!(said(&list), @"
    Releases
    allwaiting for approvalwaiting for buildqueuedsyncingverifyinglivefailedrolled back
    Releases by environment, the newest first
    Release
    Environment
    Phase
    Why
    Known, over
    9f2c1d7 Rewrite history
    production of web
    … waiting for approval
    told by the tests
    11 min ago
    5c1d7e4 Rewrite history
    production of web
    ✕ rolled back
    told by the tests
    11 min ago, 6 min ago
    ");
    let release =
        "/dashboard/releases/42/web/production/5c1d7e4b8a60359f2c1d7e4b8a60359f2c1d7e4b-10-1";
    assert!(text(&list).contains(release), "{}", text(&list));
    insta::assert_snapshot!(said(&browser.get(release)), @"
    Releases
    5c1d7e4 in production ✕ rolled back
    Rewrite history
    Environment
    production of web
    Commit
    5c1d7e4b8a60359f2c1d7e4b8a60359f2c1d7e4b
    Why
    told by the tests
    Build
    https://github.com/acme/shop/actions/runs/10
    Known
    11 min ago
    Over
    6 min ago
    Timeline
    7 min ago its build succeeded
    11 min ago pushed
    ");
    for odd in [
        "/dashboard/releases/42/web/production/..",
        "/dashboard/releases/42/web/production/A%2F",
    ] {
        assert_eq!(browser.get(odd).status, StatusCode::NOT_FOUND, "{odd}");
    }
}
