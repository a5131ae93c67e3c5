//! Visits of a browser, over an API that answers from memory.

mod github;
mod operations;
mod pages;
mod releases;
mod visits;
mod work;

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use domain::Timestamp;
use futures::executor::block_on;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use ports::{Clock, Http, HttpError, Request, Response};
use serde_json::{Value, json};

use crate::{Answer, Asked, Dashboard, SessionKey};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const NOW: i64 = 1_795_257_067_000;

/// The API: every token is the name of its role, and what was done is kept.
#[derive(Default)]
struct Api {
    done: RefCell<Vec<String>>,
    /// What was said beside it.
    bodies: RefCell<Vec<String>>,
    /// What is answered instead of nothing special.
    preview: RefCell<Option<Value>>,
    environment: RefCell<Option<Value>>,
    /// Who tried to sign in.
    tries: RefCell<Vec<String>>,
    /// What `people` was asked about who signs in by GitHub.
    by_github: RefCell<Vec<String>>,
}

/// So many tries are taken.
const TRIES_MAX: usize = 3;

impl Api {
    /// The component that counts tries and signs people in by GitHub.
    fn people(&self, request: &Request) -> Response {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        if !request.url.ends_with("/attempt") {
            return self.by_github(request, &body);
        }
        let client = body["client"].as_str().unwrap().to_owned();
        let mut tries = self.tries.borrow_mut();
        tries.push(client);
        let (status, wait) = if tries.len() > TRIES_MAX {
            (StatusCode::TOO_MANY_REQUESTS, Some(HeaderValue::from(17)))
        } else {
            (StatusCode::OK, None)
        };
        Response {
            status,
            headers: wait
                .into_iter()
                .map(|wait| (header::RETRY_AFTER, wait))
                .collect(),
            body: b"null".to_vec(),
        }
    }

    fn answer(&self, method: &Method, path: &str, role: &str) -> (u16, Value) {
        if *method == Method::POST {
            let allowed = match path.rsplit('/').next() {
                Some("allow-removals" | "allow-losses") => role == "admin",
                Some(_) | None => matches!(role, "deployer" | "admin"),
            };
            if !allowed {
                return problem(403, "this needs another role");
            }
            self.done.borrow_mut().push(format!("{role}: {path}"));
            return (202, json!({ "outcome": "noted" }));
        }
        if path == "/me" && role == "github.pass" {
            let roles = json!([{ "id": 42, "role": "deployer" }]);
            return (
                200,
                json!({ "name": "ada", "role": "deployer", "repositories": roles }),
            );
        }
        if path == "/me" {
            return (200, json!({ "name": "ada", "role": role }));
        }
        if role == "worker" {
            return problem(
                403,
                "this needs the role viewer, and the token has the role worker",
            );
        }
        let environment = self.environment.borrow().clone();
        let environment = environment.unwrap_or_else(releases::production);
        let preview = self.preview.borrow().clone().unwrap_or_else(preview);
        match path.split('?').next().unwrap_or_default() {
            "/overview" => (200, overview()),
            "/repositories/42/operations" => (200, operations::known()),
            "/operations" => (200, operations::started()),
            "/previews" if path.contains("attention=in-hand") => {
                (200, json!({ "previews": [], "next": null }))
            }
            "/previews" => (200, json!({ "previews": [preview], "next": "42.7" })),
            "/previews/42/7" => (200, preview),
            "/environments" => {
                let environments = [environment, releases::staging()];
                (200, json!({ "environments": environments, "next": null }))
            }
            "/environments/42/web/production" => (200, environment),
            "/decisions" => (200, work::decisions()),
            "/builds" => (200, work::builds()),
            "/vendors" => (200, work::vendors()),
            "/releases" if path.contains("phase=waiting-for-approval") => {
                let waiting = [environment["waiting"][0].clone()];
                (200, json!({ "releases": waiting, "next": null }))
            }
            "/releases" => (200, releases::releases()),
            "/releases/42/web/production/5c1d7e4b8a60359f2c1d7e4b8a60359f2c1d7e4b-10-1" => {
                (200, environment["last"].clone())
            }
            "/deliveries/dead-1" => (200, delivery()),
            "/installations" => (200, releases::installations()),
            "/deliveries" => (200, json!({ "deliveries": [delivery()], "next": null })),
            "/audit" => (200, json!({ "acts": acts(), "next": null })),
            "/repositories" => (200, json!({ "repositories": [repository()], "next": null })),
            _ => problem(404, "no preview/42/8 is known"),
        }
    }
}

/// What people did, and tried to.
fn acts() -> Value {
    json!([
        {
            "at": "2026-11-21T10:21:07Z", "by": "grace", "via": "comment", "act": "rollback",
            "on": "release/42/web/production", "repository_id": 42,
            "said": "/rollback production 1 <b>coins</b> are free", "outcome": "allowed", "reason": null,
        },
        {
            "at": "2026-11-21T09:31:07Z", "by": "ada", "via": "dashboard", "act": "allow-losses",
            "on": "installation/99", "repository_id": null, "said": null, "outcome": "refused",
            "reason": "this needs the role admin, and the token has the role deployer",
        },
    ])
}

fn problem(status: u16, detail: &str) -> (u16, Value) {
    let body = json!({ "type": "about:blank", "title": "", "status": status, "detail": detail });
    (status, body)
}

impl Http for Api {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        if request.url.starts_with("http://people.spin.internal/") {
            return Ok(self.people(&request));
        }
        let path = request
            .url
            .strip_prefix("http://api.spin.internal/api/v1")
            .unwrap();
        let bearer = request.headers[header::AUTHORIZATION].to_str().unwrap();
        let role = bearer.strip_prefix("Bearer ").unwrap();
        let known = ["viewer", "worker", "deployer", "admin", "github.pass"].contains(&role);
        if request.method == Method::POST && !request.body.is_empty() {
            assert_eq!(request.headers[header::CONTENT_TYPE], "application/json");
            let body = String::from_utf8(request.body).unwrap();
            self.bodies.borrow_mut().push(body);
        }
        let (status, body) = if known {
            self.answer(&request.method, path, role)
        } else {
            problem(401, "expected a token")
        };
        Ok(Response {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: serde_json::to_vec(&body).unwrap(),
        })
    }
}

struct Still(Cell<i64>);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_milliseconds(self.0.get())
    }

    async fn sleep(&self, _duration: Duration) {}
}

/// A browser at the dashboard.
struct Browser {
    dashboard: Dashboard<Api, Still>,
    host: &'static str,
    cookie: Option<String>,
    /// What it keeps while it is at GitHub.
    pending: Option<String>,
    site: &'static str,
}

impl Browser {
    fn new() -> Self {
        Self {
            dashboard: Dashboard {
                http: Api::default(),
                clock: Still(Cell::new(NOW)),
                public_url: None,
                client_address_header: None,
                github: None,
                key: SessionKey::of(SECRET),
            },
            host: "slipway.example.com",
            cookie: None,
            pending: None,
            site: "same-origin",
        }
    }

    /// One that signed in with the token `role`.
    fn signed_in(role: &str) -> Self {
        let mut browser = Self::new();
        let csrf = csrf_of(&browser.get("/dashboard/sign-in"));
        let answer = browser.post("/dashboard/sign-in", &format!("csrf={csrf}&token={role}"));
        assert_eq!(answer.status, 303, "{}", text(&answer));
        browser
    }

    fn get(&mut self, uri: &str) -> Answer {
        self.ask(&Method::GET, uri, "", None)
    }

    fn post(&mut self, uri: &str, form: &str) -> Answer {
        self.ask(&Method::POST, uri, form, None)
    }

    fn ask(
        &mut self,
        method: &Method,
        uri: &str,
        form: &str,
        known: Option<&HeaderValue>,
    ) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(self.host));
        if *method == Method::POST {
            headers.insert("sec-fetch-site", HeaderValue::from_static(self.site));
        }
        let cookies: Vec<&str> = [&self.cookie, &self.pending]
            .into_iter()
            .filter_map(|cookie| cookie.as_deref())
            .collect();
        if !cookies.is_empty() {
            headers.insert(header::COOKIE, cookies.join("; ").parse().unwrap());
        }
        if let Some(known) = known {
            headers.insert(header::IF_NONE_MATCH, known.clone());
        }
        let (path, query) = uri
            .split_once('?')
            .map_or((uri, None), |(path, query)| (path, Some(query)));
        let asked = Asked {
            method,
            path,
            query,
            headers: &headers,
            body: form.as_bytes(),
        };
        let answer = block_on(self.dashboard.answer(asked));
        for (_, set) in answer
            .headers
            .iter()
            .filter(|(name, _)| *name == header::SET_COOKIE)
        {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let kept = if pair.starts_with("__Host-slipway-sign-in=") {
                &mut self.pending
            } else {
                &mut self.cookie
            };
            *kept = (!pair.ends_with('=')).then(|| pair.to_owned());
        }
        answer
    }

    fn done(&self) -> Vec<String> {
        self.dashboard.http.done.borrow().clone()
    }
}

fn header_of<'a>(answer: &'a Answer, name: &header::HeaderName) -> Option<&'a str> {
    let found = answer.headers.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.to_str().unwrap())
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

/// The token of the first form on a page.
fn csrf_of(answer: &Answer) -> String {
    let page = text(answer);
    let (_, rest) = page.split_once("name=\"csrf\" value=\"").expect("a form");
    rest.split('"').next().unwrap().to_owned()
}

/// What a page says, a line for each element with text, without its tags.
fn said(answer: &Answer) -> String {
    let page = text(answer);
    let (_, main) = page.split_once("<main").expect("a main part");
    let (main, _) = main.split_once("</main>").unwrap();
    let mut lines = vec![String::new()];
    for part in main.split('<').skip(1) {
        let (tag, words) = part.split_once('>').unwrap();
        let is_inline = [
            "span", "/span", "strong", "/strong", "time", "/time", "code", "/code", "a ", "/a",
        ]
        .iter()
        .any(|inline| tag.starts_with(inline));
        if !is_inline {
            lines.push(String::new());
        }
        lines.last_mut().unwrap().push_str(words);
    }
    lines.retain(|line| !line.trim().is_empty());
    lines.join("\n")
}

fn overview() -> Value {
    json!({
        "vendors_paused": [{
            "vendor": "Coolify", "since": "2026-11-21T10:11:07Z", "until": "2026-11-21T10:33:07Z",
            "last_error": "it answered 502",
        }],
        "environments": 2, "previews": 12, "repositories": 2, "previews_in_hand": 3,
        "deliveries": { "pending": 1, "done": 340, "dead": 2 },
    })
}

fn delivery() -> Value {
    json!({
        "guid": "dead-1", "event": "pull_request", "action": "opened", "repository_id": 42, "status": "dead",
        "attempts": 8, "received_at": "2026-11-21T07:12:03Z", "next_attempt_at": null,
        "finished_at": "2026-11-21T10:31:07Z", "last_error": "pull-request answered 422: head.sha is missing",
    })
}

fn preview() -> Value {
    json!({
        "repository_id": 42, "number": 7, "repository": "acme/shop", "phase": "failed",
        "pull_request": {
            "title": "Add a cart", "author": "ada", "state": "open", "draft": false, "branch": "feature/cart",
            "commit": "9f2c1d7e4b8a6035c1d7e4b8a60359f2c1d7e4b8", "updated_at": "2026-11-21T10:20:58Z",
        },
        "build": { "name": "CI", "url": "https://github.com/acme/shop/actions/runs/10", "progress": "succeeded" },
        "services": [{
            "service": "web", "application": "web-app", "phase": "failed",
            "reason": "started, and not healthy: 503 Service Unavailable", "url": "https://7.preview.example.com",
            "commit": "9f2c1d7e4b8a6035c1d7e4b8a60359f2c1d7e4b8", "deployment": "d1",
            "last_answer": "503 Service Unavailable", "trouble": null,
        }],
        "configuration_problem": null,
        "troubles": [{
            "what": "writing the comment", "reason": "GitHub answered 502", "failures": 2,
            "next_try_at": "2026-11-21T10:33:15Z", "given_up": false,
        }],
        "next_look_at": "2026-11-21T10:33:12Z",
        "timeline": [
            { "at": "2026-11-21T10:20:59Z", "what": "the head commit 9f2c1d7 became known" },
            { "at": "2026-11-21T10:25:02Z", "what": "web: Coolify started the container" },
        ],
    })
}

fn repository() -> Value {
    json!({
        "id": 42, "name": "acme/shop",
        "last_survey": { "at": "2026-11-21T10:25:00Z", "open": 0, "deployed": 4, "news": 0, "gone": 0, "dry": false },
        "trouble": null,
        "held_back": {
            "previews": [1, 2, 3, 4],
            "reason": "GitHub lists no open pull request at all, and 4 previews would be removed",
            "since": "2026-11-21T08:15:00Z",
        },
    })
}

#[test]
fn behind_a_proxy_that_asks_in_this_machines_name_the_cookie_is_secure_if_people_come_by_tls() {
    for (public_url, host, secure) in [
        (Some("https://slipway.example.com"), "127.0.0.1:3000", true),
        (None, "slipway.example.com", true),
        (Some("http://localhost:3000"), "localhost:3000", false),
        (None, "127.0.0.1:3000", false),
    ] {
        let mut browser = Browser::new();
        browser.dashboard.public_url = public_url.map(str::to_owned);
        browser.host = host;
        let answer = browser.get("/dashboard/sign-in");
        let cookie = header_of(&answer, &header::SET_COOKIE).expect("a cookie");
        assert_eq!(
            (cookie.contains("; Secure"), cookie.starts_with("__Host-")),
            (secure, secure),
            "{public_url:?} {host}: {cookie}"
        );
    }
}
