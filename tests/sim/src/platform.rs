//! A small platform API: a virtual cluster for each number of a pull request, whoever asks for it. It knows a preview by its number
//! alone and takes whatever comes: that no two repositories mix up their pull requests is for Slipway to see to.

use std::{collections::BTreeMap, rc::Rc};

use ::http::Method;
use domain::RepositoryId;
use ports::Response;
use serde_json::json;

use crate::{
    coolify::Container,
    http::{Asked, json_response},
    kernel::{Micros, SECOND},
    sim::Sim,
};

/// All virtual clusters.
#[derive(Debug, Default)]
pub(crate) struct Platform {
    clusters: BTreeMap<u64, Cluster>,
    pub(crate) down_until: Micros,
    /// Counts up with every request.
    requests: u64,
}

/// The virtual cluster of a pull request.
#[derive(Debug)]
struct Cluster {
    repository: RepositoryId,
    container: Option<Container>,
    /// The request that it was brought to what it is by.
    request: u64,
}

impl Platform {
    /// What runs in the cluster that a repository has under a number.
    pub(crate) fn container(&self, repository: RepositoryId, number: u64) -> Option<&Container> {
        let cluster = self.clusters.get(&number)?;
        (cluster.repository == repository)
            .then_some(cluster.container.as_ref())
            .flatten()
    }

    /// Whether the cluster of this number is of this repository.
    pub(crate) fn has(&self, repository: RepositoryId, number: u64) -> bool {
        self.owner(number) == Some(repository)
    }

    /// Whose cluster has this number.
    pub(crate) fn owner(&self, number: u64) -> Option<RepositoryId> {
        self.clusters.get(&number).map(|one| one.repository)
    }

    /// The numbers of a repository's clusters.
    pub(crate) fn numbers_of(&self, repository: RepositoryId) -> Vec<u64> {
        let own = self.clusters.iter();
        let own = own.filter(|(_, cluster)| cluster.repository == repository);
        own.map(|(number, _)| *number).collect()
    }
}

/// Answers a request.
pub(crate) fn answer(sim: &Rc<Sim>, asked: &Asked) -> Response {
    let parts = asked.parts();
    match (&asked.method, parts.as_slice()) {
        (&Method::POST, ["api", "v1", "previews"]) => deploy(sim, asked),
        (&Method::DELETE, ["api", "v1", "previews", name]) => {
            let number = name.strip_prefix("pr-").and_then(|text| text.parse().ok());
            remove(sim, number.unwrap_or_default())
        }
        _ => {
            sim.violate(|| format!("unexpected request: {} {}", asked.method, asked.path));
            json_response(404, &json!({"error": "no such route"}))
        }
    }
}

fn deploy(sim: &Rc<Sim>, asked: &Asked) -> Response {
    let (number, name) = (asked.number("prNumber"), asked.text("repository"));
    let (tag, commit) = (asked.text("imageTag"), asked.text("commitSha"));
    let named = {
        let github = sim.github.borrow();
        let mut all = github.repositories.iter();
        all.find(|one| one.names.contains(&name)).and_then(|one| {
            let mut services = one.services.iter();
            let service = services.find(|service| service.on == crate::targets::On::Cluster)?;
            Some((one.id, service.application.clone(), service.limit))
        })
    };
    let Some((repository, application, limit)) = named else {
        sim.violate(|| format!("a virtual cluster for {name}, which wants none"));
        return json_response(422, &json!({"error": "unknown repository"}));
    };
    let owner = sim.platform.borrow().owner(number);
    if let Some(other) = owner.filter(|owner| *owner != repository) {
        sim.violate(|| format!("pr-{number} of {other} is taken over by {repository}"));
    }
    let live = sim.platform.borrow().numbers_of(repository);
    if limit.is_some_and(|limit| !live.contains(&number) && live.len() >= limit) {
        sim.violate(|| {
            format!(
                "{application} #{number}: {} previews are live already",
                live.len()
            )
        });
    }
    sim.statistics.clusters.add(1);
    sim.tell("platform", || {
        format!(
            "pr-{number} of {repository}: asked for {commit:.7} ({tag}) for {}",
            asked.by
        )
    });
    let image = sim.github.borrow().image(&application, &tag);
    sim.oracle
        .borrow_mut()
        .asked_again_at_will(sim, &application, number, image.as_deref());
    let request = {
        let mut platform = sim.platform.borrow_mut();
        platform.requests += 1;
        let request = platform.requests;
        let cluster = platform.clusters.entry(number).or_insert(Cluster {
            repository,
            container: None,
            request,
        });
        cluster.request = request;
        // Nothing tells which image answers: so what ran before stops at once.
        let is_other = |running: &Container| Some(&running.commit) != image.as_ref();
        if cluster.container.as_ref().is_some_and(is_other) {
            cluster.container = None;
        }
        request
    };
    let pause = sim
        .random
        .pick(&[SECOND, 4 * SECOND, 15 * SECOND, 40 * SECOND]);
    sim.after(sim.random.between(1, pause), move |sim| {
        start(sim, number, request, &application, &tag);
    });
    json_response(
        if owner.is_some() { 200 } else { 201 },
        &json!({"name": format!("pr-{number}")}),
    )
}

/// The image is pulled and the program started, if nothing else was asked for since.
fn start(sim: &Rc<Sim>, number: u64, request: u64, application: &str, tag: &str) {
    let Some(commit) = sim.github.borrow().image(application, tag) else {
        return;
    };
    let healthy_at = (!sim.github.borrow().is_sick(&commit)).then(|| {
        let pause = sim.random.pick(&[SECOND, 5 * SECOND, 40 * SECOND]);
        sim.kernel.now() + sim.random.below(pause)
    });
    {
        let mut platform = sim.platform.borrow_mut();
        let cluster = platform.clusters.get_mut(&number);
        let Some(cluster) = cluster.filter(|cluster| cluster.request == request) else {
            return;
        };
        // What runs already goes on.
        if cluster
            .container
            .as_ref()
            .is_some_and(|running| running.commit == commit)
        {
            return;
        }
        cluster.container = Some(Container {
            commit: commit.clone(),
            healthy_at,
        });
    }
    sim.tell("platform", || format!("pr-{number}: {commit:.7} runs"));
    let mut oracle = sim.oracle.borrow_mut();
    oracle.container_started(sim, application, number, &commit);
}

fn remove(sim: &Rc<Sim>, number: u64) -> Response {
    let removed = sim.platform.borrow_mut().clusters.remove(&number);
    let Some(removed) = removed else {
        return json_response(404, &json!({"error": format!("there is no pr-{number}")}));
    };
    sim.statistics.removals.add(1);
    let application = {
        let github = sim.github.borrow();
        let service = github.service_on(removed.repository, &domain::TargetId::VirtualCluster);
        service.map(|service| service.application.clone())
    };
    if let Some(application) = application {
        sim.oracle.borrow_mut().removed(&application, number);
    }
    sim.tell("platform", || {
        format!("pr-{number} of {}: removed", removed.repository)
    });
    json_response(202, &json!({"name": format!("pr-{number}")}))
}
