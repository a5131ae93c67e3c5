//! An example of each answer, as it might come from a small shop.

use serde_json::{Value, json};

/// The example of an operation's answer.
pub(crate) fn of(method: &str, path: &str) -> Value {
    let below = path.trim_start_matches("/api/v1/");
    match (method, below) {
        ("GET", "me") => json!({ "name": "ops", "role": "deployer" }),
        ("GET", "overview") => overview(),
        ("GET", "deliveries") => json!({ "deliveries": [delivery()], "next": null }),
        ("GET", "deliveries/{guid}") => delivery(),
        ("POST", "deliveries/{guid}/replay") => json!({ "guid": GUID, "outcome": "queued" }),
        ("POST", "deliveries/replay") => json!({ "queued": 2, "more": false }),
        ("GET", "previews") => json!({ "previews": [preview()], "next": "42.7" }),
        ("GET", "previews/{repository_id}/{number}") => preview(),
        ("GET", "repositories") => json!({ "repositories": [repository()], "next": null }),
        ("GET", "repositories/{repository_id}") => repository(),
        (_, _) => json!({ "outcome": "noted" }),
    }
}

const GUID: &str = "2f1d2c10-c6c9-11f0-8f0e-7d8f5f6f2a11";

fn overview() -> Value {
    json!({
        "vendors_paused": [{
            "vendor": "Coolify",
            "since": "2026-11-21T10:29:41Z",
            "until": "2026-11-21T10:31:41Z",
            "last_error": "it answered 502",
        }],
        "previews": 12,
        "repositories": 2,
        "previews_waiting": 3,
        "deliveries": { "pending": 1, "done": 340, "dead": 2 },
    })
}

fn delivery() -> Value {
    json!({
        "guid": GUID,
        "event": "pull_request",
        "action": "opened",
        "repository_id": 42,
        "status": "dead",
        "attempts": 8,
        "received_at": "2026-11-21T07:12:03Z",
        "next_attempt_at": null,
        "finished_at": "2026-11-21T10:31:07Z",
        "last_error": "pull-request answered 503 Service Unavailable",
    })
}

fn preview() -> Value {
    json!({
        "repository_id": 42,
        "number": 7,
        "repository": "acme/shop",
        "phase": "deploying",
        "pull_request": {
            "title": "Add a cart",
            "author": "ada",
            "state": "open",
            "draft": false,
            "branch": "feature/cart",
            "commit": "9f2c1d7e4b8a6035c1d7e4b8a60359f2c1d7e4b8",
            "updated_at": "2026-11-21T10:29:58Z",
        },
        "build": {
            "name": "CI",
            "url": "https://github.com/acme/shop/actions/runs/10",
            "progress": "succeeded",
        },
        "services": [{
            "service": "web",
            "application": "a8k4o0wcgkk4ks0w8s4g0s8k",
            "phase": "deploying",
            "reason": "started, its health is being checked",
            "url": "https://7.preview.example.com",
            "commit": "9f2c1d7e4b8a6035c1d7e4b8a60359f2c1d7e4b8",
            "deployment": "d4k4o0wcgkk4ks0w8s4g0s8k",
            "last_answer": "503 Service Unavailable",
            "trouble": null,
        }],
        "configuration_problem": null,
        "troubles": [{
            "what": "writing the comment",
            "reason": "GitHub answered 502",
            "failures": 2,
            "next_try_at": "2026-11-21T10:31:15Z",
            "given_up": false,
        }],
        "next_look_at": "2026-11-21T10:31:12Z",
        "timeline": [
            { "at": "2026-11-21T10:29:59Z", "what": "the head commit 9f2c1d7 became known" },
            { "at": "2026-11-21T10:31:02Z", "what": "web: Coolify started the container" },
        ],
    })
}

fn repository() -> Value {
    json!({
        "id": 42,
        "name": "acme/shop",
        "last_survey": {
            "at": "2026-11-21T10:25:00Z",
            "open": 0,
            "deployed": 4,
            "news": 0,
            "gone": 0,
            "dry": false,
        },
        "trouble": null,
        "held_back": {
            "previews": [1, 2, 3, 4],
            "reason": "GitHub lists no open pull request at all, and 4 previews would be removed",
            "since": "2026-11-21T10:15:00Z",
        },
    })
}
