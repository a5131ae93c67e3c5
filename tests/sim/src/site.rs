//! The previews and environments themselves: what a probe of their URL finds.

use std::rc::Rc;

use ports::Response;

use crate::{
    http::{Asked, plain},
    releases,
    sim::Sim,
    targets,
};

/// The URL template of an application's previews.
pub(crate) fn url_template(application: &str) -> String {
    format!("https://pr-{{number}}-{application}.preview.test")
}

/// The answer to a probe.
pub(crate) fn answer(sim: &Rc<Sim>, asked: &Asked) -> Response {
    if sim.releases.is_some() {
        let (_, host) = asked.path.split_once("://").unwrap_or_default();
        let host = host.split('/').next().unwrap_or_default();
        return if releases::argocd::answers(sim, host) {
            plain(200, "hello")
        } else {
            plain(503, "no available server")
        };
    }
    let found = asked
        .path
        .strip_prefix("https://pr-")
        .and_then(|rest| rest.split_once('-'))
        .and_then(|(number, rest)| Some((number.parse().ok()?, rest.split_once('.')?.0)));
    let Some((number, application)) = found else {
        return plain(404, "404 page not found");
    };
    let now = sim.kernel.now();
    match targets::container(sim, application, number) {
        None => plain(404, "404 page not found"),
        Some(container) if container.healthy_at.is_some_and(|at| at <= now) => {
            let mut oracle = sim.oracle.borrow_mut();
            oracle.answered(sim, application, number, &container.commit);
            plain(200, "hello")
        }
        Some(_) => plain(503, "no available server"),
    }
}
