//! An example of each answer, as it might come from a small shop.

use serde_json::{Value, json};

/// The example of an operation's answer.
pub(crate) fn of(method: &str, path: &str) -> Value {
    let below = path.trim_start_matches("/api/v1/");
    match (method, below) {
        ("GET", "me") => json!({ "name": "ops", "role": "deployer", "repositories": null }),
        ("GET", "overview") => overview(),
        ("GET", "deliveries") => json!({ "deliveries": [delivery()], "next": null }),
        ("GET", "deliveries/{guid}") => delivery(),
        ("POST", "deliveries/{guid}/replay") => json!({ "guid": GUID, "outcome": "queued" }),
        ("POST", "deliveries/replay") => json!({ "queued": 2, "more": false }),
        ("GET", "previews") => json!({ "previews": [preview()], "next": "42.7" }),
        ("GET", "previews/{repository_id}/{number}") => preview(),
        ("GET", "decisions") => json!({ "decisions": [decision()], "next": null }),
        ("GET", "audit") => json!({ "acts": [act()], "next": "1417" }),
        ("GET", "builds") => json!({ "builds": [build()], "next": "release.42.web.production" }),
        ("GET", "vendors") => vendors(),
        ("GET", "repositories") => json!({ "repositories": [repository()], "next": null }),
        ("GET", "repositories/{repository_id}") => repository(),
        ("GET", "environments") => json!({ "environments": [environment()], "next": null }),
        ("GET", "environments/{repository_id}/{service}/{environment}") => environment(),
        ("GET", "releases") => {
            json!({ "releases": [release()], "next": format!("42.web.production.1795257003000.{RELEASE}") })
        }
        ("GET", "releases/{repository_id}/{service}/{environment}/{release}") => release(),
        ("GET", "repositories/{repository_id}/operations") => operations(),
        ("POST", "repositories/{repository_id}/operations/{operation}") => operation_run(),
        ("GET", "operations") => json!({ "runs": [operation_run()], "next": null }),
        ("GET", "operations/{repository_id}/{operation_run}") => operation_run(),
        ("GET", "installations") => json!({ "installations": [installation()], "next": null }),
        ("GET", "installations/{installation_id}") => installation(),
        (_, _) => json!({ "outcome": "noted" }),
    }
}

/// The example of a body with these fields.
pub(crate) fn body(fields: &[&str]) -> Value {
    let example = |field: &str| match field {
        "back" => json!(1),
        "for" => json!("7d"),
        "commit" => json!("9f2c1d7e4b8a6035c1d7e4b8a60359f2c1d7e4b8"),
        "image" => json!("ghcr.io/acme/shop-web"),
        "digest" => {
            json!("sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
        }
        "tag" => json!("1.2.3"),
        _ => json!("the cart is empty for everybody"),
    };
    if fields == ["inputs?"] {
        return json!({ "inputs": { "command": "migrate" } });
    }
    let required = fields.iter().filter(|field| !field.ends_with('?'));
    let fields = required.map(|field| ((*field).to_owned(), example(field)));
    Value::Object(fields.collect())
}

fn operations() -> Value {
    json!({
        "repository_id": 42,
        "repository": "acme/shop",
        "operations": [{
            "name": "db-migrate",
            "workflow": "db-migration.yml",
            "inputs": [{ "name": "command", "values": ["migrate", "rollback", "status"] }],
        }],
    })
}

fn operation_run() -> Value {
    json!({
        "repository_id": 42,
        "repository": "acme/shop",
        "id": "01795257067000-1d7e4b8a6035c1d7",
        "operation": "db-migrate",
        "workflow": "db-migration.yml",
        "inputs": { "command": "migrate" },
        "by": "ops",
        "via": "dashboard",
        "state": "running",
        "reason": "its run is at work",
        "run_url": "https://github.com/acme/shop/actions/runs/11",
        "asked_at": "2026-11-21T10:31:07Z",
        "ended_at": null,
        "timeline": [
            { "at": "2026-11-21T10:31:07Z", "what": "ops asked for it by dashboard" },
            { "at": "2026-11-21T10:31:30Z", "what": "GitHub was asked to start it" },
            { "at": "2026-11-21T10:31:31Z", "what": "its run became known" },
        ],
    })
}

const RELEASE: &str = "9f2c1d7e4b8a6035c1d7e4b8a60359f2c1d7e4b8-10-1";

fn environment() -> Value {
    json!({
        "repository_id": 42,
        "repository": "acme/shop",
        "service": "web",
        "environment": "production",
        "situation": "live",
        "live": {
            "commit": "1d7e4b8a6035c1d7e4b8a60359f2c1d7e4b89f2c",
            "title": "Add a cart",
            "since": "2026-11-20T16:02:11Z",
            "test": "e2e.yml succeeded: https://github.com/acme/shop/actions/runs/10",
        },
        "url": "https://shop.example.com",
        "tracks": "the branch main",
        "after": ["staging"],
        "application": "shop",
        "running": null,
        "waiting": [release()],
        "last": null,
        "hold": {
            "since": "2026-11-21T09:12:40Z",
            "by": "Slipway",
            "reason": "5c1d7e4 failed: https://shop.example.com answers 502, 3 times in a row; it was taken back",
        },
        "lock": null,
        "ways_back": [{
            "back": 1,
            "commit": "8a6035c1d7e4b8a60359f2c1d7e4b89f2c1d7e4b",
            "title": "Show prices",
        }],
        "refused_runs": [{
            "run": 9,
            "attempt": 1,
            "reason": "it was started by \"pull_request\", and only runs of a push count",
        }],
        "trouble": null,
        "next_look_at": null,
    })
}

fn release() -> Value {
    json!({
        "repository_id": 42,
        "service": "web",
        "environment": "production",
        "id": RELEASE,
        "commit": "9f2c1d7e4b8a6035c1d7e4b8a60359f2c1d7e4b8",
        "title": "Mend the cart",
        "phase": "queued",
        "reason": "held by Slipway: 5c1d7e4 failed",
        "rule": "hold",
        "rollback": false,
        "diverged": false,
        "needs_approval": false,
        "approved_by": ["grace"],
        "known_at": "2026-11-21T10:30:03Z",
        "ended_at": null,
        "image": "ghcr.io/acme/shop:9f2c1d7e4b8a6035c1d7e4b8a60359f2c1d7e4b8",
        "changes_url": "https://github.com/acme/shop/compare/5c1d7e4b8a60359f2c1d7e4b8a60359f2c1d7e4b..9f2c1d7e4b8a6035c1d7e4b8a60359f2c1d7e4b8",
        "build_url": "https://github.com/acme/shop/actions/runs/10",
        "deployment": 77,
        "timeline": [
            { "at": "2026-11-21T10:30:02Z", "what": "pushed" },
            { "at": "2026-11-21T10:30:03Z", "what": "became known here" },
            { "at": "2026-11-21T10:31:55Z", "what": "its build succeeded" },
        ],
    })
}

fn build() -> Value {
    json!({
        "repository_id": 42,
        "repository": "acme/shop",
        "run": 10,
        "attempt": 1,
        "status": "completed",
        "commit": "9f2c1d7e4b8a6035c1d7e4b8a60359f2c1d7e4b8",
        "title": "Mend the cart",
        "workflow": "CI",
        "reference": "main",
        "url": "https://github.com/acme/shop/actions/runs/10",
        "images": ["ghcr.io/acme/shop:9f2c1d7e4b8a6035c1d7e4b8a60359f2c1d7e4b8"],
        "used_by": ["release/42/web/production"],
    })
}

fn vendors() -> Value {
    json!({
        "vendors": [
            {
                "vendor": "Coolify",
                "state": "left-alone",
                "since": "2026-11-21T10:21:07Z",
                "failures": 5,
                "until": "2026-11-21T10:31:15Z",
                "last_error": "it answered 502",
            },
            {
                "vendor": "GitHub",
                "state": "untroubled",
                "since": null,
                "failures": 0,
                "until": null,
                "last_error": null,
            },
        ],
        "limits": [{
            "whose": "app",
            "rate_limit": { "limit": 5000, "remaining": 4500, "resets_at": "2026-11-21T11:00:00Z" },
        }],
    })
}

fn installation() -> Value {
    json!({
        "id": 99,
        "account": "acme",
        "target_type": "Organization",
        "selection": "selected",
        "repositories": 12,
        "permissions": ["contents: read", "deployments: write"],
        "suspended_at": null,
        "gone": false,
        "looked_at": "2026-11-21T10:25:00Z",
        "trouble": null,
        "rate_limit": { "limit": 5000, "remaining": 3998, "resets_at": "2026-11-21T11:02:14Z" },
        "held_back": {
            "repositories": [42, 43],
            "others": false,
            "reason": "2 repositories are missing from the App's installation without an event that says so: \
                12 previews would be removed, and removal_limit allows 10 at once",
            "since": "2026-11-21T10:15:00Z",
        },
    })
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
        "environments": 6,
        "previews": 12,
        "repositories": 2,
        "previews_in_hand": 3,
        "deliveries": { "pending": 1, "done": 340, "dead": 2 },
    })
}

fn decision() -> Value {
    json!({
        "repository_id": 42,
        "pull_request": 7,
        "environment": null,
        "commit": null,
        "service": "web",
        "at": "2026-11-21T10:31:07Z",
        "verdict": "nothing",
        "rule": "label",
        "reason": "the label preview is missing: the pull request has bug, ui",
        "cause": "a pull_request delivery",
    })
}

fn act() -> Value {
    json!({
        "at": "2026-11-21T10:31:07Z",
        "by": "grace",
        "via": "comment",
        "act": "rollback",
        "on": "release/42/web/production",
        "repository_id": 42,
        "said": "/rollback production 1 the cart is empty for everybody",
        "outcome": "allowed",
        "reason": null,
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
        "active_at": "2026-11-21T10:30:40Z",
        "expires_at": "2026-11-28T10:30:40Z",
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
