//! Signing in by GitHub: there and back, and everything that may come back instead.

use super::*;
use crate::GitHub;

const BACK: &str = "/dashboard/sign-in/github/callback";

impl Api {
    /// The component `people`: takes the code `good`.
    pub(super) fn by_github(&self, request: &Request, body: &Value) -> Response {
        let path = request
            .url
            .trim_start_matches("http://people.spin.internal");
        let said = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let mut asked = self.by_github.borrow_mut();
        let (status, answer) = match path {
            "/sign-in" => {
                assert!(!said("state").is_empty() && said("verifier").len() >= 43);
                asked.push(format!("sign-in {} {}", said("code"), said("redirect_uri")));
                let end = NOW + 8 * 3_600_000;
                match said("code").as_str() {
                    "good" => (
                        200,
                        json!({ "login": "ada", "pass": "github.pass", "expires_at": end }),
                    ),
                    "many" => (429, json!({ "detail": "There were too many tries." })),
                    _ => (
                        403,
                        json!({ "detail": "GitHub answered \"bad_verification_code\"" }),
                    ),
                }
            }
            "/sign-out" => {
                asked.push(format!("sign-out {}", said("pass")));
                (200, json!(null))
            }
            other => panic!("{other} is not asked by the dashboard"),
        };
        let wait = (status == 429).then(|| (header::RETRY_AFTER, HeaderValue::from(17)));
        Response {
            status: StatusCode::from_u16(status).unwrap(),
            headers: wait.into_iter().collect(),
            body: serde_json::to_vec(&answer).unwrap(),
        }
    }
}

fn browser() -> Browser {
    let mut browser = Browser::new();
    browser.dashboard.public_url = Some("https://slipway.example.com".to_owned());
    browser.dashboard.github = Some(GitHub {
        url: "https://github.com".to_owned(),
        client_id: "Iv23".to_owned(),
    });
    browser
}

/// The state that the browser was sent to GitHub with.
fn begun(browser: &mut Browser, return_to: &str) -> String {
    let answer = browser.get(&format!("/dashboard/sign-in/github{return_to}"));
    assert_eq!(answer.status, 303, "{}", text(&answer));
    let address = header_of(&answer, &header::LOCATION).unwrap();
    let query = address
        .strip_prefix("https://github.com/login/oauth/authorize?")
        .expect(address);
    crate::form::field(query.as_bytes(), "state").unwrap()
}

fn signed_in() -> Browser {
    let mut browser = browser();
    let state = begun(&mut browser, "");
    let answer = browser.get(&format!("{BACK}?code=good&state={state}"));
    assert_eq!(answer.status, 303, "{}", text(&answer));
    browser
}

#[test]
fn somebody_comes_from_a_page_goes_to_github_and_comes_back_to_the_page() {
    let mut browser = browser();
    let asked_for = browser.get("/dashboard/previews?phase=waiting");
    let form = header_of(&asked_for, &header::LOCATION).unwrap().to_owned();
    let page = text(&browser.get(&form));
    let (_, link) = page
        .split_once("<a class=\"button\" href=\"")
        .expect("a way");
    let link = link.split('"').next().unwrap().to_owned();
    assert!(page.contains("Sign in with GitHub"));
    let before = browser.cookie.clone();
    let state = begun(
        &mut browser,
        link.trim_start_matches("/dashboard/sign-in/github"),
    );
    let pending = browser
        .pending
        .clone()
        .expect("it keeps what must come back");
    assert!(!pending.contains(&state), "sealed");
    let answer = browser.get(&format!("{BACK}?code=good&state={state}"));
    let to = header_of(&answer, &header::LOCATION);
    assert_eq!(to, Some("/dashboard/previews?phase=waiting"));
    assert_eq!(browser.pending, None, "used up");
    assert_ne!(browser.cookie, before, "a new session begins");
    let asked = browser.dashboard.http.by_github.borrow().clone();
    assert_eq!(
        asked,
        [format!("sign-in good https://slipway.example.com{BACK}")]
    );
    let page = text(&browser.get("/"));
    assert!(
        page.contains("ada (GitHub)"),
        "the page says who is signed in"
    );
    let again = browser.get("/dashboard/sign-in/github?return_to=/dashboard/audit");
    let there = header_of(&again, &header::LOCATION);
    assert_eq!(there, Some("/dashboard/audit"), "already signed in");
}

#[test]
fn what_was_not_begun_here_or_is_over_or_forged_signs_nobody_in() {
    let told = |prepare: &dyn Fn(&mut Browser, &str) -> String| {
        let mut browser = browser();
        let state = begun(&mut browser, "");
        let query = prepare(&mut browser, &state);
        let answer = browser.get(&format!("{BACK}?{query}"));
        assert_eq!(answer.status, 403, "{query}");
        assert_eq!(browser.pending, None, "whatever comes uses it up");
        assert_eq!(browser.get("/").status, 303, "nobody signed in: {query}");
        let asked = browser.dashboard.http.by_github.borrow().len();
        assert_eq!(asked, 0, "nobody was asked about {query}");
        said(&answer).lines().nth(1).unwrap().to_owned()
    };
    let good = |state: &str| format!("code=good&state={state}");
    for refused in [
        told(&|_, _| "code=good".to_owned()),
        told(&|_, _| "code=good&state=".to_owned()),
        told(&|_, state| good(&state.replace(&state[..4], "AAAA"))),
        told(&|other, state| {
            other.pending = None;
            good(state)
        }),
        told(&|other, state| {
            begun(other, "");
            good(state)
        }),
        told(&|later, state| {
            later.dashboard.clock.0.set(NOW + 600_001);
            good(state)
        }),
        told(&|other, state| {
            let session = other.get("/dashboard/sign-in");
            drop(session);
            let cookie = other.cookie.clone().unwrap();
            let sealed = cookie.split_once('=').unwrap().1;
            other.pending = Some(format!("__Host-slipway-sign-in={sealed}"));
            good(state)
        }),
    ] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(refused, @"This was not begun in this browser, or more than ten minutes ago. Begin again.");
        }
    }
    let denied = told(&|_, state| format!("error=access_denied&state={state}"));
    insta::assert_snapshot!(denied, @"At GitHub it was not allowed, so nobody signed in.");
    let strange = told(&|_, state| format!("error=Call+0800+1234&state={state}"));
    insta::assert_snapshot!(strange, @"GitHub refused, so nobody signed in. Try again.");
}

#[test]
fn an_answer_of_githubs_is_good_once_in_the_browser() {
    let mut browser = browser();
    let state = begun(&mut browser, "");
    let back = format!("{BACK}?code=good&state={state}");
    assert_eq!(browser.get(&back).status, 303);
    let signed_in = browser.cookie.clone();
    let again = browser.get(&back);
    assert_eq!(again.status, 403);
    assert_eq!(browser.dashboard.http.by_github.borrow().len(), 1);
    assert_eq!(browser.cookie, signed_in, "a replay changes nothing");
}

#[test]
fn no_other_site_signs_anybody_out_or_in() {
    let mut browser = signed_in();
    let signed_in = browser.cookie.clone();
    for link in [
        format!("{BACK}?code=evil&state=evil"),
        format!("{BACK}?error=access_denied"),
        BACK.to_owned(),
        "/dashboard/sign-in".to_owned(),
        "/dashboard/sign-in/github".to_owned(),
    ] {
        let answer = browser.get(&link);
        assert!(
            [303, 403].contains(&answer.status.as_u16()),
            "{link}: {}",
            answer.status
        );
        assert_eq!(browser.cookie, signed_in, "{link}");
        assert_eq!(browser.get("/").status, 200, "still signed in: {link}");
    }
    assert_eq!(browser.get("/dashboard/sign-out").status, 405);
    for form in ["", "csrf=", "csrf=guessed"] {
        assert_eq!(browser.post("/dashboard/sign-out", form).status, 403);
        assert_eq!(browser.cookie, signed_in, "{form}");
    }
    // What another site posts comes without the cookie, and an answer to it may set one.
    let kept = browser.cookie.take();
    browser.site = "cross-site";
    let forged = browser.post("/dashboard/sign-in", "token=theirs");
    assert_eq!(forged.status, 403);
    assert_eq!(browser.cookie, None, "nothing is set");
    browser.site = "same-origin";
    browser.cookie = kept;
    assert_eq!(browser.get("/").status, 200);
    let asked = browser.dashboard.http.by_github.borrow().len();
    assert_eq!(asked, 1, "nobody was signed in or out");
}

#[test]
fn what_github_or_the_limit_refuses_is_told_on_the_page() {
    let mut browser = browser();
    let state = begun(&mut browser, "");
    let refused = browser.get(&format!("{BACK}?code=bad&state={state}"));
    assert_eq!(refused.status, 403);
    assert!(said(&refused).contains("bad_verification_code"));
    let state = begun(&mut browser, "");
    let refused = browser.get(&format!("{BACK}?code=many&state={state}"));
    assert_eq!(refused.status, 429);
    assert_eq!(header_of(&refused, &header::RETRY_AFTER), Some("17"));
}

#[test]
fn signing_out_ends_the_pass_and_a_session_ends_with_it_at_the_latest() {
    let mut browser = signed_in();
    let csrf = csrf_of(&browser.get("/"));
    let stolen = browser.cookie.clone();
    assert_eq!(
        browser
            .post("/dashboard/sign-out", &format!("csrf={csrf}"))
            .status,
        303
    );
    assert_eq!(browser.cookie, None);
    let asked = browser.dashboard.http.by_github.borrow().last().cloned();
    assert_eq!(asked.as_deref(), Some("sign-out github.pass"));
    browser.cookie = stolen;
    browser.dashboard.clock.0.set(NOW + 8 * 3_600_000);
    assert_eq!(browser.get("/").status, 303);
}

#[test]
fn forms_are_shown_where_the_permission_allows_what_they_do() {
    let mut browser = signed_in();
    let preview = text(&browser.get("/dashboard/previews/42/7"));
    assert!(preview.contains("/retry"), "a deployer in the repository");
    let repositories = text(&browser.get("/dashboard/repositories"));
    assert!(repositories.contains("/survey") && !repositories.contains("/allow-removals\""));
    let installations = text(&browser.get("/dashboard/installations"));
    assert!(
        !installations.contains("/allow-losses\""),
        "that takes a token"
    );
}

#[test]
fn without_the_apps_client_id_there_is_no_way_to_github() {
    let mut browser = Browser::new();
    assert!(!text(&browser.get("/dashboard/sign-in")).contains("GitHub"));
    assert_eq!(browser.get("/dashboard/sign-in/github").status, 404);
    assert_eq!(
        browser.get(&format!("{BACK}?code=good&state=x")).status,
        404
    );
    let mut nowhere = self::browser();
    nowhere.dashboard.public_url = None;
    let told = nowhere.get("/dashboard/sign-in/github");
    assert_eq!(told.status, 503);
    assert!(said(&told).contains("public_url is not set"));
}

#[test]
fn a_pass_is_no_token_to_sign_in_with() {
    let mut browser = browser();
    let csrf = csrf_of(&browser.get("/dashboard/sign-in"));
    let form = format!("csrf={csrf}&token=github.pass");
    assert_eq!(browser.post("/dashboard/sign-in", &form).status, 403);
}

#[test]
fn a_token_leads_to_the_page_that_was_asked_for_and_to_no_other_host() {
    for (return_to, expected) in [
        ("%2Fdashboard%2Faudit", "/dashboard/audit"),
        ("https:%2F%2Fevil.example", "/"),
        ("%2F%2Fevil.example", "/"),
    ] {
        let mut browser = Browser::new();
        let csrf = csrf_of(&browser.get("/dashboard/sign-in"));
        let form = format!("csrf={csrf}&token=viewer&return_to={return_to}");
        let answer = browser.post("/dashboard/sign-in", &form);
        assert_eq!(header_of(&answer, &header::LOCATION), Some(expected));
    }
}
