//! GitHub's API, as far as Slipway uses it. Some answers come from a copy that lags behind.

use std::rc::Rc;

use ::http::{HeaderValue, Method};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::{
    PreviewId, PullRequestNumber,
    preview::{PullRequest, PullRequestState, RunProgress, WorkflowRun},
};
use ports::Response;
use serde_json::{Value, json};

use super::{
    Comment, FOLDER, GitHub, MAINTAINER, OWN_ACCOUNT, Pull, Repository, TRIAGER, log, reports,
};
use crate::{
    http::{Asked, GITHUB, json_response, plain},
    kernel::{MILLISECOND, Micros},
    sim::Sim,
};

/// Answers a request.
pub(crate) fn answer(sim: &Rc<Sim>, asked: &Asked) -> Response {
    let parts = asked.parts();
    if parts == ["user"] {
        return json_response(200, &json!({"id": OWN_ACCOUNT, "login": "slipway-bot"}));
    }
    let (index, rest) = match parts.as_slice() {
        ["app", "hook", "deliveries", rest @ ..] => return log::answer(sim, rest, asked),
        ["repos", owner, name, rest @ ..] => {
            let full_name = format!("{owner}/{name}");
            let github = sim.github.borrow();
            let found = github
                .repositories
                .iter()
                .position(|repository| repository.names.contains(&full_name));
            let Some(index) = found else {
                return not_found();
            };
            let repository = github.repositories.get(index);
            if let Some(moved) = repository.filter(|repository| repository.name() != full_name) {
                return redirect(moved, rest, asked);
            }
            (index, rest)
        }
        ["repositories", id, rest @ ..] => {
            let github = sim.github.borrow();
            let found = github
                .repositories
                .iter()
                .position(|repository| repository.id.to_string() == *id);
            let Some(index) = found else {
                return not_found();
            };
            (index, rest)
        }
        _ => return not_found(),
    };
    match (&asked.method, rest) {
        (&Method::GET, []) => repository(sim, index),
        (&Method::GET, ["pulls"]) => open_pulls(sim, index, asked),
        (&Method::GET, ["pulls", number, "files"]) => files(sim, index, number),
        (&Method::GET, ["pulls", number]) => pull(sim, index, number),
        (&Method::GET, ["collaborators", login, "permission"]) => permission(login),
        (&Method::GET, ["commits"]) => commits(sim, index),
        (&Method::GET, ["commits", head, "check-runs"]) => {
            reports::checks(sim, index, head, copy_of(sim))
        }
        (&Method::POST, ["check-runs"]) => reports::create_check(sim, index, asked),
        (&Method::PATCH, ["check-runs", id]) => reports::update_check(sim, id, asked),
        (&Method::GET, ["deployments"]) => reports::deployments(sim, index, asked, copy_of(sim)),
        (&Method::POST, ["deployments"]) => reports::create_deployment(sim, index, asked),
        (&Method::POST, ["deployments", id, "statuses"]) => reports::set_status(sim, id, asked),
        (&Method::DELETE, ["deployments", id]) => reports::delete_deployment(sim, id),
        // The token may not administer.
        (&Method::DELETE, ["environments", _]) => json_response(
            403,
            &json!({"message": "Must have admin rights to Repository."}),
        ),
        (&Method::GET, ["contents", ..]) => contents(sim, index, asked),
        (&Method::GET, ["actions", "runs"]) => runs(sim, index, asked),
        (&Method::GET, ["issues", number, "comments"]) => comments(sim, index, number, asked),
        (&Method::POST, ["issues", number, "comments"]) => comment(sim, index, number, asked),
        (&Method::PATCH, ["issues", "comments", id]) => edit(sim, id, asked),
        (&Method::DELETE, ["issues", "comments", id]) => delete(sim, id),
        _ => {
            sim.violate(|| format!("unexpected request: {} {}", asked.method, asked.path));
            not_found()
        }
    }
}

pub(super) fn not_found() -> Response {
    json_response(404, &json!({"message": "Not Found"}))
}

fn redirect(repository: &Repository, rest: &[&str], asked: &Asked) -> Response {
    let query = if asked.query.is_empty() {
        String::new()
    } else {
        format!("?{}", asked.query)
    };
    let url = format!(
        "{GITHUB}/repositories/{}/{}{query}",
        repository.id,
        rest.join("/")
    );
    let mut response = json_response(301, &json!({"message": "Moved Permanently", "url": url}));
    if let Ok(location) = HeaderValue::from_str(&url) {
        response.headers.insert("location", location);
    }
    response
}

/// The time of the copy that answers.
pub(crate) fn copy_of(sim: &Sim) -> Micros {
    let lag = sim.faults.get().lag;
    let old = lag > 0 && sim.random.percent(40);
    let age = if old {
        sim.random.below(lag) * MILLISECOND
    } else {
        0
    };
    sim.kernel.now().saturating_sub(age)
}

fn find<'a>(github: &'a GitHub, repository: usize, number: &str) -> Option<&'a Pull> {
    let id = PreviewId {
        repository: github.repositories.get(repository)?.id,
        number: PullRequestNumber(number.parse().ok()?),
    };
    github.pull(id)
}

fn pull(sim: &Rc<Sim>, repository: usize, number: &str) -> Response {
    let at = copy_of(sim);
    let github = sim.github.borrow();
    let shown = find(&github, repository, number)
        .and_then(|found| Some((found, found.at(at)?)))
        .zip(github.repositories.get(repository));
    match shown {
        Some(((found, pull_request), repository)) => {
            json_response(200, &pull_json(found, pull_request, repository))
        }
        None => not_found(),
    }
}

/// The one file that a pull request changes, as far as the copy that answers knows.
fn files(sim: &Rc<Sim>, repository: usize, number: &str) -> Response {
    let at = copy_of(sim);
    let github = sim.github.borrow();
    let shown = find(&github, repository, number).and_then(|found| found.at(at));
    let Some(head) = shown.map(|shown| shown.head_commit.as_str()) else {
        return not_found();
    };
    let folder = if github.touching.contains(head) {
        FOLDER
    } else {
        "docs"
    };
    let path = format!("{folder}/page.md");
    let contents = format!("{GITHUB}/contents/{path}?ref={head}");
    json_response(
        200,
        &json!([{"filename": path, "status": "modified", "contents_url": contents}]),
    )
}

fn repository(sim: &Rc<Sim>, index: usize) -> Response {
    let github = sim.github.borrow();
    match github.repositories.get(index) {
        Some(found) => json_response(
            200,
            &json!({"id": found.id.0, "full_name": found.name(), "private": false, "archived": false,
                "default_branch": "main"}),
        ),
        None => not_found(),
    }
}

/// So many pull requests are on a page, so that lists have several.
const LISTED: usize = 2;

/// The open pull requests, page by page: each page may come from another copy.
fn open_pulls(sim: &Rc<Sim>, index: usize, asked: &Asked) -> Response {
    let at = copy_of(sim);
    let page: usize = asked
        .parameter("page")
        .and_then(|page| page.parse().ok())
        .unwrap_or(1);
    let github = sim.github.borrow();
    let Some(repository) = github.repositories.get(index) else {
        return not_found();
    };
    let open: Vec<Value> = github
        .pulls
        .iter()
        .filter(|pull| pull.id.repository == repository.id)
        .filter_map(|pull| Some((pull, pull.at(at)?)))
        .filter(|(_, shown)| shown.state == PullRequestState::Open)
        .map(|(pull, shown)| pull_json(pull, shown, repository))
        .collect();
    // Where there are many, as many as GitHub shows.
    let listed = if open.len() > 10 * LISTED { 50 } else { LISTED };
    let from = (page - 1) * listed;
    let shown = open.iter().skip(from).take(listed).cloned().collect();
    let mut response = json_response(200, &Value::Array(shown));
    if from + listed < open.len() {
        let link = format!(
            "<{GITHUB}{}?state=open&page={}>; rel=\"next\"",
            asked.path,
            page + 1
        );
        if let Ok(link) = HeaderValue::from_str(&link) {
            response.headers.insert("link", link);
        }
    }
    response
}

/// A pull request as GitHub shows it.
pub(super) fn pull_json(
    found: &Pull,
    pull_request: &PullRequest,
    repository: &Repository,
) -> Value {
    let closed = pull_request.state != PullRequestState::Open;
    let labels: Vec<Value> = pull_request
        .labels
        .iter()
        .map(|name| json!({"name": name}))
        .collect();
    json!({
        "number": found.id.number.0,
        "state": if closed { "closed" } else { "open" },
        "merged": pull_request.state == PullRequestState::Merged,
        "draft": pull_request.draft,
        "title": pull_request.title,
        "updated_at": pull_request.updated_at.to_string(),
        "user": {"login": pull_request.author},
        "labels": labels,
        "head": {
            "ref": pull_request.head_branch,
            "sha": pull_request.head_commit,
            "repo": pull_request.head_repository.map(|id| json!({"id": id.0})),
        },
        "base": {
            "ref": pull_request.base_branch,
            "repo": {
                "id": found.id.repository.0,
                "full_name": repository.name(),
                "default_branch": pull_request.default_branch,
            },
        },
    })
}

fn permission(login: &str) -> Response {
    let (account, permission) = match login {
        login if login == MAINTAINER.1 => (MAINTAINER, "write"),
        login if login == TRIAGER.1 => (TRIAGER, "read"),
        _ => return not_found(),
    };
    let user = json!({"id": account.0, "login": account.1});
    json_response(
        200,
        &json!({"permission": permission, "role_name": permission, "user": user}),
    )
}

/// The commit that changed the configuration last, as far as the copy that answers knows.
fn commits(sim: &Rc<Sim>, repository: usize) -> Response {
    let at = copy_of(sim);
    let github = sim.github.borrow();
    let repository = github.repositories.get(repository);
    match repository.and_then(|repository| repository.configured_at(at)) {
        Some(commit) => json_response(200, &json!([{"sha": commit}])),
        None => not_found(),
    }
}

fn contents(sim: &Rc<Sim>, repository: usize, asked: &Asked) -> Response {
    let github = sim.github.borrow();
    let Some(repository) = github.repositories.get(repository) else {
        return not_found();
    };
    let commit = asked.parameter("ref").unwrap_or_default();
    let Some(text) = repository.configuration_of(commit) else {
        return not_found();
    };
    json_response(
        200,
        &json!({
            "type": "file",
            "size": text.len(),
            "sha": "0123",
            "encoding": "base64",
            "content": BASE64_STANDARD.encode(text),
        }),
    )
}

fn runs(sim: &Rc<Sim>, repository: usize, asked: &Asked) -> Response {
    let at = copy_of(sim);
    let head = asked.parameter("head_sha").unwrap_or_default();
    let github = sim.github.borrow();
    let Some(repository) = github.repositories.get(repository) else {
        return not_found();
    };
    let pulls = github
        .pulls
        .iter()
        .filter(|pull| pull.id.repository == repository.id);
    let mut shown: Vec<Value> = Vec::new();
    for run in pulls.flat_map(|pull| &pull.runs) {
        let version = run.versions.iter().rev().find(|(since, _)| *since <= at);
        if let Some((_, version)) = version.filter(|(_, run)| run.head_commit.as_str() == head) {
            shown.push(run_json(version, repository, &[]));
        }
    }
    shown.reverse();
    json_response(
        200,
        &json!({"total_count": shown.len(), "workflow_runs": shown}),
    )
}

/// A run as GitHub shows it.
pub(super) fn run_json(run: &WorkflowRun, repository: &Repository, pulls: &[Value]) -> Value {
    let (status, conclusion) = match run.progress {
        RunProgress::Waiting => ("queued", None),
        RunProgress::Running => ("in_progress", None),
        RunProgress::Succeeded => ("completed", Some("success")),
        RunProgress::Cancelled => ("completed", Some("cancelled")),
        RunProgress::Failed => ("completed", Some("failure")),
    };
    json!({
        "id": run.id,
        "name": run.name,
        "path": run.path,
        "event": run.event,
        "status": status,
        "conclusion": conclusion,
        "head_sha": run.head_commit,
        "run_attempt": run.attempt,
        "html_url": run.html_url,
        "head_commit": {"message": if run.skips_preview { "Wip [skip preview]" } else { "A change" }},
        "head_repository": run.head_repository.map(|id| json!({"id": id.0})),
        "repository": {"id": repository.id.0},
        "pull_requests": pulls,
    })
}

fn comment_json(comment: &Comment) -> Value {
    json!({
        "id": comment.id,
        "body": comment.body,
        "user": {"id": comment.author},
        "created_at": comment.created_at.to_string(),
        "html_url": format!("https://github.test/c/{}", comment.id),
    })
}

fn comments(sim: &Rc<Sim>, repository: usize, number: &str, asked: &Asked) -> Response {
    let at = copy_of(sim);
    let github = sim.github.borrow();
    let Some(pull) = find(&github, repository, number) else {
        return not_found();
    };
    let numbered = |name: &str, default: usize| {
        asked
            .parameter(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let (page, per_page) = (numbered("page", 1).max(1), numbered("per_page", 30));
    let all: Vec<&Comment> = github
        .comments
        .iter()
        .filter(|comment| comment.pull == pull.id && comment.at <= at)
        .collect();
    let from = (page - 1) * per_page;
    let shown: Vec<Value> = all
        .iter()
        .skip(from)
        .take(per_page)
        .map(|comment| comment_json(comment))
        .collect();
    let mut response = json_response(200, &Value::Array(shown));
    if from + per_page < all.len() {
        let next = page + 1;
        let link = format!(
            "<{GITHUB}{}?per_page={per_page}&page={next}>; rel=\"next\"",
            asked.path
        );
        if let Ok(link) = HeaderValue::from_str(&link) {
            response.headers.insert("link", link);
        }
    }
    response
}

fn comment(sim: &Rc<Sim>, repository: usize, number: &str, asked: &Asked) -> Response {
    let body = asked.text("body");
    let mut github = sim.github.borrow_mut();
    let Some(pull) = find(&github, repository, number).map(|pull| pull.id) else {
        return not_found();
    };
    let id = github.number();
    let comment = Comment {
        id,
        pull,
        author: OWN_ACCOUNT,
        body,
        at: sim.kernel.now(),
        created_at: sim.now(),
    };
    let response = json_response(201, &comment_json(&comment));
    github.comments.push(comment);
    touch(sim, &mut github, pull);
    sim.statistics.comments.add(1);
    sim.tell("github", || {
        format!("comment {id} on {pull} by {}", asked.by)
    });
    response
}

/// A comment is a change of the pull request: its time of the last change moves on.
fn touch(sim: &Sim, github: &mut GitHub, id: PreviewId) {
    let updated_at = super::deliveries::whole_second(sim.now());
    let now = sim.kernel.now();
    if let Some(pull) = github.pulls.iter_mut().find(|pull| pull.id == id)
        && let Some(mut version) = pull.now().cloned()
    {
        version.updated_at = updated_at;
        pull.versions.push((now, version));
    }
}

fn edit(sim: &Rc<Sim>, id: &str, asked: &Asked) -> Response {
    let body = asked.text("body");
    let mut github = sim.github.borrow_mut();
    let found = github
        .comments
        .iter_mut()
        .find(|comment| comment.id.to_string() == id && comment.author == OWN_ACCOUNT);
    let Some(comment) = found else {
        return not_found();
    };
    comment.body = body;
    let (pull, response) = (comment.pull, json_response(200, &comment_json(comment)));
    touch(sim, &mut github, pull);
    response
}

fn delete(sim: &Rc<Sim>, id: &str) -> Response {
    let mut github = sim.github.borrow_mut();
    let before = github.comments.len();
    github
        .comments
        .retain(|comment| comment.id.to_string() != id);
    if github.comments.len() == before {
        not_found()
    } else {
        plain(204, "")
    }
}
