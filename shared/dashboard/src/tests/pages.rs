//! What the pages say, and that nobody else's text becomes a part of them.

use super::*;

#[test]
fn the_overview_says_what_is_broken_what_failed_and_what_waits() {
    insta::assert_snapshot!(said(&Browser::signed_in("viewer").get("/")), @"
    Overview
    Vendors that do not answer
    ✕ failed Coolify has failed for 20 min, is tried again in 2 min: it answered 502
    All vendors, and what waits meanwhile
    What needs a person
    production of web … held for 1 h: 5c1d7e4 failed; it was taken back
    acme/shop … held back for 2 h: GitHub lists no open pull request at all, and 4 previews would be removed.
    What is live where
    web of acme/shop
    staging of web ↻ releasing
    What is there is being changed.
    9f2c1d7 Rewrite history: told by the tests
    production of web ✓ live … held
    1d7e4b8 Add a cart for 2 h
    Held for 1 h by Slipway: 5c1d7e4 failed; it was taken back
    Waiting: 9f2c1d7 Rewrite history told by the tests
    Failed previews 1+
    Previews that need a person, a new build or a new commit
    Preview
    Phase
    Why
    Next look
    acme/shop #7
    ✕ failed
    started, and not healthy: 503 Service Unavailable
    in 2 min
    All failed previews
    Dead deliveries
    ✕ dead pull_request opened, received 3 h ago: pull-request answered 422: head.sha is missing
    See and run them again
    In numbers
    2 Environments
    2 Repositories
    12 Previews
    3 Previews in hand
    1 Pending deliveries
    2 Dead deliveries
    340 Done deliveries
    ");
}

#[test]
fn a_preview_is_shown_with_its_services_its_timeline_and_what_is_waited_for() {
    let page = Browser::signed_in("deployer").get("/dashboard/previews/42/7");
    insta::assert_snapshot!(said(&page), @"
    Previews
    acme/shop #7 ✕ failed
    Add a cart
    Pull request
    open, by ada
    Branch
    feature/cart
    Commit
    9f2c1d7
    Build
    CI ✓ succeeded
    Next look
    in 2 min
    Services
    web ✕ failed
    started, and not healthy: 503 Service Unavailable
    Address
    https://7.preview.example.com
    Commit
    9f2c1d7
    Last probe
    503 Service Unavailable
    Deployment
    d1
    Application
    web-app
    What did not work
    writing the comment: GitHub answered 502 (2 in a row, tried again in 2 min)
    Decisions
    What was decided on each service, the newest first
    Service
    Decided
    By the rule, since
    After
    web10 min ago
    nothing
    pathsnone of its 3 changed files matches apps/web/**
    a pull_request delivery
    Timeline
    6 min ago web: Coolify started the container
    10 min ago the head commit 9f2c1d7 became known
    Of each kind only the newest event is known.
    Act
    Deploys the head commit anew.
    Redeploy 9f2c1d7
    It is removed, and comes back only when somebody asks for it.
    Remove acme/shop #7
    Lets it try again what was given up, has failed or waits for its next try.
    Try again acme/shop #7
    ");
}

#[test]
fn the_lists_say_what_there_is_and_where_it_goes_on() {
    let mut browser = Browser::signed_in("admin");
    let previews = browser.get("/dashboard/previews?phase=failed");
    insta::assert_snapshot!(said(&previews), @"
    Previews
    allfailedwaitingdeployingreadyremovingabsent
    idle for 3 daysfor a weekfor 30 days
    Previews by repository, the newest pull request first
    Preview
    Phase
    Services
    Pull request
    Commit
    Why
    acme/shop #7
    ✕ failed
    web
    Add a cart by ada
    9f2c1d7
    started, and not healthy: 503 Service Unavailable
    Further ones
    ");
    assert!(text(&previews).contains("/dashboard/previews?phase=failed&amp;cursor=42.7"));
    insta::assert_snapshot!(said(&browser.get("/dashboard/deliveries?status=dead")), @"
    Deliveries
    allpendingdeaddone
    Deliveries: pending ones first, then the newest
    Event, received
    Outcome
    Tries
    Repository
    Id
    Act
    pull_request opened3 h ago
    ✕ dead pull-request answered 422: head.sha is missing
    8
    42
    dead-1
    Run again dead-1
    ");
    insta::assert_snapshot!(said(&browser.get("/dashboard/repositories")), @"
    Repositories
    acme/shop … held back
    Last survey
    6 min ago: 0 open pull requests, 4 previews that hold something, 0 told of news, 0 told to go
    Previews
    of this repository
    Operations
    of this repository
    Removals are held back for 2 h: GitHub lists no open pull request at all, and 4 previews would be removed. Pull requests: #1, #2, #3, #4.
    Allow these removals in acme/shop
    Compare now acme/shop
    ");
}

#[test]
fn text_of_others_is_escaped_and_only_web_addresses_become_links() {
    const EVIL: &str = "\"><script>alert(1)</script>";
    let mut browser = Browser::signed_in("admin");
    let mut evil = preview();
    evil["pull_request"]["title"] = EVIL.into();
    evil["pull_request"]["branch"] = EVIL.into();
    evil["repository"] = EVIL.into();
    evil["services"][0]["service"] = EVIL.into();
    evil["services"][0]["url"] = "javascript:alert(1)".into();
    evil["build"]["url"] = "data:text/html,x".into();
    *browser.dashboard.http.preview.borrow_mut() = Some(evil);
    let mut evil = releases::production();
    evil["waiting"][0]["title"] = EVIL.into();
    evil["waiting"][0]["build_url"] = "javascript:alert(1)".into();
    evil["hold"]["reason"] = EVIL.into();
    evil["ways_back"][0]["title"] = EVIL.into();
    evil["url"] = "javascript:alert(1)".into();
    *browser.dashboard.http.environment.borrow_mut() = Some(evil);
    for uri in [
        "/",
        "/dashboard/environments",
        "/dashboard/environments/42/web/production",
        "/dashboard/previews",
        "/dashboard/previews/42/7",
    ] {
        let page = text(&browser.get(uri));
        assert!(page.contains("&lt;script&gt;"), "{uri} shows the text");
        assert!(!page.contains("<script>"), "{uri}");
        assert!(!page.contains("href=\"javascript:"), "{uri}");
        assert!(!page.contains("href=\"data:"), "{uri}");
    }
}

#[test]
fn every_page_is_whole_for_readers_and_nothing_on_it_needs_a_script() {
    let mut browser = Browser::signed_in("admin");
    for uri in [
        "/",
        "/dashboard/environments",
        "/dashboard/environments/42/web/production",
        "/dashboard/previews",
        "/dashboard/previews/42/7",
        "/dashboard/deliveries",
        "/dashboard/deliveries/dead-1",
        "/dashboard/releases",
        "/dashboard/releases/42/web/production/5c1d7e4b8a60359f2c1d7e4b8a60359f2c1d7e4b-10-1",
        "/dashboard/repositories",
        "/dashboard/installations",
        "/dashboard/approvals",
        "/dashboard/audit",
        "/dashboard/builds",
        "/dashboard/vendors",
    ] {
        let page = text(&browser.get(uri));
        assert_eq!(page.matches("<h1>").count(), 1, "{uri} has one heading");
        assert!(
            page.contains("<html lang=\"en\">") && page.contains("<title>"),
            "{uri}"
        );
        for header in page
            .split("<th")
            .skip(1)
            .filter(|part| !part.starts_with("ead"))
        {
            assert!(
                header.split('>').next().unwrap().contains("scope="),
                "{uri}: <th{header}"
            );
        }
        assert_eq!(
            page.matches("<table").count(),
            page.matches("<caption").count(),
            "{uri}"
        );
        for field in page.split("<input").chain(page.split("<select")).skip(1) {
            let tag = field.split('>').next().unwrap();
            let id = tag
                .split("id=\"")
                .nth(1)
                .and_then(|id| id.split('"').next());
            let labelled = id.is_some_and(|id| page.contains(&format!("for=\"{id}\"")));
            assert!(
                labelled || tag.contains("type=\"hidden\"") || !tag.contains("name="),
                "{uri}: {tag}"
            );
        }
        for inline in [" style=", " onclick=", "<style", "javascript:"] {
            assert!(
                !page.contains(inline),
                "{uri} has {inline}, which the policy forbids"
            );
        }
    }
}

#[test]
fn the_audit_shows_who_did_what_and_what_came_of_it() {
    let page = Browser::signed_in("viewer").get("/dashboard/audit?outcome=refused");
    insta::assert_snapshot!(said(&page), @"
    Audit
    What people did, or tried to, in the last 90 days: through the API, on these pages, by comments, by labels and buttons on GitHub, and with the token of /reconcile.
    allallowedrefusedfailed
    Acts of people: the newest first
    Act, when
    Who
    On what
    Outcome
    rollback10 min ago
    grace by comment
    release/42/web/production /rollback production 1 &lt;b&gt;coins&lt;/b&gt; are free
    ✓ allowed
    allow-losses1 h ago
    ada by dashboard
    installation/99
    ✕ refused this needs the role admin, and the token has the role deployer
    ");
}

#[test]
fn a_delivery_has_a_page_with_what_became_of_it() {
    let page = Browser::signed_in("deployer").get("/dashboard/deliveries/dead-1");
    insta::assert_snapshot!(said(&page), @"
    Deliveries
    pull_request opened ✕ dead
    pull-request answered 422: head.sha is missing
    Received
    3 h ago
    Over
    just now
    Tries
    8
    Repository
    the previews of 42
    Id
    dead-1
    What followed from it stands on the pages of the previews and environments that it was about.
    Act
    Runs it again, as if GitHub had sent it again. What was done already is not done twice.
    Run again dead-1
    ");
    let mut viewer = Browser::signed_in("viewer");
    assert!(!said(&viewer.get("/dashboard/deliveries/dead-1")).contains("Run again"));
}
