//! Builds, vendors and what waits for people: what the pages say, and what their buttons send.

use super::*;

pub(super) fn builds() -> Value {
    let commit = "9f2c1d7e4b8a60359f2c1d7e4b8a60359f2c1d7e";
    json!({
        "builds": [
            {
                "repository_id": 42, "repository": "acme/shop", "run": 11, "attempt": 2, "status": "building", "commit": commit,
                "title": "Mend <b>coins</b>", "workflow": "CI", "reference": "main", "url": "https://github.com/acme/shop/actions/runs/11",
                "images": [], "used_by": ["release/42/web/production", "release/42/web/staging"],
            },
            {
                "repository_id": 42, "repository": "acme/shop", "run": 10, "attempt": 1, "status": "completed", "commit": commit,
                "title": "Add a cart", "workflow": null, "reference": null, "url": null,
                "images": [format!("ghcr.io/acme/shop:{commit}")], "used_by": ["preview/42/7"],
            },
        ],
        "next": "preview.42.7",
    })
}

pub(super) fn decisions() -> Value {
    json!({
        "decisions": [{
            "repository_id": 42, "pull_request": 7, "service": "web", "at": "2026-11-21T10:21:07Z", "verdict": "nothing",
            "rule": "paths", "reason": "none of its 3 changed files matches apps/web/**", "cause": "a pull_request delivery",
        }],
        "next": null,
    })
}

pub(super) fn vendors() -> Value {
    let well = |vendor: &str| json!({ "vendor": vendor, "state": "untroubled", "since": null, "failures": 0, "until": null, "last_error": null });
    json!({
        "vendors": [
            well("Argo CD"),
            {
                "vendor": "Coolify", "state": "left-alone", "since": "2026-11-21T10:11:07Z", "failures": 5,
                "until": "2026-11-21T10:33:07Z", "last_error": "it answered 502",
            },
            well("GitHub"),
        ],
        "limits": [{
            "whose": "app",
            "rate_limit": { "limit": 5000, "remaining": 4500, "resets_at": "2026-11-21T11:00:07Z" },
        }],
    })
}

#[test]
fn builds_are_shown_with_their_run_and_what_they_are_for() {
    let page = Browser::signed_in("viewer").get("/dashboard/builds");
    insta::assert_snapshot!(said(&page), @"
    Builds
    allpendingbuildingcompletedfailedcancelled
    Builds by repository: of each environment and preview the newest run first
    Commit
    Status
    Run
    Images
    For
    9f2c1d7Mend &lt;b&gt;coins&lt;/b&gt;acme/shop
    ↻ building
    CI 11 attempt 2on main
    production of web
    staging of web
    9f2c1d7Add a cartacme/shop
    ✓ completed
    run 10
    ghcr.io/acme/shop:9f2c1d7e4b8a60359f2c1d7e4b8a60359f2c1d7e 
    preview #7
    Further ones
    ");
    let page = text(&page);
    for part in [
        "href=\"https://github.com/acme/shop/actions/runs/11\"",
        "href=\"/dashboard/environments/42/web/production\"",
        "href=\"/dashboard/previews/42/7\"",
        "href=\"/dashboard/builds?cursor=preview.42.7\"",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn vendors_are_shown_with_what_waits_while_they_do_not_answer() {
    let page = Browser::signed_in("viewer").get("/dashboard/vendors");
    insta::assert_snapshot!(said(&page), @"
    Vendors
    Vendors by name, and what waits while one does not answer
    Vendor
    State
    Since, next try
    What waits meanwhile
    Argo CD
    – untroubled
    Releases. Previews go on.
    Coolify
    ✕ left alone
    for 20 min (5 failures) again in 2 minit answered 502
    Previews on Coolify. Releases go on.
    GitHub
    – untroubled
    Looks at pull requests, comments, checks and releases. Deliveries are taken in.
    A vendor whose calls fail five times in a row is left alone for 15 seconds, then for up to two minutes at a time; one call tries whether it is back. Nothing is lost meanwhile. One that is not configured is never called.
    What GitHub still takes
    Requests that GitHub takes in an hour, and how many are left
    For
    Left
    All again
    the App itself
    4500 of 5000
    in 29 min
    acme
    3998 of 5000
    in 31 min
    ");
}

#[test]
fn whoever_may_approves_where_it_is_said_what_is_approved() {
    let mut environment = releases::production();
    let waiting = &mut environment["waiting"][0];
    waiting["diverged"] = false.into();
    waiting["needs_approval"] = true.into();
    waiting["reason"] = "0 of 1 approvals".into();
    waiting["rule"] = "approvals".into();
    waiting["image"] = "ghcr.io/acme/shop:1.2.3".into();
    waiting["changes_url"] = "https://github.com/acme/shop/compare/1d7e4b8..9f2c1d7".into();
    let mut browser = Browser::signed_in("deployer");
    *browser.dashboard.http.environment.borrow_mut() = Some(environment.clone());
    let page = browser.get("/dashboard/approvals");
    insta::assert_snapshot!(said(&page), @"
    Approvals
    Approved is this commit with this build and this image, and nothing else: a new build asks again. Whoever wrote a change does not approve it.
    production of web … waiting for approval
    9f2c1d7 Rewrite history
    Waits for
    0 of 1 approvals
    Since
    for 11 min
    Image
    ghcr.io/acme/shop:1.2.3
    Changes
    since what is there, at GitHub
    Build
    its run, at GitHub
    Approve 9f2c1d7 in production of web
    ");
    let page = text(&page);
    assert!(page.contains("action=\"/dashboard/environments/42/web/production/approve\""));
    assert!(page.contains("href=\"https://github.com/acme/shop/compare/1d7e4b8..9f2c1d7\""));
    let id = environment["waiting"][0]["id"].as_str().unwrap();
    for (name, shown) in [("release", id), ("image", "ghcr.io/acme/shop:1.2.3")] {
        let field = format!("name=\"{name}\" value=\"{shown}\"");
        assert!(
            page.contains(&field),
            "the form says what it shows: {field}"
        );
    }
    let mut viewer = Browser::signed_in("viewer");
    *viewer.dashboard.http.environment.borrow_mut() = Some(environment);
    let page = text(&viewer.get("/dashboard/approvals"));
    assert!(!page.contains("/approve\""), "a viewer has no button");
    assert!(page.contains("Somebody who may write to the repository can let it go on."));
}
