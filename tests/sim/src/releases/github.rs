//! GitHub's API as far as releases use it: the configuration, the branch, commits and how they stand to each other, runs, and
//! deployments. Some answers come from a copy that lags behind.

use std::rc::Rc;

use ::http::Method;
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::release::Relation;
use ports::Response;
use serde_json::{Value, json};

use super::{AUTHOR, NAME, REPOSITORY, payload, with};
use crate::{
    github::{copy_of, deliveries::whole_second},
    http::{Asked, json_response},
    kernel::Micros,
    sim::Sim,
};

/// A deployment that GitHub shows.
#[derive(Debug)]
pub(crate) struct Deployment {
    pub(crate) id: u64,
    pub(crate) environment: String,
    pub(crate) commit: String,
    pub(crate) mark: String,
    /// Its newest status.
    pub(crate) state: String,
    at: Micros,
}

/// Answers a request.
pub(crate) fn answer(sim: &Rc<Sim>, asked: &Asked) -> Response {
    let parts = asked.parts();
    let rest = match parts.as_slice() {
        ["user"] => return json_response(200, &json!({"id": 4_711, "login": "slipway-bot"})),
        ["repos", owner, name, rest @ ..] if format!("{owner}/{name}") == NAME => rest,
        ["repositories", id, rest @ ..] if *id == REPOSITORY.0.to_string() => rest,
        _ => return not_found(),
    };
    match (&asked.method, rest) {
        (&Method::GET, []) => json_response(
            200,
            &json!({"id": REPOSITORY.0, "full_name": NAME, "private": false, "archived": false, "default_branch": "main"}),
        ),
        (&Method::GET, ["commits"]) => configured(sim),
        (&Method::GET, ["contents", ..]) => contents(sim),
        (&Method::GET, ["commits", reference]) => commit(sim, reference),
        (&Method::GET, ["commits", _, "pulls"]) => json_response(200, &json!([])),
        (&Method::GET, ["compare", both]) => compare(sim, both),
        (&Method::GET, ["actions", "runs"]) => runs(sim, asked),
        (&Method::GET, ["deployments"]) => deployments(sim, asked),
        (&Method::POST, ["deployments"]) => create_deployment(sim, asked),
        (&Method::POST, ["deployments", id, "statuses"]) => set_status(sim, id, asked),
        _ => {
            sim.violate(|| format!("unexpected request: {} {}", asked.method, asked.path));
            not_found()
        }
    }
}

fn not_found() -> Response {
    json_response(404, &json!({"message": "Not Found"}))
}

/// The configuration never changes: the first commit brought it.
fn configured(sim: &Rc<Sim>) -> Response {
    let first = with(sim, |world| {
        let first = world.history.commit(0);
        first.map(|first| first.sha.clone())
    });
    json_response(200, &json!([{"sha": first}]))
}

fn contents(sim: &Rc<Sim>) -> Response {
    let text = with(sim, |world| world.terms.text());
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

fn commit(sim: &Rc<Sim>, reference: &str) -> Response {
    let at = copy_of(sim);
    let found = with(sim, |world| {
        let history = &world.history;
        let index = match reference {
            "heads%2Fmain" => Some(history.head_at(at)),
            sha => history.index_of(sha),
        };
        let commit = index.and_then(|index| history.commit(index));
        let commit = commit.filter(|commit| commit.at <= at);
        commit.map(|commit| commit.sha.clone())
    });
    let author = json!({"id": 1, "login": AUTHOR});
    match found {
        Some(sha) => json_response(
            200,
            &json!({"sha": sha, "commit": {"message": "A change"}, "author": author, "committer": author}),
        ),
        None => not_found(),
    }
}

fn compare(sim: &Rc<Sim>, both: &str) -> Response {
    let at = copy_of(sim);
    let compared = with(sim, |world| {
        let history = &world.history;
        let known = |sha: &str| {
            let index = history.index_of(sha)?;
            history.commit(index).filter(|commit| commit.at <= at)?;
            Some(index)
        };
        let (base, head) = both.split_once("...")?;
        let (base, head) = (known(base)?, known(head)?);
        let commits = history.between(base, head).into_iter();
        let commits: Vec<Value> = commits
            .map(|sha| json!({"sha": sha, "author": {"id": 1, "login": AUTHOR}}))
            .collect();
        Some((history.relation(base, head), commits))
    });
    let Some((relation, commits)) = compared else {
        return not_found();
    };
    let status = match relation {
        Relation::Identical => "identical",
        Relation::Ahead => "ahead",
        Relation::Behind => "behind",
        Relation::Diverged => "diverged",
    };
    json_response(200, &json!({"status": status, "commits": commits}))
}

fn runs(sim: &Rc<Sim>, asked: &Asked) -> Response {
    let at = copy_of(sim);
    let head = asked.parameter("head_sha").unwrap_or_default();
    let updated_at = whole_second(sim.now()).to_string();
    let mut shown: Vec<Value> = with(sim, |world| {
        let runs = world.history.runs_at(head, at).into_iter();
        runs.map(|run| payload::run(run, &updated_at)).collect()
    });
    shown.reverse();
    json_response(
        200,
        &json!({"total_count": shown.len(), "workflow_runs": shown}),
    )
}

fn deployments(sim: &Rc<Sim>, asked: &Asked) -> Response {
    let at = copy_of(sim);
    let wanted = |name: &str, value: &str| asked.parameter(name).is_none_or(|own| own == value);
    let shown: Vec<Value> = with(sim, |world| {
        let deployments = world.deployments.iter().rev().filter(|one| one.at <= at);
        let deployments = deployments
            .filter(|one| wanted("sha", &one.commit) && wanted("environment", &one.environment));
        let shown = deployments.map(|one| {
            json!({"id": one.id, "sha": one.commit, "environment": one.environment, "payload": {"slipway": one.mark}})
        });
        shown.collect()
    });
    json_response(200, &Value::Array(shown))
}

fn create_deployment(sim: &Rc<Sim>, asked: &Asked) -> Response {
    let id = sim.github.borrow_mut().number();
    let mark = asked.field("payload");
    let mark = mark.get("slipway").and_then(Value::as_str);
    let deployment = Deployment {
        id,
        environment: asked.text("environment"),
        commit: asked.text("ref"),
        mark: mark.unwrap_or_default().to_owned(),
        state: String::new(),
        at: sim.kernel.now(),
    };
    sim.statistics.github_deployments.add(1);
    with(sim, |world| world.deployments.push(deployment));
    json_response(201, &json!({"id": id}))
}

fn set_status(sim: &Rc<Sim>, id: &str, asked: &Asked) -> Response {
    let (state, auto_inactive) = (asked.text("state"), asked.field("auto_inactive"));
    let found = with(sim, |world| {
        let own = |one: &Deployment| one.id.to_string() == id;
        let found = world.deployments.iter().find(|one| own(one))?;
        let environment = found.environment.clone();
        for other in &mut world.deployments {
            if own(other) {
                other.state.clone_from(&state);
            } else if state == "success"
                && auto_inactive == true
                && other.environment == environment
                && other.state == "success"
            {
                "inactive".clone_into(&mut other.state);
            }
        }
        Some(())
    });
    match found {
        Some(()) => json_response(201, &json!({"id": 1, "state": state})),
        None => not_found(),
    }
}
