//! One seed: everything that exists in it, and the way of a call from its beginning over its effect to its answer.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use domain::Timestamp;

use crate::{
    coolify::Coolify,
    faults::Faults,
    github::GitHub,
    journal::Journal,
    kernel::{Kernel, MILLISECOND, Micros, Reply, SECOND, promise},
    kubernetes::Kubernetes,
    mutation::Mutation,
    oracle::Oracle,
    platform::Platform,
    random::Random,
    releases::World,
    statistics::Statistics,
    store::Entries,
};

/// The wall clock at the beginning of every seed: 2026-11-21T00:00:00Z, in milliseconds.
const BEGINNING: i64 = 1_795_219_200_000;

/// A process of Slipway's.
#[derive(Debug, Default)]
pub(crate) struct Instance {
    /// Counts up with every crash: what an earlier life began is nobody's.
    pub(crate) life: Cell<u32>,
    pub(crate) alive: Cell<bool>,
    /// So much its clock is ahead of the world's, in milliseconds.
    pub(crate) skew: Cell<i64>,
}

/// One seed.
pub(crate) struct Sim {
    pub(crate) kernel: Kernel,
    pub(crate) random: Random,
    pub(crate) mutation: Option<Mutation>,
    pub(crate) faults: Cell<Faults>,
    pub(crate) instances: Vec<Instance>,
    pub(crate) store: RefCell<Entries>,
    pub(crate) github: RefCell<GitHub>,
    pub(crate) coolify: RefCell<Coolify>,
    pub(crate) platform: RefCell<Platform>,
    pub(crate) kubernetes: RefCell<Kubernetes>,
    /// In a seed of releases.
    pub(crate) releases: Option<RefCell<World>>,
    /// Whether services need others, and are on other targets than Coolify.
    pub(crate) on_targets: bool,
    pub(crate) oracle: RefCell<Oracle>,
    pub(crate) journal: Journal,
    pub(crate) statistics: Statistics,
    pub(crate) violation: RefCell<Option<String>>,
    /// The longest difference between two clocks, in milliseconds.
    pub(crate) skew_max: i64,
    /// Reconcile comes round at least so often.
    pub(crate) reconcile_pause: Cell<Micros>,
}

/// When a call has its effect and its answer, counted from its beginning.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Course {
    pub(crate) effect: Option<Micros>,
    pub(crate) answer: Micros,
    /// Whether the effect also happens if the caller died before.
    pub(crate) outlives: bool,
}

impl Sim {
    /// The wall clock of the world.
    pub(crate) fn now(&self) -> Timestamp {
        self.time_at(self.kernel.now())
    }

    pub(crate) fn time_at(&self, micros: Micros) -> Timestamp {
        let milliseconds = i64::try_from(micros / MILLISECOND).unwrap_or(i64::MAX);
        Timestamp::from_milliseconds(BEGINNING.saturating_add(milliseconds))
    }

    /// Lets something happen to the world after a pause.
    pub(crate) fn after(
        self: &Rc<Self>,
        pause: Micros,
        happening: impl FnOnce(&Rc<Self>) + 'static,
    ) {
        let sim = Rc::clone(self);
        self.kernel
            .at(self.kernel.now() + pause, self.random.next(), move || {
                happening(&sim)
            });
    }

    /// Notes the first violation, and ends the seed.
    pub(crate) fn violate(&self, text: impl FnOnce() -> String) {
        let mut violation = self.violation.borrow_mut();
        if violation.is_none() {
            let text = text();
            self.tell("!!!", || text.clone());
            *violation = Some(text);
        }
        self.kernel.stop();
    }

    /// Writes a line of the story.
    pub(crate) fn tell(&self, who: &str, text: impl FnOnce() -> String) {
        self.journal.write(self.kernel.now(), who, text);
    }

    /// Makes a call of `instance` to something outside: `effect` has its effect and gives the answer; `otherwise` is the
    /// answer of a call without an effect, or whose answer is lost.
    pub(crate) fn call<T: 'static>(
        self: &Rc<Self>,
        instance: usize,
        course: Course,
        effect: impl FnOnce(&Rc<Self>) -> T + 'static,
        otherwise: Option<T>,
    ) -> Reply<T> {
        let (given, reply) = promise();
        let life = self.life(instance);
        let failed = otherwise.is_some();
        let answer = Rc::new(Cell::new(otherwise));
        if let Some(pause) = course.effect {
            let answer = Rc::clone(&answer);
            self.after(pause, move |sim| {
                if sim.is_dead(instance, life) && !course.outlives {
                    return;
                }
                sim.perhaps_crash(instance, life);
                if sim.is_dead(instance, life) && !course.outlives {
                    return;
                }
                let value = effect(sim);
                if !failed {
                    answer.set(Some(value));
                }
                sim.perhaps_crash(instance, life);
            });
        }
        self.after(course.answer, move |sim| {
            if let Some(value) = answer.take().filter(|_| !sim.is_dead(instance, life)) {
                given.fulfil(value);
            }
        });
        reply
    }

    pub(crate) fn life(&self, instance: usize) -> u32 {
        self.instances
            .get(instance)
            .map_or(0, |instance| instance.life.get())
    }

    pub(crate) fn is_dead(&self, instance: usize, life: u32) -> bool {
        self.instances
            .get(instance)
            .is_none_or(|instance| !instance.alive.get() || instance.life.get() != life)
    }

    fn perhaps_crash(self: &Rc<Self>, instance: usize, life: u32) {
        if !self.is_dead(instance, life) && self.random.chance(self.faults.get().crash) {
            self.crash(instance);
        }
    }

    /// Kills a process; it comes back after a while.
    fn crash(self: &Rc<Self>, instance: usize) {
        let Some(process) = self.instances.get(instance) else {
            return;
        };
        let life = (instance, process.life.get());
        self.oracle.borrow_mut().died(life, self.kernel.now());
        process.alive.set(false);
        process.life.set(process.life.get() + 1);
        self.statistics.crashes.add(1);
        self.tell("crash", || format!("instance {instance} dies"));
        self.kernel.kill(instance);
        let pause = self
            .random
            .pick(&[SECOND / 10, SECOND, 5 * SECOND, 60 * SECOND, 180 * SECOND]);
        self.after(pause, move |sim| {
            if let Some(process) = sim.instances.get(instance) {
                process.alive.set(true);
            }
            sim.tell("start", || format!("instance {instance} is back"));
            crate::instance::begin(sim, instance);
        });
    }
}
