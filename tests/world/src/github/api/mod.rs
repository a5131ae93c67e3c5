//! GitHub's REST API: who may ask, where a repository went, and which endpoint it is.

mod apps;
mod caller;
mod changed_files;
mod checks;
mod comments;
mod commits;
mod committing;
mod compare;
mod conditional;
mod contents;
mod deliveries;
mod deployments;
mod oauth;
mod packages;
mod pages;
mod people;
mod protection;
mod pulls;
mod reactions;
pub(crate) mod registration;
mod runs;
mod workflows;

use std::sync::Arc;

use serde_json::{Value, json};

use self::caller::Caller;
use super::installed::grants;
use super::shape::Shape;
use super::state::{GitHubState, Repository};
use crate::clock::http_time;
use crate::message::{Reply, Request};
use crate::state::Shared;

/// Requests an hour of one token (VENDORS 4.6).
const HOURLY_LIMIT: u64 = 5_000;

const NOT_ACCESSIBLE: &str = "Resource not accessible by integration";

/// Versions that GitHub answers in (VENDORS 4.5).
const VERSIONS: [&str; 2] = ["2022-11-28", "2026-03-10"];

/// One authenticated or anonymous call.
struct Call<'a> {
    shared: &'a Shared,
    request: &'a Request,
    caller: Caller,
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
        let reply = conditional::answer(request, reply);
        let rate = charge(&mut state.github, shared, request, reply.status != 304);
        let id = shared.names.guid();
        rate.into_iter()
            .fold(reply, |reply, (name, value)| reply.header(name, value))
            .header("date", http_time(shared.clock.now()))
            .header("x-github-request-id", id)
            .header("server", "github.com")
    })
}

fn answer_with(shared: &Shared, github: &mut GitHubState, request: &Request) -> Reply {
    if request.path.ends_with("/settings/apps/new") && request.method == "POST" {
        // GitHub's page, which browsers come to.
        let call = Call {
            shared,
            request,
            user: None,
            caller: Caller::Nobody,
        };
        return registration::page(&call, github);
    }
    if matches!(
        request.path.as_str(),
        "/login/oauth/authorize" | "/login/oauth/access_token"
    ) {
        let call = Call {
            shared,
            request,
            user: None,
            caller: Caller::Nobody,
        };
        return match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/login/oauth/authorize") => oauth::authorize(&call, github),
            ("POST", "/login/oauth/access_token") => oauth::access_token(&call, github),
            _ => not_found(),
        };
    }
    if let ("DELETE", [applications, client, token]) =
        (request.method.as_str(), request.segments.as_slice())
        && applications == "applications"
        && token == "token"
    {
        // Its name and password are no token.
        let call = Call {
            shared,
            request,
            user: None,
            caller: Caller::Nobody,
        };
        return oauth::end_token(&call, github, client);
    }
    if request.path == "/.well-known/jwks" && request.method == "GET" {
        // The issuer of the tokens of Actions, which is another host at GitHub.
        return crate::github::oidc::keys();
    }
    if request.header("user-agent").is_none_or(str::is_empty) {
        let message = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.\n";
        return Reply::text(403, "text/html", message);
    }
    if let Some(version) = request.header("x-github-api-version")
        && !VERSIONS.contains(&version)
    {
        return error(410, &format!("The API version {version} is not supported."));
    }
    let caller = match Caller::of(github, request, shared.clock.now()) {
        Ok(caller) => caller,
        Err(reply) => return reply,
    };
    let call = Call {
        shared,
        request,
        user: caller.user(),
        caller,
    };
    route(&call, github)
}

fn route(call: &Call<'_>, github: &mut GitHubState) -> Reply {
    let segments: Vec<&str> = call.request.segments.iter().map(String::as_str).collect();
    match (call.request.method.as_str(), segments.as_slice()) {
        ("GET", ["user"]) => match call.user {
            Some(_) if matches!(call.caller, Caller::Installation { .. }) => {
                error(403, NOT_ACCESSIBLE)
            }
            Some(user) => Reply::json(200, &call.shape(github).user(user)),
            None => error(401, "Requires authentication"),
        },
        ("GET", ["user", "installations", rest @ ..]) => match (&call.caller, rest) {
            (Caller::Authorized { app, user }, []) => {
                oauth::installations(call, github, (*app, *user))
            }
            (Caller::Authorized { app, user }, [id, "repositories"]) => {
                oauth::repositories(call, github, (*app, *user), id)
            }
            _ => error(
                403,
                "You must authenticate with an access token authorized to a GitHub App in order to list installations",
            ),
        },
        ("GET", ["users", login]) => {
            match github.users.values().find(|user| user.login == *login) {
                Some(user) => Reply::json(200, &call.shape(github).user(user.id)),
                None => not_found(),
            }
        }
        (_, ["app", rest @ ..]) => match call.caller {
            Caller::App(app) => apps::route(call, github, app, rest),
            Caller::Nobody
            | Caller::Person(_)
            | Caller::Authorized { .. }
            | Caller::Installation { .. } => not_found(),
        },
        ("POST", ["app-manifests", code, "conversions"]) => {
            registration::convert(call, github, code)
        }
        ("GET", ["installation", "repositories"]) => match &call.caller {
            Caller::Installation { token, .. } => apps::repositories(call, github, token),
            Caller::Nobody | Caller::Person(_) | Caller::Authorized { .. } | Caller::App(_) => {
                error(
                    403,
                    "You must authenticate with an installation access token in order to list repositories for an installation.",
                )
            }
        },
        (_, ["orgs", owner, "packages", rest @ ..]) => {
            packages::route(call, github, ("Organization", owner), rest)
        }
        (_, ["users", owner, "packages", rest @ ..]) => {
            packages::route(call, github, ("User", owner), rest)
        }
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
    if let Caller::App(app) = call.caller {
        return match rest {
            ["installation"] => apps::on_repository(call, github, app, id),
            _ => not_found(),
        };
    }
    if call.request.method != "GET" && call.user.is_none() {
        return error(401, "Requires authentication");
    }
    if let Some(refusal) = lacks_permission(call, rest) {
        return refusal;
    }
    let Some(repository) = github.repositories.get(&id) else {
        return not_found();
    };
    if call.request.method != "GET" && repository.archived {
        return error(403, "Repository was archived so is read-only.");
    }
    match (call.request.method.as_str(), rest) {
        ("GET", []) => Reply::json(200, &call.shape(github).full_repository(repository)),
        ("GET", ["pulls"]) => pulls::list(call, github, repository),
        ("GET", ["pulls", number]) => pulls::get(call, github, repository, number),
        ("GET", ["pulls", number, "commits"]) => commits::of_pull(call, github, repository, number),
        ("GET", ["pulls", number, "files"]) => {
            changed_files::list(call, github, repository, number)
        }
        ("GET", ["commits"]) => commits::list(call, github, repository),
        ("GET", ["commits", head, "check-runs"]) => checks::of_commit(call, github, id, head),
        ("POST", ["check-runs"]) => checks::create(call, github, id),
        ("PATCH", ["check-runs", check]) => checks::update(call, github, id, check),
        ("GET", ["commits", sha, "pulls"]) => pulls::of_commit(call, github, repository, sha),
        ("GET", ["collaborators", login, "permission"]) => {
            people::permission(call, github, repository, login)
        }
        ("GET", ["commits", reference]) => compare::commit(call, github, repository, reference),
        ("GET", ["compare", basehead]) => compare::compare(call, github, repository, basehead),
        ("GET", ["deployments"]) => deployments::list(call, github, repository),
        ("POST", ["deployments"]) => deployments::create(call, github, id),
        ("DELETE", ["deployments", one]) => deployments::delete(call, github, id, one),
        ("DELETE", ["environments", name]) => {
            deployments::delete_environment(call, github, id, name)
        }
        ("GET", ["deployments", one, "statuses"]) => {
            deployments::statuses(call, github, repository, one)
        }
        ("POST", ["deployments", one, "statuses"]) => {
            deployments::set_status(call, github, id, one)
        }
        ("GET", ["contents", path @ ..]) => {
            contents::get(call, github, repository, &path.join("/"))
        }
        ("PUT", ["contents", path @ ..]) => committing::put(call, github, id, &path.join("/")),
        ("GET", ["actions", "runs"]) => runs::list(call, github, repository),
        ("POST", ["actions", "runs", run, "deployment_protection_rule"]) => {
            protection::review(call, github, id, run)
        }
        ("GET", ["actions", "runs", run]) => runs::get(call, github, repository, run),
        ("POST", ["actions", "workflows", file, "dispatches"]) => {
            workflows::dispatch(call, github, id, file)
        }
        ("GET", ["actions", "workflows", file, "runs"]) => {
            workflows::runs(call, github, repository, file)
        }
        ("GET", ["issues", number, "comments"]) => comments::list(call, github, repository, number),
        ("POST", ["issues", number, "comments"]) => comments::create(call, github, id, number),
        ("POST", ["issues", "comments", comment, "reactions"]) => {
            reactions::create(call, github, id, comment)
        }
        ("GET", ["issues", "comments", comment]) => comments::get(call, github, id, comment),
        ("PATCH", ["issues", "comments", comment]) => comments::update(call, github, id, comment),
        ("DELETE", ["issues", "comments", comment]) => comments::delete(call, github, id, comment),
        _ => not_found(),
    }
}

/// The refusal if an installation's token may not do this.
fn lacks_permission(call: &Call<'_>, rest: &[&str]) -> Option<Reply> {
    let Caller::Installation { token, .. } = &call.caller else {
        return None;
    };
    let level = if call.request.method == "GET" {
        "read"
    } else {
        "write"
    };
    let permission = match rest {
        ["pulls", ..] | ["issues", ..] | ["commits", _, "pulls"] => "pull_requests",
        ["check-runs", ..] | ["commits", _, "check-runs"] => "checks",
        ["contents" | "commits" | "compare", ..] => "contents",
        ["deployments", ..] => "deployments",
        ["environments", ..] => "administration",
        ["actions", "runs", _, "deployment_protection_rule"] => "deployments",
        ["actions", ..] => "actions",
        _ => "metadata",
    };
    if grants(&token.permissions, permission, level) {
        return None;
    }
    let needed = format!("{permission}={level}");
    Some(error(403, NOT_ACCESSIBLE).header("x-accepted-github-permissions", needed))
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
        let visible = !found.hidden
            && match &self.caller {
                Caller::Nobody => !found.private,
                Caller::Person(_) | Caller::App(_) => true,
                Caller::Authorized { user, .. } => found.role_of(*user) != "none",
                Caller::Installation { token, .. } => {
                    let only = token.repositories.as_ref();
                    let installation = github.installed.installations.get(&token.installation);
                    let covered = installation
                        .is_some_and(|installation| installation.covers(found))
                        && only.is_none_or(|only| only.contains(&id));
                    // What is public anybody may read, also with a token for something else.
                    covered || (self.reads_a_file() && !found.private)
                }
            };
        visible.then_some(id)
    }

    fn reads_a_file(&self) -> bool {
        let is_file = |part: &String| part == "contents";
        self.request.method == "GET" && self.request.segments.get(3).is_some_and(is_file)
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

/// For whom a request is counted: all tokens of an installation share its limit.
fn payer(github: &GitHubState, request: &Request) -> String {
    let token = request.token().unwrap_or("anonymous");
    match github.installed.tokens.get(token) {
        Some(found) => format!("installation/{}", found.installation),
        None => token.to_owned(),
    }
}

/// Counts the request and gives the rate limit's headers.
fn charge(
    github: &mut GitHubState,
    shared: &Shared,
    request: &Request,
    costs: bool,
) -> Vec<(&'static str, String)> {
    let now = shared.clock.now();
    let token = payer(github, request);
    let entry = github.used.entry(token).or_insert((0, now + 3_600));
    if entry.1 <= now {
        *entry = (0, now + 3_600);
    }
    if costs && request.path != "/rate_limit" {
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
