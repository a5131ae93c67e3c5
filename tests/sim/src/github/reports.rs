//! Check runs and deployments on the simulated GitHub, and what must hold of them. The token may make check runs too, which on the
//! real one only an App may: so they are tried like everything else.

use std::{collections::BTreeSet, rc::Rc};

use domain::{
    PreviewId, PullRequestNumber,
    preview::{CHECK, check_id, environment},
};
use ports::Response;
use serde_json::{Value, json};

use super::{GitHub, Pull, api::not_found};
use crate::{
    http::{Asked, json_response, plain},
    kernel::Micros,
    sim::Sim,
};

/// A check run.
#[derive(Debug)]
pub(crate) struct Check {
    id: u64,
    repository: usize,
    head: String,
    name: String,
    external_id: String,
    status: String,
    conclusion: Option<String>,
    at: Micros,
}

/// A deployment.
#[derive(Debug)]
pub(crate) struct Deployment {
    id: u64,
    repository: usize,
    sha: String,
    environment: String,
    payload: Value,
    /// Its newest status; empty before the first.
    state: String,
    at: Micros,
}

impl Check {
    fn shown(&self) -> Value {
        json!({"id": self.id, "external_id": self.external_id, "name": self.name, "status": self.status})
    }

    fn change(&mut self, asked: &Asked) {
        self.status = asked.text("status");
        let conclusion = asked.text("conclusion");
        self.conclusion = Some(conclusion).filter(|conclusion| !conclusion.is_empty());
    }
}

impl Deployment {
    fn shown(&self) -> Value {
        json!({"id": self.id, "sha": self.sha, "environment": self.environment, "payload": self.payload})
    }
}

/// `GET /repos/{owner}/{repo}/commits/{ref}/check-runs`, as far as the copy that answers knows.
pub(super) fn checks(sim: &Rc<Sim>, repository: usize, head: &str, at: Micros) -> Response {
    let github = sim.github.borrow();
    let found = github.checks.iter();
    let shown: Vec<Value> = found
        .filter(|check| check.repository == repository && check.head == head && check.at <= at)
        .map(Check::shown)
        .collect();
    json_response(
        200,
        &json!({"total_count": shown.len(), "check_runs": shown}),
    )
}

/// `POST /repos/{owner}/{repo}/check-runs`.
pub(super) fn create_check(sim: &Rc<Sim>, repository: usize, asked: &Asked) -> Response {
    let mut github = sim.github.borrow_mut();
    let mut check = Check {
        id: github.number(),
        repository,
        head: asked.text("head_sha"),
        name: asked.text("name"),
        external_id: asked.text("external_id"),
        status: String::new(),
        conclusion: None,
        at: sim.kernel.now(),
    };
    check.change(asked);
    let twice = github.checks.iter().any(|other| {
        (&other.head, &other.name, &other.external_id)
            == (&check.head, &check.name, &check.external_id)
    });
    if twice {
        sim.violate(|| format!("a second check run {} on {}", check.external_id, check.head));
    }
    sim.statistics.checks.add(1);
    let response = json_response(201, &check.shown());
    github.checks.push(check);
    response
}

/// `PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}`.
pub(super) fn update_check(sim: &Rc<Sim>, id: &str, asked: &Asked) -> Response {
    let mut github = sim.github.borrow_mut();
    let found = github.checks.iter_mut();
    let Some(check) = { found }.find(|check| check.id.to_string() == id) else {
        return not_found();
    };
    check.change(asked);
    json_response(200, &check.shown())
}

/// `GET /repos/{owner}/{repo}/deployments`, as far as the copy that answers knows.
pub(super) fn deployments(sim: &Rc<Sim>, repository: usize, asked: &Asked, at: Micros) -> Response {
    let is = |name: &str, value: &str| asked.parameter(name).is_none_or(|wanted| wanted == value);
    let github = sim.github.borrow();
    let found = github.deployments.iter().rev();
    let shown: Vec<Value> = found
        .filter(|one| one.repository == repository && one.at <= at)
        .filter(|one| is("sha", &one.sha) && is("environment", &one.environment))
        .map(Deployment::shown)
        .collect();
    json_response(200, &Value::Array(shown))
}

/// `POST /repos/{owner}/{repo}/deployments`.
pub(super) fn create_deployment(sim: &Rc<Sim>, repository: usize, asked: &Asked) -> Response {
    let mut github = sim.github.borrow_mut();
    let deployment = Deployment {
        id: github.number(),
        repository,
        sha: asked.text("ref"),
        environment: asked.text("environment"),
        payload: asked.field("payload"),
        state: String::new(),
        at: sim.kernel.now(),
    };
    let of_fork = github.pulls.iter().any(|pull| {
        pull.commits.contains(&deployment.sha)
            && pull
                .now()
                .is_some_and(|now| now.head_repository != Some(pull.id.repository))
    });
    if of_fork {
        sim.violate(|| format!("a deployment on GitHub of {}, of a fork", deployment.sha));
    }
    sim.statistics.github_deployments.add(1);
    let response = json_response(201, &deployment.shown());
    github.deployments.push(deployment);
    response
}

/// `POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses`.
pub(super) fn set_status(sim: &Rc<Sim>, id: &str, asked: &Asked) -> Response {
    let mut github = sim.github.borrow_mut();
    let found = github.deployments.iter_mut();
    let Some(deployment) = { found }.find(|one| one.id.to_string() == id) else {
        return not_found();
    };
    deployment.state = asked.text("state");
    json_response(201, &json!({"id": 1, "state": deployment.state}))
}

/// `DELETE /repos/{owner}/{repo}/deployments/{deployment_id}`.
pub(super) fn delete_deployment(sim: &Rc<Sim>, id: &str) -> Response {
    let mut github = sim.github.borrow_mut();
    let found = github
        .deployments
        .iter()
        .position(|one| one.id.to_string() == id);
    let Some(index) = found else {
        return not_found();
    };
    let inactive = github
        .deployments
        .get(index)
        .is_some_and(|one| one.state == "inactive");
    if !inactive {
        return json_response(
            422,
            &json!({"message": "We cannot delete an active deployment"}),
        );
    }
    github.deployments.remove(index);
    plain(204, "")
}

impl GitHub {
    fn deployments_of(&self, pull: &Pull) -> impl Iterator<Item = &Deployment> {
        let environment = environment(pull.id.number);
        let of = pull.repository;
        self.deployments
            .iter()
            .filter(move |one| one.repository == of && one.environment == environment)
    }

    /// Whether check run and deployments of a pull request say what is so: `is_there` tells whether Coolify has a preview of it.
    pub(crate) fn reports_fit(&self, pull: &Pull, is_there: bool) -> Result<(), String> {
        let id = pull.id;
        let active: BTreeSet<&str> = self
            .deployments_of(pull)
            .filter(|one| one.state != "inactive")
            .map(|one| one.sha.as_str())
            .collect();
        if !is_there && !pull.is_open() && !active.is_empty() {
            return Err(format!(
                "{id}: deployments of {active:?} are active, and its preview is gone"
            ));
        }
        let live = self
            .deployments_of(pull)
            .filter(|one| one.state == "success");
        let live: Vec<&str> = live.map(|one| one.sha.as_str()).collect();
        if live.len() > 1 {
            return Err(format!("{id}: {live:?} are all shown as deployed"));
        }
        let external_id = check_id(id);
        let own = self.checks.iter().filter(|check| {
            check.repository == pull.repository
                && check.name == CHECK
                && check.external_id == external_id
        });
        for check in own {
            let is_over = check.conclusion.is_some();
            let is_head = pull.is_open() && check.head == pull.head();
            if !is_over && !is_head {
                return Err(format!(
                    "{id}: the check run on {:.7}, which is over, says {}",
                    check.head, check.status
                ));
            }
        }
        Ok(())
    }

    /// What is left of deployments to previews.
    pub(crate) fn left_deployments(&self) -> Vec<(PreviewId, u64)> {
        let of = |one: &Deployment| {
            let number = one.environment.strip_prefix("preview-pr-")?.parse().ok()?;
            let repository = self.repositories.get(one.repository)?.id;
            let number = PullRequestNumber(number);
            Some((PreviewId { repository, number }, one.id))
        };
        self.deployments.iter().filter_map(of).collect()
    }
}
