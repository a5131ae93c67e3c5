//! A small Kubernetes: namespaces that builds make for pull requests, by their labels, and some that are none of Slipway's.

use std::{collections::BTreeMap, rc::Rc};

use ::http::Method;
use domain::{
    PreviewId, PullRequestNumber, RepositoryId,
    preview::{COMMIT_LABEL, NUMBER_LABEL, REPOSITORY_LABEL, namespace_names},
};
use ports::Response;
use serde_json::{Value, json};

use crate::{
    coolify::Container,
    http::{Asked, json_response},
    kernel::{MINUTE, Micros, SECOND},
    sim::Sim,
};

/// A build that finds the namespace of an earlier one going waits so long.
const AGAIN: Micros = 8 * SECOND;

/// All namespaces.
#[derive(Debug, Default)]
pub(crate) struct Kubernetes {
    namespaces: BTreeMap<String, Namespace>,
    pub(crate) down_until: Micros,
    /// The repository whose namespaces have the short name.
    short: Option<RepositoryId>,
}

/// A namespace.
#[derive(Debug)]
pub(crate) struct Namespace {
    uid: String,
    labels: BTreeMap<String, String>,
    /// Whether it is being deleted.
    pub(crate) going: bool,
    pub(crate) container: Option<Container>,
}

impl Kubernetes {
    /// The name that the namespaces of a repository have.
    fn name_of(&self, id: PreviewId) -> String {
        let [short, long] = namespace_names(id);
        if self.short == Some(id.repository) {
            short
        } else {
            long
        }
    }

    /// The namespace of a pull request.
    pub(crate) fn own(
        &self,
        repository: RepositoryId,
        number: PullRequestNumber,
    ) -> Option<&Namespace> {
        self.namespaces
            .get(&self.name_of(PreviewId { repository, number }))
    }

    /// The first namespace of strangers that is gone.
    pub(crate) fn missing_stranger(&self) -> Option<String> {
        let all = strangers(self.short);
        all.into_iter()
            .find(|name| !self.namespaces.contains_key(name))
    }
}

/// What others have in the cluster, by names that are like those of pull requests.
fn strangers(short: Option<RepositoryId>) -> Vec<String> {
    let numbers: &[u64] = if short.is_some() { &[1, 2] } else { &[5, 6, 7] };
    let named = numbers.iter().map(|number| format!("preview-{number}"));
    named.collect()
}

/// Makes the cluster. `short` is whose namespaces have the short name.
pub(crate) fn begin(sim: &Rc<Sim>, short: Option<RepositoryId>) {
    let mut kubernetes = sim.kubernetes.borrow_mut();
    kubernetes.short = short;
    for name in strangers(short) {
        let uid = format!("stranger-{name}");
        let stranger = Namespace {
            uid,
            labels: BTreeMap::new(),
            going: false,
            container: None,
        };
        kubernetes.namespaces.insert(name, stranger);
    }
}

/// A build that succeeded deploys to the namespace of its pull request, some time after it pushed the image.
pub(crate) fn apply_later(
    sim: &Rc<Sim>,
    repository: RepositoryId,
    number: PullRequestNumber,
    commit: &str,
) {
    let pause = sim
        .random
        .pick(&[SECOND, 10 * SECOND, 60 * SECOND, 4 * MINUTE]);
    let (id, commit) = (PreviewId { repository, number }, commit.to_owned());
    sim.after(sim.random.below(pause), move |sim| apply(sim, id, commit));
}

fn apply(sim: &Rc<Sim>, id: PreviewId, commit: String) {
    let name = sim.kubernetes.borrow().name_of(id);
    let going = sim
        .kubernetes
        .borrow()
        .namespaces
        .get(&name)
        .is_some_and(|found| found.going);
    if going {
        sim.after(AGAIN, move |sim| apply(sim, id, commit));
        return;
    }
    // A deployment that was overtaken by that of a newer commit gives way, as `concurrency` has it.
    let overtaken = {
        let github = sim.github.borrow();
        let kubernetes = sim.kubernetes.borrow();
        let running = kubernetes
            .namespaces
            .get(&name)
            .and_then(|found| found.container.as_ref());
        let index = |commit: &str| github.pull(id).and_then(|pull| pull.index_of(commit));
        running.is_some_and(|running| index(&running.commit) > index(&commit))
    };
    if overtaken {
        return;
    }
    let healthy_at = (!sim.github.borrow().is_sick(&commit)).then(|| {
        let pause = sim.random.pick(&[SECOND, 5 * SECOND, 40 * SECOND]);
        sim.kernel.now() + sim.random.below(pause)
    });
    let uid = format!("{:016x}", sim.random.next());
    let mut kubernetes = sim.kubernetes.borrow_mut();
    let namespace = kubernetes
        .namespaces
        .entry(name.clone())
        .or_insert_with(|| Namespace {
            uid,
            labels: BTreeMap::from([
                (REPOSITORY_LABEL.to_owned(), id.repository.to_string()),
                (NUMBER_LABEL.to_owned(), id.number.to_string()),
            ]),
            going: false,
            container: None,
        });
    namespace
        .labels
        .insert(COMMIT_LABEL.to_owned(), commit.clone());
    sim.statistics.namespaces.add(1);
    sim.tell("kubernetes", || format!("{name}: {commit:.7} is deployed"));
    if namespace
        .container
        .as_ref()
        .is_none_or(|running| running.commit != commit)
    {
        namespace.container = Some(Container { commit, healthy_at });
    }
}

/// Answers a request.
pub(crate) fn answer(sim: &Rc<Sim>, asked: &Asked) -> Response {
    let parts = asked.parts();
    match (&asked.method, parts.as_slice()) {
        (&Method::GET, ["api", "v1", "namespaces", name]) => show(sim, name),
        (&Method::DELETE, ["api", "v1", "namespaces", name]) => delete(sim, name, asked),
        _ => {
            sim.violate(|| format!("unexpected request: {} {}", asked.method, asked.path));
            refusal(404, "NotFound")
        }
    }
}

fn refusal(status: u16, reason: &str) -> Response {
    json_response(
        status,
        &json!({"kind": "Status", "status": "Failure", "reason": reason, "code": status}),
    )
}

fn shown(name: &str, namespace: &Namespace) -> Value {
    let mut shown = json!({
        "kind": "Namespace",
        "metadata": {"name": name, "uid": namespace.uid, "labels": namespace.labels},
        "status": {"phase": if namespace.going { "Terminating" } else { "Active" }},
    });
    if namespace.going
        && let Some(metadata) = shown.get_mut("metadata")
        && let Some(metadata) = metadata.as_object_mut()
    {
        let at = Value::from("2026-11-21T00:00:00Z");
        metadata.insert("deletionTimestamp".to_owned(), at);
    }
    shown
}

fn show(sim: &Rc<Sim>, name: &str) -> Response {
    match sim.kubernetes.borrow().namespaces.get(name) {
        Some(found) => json_response(200, &shown(name, found)),
        None => refusal(404, "NotFound"),
    }
}

fn delete(sim: &Rc<Sim>, name: &str, asked: &Asked) -> Response {
    let meant = asked.field("preconditions");
    let meant = meant.get("uid").and_then(Value::as_str).map(str::to_owned);
    let response = {
        let mut kubernetes = sim.kubernetes.borrow_mut();
        let Some(found) = kubernetes.namespaces.get_mut(name) else {
            return refusal(404, "NotFound");
        };
        if meant.is_none() {
            sim.violate(|| format!("{name} is to be deleted, whichever it is"));
        }
        if meant.as_deref() != Some(found.uid.as_str()) || found.going {
            return refusal(409, "Conflict");
        }
        if found.labels.is_empty() {
            sim.violate(|| format!("{name} is others', and is deleted"));
        }
        found.going = true;
        json_response(200, &shown(name, found))
    };
    sim.statistics.removals.add(1);
    sim.tell("kubernetes", || format!("{name}: is being deleted"));
    // Now and then something in it takes its time.
    let pause = sim
        .random
        .pick(&[SECOND, 10 * SECOND, 10 * SECOND, 3 * MINUTE]);
    let name = name.to_owned();
    sim.after(sim.random.between(1, pause), move |sim| {
        sim.kubernetes.borrow_mut().namespaces.remove(&name);
        sim.tell("kubernetes", || format!("{name}: is gone"));
    });
    response
}
