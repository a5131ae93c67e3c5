//! Stories of who registers and installs the App, with a GitHub that answers what a test says.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use domain::Timestamp;
use futures::executor::block_on;
use http::{HeaderMap, Method};
use ports::{HttpError, Label, Level, Request, Response, memory::MemoryStore};
use vendors::github::{Client, Credentials};

use super::*;

const KEY: &str = include_str!("../../vendors/src/github/app/testdata/pkcs1.pem");
const CONVERTED: &str = r#"{"id":77,"slug":"slipway-acme","client_id":"Iv1","client_secret":"client-secret-1","webhook_secret":"wh-secret-1",
    "pem":"-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\n","html_url":"https://github.com/apps/slipway-acme"}"#;

/// A GitHub that answers the same to everything, and remembers what it was asked; and the status of the dashboard's form.
struct Answering(u16, &'static str, RefCell<Vec<String>>, Cell<u16>);

impl Http for Answering {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let (status, body) = if request.url.starts_with("http://dashboard.spin.internal/") {
            (self.3.get(), "")
        } else {
            let line = format!("{} {}", request.method, request.url);
            self.2.borrow_mut().push(line);
            (self.0, self.1)
        };
        Ok(Response {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec(),
        })
    }
}

#[derive(Default)]
struct Hand(Cell<i64>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_milliseconds(self.0.get())
    }

    async fn sleep(&self, _duration: Duration) {}
}

#[derive(Default)]
struct Lines(RefCell<String>);

impl Log for Lines {
    fn write(&self, _level: Level, message: &str, fields: &[(&str, serde_json::Value)]) {
        let line = format!("{message} {fields:?}\n");
        self.0.borrow_mut().push_str(&line);
    }
}

struct Story {
    github: Answering,
    clock: Hand,
    log: Lines,
    store: MemoryStore,
    settings: Settings,
}

impl Story {
    fn new(status: u16, body: &'static str) -> Self {
        let set = |text: &str| Some(text.to_owned());
        Self {
            github: Answering(status, body, RefCell::default(), Cell::new(503)),
            clock: Hand::default(),
            log: Lines::default(),
            store: MemoryStore::default(),
            settings: Settings {
                reconcile_token: set("reconcile-me"),
                public_url: set("https://slipway.example.com"),
                github_url: set("https://github.com"),
                github_api_url: set("https://api.github.com"),
                is_app: false,
            },
        }
    }

    fn an_app(mut self) -> Self {
        self.settings.is_app = true;
        self
    }

    fn asks(&self, method: &Method, target: &str, cookie: &str, form: &str) -> Reply {
        let ports = Ports {
            http: &self.github,
            clock: &self.clock,
            store: &self.store,
            log: &self.log,
        };
        let credentials = Credentials::of(Some("77"), Some(KEY), None);
        let app = Client::new(
            &self.github,
            &self.clock,
            &self.store,
            "https://api.github.com",
            &credentials,
        );
        let app = Some(&app).filter(|_| self.settings.is_app);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let asked = Asked {
            method,
            path,
            query,
            cookie,
            form: form.as_bytes(),
        };
        block_on(answer(&ports, app, &self.settings, asked, &[7; 16]))
    }

    fn gets(&self, target: &str) -> Reply {
        self.asks(&Method::GET, target, "", "")
    }

    /// The page with the manifest, the state in it, and the cookie.
    fn confirmed(&self, form: &str) -> (Reply, String, String) {
        let reply = self.asks(&Method::POST, "/setup", "", form);
        let state = between(&reply.body, "?state=", "\"").to_owned();
        let cookie = header_of(&reply, "set-cookie");
        let cookie = between(&cookie, "=", ";").to_owned();
        (reply, state, cookie)
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).map_or("", |(_, rest)| rest);
    rest.split_once(after).map_or("", |(found, _)| found)
}

fn header_of(reply: &Reply, name: &str) -> String {
    let found = reply.headers.iter().find(|(known, _)| known == name);
    found.map_or_else(String::new, |(_, value)| value.to_str().unwrap().to_owned())
}

#[test]
fn the_registration_asks_for_the_token_and_posts_the_manifest_to_github() {
    let story = Story::new(500, "");
    let first = story.gets("/setup");
    assert_eq!(first.status, 200);
    assert!(!first.body.contains("manifest"), "nothing before the token");
    let wrong = story.asks(
        &Method::POST,
        "/setup",
        "",
        "token=reconcile-you&name=Slipway",
    );
    assert_eq!(wrong.status, 401);
    let (reply, state, cookie) =
        story.confirmed("token=reconcile-me&name=Our+%3CSlipway%3E&organization=acme");
    assert_eq!(reply.status, 200);
    assert!(!state.is_empty() && cookie.len() == 32, "{state} {cookie}");
    assert_eq!(
        between(&reply.body, "action=\"", "?state="),
        "https://github.com/organizations/acme/settings/apps/new"
    );
    let manifest = between(&reply.body, "name=\"manifest\" value=\"", "\"");
    let manifest = manifest
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">");
    insta::assert_snapshot!(manifest, @r#"{"name":"Our <Slipway>","url":"https://slipway.example.com","description":"Previews of pull requests, and one comment that says where they are.","public":false,"hook_attributes":{"url":"https://slipway.example.com/webhooks/github","active":true},"redirect_url":"https://slipway.example.com/setup/created","setup_url":"https://slipway.example.com/api/github/setup","setup_on_update":true,"callback_urls":["https://slipway.example.com/dashboard/sign-in/github/callback"],"default_permissions":{"actions":"write","checks":"write","contents":"read","deployments":"write","issues":"read","metadata":"read","pull_requests":"write"},"default_events":["check_run","deployment_protection_rule","installation_target","issue_comment","pull_request","push","repository","workflow_run"]}"#);
    insta::assert_snapshot!(header_of(&reply, "content-security-policy"), @"default-src 'none'; style-src 'self'; img-src 'self'; form-action https://github.com; base-uri 'none'; frame-ancestors 'none'");
    insta::assert_snapshot!(header_of(&reply, "set-cookie"), @"slipway_setup=07070707070707070707070707070707; Path=/setup; Max-Age=3600; HttpOnly; SameSite=Lax; Secure");
    assert_eq!(header_of(&reply, "cache-control"), "no-store");
    assert!(
        story.github.2.borrow().is_empty(),
        "GitHub was asked for nothing"
    );
}

#[test]
fn github_gives_the_keys_to_the_browser_that_began_and_they_are_kept_nowhere() {
    let story = Story::new(201, CONVERTED);
    let (_, state, cookie) = story.confirmed("token=reconcile-me&name=Slipway");
    let target = format!("/setup/created?code=c0de&state={state}");
    for (other, cookie) in [
        (target.as_str(), ""),
        (target.as_str(), "00000000000000000000000000000000"),
        ("/setup/created?code=c0de", cookie.as_str()),
        ("/setup/created?code=c0de&state=9.aa", cookie.as_str()),
    ] {
        assert_eq!(
            story.asks(&Method::GET, other, cookie, "").status,
            400,
            "{other}"
        );
    }
    assert!(story.github.2.borrow().is_empty(), "no code was given away");
    let shown = story.asks(&Method::GET, &target, &cookie, "");
    assert_eq!(shown.status, 200);
    assert_eq!(
        *story.github.2.borrow(),
        ["POST https://api.github.com/app-manifests/c0de/conversions"]
    );
    let variables = between(&shown.body, "<pre>", "</pre>").replace("&#39;", "'");
    insta::assert_snapshot!(variables, @"
    SPIN_VARIABLE_GITHUB_APP_ID='77'
    SPIN_VARIABLE_GITHUB_APP_PRIVATE_KEY='LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpNSUkKLS0tLS1FTkQgUlNBIFBSSVZBVEUgS0VZLS0tLS0K'
    SPIN_VARIABLE_GITHUB_WEBHOOK_SECRETS='wh-secret-1'
    SPIN_VARIABLE_GITHUB_APP_CLIENT_ID='Iv1'
    SPIN_VARIABLE_GITHUB_APP_CLIENT_SECRET='client-secret-1'
    ");
    assert_eq!(header_of(&shown, "cache-control"), "no-store");
    assert!(
        block_on(Store::keys(&story.store, Label::Default))
            .unwrap()
            .is_empty()
    );
    let log = story.log.0.borrow();
    for secret in [
        "MII",
        "wh-secret",
        "client-secret-1",
        "reconcile-me",
        "c0de",
    ] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
    story.clock.0.set(3_600_001);
    assert_eq!(
        story.asks(&Method::GET, &target, &cookie, "").status,
        400,
        "an hour later"
    );
}

#[test]
fn a_code_that_github_does_not_take_is_told_without_it() {
    let story = Story::new(404, r#"{"message":"Not Found"}"#);
    let (_, state, cookie) = story.confirmed("token=reconcile-me&name=Slipway");
    for code in ["c0de1234", "..%2F..%2Fapp", ""] {
        let target = format!("/setup/created?code={code}&state={state}");
        let reply = story.asks(&Method::GET, &target, &cookie, "");
        assert_eq!(reply.status, 502, "{code}");
        assert!(!reply.body.contains("c0de1234"), "{}", reply.body);
    }
    assert_eq!(
        story.github.2.borrow().len(),
        1,
        "only a code goes into a path"
    );
}

#[test]
fn the_registration_is_closed_once_slipway_is_an_app_and_says_what_is_missing_before() {
    let story = Story::new(201, CONVERTED).an_app();
    for (method, target) in [
        (Method::GET, "/setup"),
        (Method::POST, "/setup"),
        (Method::GET, "/setup/created?code=c0de&state=1.aa"),
    ] {
        let reply = story.asks(&method, target, "", "token=reconcile-me&name=Slipway");
        assert_eq!(reply.status, 404, "{target}");
    }
    let mut story = Story::new(500, "");
    story.settings.public_url = None;
    let reply = story.gets("/setup");
    assert_eq!(reply.status, 503);
    assert!(reply.body.contains("public_url"), "{}", reply.body);
    story.settings.reconcile_token = None;
    let reply = story.asks(&Method::POST, "/setup", "", "token=&name=Slipway");
    assert_eq!(reply.status, 503, "an empty token is none");
    assert_eq!(story.asks(&Method::DELETE, "/setup", "", "").status, 405);
}

fn noted(story: &Story) -> usize {
    let keys = block_on(Store::keys(&story.store, Label::Queue)).unwrap();
    keys.iter()
        .filter(|key| key.starts_with("mail/installation/5/"))
        .count()
}

#[test]
fn an_installation_is_noted_if_github_knows_it_whoever_says_so() {
    let story = Story::new(200, r#"{"id":5}"#).an_app();
    let reply = story.gets("/api/github/setup?installation_id=5&setup_action=install");
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(noted(&story), 1);
    let story = Story::new(404, r#"{"message":"Not Found"}"#).an_app();
    assert_eq!(
        story.gets("/api/github/setup?installation_id=5").status,
        404
    );
    assert_eq!(noted(&story), 0);
    for (query, status) in [
        ("", 400),
        ("?installation_id=five", 400),
        ("?setup_action=request", 200),
        ("?installation_id=5&state=9.aa", 400),
    ] {
        let reply = story.gets(&format!("/api/github/setup{query}"));
        assert_eq!(reply.status, status, "{query}");
    }
    assert_eq!(story.github.2.borrow().len(), 1);
    let nobody = Story::new(200, "{}");
    assert_eq!(
        nobody.gets("/api/github/setup?installation_id=5").status,
        503
    );
}

#[test]
fn whoever_comes_back_from_installing_is_led_to_the_dashboard_if_there_is_one() {
    let story = Story::new(200, r#"{"id":5}"#).an_app();
    story.github.3.set(200);
    let reply = story.gets("/api/github/setup?installation_id=5&setup_action=install");
    assert_eq!(reply.status, 303, "{}", reply.body);
    assert_eq!(
        header_of(&reply, "location"),
        "/dashboard/installations?done=installed"
    );
    assert_eq!(noted(&story), 1);
    let forged = story.gets("/api/github/setup?installation_id=5&state=9.aa");
    assert_eq!(forged.status, 400, "what is to be checked is checked first");
    let unknown = Story::new(404, r#"{"message":"Not Found"}"#).an_app();
    unknown.github.3.set(200);
    let reply = unknown.gets("/api/github/setup?installation_id=5");
    assert_eq!(reply.status, 404, "nobody is led anywhere by a number");
}

#[test]
fn a_link_that_slipway_made_comes_back_with_its_state() {
    let story = Story::new(201, CONVERTED);
    let (_, state, cookie) = story.confirmed("token=reconcile-me&name=Slipway");
    let target = format!("/setup/created?code=c0de&state={state}");
    let shown = story.asks(&Method::GET, &target, &cookie, "");
    let install = between(&shown.body, "/installations/new?state=", "\"").to_owned();
    let story = Story::new(200, r#"{"id":5}"#).an_app();
    let back = |state: &str| {
        let target =
            format!("/api/github/setup?installation_id=5&setup_action=install&state={state}");
        story.gets(&target).status
    };
    assert_eq!(back(&install), 200);
    assert_eq!(back(&state), 400, "that one was for the registration");
}

#[test]
fn whoever_guesses_numbers_uses_nothing_up() {
    let story = Story::new(404, r#"{"message":"Not Found"}"#).an_app();
    for number in 0..40 {
        story.gets(&format!("/api/github/setup?installation_id={number}"));
    }
    assert_eq!(story.github.2.borrow().len(), 20);
    story.clock.0.set(60_000);
    assert_eq!(
        story.gets("/api/github/setup?installation_id=5").status,
        404
    );
    let keys = block_on(Store::keys(&story.store, Label::Default)).unwrap();
    assert_eq!(
        keys.len(),
        2,
        "the counter of the minute before is gone: {keys:?}"
    );
}
