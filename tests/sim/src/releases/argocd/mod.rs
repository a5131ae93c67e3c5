//! A small Argo CD: two applications with an image of Kustomize's, operations that are taken up, run and end, rollouts that settle,
//! and a controller that sees all of it some seconds later (VENDORS 2.2 to 2.5).

mod api;
mod shape;

use std::{collections::BTreeMap, rc::Rc};

use domain::CommitSha;

pub(crate) use api::answer;

use super::{Environment, IMAGE, history::Fitness, image_of, watch, with};
use crate::{
    kernel::{MILLISECOND, MINUTE, Micros, SECOND},
    sim::Sim,
};

/// What ran before anybody released with Slipway.
const FORMER: &str = "former";
/// So often the controller compares without a reason.
const COMPARED_EVERY: Micros = 3 * MINUTE;
/// The longest history that is kept (`revisionHistoryLimit`).
const HISTORY_MAX: usize = 10;

/// All applications, by name.
#[derive(Debug)]
pub(crate) struct ArgoCd {
    applications: BTreeMap<&'static str, Application>,
    numbers_given: u64,
}

/// An application.
#[derive(Debug)]
pub(crate) struct Application {
    name: &'static str,
    version: u64,
    /// The image that its specification says.
    pub(crate) wanted: String,
    /// What was asked for, until it is over.
    operation: Option<Operation>,
    /// The operation under way or the last one; none from the moment when another is asked for until it is taken up.
    state: Option<State>,
    pub(crate) live: Live,
    history: Vec<Entry>,
    entries: u64,
    /// What the controller saw last.
    seen: Seen,
}

/// A sync.
#[derive(Debug, Clone)]
struct Operation {
    number: u64,
    mark: Option<String>,
    /// The image of the specification when it was taken up.
    image: String,
}

#[derive(Debug, Clone)]
struct State {
    operation: Operation,
    phase: &'static str,
    started_at: Micros,
    finished_at: Option<Micros>,
}

/// What runs in the cluster.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    pub(crate) image: String,
    fitness: Fitness,
    /// When its pods are ready, or given up.
    settles_at: Micros,
    /// What answers until then.
    before: Option<Fitness>,
}

/// An earlier deployment.
#[derive(Debug, Clone)]
struct Entry {
    id: u64,
    image: String,
    deployed_at: Micros,
}

/// What the controller saw.
#[derive(Debug, Clone)]
struct Seen {
    at: Micros,
    wanted: String,
    live: String,
    health: &'static str,
}

impl ArgoCd {
    pub(crate) fn new() -> Self {
        let image = format!("{IMAGE}:{FORMER}");
        let application = |environment: Environment| Application {
            name: environment.application(),
            version: 1,
            wanted: image.clone(),
            operation: None,
            state: None,
            live: Live {
                image: image.clone(),
                fitness: Fitness::Well,
                settles_at: 0,
                before: None,
            },
            history: vec![Entry {
                id: 0,
                image: image.clone(),
                deployed_at: 0,
            }],
            entries: 1,
            seen: Seen {
                at: 0,
                wanted: image.clone(),
                live: image.clone(),
                health: "Healthy",
            },
        };
        let all = Environment::ALL.map(|one| (one.application(), application(one)));
        Self {
            applications: BTreeMap::from(all),
            numbers_given: 0,
        }
    }

    /// The application of an environment.
    pub(crate) fn of(&self, environment: Environment) -> Option<&Application> {
        self.applications.get(environment.application())
    }
}

impl Application {
    /// Whether it runs the commit, ready and healthy.
    pub(crate) fn runs_well(&self, commit: &CommitSha, now: Micros) -> bool {
        self.live.image == image_of(commit) && self.live.health(now) == "Healthy"
    }

    /// Whether what is there answers a request.
    fn answers(&self, now: Micros) -> bool {
        let serving = if self.live.settles_at <= now && self.live.fitness != Fitness::Degrades {
            Some(self.live.fitness)
        } else {
            self.live.before
        };
        serving == Some(Fitness::Well)
    }
}

impl Live {
    fn health(&self, now: Micros) -> &'static str {
        match self.fitness {
            _ if self.settles_at > now => "Progressing",
            Fitness::Degrades => "Degraded",
            Fitness::Well | Fitness::Silent => "Healthy",
        }
    }
}

/// Begins the controller's rounds.
pub(crate) fn begin(sim: &Rc<Sim>) {
    for environment in Environment::ALL {
        round(sim, environment.application());
    }
}

fn round(sim: &Rc<Sim>, name: &'static str) {
    sim.after(COMPARED_EVERY, move |sim| {
        look(sim, name);
        round(sim, name);
    });
}

/// Whether the URL of an application answers well.
pub(crate) fn answers(sim: &Rc<Sim>, host: &str) -> bool {
    let now = sim.kernel.now();
    with(sim, |world| {
        let mut all = world.argocd.applications.values();
        all.find(|one| host.strip_suffix(".test") == Some(one.name))
            .is_some_and(|application| application.answers(now))
    })
}

/// The controller compares, soon.
fn look_soon(sim: &Rc<Sim>, name: &'static str) {
    let longest = sim.random.pick(&[SECOND, 6 * SECOND]);
    sim.after(sim.random.between(50 * MILLISECOND, longest), move |sim| {
        look(sim, name);
    });
}

fn look(sim: &Rc<Sim>, name: &'static str) {
    let now = sim.kernel.now();
    with(sim, |world| {
        if let Some(application) = world.argocd.applications.get_mut(name) {
            application.version += 1;
            application.seen = Seen {
                at: now,
                wanted: application.wanted.clone(),
                live: application.live.image.clone(),
                health: application.live.health(now),
            };
        }
    });
}

/// Somebody asks for a sync; false if another operation is asked for or under way.
fn ask(sim: &Rc<Sim>, name: &'static str, mark: Option<String>) -> bool {
    let taken = with(sim, |world| {
        let argocd = &mut world.argocd;
        let application = argocd.applications.get_mut(name)?;
        if application.operation.is_some() {
            return None;
        }
        argocd.numbers_given += 1;
        application.version += 1;
        application.state = None;
        application.operation = Some(Operation {
            number: argocd.numbers_given,
            mark: mark.clone(),
            image: application.wanted.clone(),
        });
        Some(argocd.numbers_given)
    });
    let Some(number) = taken else { return false };
    sim.tell("argocd", || {
        format!("{name}: sync {number} is asked for by {mark:?}")
    });
    watch::operation_taken(sim, name, mark.as_deref());
    sim.after(sim.random.below(3 * SECOND), move |sim| {
        take_up(sim, name, number)
    });
    true
}

fn take_up(sim: &Rc<Sim>, name: &'static str, number: u64) {
    let now = sim.kernel.now();
    with(sim, |world| {
        let application = world.argocd.applications.get_mut(name)?;
        let mut operation = application.operation.clone()?;
        if operation.number != number {
            return None;
        }
        // What is synced is what the specification says now.
        operation.image.clone_from(&application.wanted);
        application.version += 1;
        application.operation = Some(operation.clone());
        application.state = Some(State {
            operation,
            phase: "Running",
            started_at: now,
            finished_at: None,
        });
        Some(())
    });
    let longest = sim.random.pick(&[2, 8, 30]);
    sim.after(
        sim.random.between(200, longest * 1_000) * MILLISECOND,
        move |sim| {
            end(sim, name, number);
        },
    );
}

/// Ends an operation: what was asked for is applied, or it failed, or it was told to stop.
fn end(sim: &Rc<Sim>, name: &'static str, number: u64) {
    let now = sim.kernel.now();
    let fails = sim.random.chance(sim.faults.get().deployment_fails);
    let settles = sim.random.pick(&[SECOND, 10 * SECOND, 50 * SECOND]);
    let settles_at = now + sim.random.between(100 * MILLISECOND, settles);
    let phase = with(sim, |world| {
        let image = world
            .argocd
            .applications
            .get(name)?
            .state
            .as_ref()?
            .operation
            .image
            .clone();
        let commit = world
            .commit_of(&image)
            .and_then(|index| world.history.commit(index));
        let fitness = commit.map_or(Fitness::Well, |commit| commit.fitness);
        let application = world.argocd.applications.get_mut(name)?;
        let state = application.state.as_mut()?;
        if state.operation.number != number || state.finished_at.is_some() {
            return None;
        }
        application.operation = None;
        application.version += 1;
        state.finished_at = Some(now);
        state.phase = match state.phase {
            "Terminating" => "Failed",
            _ if fails => "Failed",
            _ => "Succeeded",
        };
        let phase = state.phase;
        if phase == "Succeeded" {
            application.deployed(&image, fitness, (now, settles_at));
        }
        Some((phase, image))
    });
    let Some((phase, image)) = phase else { return };
    sim.tell("argocd", || {
        format!("{name}: sync {number} to {image} {phase}")
    });
    if phase == "Succeeded" {
        sim.statistics.deployments.add(1);
        sim.after(settles_at - now + MILLISECOND, move |sim| {
            look_soon(sim, name)
        });
    }
    look_soon(sim, name);
}

impl Application {
    fn deployed(&mut self, image: &str, fitness: Fitness, (now, settles_at): (Micros, Micros)) {
        self.history.push(Entry {
            id: self.entries,
            image: image.to_owned(),
            deployed_at: now,
        });
        self.entries += 1;
        let excess = self.history.len().saturating_sub(HISTORY_MAX);
        self.history.drain(..excess);
        if self.live.image == image {
            return;
        }
        // Pods that never got ready replaced nothing.
        let is_ready = self.live.settles_at <= now && self.live.fitness != Fitness::Degrades;
        let before = if is_ready {
            Some(self.live.fitness)
        } else {
            self.live.before
        };
        self.live = Live {
            image: image.to_owned(),
            fitness,
            settles_at,
            before,
        };
    }
}
