//! GitHub's REST API: who may ask, where a repository went, and which endpoint it is.

mod comments;
mod contents;
mod pages;
mod pulls;
mod runs;

use std::sync::Arc;

use serde_json::{Value, json};

use super::shape::Shape;
use super::state::{GitHubState, Repository};
use crate::message::{Reply, Request};
use crate::state::Shared;

/// Requests an hour of one token (VENDORS 4.6).
const HOURLY_LIMIT: u64 = 5_000;

/// Versions that GitHub answers in (VENDORS 4.5).
const VERSIONS: [&str; 2] = ["2022-11-28", "2026-03-10"];

/// One authenticated or anonymous call.
struct Call<'a> {
    shared: &'a Shared,
    request: &'a Request,
    user: Option<u64>,
}

/// An error in GitHub's form.
fn error(status: u16, message: &str) -> Reply {
    let body = json!({"message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string()});
    Reply::json(status, &body)
}

fn not_found() -> Reply {
    error(404, "Not Found")
}

/// 422 with GitHub's list of what is wrong.
fn invalid(resource: &str, field: &str, code: &str, message: &str) -> Reply {
    Reply::json(
        422,
        &json!({"message": "Validation Failed", "documentation_url": "https://docs.github.com/rest", "status": "422",
            "errors": [{"resource": resource, "code": code, "field": field, "message": message}]}),
    )
}

/// Answers one request.
pub(crate) fn answer(shared: &Arc<Shared>, request: &Request) -> Reply {
    shared.change(|state| {
        let reply = answer_with(shared, &mut state.github, request);
        let rate = charge(&mut state.github, shared, request);
        let id = shared.names.guid();
        rate.into_iter()
            .fold(reply, |reply, (name, value)| reply.header(name, value))
            .header("x-github-request-id", id)
            .header("server", "github.com")
    })
}

fn answer_with(shared: &Shared, github: &mut GitHubState, request: &Request) -> Reply {
    if request.header("user-agent").is_none_or(str::is_empty) {
        let message = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.\n";
        return Reply::text(403, "text/html", message);
    }
    if let Some(version) = request.header("x-github-api-version")
        && !VERSIONS.contains(&version)
    {
        return error(410, &format!("The API version {version} is not supported."));
    }
    let user = match request.token() {
        Some(token) => match github.tokens.get(token) {
            Some(user) => Some(*user),
            None => return error(401, "Bad credentials"),
        },
        None if request.header("authorization").is_some() => return error(401, "Bad credentials"),
        None => None,
    };
    route(
        &Call {
            shared,
            request,
            user,
        },
        github,
    )
}

fn route(call: &Call<'_>, github: &mut GitHubState) -> Reply {
    let segments: Vec<&str> = call.request.segments.iter().map(String::as_str).collect();
    match (call.request.method.as_str(), segments.as_slice()) {
        ("GET", ["user"]) => match call.user {
            Some(user) => Reply::json(200, &call.shape(github).user(user)),
            None => error(401, "Requires authentication"),
        },
        ("GET", ["rate_limit"]) => call.rate_limit(github),
        (_, ["repos", owner, name, rest @ ..]) => {
            match call.find(github, &format!("{owner}/{name}")) {
                Found::Here(id) => in_repository(call, github, id, rest),
                Found::Moved(id) => call.moved(id, rest),
                Found::Nowhere => not_found(),
            }
        }
        (_, ["repositories", id, rest @ ..]) => {
            match id.parse().ok().and_then(|id| call.visible(github, id)) {
                Some(id) => in_repository(call, github, id, rest),
                None => not_found(),
            }
        }
        _ => not_found(),
    }
}

fn in_repository(call: &Call<'_>, github: &mut GitHubState, id: u64, rest: &[&str]) -> Reply {
    if call.request.method != "GET" && call.user.is_none() {
        return error(401, "Requires authentication");
    }
    let Some(repository) = github.repositories.get(&id) else {
        return not_found();
    };
    match (call.request.method.as_str(), rest) {
        ("GET", []) => Reply::json(200, &call.shape(github).full_repository(repository)),
        ("GET", ["pulls"]) => pulls::list(call, github, repository),
        ("GET", ["pulls", number]) => pulls::get(call, github, repository, number),
        ("GET", ["commits", sha, "pulls"]) => pulls::of_commit(call, github, repository, sha),
        ("GET", ["contents", path @ ..]) => {
            contents::get(call, github, repository, &path.join("/"))
        }
        ("GET", ["actions", "runs"]) => runs::list(call, github, repository),
        ("GET", ["actions", "runs", run]) => runs::get(call, github, repository, run),
        ("GET", ["issues", number, "comments"]) => comments::list(call, github, repository, number),
        ("POST", ["issues", number, "comments"]) => comments::create(call, github, id, number),
        ("GET", ["issues", "comments", comment]) => comments::get(call, github, id, comment),
        ("PATCH", ["issues", "comments", comment]) => comments::update(call, github, id, comment),
        ("DELETE", ["issues", "comments", comment]) => comments::delete(call, github, id, comment),
        _ => not_found(),
    }
}

enum Found {
    Here(u64),
    Moved(u64),
    Nowhere,
}

impl Call<'_> {
    fn shape<'b>(&'b self, github: &'b GitHubState) -> Shape<'b> {
        Shape {
            github,
            api: self.shared.github_url(),
        }
    }

    /// A repository by the name it has or had; one that may not be seen is nowhere.
    fn find(&self, github: &GitHubState, full_name: &str) -> Found {
        if let Some(found) = github.named(full_name) {
            return self
                .visible(github, found.id)
                .map_or(Found::Nowhere, Found::Here);
        }
        let former = github.former_names.get(&full_name.to_lowercase());
        former
            .and_then(|id| self.visible(github, *id))
            .map_or(Found::Nowhere, Found::Moved)
    }

    fn visible(&self, github: &GitHubState, id: u64) -> Option<u64> {
        let found: &Repository = github.repositories.get(&id)?;
        let visible = !found.hidden && (self.user.is_some() || !found.private);
        visible.then_some(id)
    }

    /// Renamed: 301 for reads and 307 for writes, which must be repeated as they are (GHDOCS rest best practices).
    fn moved(&self, id: u64, rest: &[&str]) -> Reply {
        let reading = self.request.method == "GET";
        let tail: String = rest.iter().map(|part| format!("/{part}")).collect();
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.request.query)
            .finish();
        let mark = if query.is_empty() { "" } else { "?" };
        let url = format!(
            "{}/repositories/{id}{tail}{mark}{query}",
            self.shared.github_url()
        );
        let (status, message) = if reading {
            (301, "Moved Permanently")
        } else {
            (307, "Temporary Redirect")
        };
        let body = json!({"message": message, "url": url, "documentation_url": "https://docs.github.com/rest"});
        Reply::json(status, &body).header("location", url)
    }

    fn rate_limit(&self, github: &GitHubState) -> Reply {
        let used = self
            .request
            .token()
            .and_then(|token| github.used.get(token));
        let (used, reset) = used
            .copied()
            .unwrap_or((0, self.shared.clock.now() + 3_600));
        let core = json!({"limit": HOURLY_LIMIT, "remaining": HOURLY_LIMIT.saturating_sub(used), "reset": reset, "used": used});
        Reply::json(
            200,
            &json!({"resources": {"core": core, "search": core}, "rate": core}),
        )
    }

    /// A JSON body that is an object; 400 as GitHub answers to anything else.
    fn json_body(&self) -> Result<Value, Reply> {
        self.request
            .json()
            .filter(Value::is_object)
            .ok_or_else(|| error(400, "Problems parsing JSON"))
    }
}

/// Counts the request and gives the rate limit's headers.
fn charge(
    github: &mut GitHubState,
    shared: &Shared,
    request: &Request,
) -> Vec<(&'static str, String)> {
    let now = shared.clock.now();
    let token = request.token().unwrap_or("anonymous").to_owned();
    let entry = github.used.entry(token).or_insert((0, now + 3_600));
    if entry.1 <= now {
        *entry = (0, now + 3_600);
    }
    if request.path != "/rate_limit" {
        entry.0 += 1;
    }
    let (used, reset) = *entry;
    vec![
        ("x-ratelimit-limit", HOURLY_LIMIT.to_string()),
        (
            "x-ratelimit-remaining",
            HOURLY_LIMIT.saturating_sub(used).to_string(),
        ),
        ("x-ratelimit-used", used.to_string()),
        ("x-ratelimit-reset", reset.to_string()),
        ("x-ratelimit-resource", "core".to_owned()),
        ("x-github-media-type", "github.v3; format=json".to_owned()),
    ]
}
