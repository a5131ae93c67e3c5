//! People who come back from GitHub, over a GitHub that answers from memory.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use domain::Timestamp;
use futures::executor::block_on;
use http::HeaderMap;
use ports::{HttpError, Label, NoLog, Request, Response, memory::MemoryStore};
use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_795_257_000_000;

/// Who has the token `ghu_<login>` may see one repository, unless they are `eve`, until it is taken back.
#[derive(Default)]
struct GitHub {
    asked: RefCell<Vec<String>>,
    ended: Cell<bool>,
    asleep: Cell<bool>,
}

impl GitHub {
    fn answer(&self, request: &Request) -> (u16, Value) {
        let (_, path) = request.url.split_once(".example").unwrap();
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let bearer = request.headers.get(header::AUTHORIZATION);
        let bearer = bearer
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let login = bearer.trim_start_matches("Bearer ghu_");
        if self.asleep.get() {
            return (502, json!({ "message": "asleep" }));
        }
        if bearer.starts_with("Bearer ") && self.ended.get() {
            return (401, json!({ "message": "Bad credentials" }));
        }
        match path.split('?').next().unwrap() {
            "/login/oauth/access_token" => match body.split_once("code=") {
                Some((_, rest)) if !rest.starts_with("bad") => {
                    let login = rest.split('&').next().unwrap();
                    let token = format!("ghu_{login}");
                    (
                        200,
                        json!({ "access_token": token, "expires_in": 3_600, "refresh_token": "ghr_1" }),
                    )
                }
                _ => (
                    200,
                    json!({ "error": "bad_verification_code", "error_description": "The code passed is incorrect or expired." }),
                ),
            },
            "/user" => (200, json!({ "id": 7, "login": login })),
            "/user/installations" if login == "eve" => (200, json!({ "installations": [] })),
            "/user/installations" => (
                200,
                json!({ "installations": [{ "id": 99 }, { "id": 98, "suspended_at": "2026-01-01T00:00:00Z" }] }),
            ),
            "/user/installations/99/repositories" => {
                let permissions = json!({ "pull": true, "push": true });
                (
                    200,
                    json!({ "repositories": [{ "id": 42, "permissions": permissions }, { "id": 43 }] }),
                )
            }
            "/applications/Iv23/token" => (204, Value::Null),
            other => panic!("{other}"),
        }
    }
}

impl Http for &GitHub {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let (status, body) = self.answer(&request);
        let line = format!("{} {}", request.method, request.url);
        self.asked.borrow_mut().push(line);
        Ok(Response {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: serde_json::to_vec(&body).unwrap(),
        })
    }
}

struct Still<'a>(&'a Cell<i64>);

impl Clock for Still<'_> {
    fn now(&self) -> Timestamp {
        Timestamp::from_milliseconds(self.0.get())
    }

    async fn sleep(&self, _duration: Duration) {}
}

/// The component with its store, its GitHub and the time.
struct Story {
    github: GitHub,
    now: Cell<i64>,
    store: std::rc::Rc<MemoryStore>,
}

impl Story {
    fn new() -> Self {
        Self {
            github: GitHub::default(),
            now: Cell::new(NOW),
            store: std::rc::Rc::default(),
        }
    }

    fn ask(&self, path: &str, body: &Value) -> (u16, Value) {
        let people = People {
            store: &*self.store,
            clock: Still(&self.now),
            log: NoLog,
            sign_ins_per_minute: 5,
            github: Ok(Authorization {
                http: &self.github,
                clock: Still(&self.now),
                github_url: "https://web.example".to_owned(),
                github_api_url: "https://api.example".to_owned(),
                client_id: "Iv23".to_owned(),
                client_secret: "client secret".to_owned(),
            }),
        };
        let body = serde_json::to_vec(body).unwrap();
        let asked = Asked {
            method: &Method::POST,
            path,
            body: &body,
        };
        let reply = block_on(people.answer(asked));
        let body = serde_json::from_slice(&reply.body).unwrap();
        (reply.status.as_u16(), body)
    }

    fn comes_back(&self, state: &str, code: &str) -> (u16, Value) {
        let until = NOW + 600_000;
        self.ask(
            "/sign-in",
            &json!({
                "client": "203.0.113.7", "state": state, "until": until, "code": code, "verifier": "v",
                "redirect_uri": "https://slipway.example.com/back",
            }),
        )
    }

    fn pass(&self, login: &str) -> Value {
        let (status, body) = self.comes_back(&format!("state of {login}"), login);
        assert_eq!(status, 200, "{body}");
        json!({ "pass": body["pass"] })
    }

    /// What GitHub was asked since the last time.
    fn asked(&self) -> Vec<String> {
        self.github.asked.take()
    }
}

#[test]
fn somebody_signs_in_and_what_they_may_see_is_asked_once_in_five_minutes() {
    let story = Story::new();
    let pass = story.pass("ada");
    insta::assert_snapshot!(story.asked().join("\n"), @"
    POST https://web.example/login/oauth/access_token
    GET https://api.example/user
    GET https://api.example/user/installations?per_page=100&page=1
    GET https://api.example/user/installations/99/repositories?per_page=100&page=1
    ");
    let (status, who) = story.ask("/who", &pass);
    assert_eq!(status, 200);
    insta::assert_snapshot!(who["known"], @r#"{"access":{"installations":[99],"repositories":{"42":"write"}},"id":7,"login":"ada"}"#);
    assert_eq!(story.asked(), Vec::<String>::new(), "it is noted");
    story.now.set(NOW + 300_000);
    assert_eq!(story.ask("/who", &pass).0, 200);
    assert_eq!(story.asked().len(), 3, "asked again");
    let keys = story.store.all_keys().join(" ");
    assert!(!keys.contains("ghu_"), "{keys}");
    let stored: Vec<u8> = block_on(async {
        let mut all = Vec::new();
        for key in story.store.keys(Label::Queue).await.unwrap() {
            if key.starts_with("access/") {
                all.extend(story.store.get(Label::Queue, &key).await.unwrap().unwrap());
            }
        }
        all
    });
    assert!(!String::from_utf8(stored).unwrap().contains("ghu_"));
}

#[test]
fn whoever_loses_their_access_or_their_token_is_known_no_more_when_the_five_minutes_are_over() {
    let story = Story::new();
    let pass = story.pass("ada");
    story.github.ended.set(true);
    assert_eq!(story.ask("/who", &pass).0, 200, "as noted");
    story.now.set(NOW + 300_000);
    assert_eq!(story.ask("/who", &pass).0, 401);
    let story = Story::new();
    let pass = story.pass("ada");
    story.now.set(NOW + 300_000);
    story.github.asleep.set(true);
    assert_eq!(
        story.ask("/who", &pass).0,
        503,
        "what nobody can tell is not guessed"
    );
    story.github.asleep.set(false);
    story.now.set(NOW + 3_600_000);
    assert_eq!(story.ask("/who", &pass).0, 401, "the token has ended");
    for made_up in ["", "github.", "github.AAAA", "tell-me-all"] {
        assert_eq!(story.ask("/who", &json!({ "pass": made_up })).0, 401);
    }
}

#[test]
fn about_a_token_that_has_ended_github_is_asked_once_in_a_minute() {
    let story = Story::new();
    let pass = story.pass("ada");
    story.github.ended.set(true);
    story.now.set(NOW + 300_000);
    drop(story.asked());
    for _ in 0..20 {
        assert_eq!(story.ask("/who", &pass).0, 401);
    }
    assert_eq!(
        story.asked().len(),
        1,
        "the others are answered from memory"
    );
    story.now.set(NOW + 360_000);
    assert_eq!(story.ask("/who", &pass).0, 401);
    assert_eq!(story.asked().len(), 1, "a minute later it is asked again");
}

#[test]
fn a_state_is_good_once_and_while_it_lasts() {
    let story = Story::new();
    assert_eq!(story.comes_back("s", "bad").0, 403);
    let asked = story.asked().len();
    let (status, told) = story.comes_back("s", "ada");
    assert_eq!(status, 403);
    assert_eq!(
        told["detail"],
        "This answer of GitHub's was used before. Begin again."
    );
    assert_eq!(
        (asked, story.asked().len()),
        (1, 0),
        "GitHub is not asked again"
    );
    story.now.set(NOW + 600_000);
    assert_eq!(story.comes_back("t", "ada").0, 403, "too late");
    assert!(story.asked().is_empty());
}

#[test]
fn whoever_may_see_nothing_is_not_let_in_and_their_token_is_ended() {
    let story = Story::new();
    let (status, told) = story.comes_back("s", "eve");
    assert_eq!(status, 403);
    insta::assert_snapshot!(told["detail"], @r#""At GitHub you are eve, and of the repositories that Slipway is installed in none is yours to see.""#);
    assert_eq!(
        story.asked().last().map(String::as_str),
        Some("DELETE https://api.example/applications/Iv23/token")
    );
    let keys = story.store.all_keys();
    assert!(!keys.iter().any(|key| key.contains("access/")), "{keys:?}");
}

#[test]
fn signing_out_ends_the_token_and_what_was_noted() {
    let story = Story::new();
    let pass = story.pass("ada");
    drop(story.asked());
    assert_eq!(story.ask("/sign-out", &pass).0, 200);
    assert_eq!(
        story.asked(),
        ["DELETE https://api.example/applications/Iv23/token"]
    );
    story.github.ended.set(true);
    assert_eq!(story.ask("/who", &pass).0, 401, "at once, for a copy too");
}

#[test]
fn coming_back_from_github_counts_as_a_try() {
    let story = Story::new();
    let statuses: Vec<u16> = (0..6)
        .map(|number| story.comes_back(&format!("s{number}"), "bad").0)
        .collect();
    assert_eq!(statuses, [403, 403, 403, 403, 403, 429]);
    assert_eq!(story.asked().len(), 5, "GitHub is not asked any more");
}
