//! Signing in and out, and who may do what.

use super::*;

const PAGES: [&str; 15] = [
    "/",
    "/dashboard/environments",
    "/dashboard/environments/42/web/production",
    "/dashboard/installations",
    "/dashboard/approvals",
    "/dashboard/audit",
    "/dashboard/builds",
    "/dashboard/vendors",
    "/dashboard/previews",
    "/dashboard/previews/42/7",
    "/dashboard/deliveries",
    "/dashboard/repositories",
    "/dashboard/deliveries/dead-1",
    "/dashboard/releases",
    "/dashboard/releases/42/web/production/5c1d7e4b8a60359f2c1d7e4b8a60359f2c1d7e4b-10-1",
];

/// Every form that acts, with the roles that may send it.
const ACTS: [(&str, &[&str]); 16] = [
    ("/dashboard/previews/42/7/deploy", &["deployer", "admin"]),
    ("/dashboard/previews/42/7/redeploy", &["deployer", "admin"]),
    ("/dashboard/previews/42/7/remove", &["deployer", "admin"]),
    ("/dashboard/previews/42/7/keep", &["deployer", "admin"]),
    ("/dashboard/previews/42/7/retry", &["deployer", "admin"]),
    (
        "/dashboard/deliveries/dead-1/replay",
        &["deployer", "admin"],
    ),
    ("/dashboard/repositories/42/survey", &["deployer", "admin"]),
    ("/dashboard/repositories/42/allow-removals", &["admin"]),
    ("/dashboard/installations/99/allow-losses", &["admin"]),
    (
        "/dashboard/environments/42/web/production/rollback",
        &["deployer", "admin"],
    ),
    (
        "/dashboard/environments/42/web/production/lift-hold",
        &["deployer", "admin"],
    ),
    (
        "/dashboard/environments/42/web/production/lock",
        &["deployer", "admin"],
    ),
    (
        "/dashboard/environments/42/web/production/unlock",
        &["deployer", "admin"],
    ),
    (
        "/dashboard/environments/42/web/production/allow-diverged",
        &["deployer", "admin"],
    ),
    (
        "/dashboard/environments/42/web/production/approve",
        &["deployer", "admin"],
    ),
    (
        "/dashboard/environments/42/web/production/retry",
        &["deployer", "admin"],
    ),
];

#[test]
fn somebody_signs_in_with_a_token_looks_and_signs_out() {
    let mut browser = Browser::new();
    assert_eq!(
        header_of(&browser.get("/"), &header::LOCATION),
        Some("/dashboard/sign-in")
    );
    let form = browser.get("/dashboard/sign-in");
    let before = browser.cookie.clone();
    let csrf = csrf_of(&form);
    let refused = browser.post("/dashboard/sign-in", &format!("csrf={csrf}&token=guessed"));
    assert_eq!(refused.status, 403);
    assert!(text(&refused).contains("none of the configured tokens"));
    let csrf = csrf_of(&refused);
    let signed_in = browser.post("/dashboard/sign-in", &format!("csrf={csrf}&token=viewer"));
    assert_eq!(header_of(&signed_in, &header::LOCATION), Some("/"));
    assert_ne!(browser.cookie, before, "a new session begins");
    let page = browser.get("/");
    assert!(text(&page).contains("ada (viewer)"));
    assert!(
        !text(&page).contains(&csrf),
        "the form's token is the new session's"
    );
    let signed_out = browser.post("/dashboard/sign-out", &format!("csrf={}", csrf_of(&page)));
    assert_eq!(signed_out.status, 303);
    assert_eq!(browser.cookie, None);
    assert_eq!(browser.get("/").status, 303);
}

#[test]
fn a_form_that_lay_in_another_tab_signs_nobody_out() {
    let mut browser = Browser::new();
    let stale = csrf_of(&browser.get("/dashboard/sign-in"));
    let form = browser.get("/dashboard/sign-in");
    let csrf = csrf_of(&form);
    browser.post("/dashboard/sign-in", &format!("csrf={csrf}&token=viewer"));
    let signed_in = browser.cookie.clone();
    let refused = browser.post("/dashboard/sign-in", &format!("csrf={stale}&token=viewer"));
    assert_eq!(refused.status, 403);
    assert_eq!(browser.cookie, signed_in, "whoever signed in stays so");
    assert_eq!(browser.get("/").status, 200);
}

#[test]
fn who_tries_too_often_to_sign_in_is_told_when_to_come_again_and_not_even_asked_about() {
    let mut browser = Browser::new();
    let mut form = browser.get("/dashboard/sign-in");
    for _ in 0..TRIES_MAX {
        let csrf = csrf_of(&form);
        form = browser.post("/dashboard/sign-in", &format!("csrf={csrf}&token=guessed"));
        assert_eq!(form.status, 403);
    }
    // A form of another session costs nothing: nothing was asked.
    assert_eq!(
        browser
            .post("/dashboard/sign-in", "csrf=x&token=admin")
            .status,
        403
    );
    let csrf = csrf_of(&browser.get("/dashboard/sign-in"));
    let refused = browser.post("/dashboard/sign-in", &format!("csrf={csrf}&token=admin"));
    assert_eq!(refused.status, 429);
    assert_eq!(header_of(&refused, &header::RETRY_AFTER), Some("17"));
    assert!(said(&refused).contains("too many tries to sign in. Try again in 17 seconds."));
    assert_eq!(browser.get("/").status, 303, "nobody signed in");
    let tries = browser.dashboard.http.tries.borrow();
    assert_eq!(*tries, ["unknown"; TRIES_MAX + 1]);
}

#[test]
fn a_session_ends_by_itself_and_with_its_token() {
    let mut browser = Browser::signed_in("viewer");
    browser.dashboard.clock.0.set(NOW + 11 * 3_600_000);
    assert_eq!(browser.get("/").status, 200);
    browser.dashboard.clock.0.set(NOW + 13 * 3_600_000);
    assert_eq!(browser.get("/").status, 303);
    let mut browser = Browser::signed_in("viewer");
    let person = crate::session::Person {
        token: "no longer configured".to_owned(),
        name: "ada".to_owned(),
        role: "admin".to_owned(),
        by_github: false,
    };
    let session = crate::session::Session::of(person, Timestamp::from_milliseconds(NOW));
    let sealed = SessionKey::of(SECRET).unwrap().seal(&session).unwrap();
    browser.cookie = Some(format!("__Host-slipway={sealed}"));
    let answer = browser.get("/");
    assert_eq!((answer.status.as_u16(), browser.cookie), (303, None));
}

#[test]
fn a_cookie_is_out_of_reach_of_scripts_other_sites_and_plain_http() {
    let mut browser = Browser::new();
    let cookie = |browser: &mut Browser| {
        let answer = browser.get("/dashboard/sign-in");
        let cookie = header_of(&answer, &header::SET_COOKIE).unwrap();
        let (name, rest) = cookie.split_once('=').unwrap();
        let (_, attributes) = rest.split_once(';').unwrap();
        format!("{name}{attributes}")
    };
    assert_eq!(
        cookie(&mut browser),
        "__Host-slipway Path=/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure"
    );
    browser.host = "127.0.0.1:3000";
    assert_eq!(
        cookie(&mut browser),
        "slipway Path=/; Max-Age=3600; HttpOnly; SameSite=Lax"
    );
}

#[test]
fn whoever_did_not_sign_in_sees_and_does_nothing() {
    let mut browser = Browser::new();
    let csrf = csrf_of(&browser.get("/dashboard/sign-in"));
    for page in PAGES {
        let answer = browser.get(page);
        let to = header_of(&answer, &header::LOCATION).unwrap();
        let expected = match page {
            "/" => "/dashboard/sign-in".to_owned(),
            page => format!("/dashboard/sign-in?return_to={}", page.replace('/', "%2F")),
        };
        assert_eq!(to, expected);
        assert_eq!(
            (answer.status.as_u16(), answer.body.len()),
            (303, 0),
            "{page}"
        );
    }
    for (act, _) in ACTS {
        let answer = browser.post(act, &format!("csrf={csrf}"));
        assert_eq!(answer.status, 403, "{act}");
    }
    assert!(browser.done().is_empty());
}

#[test]
fn every_page_and_form_is_for_its_roles_alone() {
    for role in ["viewer", "worker", "deployer", "admin"] {
        let mut browser = Browser::signed_in(role);
        for page in PAGES {
            let expected = if role == "worker" { 403 } else { 200 };
            assert_eq!(browser.get(page).status, expected, "{page} as {role}");
        }
        for (act, roles) in ACTS {
            let csrf = csrf_of(&browser.get("/"));
            let before = browser.done().len();
            let answer = browser.post(act, &format!("csrf={csrf}"));
            let may = roles.contains(&role);
            assert_eq!(
                answer.status,
                if may { 303 } else { 403 },
                "{act} as {role}"
            );
            assert_eq!(
                browser.done().len() - before,
                usize::from(may),
                "{act} as {role}"
            );
        }
    }
}

#[test]
fn a_form_that_is_not_this_sessions_or_comes_from_another_site_does_nothing() {
    let mut browser = Browser::signed_in("admin");
    let csrf = csrf_of(&browser.get("/"));
    let other = csrf_of(&Browser::signed_in("admin").get("/"));
    for (act, _) in ACTS {
        for form in [
            "",
            "csrf=",
            &format!("csrf={other}"),
            &format!("csrf={csrf}x"),
        ] {
            assert_eq!(browser.post(act, form).status, 403, "{act} with {form:?}");
        }
        browser.site = "cross-site";
        assert_eq!(
            browser.post(act, &format!("csrf={csrf}")).status,
            403,
            "{act}"
        );
        browser.site = "same-origin";
    }
    assert_eq!(browser.post("/dashboard/sign-out", "csrf=").status, 403);
    assert!(browser.done().is_empty());
    assert_eq!(browser.get("/").status, 200, "still signed in");
}

#[test]
fn an_act_is_done_with_the_persons_own_token_and_said_afterwards() {
    let mut browser = Browser::signed_in("deployer");
    let csrf = csrf_of(&browser.get("/"));
    let answer = browser.post(
        "/dashboard/deliveries/dead-1/replay",
        &format!("csrf={csrf}"),
    );
    assert_eq!(browser.done(), ["deployer: /deliveries/dead-1/replay"]);
    let there = header_of(&answer, &header::LOCATION).unwrap().to_owned();
    assert!(text(&browser.get(&there)).contains("The delivery runs again."));
    let foreign = browser.get("/dashboard/deliveries?done=Your+session+expired");
    assert!(
        !text(&foreign).contains("expired"),
        "only our own words are shown"
    );
}

#[test]
fn a_page_that_is_still_the_same_is_not_sent_again() {
    let mut browser = Browser::signed_in("viewer");
    let page = browser.get("/");
    let tag: HeaderValue = header_of(&page, &header::ETAG).unwrap().parse().unwrap();
    let same = browser.ask(&Method::GET, "/", "", Some(&tag));
    assert_eq!((same.status.as_u16(), same.body.len()), (304, 0));
    browser.dashboard.clock.0.set(NOW + 3_600_000);
    assert_eq!(browser.ask(&Method::GET, "/", "", Some(&tag)).status, 200);
}

#[test]
fn every_answer_forbids_what_is_not_ours() {
    let mut browser = Browser::signed_in("viewer");
    for uri in [
        "/",
        "/dashboard/sign-in",
        "/dashboard/nothing",
        "/dashboard/assets/app.js",
    ] {
        let answer = browser.get(uri);
        let policy = header_of(&answer, &header::CONTENT_SECURITY_POLICY).unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
            "{uri}"
        );
    }
    let missing = browser.get("/dashboard/previews/42/8");
    assert_eq!(missing.status, 404);
    assert!(text(&missing).contains("no preview/42/8 is known"));
    assert_eq!(browser.ask(&Method::DELETE, "/", "", None).status, 405);
}

#[test]
fn without_a_secret_nobody_signs_in_and_the_page_says_why() {
    let mut browser = Browser::new();
    browser.dashboard.key = SessionKey::of("");
    let closed = browser.get("/dashboard/sign-in");
    assert_eq!(closed.status, 503);
    assert!(text(&closed).contains("session_secret is not set"));
}
